package metrics

import (
	"math"
	"strconv"
)

// horizonDays are the horizons of A3, in days from creation.
func horizonDays() []int { return []int{30, 60, 90, 180} }

// meanWithinDays is the fixed τ of the restricted mean.
const meanWithinDays = 90

// CompletionReport answers "how much gets done, and how fast" (A2, A3, A5, A6).
type CompletionReport struct {
	Cohort     Cohort
	Measures   int
	Unknown    int // imported without a status: in no figure, neither open nor done
	Excluded   int // duplicates and created in error
	Impossible int // in the counts, not in the curves
	BeforeLog  int // imported and over before complete records begin
	Figures    []Figure
	Curve      []CurvePoint
	// Items are the measures one by one while there are too few for a curve.
	Items []CompletionItem
}

// CompletionItem is one measure: its days to the end, or to as_of while open.
type CompletionItem struct {
	Days  float64
	Cause uint8 // CauseDone, CauseCancelled or CauseOpen
}

// Completion evaluates the cohort: incidents followed through and verified
// through (A2), done by each horizon with its audit twin on the matured cohort
// (A3), time to done by Aalen-Johansen and time to closure by Kaplan-Meier with
// quantiles, restricted mean (A5) and the incidence curve (A6). It refuses an
// as_of before the last event of the snapshot.
func Completion(s *Snapshot, c Cohort) (CompletionReport, error) {
	sel, err := s.begin(&c)
	if err != nil {
		return CompletionReport{}, err
	}
	e := s.timesToEnd(sel.rows, c.asOf())
	table := e.table()
	curves, closure := aalenJohansen(table, 1), kaplanMeier(table)
	r := CompletionReport{Cohort: c, Measures: len(sel.rows), Unknown: sel.unknown, Excluded: sel.excluded, Impossible: sel.impossible, BeforeLog: e.late}
	r.Figures = append(r.Figures, s.statusCounts(sel.rows)...)
	r.Figures = append(r.Figures, s.followedThrough(&c)...)
	for _, h := range horizonDays() {
		r.Figures = append(r.Figures, doneBy(&curves.Cause[0], h, len(e.packed)))
	}
	r.Figures = append(r.Figures, s.matured(sel.rows, c.asOf(), horizonDays())...)
	r.Figures = append(r.Figures, timeFigures(curves, closure)...)
	if curves.N < minCurveItems || curves.Cause[0].Events < minCurveEvents {
		r.Items = e.items()
		return r, nil
	}
	r.Curve = drawn(curves)
	return r, nil
}

func (s *Snapshot) statusCounts(rows []int32) []Figure {
	var state [4]int
	before, after := 0, 0
	for _, row := range rows {
		state[s.state[row]]++
		if s.state[row] == StateCancelled {
			if s.flags[row]&wasAccepted != 0 {
				after++
			} else {
				before++
			}
		}
	}
	n := len(rows)
	return []Figure{
		census("A3", "measures", "", n, n),
		census("A3", "open", "", state[StateOpen], n),
		census("A3", "done", "", state[StateDone]+state[StateVerified], n),
		census("A9", "verified", "", state[StateVerified], n),
		census("A3", "cancelled", "", state[StateCancelled], n),
		census("R7", "cancelled_before_accepted", "", before, n),
		census("R7", "cancelled_after_accepted", "", after, n),
	}
}

// incidentTally is what A2 needs to know about the measures of an incident.
type incidentTally struct {
	remaining, done, verified, all, unknown int32
}

func (s *Snapshot) tallies() []incidentTally {
	t := make([]incidentTally, len(s.incidents))
	for row, i := range s.incident {
		if i < 0 || s.flags[row]&excludedRow != 0 {
			continue
		}
		t[i].all++
		if s.flags[row]&unknownRow != 0 {
			t[i].unknown++
			continue
		}
		switch s.state[row] {
		case StateCancelled:
			continue
		case StateVerified:
			t[i].verified++
			t[i].done++
		case StateDone:
			t[i].done++
		case StateOpen:
		}
		t[i].remaining++
	}
	return t
}

// followedThrough is A2 over incidents resolved at least h days ago.
func (s *Snapshot) followedThrough(c *Cohort) []Figure {
	m := newMatcher(s, Filter{Severities: c.Severities, Services: c.Services, Created: c.Created})
	h := c.Policy.Windows.OrDefault().FollowThrough
	matured := c.asOf() - int64(h)*msPerDay
	n, through, verified, noPlan, dropped, unknown := 0, 0, 0, 0, 0, 0
	tally := s.tallies()
	for i := range s.incidents {
		inc := &s.incidents[i]
		if !m.incident(inc) || inc.merged || inc.resolved == 0 || inc.resolved > matured {
			continue
		}
		t := tally[i]
		switch {
		case t.all == 0:
			noPlan++
			continue
		case t.unknown > 0 && t.done == t.remaining: // nothing open that would decide
			unknown++
			continue
		case t.remaining == 0:
			dropped++
			continue
		}
		n++
		if t.done == t.remaining {
			through++
		}
		if t.verified == t.remaining {
			verified++
		}
	}
	group := strconv.Itoa(h)
	return []Figure{
		proportionFigure("A2", "followed_through", group, through, n),
		proportionFigure("A2", "verified_through", group, verified, n),
		census("A2", "incidents_without_plan", group, noPlan, n+noPlan+dropped+unknown),
		census("A2", "incidents_with_plan_dropped", group, dropped, n+noPlan+dropped+unknown),
		census("A2", "incidents_with_unknown_status", group, unknown, n+noPlan+dropped+unknown),
	}
}

// unobserved says why a share by a day is not known.
const unobserved = "nobody was observed that long"

// doneBy is A3: the Aalen-Johansen incidence of done at a horizon.
func doneBy(done *Incidence, days, n int) Figure {
	f := Figure{ID: "A3", Name: "done_by", Group: strconv.Itoa(days), Unit: "share", N: n, Events: done.Events}
	p := done.At(float64(days), conf)
	f = f.with(p.F, p.Interval)
	if !done.table.settled(float64(days)) {
		f.Value, f.Lower, f.Upper, f.Why = nil, nil, nil, unobserved
	}
	return f.needs(n, minCurveItems, "measures").needs(done.Events, minCurveEvents, "completions")
}

// matured is the audit twin of A3: completed by h among those created at least h
// before as_of. Those cancelled before h are in the denominator, and said beside it.
func (s *Snapshot) matured(rows []int32, asOf int64, horizons []int) []Figure {
	counts, cancelled := make([]*clusterCounts, len(horizons)), make([]int, len(horizons))
	for i := range counts {
		counts[i] = newClusterCounts(s)
	}
	for _, row := range rows {
		if s.flags[row]&(impossibleRow|overBeforeLog) != 0 || s.entry[row] > 0 {
			continue
		}
		age, took := asOf-s.created[row], int64(never)
		cause := s.cause(row)
		if cause != CauseOpen {
			took = s.closed[row] - s.created[row]
		}
		for i, h := range horizons {
			if horizon := int64(h) * msPerDay; age >= horizon {
				counts[i].add(s.incident[row], cause == CauseDone && took <= horizon)
				if cause == CauseCancelled && took <= horizon {
					cancelled[i]++
				}
			}
		}
	}
	var figures []Figure
	for i, h := range horizons {
		group := strconv.Itoa(h)
		done := counts[i].figure("A3", "done_by_matured", group)
		figures = append(figures, done, census("A3", "cancelled_by_matured", group, cancelled[i], done.N))
	}
	return figures
}

func timeFigures(curves *IncidenceCurves, closure *SurvivalCurve) []Figure {
	done := &curves.Cause[0]
	var figures []Figure
	for _, p := range []float64{0.5, 0.85} {
		q := done.QuantileInterval(p, conf)
		f := Figure{ID: "A5", Name: "time_to_done", Group: percent(p), Unit: "days", N: curves.N, Events: done.Events}
		figures = append(figures, f.with(q.Value, q.Interval).needs(f.N, minCurveItems, "measures").needs(f.Events, minCurveEvents, "completions"))
		k := closure.Quantile(p, LogLog, conf)
		f = Figure{ID: "A5", Name: "time_to_closure", Group: percent(p), Unit: "days", N: closure.N, Events: closure.Events}
		figures = append(figures, f.with(k.Value, k.Interval).needs(f.N, minCurveItems, "measures").needs(f.Events, minCurveEvents, "closures"))
	}
	mean, se := closure.RestrictedMean(meanWithinDays)
	f := Figure{ID: "A5", Name: "mean_days_open_within", Group: strconv.Itoa(meanWithinDays), Unit: "days", N: closure.N, Events: closure.Events}
	half := zOf(conf) * se
	if closure.N == 0 {
		mean = math.NaN()
	}
	return append(figures, f.with(mean, Interval{mean - half, mean + half}).needs(f.N, minCurveItems, "measures").needs(f.Events, minCurveEvents, "closures"))
}

// percent is a quantile's name, "p50" for 0.5.
func percent(p float64) string { return "p" + strconv.Itoa(int(p*100+0.5)) }
