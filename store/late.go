package store

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// lateRow counts the open measures of one priority.
type lateRow struct {
	Priority string
	N        int
	Overdue  int
	Soon     int
	Undated  int
	Homeless int
	Late1    int
	Late2    int
	Late3    int
	Late4    int
}

// LateCounts counts the open measures that match, by priority: how late they
// are by the current date and by the first one, in one pass over an index.
func (db *DB) LateCounts(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, soon int) ([]domain.LateCount, error) {
	l := listing{table: "measures", conditions: measureConditions(scope, filter)}
	l.add("open")
	if err := l.find(db.read(ctx), db.onPostgres(), filter.Query, measurePrefix); err != nil {
		return nil, asDomain(err)
	}
	today := int64(newDay(filter.Today))
	query := "SELECT priority, count(*) AS n, count(*) FILTER (WHERE due_day < ?) AS overdue, count(*) FILTER (WHERE due_day >= ? AND due_day <= ?) AS soon, " +
		"count(*) FILTER (WHERE due_day = ?) AS undated, count(*) FILTER (WHERE incident IS NULL AND crisis_check IS NULL) AS homeless, " +
		"count(*) FILTER (WHERE original_due_day < ? AND original_due_day >= ?) AS late1, count(*) FILTER (WHERE original_due_day < ? AND original_due_day >= ?) AS late2, " +
		"count(*) FILTER (WHERE original_due_day < ? AND original_due_day >= ?) AS late3, count(*) FILTER (WHERE original_due_day < ?) AS late4 " +
		"FROM " + l.table + l.where() + " GROUP BY priority ORDER BY priority"
	args := append([]any{today, today, today + int64(soon), noDay, today, today - 7, today - 7, today - 30, today - 30, today - 90, today - 90}, l.args...)
	var rows []lateRow
	if err := db.read(ctx).Raw(query, args...).Scan(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := make([]domain.LateCount, len(rows))
	for n, r := range rows {
		out[n] = domain.LateCount{Priority: domain.Priority(r.Priority), Open: r.N, Overdue: r.Overdue, Soon: r.Soon, Undated: r.Undated, NeedsIncident: r.Homeless,
			ByAge: map[domain.LateAge]int{domain.Late1To7: r.Late1, domain.Late8To30: r.Late2, domain.Late31To90: r.Late3, domain.LateOver90: r.Late4}}
	}
	return out, nil
}
