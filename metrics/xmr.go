package metrics

import "math"

// xmrFactor turns the mean moving range of two neighbours into three sigma.
const xmrFactor = 2.66

// xmrRun is how many points in a row on one side of the centre are a signal.
const xmrRun = 8

// XmR is an individuals chart: limits from a baseline, signals in what follows.
type XmR struct {
	Center          float64
	MeanMovingRange float64
	Limits          Interval
	Outside         []int // indexes into the later points
	LongestRun      int   // later points in a row on one side of Center
}

// Signal says whether a point lies outside or eight in a row on one side.
func (x XmR) Signal() bool { return len(x.Outside) > 0 || x.LongestRun >= xmrRun }

// IndividualsChart has limits mean ± 2.66·mean moving range of the baseline; a
// point on the limit is inside and a point on the centre ends a run. It refuses
// a baseline of fewer than two points and numbers that are not finite.
// Source: Wheeler 1993 (XmR); Shewhart 1931.
func IndividualsChart(baseline, later []float64) (XmR, error) {
	if len(baseline) < 2 {
		return XmR{}, invalidf("a baseline of %d points; need two at least", len(baseline))
	}
	if err := checkFinite("baseline", baseline); err != nil {
		return XmR{}, err
	}
	if err := checkFinite("later", later); err != nil {
		return XmR{}, err
	}
	var x XmR
	for i, v := range baseline {
		x.Center += v
		if i > 0 {
			x.MeanMovingRange += math.Abs(v - baseline[i-1])
		}
	}
	x.Center /= float64(len(baseline))
	x.MeanMovingRange /= float64(len(baseline) - 1)
	x.Limits = Interval{x.Center - xmrFactor*x.MeanMovingRange, x.Center + xmrFactor*x.MeanMovingRange}
	run, side := 0, 0
	for i, v := range later {
		if v < x.Limits.Lower || v > x.Limits.Upper {
			x.Outside = append(x.Outside, i)
		}
		now := 0
		switch {
		case v > x.Center:
			now = 1
		case v < x.Center:
			now = -1
		}
		switch now {
		case 0:
			run = 0
		case side:
			run++
		default:
			run = 1
		}
		side = now
		x.LongestRun = max(x.LongestRun, run)
	}
	return x, nil
}
