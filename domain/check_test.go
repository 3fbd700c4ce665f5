package domain

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCheckLife(t *testing.T) {
	by := Actor{ID: "p_ana", Role: Member, Scope: Scope{Teams: []TeamID{"t_a"}}, Source: FromUser}
	now := time.Date(2026, 8, 31, 10, 0, 0, 0, time.UTC)
	if _, err := NewCheck("t_b", by, DefaultPolicy(), now); KindOf(err) != ErrInvalid {
		t.Errorf("a check of another team: %v", err)
	}
	c, err := NewCheck("t_a", by, DefaultPolicy(), now)
	if err != nil {
		t.Fatal(err)
	}
	if c.Target != 67 || c.Catalogue != CurrentCatalogue || c.Status != CheckDraft {
		t.Errorf("new check %+v", c)
	}
	if err := c.Finish(by, DefaultPolicy(), now, time.UTC); KindOf(err) != ErrInvalid {
		t.Errorf("finishing without answers: %v", err)
	}
	catalogue, _ := CatalogueVersion(c.Catalogue)
	var all []CheckAnswer
	for _, q := range catalogue.Questions() {
		all = append(all, CheckAnswer{Question: q.ID, Step: 2})
	}
	before := c
	if err := c.Answer(all[3:], by, now); err != nil {
		t.Fatal(err)
	}
	if open := c.Open(catalogue); len(open) != 3 || open[0] != catalogue.Areas[0].Questions[0].ID {
		t.Errorf("open are %v", open)
	}
	if got := len(CheckChanges(before, c)); got != 21 {
		t.Errorf("%d changes for 21 answers", got)
	}
	other := Actor{ID: "p_ben", Role: Member, Source: FromUser}
	if err := c.Answer(all, other, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if a, _ := c.Answered(all[5].Question); a.By != "p_ana" || !a.At.Equal(now) {
		t.Errorf("an answer said again is by %s at %s", a.By, a.At)
	}
	for n, a := range c.Answers {
		if a.Question != all[n].Question {
			t.Fatalf("answer %d is to %s, want the order of the catalogue", n, a.Question)
		}
	}
	before = c
	if err := c.Finish(by, DefaultPolicy(), now, time.UTC); err != nil {
		t.Fatal(err)
	}
	if c.NextOn != MustDate("2027-02-28") || c.Due(MustDate("2027-02-27")) || !c.Due(MustDate("2027-02-28")) {
		t.Errorf("the next check is due on %s", c.NextOn)
	}
	want := []FieldChange{{Kind: ChangeClose, Field: "status", From: "draft", To: "finished"}, {Kind: ChangeField, Field: "next_on", To: "2027-02-28"}}
	if d := cmp.Diff(want, CheckChanges(before, c)); d != "" {
		t.Error(d)
	}
	for name, change := range map[string]func() error{
		"answer":  func() error { return c.Answer(all[:1], by, now) },
		"finish":  func() error { return c.Finish(by, DefaultPolicy(), now, time.UTC) },
		"discard": func() error { return c.Discard(now) },
	} {
		if err := change(); KindOf(err) != ErrConflict {
			t.Errorf("%s on a finished check: %v", name, err)
		}
	}
	if err := before.Discard(now); err != nil || before.Status != CheckDiscarded {
		t.Errorf("discarding a draft: %v, %s", err, before.Status)
	}
}

func TestAnswersAreRefused(t *testing.T) {
	by := Actor{ID: "p_ana", Role: Member, Source: FromUser}
	for name, tt := range map[string]struct {
		answer CheckAnswer
		field  string
	}{
		"unknown question":        {CheckAnswer{Question: "moon.phase", Step: 1}, "answers"},
		"step too high":           {CheckAnswer{Question: restore, Step: 4}, "answers.backups.restore"},
		"step too low":            {CheckAnswer{Question: restore, Step: -1}, "answers.backups.restore"},
		"proven without evidence": {CheckAnswer{Question: restore, Step: 3}, "answers.backups.restore"},
		"a link that is none":     {CheckAnswer{Question: restore, Step: 1, URL: "javascript:alert(1)"}, "answers.backups.restore"},
		"control characters":      {CheckAnswer{Question: restore, Step: 1, Evidence: "a\x00b"}, "answers.backups.restore"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := NewCheck("", by, DefaultPolicy(), checkDay(0))
			if err != nil {
				t.Fatal(err)
			}
			err = c.Answer([]CheckAnswer{{Question: "plans.order", Step: 1}, tt.answer}, by, checkDay(0))
			refusedFields(t, err, tt.field)
			if len(c.Answers) > 0 {
				t.Error("a part was taken")
			}
		})
	}
	c, _ := NewCheck("", by, DefaultPolicy(), checkDay(0))
	if err := c.Answer([]CheckAnswer{{Question: restore, Step: 3, Evidence: "restored on 12 March in 41 min", URL: "https://wiki.example/restore"}}, by, checkDay(0)); err != nil {
		t.Errorf("proven with evidence: %v", err)
	}
	if got := c.Answers[0].text(); got != "3 · restored on 12 March in 41 min · https://wiki.example/restore" {
		t.Errorf("in the history: %q", got)
	}
}

// refusedFields checks that exactly these fields were refused.
func refusedFields(t *testing.T, err error, fields ...string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != ErrInvalid {
		t.Fatalf("got %v, want a refusal", err)
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Field)
	}
	if d := cmp.Diff(fields, got); d != "" {
		t.Error(d)
	}
}
