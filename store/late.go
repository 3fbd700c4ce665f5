package store

import (
	"context"
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// lateRow counts the open measures of one team and priority.
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
		"FROM " + l.table + l.where() + " GROUP BY team, priority"
	args := append([]any{today, today, today + int64(soon), noDay, today, today - 7, today - 7, today - 30, today - 30, today - 90, today - 90}, l.args...)
	var rows []lateRow
	if err := db.read(ctx).Raw(query, args...).Scan(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	return byPriority(rows), nil
}

// byPriority adds up the teams, by priority.
func byPriority(rows []lateRow) []domain.LateCount {
	slices.SortFunc(rows, func(a, b lateRow) int { return strings.Compare(a.Priority, b.Priority) })
	out := []domain.LateCount{}
	for _, r := range rows {
		if n := len(out); n == 0 || out[n-1].Priority != domain.Priority(r.Priority) {
			out = append(out, domain.LateCount{Priority: domain.Priority(r.Priority), ByAge: map[domain.LateAge]int{}})
		}
		c := &out[len(out)-1]
		c.Open += r.N
		c.Overdue += r.Overdue
		c.Soon += r.Soon
		c.Undated += r.Undated
		c.NeedsIncident += r.Homeless
		c.ByAge[domain.Late1To7] += r.Late1
		c.ByAge[domain.Late8To30] += r.Late2
		c.ByAge[domain.Late31To90] += r.Late3
		c.ByAge[domain.LateOver90] += r.Late4
	}
	return out
}
