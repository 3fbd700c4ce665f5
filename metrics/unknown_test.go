package metrics_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// imported is the log of one incident and its imported measures, by status; ""
// is a source that says nothing.
func imported(statuses ...domain.Status) *logged {
	l := newLog(1)
	i := domain.Incident{Key: "INC-1", Status: domain.IncidentResolved, StartedAt: l.now.AddDate(-1, 0, 0), ResolvedAt: l.now.AddDate(-1, 0, 1), CreatedAt: l.now}
	by := domain.Attribution{Source: domain.FromImport}
	l.incidents = append(l.incidents, i)
	l.write(domain.SubjectIncident, "INC-1", by, []domain.FieldChange{domain.IncidentCreated(i)})
	for n, status := range statuses {
		m := domain.Measure{
			Key: domain.MeasureKey([]string{"M-1", "M-2", "M-3", "M-4"}[n]), Incident: "INC-1", Kind: domain.Prevent, Status: status, Imported: true,
			CreatedAt: l.now.AddDate(-1, 0, 0), DueOn: domain.DateOf(l.now.AddDate(0, -6, 0)),
		}
		if status == "" {
			m.Status, m.StatusUnknown = domain.Proposed, true
		}
		if status == domain.Done {
			m.DoneAt = l.now.AddDate(0, -8, 0)
		}
		l.measures = append(l.measures, m)
		l.write(domain.SubjectMeasure, string(m.Key), by, []domain.FieldChange{domain.MeasureCreated(m)})
	}
	return l
}

// TestUnknownIsNotOpen: a measure of unknown status is counted as such and
// nowhere else, and decides nothing about its incident.
func TestUnknownIsNotOpen(t *testing.T) {
	type numbers struct{ Measures, Unknown, Open, Overdue, FollowedThrough, Judged, Undecided int }
	for name, c := range map[string]struct {
		statuses []domain.Status
		want     numbers
	}{
		"unknown only":     {[]domain.Status{"", ""}, numbers{Unknown: 2, Undecided: 1}},
		"done and unknown": {[]domain.Status{domain.Done, ""}, numbers{Measures: 1, Unknown: 1, Undecided: 1}},
		"open and unknown": {[]domain.Status{domain.Proposed, ""}, numbers{Measures: 1, Unknown: 1, Open: 1, Overdue: 1, Judged: 1}},
		"done":             {[]domain.Status{domain.Done}, numbers{Measures: 1, Judged: 1, FollowedThrough: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			l := imported(c.statuses...)
			s, err := metrics.Fold(metrics.Chronicle{Changes: l.rows}, metrics.Cut{AsOf: l.now})
			if err != nil {
				t.Fatal(err)
			}
			cohort := metrics.Cohort{Pins: metrics.Pins{AsOf: l.now, Policy: domain.DefaultPolicy()}}
			done, err := metrics.Completion(s, cohort)
			if err != nil {
				t.Fatal(err)
			}
			late, err := metrics.Overdue(s, cohort)
			if err != nil {
				t.Fatal(err)
			}
			through := figure(t, done.Figures, "followed_through", "90")
			got := numbers{done.Measures, done.Unknown, late.Open, late.Current.Count, through.X, through.N, figure(t, done.Figures, "incidents_with_unknown_status", "90").X}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if late.Unknown != c.want.Unknown {
				t.Errorf("overdue report: %d unknown", late.Unknown)
			}
		})
	}
}

func TestRollUpOfUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		statuses []domain.Status
		want     metrics.RollUp
	}{
		"undecided": {[]domain.Status{domain.Done, ""}, metrics.RollUp{Total: 2, Unknown: 1, Done: 1, VerifiedThrough: metrics.No}},
		"decided":   {[]domain.Status{domain.Proposed, ""}, metrics.RollUp{Total: 2, Unknown: 1, Open: 1, Overdue: 1, PastPromise: 1, FollowedThrough: metrics.No, VerifiedThrough: metrics.No}},
	} {
		t.Run(name, func(t *testing.T) {
			l := imported(c.statuses...)
			var all []metrics.Facts
			for _, m := range l.measures {
				r, err := metrics.RecordOf(m, l.rows, metrics.Cut{AsOf: l.now})
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, r.Facts)
			}
			if d := cmp.Diff(c.want, metrics.RollUpIncident(all, l.now)); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestKnownFromHereOn: once somebody says the status, the measure is observed
// from that day and not from its creation.
func TestKnownFromHereOn(t *testing.T) {
	l := imported("")
	l.now = l.now.AddDate(0, 0, 10)
	said := l.now
	before := l.measures[0]
	l.measures[0].Status, l.measures[0].StatusUnknown = domain.Accepted, false
	l.write(domain.SubjectMeasure, "M-1", l.person(), domain.MeasureChanges(before, l.measures[0]))
	r, err := metrics.RecordOf(l.measures[0], l.rows, metrics.Cut{AsOf: said.AddDate(0, 0, 5)})
	if err != nil || r.Facts.Unknown || !r.Facts.Entry.Equal(said) || r.Facts.State != metrics.StateOpen {
		t.Errorf("facts %+v, err %v; want open, observed from %v", r.Facts, err, said)
	}
	r, err = metrics.RecordOf(l.measures[0], l.rows, metrics.Cut{AsOf: said.Add(-time.Minute)})
	if err != nil || !r.Facts.Unknown || r.Facts.Overdue(r.Facts.Current, said) {
		t.Errorf("before it was said: %+v, err %v; want unknown and not overdue", r.Facts, err)
	}
}

// TestOddIncidents: no start, an end before the start, a start still to come.
func TestOddIncidents(t *testing.T) {
	l := newLog(1)
	by := domain.Attribution{Source: domain.FromImport}
	put := func(i domain.Incident) {
		i.Status, i.CreatedAt, i.Services, i.Causes = domain.IncidentResolved, l.now, []string{"web"}, []string{"deploy"}
		l.write(domain.SubjectIncident, string(i.Key), by, []domain.FieldChange{domain.IncidentCreated(i)})
	}
	start := l.now.AddDate(-1, 0, 0)
	put(domain.Incident{Key: "INC-1", StartedAt: start, ResolvedAt: start.Add(time.Hour)})
	put(domain.Incident{Key: "INC-2", RecurrenceOf: "INC-1"})
	put(domain.Incident{Key: "INC-3", StartedAt: start.AddDate(0, 1, 0), ResolvedAt: start, RecurrenceOf: "INC-1"})
	put(domain.Incident{Key: "INC-4", StartedAt: l.now.AddDate(0, 1, 0)})
	put(domain.Incident{Key: "INC-5", StartedAt: start.AddDate(0, 2, 0), RecurrenceOf: "INC-1"})
	s, err := metrics.Fold(metrics.Chronicle{Changes: l.rows}, metrics.Cut{AsOf: l.now})
	if err != nil {
		t.Fatal(err)
	}
	cohort := metrics.Cohort{Pins: metrics.Pins{AsOf: l.now, Policy: domain.DefaultPolicy()}}
	r, err := metrics.Recurrence(s, cohort, metrics.RecurrenceInput{})
	if err != nil || r.Recurrences != 1 || r.UndatedLinks != 1 || r.RejectedLinks != 1 || r.Families != 1 {
		t.Errorf("%d recurrences, %d undated, %d rejected, %d families, err %v; want 1 of each", r.Recurrences, r.UndatedLinks, r.RejectedLinks, r.Families, err)
	}
	q, err := metrics.Quality(s, cohort, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, c := range q.Checks {
		if c.Name == "resolved_before_start" || c.Name == "incidents_without_start" {
			got[c.Name] = c.Count
		}
	}
	if d := cmp.Diff(map[string]int{"resolved_before_start": 1, "incidents_without_start": 1}, got); d != "" {
		t.Error(d)
	}
	if _, err := metrics.IncidentRecordOf("INC-4", false, l.rows, metrics.Cut{AsOf: l.now}); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("an incident that has not begun: error %v, want not found", err)
	}
	bad := domain.Change{Subject: domain.SubjectIncident, Key: "INC-9", Kind: domain.ChangeCreate, To: `{"started_at":"last week"}`, At: l.now}
	if _, err := metrics.IncidentRecordOf("INC-9", false, []domain.Change{bad}, metrics.Cut{AsOf: l.now}); !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("an unreadable start: error %v, want invalid", err)
	}
}

// TestTargetsFollowThePolicyAtCreation: a stricter target binds what is created
// under it, not what was there before.
func TestTargetsFollowThePolicyAtCreation(t *testing.T) {
	asOf := benchAsOf()
	earlier, now := domain.DefaultPolicy(), domain.DefaultPolicy()
	earlier.SLADays = map[domain.Priority]int{domain.P1: 30, domain.P2: 60}
	now.Version, now.From, now.SLADays = 2, asOf.AddDate(0, 0, -100), map[domain.Priority]int{domain.P1: 10, domain.P2: 60}
	s := metrics.NewSnapshot(0)
	for i, created := range []time.Time{asOf.AddDate(0, 0, -200), asOf.AddDate(0, 0, -150), asOf.AddDate(0, 0, -50)} {
		f, err := metrics.FactsOf([]metrics.Event{{At: created, Type: metrics.EventCreated}, {At: created.AddDate(0, 0, 20), Type: metrics.EventDone}}, metrics.Cut{AsOf: asOf})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(metrics.Record{Facts: f, Number: i, Priority: domain.P1}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := metrics.SLA(s, metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: now, Earlier: []domain.Policy{earlier}}}, metrics.FromCreated)
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		P        domain.Priority
		Days     int
		Policies []int
		X, N     int
	}
	var got []line
	for _, p := range r.Priorities {
		got = append(got, line{p.Priority, p.TargetDays, p.Policies, p.Attained.X, p.Attained.N})
	}
	want := []line{{domain.P1, 30, []int{1}, 2, 2}, {domain.P1, 10, []int{2}, 0, 1}, {domain.P2, 60, []int{1, 2}, 0, 0}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestImportedAndOver: what was done before complete records begin says nothing
// about time, also when its day of creation is the day of the import.
func TestImportedAndOver(t *testing.T) {
	l := imported(domain.Done)
	m := domain.Measure{Key: "M-2", Status: domain.Done, CreatedAt: l.now, DoneAt: l.now, Imported: true}
	l.write(domain.SubjectMeasure, "M-2", domain.Attribution{Source: domain.FromImport}, []domain.FieldChange{domain.MeasureCreated(m)})
	asOf := l.now.AddDate(1, 0, 0)
	s, err := metrics.Fold(metrics.Chronicle{Changes: l.rows}, metrics.Cut{AsOf: asOf})
	if err != nil {
		t.Fatal(err)
	}
	c := metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}}
	r, err := metrics.Completion(s, c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Measures != 2 || r.BeforeLog != 2 || figure(t, r.Figures, "done_by_matured", "90").N != 0 || figure(t, r.Figures, "done_by", "90").N != 0 {
		t.Errorf("%d measures, %d before the log, %d matured; want 2, 2, 0", r.Measures, r.BeforeLog, figure(t, r.Figures, "done_by_matured", "90").N)
	}
}

// TestLinkToAnUnknownEnd: a person's word makes a repeat, but no figure of times.
func TestLinkToAnUnknownEnd(t *testing.T) {
	l := newLog(1)
	start := l.now.AddDate(-1, 0, 0)
	for _, i := range []domain.Incident{
		{Key: "INC-1", Status: domain.IncidentClosed, StartedAt: start},
		{Key: "INC-2", Status: domain.IncidentResolved, StartedAt: start.AddDate(0, 2, 0), ResolvedAt: start.AddDate(0, 2, 1), RecurrenceOf: "INC-1"},
		{Key: "INC-3", Status: domain.IncidentActive, StartedAt: start},
		{Key: "INC-4", Status: domain.IncidentResolved, StartedAt: start.AddDate(0, 2, 0), ResolvedAt: start.AddDate(0, 2, 1), RecurrenceOf: "INC-3"},
	} {
		i.CreatedAt = l.now
		l.write(domain.SubjectIncident, string(i.Key), domain.Attribution{}, []domain.FieldChange{domain.IncidentCreated(i)})
	}
	s, err := metrics.Fold(metrics.Chronicle{Changes: l.rows}, metrics.Cut{AsOf: l.now})
	if err != nil {
		t.Fatal(err)
	}
	r, err := metrics.Recurrence(s, metrics.Cohort{Pins: metrics.Pins{AsOf: l.now, Policy: domain.DefaultPolicy()}}, metrics.RecurrenceInput{})
	if err != nil || r.EndlessLinks != 1 || r.Recurrences != 0 || figure(t, r.Levels, "repeat_share", "L1").X != 1 {
		t.Errorf("%d links to an unknown end, %d recurrences, L1 %d, err %v; want 1, 0, 1", r.EndlessLinks, r.Recurrences, figure(t, r.Levels, "repeat_share", "L1").X, err)
	}
}

// TestTheDeadlineItselfIsLate: one millisecond earlier it is not, by facts and in
// the snapshot alike (R3).
func TestTheDeadlineItselfIsLate(t *testing.T) {
	deadline := at(t, "2026-03-29T22:00:00Z") // midnight after the day the clocks went forward
	events := []metrics.Event{
		{At: at(t, "2026-03-01T08:00:00Z"), Type: metrics.EventCreated},
		{At: at(t, "2026-03-01T08:00:00Z"), Type: metrics.EventDueSet, Due: domain.MustDate("2026-03-29")},
	}
	for name, c := range map[string]struct {
		asOf time.Time
		late int
	}{"at the deadline": {deadline, 1}, "a millisecond earlier": {deadline.Add(-time.Millisecond), 0}} {
		t.Run(name, func(t *testing.T) {
			f, err := metrics.FactsOf(events, metrics.Cut{AsOf: c.asOf, Zone: zone(t, "Europe/Berlin")})
			if err != nil {
				t.Fatal(err)
			}
			s := metrics.NewSnapshot(1)
			if _, err := s.Append(metrics.Record{Facts: f}); err != nil {
				t.Fatal(err)
			}
			r, err := metrics.Overdue(s, metrics.Cohort{Pins: metrics.Pins{AsOf: c.asOf, Policy: domain.DefaultPolicy()}})
			if err != nil {
				t.Fatal(err)
			}
			if f.Overdue(f.Current, c.asOf) != (c.late == 1) || f.DaysOverdue(f.Current, c.asOf) != c.late || r.Current.Count != c.late || r.PastPromise.Count != c.late || r.Current.Burden != c.late {
				t.Errorf("overdue %v, %d days; snapshot %d, past promise %d, burden %d; want %d", f.Overdue(f.Current, c.asOf), f.DaysOverdue(f.Current, c.asOf),
					r.Current.Count, r.PastPromise.Count, r.Current.Burden, c.late)
			}
		})
	}
}

// TestLinksThatCannotBeTrue: to a later incident, to itself, in a circle, to a
// dismissed one, to one nobody knows.
func TestLinksThatCannotBeTrue(t *testing.T) {
	asOf := benchAsOf()
	s := metrics.NewSnapshot(0)
	put := func(key, of domain.IncidentKey, daysAgo int, merged bool) {
		start := asOf.AddDate(0, 0, -daysAgo)
		s.PutIncident(metrics.IncidentRecord{Key: key, RecurrenceOf: of, Started: start, Resolved: start.Add(time.Hour), Merged: merged})
	}
	put("INC-1", "INC-2", 300, false) // to a later one: half of a circle
	put("INC-2", "INC-1", 200, false) // the half that can be true
	put("INC-3", "INC-3", 150, false)
	put("INC-4", "INC-5", 140, false)
	put("INC-5", "", 145, true)
	put("INC-6", "INC-99", 100, false)
	r, err := metrics.Recurrence(s, metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}}, metrics.RecurrenceInput{})
	if err != nil || r.RejectedLinks != 4 || r.Recurrences != 1 || r.Families != 4 || r.LargestFamily != 2 {
		t.Errorf("%d rejected, %d recurrences, %d families, the largest of %d, err %v; want 4, 1, 4, 2", r.RejectedLinks, r.Recurrences, r.Families, r.LargestFamily, err)
	}
}
