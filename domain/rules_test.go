package domain_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// The people and the day of these tests.
const (
	ana  = domain.PersonID("p_ana")
	boro = domain.PersonID("p_boro")
)

func now() time.Time { return time.Date(2026, 6, 15, 10, 0, 0, 0, time.UTC) }

func rules() domain.Rules {
	return domain.Rules{Policy: domain.DefaultPolicy(), Now: now(), Zone: time.UTC}
}

// person is somebody at the keyboard with every right.
func person(id domain.PersonID) domain.Actor {
	return domain.Actor{ID: string(id), Role: domain.Admin, Scope: domain.Everything(), Source: domain.FromUser}
}

// measure returns a complete accepted measure, changed by the given functions.
func measure(t testing.TB, change ...func(*domain.Measure)) domain.Measure {
	t.Helper()
	m, err := domain.NewMeasure{
		Incident: "INC-1", Title: "Alert on replication lag", Kind: domain.Detect, Priority: domain.P1, Status: domain.Accepted,
		Owner: ana, DueOn: domain.MustDate("2026-07-01"), Metric: domain.ParseMetric("time to detect; target at_most 5 min"),
	}.Create("m1", person(ana), domain.DefaultPolicy(), now().AddDate(0, 0, -10), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	m.Key = "M-1"
	for _, c := range change {
		c(&m)
	}
	return m
}

func status(s domain.Status) func(*domain.Measure) {
	return func(m *domain.Measure) {
		m.Status = s
		switch s {
		case domain.Done:
			m.DoneAt = now().AddDate(0, 0, -1)
		case domain.Verified:
			m.DoneAt, m.VerifiedAt, m.Verdict, m.VerifiedBy = now().AddDate(0, 0, -1), now(), domain.Effective, boro
		case domain.Cancelled:
			m.ClosureReason, m.CancelledAt = domain.Duplicate, now()
		case domain.Proposed, domain.Accepted, domain.InProgress, domain.Blocked:
		}
	}
}

func priority(p domain.Priority) func(*domain.Measure) {
	return func(m *domain.Measure) { m.Priority = p }
}

func evidence(m *domain.Measure) { m.EvidenceCount = 1 }

// refused checks that err names exactly the fields, as "field: part of the
// message"; no want means that it must be nil.
func refused(t *testing.T, err error, want ...string) {
	t.Helper()
	if len(want) == 0 {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var e *domain.Error
	if !errors.As(err, &e) || !errors.Is(err, domain.ErrInvalid) {
		t.Fatalf("err = %v, want a refusal of %q", err, want)
	}
	if len(e.Fields) != len(want) {
		t.Errorf("%d fields refused, want %q: %v", len(e.Fields), want, err)
	}
	for _, w := range want {
		field, part, _ := strings.Cut(w, ": ")
		found := false
		for _, f := range e.Fields {
			found = found || f.Field == field && strings.Contains(f.Message, part)
		}
		if !found {
			t.Errorf("%q is not refused in %q", w, err)
		}
	}
}

// edit applies an edit and makes sure that a refusal changes nothing.
func edit(t *testing.T, m domain.Measure, e domain.MeasureEdit, by domain.Actor) (domain.Measure, error) {
	t.Helper()
	before := m
	err := m.Edit(e, by, rules())
	if err != nil {
		if diff := cmp.Diff(before, m); diff != "" {
			t.Errorf("a refused edit changed the measure:\n%s", diff)
		}
	}
	return m, err
}
