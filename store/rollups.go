package store

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// rollupRow counts the measures of one incident that are alike.
type rollupRow struct {
	Incident      string
	Status        string
	StatusUnknown bool
	ClosureReason string
	Verdict       string
	Late          bool
	Past          bool
	Undated       bool
	N             int
}

// Rollups counts the measures of several incidents at once. Incidents out of
// scope are left out; one without measures has a zero Rollup.
func (db *DB) Rollups(ctx context.Context, scope domain.Scope, keys []domain.IncidentKey, today domain.Date) (map[domain.IncidentKey]domain.Rollup, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	names := paddedTexts(texts(keys))
	var c conditions
	c.scope(scope)
	c.add("key IN ?", names)
	var visible []domain.IncidentKey
	if err := db.read(ctx).Raw("SELECT key FROM incidents"+c.where(), c.args...).Scan(&visible).Error; err != nil {
		return nil, asDomain(err)
	}
	rollups := make(map[domain.IncidentKey]domain.Rollup, len(visible))
	for _, key := range visible {
		rollups[key] = domain.Rollup{}
	}
	var m conditions
	m.scope(scope)
	m.add("incident IN ?", names)
	var rows []rollupRow
	query := "SELECT incident, status, status_unknown, closure_reason, verdict, (open AND due_day < ?) AS late, (open AND original_due_day < ?) AS past, (original_due_day = ?) AS undated, count(*) AS n " +
		"FROM measures" + m.where() + " GROUP BY incident, status, status_unknown, closure_reason, verdict, late, past, undated"
	if db.onPostgres() { // names of the output are not known to its GROUP BY when a column could be meant
		query = "SELECT incident, status, status_unknown, closure_reason, verdict, late, past, undated, count(*) AS n FROM (" +
			"SELECT incident, status, status_unknown, closure_reason, verdict, (open AND due_day < ?) AS late, (open AND original_due_day < ?) AS past, (original_due_day = ?) AS undated FROM measures" +
			m.where() + ") AS alike GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
	}
	if err := db.read(ctx).Raw(query, append([]any{int64(newDay(today)), int64(newDay(today)), noDay}, m.args...)...).Scan(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	for _, row := range rows {
		key := domain.IncidentKey(row.Incident)
		if r, ok := rollups[key]; ok {
			rollups[key] = row.addTo(r)
		}
	}
	if err := db.countRecurrences(ctx, scope, names, rollups); err != nil {
		return nil, err
	}
	for key, r := range rollups {
		rollups[key] = judged(r)
	}
	return rollups, nil
}

func (db *DB) countRecurrences(ctx context.Context, scope domain.Scope, names []string, rollups map[domain.IncidentKey]domain.Rollup) error {
	var c conditions
	c.scope(scope)
	c.add("recurrence_of IN ?", names)
	var rows []struct {
		RecurrenceOf string
		N            int
	}
	err := db.read(ctx).Raw("SELECT recurrence_of, count(*) AS n FROM incidents"+c.where()+" GROUP BY recurrence_of", c.args...).Scan(&rows).Error
	for _, row := range rows {
		if r, ok := rollups[domain.IncidentKey(row.RecurrenceOf)]; ok {
			r.Recurrences = row.N
			rollups[domain.IncidentKey(row.RecurrenceOf)] = r
		}
	}
	return asDomain(err)
}

func (row rollupRow) addTo(r domain.Rollup) domain.Rollup {
	status, reason := domain.Status(row.Status), domain.ClosureReason(row.ClosureReason)
	if status == domain.Cancelled && (reason == domain.Duplicate || reason == domain.CreatedInError) {
		r.Excluded += row.N
		return r
	}
	r.Total += row.N
	if row.StatusUnknown {
		r.Unknown += row.N
		return r
	}
	if row.Undated {
		r.WithoutDue += row.N
	}
	if row.Late {
		r.Overdue += row.N
	}
	if row.Past {
		r.PastPromise += row.N
	}
	switch status {
	case domain.Cancelled:
		r.Cancelled += row.N
	case domain.Verified:
		r.Done += row.N
		r.Verified += row.N
		if domain.Verdict(row.Verdict) == domain.Effective {
			r.Effective += row.N
		}
	case domain.Done:
		r.Done += row.N
	default:
		r.Open += row.N
	}
	return r
}

// judged adds the answers that follow from the counts. A measure of unknown
// status leaves them open unless an open one decides.
func judged(r domain.Rollup) domain.Rollup {
	remaining := r.Total - r.Cancelled
	if remaining == 0 {
		return r
	}
	completion := float64(r.Done) / float64(remaining)
	r.Completion = &completion
	if followed := r.Done == remaining; followed || r.Open > 0 {
		r.FollowedThrough = &followed
	}
	if verified := r.Verified == remaining; verified || r.Open > 0 || r.Done > r.Verified {
		r.VerifiedThrough = &verified
	}
	return r
}
