package metrics

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// ServiceLife is when a service existed, from the catalogue; its name may be
// written otherwise than incidents write it. A zero From is unknown (then its
// first incident opens the exposure and is not counted); a zero To is "still in
// service".
type ServiceLife struct {
	Service  string
	From, To time.Time
}

// RecurrenceInput is what a recurrence report needs besides the cohort.
type RecurrenceInput struct {
	// Window bounds the calendar time of rates, MCF and trend; a zero From is the
	// catalogued start of a service, or the first incident; a zero To is as_of.
	Window   Period
	Services []ServiceLife
	// LinksSince is since when links are recorded; incidents resolved before it
	// are observed from then on (rule R10). Zero = always.
	LinksSince time.Time
	// Only names the parts to compute; none = all. The others stay empty.
	Only []RecurrencePart
}

// RecurrencePart is a part of a recurrence report that can be asked for alone.
type RecurrencePart uint8

// The parts.
const (
	RecurrenceFree     RecurrencePart = iota + 1 // families, time to recurrence, rates by plan state (B2 to B4, B9, B10)
	RecurrenceLevels                             // the three levels side by side (B1, B4)
	RecurrenceServices                           // rates, mean and trend per service (B5 to B7)
	RecurrenceAround                             // before and after completion (B8)
)

func (in *RecurrenceInput) wants(p RecurrencePart) bool {
	return len(in.Only) == 0 || slices.Contains(in.Only, p)
}

// StateRate is the recurrence rate in one state of the plan (B9, B10).
type StateRate struct {
	State        PlanState
	Recurrences  int
	ExposureDays float64
	Rate         Figure
}

// RecurrenceReport answers "did it come back" (B1 to B10).
type RecurrenceReport struct {
	Cohort        Cohort
	Incidents     int
	Families      int
	LargestFamily int
	RejectedLinks int
	EndlessLinks  int // to an incident whose end is not known: in L1, in no figure of times
	UndatedLinks  int // from or to an incident whose start is not known: undecidable
	// Recurrences are members after their index that began after its resolution;
	// Overlapping began before it and are the same episode.
	Recurrences      int
	Overlapping      int
	ReportingLagDays float64 // P90 of incident start to link made
	Levels           []Figure
	Figures          []Figure // recurrence-free time, within 90 and 365 days
	Curve            []RecurrencePoint
	ByState          []StateRate
	Ratios           []Figure         // overdue : done and open : done
	Services         []ServiceHistory // the twelve with the most incidents
	PerService       []ServiceRate    // recurrences per service-year; services with any, with a catalogued start, or with incidents outside their life
	Rate             Figure           // over all services
	// CataloguedStarts and AssumedStarts count the services in the exposure by
	// where it begins.
	CataloguedStarts int
	AssumedStarts    int
	Mean             []MeanPoint
	Trend            TrendFigures
	BeforeAfter      BeforeAfter
}

// RecurrencePoint is one step of 1 - S, the share of families that recurred.
type RecurrencePoint struct {
	Day      float64
	AtRisk   int
	Recurred float64
	Lower    *float64
	Upper    *float64
}

// Recurrence evaluates families by explicit links, states the three levels side
// by side, and splits the time since resolution by the state of the plan. Errors
// as Completion; it also refuses a service whose life ends before it begins.
func Recurrence(s *Snapshot, c Cohort, in RecurrenceInput) (RecurrenceReport, error) {
	if err := c.check(s); err != nil {
		return RecurrenceReport{}, err
	}
	lives, err := s.lives(in, &c)
	if err != nil {
		return RecurrenceReport{}, err
	}
	r := RecurrenceReport{Cohort: c}
	joined := s.families()
	r.RejectedLinks, r.UndatedLinks, r.EndlessLinks = joined.rejected, joined.undated, joined.endless
	r.ReportingLagDays = s.reportingLag()
	w := recurrenceWalk{s: s, c: &c, in: in, lives: lives, end: c.asOf() - int64(r.ReportingLagDays*msPerDay), m: newMatcher(s, c.Filter)}
	var list []family
	if in.wants(RecurrenceFree) || in.wants(RecurrenceServices) || in.wants(RecurrenceAround) {
		list = joined.byIndex(s)
		w.plan = s.plans(&joined, list, codes(domain.MeasureKinds(), c.Policy.Preventing))
	}
	if in.wants(RecurrenceFree) {
		w.walk(list)
		r.Families, r.LargestFamily = w.families, w.largest
		r.Recurrences, r.Overlapping = w.recurrences, w.overlapping
		r.recurrenceFree(w.exits)
		r.states(&w)
	}
	if in.wants(RecurrenceLevels) {
		r.Incidents, r.Levels = s.levels(&c, &joined)
	}
	if in.wants(RecurrenceServices) {
		s.serviceRates(&r, &joined, lives, &w)
		s.completions(r.Services, lives, list, w.plan)
	}
	if in.wants(RecurrenceAround) {
		r.BeforeAfter = s.beforeAfter(&c, list, w.plan, lives)
	}
	return r, nil
}

// reportingLag is the P90 of incident start to link made, in days, over linked
// incidents whose link time is known; 0 without any.
func (s *Snapshot) reportingLag() float64 {
	var lags []float64
	for i := range s.incidents {
		inc := &s.incidents[i]
		if inc.recurrenceOf >= 0 && inc.linkedAt > 0 && inc.placed() {
			lags = append(lags, float64(max(0, inc.linkedAt-inc.started))/msPerDay)
		}
	}
	slices.Sort(lags)
	if len(lags) == 0 {
		return 0
	}
	return quantileSorted(lags, 0.9)
}

// recurrenceWalk goes over the families once.
type recurrenceWalk struct {
	s     *Snapshot
	c     *Cohort
	in    RecurrenceInput
	lives []life
	plan  []int32
	end   int64
	m     matcher

	families, largest        int
	recurrences, overlapping int
	spent                    [planStates]int64
	events                   [planStates]int
	exits                    exits

	lines []timeline
	cuts  []int64
}

func (w *recurrenceWalk) walk(list []family) {
	for i := range list {
		f := &list[i]
		if !w.m.incident(&w.s.incidents[f.index]) {
			continue
		}
		w.families++
		w.largest = max(w.largest, 1+len(f.later))
		w.family(f)
	}
}

func (w *recurrenceWalk) family(f *family) {
	index := &w.s.incidents[f.index]
	end := min(w.end, w.s.retirement(index, w.lives))
	if index.resolved == 0 || index.resolved >= end {
		return
	}
	from := index.resolved
	if !w.in.LinksSince.IsZero() {
		from = max(from, w.in.LinksSince.UnixMilli())
	}
	if from >= end {
		return
	}
	rows := w.plan[f.planAt[0]:f.planAt[1]]
	w.lines = slices.Grow(w.lines[:0], len(rows))[:len(rows)]
	for i, row := range rows {
		w.s.timeline(row, &w.lines[i])
	}
	w.cuts = personTime(w.lines, from, end, w.cuts, &w.spent)
	first := int64(never)
	for _, i := range f.later {
		start := w.s.incidents[i].started
		switch {
		case start > end:
			continue
		case start <= index.resolved:
			w.overlapping++
			continue
		case start <= from: // before links were recorded
			continue
		}
		w.recurrences++
		w.events[planState(w.lines, start-1)]++
		first = min(first, start)
	}
	took, cause := end-index.resolved, uint64(0)
	if first != never {
		took, cause = first-index.resolved, 1
	}
	w.exits.packed = append(w.exits.packed, uint64(took)<<causeBits|cause)
	if from > index.resolved {
		w.exits.entries = append(w.exits.entries, float64(from-index.resolved)/msPerDay)
	}
}

// recurrenceFree is B3 and the first half of B4.
func (r *RecurrenceReport) recurrenceFree(e exits) {
	k := kaplanMeier(e.table())
	base := Figure{ID: "B3", Unit: "days", N: k.N, Events: k.Events}
	for _, days := range []int{90, 365} {
		f := base
		f.ID, f.Name, f.Group, f.Unit = "B4", "recurred_within", strconv.Itoa(days), "share"
		settled := k.table.settled(float64(days))
		switch i := k.table.last(float64(days)); {
		case settled && i >= 0:
			band := k.Band(i, LogLog, conf)
			f = f.with(1-k.Survival[i], Interval{1 - band.Upper, 1 - band.Lower})
		case settled:
			f = f.with(0, noInterval())
		}
		f = f.needs(k.N, minCurveItems, "families").needs(k.Events, minCurveEvents, "recurrences")
		if f.Shown && !settled {
			f.Shown, f.Why = false, unobserved
		}
		r.Figures = append(r.Figures, f)
	}
	q := k.Quantile(0.5, LogLog, conf)
	base.Name, base.Group = "recurrence_free_time", percent(0.5)
	r.Figures = append(r.Figures, base.with(q.Value, q.Interval).needs(k.N, minCurveItems, "families").needs(k.Events, minCurveEvents, "recurrences"))
	last := len(k.Time)
	for last > 0 && k.AtRisk[last-1] < minAtRisk {
		last--
	}
	every := max(1, (last+curvePoints-1)/curvePoints)
	for i := every - 1; i < last; i += every {
		band := k.Band(i, LogLog, conf)
		r.Curve = append(r.Curve, RecurrencePoint{k.Time[i], int(k.AtRisk[i]), 1 - k.Survival[i], number(1 - band.Upper), number(1 - band.Lower)})
	}
}

// states is B9 and B10: rate by state and the ratios against done.
func (r *RecurrenceReport) states(w *recurrenceWalk) {
	exposure := func(p PlanState) float64 { return float64(w.spent[p]) / msPerDay }
	for _, p := range PlanStates() {
		r.ByState = append(r.ByState, StateRate{p, w.events[p], exposure(p), rateFigure("B10", "recurrence_rate", p.String(), w.events[p], exposure(p))})
	}
	for _, p := range []PlanState{PlanOverdue, PlanOpen} {
		r.Ratios = append(r.Ratios, ratioFigure("B10", "recurrence_rate_ratio", p.String()+":done",
			w.events[p], exposure(p), w.events[PlanDone], exposure(PlanDone)))
	}
}

// levels is B1 and the second half of B4: the share of incidents of the cohort
// that are recurrences by explicit link, by category and by fingerprint.
func (s *Snapshot) levels(c *Cohort, f *families) (incidents int, figures []Figure) {
	m := newMatcher(s, c.Filter)
	byCategory, byPrint := s.candidates(c)
	var n, l1, l2, l3 int
	for i := range s.incidents {
		inc := &s.incidents[i]
		if !m.incident(inc) || inc.merged {
			continue
		}
		n++
		if root := f.root[i]; root != int32(i) && s.incidents[root].over(inc.started) {
			l1++
		}
		if byCategory[i] {
			l2++
		}
		if byPrint[i] {
			l3++
		}
	}
	return n, []Figure{
		proportionFigure("B4", "repeat_share", "L1", l1, n),
		proportionFigure("B4", "repeat_share", "L2", l2, n),
		proportionFigure("B4", "repeat_share", "L3", l3, n),
	}
}

// resolution is when an incident of a class was resolved. A class is a service
// with a cause, or a service with a fingerprint.
type resolution struct {
	class int32
	at    int64
}

// candidates says which incidents follow one of the same service and cause (L2),
// or of the same service and fingerprint (L3), resolved at most W (a year) before.
func (s *Snapshot) candidates(c *Cohort) (byCategory, byPrint []bool) {
	prints := names[string]{}
	return s.followers(c, func(i *incidentRow) []int32 { return i.causes }),
		s.followers(c, func(i *incidentRow) []int32 {
			if i.fingerprint == "" {
				return nil
			}
			return []int32{prints.index(i.fingerprint)}
		})
}

// followers looks up, for every start, the last resolution before it in each
// class of the incident: a recurrence begins after the resolution.
func (s *Snapshot) followers(c *Cohort, marks func(*incidentRow) []int32) []bool {
	window := int64(c.Policy.Windows.OrDefault().SameCause) * msPerDay
	classes := map[[2]int32]int32{}
	var resolved []resolution
	each := func(visit func(i, class int32)) {
		for i := range s.incidents {
			if inc := &s.incidents[i]; inc.placed() && len(inc.services) > 0 {
				for _, mark := range marks(inc) {
					for _, v := range inc.services {
						key := [2]int32{v, mark}
						class, ok := classes[key]
						if !ok {
							class = int32(len(classes))
							classes[key] = class
						}
						visit(int32(i), class)
					}
				}
			}
		}
	}
	each(func(i, class int32) {
		if end := s.incidents[i].resolved; end != 0 {
			resolved = append(resolved, resolution{class, end})
		}
	})
	slices.SortFunc(resolved, func(a, b resolution) int { return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.at, b.at)) })
	follows := make([]bool, len(s.incidents))
	each(func(i, class int32) {
		start := s.incidents[i].started
		n := sort.Search(len(resolved), func(j int) bool {
			return resolved[j].class > class || (resolved[j].class == class && resolved[j].at >= start)
		})
		if n > 0 && resolved[n-1].class == class && start-resolved[n-1].at <= window {
			follows[i] = true
		}
	})
	return follows
}
