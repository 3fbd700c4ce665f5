package evidence

import (
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestBookCountsDueDatesAsTheMeasureDoes: taking a date away is no move, and
// neither is a correction.
func TestBookCountsDueDatesAsTheMeasureDoes(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	policy := domain.DefaultPolicy()
	policy.DueGraceHours = 1
	by := domain.Actor{ID: "p_ana", Role: domain.Admin, Scope: domain.Everything(), Source: domain.FromUser}
	m, err := domain.NewMeasure{Title: "x", DueOn: domain.MustDate("2026-09-01")}.Create("id", by, policy, now, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	var rows []domain.FieldChange
	for n, due := range []string{"2026-04-01", "", "2026-04-01", "2026-05-01", "", "2026-05-01", "", "2026-04-01"} {
		before := m
		r := domain.Rules{Policy: policy, Now: now.Add(time.Duration(n) * 2 * time.Hour), Zone: time.UTC}
		if err := m.Edit(domain.MeasureEdit{DueOn: domain.Some(domain.MustDate(due)), Reason: "r"}, by, r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, domain.MeasureChanges(before, m)...)
	}
	item := Item{Fields: map[string]string{}}
	item.apply(&Leaf{Kind: "create"}, "due_on", "2026-09-01")
	for _, c := range rows {
		item.apply(&Leaf{Kind: string(c.Kind)}, c.Field, c.To)
	}
	if m.OriginalDueOn != domain.MustDate("2026-04-01") || m.DueMoves != 2 || item.OriginalDue != m.OriginalDueOn.String() || item.DueMoves != m.DueMoves {
		t.Errorf("the book says %s, %d moves; the measure %s, %d; want 2026-04-01, 2", item.OriginalDue, item.DueMoves, m.OriginalDueOn, m.DueMoves)
	}
}
