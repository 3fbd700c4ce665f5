package metrics_test

import (
	"math"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// closedAfter is a portfolio of measures created a year before as_of, each done
// after so many days; a negative number is cancelled.
func closedAfter(t *testing.T, asOf time.Time, days ...int) *metrics.Snapshot {
	t.Helper()
	s := metrics.NewSnapshot(len(days))
	created := asOf.AddDate(0, 0, -365)
	for i, d := range days {
		end := metrics.Event{Type: metrics.EventDone, At: created.AddDate(0, 0, d)}
		if d < 0 {
			end = metrics.Event{Type: metrics.EventCancelled, At: created.AddDate(0, 0, -d), Reason: domain.WontDo}
		}
		f, err := metrics.FactsOf([]metrics.Event{{Type: metrics.EventCreated, At: created}, end}, metrics.Cut{AsOf: asOf})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(metrics.Record{Facts: f, Number: i + 1}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func figureOf(figures []metrics.Figure, name, group string) metrics.Figure {
	for _, f := range figures {
		if f.Name == name && f.Group == group {
			return f
		}
	}
	return metrics.Figure{}
}

// TestNobodyLeftIsKnown: where everybody has ended, the shares at any later day
// are known, and not "nobody was observed that long".
func TestNobodyLeftIsKnown(t *testing.T) {
	asOf := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	var days []int
	for i := range 20 {
		days = append(days, 10+i)
	}
	days = append(days, -5, -6, -7, -8, -9)
	r, err := metrics.Completion(closedAfter(t, asOf, days...), metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}})
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range []string{"60", "90", "180"} {
		f := figureOf(r.Figures, "done_by", day)
		if !f.Shown || f.Value == nil || math.Abs(*f.Value-0.8) > 1e-12 {
			t.Errorf("done by day %s: %+v, want 0.8", day, f)
		}
	}
}

// TestCancelledBesideTheMaturedCohort: those cancelled before the horizon stay in
// the denominator of A3 and are said beside it.
func TestCancelledBesideTheMaturedCohort(t *testing.T) {
	asOf := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	r, err := metrics.Completion(closedAfter(t, asOf, 10, 20, -20, -40, -100), metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}})
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]int{"30": 1, "60": 2, "90": 2, "180": 3} {
		f := figureOf(r.Figures, "cancelled_by_matured", day)
		if f.ID != "A3" || f.X != want || f.N != 5 {
			t.Errorf("cancelled by day %s: %+v, want %d of 5", day, f, want)
		}
	}
}

// TestARemovedDateIsAMove: taking a date away and setting another one later moves
// it as much as setting the other one at once; the same date again is no move.
func TestARemovedDateIsAMove(t *testing.T) {
	created := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	first, second := domain.MustDate("2026-04-01"), domain.MustDate("2026-05-01")
	for name, c := range map[string]struct {
		again       domain.Date
		moves, late int
	}{"another date": {second, 1, 1}, "the same date": {first, 0, 0}} {
		events := []metrics.Event{
			{Type: metrics.EventCreated, At: created},
			{Type: metrics.EventDueSet, At: created, Due: first},
			{Type: metrics.EventDueCleared, At: created.AddDate(0, 0, 31)},
			{Type: metrics.EventDueSet, At: created.AddDate(0, 0, 32), Due: c.again},
		}
		f, err := metrics.FactsOf(events, metrics.Cut{AsOf: created.AddDate(0, 2, 0)})
		if err != nil {
			t.Fatal(err)
		}
		if f.DueMoves != c.moves || f.LateMoves != c.late {
			t.Errorf("%s: %d moves, %d at the deadline; want %d and %d", name, f.DueMoves, f.LateMoves, c.moves, c.late)
		}
	}
}

// TestVerifiedAndReopened: a claim that was verified before it was reopened ended
// its wait by the verification.
func TestVerifiedAndReopened(t *testing.T) {
	asOf := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	created := asOf.AddDate(0, 0, -300)
	at := func(day int) time.Time { return created.AddDate(0, 0, day) }
	s := metrics.NewSnapshot(20)
	for i := range 20 {
		f, err := metrics.FactsOf([]metrics.Event{
			{Type: metrics.EventCreated, At: created}, {Type: metrics.EventDone, At: at(10)},
			{Type: metrics.EventVerified, At: at(14), Verdict: domain.Ineffective}, {Type: metrics.EventReopened, At: at(30)},
		}, metrics.Cut{AsOf: asOf})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(metrics.Record{Facts: f, Number: i + 1}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := metrics.Verification(s, metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}})
	if err != nil {
		t.Fatal(err)
	}
	if f := r.LagMedian; f.Events != 20 || f.Value == nil || *f.Value != 4 {
		t.Errorf("median wait %+v, want 4 days of 20 verifications", f)
	}
}

// TestFunnelLeavesOutWhatNobodyObserved: as in A4, a date that had passed before
// the records of an imported measure begin is not judged.
func TestFunnelLeavesOutWhatNobodyObserved(t *testing.T) {
	asOf := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	created := asOf.AddDate(0, 0, -300)
	s := metrics.NewSnapshot(24)
	for i := range 24 {
		f, err := metrics.FactsOf([]metrics.Event{
			{Type: metrics.EventCreated, At: created}, {Type: metrics.EventDueSet, At: created, Due: domain.DateOf(created).AddDays(30)},
			{Type: metrics.EventImported, At: created.AddDate(0, 0, 100)}, {Type: metrics.EventDone, At: created.AddDate(0, 0, 120)},
		}, metrics.Cut{AsOf: asOf})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(metrics.Record{Facts: f, Number: i + 1, Priority: domain.Priorities()[i%2], Team: "t"}); err != nil {
			t.Fatal(err)
		}
	}
	c := metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}}
	onTime, err := metrics.OnTime(s, c, metrics.DueSpan{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := metrics.Compare(s, c, metrics.ByPriority, metrics.ToClosure)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range r.Groups {
		n += g.Funnel.OnTime.N
	}
	if n != onTime.Original.N || n != 0 {
		t.Errorf("the funnel judges %d measures, A4 %d; want 0", n, onTime.Original.N)
	}
}

// TestRecurredWithin: when each one has recurred, so have all of them within
// any longer time; when nobody was watched that long, the figure says so.
func TestRecurredWithin(t *testing.T) {
	asOf := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		alone int
		share float64
	}{"all came back": {0, 1}, "some did not": {5, -1}} {
		s := metrics.NewSnapshot(0)
		start := asOf.AddDate(0, 0, -200)
		for i := range 20 {
			first, again := domain.IncidentKey(name+string(rune('a'+i))), domain.IncidentKey(name+string(rune('A'+i)))
			s.PutIncident(metrics.IncidentRecord{Key: first, Started: start, Resolved: start.Add(time.Hour)})
			s.PutIncident(metrics.IncidentRecord{Key: again, Started: start.AddDate(0, 0, 10+i), Resolved: start.AddDate(0, 0, 11+i), RecurrenceOf: first})
		}
		for i := range c.alone {
			s.PutIncident(metrics.IncidentRecord{Key: domain.IncidentKey(name + string(rune('0'+i))), Started: start, Resolved: start.Add(time.Hour)})
		}
		r, err := metrics.Recurrence(s, metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}}, metrics.RecurrenceInput{})
		if err != nil {
			t.Fatal(err)
		}
		f := figureOf(r.Figures, "recurred_within", "365")
		if c.share < 0 {
			if f.Shown || f.Value != nil || f.Why == "" {
				t.Errorf("%s: %+v, want none and a reason", name, f)
			}
		} else if !f.Shown || f.Value == nil || *f.Value != c.share {
			t.Errorf("%s: %+v, want %v", name, f, c.share)
		}
	}
}
