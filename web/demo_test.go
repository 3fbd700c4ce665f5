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
	w.review(first.Key)
	w.cameBack(first.Key)
}

// cameBack gives an incident earlier ones that it may recur from, by every rule,
// one of them ruled out.
func (w *world) cameBack(key domain.IncidentKey) {
	w.t.Helper()
	ctx, by := w.t.Context(), w.actor("admin")
	add := func(title string, days int, causes, services []string) domain.IncidentKey {
		w.t.Helper()
		i, err := w.app.Incidents.Create(ctx, by, domain.IncidentEdit{Title: domain.Some(title), StartedAt: domain.Some(start.AddDate(0, 0, -days)), ResolvedAt: domain.Some(start.AddDate(0, 0, 1-days)),
			Causes: domain.Some(causes), Services: domain.Some(services), Team: domain.Some(domain.TeamID("t_a"))})
		if err != nil {
			w.t.Fatal(err)
		}
		return i.Key
	}
	add("The replica fell behind during the backup", 120, []string{"capacity"}, []string{"database"})
	add("Replication lag hid writes in the shop", 200, nil, []string{"shop"})
	drill := add("Replication lag in a drill that hid writes on purpose", 90, nil, nil)
	if _, err := w.app.Incidents.Decide(ctx, w.actor("member"), key, drill, app.Reject, "a drill, not an outage"); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.app.Assessments.Record(ctx, by, domain.Assessment{Period: "2026-Q4", Answer: domain.AssessedFound, Note: "The lag of the replica came back; INC-1 has the measures."}); err != nil {
		w.t.Fatal(err)
	}
}

// review fills the review of an incident and publishes it twice.
func (w *world) review(key domain.IncidentKey) {
	w.t.Helper()
	ctx, by := w.t.Context(), w.actor("admin")
	ok := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	at := func(minutes int) time.Time { return start.Add(-5*time.Hour + time.Duration(minutes)*time.Minute) }
	_, _, err := w.app.Incidents.Edit(ctx, by, key, 0, domain.IncidentEdit{Severity: domain.Some(domain.SEV1), StartedAt: domain.Some(at(0)), DetectedAt: domain.Some(at(20)),
		MitigatedAt: domain.Some(at(150)), ResolvedAt: domain.Some(at(240))})
	ok(err)
	_, err = w.app.Reviews.TakeTimes(ctx, by, key)
	ok(err)
	cause, err := w.app.Reviews.Put(ctx, by, key, 0, domain.ReviewEntry{Section: domain.SectionCause, Text: "Nobody watched the lag of the replica."})
	ok(err)
	for _, e := range []domain.ReviewEntry{
		{Section: domain.SectionTimeline, Kind: domain.KindDecision, At: at(90), Text: "Promote the replica", Source: "#incident-db", Link: "https://chat.example/ops/1"},
		{Section: domain.SectionLesson, Kind: domain.KindWorked, Text: "The runbook was at hand."}, {Section: domain.SectionLesson, Kind: domain.KindLucky, Text: "It was not the end of the month."},
		{Section: domain.SectionRole, Kind: domain.KindIncidentLead, Person: "Ana Admin", Deputy: "Mia Becker", At: at(25), Until: at(200), Text: "handed over for lunch"},
		{Section: domain.SectionFinding, Kind: domain.KindTechnology, Text: "The lag had no alert.", Cause: cause.ID, Measures: []domain.MeasureKey{"M-1"}},
		{Section: domain.SectionFinding, Kind: domain.KindCommFinding, Text: "Customers heard nothing for two hours."},
	} {
		_, err := w.app.Reviews.Put(ctx, by, key, 0, e)
		ok(err)
	}
	_, err = w.app.Reviews.AddMessages(ctx, by, key, "export.zip", []domain.Message{
		{Channel: "#incident-db", Sender: "Ana Admin", Audience: "team", At: at(24), Statement: "The replica is behind; I take the lead."},
		{Channel: "#incident-db", Sender: "Mia Becker", Audience: "team", At: at(31), Statement: "Writes are missing in the shop."},
		{Channel: "status page", Sender: "Support", Audience: "customers", At: at(130), Statement: "All systems are fine.", Diverges: "#incident-db: writes are missing"},
		{Channel: "#incident-db", Sender: "Ana Admin", Audience: "team, management", At: at(151), Statement: "Promoted."},
		{Channel: "mail", Sender: "Support", Statement: "A mail without a date"}})
	ok(err)
	secret, err := w.app.Reviews.OpenFeedback(ctx, by, key)
	ok(err)
	for n := range 5 {
		ok(w.app.Reviews.GiveFeedback(ctx, secret, domain.FeedbackAnswer{Scales: map[string]int{"calm": n%3 + 3, "heard": 4}, Texts: map[string]string{"keep": fmt.Sprintf("The short stand-ups, %d", n)}}))
	}
	for n := range 2 {
		_, err = w.app.Reviews.Edit(ctx, by, key, 0, domain.ReviewEdit{Summary: domain.Some(fmt.Sprintf("Writes were hidden for {duration}; {done} of {measures} measures are done. Take %d.", n+1)),
			SharedWith: domain.Some([]domain.Role{domain.Viewer, domain.Member})})
		ok(err)
		for _, s := range []struct {
			as string
			to domain.ReviewState
		}{{"admin", domain.ReviewInReview}, {"member", domain.ReviewApproved}, {"admin", domain.ReviewPublished}, {"admin", domain.ReviewDraft}} {
			_, err := w.app.Reviews.Step(ctx, w.actor(s.as), key, 0, s.to, "because")
			ok(err)
		}
	}
}
