package evidence

import (
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
	b := NewBook(l.now)
	err := l.each(t.Context(), func(r LogRow) error {
		leaf, err := ParseLeaf(r.Leaf)
		record := Record{Index: r.Index, Leaf: leaf}
		if r.Change != nil {
			record.Openings = Openings(leaf, *r.Change, r.Salts)
		}
		b.Add(&record)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range b.Flags() {
		got = append(got, f.Flag+" "+f.Key)
	}
	want := "closed_in_bulk_on_due_date M-1,done_without_evidence M-2,done_without_evidence M-3,verified_by_owner M-1,done_without_evidence M-4,metric_changed_at_closing M-4,due_date_moved_after_expiry M-5"
	if strings.Join(got, ",") != want {
		t.Errorf("flags\n got %s\nwant %s", strings.Join(got, ","), want)
	}
}
