package metrics

import (
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// flowWeeks is how many weeks a flow report looks back.
const flowWeeks = 26

// FlowWeek is one ISO week of the organisation's zone.
type FlowWeek struct {
	Monday     domain.Date
	Year, Week int
	Arrivals   int // created + reopened
	Departures int // done + cancelled
	OpenAtEnd  int
	Complete   bool // false for the week that as_of lies in
}

// AgeingGroup compares the age of open measures with how long closing usually
// takes at their priority.
type AgeingGroup struct {
	Priority domain.Priority
	Open     int
	P50, P85 Figure // time to closure, days
	Old      int    // open and older than P85; 0 when P85 is not shown
	AgesDays []float64
}

// FlowReport is arrivals, departures and ageing (A10).
type FlowReport struct {
	Cohort Cohort
	Weeks  []FlowWeek
	Little Little // over the complete weeks
	Ageing []AgeingGroup
}

// maxAges bounds the open items listed per priority; beyond it evenly spaced
// order statistics stand for them.
const maxAges = 400

// Flow counts what came in and went out per ISO week over the last 26 weeks,
// checks Little's identity over the complete ones and ages the open measures.
// Errors as Completion.
func Flow(s *Snapshot, c Cohort) (FlowReport, error) {
	sel, err := s.begin(&c)
	if err != nil {
		return FlowReport{}, err
	}
	r := FlowReport{Cohort: c}
	weeks := newWeeks(c.AsOf, c.zone(), flowWeeks)
	arrivals, departures, little := s.weekly(sel.rows, weeks)
	r.Little = little
	open := little.OpenAtStart
	for i, monday := range weeks.mondays {
		open += arrivals[i] - departures[i]
		year, week := time.Date(monday.Year, monday.Month, monday.Day, 12, 0, 0, 0, time.UTC).ISOWeek()
		r.Weeks = append(r.Weeks, FlowWeek{monday, year, week, arrivals[i], departures[i], open, i < len(weeks.mondays)-1})
	}
	r.Ageing = s.ageing(sel.rows, c.asOf())
	return r, nil
}

// weeks are the ISO weeks up to as_of; the last one is not complete.
type weeks struct {
	mondays []domain.Date
	starts  []int64 // first instants, ms
	asOf    int64
}

func newWeeks(asOf time.Time, zone *time.Location, complete int) weeks {
	today := domain.DateOf(asOf.In(zone))
	monday := today.AddDays(-((int(asOf.In(zone).Weekday()) + 6) % 7))
	w := weeks{asOf: asOf.UnixMilli()}
	for i := complete; i >= 0; i-- {
		d := monday.AddDays(-7 * i)
		w.mondays = append(w.mondays, d)
		w.starts = append(w.starts, d.Start(zone).UnixMilli())
	}
	return w
}

// at is the week of an instant, -1 before the first or after as_of.
func (w *weeks) at(ms int64) int {
	if ms < w.starts[0] || ms > w.asOf {
		return -1
	}
	const week = 7 * msPerDay
	i := min(int((ms-w.starts[0])/week), len(w.starts)-1)
	for i > 0 && ms < w.starts[i] { // a clock change moves Mondays by an hour
		i--
	}
	for i+1 < len(w.starts) && ms >= w.starts[i+1] {
		i++
	}
	return i
}

// weekly counts arrivals and departures, and Little's identity over the complete
// weeks.
func (s *Snapshot) weekly(rows []int32, w weeks) (arrivals, departures []int, little Little) {
	arrivals, departures = make([]int, len(w.starts)), make([]int, len(w.starts))
	start, end := w.starts[0], w.starts[len(w.starts)-1]
	little.Window = time.Duration(end-start) * time.Millisecond
	var line timeline
	for _, row := range rows {
		if s.flags[row]&impossibleRow != 0 {
			continue
		}
		s.timeline(row, &line)
		for _, sp := range line.spells {
			if i := w.at(sp.in); i >= 0 {
				arrivals[i]++
			}
			if sp.out != never {
				if i := w.at(sp.out); i >= 0 {
					departures[i]++
				}
			}
			little.add(sp.in, sp.out, sp.out == never, start, end)
		}
	}
	little.AverageOpen = little.TotalOpen.Seconds() / little.Window.Seconds()
	return arrivals, departures, little
}

func (s *Snapshot) ageing(rows []int32, asOf int64) []AgeingGroup {
	byPriority := make([][]int32, len(domain.Priorities())+1)
	for _, row := range rows {
		byPriority[s.prio[row]] = append(byPriority[s.prio[row]], row)
	}
	var groups []AgeingGroup
	for i, name := range enumNames(domain.Priorities()) {
		if len(byPriority[i]) == 0 {
			continue
		}
		e := s.timesToEnd(byPriority[i], asOf)
		closure := kaplanMeier(e.table())
		g := AgeingGroup{Priority: domain.Priority(name)}
		figure := func(p float64) Figure {
			q := closure.Quantile(p, LogLog, conf)
			f := Figure{ID: "A10", Name: "time_to_closure", Group: name + " " + percent(p), Unit: "days", N: closure.N, Events: closure.Events}
			return f.with(q.Value, q.Interval).needs(f.N, minCurveItems, "measures").needs(f.Events, minCurveEvents, "closures")
		}
		g.P50, g.P85 = figure(0.5), figure(0.85)
		for _, row := range byPriority[i] {
			if s.state[row] == StateOpen && s.flags[row]&impossibleRow == 0 {
				g.AgesDays = append(g.AgesDays, float64(asOf-s.created[row])/msPerDay)
			}
		}
		slices.Sort(g.AgesDays)
		g.Open = len(g.AgesDays)
		if g.P85.Shown && g.P85.Value != nil {
			g.Old = g.Open - sort.Search(g.Open, func(i int) bool { return g.AgesDays[i] > *g.P85.Value })
		}
		g.AgesDays = spaced(g.AgesDays, maxAges)
		groups = append(groups, g)
	}
	return groups
}

// spaced keeps at most n values, evenly spaced by rank, first and last included.
func spaced(sorted []float64, n int) []float64 {
	if len(sorted) <= n {
		return sorted
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = sorted[i*(len(sorted)-1)/(n-1)]
	}
	return out
}

// historyWeeks is how many complete past weeks a forecast draws from.
const historyWeeks = 13

// forecastHorizon is how many weeks a forecast looks ahead.
const forecastHorizon = 260

// ForecastReport says when the backlog is clear (A11).
type ForecastReport struct {
	Cohort       Cohort
	Backlog      int
	HistoryWeeks int
	Departures   []int // per past week, oldest first
	Arrivals     []int
	// Plain draws departures only; WithArrivals draws weeks as they were. Values
	// are weeks; nil although shown means "does not clear at this pace".
	Plain        []Figure
	WithArrivals []Figure
	// Fan is P(clear by the end of week 1, 2, ...) without and with arrivals, cut
	// where both have reached 99.9 %.
	Fan             []float64
	FanWithArrivals []float64
}

// ForecastBacklog resamples the last 13 complete ISO weeks, exactly. Nothing is
// shown below 8 weeks of history or 20 departures. Errors as Completion.
func ForecastBacklog(s *Snapshot, c Cohort) (ForecastReport, error) {
	sel, err := s.begin(&c)
	if err != nil {
		return ForecastReport{}, err
	}
	r := ForecastReport{Cohort: c}
	w := newWeeks(c.AsOf, c.zone(), historyWeeks)
	arrivals, departures, _ := s.weekly(sel.rows, w)
	first := int64(never)
	for _, row := range sel.rows {
		first = min(first, s.created[row]+int64(s.entry[row])*1000)
		if s.state[row] == StateOpen {
			r.Backlog++
		}
	}
	from := 0
	for from < historyWeeks && w.starts[from] < first {
		from++
	}
	r.HistoryWeeks = historyWeeks - from
	r.Departures, r.Arrivals = departures[from:historyWeeks], arrivals[from:historyWeeks]
	r.Plain, r.Fan = r.figures("clear_in", nil)
	r.WithArrivals, r.FanWithArrivals = r.figures("clear_in_with_arrivals", r.Arrivals)
	return r, nil
}

func (r *ForecastReport) figures(name string, arrivals []int) (figures []Figure, fan []float64) {
	total := sum(r.Departures)
	var f Forecast
	why := ""
	if r.HistoryWeeks >= minHistoryWeeks && total >= minDepartures {
		var err error
		if f, err = BacklogForecast(r.Backlog, r.Departures, arrivals, forecastHorizon); err != nil {
			why = "the backlog is too large for the exact distribution"
		}
	}
	for _, p := range []float64{0.5, 0.85, 0.95} {
		g := Figure{ID: "A11", Name: name, Group: strconv.Itoa(int(p*100 + 0.5)), Unit: "weeks", X: r.Backlog, N: r.HistoryWeeks, Events: total, Why: why}
		g = g.needs(r.HistoryWeeks, minHistoryWeeks, "complete weeks").needs(total, minDepartures, "departures")
		if week, ok := f.Weeks(p); g.Shown && ok {
			g.Value = number(float64(week))
		}
		figures = append(figures, g)
	}
	for _, p := range f.CDF {
		fan = append(fan, p)
		if p >= 0.999 {
			break
		}
	}
	return figures, fan
}
