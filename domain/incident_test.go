package domain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
)

func incident(t testing.TB, e domain.IncidentEdit) domain.Incident {
	t.Helper()
	if !e.Title.Set {
		e.Title = domain.Some("Orders stood still")
	}
	i, err := domain.NewIncident("i1", e, person(ana), now())
	if err != nil {
		t.Fatal(err)
	}
	i.Key = "INC-1"
	return i
}

func TestIncidentRefusals(t *testing.T) {
	at := func(hours int) domain.Opt[time.Time] { return domain.Some(now().Add(time.Duration(hours) * time.Hour)) }
	many := make([]string, 51)
	for n := range many {
		many[n] = fmt.Sprint("service ", n)
	}
	for name, c := range map[string]struct {
		edit domain.IncidentEdit
		want []string
	}{
		"nothing":                 {domain.IncidentEdit{}, nil},
		"empty title":             {domain.IncidentEdit{Title: domain.Some(" \n ")}, []string{"title: is empty"}},
		"title of 255":            {domain.IncidentEdit{Title: domain.Some(strings.Repeat("ä", 255))}, nil},
		"title of 256":            {domain.IncidentEdit{Title: domain.Some(strings.Repeat("ä", 256))}, []string{"title: has 256 characters; at most 255"}},
		"summary of 63,000":       {domain.IncidentEdit{Summary: domain.Some(strings.Repeat("ä", 63_000))}, nil},
		"summary of 63,001":       {domain.IncidentEdit{Summary: domain.Some(strings.Repeat("ä", 63_001))}, []string{"summary: has 63001 characters; at most 63000"}},
		"strange severity":        {domain.IncidentEdit{Severity: domain.Some(domain.Severity("P1"))}, []string{`severity: "P1" is not accepted; use one of SEV1, SEV2, SEV3, SEV4, SEV5`}},
		"strange status":          {domain.IncidentEdit{Status: domain.Some(domain.IncidentStatus("over"))}, []string{`status: "over" is not accepted; use one of new, active`}},
		"no status":               {domain.IncidentEdit{Status: domain.Some(domain.IncidentStatus(""))}, []string{`status: "" is not accepted`}},
		"address":                 {domain.IncidentEdit{ExternalURL: domain.Some("javascript:alert(1)")}, []string{"external_url: is not a web address"}},
		"many services":           {domain.IncidentEdit{Services: domain.Some(many)}, []string{"services: has 51 entries; at most 50"}},
		"from the future":         {domain.IncidentEdit{StartedAt: at(1)}, []string{"started_at: lies in the future"}},
		"detected before start":   {domain.IncidentEdit{StartedAt: at(-2), DetectedAt: at(-3)}, []string{"detected_at: lies before started_at"}},
		"resolved before start":   {domain.IncidentEdit{StartedAt: at(-2), ResolvedAt: at(-3)}, []string{"resolved_at: lies before started_at"}},
		"mitigated before start":  {domain.IncidentEdit{StartedAt: at(-2), MitigatedAt: at(-3)}, []string{"mitigated_at: lies before started_at"}},
		"resolved, then detected": {domain.IncidentEdit{DetectedAt: at(-2), ResolvedAt: at(-3)}, []string{"resolved_at: lies before detected_at"}},
		"recurs from itself":      {domain.IncidentEdit{RecurrenceOf: domain.Some(domain.IncidentKey("INC-1"))}, []string{"recurrence_of: cannot recur from itself"}},
		"dismissed, silent":       {domain.IncidentEdit{Status: domain.Some(domain.IncidentDismissed)}, []string{"reason: dismissing an incident needs a reason"}},
		"dismissed":               {domain.IncidentEdit{Status: domain.Some(domain.IncidentDismissed), Reason: "a false alarm"}, nil},
		"control character":       {domain.IncidentEdit{Summary: domain.Some("a\x07b")}, []string{"summary: contains the control character U+0007"}},
		"two at once":             {domain.IncidentEdit{Title: domain.Some(""), Severity: domain.Some(domain.Severity("x"))}, []string{"title: is empty", "severity: not accepted"}},
	} {
		t.Run(name, func(t *testing.T) {
			i := incident(t, domain.IncidentEdit{})
			before := i
			err := i.Edit(c.edit, person(ana), now())
			refused(t, err, c.want...)
			if diff := cmp.Diff(before, i); err != nil && diff != "" {
				t.Errorf("a refused edit changed the incident:\n%s", diff)
			}
		})
	}
}

// TestIncidentTimes: a status sets the instant that belongs to it, once.
func TestIncidentTimes(t *testing.T) {
	i := incident(t, domain.IncidentEdit{})
	step := func(s domain.IncidentStatus, reason string) {
		t.Helper()
		if err := i.Edit(domain.IncidentEdit{Status: domain.Some(s), Reason: reason}, person(ana), now()); err != nil {
			t.Fatal(err)
		}
	}
	step(domain.IncidentMitigated, "")
	step(domain.IncidentResolved, "")
	if !i.MitigatedAt.Equal(now()) || !i.ResolvedAt.Equal(now()) {
		t.Errorf("mitigated %s, resolved %s", i.MitigatedAt, i.ResolvedAt)
	}
	step(domain.IncidentClosed, "")
	if !i.ClosedAt.Equal(now()) {
		t.Errorf("closed %s", i.ClosedAt)
	}
	refused(t, i.Edit(domain.IncidentEdit{Status: domain.Some(domain.IncidentInReview)}, person(ana), now()), "reason: reopening a closed incident needs a reason")
	step(domain.IncidentInReview, "one cause was missed")
	if !i.ClosedAt.IsZero() {
		t.Error("a reopened incident is still closed")
	}
	stated := incident(t, domain.IncidentEdit{ResolvedAt: domain.Some(now().Add(-time.Hour)), Status: domain.Some(domain.IncidentResolved)})
	if !stated.ResolvedAt.Equal(now().Add(-time.Hour)) {
		t.Errorf("a stated instant was replaced by %s", stated.ResolvedAt)
	}
}

func TestIncidentLists(t *testing.T) {
	i := incident(t, domain.IncidentEdit{Services: domain.Some([]string{" orders ", "", "billing", "orders", "a\nb"})})
	if diff := cmp.Diff([]string{"orders", "billing", "a b"}, i.Services); diff != "" {
		t.Error(diff)
	}
}

func TestCheckRecurrence(t *testing.T) {
	at := func(hours int) domain.Incident {
		return domain.Incident{Key: "INC-1", StartedAt: now().Add(time.Duration(hours) * time.Hour)}
	}
	for name, c := range map[string]struct {
		later, earlier domain.Incident
		fine           bool
	}{
		"after":      {at(2), at(1), true},
		"before":     {at(1), at(2), false},
		"at once":    {at(1), at(1), false},
		"no start":   {domain.Incident{}, at(1), true},
		"no earlier": {at(1), domain.Incident{}, true},
	} {
		if err := domain.CheckRecurrence(c.later, c.earlier); (err == nil) != c.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRecurrenceChain: no link may close a circle, whatever the links before;
// a circle that is there already does not hang the check.
func TestRecurrenceChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const size = 6
		of := map[domain.IncidentKey]domain.IncidentKey{}
		find := func(key domain.IncidentKey) (domain.Incident, error) {
			return domain.Incident{Key: key, RecurrenceOf: of[key]}, nil
		}
		key := func(n int) domain.IncidentKey { return domain.IncidentKey(fmt.Sprint("INC-", n)) }
		for range rapid.IntRange(1, 20).Draw(t, "links") {
			later, earlier := key(rapid.IntRange(1, size).Draw(t, "later")), key(rapid.IntRange(1, size).Draw(t, "earlier"))
			start, _ := find(earlier)
			reached := false
			for at, n := earlier, 0; at != "" && n <= size; at, n = of[at], n+1 {
				reached = reached || at == later
			}
			err := domain.CheckRecurrenceChain(later, start, find)
			if (err != nil) != reached {
				t.Fatalf("%s recurs from %s in %v: %v", later, earlier, of, err)
			}
			if err == nil {
				of[later] = earlier
			}
		}
	})
	circle := func(key domain.IncidentKey) (domain.Incident, error) {
		return domain.Incident{Key: key, RecurrenceOf: map[domain.IncidentKey]domain.IncidentKey{"A": "B", "B": "A"}[key]}, nil
	}
	start, _ := circle("A")
	if err := domain.CheckRecurrenceChain("C", start, circle); err != nil {
		t.Error(err)
	}
	lost := errors.New("the disk is gone")
	if err := domain.CheckRecurrenceChain("C", start, func(domain.IncidentKey) (domain.Incident, error) { return domain.Incident{}, lost }); !errors.Is(err, lost) {
		t.Errorf("err = %v", err)
	}
}
