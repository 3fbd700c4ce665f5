package metrics_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// TestDueDatesAreFoldedAsTheyWereCounted: whatever people and trackers do with a
// due date, corrections within the grace included, the history tells the same
// promise and the same number of moves that the measure counted.
func TestDueDatesAreFoldedAsTheyWereCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		policy := domain.DefaultPolicy()
		policy.DueGraceHours = rapid.IntRange(0, 3).Draw(t, "grace")
		dates := rapid.SampledFrom([]domain.Date{{}, domain.MustDate("2026-04-01"), domain.MustDate("2026-04-08"), domain.MustDate("2026-05-01")})
		by := domain.Actor{ID: "p_ana", Role: domain.Admin, Scope: domain.Everything(), Source: domain.FromUser}
		m, err := domain.NewMeasure{Title: "x", DueOn: dates.Draw(t, "first")}.Create("id", by, policy, now, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		m.Key = "M-1"
		c := &chronicle{m: m}
		c.write(now, domain.Attribution{}, domain.MeasureCreated(m))
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(1, 120).Draw(t, "minutes")) * time.Minute)
			due := dates.Draw(t, "due")
			c.change(now, domain.Attribution{}, func(m *domain.Measure) {
				if rapid.Bool().Draw(t, "tracker") {
					err = m.Receive([]domain.FieldUpdate{{Field: domain.FieldDueOn, Value: due.String()}}, domain.Attribution{Source: domain.FromJira}, now)
				} else {
					err = m.Edit(domain.MeasureEdit{DueOn: domain.Some(due), Reason: "r"}, by, domain.Rules{Policy: policy, Now: now, Zone: time.UTC})
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		events, err := metrics.EventsOf(c.m, c.rows)
		if err != nil {
			t.Fatal(err)
		}
		f, err := metrics.FactsOf(events, metrics.Cut{AsOf: now})
		if err != nil {
			t.Fatal(err)
		}
		if f.Original.Date != c.m.OriginalDueOn || f.Current.Date != c.m.DueOn || f.DueMoves != c.m.DueMoves {
			t.Fatalf("folded %s, promised %s, %d moves; counted %s, %s, %d", f.Current.Date, f.Original.Date, f.DueMoves, c.m.DueOn, c.m.OriginalDueOn, c.m.DueMoves)
		}
	})
}

// TestACorrectedDateWasPromisedAtOnce: the promise is as old as the wrong date.
func TestACorrectedDateWasPromisedAtOnce(t *testing.T) {
	created := at(t, "2026-03-01T09:00:00Z")
	f, err := metrics.FactsOf([]metrics.Event{
		{Type: metrics.EventCreated, At: created},
		{Type: metrics.EventDueSet, At: created, Due: domain.MustDate("2026-09-01")},
		{Type: metrics.EventDueCorrected, At: created.Add(time.Hour), Due: domain.MustDate("2026-03-02")},
		{Type: metrics.EventDueSet, At: created.Add(time.Hour), Due: domain.MustDate("2026-03-02")},
	}, metrics.Cut{AsOf: at(t, "2026-03-10T00:00:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	if f.Original.Date != domain.MustDate("2026-03-02") || !f.Original.Set.Equal(created) || f.DueMoves+f.LateMoves != 0 || f.DaysOverdue(f.Original, at(t, "2026-03-10T00:00:00Z")) != 8 {
		t.Errorf("facts %+v", f)
	}
}
