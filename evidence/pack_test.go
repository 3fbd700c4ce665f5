package evidence

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

func TestPackVerifies(t *testing.T) {
	for name, edit := range map[string]func(*Scope){
		"everything": func(*Scope) {},
		"incident":   func(s *Scope) { s.Incident = "INC-1" },
		"team":       func(s *Scope) { s.Team = "t_b" },
		"one day":    func(s *Scope) { s.From, s.To = "2026-03-01", "2026-03-01" },
	} {
		t.Run(name, func(t *testing.T) {
			l := newTestLog(t).story()
			old := l.checkpoint()
			l.set("M-2", "priority", "P1", "P2")
			s := l.scope()
			edit(&s)
			pack := l.pack(s, nil, nil)
			for _, since := range [][]byte{nil, old.Note} {
				v := l.verify(pack, since)
				if v.ExitCode() != 0 {
					t.Fatalf("a pack as it was made: %s", v)
				}
				if hidden := s.Incident != "" || s.Team != ""; (v.Hidden > 0) != hidden {
					t.Errorf("%d subjects hidden", v.Hidden)
				}
			}
			again := l.pack(s, old.Note, nil)
			if v := l.verify(again, old.Note); v.ExitCode() != 0 {
				t.Fatalf("a second pack, with the checkpoint of the first: %s", v)
			}
		})
	}
}

func TestFlags(t *testing.T) {
	l := newTestLog(t).story()
	// An open conflict closes nothing and moves no date.
	for n, c := range []domain.FieldChange{{Field: "status", From: "in_progress", To: "done"}, {Field: "due_on", From: "2026-03-01", To: "2026-09-01"}, {Field: "success_metric", From: "a", To: "b"}} {
		c.Kind = domain.ChangeConflict
		l.change(domain.SubjectMeasure, []string{"M-6", "M-6", "M-3"}[n], c)
	}
	b := l.book()
	var got []string
	for _, f := range b.Flags() {
		got = append(got, f.Flag+" "+f.Key)
	}
	want := "closed_in_bulk_on_due_date M-1,done_without_evidence M-2,done_without_evidence M-3,verified_by_owner M-1,done_without_evidence M-4,metric_changed_at_closing M-4,due_date_moved_after_expiry M-5"
	if strings.Join(got, ",") != want {
		t.Errorf("flags\n got %s\nwant %s", strings.Join(got, ","), want)
	}
}

func (l *testLog) book() *Book {
	l.t.Helper()
	b := NewBook(l.now)
	err := l.each(l.t.Context(), func(r LogRow) error {
		record, err := RecordOf(r)
		b.Add(&record)
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return b
}

// TestTraceHasFindings: the way from an incident to its measures goes over what
// the review found, as it was written last.
func TestTraceHasFindings(t *testing.T) {
	l := newTestLog(t).story()
	found := func() string {
		tr := l.book().Traces()[0]
		out := fmt.Sprint(tr.Incident.Key, " ", tr.Causes, " erased ", tr.Erased)
		for _, f := range tr.Findings {
			out += fmt.Sprintf("; %s (%s) %v", f.Text, f.Cause, f.Measures)
		}
		return out
	}
	if got, want := found(), "INC-1 [a disk ein Kabel The disk <filled>] erased 0; Nobody saw it (The disk <filled>) [M-1 M-3]; No deputy () []"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	l.entry("INC-1", domain.ReviewEntry{ID: "e_3", Section: domain.SectionFinding, Text: "Nobody looked", Measures: []domain.MeasureKey{"M-5"}})
	l.entry("INC-1", domain.ReviewEntry{ID: "e_2"})
	if got, want := found(), "INC-1 [a disk ein Kabel The disk <filled>] erased 0; Nobody looked () [M-5]"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	l.erase(domain.SubjectReview, "INC-1", "entry%2Fe_3")
	if got, want := found(), "INC-1 [a disk ein Kabel The disk <filled>] erased 1"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestPackOfIncidentHasReview: what was found goes with its incident, and with no other.
func TestPackOfIncidentHasReview(t *testing.T) {
	l := newTestLog(t).story()
	l.entry("INC-2", domain.ReviewEntry{ID: "e_9", Section: domain.SectionFinding, Text: "Elsewhere"})
	for name, edit := range map[string]func(*Scope){"incident": func(s *Scope) { s.Incident = "INC-1" }, "team": func(s *Scope) { s.Team = "t_a" }} {
		s := l.scope()
		edit(&s)
		pack := l.pack(s, nil, nil)
		if v := l.verify(pack, nil); v.ExitCode() != 0 {
			t.Fatalf("%s: %s", name, v)
		}
		if !bytes.Contains(pack, []byte("Nobody saw it (cause: The disk &lt;filled&gt;)")) || bytes.Contains(pack, []byte("Elsewhere")) {
			t.Errorf("%s: the findings of its review are missing, or another's are there", name)
		}
	}
}
