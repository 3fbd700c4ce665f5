package metrics_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// workingDays is a policy whose P1 target is two working days in Berlin.
func workingDays(version int, from time.Time, holidays ...string) domain.Policy {
	p := domain.DefaultPolicy()
	p.Version, p.From = version, from
	p.SLADays, p.WorkingDays = map[domain.Priority]int{domain.P1: 2}, []domain.Priority{domain.P1}
	p.Calendar.Zone = "Europe/Berlin"
	for _, d := range holidays {
		p.Calendar.Holidays = append(p.Calendar.Holidays, domain.MustDate(d))
	}
	return p
}

func slaOf(t *testing.T, asOf time.Time, policy domain.Policy, earlier []domain.Policy, origin metrics.Origin, resolved string, pairs ...[2]string) metrics.SLAReport {
	t.Helper()
	s := metrics.NewSnapshot(0)
	if resolved != "" {
		s.PutIncident(metrics.IncidentRecord{Key: "INC-1", Started: at(t, "2026-01-01T00:00:00Z"), Resolved: at(t, resolved)})
	}
	for i, pair := range pairs {
		events := []metrics.Event{{At: at(t, pair[0]), Type: metrics.EventCreated}}
		if pair[1] != "" {
			events = append(events, metrics.Event{At: at(t, pair[1]), Type: metrics.EventDone})
		}
		f, err := metrics.FactsOf(events, metrics.Cut{AsOf: asOf})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(metrics.Record{Facts: f, Number: i + 1, Priority: domain.P1, Incident: "INC-1"}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := metrics.SLA(s, metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: policy, Earlier: earlier}}, origin)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTargetOfWorkingDays: the target ends with the second working day after the
// civil day of creation in the zone of the calendar; the last instant is in
// time, the deadline is late, and before it nobody is judged.
func TestTargetOfWorkingDays(t *testing.T) {
	// Friday 3 and Monday 6 April 2026 are holidays; Berlin is two hours ahead.
	policy := workingDays(1, time.Time{}, "2026-04-03", "2026-04-06")
	const created = "2026-04-01T22:30:00Z" // Thursday 2 April in Berlin: two working days end with Wednesday 8
	for name, c := range map[string]struct {
		done, asOf string
		x, n       int
	}{
		"the last instant":      {"2026-04-08T21:59:59.999Z", "2026-04-10T00:00:00Z", 1, 1},
		"the deadline":          {"2026-04-08T22:00:00Z", "2026-04-10T00:00:00Z", 0, 1},
		"open at the deadline":  {"", "2026-04-08T22:00:00Z", 0, 1},
		"open before it":        {"", "2026-04-08T21:59:59.999Z", 0, 0},
		"done before it, early": {"2026-04-02T12:00:00Z", "2026-04-03T00:00:00Z", 0, 0},
	} {
		r := slaOf(t, at(t, c.asOf), policy, nil, metrics.FromCreated, "", [2]string{created, c.done})
		if row := r.Priorities[0]; !row.WorkingDays || row.Attained.X != c.x || row.Attained.N != c.n || row.NotJudged != 1-c.n || row.Trend.Value != nil || row.Trend.Why == "" {
			t.Errorf("%s: %+v", name, row)
		}
	}
	// From the resolution of the incident: Tuesday 7 April, so two days end with Thursday 9.
	r := slaOf(t, at(t, "2026-04-20T00:00:00Z"), policy, nil, metrics.FromResolved, "2026-04-07T09:00:00Z", [2]string{created, "2026-04-09T21:00:00Z"})
	if row := r.Priorities[0]; row.Attained.X != 1 || row.Attained.N != 1 {
		t.Errorf("from the resolution: %+v", row)
	}
}

// TestCalendarOfThePolicyAtCreation: a holiday declared later moves no target
// that was given before, elapsed days stay another target, and a report pinned
// to the older version is the same, byte by byte, whatever came afterwards.
func TestCalendarOfThePolicyAtCreation(t *testing.T) {
	asOf := at(t, "2026-05-01T00:00:00Z")
	first := workingDays(1, time.Time{})
	second := workingDays(2, at(t, "2026-04-01T00:00:00Z"), "2026-04-14")
	third := workingDays(3, at(t, "2026-04-20T00:00:00Z"))
	third.WorkingDays = nil
	measures := [][2]string{
		{"2026-03-30T08:00:00Z", "2026-04-02T08:00:00Z"}, // Monday; done on Thursday, a day late
		{"2026-04-13T08:00:00Z", "2026-04-16T08:00:00Z"}, // Monday; Tuesday is a holiday, Thursday is in time
		{"2026-04-24T08:00:00Z", "2026-04-27T08:00:00Z"}, // Friday; two elapsed days end on Sunday
	}
	type line struct {
		Days     int
		Working  bool
		Policies []int
		X, N     int
	}
	var got []line
	for _, p := range slaOf(t, asOf, third, []domain.Policy{first, second}, metrics.FromCreated, "", measures...).Priorities {
		got = append(got, line{p.TargetDays, p.WorkingDays, p.Policies, p.Attained.X, p.Attained.N})
	}
	if d := cmp.Diff([]line{{2, true, []int{1, 2}, 1, 2}, {2, false, []int{3}, 0, 1}}, got); d != "" {
		t.Error(d)
	}
	text := func(r metrics.SLAReport) string {
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	pinned := slaOf(t, asOf, first, nil, metrics.FromCreated, "", measures...)
	if x := pinned.Priorities[0].Attained.X; x != 1 { // without the holiday, Friday to Monday is in time instead
		t.Errorf("pinned to version 1, %d attained", x)
	}
	if a, b := text(pinned), text(slaOf(t, asOf, first, nil, metrics.FromCreated, "", measures...)); a != b || !json.Valid([]byte(a)) {
		t.Errorf("pinned twice:\n%s\n%s", a, b)
	}
}

// TestCalendarOfAnUnknownZone: no silent fallback to another zone.
func TestCalendarOfAnUnknownZone(t *testing.T) {
	policy := workingDays(1, time.Time{})
	policy.Calendar.Zone = "Mars/Base"
	_, err := metrics.SLA(metrics.NewSnapshot(0), metrics.Cohort{Pins: metrics.Pins{AsOf: benchAsOf(), Policy: policy}}, metrics.FromCreated)
	if !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("error %v, want invalid", err)
	}
}
