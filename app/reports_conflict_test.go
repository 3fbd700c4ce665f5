package app_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// TestOpenConflictsMoveNothing: while a person is asked, the tracker's side of a
// conflict is in no figure, in no register and in no incident's counts; and a
// report pinned before it, or while it was open, keeps its bytes whatever is
// decided afterwards.
func TestOpenConflictsMoveNothing(t *testing.T) {
	for name, c := range map[string]domain.Conflict{
		"the tracker says done":             {Field: domain.FieldStatus, Base: "in_progress", Ours: "in_progress", Theirs: "done"},
		"the tracker says another due date": {Field: domain.FieldDueOn, Base: "2026-11-26", Ours: "2026-11-26", Theirs: "2027-03-01"},
		"a status that nobody here knows":   {Field: domain.FieldStatus, Base: "in_progress", Ours: "in_progress", Theirs: "Ready for QA"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			now := w.at
			incident := w.incident(domain.IncidentEdit{StartedAt: domain.Some(now.Add(-5 * time.Hour)), ResolvedAt: domain.Some(now.Add(-time.Hour))})
			m := w.measure(func(n *domain.NewMeasure) { n.Incident, n.DueOn = incident.Key, domain.MustDate("2026-11-26") })
			must(w.to(m.Key, ana, status(domain.Accepted)))(t)
			m = must(w.to(m.Key, ana, status(domain.InProgress)))(t)
			w.at = w.at.AddDate(0, 0, 3) // past the date
			link := w.link(m)
			pins := app.ReportQuery{AsOf: w.at, KnownAt: w.at}
			before, counts := said(t, w, pins), w.rollup(incident.Key)
			register := w.register()
			if pinned := allReports(t, w.App, auditor, pins); pinned["overdue"] != before["overdue"] {
				t.Fatal("the reports of one instant differ")
			}

			w.dispute(link, m, c) // in the same instant, so that only the row itself can move a figure
			live, counted := said(t, w, app.ReportQuery{}), w.rollup(incident.Key)
			for report := range before {
				if diff := cmp.Diff(withoutPosition(before[report]), withoutPosition(live[report])); diff != "" {
					t.Errorf("%s moved (-before +open):\n%s", report, diff)
				}
			}
			if diff := cmp.Diff(counts, counted); diff != "" {
				t.Errorf("the incident's counts moved:\n%s", diff)
			}
			if after := w.register(); after != register {
				t.Errorf("the register moved:\n%s", cmp.Diff(register, after))
			}

			w.at = w.at.Add(time.Hour)
			open := app.ReportQuery{AsOf: w.at, KnownAt: w.at}
			while := allReports(t, w.App, auditor, open)
			w.at = w.at.Add(time.Hour)
			waiting := must(w.Conflicts.List(t.Context(), ana, domain.ConflictFilter{}, domain.Page{}))(t).Items
			if len(waiting) != 1 {
				t.Fatalf("%d conflicts wait, want 1", len(waiting))
			}
			choice := domain.ChooseTheirs
			if c.Theirs == "Ready for QA" {
				choice = domain.ChooseOurs
			}
			must(w.Conflicts.Resolve(t.Context(), ana, waiting[0].ID, 0, choice, nil, ""))(t)
			for report, want := range while {
				if got := allReports(t, w.App, auditor, open)[report]; got != want {
					t.Errorf("%s pinned while it was open changed:\n%s", report, cmp.Diff(want, got))
				}
				if got := allReports(t, w.App, auditor, pins)[report]; got != before[report] {
					t.Errorf("%s pinned before it changed:\n%s", report, cmp.Diff(before[report], got))
				}
			}
			if moved := allReports(t, w.App, auditor, app.ReportQuery{AsOf: w.at}); choice == domain.ChooseTheirs && moved["overdue"] == while["overdue"] {
				t.Error("the decision moved nothing either, so the test proves nothing")
			}
		})
	}
}

// said is every report, read by an App that has kept nothing.
func said(t *testing.T, w *world, q app.ReportQuery) map[string]string {
	t.Helper()
	now := w.at
	return allReports(t, app.New(app.Options{Store: w.db, Now: func() time.Time { return now }, Zone: time.UTC}), auditor, q)
}

func (w *world) rollup(key domain.IncidentKey) domain.Rollup {
	w.t.Helper()
	r, _, err := w.Reports.Rollup(w.t.Context(), auditor, key)
	return must(r, err)(w.t)
}

// register is the register of measures without its last column, the number of
// the row that was read last.
func (w *world) register() string {
	w.t.Helper()
	return regexp.MustCompile(`(?m),[^,]*$`).ReplaceAllString(w.registerCSV(time.Time{}), "")
}
