package metrics_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// at reads an instant such as 2026-03-01T09:00:00Z.
func at(tb testing.TB, text string) time.Time {
	tb.Helper()
	v, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

// eventLog draws the history of one measure: whatever order of events a person
// or a tracker may produce, impossible ones included.
func eventLog() *rapid.Generator[[]metrics.Event] {
	return rapid.Custom(func(t *rapid.T) []metrics.Event {
		origin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		hour := func(label string) time.Time {
			return origin.Add(time.Duration(rapid.IntRange(0, 24*200).Draw(t, label)) * time.Hour)
		}
		events := []metrics.Event{{At: hour("created"), Type: metrics.EventCreated}}
		for range rapid.IntRange(0, 8).Draw(t, "more") {
			e := metrics.Event{At: hour("at"), Type: metrics.EventType(rapid.IntRange(int(metrics.EventDueSet), int(metrics.EventNote)).Draw(t, "type"))}
			e.Recorded = e.At.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "delay")) * time.Hour)
			switch e.Type {
			case metrics.EventDueSet, metrics.EventDueCorrected:
				e.Due = domain.DateOf(hour("due"))
			case metrics.EventCancelled:
				e.Reason = rapid.SampledFrom(domain.ClosureReasons()).Draw(t, "reason")
			case metrics.EventVerified:
				e.Verdict = rapid.SampledFrom(domain.Verdicts()).Draw(t, "verdict")
			default: // the others carry nothing
			}
			events = append(events, e)
		}
		return events
	})
}

func compareFacts(a, b metrics.Facts) string {
	return cmp.Diff(a, b, cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }), cmp.AllowUnexported(metrics.Due{}))
}

func TestFactsIgnoreLaterEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := eventLog().Draw(t, "events")
		cut := metrics.Cut{AsOf: events[0].At.Add(time.Duration(rapid.IntRange(0, 2400).Draw(t, "hours")) * time.Hour)}
		before, err := metrics.FactsOf(events, cut)
		if err != nil {
			t.Fatal(err)
		}
		later := metrics.Event{At: cut.AsOf.Add(time.Duration(rapid.IntRange(1, 1000).Draw(t, "later")) * time.Hour), Type: metrics.EventDone}
		after, err := metrics.FactsOf(append(events, later), cut)
		if err != nil {
			t.Fatal(err)
		}
		if d := compareFacts(before, after); d != "" {
			t.Fatalf("an event after as_of changes the facts: %s", d)
		}
	})
}

func TestFactsKnownEarlierNeverChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := eventLog().Draw(t, "events")
		cut := metrics.Cut{AsOf: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), KnownAt: events[0].At.Add(1000 * time.Hour)}
		before, err := metrics.FactsOf(events, cut)
		if err != nil {
			t.Fatal(err)
		}
		// Happened long ago, written down after known_at.
		backdated := metrics.Event{At: events[0].At.Add(time.Hour), Recorded: cut.KnownAt.Add(time.Millisecond), Type: metrics.EventDone}
		after, _ := metrics.FactsOf(append(events, backdated), cut)
		if d := compareFacts(before, after); d != "" {
			t.Fatalf("an event recorded after known_at changes the facts: %s", d)
		}
		cut.KnownAt = backdated.Recorded
		if known, _ := metrics.FactsOf(append(events[:1:1], backdated), cut); known.State != metrics.StateDone {
			t.Fatalf("known at its recording the event does not count: %v", known.State)
		}
	})
}

func TestStretchesTellTheState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := eventLog().Draw(t, "events")
		asOf := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
		f, err := metrics.FactsOf(events, metrics.Cut{AsOf: asOf})
		if err != nil {
			t.Fatal(err)
		}
		last := f.Stretches[len(f.Stretches)-1]
		if last.Cause != f.Cause() {
			t.Fatalf("state %v, but the last stretch ended by %d: %+v", f.State, last.Cause, f.Stretches)
		}
		if !f.Impossible && last.Cause != metrics.CauseOpen && !last.Out.Equal(f.Ended(asOf)) {
			t.Fatalf("ended at %v, last stretch at %v", f.Ended(asOf), last.Out)
		}
	})
}

func TestDeadlines(t *testing.T) {
	for name, c := range map[string]struct {
		zone, due, want string
	}{
		"plain":                        {"UTC", "2026-03-20", "2026-03-21T00:00:00Z"},
		"23 hour day":                  {"America/New_York", "2026-03-08", "2026-03-09T04:00:00Z"},
		"25 hour day":                  {"Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00Z"},
		"day before the change":        {"Europe/Berlin", "2026-10-24", "2026-10-24T22:00:00Z"},
		"midnight skipped":             {"America/Sao_Paulo", "2018-11-03", "2018-11-04T03:00:00Z"},
		"midnight twice, first counts": {"America/Havana", "2026-10-31", "2026-11-01T04:00:00Z"},
		"half hour zone":               {"Asia/Kolkata", "2026-03-20", "2026-03-20T18:30:00Z"},
		"leap day":                     {"UTC", "2028-02-29", "2028-03-01T00:00:00Z"},
		"far east":                     {"Pacific/Kiritimati", "2026-03-20", "2026-03-20T10:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			events := []metrics.Event{
				{At: at(t, "2018-01-01T00:00:00Z"), Type: metrics.EventCreated},
				{At: at(t, "2018-01-01T00:00:00Z"), Type: metrics.EventDueSet, Due: domain.MustDate(c.due), Zone: zone(t, c.zone)},
			}
			f, err := metrics.FactsOf(events, metrics.Cut{AsOf: at(t, "2029-01-01T00:00:00Z"), Zone: zone(t, "Asia/Tokyo")})
			if err != nil {
				t.Fatal(err)
			}
			if want := at(t, c.want); !f.Current.Deadline.Equal(want) {
				t.Errorf("deadline %s, want %s", f.Current.Deadline.UTC().Format(time.RFC3339), c.want)
			}
		})
	}
}

// TestFactsOfOddHistories fixes what comes out of histories that should not be.
func TestFactsOfOddHistories(t *testing.T) {
	type ev struct {
		at     string
		typ    metrics.EventType
		due    string
		reason domain.ClosureReason
	}
	created := ev{at: "2026-03-01T00:00:00Z", typ: metrics.EventCreated}
	for name, c := range map[string]struct {
		events                      []ev
		state                       metrics.State
		impossible, excluded        bool
		days                        float64
		onTime                      metrics.Answer
		moves, reopened, lateMoves  int
		overdueDays, stretchesCount int
	}{
		"done before created":         {events: []ev{created, {at: "2026-02-20T00:00:00Z", typ: metrics.EventDone}}, state: metrics.StateDone, impossible: true, days: 0, stretchesCount: 1},
		"done twice, last counts":     {events: []ev{created, {at: "2026-03-05T00:00:00Z", typ: metrics.EventDone}, {at: "2026-03-07T00:00:00Z", typ: metrics.EventDone}}, state: metrics.StateDone, days: 6, stretchesCount: 1},
		"reopened while open":         {events: []ev{created, {at: "2026-03-05T00:00:00Z", typ: metrics.EventReopened}}, state: metrics.StateOpen, days: 92, reopened: 1, stretchesCount: 1},
		"verified without a claim":    {events: []ev{created, {at: "2026-03-05T00:00:00Z", typ: metrics.EventVerified}}, state: metrics.StateVerified, days: 4, stretchesCount: 1},
		"duplicate reopened is back":  {events: []ev{created, {at: "2026-03-05T00:00:00Z", typ: metrics.EventCancelled, reason: domain.Duplicate}, {at: "2026-03-06T00:00:00Z", typ: metrics.EventReopened}}, state: metrics.StateOpen, days: 92, reopened: 1, stretchesCount: 2},
		"created in error":            {events: []ev{created, {at: "2026-03-05T00:00:00Z", typ: metrics.EventCancelled, reason: domain.CreatedInError}}, state: metrics.StateCancelled, excluded: true, days: 4, stretchesCount: 1},
		"same date set again":         {events: []ev{created, {at: "2026-03-02T00:00:00Z", typ: metrics.EventDueSet, due: "2026-05-01"}, {at: "2026-03-03T00:00:00Z", typ: metrics.EventDueSet, due: "2026-05-01"}}, state: metrics.StateOpen, days: 92, onTime: metrics.No, overdueDays: 31, stretchesCount: 1},
		"date removed":                {events: []ev{created, {at: "2026-03-02T00:00:00Z", typ: metrics.EventDueSet, due: "2026-05-01"}, {at: "2026-03-03T00:00:00Z", typ: metrics.EventDueCleared}}, state: metrics.StateOpen, days: 92, stretchesCount: 1},
		"moved after the deadline":    {events: []ev{created, {at: "2026-03-02T00:00:00Z", typ: metrics.EventDueSet, due: "2026-03-10"}, {at: "2026-03-20T00:00:00Z", typ: metrics.EventDueSet, due: "2026-07-01"}}, state: metrics.StateOpen, days: 92, moves: 1, lateMoves: 1, stretchesCount: 1},
		"due before created":          {events: []ev{created, {at: "2026-03-02T00:00:00Z", typ: metrics.EventDueSet, due: "2026-02-01"}}, state: metrics.StateOpen, days: 92, onTime: metrics.No, overdueDays: 120, stretchesCount: 1},
		"events of the future":        {events: []ev{created, {at: "2030-01-01T00:00:00Z", typ: metrics.EventDone}}, state: metrics.StateOpen, days: 92, stretchesCount: 1},
		"created twice, first counts": {events: []ev{created, {at: "2026-05-01T00:00:00Z", typ: metrics.EventCreated}}, state: metrics.StateOpen, days: 92, stretchesCount: 1},
	} {
		t.Run(name, func(t *testing.T) {
			asOf := at(t, "2026-06-01T00:00:00Z")
			var events []metrics.Event
			for _, e := range c.events {
				due, err := domain.ParseDate(e.due)
				if err != nil {
					t.Fatal(err)
				}
				events = append(events, metrics.Event{At: at(t, e.at), Type: e.typ, Due: due, Reason: e.reason})
			}
			f, err := metrics.FactsOf(events, metrics.Cut{AsOf: asOf})
			if err != nil {
				t.Fatal(err)
			}
			type outcome struct {
				State                       metrics.State
				Impossible, Excluded        bool
				Days                        float64
				OnTime                      metrics.Answer
				Moves, Reopened, LateMoves  int
				OverdueDays, StretchesCount int
			}
			got := outcome{f.State, f.Impossible, f.Excluded, f.Days(asOf), f.OnTime(f.Current, asOf), f.DueMoves, f.Reopened, f.LateMoves, f.DaysOverdue(f.Current, asOf), len(f.Stretches)}
			want := outcome{c.state, c.impossible, c.excluded, c.days, c.onTime, c.moves, c.reopened, c.lateMoves, c.overdueDays, c.stretchesCount}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestFactsOfRefuses(t *testing.T) {
	created := metrics.Event{At: at(t, "2026-03-01T00:00:00Z"), Type: metrics.EventCreated}
	cut := metrics.Cut{AsOf: at(t, "2026-06-01T00:00:00Z")}
	for name, c := range map[string]struct {
		events []metrics.Event
		cut    metrics.Cut
		kind   domain.Kind
	}{
		"no events":            {nil, cut, domain.ErrNotFound},
		"no creation":          {[]metrics.Event{{At: created.At, Type: metrics.EventDone}}, cut, domain.ErrNotFound},
		"created after as_of":  {[]metrics.Event{created}, metrics.Cut{AsOf: at(t, "2026-02-01T00:00:00Z")}, domain.ErrNotFound},
		"recorded later":       {[]metrics.Event{{At: created.At, Recorded: at(t, "2026-07-01T00:00:00Z"), Type: metrics.EventCreated}}, cut, domain.ErrNotFound},
		"unknown type":         {[]metrics.Event{created, {At: created.At, Type: 99}}, cut, domain.ErrInvalid},
		"no type":              {[]metrics.Event{created, {At: created.At}}, cut, domain.ErrInvalid},
		"due date without one": {[]metrics.Event{created, {At: created.At, Type: metrics.EventDueSet}}, cut, domain.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := metrics.FactsOf(c.events, c.cut); !errors.Is(err, c.kind) {
				t.Errorf("error %v, want kind %q", err, c.kind)
			}
		})
	}
}

func TestStateDaysAddUpToTheFollowUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		origin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		end := origin.Add(time.Duration(rapid.IntRange(1, 24*300).Draw(t, "end")) * time.Hour)
		var plan []metrics.Facts
		for range rapid.IntRange(0, 4).Draw(t, "measures") {
			f, err := metrics.FactsOf(eventLog().Draw(t, "events"), metrics.Cut{AsOf: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)})
			if err != nil {
				t.Fatal(err)
			}
			plan = append(plan, f)
		}
		family := []metrics.Occurrence{{ID: "A", Start: origin.Add(-time.Hour), Resolved: origin}}
		for range rapid.IntRange(0, 4).Draw(t, "later") {
			start := origin.Add(time.Duration(rapid.IntRange(0, 24*300).Draw(t, "start")) * time.Hour)
			family = append(family, metrics.Occurrence{ID: "B", Start: start, Resolved: start.Add(time.Hour)})
		}
		h, err := metrics.FollowFamily(family, plan, end)
		if err != nil {
			t.Fatal(err)
		}
		var total time.Duration
		events := 0
		for s := range h.Exposure {
			total += h.Exposure[s]
			events += h.Events[s]
			if h.Events[s] > 0 && h.Exposure[s] == 0 {
				t.Fatalf("%d recurrences in state %d without exposure", h.Events[s], s)
			}
		}
		if total != end.Sub(origin) || !near(total.Hours()/24, h.FollowUp) {
			t.Fatalf("states add up to %v, follow-up is %v", total, end.Sub(origin))
		}
		if events != h.Recurrences || len(h.Classified) != h.Recurrences {
			t.Fatalf("%d events by state, %d classified, %d recurrences", events, len(h.Classified), h.Recurrences)
		}
	})
}

func TestFollowFamilyWithoutFollowUp(t *testing.T) {
	start := at(t, "2026-01-01T00:00:00Z")
	for name, family := range map[string][]metrics.Occurrence{
		"no members":         nil,
		"never resolved":     {{ID: "A", Start: start}},
		"resolved after end": {{ID: "A", Start: start, Resolved: at(t, "2026-05-01T00:00:00Z")}},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := metrics.FollowFamily(family, nil, at(t, "2026-04-01T00:00:00Z"))
			if err != nil || h.Recurrences != 0 || h.FollowUp != 0 || !math.IsNaN(h.FirstRecurrence) {
				t.Errorf("%+v, %v", h, err)
			}
		})
	}
	if _, err := metrics.FollowFamily([]metrics.Occurrence{{ID: "A", Start: start, Resolved: start.Add(-time.Hour)}}, nil, start.Add(time.Hour)); !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("resolved before start: error %v, want invalid", err)
	}
}

// FuzzFacts drives the fold with arbitrary bytes: five bytes an event.
func FuzzFacts(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 3, 5, 0, 20, 0, 8, 9, 0, 0, 0, 9, 20, 0, 0, 0, 11, 30, 0, 0, 3})
	f.Add([]byte{8, 0, 0, 0, 0, 1, 9, 0, 0, 0, 10, 1, 0, 0, 2})
	f.Fuzz(func(t *testing.T, log []byte) {
		origin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		asOf := origin.AddDate(2, 0, 0)
		var events []metrics.Event
		for ; len(log) >= 5; log = log[5:] {
			e := metrics.Event{Type: metrics.EventType(log[0]), At: origin.Add(time.Duration(log[1])*24*time.Hour + time.Duration(log[2])*time.Minute)}
			if e.Type == metrics.EventDueSet || e.Type == metrics.EventDueCorrected {
				e.Due = domain.DateOf(origin).AddDays(int(log[3]) - 20)
			}
			e.Reason = domain.ClosureReasons()[int(log[4])%5]
			e.Verdict = domain.Verdicts()[int(log[4])%5]
			events = append(events, e)
		}
		facts, err := metrics.FactsOf(events, metrics.Cut{AsOf: asOf})
		if err != nil {
			return
		}
		if facts.Days(asOf) < 0 || facts.Completed() && facts.Done.IsZero() || facts.State == metrics.StateOpen && facts.Cause() != metrics.CauseOpen {
			t.Errorf("facts contradict themselves: %+v", facts)
		}
		for _, d := range []metrics.Due{facts.Original, facts.Current} {
			if facts.Overdue(d, asOf) != (facts.DaysOverdue(d, asOf) >= 1) {
				t.Errorf("overdue %v, days overdue %d", facts.Overdue(d, asOf), facts.DaysOverdue(d, asOf))
			}
			if facts.Overdue(d, asOf) && facts.OnTime(d, asOf) != metrics.No {
				t.Error("overdue and not late")
			}
		}
		if last := facts.Stretches[len(facts.Stretches)-1]; last.Cause != facts.Cause() {
			t.Errorf("state %v, last stretch ended by %d", facts.State, last.Cause)
		}
		s := metrics.NewSnapshot(1)
		if _, err := s.Append(metrics.Record{Facts: facts, Number: 1}); err != nil {
			t.Error(err)
		}
	})
}
