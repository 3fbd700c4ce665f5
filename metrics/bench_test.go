package metrics_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// benchAsOf is the as_of of the generated portfolio.
func benchAsOf() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }

// portfolio is a seeded portfolio of n measures on n/10 incidents of n/500
// services: lognormal times to done, 20 % cancelled, moved dates, reopenings.
func portfolio(tb testing.TB, n int) *metrics.Snapshot {
	tb.Helper()
	const seed = 20260101
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	asOf := benchAsOf()
	s := metrics.NewSnapshot(n)
	incidents := max(1, n/10)
	services := max(1, n/500)
	starts := make([]time.Time, incidents)
	for i := range incidents {
		start := asOf.Add(-time.Duration(r.Int64N(int64(3*365*24*time.Hour)) + int64(time.Hour)))
		starts[i] = start
		rec := metrics.IncidentRecord{
			Key: domain.IncidentKey(fmt.Sprintf("INC-%d", i+1)), Severity: domain.Severities()[r.IntN(5)], Started: start,
			Services: []string{fmt.Sprintf("service-%d", r.IntN(services))}, Causes: []string{fmt.Sprintf("cause-%d", r.IntN(20))},
			Reviewed: r.IntN(10) > 0,
		}
		if resolved := start.Add(time.Duration(r.Int64N(int64(8 * time.Hour)))); resolved.Before(asOf) {
			rec.Resolved = resolved
		}
		if back := r.IntN(8) + 1; i > back && r.IntN(5) == 0 && starts[i-back].Add(9*time.Hour).Before(start) {
			rec.RecurrenceOf = domain.IncidentKey(fmt.Sprintf("INC-%d", i-back+1))
		}
		s.PutIncident(rec)
	}
	for i := range n {
		inc := r.IntN(incidents)
		if _, err := s.Append(benchRecord(tb, r, i+1, inc, starts[inc])); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

func benchRecord(tb testing.TB, r *rand.Rand, number, inc int, start time.Time) metrics.Record {
	tb.Helper()
	asOf := benchAsOf()
	created := start.Add(time.Duration(r.Int64N(int64(asOf.Sub(start)/4) + 1)))
	due := domain.DateOf(created).AddDays(7 + r.IntN(80))
	events := []metrics.Event{{At: created, Type: metrics.EventCreated}}
	if r.IntN(10) > 0 {
		events = append(events, metrics.Event{At: created, Type: metrics.EventDueSet, Due: due})
		if r.IntN(4) == 0 {
			events = append(events, metrics.Event{At: created.Add(5 * 24 * time.Hour), Type: metrics.EventDueSet, Due: due.AddDays(14)})
		}
	}
	end := created.Add(time.Duration(45 * 24 * float64(time.Hour) * math.Exp(1.2*r.NormFloat64())))
	if r.IntN(5) == 0 {
		events = append(events, metrics.Event{At: end, Type: metrics.EventCancelled, Reason: domain.WontDo})
	} else {
		events = append(events, metrics.Event{At: end, Type: metrics.EventDone})
		switch r.IntN(20) {
		case 0:
			again := end.Add(10 * 24 * time.Hour)
			events = append(events, metrics.Event{At: again, Type: metrics.EventReopened}, metrics.Event{At: again.Add(20 * 24 * time.Hour), Type: metrics.EventDone})
		case 1, 2, 3, 4, 5, 6, 7, 8:
			events = append(events, metrics.Event{At: end.Add(time.Duration(r.Int64N(int64(60 * 24 * time.Hour)))), Type: metrics.EventVerified, Verdict: domain.Verdicts()[r.IntN(5)]})
		}
	}
	f, err := metrics.FactsOf(events, metrics.Cut{AsOf: asOf})
	if err != nil {
		tb.Fatal(err)
	}
	prio := domain.Priorities()[r.IntN(5)]
	team := domain.TeamID(fmt.Sprintf("team-%d", r.IntN(40)))
	return metrics.Record{
		Facts: f, Number: number, Incident: domain.IncidentKey(fmt.Sprintf("INC-%d", inc+1)), Kind: domain.MeasureKinds()[r.IntN(8)],
		Priority: prio, PriorityNow: prio, Team: team, TeamNow: team, Flags: metrics.HasOwner | metrics.HasTarget,
	}
}

func benchCohort() metrics.Cohort {
	return metrics.Cohort{Pins: metrics.Pins{AsOf: benchAsOf(), Policy: domain.DefaultPolicy()}}
}

func benchmarkSizes(b *testing.B, run func(s *metrics.Snapshot, c metrics.Cohort) error) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			s := portfolio(b, n)
			b.ReportAllocs()
			runtime.GC()
			before := processTime()
			for b.Loop() {
				if err := run(s, benchCohort()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processTime()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}

func BenchmarkCompletion(b *testing.B) {
	benchmarkSizes(b, func(s *metrics.Snapshot, c metrics.Cohort) error { _, err := metrics.Completion(s, c); return err })
}

func BenchmarkOverdue(b *testing.B) {
	benchmarkSizes(b, func(s *metrics.Snapshot, c metrics.Cohort) error { _, err := metrics.Overdue(s, c); return err })
}

// BenchmarkLateCounts counts what the dashboard and /metrics show of open measures.
func BenchmarkLateCounts(b *testing.B) {
	benchmarkSizes(b, func(s *metrics.Snapshot, _ metrics.Cohort) error {
		counts := s.LateCounts(domain.DateOf(benchAsOf()), 14, func(domain.Priority, domain.TeamID) bool { return true })
		if len(counts) == 0 {
			return errors.New("nothing is open")
		}
		return nil
	})
}

func BenchmarkOnTime(b *testing.B) {
	benchmarkSizes(b, func(s *metrics.Snapshot, c metrics.Cohort) error {
		_, err := metrics.OnTime(s, c, metrics.DueSpan{})
		return err
	})
}

func BenchmarkSLA(b *testing.B) {
	benchmarkSizes(b, func(s *metrics.Snapshot, c metrics.Cohort) error {
		_, err := metrics.SLA(s, c, metrics.FromCreated)
		return err
	})
}

func BenchmarkVerification(b *testing.B) {
	benchmarkSizes(b, func(s *metrics.Snapshot, c metrics.Cohort) error { _, err := metrics.Verification(s, c); return err })
}

func BenchmarkFlow(b *testing.B) {
	benchmarkSizes(b, func(s *metrics.Snapshot, c metrics.Cohort) error { _, err := metrics.Flow(s, c); return err })
}

func BenchmarkForecast(b *testing.B) {
	benchmarkSizes(b, func(s *metrics.Snapshot, c metrics.Cohort) error {
		_, err := metrics.ForecastBacklog(s, c)
		return err
	})
}

func BenchmarkCompareTeams(b *testing.B) {
	benchmarkSizes(b, func(s *metrics.Snapshot, c metrics.Cohort) error {
		c.TeamSizes = map[domain.TeamID]int{}
		for i := range 40 {
			c.TeamSizes[domain.TeamID(fmt.Sprintf("team-%d", i))] = 8
		}
		_, err := metrics.Compare(s, c, metrics.ByTeam, metrics.ToClosure)
		return err
	})
}

func BenchmarkRecurrence(b *testing.B) {
	benchmarkSizes(b, func(s *metrics.Snapshot, c metrics.Cohort) error {
		_, err := metrics.Recurrence(s, c, metrics.RecurrenceInput{})
		return err
	})
}

func BenchmarkRecurrenceParts(b *testing.B) {
	for name, part := range map[string]metrics.RecurrencePart{
		"free": metrics.RecurrenceFree, "levels": metrics.RecurrenceLevels, "services": metrics.RecurrenceServices, "around": metrics.RecurrenceAround,
	} {
		b.Run(name, func(b *testing.B) {
			benchmarkSizes(b, func(s *metrics.Snapshot, c metrics.Cohort) error {
				_, err := metrics.Recurrence(s, c, metrics.RecurrenceInput{Only: []metrics.RecurrencePart{part}})
				return err
			})
		})
	}
}

func BenchmarkQuality(b *testing.B) {
	benchmarkSizes(b, func(s *metrics.Snapshot, c metrics.Cohort) error { _, err := metrics.Quality(s, c, nil); return err })
}

// BenchmarkSnapshotLoad brings a dumped snapshot back; heap-MB is what it then
// holds.
func BenchmarkSnapshotLoad(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			text := func() []byte { return dumped(b, portfolio(b, n)) }()
			base := heap()
			before := processTime()
			var s *metrics.Snapshot
			for b.Loop() {
				var err error
				if s, err = metrics.ReadSnapshot(bytes.NewReader(text)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processTime()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(heap()-base)/1e6, "heap-MB")
			b.ReportMetric(float64(len(text))/1e6, "dump-MB")
			runtime.KeepAlive(s)
			runtime.KeepAlive(text)
		})
	}
}

// BenchmarkSnapshotAppend fills a snapshot row by row, as a scan of stored facts
// does.
func BenchmarkSnapshotAppend(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	records := make([]metrics.Record, 10_000)
	for i := range records {
		records[i] = benchRecord(b, r, i, i/10, benchAsOf().AddDate(0, 0, -1-i%700))
	}
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		keys := make([]domain.IncidentKey, n/10)
		for i := range keys {
			keys[i] = domain.IncidentKey(fmt.Sprintf("INC-%d", i))
		}
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			base := heap()
			before := processTime()
			var s *metrics.Snapshot
			for b.Loop() {
				s = metrics.NewSnapshot(n)
				for i := range n {
					rec := records[i%len(records)]
					rec.Number, rec.Incident = i, keys[i/10]
					if _, err := s.Append(rec); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64((processTime()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(heap()-base)/1e6, "heap-MB")
			runtime.KeepAlive(s)
		})
	}
}

// BenchmarkFold folds history rows into a snapshot; n is the number of rows.
func BenchmarkFold(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		l := newLog(5).live(n)
		b.Run(fmt.Sprintf("n=%d", len(l.rows)), func(b *testing.B) {
			before := processTime()
			for b.Loop() {
				if _, err := metrics.Fold(metrics.Chronicle{Changes: l.rows}, metrics.Cut{AsOf: l.now}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processTime()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}

// BenchmarkIncident is the page of one incident: facts of its measures from
// their history, and the counts.
func BenchmarkIncident(b *testing.B) {
	l := newLog(5).live(400)
	cut := metrics.Cut{AsOf: l.now}
	byIncident := map[domain.IncidentKey][]domain.Measure{}
	for _, m := range l.measures {
		byIncident[m.Incident] = append(byIncident[m.Incident], m)
	}
	largest := domain.IncidentKey("")
	for key, list := range byIncident {
		if n, best := len(list), len(byIncident[largest]); n > best || n == best && key < largest {
			largest = key
		}
	}
	b.ReportMetric(float64(len(byIncident[largest])), "measures")
	for b.Loop() {
		var all []metrics.Facts
		for _, m := range byIncident[largest] {
			r, err := metrics.RecordOf(m, l.rows, cut)
			if err != nil {
				b.Fatal(err)
			}
			all = append(all, r.Facts)
		}
		metrics.RollUpIncident(all, l.now)
	}
}

// heap is the live memory after a collection, in bytes.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
