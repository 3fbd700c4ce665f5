package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

var positionPattern = regexp.MustCompile(`"Position": [0-9]+`)

// allReports are every report under one query, as JSON.
func allReports(t *testing.T, a *app.App, by domain.Actor, q app.ReportQuery) map[string]string {
	t.Helper()
	out := map[string]string{}
	put := func(name string, v any, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = string(text)
	}
	completion, err := a.Reports.Completion(t.Context(), by, q)
	put("completion", completion, err)
	overdue, err := a.Reports.Overdue(t.Context(), by, q)
	put("overdue", overdue, err)
	flow, err := a.Reports.Flow(t.Context(), by, q)
	put("flow", flow, err)
	recurrence, err := a.Reports.Recurrence(t.Context(), by, q)
	put("recurrence", recurrence, err)
	effectiveness, err := a.Reports.Effectiveness(t.Context(), by, q)
	put("effectiveness", effectiveness, err)
	quality, err := a.Reports.Quality(t.Context(), by, q)
	put("quality", quality, err)
	compare, err := a.Reports.Compare(t.Context(), by, q, metrics.ByTeam, metrics.ToClosure)
	put("compare", compare, err)
	return out
}

// live does n random things over about as many half days.
func (w *world) live(random *rand.Rand, n int) {
	w.t.Helper()
	var keys []domain.MeasureKey
	var incidents []domain.IncidentKey
	for i := range n {
		w.at = w.at.Add(time.Duration(1+random.IntN(24)) * time.Hour)
		pick := func() domain.MeasureKey { return keys[random.IntN(len(keys))] }
		switch what := random.IntN(10); {
		case what == 0 || len(incidents) == 0:
			edit := domain.IncidentEdit{StartedAt: domain.Some(w.at.Add(-5 * time.Hour)), ResolvedAt: domain.Some(w.at.Add(-time.Hour)),
				Services: domain.Some([]string{fmt.Sprintf("service %d", random.IntN(3))}), Causes: domain.Some([]string{"capacity"}), Severity: domain.Some(domain.SEV2)}
			if len(incidents) > 0 && random.IntN(3) == 0 {
				edit.RecurrenceOf = domain.Some(incidents[random.IntN(len(incidents))])
			}
			incidents = append(incidents, w.incident(edit).Key)
		case what <= 3 || len(keys) == 0:
			keys = append(keys, w.measure(func(m *domain.NewMeasure) {
				m.Priority, m.Incident = domain.Priorities()[random.IntN(4)], incidents[random.IntN(len(incidents))]
				m.Kind = domain.MeasureKinds()[random.IntN(8)]
				if random.IntN(2) == 0 {
					m.Metric = domain.ParseMetric("lag; target at_most 5 min; baseline 40")
				}
			}).Key)
		case what == 4: // some of these are refused, as in life
			_, _ = w.to(pick(), ana, status(domain.Accepted))
		case what == 5:
			_, _ = w.Measures.AddEvidence(w.t.Context(), ana, domain.Evidence{Measure: pick(), Title: "x", URL: "https://example.org"})
		case what == 6:
			_, _ = w.to(pick(), ana, status(domain.Done))
		case what == 7:
			_, _ = w.to(pick(), ben, verdict(domain.Verdicts()[random.IntN(5)]))
		case what == 8:
			_, _ = w.to(pick(), ana, domain.MeasureEdit{DueOn: domain.Some(domain.DateOf(w.at).AddDays(random.IntN(40))), Reason: fmt.Sprintf("move %d", i)})
		case what == 9 && random.IntN(2) == 0:
			_, _ = w.to(pick(), ana, cancelled(domain.WontDo, "no"))
		default:
			_, _ = w.Measures.AddObservations(w.t.Context(), ana, pick(), []domain.Observation{{At: w.at.Add(-time.Hour), Value: float64(random.IntN(60))}})
		}
	}
}

// TestPinnedReports: a report that pins its two times stays the same to the
// byte whatever is edited afterwards, and its live twin was the same.
func TestPinnedReports(t *testing.T) {
	w := newWorld(t)
	random := rand.New(rand.NewPCG(1, 2))
	w.live(random, 250)
	pins := app.ReportQuery{AsOf: w.at, KnownAt: w.at}
	before := allReports(t, w.App, auditor, pins)
	live := allReports(t, w.App, auditor, app.ReportQuery{})
	for name := range before {
		if diff := cmp.Diff(withoutPosition(live[name]), withoutPosition(before[name])); diff != "" {
			t.Errorf("%s differs from its live twin (-live +pinned):\n%s", name, diff)
		}
	}
	// Later: everything moves, people leave, the policy changes.
	w.live(random, 150)
	must(w.People.Edit(t.Context(), admin, "p_ana", 0, "", func(p *domain.Person) { p.Teams = nil }))(t)
	policy := must(w.Policies.Current(t.Context(), admin))(t)
	policy.SLADays = map[domain.Priority]int{domain.P0: 1}
	must(w.Policies.Save(t.Context(), admin, policy, "stricter"))(t)
	for n := range 20 {
		_, _ = w.to(domain.MeasureKey(fmt.Sprintf("M-%d", n+1)), ben, domain.MeasureEdit{Priority: domain.Some(domain.P3), Kind: domain.Some(domain.Repair), Title: domain.Some("Other")})
	}
	after := allReports(t, w.App, auditor, pins)
	for name := range before {
		if diff := cmp.Diff(before[name], after[name]); diff != "" {
			t.Errorf("%s changed (-before +after):\n%s", name, diff)
		}
	}
	if later := allReports(t, w.App, auditor, app.ReportQuery{}); later["overdue"] == before["overdue"] || later["completion"] == before["completion"] {
		t.Error("the live reports did not move, so the test proves nothing")
	}
	// What was written down later about then is seen only when asked for.
	if then := allReports(t, w.App, auditor, app.ReportQuery{AsOf: pins.AsOf, KnownAt: w.at}); len(then) == 0 {
		t.Error("no reports")
	}
}

// TestLiveReports: a portfolio that is brought up to date edit by edit says the
// same as one that is read anew, for every scope.
func TestLiveReports(t *testing.T) {
	w := newWorld(t)
	random := rand.New(rand.NewPCG(3, 4))
	for range 12 {
		w.live(random, 15)
		if random.IntN(3) == 0 {
			w.bulk()
		}
		fresh := app.New(app.Options{Store: w.db, Now: func() time.Time { return w.at }, Zone: time.UTC})
		for _, by := range []domain.Actor{auditor, ana, bea} {
			got, want := allReports(t, w.App, by, app.ReportQuery{}), allReports(t, fresh, by, app.ReportQuery{})
			for name := range want {
				// Rows stand in another order, so sums may differ in their last bit.
				if diff := cmp.Diff(decoded(t, want[name]), decoded(t, got[name]), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
					t.Fatalf("%s of %s (-anew +kept):\n%s", name, by.ID, diff)
				}
			}
		}
	}
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// bulk closes five measures within minutes.
func (w *world) bulk() {
	w.t.Helper()
	for range 5 {
		w.at = w.at.Add(time.Minute)
		must(w.to(w.measure(nil).Key, ana, cancelled(domain.Superseded, "")))(w.t)
	}
}

// TestReportScopes: another team's rows are in nobody's numbers.
func TestReportScopes(t *testing.T) {
	w := newWorld(t)
	m := w.measure(func(n *domain.NewMeasure) { n.DueOn = domain.MustDate("2026-11-26") })
	must(w.Measures.Create(t.Context(), bea, domain.NewMeasure{Title: "Theirs", Team: "t_b", DueOn: domain.MustDate("2026-11-26")}))(t)
	w.at = w.at.AddDate(0, 0, 10)
	count := func(by domain.Actor) int {
		return must(w.Reports.Overdue(t.Context(), by, app.ReportQuery{}))(t).Current.Count
	}
	if a, b, all := count(ana), count(bea), count(auditor); a != 1 || b != 1 || all != 2 {
		t.Errorf("overdue: %d, %d and %d of all", a, b, all)
	}
	pinned := app.ReportQuery{AsOf: w.at.Add(-time.Minute), KnownAt: w.at.Add(-time.Minute)}
	then := func(by domain.Actor) int { return must(w.Reports.Overdue(t.Context(), by, pinned))(t).Current.Count }
	if a, b, all := then(ana), then(bea), then(auditor); a != 1 || b != 1 || all != 2 {
		t.Errorf("pinned overdue: %d, %d and %d of all", a, b, all)
	}
	must(w.to(m.Key, admin, domain.MeasureEdit{Team: domain.Some(domain.TeamID("t_b"))}))(t)
	if a, b := count(ana), count(bea); a != 0 || b != 2 {
		t.Errorf("after it moved: %d and %d", a, b)
	}
	// Both teams have fewer than five people: they are not shown by name.
	for _, g := range must(w.Reports.Overdue(t.Context(), auditor, app.ReportQuery{}))(t).ByTeam {
		if g.Group != metrics.SmallTeams && g.Open > 0 {
			t.Errorf("group %q of fewer than five people is shown", g.Group)
		}
	}
	for name, q := range map[string]app.ReportQuery{"as_of": {AsOf: w.at.Add(time.Hour)}, "known_at": {KnownAt: w.at.Add(time.Hour)}, "policy": {PolicyVersion: 9}} {
		if _, err := w.Reports.Overdue(t.Context(), auditor, q); domain.KindOf(err) != domain.ErrInvalid {
			t.Errorf("%s of the future: %v", name, err)
		}
	}
}

// TestKnownAt: what was written down later is not in a report that pins what
// was known: here, that somebody had left the team.
func TestKnownAt(t *testing.T) {
	w := newWorld(t)
	for n := range 3 { // with ana and ben, and vic who reads, there are six
		must(w.People.Create(t.Context(), admin, domain.Person{Name: fmt.Sprintf("Person %d", n), Role: domain.Member, Teams: []domain.TeamID{"t_a"}}))(t)
	}
	w.measure(nil)
	before := w.at
	w.at = w.at.Add(time.Hour)
	for _, id := range []domain.PersonID{"p_ben", "p_vic"} {
		must(w.People.Edit(t.Context(), admin, id, 0, "", func(p *domain.Person) { p.Teams = nil }))(t)
	}
	w.at = w.at.Add(time.Hour)
	named := func(q app.ReportQuery) bool {
		for _, g := range must(w.Reports.Overdue(t.Context(), auditor, q))(t).ByTeam {
			if g.Group == "t_a" && g.Open == 1 {
				return true
			}
		}
		return false
	}
	if !named(app.ReportQuery{AsOf: w.at.Add(-time.Minute), KnownAt: before}) || named(app.ReportQuery{AsOf: w.at.Add(-time.Minute)}) || named(app.ReportQuery{}) {
		t.Error("the size of the team is not the one that was known")
	}
}

// TestBulkClosures: five measures closed by one person within minutes stand out.
func TestBulkClosures(t *testing.T) {
	w := newWorld(t)
	w.measure(nil)
	if _, err := w.Reports.Quality(t.Context(), auditor, app.ReportQuery{}); err != nil { // a portfolio to be brought up to date
		t.Fatal(err)
	}
	w.bulk()
	fresh := app.New(app.Options{Store: w.db, Now: func() time.Time { return w.at }, Zone: time.UTC})
	for name, a := range map[string]*app.App{"kept": w.App, "anew": fresh} {
		for _, check := range must(a.Reports.Quality(t.Context(), auditor, app.ReportQuery{}))(t).Checks {
			if check.Name == "bulk_closures" && check.Count != 5 {
				t.Errorf("%s: %d bulk closures, want 5", name, check.Count)
			}
		}
	}
}

// TestGauges are what a monitoring system reads.
func TestGauges(t *testing.T) {
	w := newWorld(t)
	w.measure(func(n *domain.NewMeasure) { n.DueOn = domain.MustDate("2026-11-26") })
	w.measure(func(n *domain.NewMeasure) { n.Priority = domain.P4 })
	must(w.Trackers.Create(t.Context(), admin, domain.Tracker{ID: "platform", Kind: domain.GitHub, Flavor: domain.DotCom, BaseURL: "https://api.github.com",
		Repository: "acme/platform"}, domain.Secrets{Credential: "ghp_0123456789abcdef"}))(t)
	if err := w.db.SaveTrackerStatus(t.Context(), domain.TrackerStatus{Tracker: "platform", PolledAt: w.at, Quota: domain.Quota{Limit: 5000, Remaining: 4990}}); err != nil {
		t.Fatal(err)
	}
	w.at = w.at.AddDate(0, 0, 10)
	g := must(w.Reports.Gauges(t.Context()))(t)
	late := []app.LateGauge{{Team: metrics.SmallTeams, Priority: "P1", Open: 1, Overdue: 1, PastPromise: 1}, {Team: metrics.SmallTeams, Priority: "P4", Open: 1}}
	if diff := cmp.Diff(late, g.Late); diff != "" {
		t.Errorf("late (-want +got):\n%s", diff)
	}
	want := []app.TrackerGauge{{Tracker: "platform", Kind: domain.GitHub, Lag: 240 * time.Hour, Synced: true, QuotaLimit: 5000, QuotaLeft: 4990}}
	if diff := cmp.Diff(want, g.Trackers); diff != "" {
		t.Errorf("trackers (-want +got):\n%s", diff)
	}
}

// withoutPosition blanks the one thing in which a live report differs.
func withoutPosition(text string) string {
	return positionPattern.ReplaceAllString(text, `"Position": 0`)
}

// TestSurvivorInheritsInLiveReports: numbers that are brought up to date say the
// same as numbers loaded anew, when a duplicate is closed and when it is reopened.
func TestSurvivorInheritsInLiveReports(t *testing.T) {
	w := newWorld(t)
	duplicate := w.measure(func(n *domain.NewMeasure) { n.DueOn = domain.MustDate("2026-11-26") })
	w.at = w.at.AddDate(0, 0, 1)
	survivor := w.measure(func(n *domain.NewMeasure) { n.DueOn = domain.MustDate("2027-01-31") })
	pastPromise := func() (open, past int) {
		t.Helper()
		live := must(w.Reports.Overdue(t.Context(), auditor, app.ReportQuery{}))(t)
		w.at = w.at.Add(time.Second)
		loaded := must(w.Reports.Overdue(t.Context(), auditor, app.ReportQuery{AsOf: w.at.Add(-time.Millisecond)}))(t)
		if live.Open != loaded.Open || live.PastPromise.Count != loaded.PastPromise.Count {
			t.Errorf("live %d open, %d past; loaded %d, %d", live.Open, live.PastPromise.Count, loaded.Open, loaded.PastPromise.Count)
		}
		return live.Open, live.PastPromise.Count
	}
	w.at = w.at.AddDate(0, 0, 10)
	for n, c := range []struct {
		edit       domain.MeasureEdit
		open, past int
	}{
		{domain.MeasureEdit{Title: domain.Some("Alert on lag")}, 2, 1},
		{domain.MeasureEdit{Status: domain.Some(domain.Cancelled), ClosureReason: domain.Some(domain.Duplicate), DuplicateOf: domain.Some(survivor.Key)}, 1, 1},
		{domain.MeasureEdit{Status: domain.Some(domain.Proposed), Reason: "it is not the same", DueOn: domain.Some(domain.MustDate("2027-01-31"))}, 2, 1},
		{domain.MeasureEdit{Status: domain.Some(domain.Cancelled), ClosureReason: domain.Some(domain.WontDo), Reason: "too dear"}, 1, 0},
	} {
		must(w.to(duplicate.Key, ana, c.edit))(t)
		if open, past := pastPromise(); open != c.open || past != c.past {
			t.Errorf("after step %d: %d open, %d past promise; want %d, %d", n, open, past, c.open, c.past)
		}
		w.at = w.at.Add(time.Hour)
	}
}
