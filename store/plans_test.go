package store

import (
	"errors"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// explain returns the engine's plan of the queries that do sends, by the
// table's name in the part of the plan that reads it.
func explain(t testing.TB, db *DB, do func()) string {
	t.Helper()
	if db.onPostgres() {
		return explainAs(t, db, "EXPLAIN (COSTS FALSE) ", do)
	}
	return explainAs(t, db, "EXPLAIN QUERY PLAN ", do)
}

func explainAs(t testing.TB, db *DB, prefix string, do func()) string {
	t.Helper()
	var queries []struct {
		sql  string
		args []any
	}
	note := func(tx *gorm.DB) {
		queries = append(queries, struct {
			sql  string
			args []any
		}{tx.Statement.SQL.String(), tx.Statement.Vars})
	}
	callbacks := db.reads.Callback()
	for _, err := range []error{callbacks.Row().After("gorm:row").Replace("test:explain", note), callbacks.Query().After("gorm:query").Replace("test:explain", note)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	do()
	for _, err := range []error{callbacks.Row().Remove("test:explain"), callbacks.Query().Remove("test:explain")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var plan strings.Builder
	for _, q := range queries {
		rows, err := db.sql.QueryContext(t.Context(), prefix+q.sql, q.args...)
		if err != nil {
			t.Fatalf("%s: %v", q.sql, err)
		}
		for rows.Next() {
			var line string
			var a, b, c int
			if db.onPostgres() {
				err = rows.Scan(&line)
			} else {
				err = rows.Scan(&a, &b, &c, &line)
			}
			if err != nil {
				t.Fatal(err)
			}
			plan.WriteString(line + "\n")
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		plan.WriteString("\n")
	}
	return plan.String()
}

// What people wait for on a large portfolio never reads a whole table.
func TestPlansUseIndexes(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		loadDataset(t, db, 20_000, false)
		late := overdue()
		mine := late
		mine.Owner = "p_11"
		byDue := domain.Page{Sort: []string{"due_on"}, WithTotal: true}
		cursor := must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), domain.Everything(), late, byDue)).NextCursor
		measures := func(scope domain.Scope, f domain.MeasureFilter, p domain.Page) func() {
			return func() { must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), scope, f, p)) }
		}
		for name, c := range map[string]struct {
			do func()
			// index is what SQLite must use; PostgreSQL chooses by its statistics and must not scan.
			index string
		}{
			"one measure":       {func() { must[domain.Measure](t)(db.Measure(t.Context(), domain.Everything(), "M-7")) }, "INTEGER PRIMARY KEY"},
			"overdue":           {measures(domain.Everything(), late, byDue), "COVERING INDEX measures_open_due"},
			"overdue, page two": {measures(domain.Everything(), late, domain.Page{Sort: []string{"due_on"}, Cursor: cursor}), "COVERING INDEX measures_open_due"},
			"overdue, my teams": {measures(myTeams(), late, byDue), "COVERING INDEX measures_open_due"},
			"overdue, my own":   {measures(domain.Everything(), mine, byDue), "INDEX measures_"},
			"the first page":    {measures(domain.Everything(), domain.MeasureFilter{}, domain.Page{}), ""},
			"by due date":       {measures(domain.Everything(), domain.MeasureFilter{}, domain.Page{Sort: []string{"due_on"}}), "COVERING INDEX measures_due"},
			"newest first":      {measures(domain.Everything(), domain.MeasureFilter{}, domain.Page{Sort: []string{"-updated_at"}}), "INDEX measures_updated"},
			"of an incident":    {measures(domain.Everything(), domain.MeasureFilter{Incident: "INC-3"}, domain.Page{}), "INDEX measures_"},
			"late counts": {func() {
				must[[]domain.LateCount](t)(db.LateCounts(t.Context(), domain.Everything(), domain.MeasureFilter{Today: benchToday}, 14))
			}, "COVERING INDEX measures_open_team"},
			"past promise": {measures(domain.Everything(), promised(), domain.Page{Sort: []string{"original_due_on", "priority"}}), "COVERING INDEX measures_open_promised"},
			"rollups": {func() {
				must[map[domain.IncidentKey]domain.Rollup](t)(db.Rollups(t.Context(), domain.Everything(), []domain.IncidentKey{"INC-1", "INC-2"}, benchToday))
			}, "INDEX measures_incident"},
			"history": {func() {
				_, err := db.History(t.Context(), domain.Everything(), domain.SubjectMeasure, "M-7", domain.Page{})
				if err != nil {
					t.Fatal(err)
				}
			}, "INDEX history_subject"},
		} {
			plan := explain(t, db, c.do)
			for line := range strings.SplitSeq(plan, "\n") {
				scan := strings.HasPrefix(line, "SCAN measures") && !strings.Contains(line, "USING") && name != "the first page" ||
					strings.Contains(line, "Seq Scan on measures") || strings.Contains(line, "Seq Scan on history") && name != "history"
				if scan {
					t.Errorf("%s reads a whole table:\n%s", name, plan)
					break
				}
			}
			if !db.onPostgres() && (c.index == "" && strings.Contains(plan, "TEMP B-TREE") || !strings.Contains(plan, c.index)) {
				t.Errorf("%s: the plan does not have %q:\n%s", name, c.index, plan)
			}
		}
	})
}
