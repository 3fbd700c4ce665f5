package store

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// lateRow counts open measures that are alike in how late they are. Marks
// holds the age and four yes-or-no answers in one number, because engines
// group by one number several times faster than by five columns.
type lateRow struct {
	Priority string
	Marks    int
	N        int
}

const (
	markHomeless = 1 << iota
	markUndated
	markSoon
	markOverdue
	markAge
)

// LateCounts counts the open measures that match, by priority and by how many
// days they are past their original date, in one query.
func (db *DB) LateCounts(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, soon int) ([]domain.LateCount, error) {
	c := measureConditions(scope, filter)
	c.add("open")
	today := int64(newDay(filter.Today))
	inner := "SELECT priority, CASE WHEN incident IS NULL THEN 1 ELSE 0 END + CASE WHEN due_day = ? THEN 2 WHEN due_day < ? THEN 8 WHEN due_day <= ? THEN 4 ELSE 0 END + " +
		"CASE WHEN original_due_day >= ? THEN 0 WHEN original_due_day >= ? THEN 16 WHEN original_due_day >= ? THEN 32 " +
		"WHEN original_due_day >= ? THEN 48 ELSE 64 END AS marks FROM measures" + c.where()
	args := append([]any{noDay, today, today + int64(soon), today, today - 7, today - 30, today - 90}, c.args...)
	var rows []lateRow
	query := "SELECT priority, marks, count(*) AS n FROM (" + inner + ") AS alike GROUP BY 1, 2 ORDER BY 1, 2"
	if err := db.read(ctx).Raw(query, args...).Scan(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := make([]domain.LateCount, len(rows))
	for n, r := range rows {
		out[n] = domain.LateCount{Priority: domain.Priority(r.Priority), Age: domain.LateAge(r.Marks / markAge), Overdue: r.Marks&markOverdue != 0,
			Soon: r.Marks&markSoon != 0, Undated: r.Marks&markUndated != 0, NeedsIncident: r.Marks&markHomeless != 0, N: r.N}
	}
	return out, nil
}
