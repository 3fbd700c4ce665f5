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
	members := make([][]int32, len(names))
	for _, row := range sel.rows {
		if s.flags[row]&impossibleRow == 0 {
			g := place(row)
			members[g] = append(members[g], row)
		}
	}
	var groups [][]int32
	for g, rows := range members {
		if len(rows) > 0 {
			r.Groups = append(r.Groups, ComparedGroup{Group: names[g], N: len(rows)})
			groups = append(groups, rows)
		}
	}
	if len(groups) > groupMask {
		return ComparisonReport{}, invalidf("%d groups are too many to compare; use up to %d", len(groups), groupMask)
	}
	r.describe(logRankOf(s.groupedExits(groups, c.asOf(), end, r.Stratified), len(groups)))
	r.means(s.groupedExits(groups, c.asOf(), end, false)[0])
	s.funnel(&r, groups, c.asOf())
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

// groupBits is the room for a group number in a packed exit, which is
// milliseconds << 17 | group << 1 | event.
const groupBits = 16

// groupMask takes the group out of a packed value.
const groupMask = 1<<groupBits - 1

// groupedExits are the ends and delayed entries of all groups in one stratum.
type groupedExits struct {
	exits, entries []uint64
}

func (e *groupedExits) sort() {
	sortPacked(e.exits)
	sortPacked(e.entries)
}

func (e *groupedExits) exit(i int) (took float64, group int, event bool) {
	v := e.exits[i]
	return float64(v >> (groupBits + 1)), int(v >> 1 & groupMask), v&1 == 1
}

func (e *groupedExits) entry(i int) (at float64, group int) {
	v := e.entries[i]
	return float64(v >> groupBits), int(v & groupMask)
}

// groupedExits packs the groups, by priority when stratified.
func (s *Snapshot) groupedExits(groups [][]int32, asOf int64, end Endpoint, stratified bool) []groupedExits {
	strata := make([]groupedExits, len(domain.Priorities())+1)
	for g, rows := range groups {
		for _, row := range rows {
			took, entry := s.ended(row, asOf)-s.created[row], int64(s.entry[row])*1000
			if entry > 0 && took <= entry {
				continue
			}
			k := &strata[0]
			if stratified {
				k = &strata[s.prio[row]]
			}
			k.exits = append(k.exits, uint64(took)<<(groupBits+1)|uint64(g)<<1|event(s.cause(row), end))
			if entry > 0 {
				k.entries = append(k.entries, uint64(entry)<<groupBits|uint64(g))
			}
		}
	}
	for k := range strata {
		strata[k].sort()
	}
	return strata
}

func logRankOf(strata []groupedExits, groups int) LogRankTest {
	sums := newLogRankSums(groups)
	for k := range strata {
		e := &strata[k]
		sums.stratum(len(e.exits), e.exit, len(e.entries), e.entry)
	}
	return sums.test()
}

func event(cause uint8, end Endpoint) uint64 {
	if cause == CauseDone || (end == ToClosure && cause == CauseCancelled) {
		return 1
	}
	return 0
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
func (r *ComparisonReport) means(e groupedExits) {
	var scratch []meanStep
	for i := range r.Groups {
		g := &r.Groups[i]
		own, steps := e.restrictedMean(i, true, scratch)
		rest, steps := e.restrictedMean(i, false, steps)
		scratch = steps
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

// meanStep is one event time of a Kaplan-Meier curve.
type meanStep struct{ day, survival, variance float64 }

// restricted is a mean within the first 90 days.
type restricted struct {
	mean, se float64
	n        int
}

// restrictedMean is SurvivalCurve.RestrictedMean of one group, or of all others,
// in one pass over the sorted exits; NaN for nobody.
func (e *groupedExits) restrictedMean(group int, own bool, steps []meanStep) (restricted, []meanStep) {
	var r restricted
	const tau = meanWithinDays * msPerDay
	for _, v := range e.exits {
		if (int(v>>1&groupMask) == group) == own {
			r.n++
		}
	}
	atRisk := r.n
	for _, v := range e.entries {
		if (int(v&groupMask) == group) == own {
			atRisk--
		}
	}
	steps = steps[:0]
	survival, entered := 1.0, 0
	for i := 0; i < len(e.exits); {
		at := e.exits[i] >> (groupBits + 1)
		if at > tau {
			break
		}
		for ; entered < len(e.entries) && e.entries[entered]>>groupBits < at; entered++ {
			if (int(e.entries[entered]&groupMask) == group) == own {
				atRisk++
			}
		}
		left, d := 0, 0
		for ; i < len(e.exits) && e.exits[i]>>(groupBits+1) == at; i++ {
			if v := e.exits[i]; (int(v>>1&groupMask) == group) == own {
				left++
				d += int(v & 1)
			}
		}
		if d > 0 {
			step := meanStep{day: float64(at) / msPerDay}
			if n := float64(atRisk); d < atRisk {
				survival *= 1 - float64(d)/n
				step.variance = float64(d) / (n * (n - float64(d)))
			} else {
				survival = 0
			}
			step.survival = survival
			steps = append(steps, step)
		}
		atRisk -= left
	}
	if r.n == 0 {
		r.mean, r.se = math.NaN(), math.NaN()
		return r, steps
	}
	area, v, right := 0.0, 0.0, float64(meanWithinDays)
	for i := len(steps) - 1; i >= 0; i-- {
		area += (right - steps[i].day) * steps[i].survival
		right = steps[i].day
		v += area * area * steps[i].variance
	}
	r.mean, r.se = area+right, math.Sqrt(v)
	return r, steps
}
