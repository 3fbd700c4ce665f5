package web

import (
	"fmt"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/browsertest"
)

// many fills an installation with history: two thirds done, the others open
// and mostly late, some with long titles.
func (w *world) many(incidents, measures int) {
	w.t.Helper()
	batch := domain.ImportBatch{File: "many.csv"}
	for n := range incidents {
		batch.Incidents = append(batch.Incidents, domain.ImportIncident{Line: n + 1, Incident: domain.Incident{Title: fmt.Sprintf("Incident %d", n), ExternalID: fmt.Sprintf("X-%d", n),
			StartedAt: start.AddDate(0, 0, -n%700), CreatedAt: start.AddDate(0, 0, -n%700)}})
	}
	for n := range measures {
		created := start.AddDate(0, 0, -n%600)
		due := domain.DateOf(created.AddDate(0, 0, 30))
		m := domain.Measure{Title: title(n), Kind: domain.MeasureKinds()[n%8], Priority: domain.Priorities()[n%5], Owner: "p_member",
			Status: domain.Accepted, DueOn: due, OriginalDueOn: due, CreatedAt: created}
		if n%3 != 0 {
			m.Status, m.DoneAt = domain.Done, created.AddDate(0, 0, 20)
		}
		if m.DoneAt.After(start) {
			m.Status, m.DoneAt = domain.Accepted, time.Time{}
		}
		batch.Measures = append(batch.Measures, domain.ImportMeasure{Line: n + 1, Measure: m, IncidentID: fmt.Sprintf("X-%d", n%incidents)})
	}
	if _, err := w.app.Imports.Run(w.t.Context(), w.actor("admin"), batch, false); err != nil {
		w.t.Fatal(err)
	}
}

func title(n int) string {
	if n%17 == 0 {
		return fmt.Sprintf("Measure number %d of many, whose title is long because it says in one sentence what is to change, where, and by whom it was asked for: Betriebsführungsvereinbarungsüberprüfung", n)
	}
	return fmt.Sprintf("Measure number %d of many", n)
}

// Lists and pictures look as they should with nothing and with 10,000 rows.
func TestNoneAndManyInChromium(t *testing.T) {
	for name, fill := range map[string]func(*world){"none": func(*world) {}, "many": func(w *world) { w.many(400, 10_000) }} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			fill(w)
			c := browsertest.New(t, w.http.URL, "de")
			c.Open("/sign-in")
			signIn(c, "admin")
			for _, p := range []namedPage{{"dashboard", "/"}, {"measures", "/measures"}, {"incidents", "/incidents"}, {"statistics", "/statistics"}, {"conflicts", "/conflicts"}, {"trackers", "/trackers"}, {"mine", "/mine"}, {"views", "/views"}} {
				c.Open(p.path)
				for _, width := range []int64{390, 1024, 1600} {
					c.Shot(fmt.Sprintf("%s-%s-%d", name, p.name, width), width, false)
					c.NotWider(fmt.Sprintf("%s at %d with %s", p.path, width, name))
				}
				c.Accessible(p.path + " with " + name)
				c.Clean(p.path)
			}
		})
	}
}
