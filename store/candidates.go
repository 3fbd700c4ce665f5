package store

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// candidateBatch is how many rows are read at once.
const candidateBatch = 2000

// RemindCandidates calls f for every measure that somebody may have to be
// reminded of: open and due on the day or before, done and not verified, or
// with a conflict that waits.
func (db *DB) RemindCandidates(ctx context.Context, due domain.Date, f func(domain.RemindCandidate) error) error {
	const query = "SELECT measures.*, waiting.since, snoozes.until_day AS until_day FROM measures LEFT JOIN snoozes ON snoozes.measure = measures.key " +
		"LEFT JOIN (SELECT measure, MIN(opened_at) AS since FROM conflicts WHERE resolved_at IS NULL GROUP BY measure) AS waiting ON waiting.measure = measures.key " +
		"WHERE num > ? AND (open AND (due_day <= ? OR original_due_day <= ?) OR status = 'done' OR waiting.since IS NOT NULL) ORDER BY num LIMIT ?"
	for last := int64(0); ; {
		var rows []struct {
			Measure  measureRow `gorm:"embedded"`
			Since    instant
			UntilDay optionalDay
		}
		if err := db.read(ctx).Raw(query, last, int64(newDay(due)), int64(newDay(due)), candidateBatch).Scan(&rows).Error; err != nil {
			return asDomain(err)
		}
		for _, row := range rows {
			if err := f(domain.RemindCandidate{Measure: row.Measure.measure(), ConflictSince: row.Since.time(), SnoozedUntil: row.UntilDay.date()}); err != nil {
				return err
			}
			last = row.Measure.Num
		}
		if len(rows) < candidateBatch {
			return nil
		}
	}
}
