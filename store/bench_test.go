package store

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// The figures of docs/performance.md. Run on both engines with
//
//	FOLLOWTHROUGH_TEST_FSYNC=on scripts/with-postgres.sh go test -run '^$' -bench . ./store
//
// and FOLLOWTHROUGH_BENCH_MEASURES=1000000 for the large portfolio.

func eachEngineB(b *testing.B, f func(b *testing.B, db *DB)) {
	b.Run("sqlite", func(b *testing.B) { f(b, openSQLiteForTest(b)) })
	b.Run("postgres", func(b *testing.B) { f(b, openPostgresForTest(b)) })
}

func overdue() domain.MeasureFilter {
	yes := true
	return domain.MeasureFilter{Overdue: &yes, Today: benchToday}
}

func promised() domain.MeasureFilter {
	yes := true
	return domain.MeasureFilter{PastPromise: &yes, Today: benchToday}
}

func myTeams() domain.Scope { return domain.Scope{Teams: []domain.TeamID{"t_3", "t_14", "t_15"}} }

func BenchmarkReads(b *testing.B) {
	eachEngineB(b, func(b *testing.B, db *DB) {
		n := benchMeasures(b)
		loadDataset(b, db, n, false)
		late := overdue()
		mine := late
		mine.Owner = "p_11"
		second := must[domain.List[domain.Measure]](b)(db.Measures(b.Context(), domain.Everything(), late, domain.Page{Sort: []string{"due_on"}})).NextCursor
		list := func(scope domain.Scope, filter domain.MeasureFilter, page domain.Page) func() error {
			return func() error {
				got, err := db.Measures(b.Context(), scope, filter, page)
				if err == nil && len(got.Items) == 0 {
					err = fmt.Errorf("an empty page")
				}
				return err
			}
		}
		for _, c := range []struct {
			name string
			do   func() error
		}{
			{"measure by key", func() error {
				_, err := db.Measure(b.Context(), domain.Everything(), measureKey(1+rand.Int64N(int64(n))))
				return err
			}},
			{"overdue page of 50", list(domain.Everything(), late, domain.Page{Sort: []string{"due_on"}})},
			{"overdue page of 50, second", list(domain.Everything(), late, domain.Page{Sort: []string{"due_on"}, Cursor: second})},
			{"past promise page of 50", list(domain.Everything(), promised(), domain.Page{Sort: []string{"original_due_on", "priority"}})},
			{"overdue page of 50, my teams", list(myTeams(), late, domain.Page{Sort: []string{"due_on"}})},
			{"overdue page of 50, my own", list(domain.Everything(), mine, domain.Page{Sort: []string{"due_on"}})},
			{"overdue page of 50, by priority", list(domain.Everything(), late, domain.Page{Sort: []string{"priority"}})},
			{"page of 50 by key", list(domain.Everything(), domain.MeasureFilter{}, domain.Page{})},
			{"page of 50, newest first", list(domain.Everything(), domain.MeasureFilter{}, domain.Page{Sort: []string{"-updated_at"}})},
			{"words, few hits", list(domain.Everything(), domain.MeasureFilter{Query: "number 777"}, domain.Page{WithTotal: true})},
			{"words, many hits", list(domain.Everything(), domain.MeasureFilter{Query: "number"}, domain.Page{Sort: []string{"due_on"}})},
			{"words, many hits, counted", list(domain.Everything(), domain.MeasureFilter{Query: "number"}, domain.Page{Sort: []string{"due_on"}, WithTotal: true})},
			{"words, some hits, counted", list(domain.Everything(), domain.MeasureFilter{Query: "1"}, domain.Page{Sort: []string{"due_on"}, WithTotal: true})},
			{"overdue count", list(domain.Everything(), late, domain.Page{Limit: 1, WithTotal: true, Sort: []string{"due_on"}})},
			{"overdue count, my teams", list(myTeams(), late, domain.Page{Limit: 1, WithTotal: true, Sort: []string{"due_on"}})},
			{"late counts", func() error {
				_, err := db.LateCounts(b.Context(), domain.Everything(), domain.MeasureFilter{Today: benchToday}, 14)
				return err
			}},
			{"late counts, my teams", func() error {
				_, err := db.LateCounts(b.Context(), myTeams(), domain.MeasureFilter{Today: benchToday}, 14)
				return err
			}},
			{"rollups of 50 incidents", func() error {
				keys := make([]domain.IncidentKey, 50)
				for k := range keys {
					keys[k] = incidentKey(1 + rand.Int64N(int64(n/10)))
				}
				_, err := db.Rollups(b.Context(), domain.Everything(), keys, benchToday)
				return err
			}},
		} {
			b.Run(c.name, func(b *testing.B) {
				for b.Loop() {
					if err := c.do(); err != nil {
						b.Fatal(err)
					}
				}
				if db.onPostgres() { // what of it is the server's own time
					b.ReportMetric(serverTime(b, db, c.do), "server-ms")
				}
			})
		}
	})
}

// serverTime is what PostgreSQL says that the queries of do take it, planning
// included, in ms.
func serverTime(b *testing.B, db *DB, do func() error) float64 {
	b.Helper()
	total := 0.0
	for line := range strings.SplitSeq(explainAs(b, db, "EXPLAIN (ANALYZE, TIMING FALSE) ", func() {
		if err := do(); err != nil {
			b.Fatal(err)
		}
	}), "\n") {
		for _, name := range []string{"Planning Time: ", "Execution Time: "} {
			if text, ok := strings.CutPrefix(line, name); ok {
				ms, err := strconv.ParseFloat(strings.TrimSuffix(text, " ms"), 64)
				if err != nil {
					b.Fatal(err)
				}
				total += ms
			}
		}
	}
	return total
}

// Sixteen clients write at once, each answered after its commit is on the
// disk, with history rows.
func BenchmarkWrites(b *testing.B) {
	eachEngineB(b, func(b *testing.B, db *DB) {
		loadDataset(b, db, benchMeasures(b), false)
		n := int64(benchMeasures(b))
		var turn atomic.Int64
		for name, do := range map[string]func() error{
			"create": func() error {
				return second(db.CreateMeasure(b.Context(), domain.Everything(), ana(), newMeasure(nil)))
			},
			"patch": func() error {
				at := turn.Add(1)
				return second(db.UpdateMeasure(b.Context(), domain.Everything(), measureKey(1+at*7919%n), 0, ana(), retitle(fmt.Sprint("title ", at))))
			},
			"patch of the owner": func() error {
				at := turn.Add(1)
				return second(db.UpdateMeasure(b.Context(), domain.Everything(), measureKey(1+at*7919%n), 0, ana(), func(m *domain.Measure) error {
					m.Owner = domain.PersonID(fmt.Sprint("p_", 1+at%199))
					return nil
				}))
			},
		} {
			b.Run(name, func(b *testing.B) {
				b.SetParallelism(8) // times GOMAXPROCS
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := do(); err != nil {
							b.Error(err)
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
			})
		}
	})
}

// The whole history, streamed as a statistics snapshot reads it.
func BenchmarkHistory(b *testing.B) {
	eachEngineB(b, func(b *testing.B, db *DB) {
		n := benchMeasures(b)
		loadDataset(b, db, n, true)
		for name, read := range map[string]func() (int, error){
			"in log order": func() (rows int, err error) {
				err = db.EachChange(b.Context(), domain.Everything(), 0, func(domain.Change) error { rows++; return nil })
				return rows, err
			},
			"measure by measure": func() (rows int, err error) {
				err = db.EachHistory(b.Context(), domain.Everything(), domain.SubjectMeasure, func(_ string, changes []domain.Change) error {
					rows += len(changes)
					return nil
				})
				return rows, err
			},
		} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if rows, err := read(); err != nil || rows != 4*n {
						b.Fatalf("%d rows, %v", rows, err)
					}
				}
				b.ReportMetric(float64(4*n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	})
}
