package store

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// lateRow counts open measures that are alike in how late they are.
type lateRow struct {
	Priority string
	Age      int
	Overdue  bool
	Soon     bool
	Undated  bool
	Homeless bool
	N        int
}

// LateCounts counts the open measures that match, by priority and by how many
// days they are past their original date, in one query.
func (db *DB) LateCounts(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, soon int) ([]domain.LateCount, error) {
	c := measureConditions(scope, filter)
	c.add("open")
	today := int64(newDay(filter.Today))
	inner := "SELECT priority, CASE WHEN original_due_day >= ? THEN 0 WHEN original_due_day >= ? THEN 1 WHEN original_due_day >= ? THEN 2 " +
		"WHEN original_due_day >= ? THEN 3 ELSE 4 END AS age, (due_day < ?) AS overdue, (due_day >= ? AND due_day <= ?) AS soon, " +
		"(due_day = ?) AS undated, (incident IS NULL) AS homeless FROM measures" + c.where()
	args := append([]any{today, today - 7, today - 30, today - 90, today, today, today + int64(soon), noDay}, c.args...)
	var rows []lateRow
	query := "SELECT priority, age, overdue, soon, undated, homeless, count(*) AS n FROM (" + inner + ") AS alike GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6"
	if err := db.read(ctx).Raw(query, args...).Scan(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := make([]domain.LateCount, len(rows))
	for n, r := range rows {
		out[n] = domain.LateCount{Priority: domain.Priority(r.Priority), Age: domain.LateAge(r.Age), Overdue: r.Overdue, Soon: r.Soon,
			Undated: r.Undated, NeedsIncident: r.Homeless, N: r.N}
	}
	return out, nil
}
