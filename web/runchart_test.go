package web

import (
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// The picture of a success metric leaves out what the policy of the measure
// calls roll-out, and stays when the history is longer than the page: every
// reading is a row of it.
func TestRunChart(t *testing.T) {
	w := newWorld(t)
	ctx, by := t.Context(), w.actor("member")
	policy, err := w.app.Policies.Current(ctx, w.actor("admin"))
	if err != nil {
		t.Fatal(err)
	}
	policy.Windows.RollOut = 20
	if _, err := w.app.Policies.Save(ctx, w.actor("admin"), policy, ""); err != nil {
		t.Fatal(err)
	}
	m, err := w.app.Measures.Create(ctx, by, domain.NewMeasure{Title: "Alert on lag", Kind: domain.Detect, Priority: domain.P2, Owner: domain.PersonID(by.ID),
		Metric: domain.ParseMetric("time to detect; target at_most 5 min; baseline 42")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.app.Measures.AddEvidence(ctx, by, domain.Evidence{Measure: m.Key, Title: "Runbook", URL: "https://example.org"}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []domain.Status{domain.Accepted, domain.Done} {
		if _, err := w.app.Measures.Edit(ctx, by, m.Key, 0, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{Status: domain.Some(step)}}); err != nil {
			t.Fatal(err)
		}
	}
	observe := func(n int) {
		var values []domain.Observation
		for i := range n {
			values = append(values, domain.Observation{At: w.now().Add(-time.Duration(i+1) * time.Minute), Value: 4})
		}
		if _, err := w.app.Measures.AddObservations(ctx, by, m.Key, values); err != nil {
			t.Fatal(err)
		}
	}
	lead := func() string {
		return strings.TrimSpace(w.as("member").get(measurePath(m.Key)).want(200).doc().Find(".pic-lead").Text())
	}
	w.advance(15 * 24 * time.Hour) // within the roll-out of 20 days, after the shipped one of 7
	observe(6)
	short := lead()
	if short == "" || strings.Contains(short, "6 ") {
		t.Errorf("readings of the roll-out count: %q", short)
	}
	w.advance(10 * 24 * time.Hour)
	observe(7)
	before := lead()
	if before == short || !strings.Contains(before, "7 ") {
		t.Errorf("after the roll-out: %q", before)
	}
	for n := range storyLength { // a history longer than the page
		if _, err := w.app.Measures.Edit(ctx, by, m.Key, 0, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{Title: domain.Some("Alert on lag " + time.Duration(n).String())}}); err != nil {
			t.Fatal(err)
		}
	}
	if after := lead(); after != before {
		t.Errorf("with a long history the picture says %q, before %q", after, before)
	}
}
