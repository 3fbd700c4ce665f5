package app_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// TestSuccession: what a person found ineffective is taken over by another
// measure, which says so for ever; the first stays what it was.
func TestSuccession(t *testing.T) {
	w := newWorld(t)
	i := w.incident(domain.IncidentEdit{})
	metric := domain.ParseMetric("lag; target at_most 5 min; baseline 42; window 30 d; verify 2026-12-20")
	first := w.measure(func(n *domain.NewMeasure) { n.Incident, n.Metric = i.Key, metric })
	next := domain.NewMeasure{Title: "Alert on the age of the queue", Succeeds: first.Key}
	refused := func(by domain.Actor, n domain.NewMeasure, why string) {
		t.Helper()
		w.at = w.at.Add(time.Hour)
		before := w.seq()
		if _, err := w.Measures.Create(t.Context(), by, n); domain.KindOf(err) != domain.ErrInvalid || w.seq() != before {
			t.Errorf("%s: %v", why, err)
		}
	}
	refused(ana, next, "not verified")
	w.done(first.Key)
	refused(ana, next, "only claimed done")
	must(w.to(first.Key, ben, verdict(domain.Effective)))(t)
	refused(ana, next, "effective")
	must(w.to(first.Key, ana, domain.MeasureEdit{Status: domain.Some(domain.InProgress), Reason: "it came back"}))(t)
	refused(ana, next, "reopened")
	must(w.to(first.Key, ana, status(domain.Done)))(t)
	w.at = w.at.Add(time.Hour)
	must(w.to(first.Key, ben, verdict(domain.Ineffective)))(t)
	refused(bea, next, "of another team")
	refused(ana, domain.NewMeasure{Title: "x", Succeeds: "M-99"}, "of nothing")

	made := must(w.Measures.Create(t.Context(), ana, next))(t)
	if made.Succeeds != first.Key || made.Incident != i.Key || made.Priority != first.Priority || made.Kind != first.Kind || made.Team != "t_a" || made.Owner != "" ||
		made.Metric.Text() != "lag; target at_most 5 min; baseline 42; window 30 d" || made.Status != domain.Proposed {
		t.Errorf("the successor is %+v", made)
	}
	rows := must(w.Measures.History(t.Context(), ana, made.Key, domain.Page{}))(t).Items
	if fields := must(rows[0].Created())(t); fields["succeeds"] != string(first.Key) {
		t.Errorf("the history says %v", fields)
	}
	view := must(w.Measures.View(t.Context(), ana, first.Key, 50))(t)
	if len(view.Successors) != 1 || view.Successors[0].Key != made.Key || view.Measure.Verdict != domain.Ineffective {
		t.Errorf("the first one shows %v", view.Successors)
	}
	if list := must(w.Measures.List(t.Context(), ana, domain.MeasureFilter{Succeeds: first.Key}, domain.Page{}))(t); len(list.Items) != 1 {
		t.Errorf("%d take over from %s", len(list.Items), first.Key)
	}
	// Statistics: the first was done and did not work, the second is open; one does
	// not stand for the other.
	done := must(w.Reports.Effectiveness(t.Context(), auditor, app.ReportQuery{}))(t)
	got := map[string]int{}
	for _, v := range done.Verification.Verdicts {
		if v.X > 0 {
			got[v.Group] = v.X
		}
	}
	if diff := cmp.Diff(map[string]int{"ineffective": 1}, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if open := must(w.Reports.Overdue(t.Context(), auditor, app.ReportQuery{}))(t).Open; open != 1 {
		t.Errorf("%d open, want the successor", open)
	}
}
