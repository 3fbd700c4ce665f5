package metrics_test

import (
	"slices"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// promised is a snapshot of measures due on days in Berlin, the even ones done
// in the last minute of the day.
func promised(t *testing.T, days ...string) (*metrics.Snapshot, metrics.Cohort) {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	s := metrics.NewSnapshot(0)
	for n, text := range days {
		due := domain.MustDate(text)
		events := []metrics.Event{{At: due.AddDays(-20).Start(berlin), Type: metrics.EventCreated},
			{At: due.AddDays(-20).Start(berlin), Type: metrics.EventDueSet, Due: due, Zone: berlin}}
		if n%2 == 0 {
			events = append(events, metrics.Event{At: due.Deadline(berlin).Add(-time.Minute), Type: metrics.EventDone})
		}
		facts, err := metrics.FactsOf(events, metrics.Cut{AsOf: domain.MustDate("2026-12-15").Start(berlin)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(metrics.Record{Facts: facts, Number: n + 1}); err != nil {
			t.Fatal(err)
		}
	}
	return s, metrics.Cohort{Pins: metrics.Pins{AsOf: domain.MustDate("2026-12-15").Start(berlin), Zone: berlin, Policy: domain.DefaultPolicy()}}
}

// What was promised for the last day of a month belongs to that month, although
// its deadline is the first instant of the next; periods add up to the whole.
func TestOnTimeByPeriods(t *testing.T) {
	s, c := promised(t, "2025-12-31", "2026-01-01", "2026-01-31", "2026-03-31", "2026-04-01", "2026-12-14", "2026-12-15", "2026-12-31")
	for _, k := range []struct {
		months int
		due    metrics.DueSpan
		names  []string
		n, x   []int
	}{
		{1, metrics.DueSpan{To: domain.MustDate("2026-04-30")}, []string{"2025-12", "2026-01", "2026-02", "2026-03", "2026-04"}, []int{1, 2, 0, 1, 1}, []int{1, 1, 0, 0, 1}},
		{3, metrics.DueSpan{}, []string{"2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"}, []int{1, 3, 1, 0, 1}, []int{1, 1, 1, 0, 0}},
		{12, metrics.DueSpan{From: domain.MustDate("2026-01-31")}, []string{"2026"}, []int{4}, []int{2}},
		{1, metrics.DueSpan{From: domain.MustDate("2026-12-15")}, nil, nil, nil}, // due today or later: not judged
		{0, metrics.DueSpan{}, nil, nil, nil},
	} {
		r, err := metrics.OnTimeBy(s, c, k.due, k.months)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		var n, x []int
		sum := 0
		for _, p := range r.Periods {
			names, n, x = append(names, p.Period), append(n, p.Report.Original.N), append(x, p.Report.Original.X)
			sum += p.Report.Original.N
		}
		if !slices.Equal(names, k.names) || !slices.Equal(n, k.n) || !slices.Equal(x, k.x) {
			t.Errorf("every %d months of %v: %v with %v of %v, want %v with %v of %v", k.months, k.due, names, x, n, k.names, k.x, k.n)
		}
		if k.months > 0 && sum != r.Whole.Original.N {
			t.Errorf("every %d months of %v: %d in periods, %d in all", k.months, k.due, sum, r.Whole.Original.N)
		}
		for _, p := range r.Periods {
			alone, err := metrics.OnTime(s, c, p.Report.Due)
			if err != nil || alone.Original.N != p.Report.Original.N || alone.Original.X != p.Report.Original.X {
				t.Errorf("%s alone: %d of %d, %v", p.Period, alone.Original.X, alone.Original.N, err)
			}
		}
	}
	if _, err := metrics.OnTime(s, c, metrics.DueSpan{From: domain.MustDate("2026-02-01"), To: domain.MustDate("2026-01-31")}); domain.KindOf(err) != domain.ErrInvalid {
		t.Errorf("a span that ends before it begins: %v", err)
	}
	s, c = promised(t, "2016-11-30", "2026-11-30")
	if _, err := metrics.OnTimeBy(s, c, metrics.DueSpan{}, 1); domain.KindOf(err) != domain.ErrInvalid {
		t.Errorf("121 months: %v", err)
	}
}
