package metrics

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// The rules of C1.
const (
	minObservations = 5
	sustainedShare  = 0.9
	// defaultWindowDays is the evaluation window when the metric names none.
	defaultWindowDays = 30
)

// Reading is one observation of a success metric.
type Reading struct {
	At    time.Time
	Value float64
}

// EffectivenessInput is one measure with its metric and its observations.
type EffectivenessInput struct {
	Facts    Facts
	Metric   domain.Metric
	Readings []Reading
	// Policy sets the roll-out gap between done and the evaluation window; the zero
	// Policy has the default.
	Policy domain.Policy
}

// EffectivenessReport is what the numbers say about one measure (C1 to C4). The
// verdict is a person's; Proposed is only a suggestion.
type EffectivenessReport struct {
	Measured     bool // there is a metric with a target and the measure is completed
	WindowFrom   time.Time
	WindowTo     time.Time
	WindowClosed bool // as_of has reached its end
	InWindow     int
	Median       *float64 // of the window
	Attained     Answer   // C1: median at or beyond target, 5 observations at least
	Sustained    Answer   // and 90 % of the observations
	// Baseline is the median of the window before creation, or the declared value.
	Baseline         *float64
	BaselineDeclared bool
	Progress         *float64 // C2, not clamped; nil when baseline = target
	Shift            Figure   // C3: Hodges-Lehmann, in the metric's unit
	Superiority      *float64 // P(after > before)
	CliffsDelta      *float64
	Chart            *XmR        // limits from before, signals after; nil below 2 points before
	Series           *TimeSeries // C4; nil below 12 points on a side
	// Proposed is attained only when C1 holds and the interval of the shift excludes
	// 0 in the declared direction.
	Proposed Answer
}

// Effectiveness evaluates one measure at as_of. Readings may come in any order;
// those after as_of are ignored. The window runs from the roll-out gap (7 days) after done for the
// days that the metric declares (30 otherwise). A measure without target or not
// completed is not Measured. It refuses readings that are not finite.
func Effectiveness(in EffectivenessInput, asOf time.Time) (EffectivenessReport, error) {
	var r EffectivenessReport
	readings := slices.Clone(in.Readings)
	slices.SortStableFunc(readings, func(a, b Reading) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Value, b.Value))
	})
	var before, after, window, series []float64
	days := in.Metric.WindowDays
	if days <= 0 {
		days = defaultWindowDays
	}
	length := time.Duration(days) * 24 * time.Hour
	completed := in.Facts.Completed()
	if completed {
		gap := in.Policy.Windows.OrDefault().RollOut
		r.WindowFrom = in.Facts.Done.Add(time.Duration(gap) * 24 * time.Hour)
		r.WindowTo = r.WindowFrom.Add(length)
		r.WindowClosed = !asOf.Before(r.WindowTo)
	}
	var baseline []float64
	for _, x := range readings {
		if math.IsNaN(x.Value) || math.IsInf(x.Value, 0) {
			return r, invalidf("the reading of %s is %v; use a finite number", x.At.UTC().Format(time.RFC3339), x.Value)
		}
		if x.At.After(asOf) {
			continue
		}
		if x.At.Before(in.Facts.Created) {
			before = append(before, x.Value)
			if !x.At.Before(in.Facts.Created.Add(-length)) {
				baseline = append(baseline, x.Value)
			}
			series = append(series, x.Value)
			continue
		}
		if completed && !x.At.Before(r.WindowFrom) {
			after = append(after, x.Value)
			series = append(series, x.Value)
			if x.At.Before(r.WindowTo) {
				window = append(window, x.Value)
			}
		}
	}
	r.baseline(in.Metric, baseline)
	r.InWindow = len(window)
	r.Median = number(Median(window))
	r.Measured = completed && in.Metric.Target != nil
	if r.Measured {
		r.attained(in.Metric, window)
	}
	return r, r.evidence(in.Metric, before, after, series)
}

func (r *EffectivenessReport) baseline(m domain.Metric, values []float64) {
	r.Baseline = number(Median(values))
	if r.Baseline == nil && m.Baseline != nil {
		r.Baseline, r.BaselineDeclared = m.Baseline, true
	}
}

func (r *EffectivenessReport) attained(m domain.Metric, window []float64) {
	if r.Median != nil && r.Baseline != nil && *r.Baseline != *m.Target {
		r.Progress = number((*r.Baseline - *r.Median) / (*r.Baseline - *m.Target))
	}
	if len(window) < minObservations {
		return
	}
	reached := 0
	for _, v := range window {
		if m.Attained(v) {
			reached++
		}
	}
	hit := m.Attained(*r.Median)
	r.Attained = answer(hit)
	r.Sustained = answer(hit && float64(reached) >= sustainedShare*float64(len(window)))
}

// evidence is C3 and C4.
func (r *EffectivenessReport) evidence(m domain.Metric, before, after, series []float64) error {
	r.Shift = Figure{ID: "C3", Name: "shift", Unit: m.Unit, X: len(after), N: len(before) + len(after)}
	if len(before) > 0 && len(after) > 0 {
		s, err := HodgesLehmannShift(before, after, conf)
		if err != nil {
			return err
		}
		r.Shift = r.Shift.with(s.HodgesLehmann, s.Interval)
		r.Superiority, r.CliffsDelta = number(s.Superiority), number(s.CliffsDelta)
	}
	r.Shift = r.Shift.needs(min(len(before), len(after)), minShiftSide, "observations on the smaller side")
	if len(before) >= 2 && len(after) > 0 {
		x, err := IndividualsChart(before, after)
		if err != nil {
			return err
		}
		r.Chart = &x
	}
	if len(before) >= minSeriesSide && len(after) >= minSeriesSide {
		s, err := InterruptedTimeSeries(series, len(before), -1)
		if err != nil {
			return err
		}
		r.Series = &s
	}
	if r.Attained != Undecided {
		r.Proposed = answer(r.Attained == Yes && r.Shift.Shown && shiftsTheRightWay(m.Direction, r.Shift))
	}
	return nil
}

func shiftsTheRightWay(d domain.Direction, shift Figure) bool {
	if d == domain.AtLeast {
		return shift.Lower != nil && *shift.Lower > 0
	}
	return shift.Upper != nil && *shift.Upper < 0
}

// EffectivenessSummary sums up many evaluated measures.
type EffectivenessSummary struct {
	Attained   Figure // C1, of those with enough observations
	Sustained  Figure
	Proposed   Figure
	Unmeasured int // completed or not, without a target
	TooFew     int // with a target, fewer than 5 observations in the window
}

// SummarizeEffectiveness counts reports of many measures. incidents names the
// incident of each report, because measures of one incident are not independent.
// It refuses slices of different length.
func SummarizeEffectiveness(reports []EffectivenessReport, incidents []domain.IncidentKey) (EffectivenessSummary, error) {
	if len(reports) != len(incidents) {
		return EffectivenessSummary{}, invalidf("%d reports with %d incidents; give one incident each", len(reports), len(incidents))
	}
	place := map[domain.IncidentKey]int32{}
	attained, sustained, proposed := &clusterCounts{}, &clusterCounts{}, &clusterCounts{}
	var s EffectivenessSummary
	for i, r := range reports {
		switch {
		case !r.Measured:
			s.Unmeasured++
			continue
		case r.Attained == Undecided:
			s.TooFew++
			continue
		}
		at, seen := place[incidents[i]]
		if !seen || incidents[i] == "" {
			at = int32(len(attained.counts))
			place[incidents[i]] = at
			for _, c := range []*clusterCounts{attained, sustained, proposed} {
				c.counts = append(c.counts, clusterCount{})
			}
		}
		attained.add(at, r.Attained == Yes)
		sustained.add(at, r.Sustained == Yes)
		proposed.add(at, r.Proposed == Yes)
	}
	s.Attained, s.Sustained = attained.figure("C1", "attained", ""), sustained.figure("C1", "sustained", "")
	s.Proposed = proposed.figure("C5", "proposed_effective", "")
	return s, nil
}

// QuietWindow says how long "no recurrence" must last to mean anything (C5):
// zero events in 3.0/λ0 claim any reduction, in 6.0/λ0 claim halving, at 95 %.
// ratePerYear is the rate before; the results are days, NaN for a rate that is
// not positive.
func QuietWindow(ratePerYear float64) (anyReduction, halving float64) {
	if !(ratePerYear > 0) {
		return math.NaN(), math.NaN()
	}
	return 3 / ratePerYear * daysPerYear, 6 / ratePerYear * daysPerYear
}
