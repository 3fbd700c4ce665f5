package chart_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/web/chart"
)

func asOf() time.Time { return time.Date(2026, 6, 3, 10, 0, 0, 0, time.UTC) }

// reports are all results of one organisation.
type reports struct {
	chart.Reports
	plan     []chart.PlanRow
	effectIn metrics.EffectivenessInput
	effect   metrics.EffectivenessReport
	talk     domain.Talk
	said     []domain.Message
	facts    []domain.ReviewEntry
}

func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// sample is a seeded organisation of n measures; name writes every name in it.
func sample(tb testing.TB, n int, name func(string) string) reports {
	tb.Helper()
	r := rand.New(rand.NewPCG(42, uint64(n)))
	s := metrics.NewSnapshot(n)
	incidents := max(1, n/4)
	starts := make([]time.Time, incidents)
	for i := range starts {
		starts[i] = asOf().AddDate(0, 0, -r.IntN(720)-3)
		rec := metrics.IncidentRecord{
			Key: key(i), Severity: domain.Severities()[r.IntN(5)], Started: starts[i], Resolved: starts[i].Add(time.Duration(1+r.IntN(30)) * time.Hour),
			Services: []string{name(fmt.Sprintf("service-%d", i%7))}, Causes: []string{"cause"}, Reviewed: i%3 > 0,
		}
		for back := range i {
			if r.IntN(12) == 0 && starts[back].Add(48*time.Hour).Before(starts[i]) {
				rec.RecurrenceOf = key(back)
				break
			}
		}
		s.PutIncident(rec)
	}
	sizes := map[domain.TeamID]int{}
	for i := range n {
		team := domain.TeamID(name(fmt.Sprintf("team-%d", i%9)))
		sizes[team] = 6
		prio := domain.Priorities()[r.IntN(5)]
		inc := r.IntN(incidents)
		f := life(tb, r, starts[inc], i%9 == 4)
		must[int](tb)(s.Append(metrics.Record{
			Facts: f, Number: i, Incident: key(inc), Kind: domain.MeasureKinds()[r.IntN(8)], Priority: prio, PriorityNow: prio,
			Team: team, TeamNow: team, Flags: metrics.HasOwner | metrics.HasTarget,
		}))
	}
	c := metrics.Cohort{Pins: metrics.Pins{AsOf: asOf(), Policy: domain.DefaultPolicy(), TeamSizes: sizes}}
	out := reports{Reports: must[chart.Reports](tb)(chart.Run(s, c, metrics.RecurrenceInput{}))}
	out.Objectives = map[domain.Priority]float64{domain.P0: 0.9, domain.P1: 0.8, domain.P2: 0.8}
	out.plan = plan(tb, name)
	out.effectIn, out.effect = effect(tb, r, name)
	out.talk, out.said, out.facts = talk(n, name)
	return out
}

func key(i int) domain.IncidentKey { return domain.IncidentKey(fmt.Sprintf("INC-%d", i+1)) }

// life is the history of one measure; slow teams take four times as long.
func life(tb testing.TB, r *rand.Rand, start time.Time, slow bool) metrics.Facts {
	tb.Helper()
	created := start.Add(time.Duration(r.IntN(20*24)+1) * time.Hour)
	if created.After(asOf()) {
		created = asOf().Add(-time.Hour)
	}
	due := domain.DateOf(created).AddDays(20 + r.IntN(60))
	events := []metrics.Event{{At: created, Type: metrics.EventCreated}}
	if r.IntN(10) > 0 {
		events = append(events, metrics.Event{At: created, Type: metrics.EventDueSet, Due: due})
		if r.IntN(4) == 0 {
			events = append(events, metrics.Event{At: created.AddDate(0, 0, 12), Type: metrics.EventDueSet, Due: due.AddDays(30)})
		}
	}
	days := 32 * math.Exp(0.9*r.NormFloat64())
	if slow {
		days *= 4
	}
	end := created.Add(time.Duration(days*24) * time.Hour)
	switch k := r.IntN(20); {
	case k < 3:
		events = append(events, metrics.Event{At: end, Type: metrics.EventCancelled, Reason: domain.WontDo})
	case k < 19:
		events = append(events, metrics.Event{At: end, Type: metrics.EventDone})
	}
	return must[metrics.Facts](tb)(metrics.FactsOf(events, metrics.Cut{AsOf: asOf()}))
}

// plan is one incident with a measure in every state.
func plan(tb testing.TB, name func(string) string) []chart.PlanRow {
	tb.Helper()
	day := func(n int) time.Time { return asOf().AddDate(0, 0, n) }
	due := func(n int) domain.Date { return domain.DateOf(day(n)) }
	row := func(n int, title string, events ...metrics.Event) chart.PlanRow {
		return chart.PlanRow{Key: fmt.Sprintf("M-%d", n), Title: name(title), Facts: must[metrics.Facts](tb)(metrics.FactsOf(events, metrics.Cut{AsOf: asOf()}))}
	}
	created := func(n int) metrics.Event { return metrics.Event{At: day(n), Type: metrics.EventCreated} }
	set := func(n, on int) metrics.Event {
		return metrics.Event{At: day(n), Type: metrics.EventDueSet, Due: due(on)}
	}
	return []chart.PlanRow{
		row(1, "Alert on replication lag over 30 s", created(-80), set(-80, -60), metrics.Event{At: day(-63), Type: metrics.EventDone}, metrics.Event{At: day(-30), Type: metrics.EventVerified, Verdict: domain.Effective}),
		row(2, "Deputy rule for the storage rotation", created(-80), set(-80, -40), metrics.Event{At: day(-20), Type: metrics.EventDone}),
		row(3, "Rehearse the restore from a cold backup", created(-75), set(-75, -30), set(-40, 14)),
		row(4, "Remove the old load balancer", created(-70), set(-70, -10), metrics.Event{At: day(-50), Type: metrics.EventCancelled, Reason: domain.WontDo}),
		row(5, "Decide on a second region", created(-20)),
		row(6, "Runbook from the old wiki", created(-79), set(-79, -50), metrics.Event{At: day(-79), Type: metrics.EventStatusUnknown}),
	}
}

// effect is a success metric that improves after the measure.
func effect(tb testing.TB, r *rand.Rand, name func(string) string) (metrics.EffectivenessInput, metrics.EffectivenessReport) {
	tb.Helper()
	day := func(n int) time.Time { return asOf().AddDate(0, 0, n) }
	target := 5.0
	in := metrics.EffectivenessInput{
		Metric: domain.Metric{Name: name("time to detect replication lag"), Unit: "min", Target: &target, Direction: domain.AtMost, WindowDays: 30},
		Facts:  must[metrics.Facts](tb)(metrics.FactsOf([]metrics.Event{{At: day(-70), Type: metrics.EventCreated}, {At: day(-45), Type: metrics.EventDone}}, metrics.Cut{AsOf: asOf()})),
	}
	for i := -110; i <= 0; i += 4 {
		v := 22 + 5*r.NormFloat64()
		if i > -45 {
			v = 4 + 1.2*r.NormFloat64()
		}
		in.Readings = append(in.Readings, metrics.Reading{At: day(i), Value: math.Round(max(0.5, v)*10) / 10})
	}
	return in, must[metrics.EffectivenessReport](tb)(metrics.Effectiveness(in, asOf()))
}

// pictures are all pictures of the reports, by name.
func (r *reports) pictures(o chart.Options) map[string]chart.Picture {
	all := map[string]chart.Picture{
		"plan":       chart.Plan(r.plan, asOf(), time.UTC, o),
		"run-chart":  chart.RunChart(r.effectIn, r.effect, time.UTC, o),
		"late-weeks": chart.LateWeeks(r.Overdue, o),
		"lanes":      chart.Lanes(r.talk, r.said, r.facts, time.UTC, o),
		"readiness":  r.readiness(o),
	}
	for _, p := range chart.Portfolio(r.Reports, o) {
		all[strings.TrimPrefix(p.ID, "pic-")] = p
	}
	return all
}

// talk is a chat on more channels than fit, with one long silence and one
// statement that diverges.
func talk(n int, name func(string) string) (domain.Talk, []domain.Message, []domain.ReviewEntry) {
	start := asOf().Add(-8 * time.Hour)
	i := domain.Incident{Severity: domain.SEV1, DetectedAt: start, ResolvedAt: asOf()}
	var said []domain.Message
	for k := range n {
		at := start.Add(time.Duration(k) * 3 * time.Hour / time.Duration(n))
		if k%2 == 1 {
			at = at.Add(5 * time.Hour)
		}
		m := domain.Message{Channel: name(fmt.Sprintf("#channel-%d", k%17)), Sender: name("Ana Roth"), Audience: "team", At: at, Statement: name("we are looking into it")}
		if k == 3 {
			m.Diverges = "the status page said all is well"
		}
		said = append(said, m)
	}
	facts := []domain.ReviewEntry{{Section: domain.SectionTimeline, At: start.Add(time.Hour), Text: name("rolled back")}}
	return domain.TalkOf(i, said, domain.DefaultPolicy()), said, facts
}

// readiness is a crisis check with an answer that is held and one area that fell;
// nothing without a portfolio.
func (r *reports) readiness(o chart.Options) chart.Picture {
	if len(r.plan) == 0 {
		return chart.Readiness(chart.ReadinessRow{}, nil, 67, o)
	}
	last := []int{33, 44, 78}
	return chart.Readiness(chart.ReadinessRow{Counted: 52, Claimed: 63, Last: &last[1], Held: 2, Gaps: 5}, []chart.ReadinessRow{
		{Area: "Preparation and plans", Counted: 67, Claimed: 67, Last: &last[0]},
		{Area: "Datensicherung und Wiederherstellung", Counted: 44, Claimed: 78, Last: &last[1], Held: 2, Gaps: 2},
		{Area: "Exercises", Counted: 44, Claimed: 44, Last: &last[2], Gaps: 3},
	}, 67, o)
}
