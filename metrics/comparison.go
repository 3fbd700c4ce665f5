package metrics

import (
	"cmp"
	"math"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// GroupBy is what a comparison compares.
type GroupBy uint8

// The groupings. There is none by person, on purpose.
const (
	ByTeam GroupBy = iota
	ByPriority
	ByKind
)

// Endpoint is which end of a measure a comparison looks at.
type Endpoint uint8

// The endpoints: closure (done or cancelled), or done by its cause-specific
// hazard (cancelled ones leave the risk set).
const (
	ToClosure Endpoint = iota
	ToDone
)

// flagBelow is the Holm-adjusted p from which a group is flagged (rule R13);
// funnelBelow is that of the funnel plot.
const (
	flagBelow   = 0.01
	funnelBelow = 0.001
)

// ComparisonReport compares groups (A12). P values are for the reader of the
// evidence; the page prints estimates and intervals and flags, never stars.
type ComparisonReport struct {
	Cohort     Cohort
	By         GroupBy
	Endpoint   Endpoint
	Stratified bool // by priority
	N, Events  int
	ChiSq      *float64
	DF         int
	P          *float64
	Shown      bool // every group has 10 events at least
	Why        string
	Groups     []ComparedGroup
	// OnTimeAll is the on-time share by the original date over all groups, the
	// centre line of the funnel.
	OnTimeAll *float64
}

// ComparedGroup is one group against the rest.
type ComparedGroup struct {
	Group     string
	N, Events int
	Expected  float64
	P         *float64 // against the rest, same strata
	Holm      *float64 // adjusted over the groups shown together
	Flagged   bool
	MeanOpen  Figure // days open within the first 90
	// MeanOpenDifference is the group's mean minus that of all other groups.
	MeanOpenDifference Figure
	Funnel             FunnelPoint
}

// FunnelPoint is the on-time share of a group beside what chance alone gives at
// its size.
type FunnelPoint struct {
	OnTime  Figure
	Inner   Interval // 95 % limits around the common share
	Outer   Interval // 99.8 % limits
	MidP    *float64
	Flagged bool
}

// Compare tests groups by the log-rank test, stratified by priority unless that
// is the grouping, with restricted means and a funnel of on-time shares by the
// original date. Errors as Completion; comparing teams is refused without
// TeamSizes.
func Compare(s *Snapshot, c Cohort, by GroupBy, end Endpoint) (ComparisonReport, error) {
	sel, err := s.begin(&c)
	if err != nil {
		return ComparisonReport{}, err
	}
	if by == ByTeam && c.TeamSizes == nil {
		return ComparisonReport{}, invalidf("team sizes are not given; teams of fewer than %d people must not be compared", minTeam)
	}
	r := ComparisonReport{Cohort: c, By: by, Endpoint: end, Stratified: by != ByPriority}
	names, place := s.grouping(&c, by)
	rows, sizes := make([]groupedRow, 0, len(sel.rows)), make([]int, len(names))
	for _, row := range sel.rows {
		if s.flags[row]&impossibleRow == 0 {
			g := place(row)
			rows = append(rows, groupedRow{row, int32(g)})
			sizes[g]++
		}
	}
	at := make([]int32, len(names)) // of the groups that have members
	for g, n := range sizes {
		if n > 0 {
			at[g] = int32(len(r.Groups))
			r.Groups = append(r.Groups, ComparedGroup{Group: names[g], N: n})
		}
	}
	groups := len(r.Groups)
	if groups > maxGroups {
		return ComparisonReport{}, invalidf("%d groups are too many to compare; use up to %d", groups, maxGroups)
	}
	for i := range rows {
		rows[i].group = at[rows[i].group]
	}
	e := s.groupedExits(rows, groups, c.asOf(), end)
	strata := []groupedExits{e}
	if r.Stratified {
		strata = e.byStratum()
	}
	r.describe(logRankOf(strata, groups))
	r.means(&e)
	s.funnel(&r, rows, c.asOf())
	return r, nil
}

func (s *Snapshot) grouping(c *Cohort, by GroupBy) (names []string, place func(row int32) int) {
	switch by {
	case ByPriority:
		return enumNames(domain.Priorities()), func(row int32) int { return int(s.prio[row]) }
	case ByKind:
		return enumNames(domain.MeasureKinds()), func(row int32) int { return int(s.kind[row]) }
	case ByTeam:
	}
	shown, teamOf := s.groupTeams(&c.Pins)
	return shown, func(row int32) int { return teamOf[s.team[row]] }
}

func logRankOf(strata []groupedExits, groups int) LogRankTest {
	sums := newLogRankSums(groups)
	for k := range strata {
		sums.stratum(&strata[k])
	}
	return sums.test()
}

// ends says whether a cause is an event of the endpoint.
func ends(cause uint8, end Endpoint) bool {
	return cause == CauseDone || (end == ToClosure && cause == CauseCancelled)
}

func (r *ComparisonReport) describe(t LogRankTest) {
	r.Shown = len(r.Groups) > 1
	if !r.Shown {
		r.Why = "one group only"
	}
	p := make([]float64, len(r.Groups))
	for i := range r.Groups {
		g := &r.Groups[i]
		g.Events, g.Expected = t.Observed[i], t.Expected[i]
		r.N += g.N
		r.Events += g.Events
		if g.Events < minGroupEvents && r.Why == "" {
			r.Shown, r.Why = false, "group "+g.Group+" has fewer than 10 events"
		}
		d := float64(g.Events) - g.Expected
		p[i] = math.NaN()
		if v := t.Variance[i][i]; v > 0 {
			p[i] = chiSquaredUpper(d*d/v, 1)
		}
		g.P = number(p[i])
	}
	if !r.Shown {
		return
	}
	r.ChiSq, r.DF, r.P = number(t.ChiSq), t.DF, number(t.P)
	for i, adjusted := range Holm(p) {
		r.Groups[i].Holm = number(adjusted)
		r.Groups[i].Flagged = adjusted < flagBelow
	}
}

// Holm adjusts p values for being shown together: sorted ascending, the i-th of
// m is multiplied by m - i + 1, made non-decreasing and cut at 1. NaN stays NaN
// and is not counted. Source: Holm 1979.
func Holm(p []float64) []float64 {
	var order []int
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	adjusted := slices.Clone(p)
	running := 0.0
	for k, i := range order {
		running = max(running, min(1, float64(len(order)-k)*p[i]))
		adjusted[i] = running
	}
	return adjusted
}

// means gives each group its restricted mean and the difference to the rest.
func (r *ComparisonReport) means(e *groupedExits) {
	const tau = meanWithinDays * msPerDay
	owns, rests := e.restrictedMeans(len(r.Groups), tau)
	for i := range r.Groups {
		g := &r.Groups[i]
		own, rest := owns[i], rests[i]
		base := Figure{ID: "A12", Name: "mean_days_open_within_90", Group: g.Group, Unit: "days", N: own.n, Events: g.Events}
		half := zOf(conf) * own.se
		g.MeanOpen = base.with(own.mean, Interval{own.mean - half, own.mean + half}).
			needs(own.n, minCurveItems, "measures").needs(g.Events, minGroupEvents, "events")
		half = zOf(conf) * math.Hypot(own.se, rest.se)
		d := own.mean - rest.mean
		base.Name = "mean_days_open_within_90_difference"
		g.MeanOpenDifference = base.with(d, Interval{d - half, d + half}).
			needs(min(own.n, rest.n), minCurveItems, "measures on the smaller side").needs(g.Events, minGroupEvents, "events")
	}
}
