package metrics

import (
	"fmt"
	"math"
)

// The smallest numbers from which a statistic is shown (section 1.5).
const (
	minProportion   = 10 // units
	boldProportion  = 20 // from here the point may stand in bold
	minClusters     = 10 // incidents
	minCurveItems   = 20
	minCurveEvents  = 10
	minAtRisk       = 5 // a curve is cut where fewer are at risk
	minGroupEvents  = 10
	minRateDays     = 90 // days of exposure
	minRatioEvents  = 5  // in both arms together
	minTrendEvents  = 5
	minShiftSide    = 5
	minSeriesSide   = 12
	minHistoryWeeks = 8
	minDepartures   = 20
)

// Figure is one number of a report. Value, Lower and Upper are nil when not
// estimable, not reached or unbounded; a census figure (R11) has no interval.
// Shown is false below the minimum of section 1.5: then X, N and Events are
// shown in words, and Why says what is missing.
type Figure struct {
	ID     string // definition, such as "A6"
	Name   string // stable machine name, such as "done_by_horizon"
	Group  string // what the figure is about: a priority, a horizon; "" = all
	Unit   string // share, days, count, per_year, ratio, weeks, points, none
	X, N   int    // numerator and denominator, or n of a curve
	Events int    // events behind a curve or rate
	Value  *float64
	Lower  *float64
	Upper  *float64
	Shown  bool
	Bold   bool // enough for the point estimate alone
	Why    string
	// Marked says that more than 10 % of the inputs fail their quality check.
	Marked bool
}

// number is v as a report holds it.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func (f Figure) with(v float64, iv Interval) Figure {
	f.Value, f.Lower, f.Upper = number(v), number(iv.Lower), number(iv.Upper)
	return f
}

// needs hides the figure unless have reaches least.
func (f Figure) needs(have, least int, what string) Figure {
	if have < least && f.Why == "" {
		f.Why = fmt.Sprintf("%d %s, shown from %d", have, what, least)
	}
	f.Shown = f.Why == ""
	return f
}

// census is a count out of n; it is always shown and has no interval.
func census(id, name, group string, x, n int) Figure {
	return Figure{ID: id, Name: name, Group: group, Unit: "count", X: x, N: n, Shown: true, Value: number(float64(x))}
}

// proportionFigure is a share over independent units with its Wilson interval.
func proportionFigure(id, name, group string, x, n int) Figure {
	f := Figure{ID: id, Name: name, Group: group, Unit: "share", X: x, N: n, Bold: n >= boldProportion}
	if p, err := Wilson(x, n, conf); err == nil {
		f = f.with(p.P, p.Interval)
	}
	return f.needs(n, minProportion, "units")
}

// clusterCounts gathers done and total per incident; a measure without an
// incident is a cluster of its own.
type clusterCounts struct {
	counts []clusterCount
	sums   clusterSums
}

func newClusterCounts(s *Snapshot) *clusterCounts {
	return &clusterCounts{counts: make([]clusterCount, len(s.incidents))}
}

// reset empties the counts for another use.
func (c *clusterCounts) reset() {
	clear(c.counts)
	c.sums = clusterSums{}
}

func (c *clusterCounts) add(incident int32, success bool) {
	if incident < 0 {
		c.sums.add(&clusterCount{}, success)
		return
	}
	c.sums.add(&c.counts[incident], success)
}

// figure is the clustered share (rule R12).
func (c *clusterCounts) figure(id, name, group string) Figure {
	f := Figure{ID: id, Name: name, Group: group, Unit: "share"}
	p := c.sums.proportion(conf)
	f.X, f.N = p.X, p.N
	f = f.with(p.P, p.Interval)
	f.Bold = f.N >= boldProportion
	return f.needs(f.N, minProportion, "measures").needs(p.Clusters, minClusters, "incidents")
}

// rateFigure is events per year of exposure with its exact interval.
func rateFigure(id, name, group string, events int, exposureDays float64) Figure {
	f := Figure{ID: id, Name: name, Group: group, Unit: "per_year", X: events, N: int(exposureDays), Events: events}
	if r, err := PoissonRate(events, exposureDays/daysPerYear, conf); err == nil {
		f = f.with(r.Rate, r.Interval)
	}
	return f.needs(int(exposureDays), minRateDays, "days of exposure")
}

// daysPerYear turns days into years of exposure.
const daysPerYear = 365.25

// ratioFigure is a rate ratio by the conditional method.
func ratioFigure(id, name, group string, x1 int, days1 float64, x0 int, days0 float64) Figure {
	f := Figure{ID: id, Name: name, Group: group, Unit: "ratio", X: x1, N: x1 + x0, Events: x1 + x0}
	if r, err := RateRatio(x1, days1, x0, days0, conf); err == nil {
		f = f.with(r.Ratio, r.Interval)
	}
	return f.needs(x1+x0, minRatioEvents, "events").needs(int(min(days1, days0)), minRateDays, "days on the shorter side")
}
