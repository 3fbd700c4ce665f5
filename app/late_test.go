package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/store"
)

// lateStore counts how often the database is asked for the counts.
type lateStore struct {
	*store.DB
	asked int
}

func (s *lateStore) LateCounts(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, soon int) ([]domain.LateCount, error) {
	s.asked++
	return s.DB.LateCounts(ctx, scope, filter, soon)
}

// counting is the program with live statistics at hand.
func (w *world) counting() (*app.App, *lateStore) {
	db := &lateStore{DB: w.db}
	a := app.New(app.Options{Store: db, Now: func() time.Time { return w.at }, Zone: time.UTC})
	if err := a.Reports.Refresh(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return a, db
}

// step does something that may change the counts; some of it is refused, as in life.
func (w *world) step(r *rand.Rand, keys []domain.MeasureKey, incident domain.IncidentKey) []domain.MeasureKey {
	day := func() domain.Date { return domain.DateOf(w.at).AddDays(r.IntN(130) - 10) }
	if len(keys) == 0 || r.IntN(5) == 0 {
		n := domain.NewMeasure{Title: fmt.Sprintf("Measure %d", len(keys)), Priority: domain.Priorities()[r.IntN(5)], Kind: domain.Detect, Owner: "p_ana",
			Metric: domain.Metric{NotMeasurable: "a one-off clean-up"}}
		n.Team = []domain.TeamID{"", "t_a", "t_b"}[r.IntN(3)]
		if r.IntN(3) > 0 {
			n.DueOn = day()
		}
		if r.IntN(2) == 0 {
			n.Incident = incident
		}
		if m, err := w.Measures.Create(w.t.Context(), admin, n); err == nil {
			keys = append(keys, m.Key)
		}
		return keys
	}
	key := keys[r.IntN(len(keys))]
	edit := func(by domain.Actor, e domain.MeasureEdit) { _, _ = w.to(key, by, e) }
	switch r.IntN(11) {
	case 0, 1:
		edit(admin, domain.MeasureEdit{DueOn: domain.Some(day()), Reason: "later"})
	case 2:
		edit(admin, domain.MeasureEdit{DueOn: domain.Some(domain.Date{}), Reason: "no date"})
	case 3:
		edit(admin, domain.MeasureEdit{Priority: domain.Some(domain.Priorities()[r.IntN(5)])})
	case 4:
		edit(admin, domain.MeasureEdit{Team: domain.Some([]domain.TeamID{"", "t_a", "t_b"}[r.IntN(3)])})
	case 5:
		edit(admin, domain.MeasureEdit{Incident: domain.Some([]domain.IncidentKey{"", incident}[r.IntN(2)])})
	case 6:
		edit(admin, status(domain.Statuses()[r.IntN(6)]))
	case 7:
		edit(admin, cancelled(domain.ClosureReasons()[r.IntN(5)], "not worth it"))
	case 8:
		edit(admin, domain.MeasureEdit{Status: domain.Some(domain.InProgress), Reason: "not yet"})
	case 9:
		edit(ben, verdict(domain.Effective))
	case 10:
		m := domain.Measure{Title: "Imported", Team: "t_a", CreatedAt: w.at.AddDate(0, 0, -r.IntN(60)), Priority: domain.Priorities()[r.IntN(5)], DueOn: day(), Status: domain.Accepted}
		batch := domain.ImportBatch{File: "x.csv", Measures: []domain.ImportMeasure{{Measure: m, Line: 2, StatusUnknown: r.IntN(2) == 0}}}
		if result, err := w.Imports.Run(w.t.Context(), admin, batch, false); err == nil {
			keys = append(keys, result.Measures...)
		}
	}
	return keys
}

// TestLateCountsOfTheStatistics: what the live statistics count is what the
// database counts, whatever happened, for everybody and with every choice.
func TestLateCountsOfTheStatistics(t *testing.T) {
	for seed := range uint64(6) {
		w, r := newWorld(t), rand.New(rand.NewPCG(seed, 3))
		live, db := w.counting()
		c := w.check(ana, "t_a", 0)
		must(w.Checks.AddMeasure(t.Context(), ana, c.Key, app.CheckMeasure{Question: restore}))(t)
		incident := w.incident(domain.IncidentEdit{}).Key
		var keys []domain.MeasureKey
		open := 0
		for n := range 250 {
			w.at = w.at.Add(time.Duration(1+r.IntN(9)) * time.Hour)
			keys = w.step(r, keys, incident)
			if n%10 > 0 {
				continue
			}
			for _, by := range []domain.Actor{admin, ana, bea} {
				for name, filter := range map[string]domain.MeasureFilter{
					"all": {}, "a team": {Team: []domain.TeamID{"t_b"}}, "two priorities": {Priority: []domain.Priority{domain.P0, domain.P3}},
				} {
					for _, ahead := range []int{0, 40} {
						filter.Today = domain.DateOf(w.at).AddDays(ahead)
						want := must(w.db.LateCounts(t.Context(), by.Scope, filter, app.SoonDays))(t)
						got := must(live.Measures.Late(t.Context(), by, filter))(t)
						if diff := cmp.Diff(want, got); diff != "" {
							t.Fatalf("seed %d, step %d, %s, %s, in %d days (-database +statistics):\n%s", seed, n, by.ID, name, ahead, diff)
						}
						for _, c := range got {
							open += c.Open
						}
					}
				}
			}
		}
		if db.asked > 0 || open == 0 {
			t.Errorf("the database was asked %d times; %d open measures were counted", db.asked, open)
		}
	}
}

// TestLateCountsFromTheDatabase: without live statistics, and where they do not
// know the answer.
func TestLateCountsFromTheDatabase(t *testing.T) {
	w := newWorld(t)
	w.measure(nil)
	live, db := w.counting()
	if got := must(live.Measures.Late(t.Context(), ana, domain.MeasureFilter{Owner: "p_ben"}))(t); len(got) != 0 || db.asked != 1 {
		t.Errorf("of another owner: %v after %d questions", got, db.asked)
	}
	cold := &lateStore{DB: w.db}
	a := app.New(app.Options{Store: cold, Now: func() time.Time { return w.at }, Zone: time.UTC})
	if got := must(a.Measures.Late(t.Context(), ana, domain.MeasureFilter{}))(t); len(got) != 1 || cold.asked != 1 {
		t.Errorf("before the first fold: %v after %d questions", got, cold.asked)
	}
}

// TestWrittenByAFastClock: what another process wrote a moment ahead of this
// one's clock counts at once, and not only after its next change.
func TestWrittenByAFastClock(t *testing.T) {
	w := newWorld(t)
	live, db := w.counting()
	w.at = w.at.Add(time.Second)
	w.measure(nil)
	w.at = w.at.Add(-time.Second)
	for range 2 {
		if got := must(live.Measures.Late(t.Context(), ana, domain.MeasureFilter{}))(t); len(got) != 1 || got[0].Open != 1 || db.asked > 0 {
			t.Errorf("%+v is open, after %d questions to the database", got, db.asked)
		}
		w.at = w.at.Add(time.Minute)
	}
}
