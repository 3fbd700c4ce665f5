package metrics_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// everyReport runs all portfolio reports and returns them as JSON.
func everyReport(tb testing.TB, s *metrics.Snapshot, c metrics.Cohort) map[string]string {
	tb.Helper()
	c.TeamSizes = map[domain.TeamID]int{}
	for i := range 39 {
		c.TeamSizes[domain.TeamID(fmt.Sprintf("team-%d", i))] = 6
	}
	out := map[string]string{}
	keep := func(name string, report any, err error) {
		tb.Helper()
		if err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		text, err := json.Marshal(report)
		if err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		out[name] = string(text)
	}
	c.Zone = nil
	{
		r, err := metrics.Completion(s, c)
		keep("completion", r, err)
	}
	{
		r, err := metrics.Overdue(s, c)
		keep("overdue", r, err)
	}
	{
		r, err := metrics.OnTime(s, c, metrics.DueSpan{})
		keep("on time", r, err)
	}
	{
		r, err := metrics.SLA(s, c, metrics.FromCreated)
		keep("sla", r, err)
	}
	{
		r, err := metrics.SLA(s, c, metrics.FromResolved)
		keep("sla from resolved", r, err)
	}
	{
		r, err := metrics.Verification(s, c)
		keep("verification", r, err)
	}
	{
		r, err := metrics.Flow(s, c)
		keep("flow", r, err)
	}
	{
		r, err := metrics.ForecastBacklog(s, c)
		keep("forecast", r, err)
	}
	for _, by := range []metrics.GroupBy{metrics.ByTeam, metrics.ByPriority, metrics.ByKind} {
		r, err := metrics.Compare(s, c, by, metrics.ToDone)
		keep(fmt.Sprint("comparison ", by), r, err)
	}
	{
		r, err := metrics.Recurrence(s, c, metrics.RecurrenceInput{})
		keep("recurrence", r, err)
	}
	{
		r, err := metrics.Quality(s, c, nil)
		keep("quality", r, err)
	}
	return out
}

func TestReportsAreByteIdentical(t *testing.T) {
	first := everyReport(t, portfolio(t, 3000), benchCohort())
	for range 3 {
		if d := cmp.Diff(first, everyReport(t, portfolio(t, 3000), benchCohort())); d != "" {
			t.Fatalf("the same pins give other bytes: %s", d)
		}
	}
}

func TestReportsOfNobody(t *testing.T) {
	for name, c := range map[string]metrics.Cohort{
		"empty snapshot": benchCohort(),
		"empty cohort":   {Pins: benchCohort().Pins, Filter: metrics.Filter{Teams: []domain.TeamID{"nobody"}, Services: []string{"nothing"}}},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			if name != "empty snapshot" {
				n = 200
			}
			s := metrics.NewSnapshot(0)
			if n > 0 {
				s = portfolio(t, n)
			}
			everyReport(t, s, c)
			r, err := metrics.Completion(s, c)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Figures {
				if f.Unit != "count" && (f.Shown || f.Why == "") {
					t.Errorf("%s %s %s is shown without data", f.ID, f.Name, f.Group)
				}
			}
		})
	}
}

func TestReportsRefuse(t *testing.T) {
	s := portfolio(t, 50)
	late := benchCohort()
	late.AsOf = s.Latest().Add(-time.Millisecond)
	empty := benchCohort()
	empty.AsOf = time.Time{}
	backwards := benchCohort()
	backwards.Created = metrics.Period{From: benchAsOf(), To: benchAsOf()}
	for name, c := range map[string]metrics.Cohort{"as_of before the last event": late, "no as_of": empty, "empty period": backwards} {
		t.Run(name, func(t *testing.T) {
			if _, err := metrics.Completion(s, c); !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("error %v, want invalid", err)
			}
			if _, err := metrics.Recurrence(s, c, metrics.RecurrenceInput{}); !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("error %v, want invalid", err)
			}
		})
	}
	if _, err := metrics.Compare(s, benchCohort(), metrics.ByTeam, metrics.ToDone); !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("teams without sizes: error %v, want invalid", err)
	}
}

func figure(tb testing.TB, figures []metrics.Figure, name, group string) metrics.Figure {
	tb.Helper()
	for _, f := range figures {
		if f.Name == name && f.Group == group {
			return f
		}
	}
	tb.Fatalf("no figure %s %q", name, group)
	return metrics.Figure{}
}

// simple puts measures with given days to an end (negative = still open) on one
// day of creation into a snapshot.
func simple(tb testing.TB, asOf time.Time, age int, ends []int, cancelled []bool) *metrics.Snapshot {
	tb.Helper()
	s := metrics.NewSnapshot(len(ends))
	for i, days := range ends {
		created := asOf.AddDate(0, 0, -age)
		events := []metrics.Event{{At: created, Type: metrics.EventCreated}}
		if days >= 0 {
			e := metrics.Event{At: created.AddDate(0, 0, days), Type: metrics.EventDone}
			if cancelled[i] {
				e.Type, e.Reason = metrics.EventCancelled, domain.WontDo
			}
			events = append(events, e)
		}
		f, err := metrics.FactsOf(events, metrics.Cut{AsOf: asOf})
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := s.Append(metrics.Record{Facts: f, Number: i + 1, Incident: domain.IncidentKey(fmt.Sprintf("INC-%d", i/2))}); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

// TestMaturedCohortEqualsIncidence is the audit twin of A3: on a cohort that is
// all older than the horizon both estimates are the plain proportion.
func TestMaturedCohortEqualsIncidence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 60).Draw(t, "n")
		age := rapid.IntRange(91, 170).Draw(t, "age")
		ends, cancelled := make([]int, n), make([]bool, n)
		for i := range ends {
			ends[i] = rapid.IntRange(-1, age).Draw(t, "end")
			cancelled[i] = rapid.Bool().Draw(t, "cancelled")
		}
		s := simple(fatal{t: t}, benchAsOf(), age, ends, cancelled)
		r, err := metrics.Completion(s, benchCohort())
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range []string{"30", "60", "90"} {
			a, m := figure(fatal{t: t}, r.Figures, "done_by", h), figure(fatal{t: t}, r.Figures, "done_by_matured", h)
			if a.Value == nil || m.Value == nil {
				continue // everybody ended before the horizon
			}
			if math.Abs(*a.Value-*m.Value) > 1e-9 {
				t.Fatalf("done by %s: incidence %v, matured cohort %v", h, *a.Value, *m.Value)
			}
		}
	})
}

// fatal lets helpers that take a testing.TB report to a rapid check. Only what
// those helpers call is there; the rest of the nil TB panics.
type fatal struct {
	testing.TB
	t *rapid.T
}

func (f fatal) Helper()                           {}
func (f fatal) Fatal(args ...any)                 { f.t.Fatal(args...) }
func (f fatal) Fatalf(format string, args ...any) { f.t.Fatalf(format, args...) }

// pastPromise counts the measures that are open past their promise at an
// instant, from their stretches of being open.
func pastPromise(all []metrics.Facts, at time.Time) int {
	n := 0
	for i := range all {
		f := &all[i]
		if f.Excluded || f.Unknown || f.Impossible || f.Original.Date.IsZero() || at.Before(f.Original.Deadline) || at.Before(f.Original.Set) {
			continue
		}
		for _, s := range f.Stretches {
			if !at.Before(s.In) && (s.Cause == metrics.CauseOpen || at.Before(s.Out)) {
				n++
			}
		}
	}
	return n
}

func TestSnapshotAgreesWithFacts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		asOf := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		n := rapid.IntRange(1, 30).Draw(t, "n")
		s := metrics.NewSnapshot(0)
		var all []metrics.Facts
		for i := range n {
			f, err := metrics.FactsOf(eventLog().Draw(t, "events"), metrics.Cut{AsOf: asOf})
			if err != nil {
				t.Fatal(err)
			}
			r := metrics.Record{Facts: f, Number: i, Kind: domain.Prevent, Incident: "INC-1"}
			if i%2 == 0 {
				if _, err := s.Append(r); err != nil {
					t.Fatal(err)
				}
			} else { // the same through a replacement
				row, err := s.Append(metrics.Record{Facts: all[0], Number: i})
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Replace(row, r); err != nil {
					t.Fatal(err)
				}
			}
			all = append(all, f)
		}
		c := metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}}
		overdue, err := metrics.Overdue(s, c)
		if err != nil {
			t.Fatal(err)
		}
		want := metrics.RollUpIncident(all, asOf)
		burden := 0
		for i := range all {
			if !all[i].Excluded {
				burden += all[i].DaysOverdue(all[i].Current, asOf)
			}
		}
		if n := len(overdue.Weeks); n != 27 || overdue.Weeks[n-1].PastPromise != pastPromise(all, asOf) || overdue.Weeks[10].PastPromise != pastPromise(all, overdue.Weeks[10].Until) {
			t.Fatalf("weeks past promise: %+v; by facts %d now", overdue.Weeks, pastPromise(all, asOf))
		}
		if overdue.Open != want.Open || overdue.Current.Count != want.Overdue || overdue.PastPromise.Count != want.PastPromise || overdue.Current.Burden != burden {
			t.Fatalf("snapshot: open %d, overdue %d, past promise %d, burden %d; facts: %+v, burden %d",
				overdue.Open, overdue.Current.Count, overdue.PastPromise.Count, overdue.Current.Burden, want, burden)
		}
		onTime, err := metrics.OnTime(s, c, metrics.DueSpan{})
		if err != nil {
			t.Fatal(err)
		}
		kept, cohort := 0, 0
		for i := range all {
			f := &all[i]
			if f.Excluded || f.Impossible || f.Unknown || f.Original.Date.IsZero() || asOf.Before(f.Original.Deadline) {
				continue
			}
			if f.Entry.After(f.Created) && !f.Original.Deadline.After(f.Entry) {
				continue // over before its records begin
			}
			if a := f.OnTime(f.Original, asOf); a != metrics.Undecided {
				cohort++
				if a == metrics.Yes {
					kept++
				}
			}
		}
		if onTime.Original.X != kept || onTime.Original.N != cohort {
			t.Fatalf("on time %d of %d, by facts %d of %d", onTime.Original.X, onTime.Original.N, kept, cohort)
		}
	})
}

// TestRecurrenceReportAgreesWithFollowFamily puts random families through both
// ways.
func TestRecurrenceReportAgreesWithFollowFamily(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		asOf := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		s := metrics.NewSnapshot(0)
		var want [5]int
		var exposure [5]time.Duration
		recurrences, overlapping := 0, 0
		for f := range rapid.IntRange(1, 4).Draw(t, "families") {
			index := domain.IncidentKey(fmt.Sprintf("INC-%d", f*10))
			start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			family := []metrics.Occurrence{{ID: string(index), Start: start, Resolved: start.Add(48 * time.Hour)}}
			s.PutIncident(metrics.IncidentRecord{Key: index, Started: start, Resolved: family[0].Resolved})
			for k := range rapid.IntRange(0, 3).Draw(t, "later") {
				o := metrics.Occurrence{ID: fmt.Sprintf("INC-%d", f*10+k+1), Start: start.Add(time.Duration(rapid.IntRange(1, 24*300).Draw(t, "start")) * time.Hour)}
				o.Resolved = o.Start.Add(time.Hour)
				family = append(family, o)
				s.PutIncident(metrics.IncidentRecord{Key: domain.IncidentKey(o.ID), Started: o.Start, Resolved: o.Resolved, RecurrenceOf: index})
			}
			var plan []metrics.Facts
			for i := range rapid.IntRange(0, 3).Draw(t, "measures") {
				facts, err := metrics.FactsOf(eventLog().Draw(t, "events"), metrics.Cut{AsOf: asOf})
				if err != nil {
					t.Fatal(err)
				}
				kind := domain.Prevent
				if i == 1 {
					kind = domain.Detect // cannot prevent occurrence
				} else if !facts.Impossible {
					plan = append(plan, facts)
				}
				if _, err := s.Append(metrics.Record{Facts: facts, Incident: index, Kind: kind}); err != nil {
					t.Fatal(err)
				}
			}
			h, err := metrics.FollowFamily(family, plan, asOf)
			if err != nil {
				t.Fatal(err)
			}
			for p := range want {
				want[p] += h.Events[p]
				exposure[p] += h.Exposure[p]
			}
			recurrences += h.Recurrences
			overlapping += h.Overlapping
		}
		r, err := metrics.Recurrence(s, metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}}, metrics.RecurrenceInput{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Recurrences != recurrences || r.Overlapping != overlapping {
			t.Fatalf("report: %d recurrences, %d overlapping; by family: %d, %d", r.Recurrences, r.Overlapping, recurrences, overlapping)
		}
		for p, got := range r.ByState {
			if got.Recurrences != want[p] || !near(got.ExposureDays, exposure[p].Hours()/24) {
				t.Fatalf("state %v: %d in %v d; by family: %d in %v d", got.State, got.Recurrences, got.ExposureDays, want[p], exposure[p].Hours()/24)
			}
		}
	})
}
