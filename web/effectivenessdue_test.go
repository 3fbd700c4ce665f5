package web

import (
	"strings"
	"testing"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// What waits for a verdict is a filter of the list, and counted among one's own.
func TestEffectivenessDueIsListed(t *testing.T) {
	w := newWorld(t)
	ctx, by := t.Context(), w.actor("member")
	m, err := w.app.Measures.Create(ctx, by, domain.NewMeasure{Title: "Rotate the keys", Kind: domain.Prevent, Priority: domain.P2, Owner: domain.PersonID(by.ID),
		Metric: domain.ParseMetric("leaks; target at_most 0; verify " + domain.DateOf(w.now().In(w.app.Zone)).String())})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.app.Measures.AddEvidence(ctx, by, domain.Evidence{Measure: m.Key, Title: "Runbook", URL: "https://example.org"}); err != nil {
		t.Fatal(err)
	}
	b := w.as("member")
	for _, step := range []domain.Status{domain.Accepted, domain.Done} {
		b.get("/mine").want(200).says("0effectiveness to check")
		if text := b.get("/measures?effectiveness_due=true").want(200).text(); strings.Contains(text, m.Title) {
			t.Errorf("due before it is done:\n%s", text)
		}
		if _, err := w.app.Measures.Edit(ctx, by, m.Key, 0, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{Status: domain.Some(step)}}); err != nil {
			t.Fatal(err)
		}
	}
	b.get("/mine").want(200).says("1effectiveness to check")
	b.get("/measures?effectiveness_due=true").want(200).says(m.Title)
	if text := b.get("/measures?effectiveness_due=false").want(200).text(); strings.Contains(text, m.Title) {
		t.Errorf("due, and among those that are not:\n%s", text)
	}
	b.get("/measures?effectiveness_due=soon").want(422)
}
