package store

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// candidateColumns are what reminders go by and show, in the order of
// candidateRow.targets.
const candidateColumns = "m.num, m.key, m.title, m.priority, m.status, m.status_unknown, m.owner, m.external_owner, m.deputy, m.team, m.due_day, " +
	"m.original_due_day, m.metric_verify_day, m.done_at, m.policy_version, waiting.since, s.until_day"

type candidateRow struct {
	measureRow
	since instant
	until optionalDay
}

func (r *candidateRow) targets() []any {
	return []any{&r.Num, &r.Key, &r.Title, &r.Priority, &r.Status, &r.StatusUnknown, &r.Owner, &r.ExternalOwner, &r.Deputy, &r.Team, &r.DueDay,
		&r.OriginalDueDay, &r.MetricVerifyDay, &r.DoneAt, &r.PolicyVersion, &r.since, &r.until}
}

// waitingConflicts is when the oldest open conflict of a measure was opened.
const waitingConflicts = "(SELECT measure, MIN(opened_at) AS since FROM conflicts WHERE resolved_at IS NULL GROUP BY measure)"

// RemindCandidates calls f for every measure that somebody may have to be
// reminded of within a span, in the order of their numbers. The rhythms of the
// policy are part of the query: of the thousands that are overdue, those are
// read whose day it is. f judges them; it must not use the database.
func (db *DB) RemindCandidates(ctx context.Context, q domain.RemindQuery, f func(domain.RemindCandidate) error) error {
	hits, args := remindHits(q)
	// CROSS JOIN keeps SQLite from reading all measures and looking for each in the hits.
	rows, err := db.read(ctx).Raw("SELECT "+candidateColumns+" FROM ("+hits+") AS hits CROSS JOIN measures AS m LEFT JOIN snoozes AS s ON s.measure = m.key "+
		"LEFT JOIN "+waitingConflicts+" AS waiting ON waiting.measure = m.key WHERE m.num = hits.num ORDER BY m.num", args...).Rows()
	if err != nil {
		return asDomain(err)
	}
	defer func() { _ = rows.Close() }() // Err below tells
	var row candidateRow
	targets := row.targets()
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		if err := f(domain.RemindCandidate{Measure: row.measure(), ConflictSince: row.since.time(), SnoozedUntil: row.until.date()}); err != nil {
			return err
		}
	}
	return asDomain(rows.Err())
}
