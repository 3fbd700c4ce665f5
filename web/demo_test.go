package web

import (
	"fmt"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// demo fills an installation with a small organisation's history: measures in
// every state, late ones, moved ones and one that came back.
func (w *world) demo() {
	w.t.Helper()
	ctx, by := w.t.Context(), w.actor("admin")
	w.advance(-60 * 24 * time.Hour)
	target, baseline := 5.0, 42.0
	first := w.incident("Replication lag hid writes for forty minutes")
	second := w.incident("Failover left half the fleet on the old primary")
	metric := domain.Metric{Name: "time to detect replication lag", Unit: "min", Baseline: &baseline, Target: &target, Direction: domain.AtMost, WindowDays: 30}
	titles := []string{"Alert on replication lag over 30 s", "Rehearse the failover every quarter", "Name a deputy for the database on-call",
		"Write down who may declare an emergency", "Remove the manual step from the failover script", "Show replication lag on the status page"}
	kinds := []domain.MeasureKind{domain.Detect, domain.Training, domain.Cover, domain.Process, domain.Prevent, domain.Detect}
	var made []domain.Measure
	for n, title := range titles {
		incident := first.Key
		if n%2 == 1 {
			incident = second.Key
		}
		made = append(made, w.newMeasure(domain.NewMeasure{Incident: incident, Title: title, Kind: kinds[n], Priority: domain.Priorities()[n%4],
			Owner: []domain.PersonID{"p_member", "p_admin"}[n%2], Status: domain.Accepted, Metric: metric,
			Description: "Nobody saw that the *replica* was behind.\n\n- page the database on-call\n- link the [runbook](https://wiki.example/lag)"}))
	}
	w.newMeasure(domain.NewMeasure{Title: "Look at the flapping switch in rack 12"})
	edit := func(n int, patch app.MeasurePatch) {
		w.t.Helper()
		m, err := w.app.Measures.Edit(ctx, by, made[n].Key, 0, patch)
		if err != nil {
			w.t.Fatal(err)
		}
		made[n] = m
	}
	w.advance(5 * 24 * time.Hour)
	edit(0, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{Status: domain.Some(domain.InProgress)}})
	edit(0, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{DueOn: domain.Some(made[0].DueOn.AddDays(14)), Reason: "the metrics pipeline is being replaced first"}})
	edit(1, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{Status: domain.Some(domain.InProgress)}})
	edit(4, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{Status: domain.Some(domain.Blocked)}})
	w.advance(10 * 24 * time.Hour)
	if _, err := w.app.Measures.AddEvidence(ctx, by, domain.Evidence{Measure: made[2].Key, Title: "Rota with deputies", URL: "https://wiki.example/rota"}); err != nil {
		w.t.Fatal(err)
	}
	edit(2, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{Status: domain.Some(domain.Done)}})
	edit(2, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{Status: domain.Some(domain.Verified), Verdict: domain.Some(domain.Effective)}})
	for n, value := range []float64{38, 21, 9, 4} {
		_, err := w.app.Measures.AddObservations(ctx, by, made[0].Key, []domain.Observation{{At: w.now().Add(time.Duration(n-5) * time.Hour), Value: value, Note: fmt.Sprintf("drill %d", n+1)}})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	_, err := w.app.Trackers.Create(ctx, by, domain.Tracker{ID: "acme-platform", Kind: domain.GitHub, Flavor: domain.DotCom, BaseURL: "https://api.github.com",
		Repository: "acme/platform", Team: "t_a"}, domain.Secrets{Credential: "ghp_0123456789abcdefghij"})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, _, err := w.app.Access.CreateToken(ctx, by, domain.Token{Name: "dashboard in the hall", Role: domain.Viewer}); err != nil {
		w.t.Fatal(err)
	}
	w.clock.Store(start.UnixNano())
}
