package metrics_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// chronicle writes history rows of one measure as the store would.
type chronicle struct {
	m    domain.Measure
	rows []domain.Change
}

func (c *chronicle) write(at time.Time, by domain.Attribution, changes ...domain.FieldChange) {
	for _, f := range changes {
		n := int64(len(c.rows) + 1)
		c.rows = append(c.rows, domain.Change{
			Seq: n, Subject: domain.SubjectMeasure, Key: string(c.m.Key), SubjectSeq: n, At: at,
			Kind: f.Kind, Field: f.Field, From: f.From, To: f.To, Attribution: by,
		})
	}
}

func (c *chronicle) change(at time.Time, by domain.Attribution, edit func(*domain.Measure)) {
	before := c.m
	edit(&c.m)
	c.write(at, by, domain.MeasureChanges(before, c.m)...)
}

func TestEventsOfReadsRealHistory(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC) }
	user := domain.Attribution{Source: domain.FromUser, Actor: "p1"}
	c := &chronicle{m: domain.Measure{Key: "M-7", Status: domain.Proposed, DueOn: domain.MustDate("2026-03-20"), CreatedAt: day(1)}}
	c.write(day(1), user, domain.MeasureCreated(c.m))
	c.change(day(2), user, func(m *domain.Measure) { m.Status = domain.Accepted })
	c.change(day(3), user, func(m *domain.Measure) { m.DueOn = domain.MustDate("2026-03-27") })
	c.change(day(4), user, func(m *domain.Measure) { m.Status = domain.InProgress })
	tracker := domain.Attribution{Source: domain.FromGitHub, Actor: "github:octocat", ExternalTime: day(9)}
	c.change(day(10), tracker, func(m *domain.Measure) { m.Status = domain.Done })
	c.change(day(11), user, func(m *domain.Measure) { m.Status = domain.InProgress })
	c.change(day(12), user, func(m *domain.Measure) { m.Status = domain.Done })
	c.change(day(15), user, func(m *domain.Measure) { m.Status, m.Verdict = domain.Verified, domain.Partly })
	c.change(day(16), user, func(m *domain.Measure) { m.Verdict = domain.Effective })
	c.change(day(17), user, func(m *domain.Measure) { m.DueOn = domain.Date{} })
	other := domain.Change{Seq: 99, Subject: domain.SubjectMeasure, Key: "M-8", At: day(5), Kind: domain.ChangeField, Field: "status", To: "cancelled"}

	shuffledRows := append([]domain.Change{other}, c.rows...)
	shuffledRows[1], shuffledRows[5] = shuffledRows[5], shuffledRows[1]
	events, err := metrics.EventsOf(c.m, shuffledRows)
	if err != nil {
		t.Fatal(err)
	}
	type step struct {
		Type    string
		Day     int
		Known   int
		Due     string
		Verdict domain.Verdict
	}
	var got []step
	for _, e := range events {
		s := step{Type: e.Type.String(), Day: e.At.Day(), Due: e.Due.String(), Verdict: e.Verdict}
		if s.Known = s.Day; !e.Recorded.IsZero() {
			s.Known = e.Recorded.Day()
		}
		got = append(got, s)
	}
	want := []step{
		{Type: "created", Day: 1, Known: 1},
		{Type: "due_set", Day: 1, Known: 1, Due: "2026-03-20"},
		{Type: "accepted", Day: 2, Known: 2},
		{Type: "due_set", Day: 3, Known: 3, Due: "2026-03-27"},
		{Type: "started", Day: 4, Known: 4},
		{Type: "done", Day: 9, Known: 10},
		{Type: "reopened", Day: 11, Known: 11},
		{Type: "done", Day: 12, Known: 12},
		{Type: "verified", Day: 15, Known: 15, Verdict: domain.Partly},
		{Type: "note", Day: 16, Known: 16},
		{Type: "verified", Day: 16, Known: 16, Verdict: domain.Effective},
		{Type: "due_cleared", Day: 17, Known: 17},
	}
	// The verdict row of day 15 shows that somebody touched the measure, too.
	var trimmed []step
	for _, s := range got {
		if s.Type != "note" || s.Day != 15 {
			trimmed = append(trimmed, s)
		}
	}
	if d := cmp.Diff(want, trimmed); d != "" {
		t.Error(d)
	}
	f, err := metrics.FactsOf(events, metrics.Cut{AsOf: day(30)})
	if err != nil {
		t.Fatal(err)
	}
	if f.Verdict != domain.Effective || !f.Verified.Equal(day(15)) || f.Reopened != 1 || f.DueMoves != 1 || !f.FirstDone.Equal(day(9)) {
		t.Errorf("facts %+v", f)
	}
}

func TestEventsOfCancelledAndImported(t *testing.T) {
	created, imported := at(t, "2025-01-10T08:00:00Z"), at(t, "2026-01-01T00:00:00Z")
	c := &chronicle{m: domain.Measure{Key: "M-1", Status: domain.Done, CreatedAt: created, DoneAt: at(t, "2025-03-01T00:00:00Z"), Imported: true}}
	c.write(imported, domain.Attribution{Source: domain.FromImport}, domain.MeasureCreated(c.m))
	c.change(at(t, "2026-02-01T00:00:00Z"), domain.Attribution{}, func(m *domain.Measure) { m.Status = domain.Accepted })
	c.change(at(t, "2026-02-03T00:00:00Z"), domain.Attribution{}, func(m *domain.Measure) {
		m.Status, m.ClosureReason = domain.Cancelled, domain.Superseded
	})
	events, err := metrics.EventsOf(c.m, c.rows)
	if err != nil {
		t.Fatal(err)
	}
	f, err := metrics.FactsOf(events, metrics.Cut{AsOf: at(t, "2026-03-01T00:00:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	if !f.Created.Equal(created) || !f.Entry.Equal(imported) || f.State != metrics.StateCancelled || f.Reason != domain.Superseded || f.Reopened != 1 {
		t.Errorf("facts %+v", f)
	}
	// Before the import nobody knew of it, whatever its dates say.
	if _, err := metrics.FactsOf(events, metrics.Cut{AsOf: at(t, "2025-06-01T00:00:00Z")}); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("before the import: error %v, want not found", err)
	}
}

func TestEventsOfRefuses(t *testing.T) {
	m := domain.Measure{Key: "M-1"}
	for name, rows := range map[string][]domain.Change{
		"no rows":        nil,
		"no creation":    {{Subject: domain.SubjectMeasure, Key: "M-1", Kind: domain.ChangeField, Field: "status", To: "done", At: at(t, "2026-01-01T00:00:00Z")}},
		"creation torn":  {{Subject: domain.SubjectMeasure, Key: "M-1", Kind: domain.ChangeCreate, To: "{", At: at(t, "2026-01-01T00:00:00Z")}},
		"bad instant":    {{Subject: domain.SubjectMeasure, Key: "M-1", Kind: domain.ChangeCreate, To: `{"created_at":"yesterday"}`, At: at(t, "2026-01-01T00:00:00Z")}},
		"bad date":       {{Subject: domain.SubjectMeasure, Key: "M-1", Kind: domain.ChangeCreate, To: `{"due_on":"2026-02-30"}`, At: at(t, "2026-01-01T00:00:00Z")}},
		"unknown status": {{Subject: domain.SubjectMeasure, Key: "M-1", Kind: domain.ChangeCreate, To: `{"status":"sleeping"}`, At: at(t, "2026-01-01T00:00:00Z")}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := metrics.EventsOf(m, rows); !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("error %v, want invalid", err)
			}
		})
	}
}

// TestEditsOfOneInstant: a clock that stands still, or a coarse one, does not
// mix two edits; the order of the rows does.
func TestEditsOfOneInstant(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	user := domain.Attribution{Source: domain.FromUser, Actor: "p1"}
	c := &chronicle{m: domain.Measure{Key: "M-7", Status: domain.Accepted, CreatedAt: at}}
	c.write(at, user, domain.MeasureCreated(c.m))
	for _, edit := range []func(*domain.Measure){
		func(m *domain.Measure) { m.Status = domain.Done },
		func(m *domain.Measure) { m.Status, m.Verdict = domain.Verified, domain.Ineffective },
		func(m *domain.Measure) { m.Status, m.Verdict = domain.InProgress, "" },
		func(m *domain.Measure) { m.Status = domain.Done },
		func(m *domain.Measure) { m.Status, m.Verdict = domain.Verified, domain.Effective },
	} {
		c.change(at, user, edit)
	}
	events, err := metrics.EventsOf(c.m, c.rows)
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []domain.Verdict
	for _, e := range events {
		if e.Type == metrics.EventVerified {
			verdicts = append(verdicts, e.Verdict)
		}
	}
	if diff := cmp.Diff([]domain.Verdict{domain.Ineffective, domain.Effective}, verdicts); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// TestCreatedAndVerifiedInOneInstant: the creation's fields do not take the
// verdict of the edit behind it.
func TestCreatedAndVerifiedInOneInstant(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	user := domain.Attribution{Source: domain.FromUser, Actor: "p1"}
	c := &chronicle{m: domain.Measure{Key: "M-7", Status: domain.Done, CreatedAt: at}}
	c.write(at, user, domain.MeasureCreated(c.m))
	c.change(at, user, func(m *domain.Measure) { m.Status, m.Verdict = domain.Verified, domain.Ineffective })
	events, err := metrics.EventsOf(c.m, c.rows)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Type == metrics.EventVerified && e.Verdict != domain.Ineffective {
			t.Errorf("verdict %q, want %q", e.Verdict, domain.Ineffective)
		}
	}
}

// TestRowsThatSetNothing: an open conflict holds both values and an erasure a
// number; neither moves the measure, and none can make its history unreadable.
func TestRowsThatSetNothing(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for name, row := range map[string]domain.FieldChange{
		"conflict on the status, done": {Kind: domain.ChangeConflict, Field: "status", From: "in_progress", To: "done"},
		"conflict on the status, open": {Kind: domain.ChangeConflict, Field: "status", From: "in_progress", To: "open"},
		"conflict on the due date":     {Kind: domain.ChangeConflict, Field: "due_on", To: "2026-04-01"},
		"erased statuses":              {Kind: domain.ChangeErase, Field: "status", To: "3"},
	} {
		t.Run(name, func(t *testing.T) {
			c := &chronicle{m: domain.Measure{Key: "M-7", Status: domain.InProgress, CreatedAt: at}}
			c.write(at, domain.Attribution{}, domain.MeasureCreated(c.m))
			c.write(at.Add(time.Hour), domain.Attribution{}, row)
			events, err := metrics.EventsOf(c.m, c.rows)
			if err != nil {
				t.Fatal(err)
			}
			if last := events[len(events)-1].Type; last != metrics.EventNote {
				t.Errorf("the row became event %v", last)
			}
		})
	}
}
