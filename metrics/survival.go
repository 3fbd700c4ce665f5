package metrics

import "math"

// Transform names the scale on which a survival band is symmetric.
type Transform uint8

const (
	// LogLog is S^exp(±z√g/|ln S|), the band of this project.
	LogLog Transform = iota
	// Log is S·exp(±z√g), the default of R.
	Log
	// Plain is S ± z·S√g, cut to [0, 1].
	Plain
)

// tieTolerance decides when a curve "is" at 1 - p: products of fractions miss
// their exact value by an ulp. The value is that of R.
const tieTolerance = 1.5e-8

// SurvivalCurve is a Kaplan-Meier estimate at every distinct observed time. Time
// is in the unit of the observations, Survival a share. The columns have one row
// per step.
type SurvivalCurve struct {
	N, Events int
	Time      []float64
	AtRisk    []int32
	Event     []int32
	Censored  []int32
	Survival  []float64
	table     *lifeTable
	greenwood []float64 // Σ d/(n(n-d)), the variance of ln S
}

// KaplanMeier estimates S(t) = Π(1 - d/n), the share still without an event of
// any cause after t, from censored observations with optional delayed entry. The
// order of the observations does not matter; none at all gives an empty curve.
// It refuses Time < Entry, negative and infinite times and unknown causes.
// Source: Kaplan & Meier 1958; Greenwood 1926 for the variance.
func KaplanMeier(obs []Observation) (*SurvivalCurve, error) {
	t, err := newLifeTable(obs)
	if err != nil {
		return nil, err
	}
	return kaplanMeier(t), nil
}

func kaplanMeier(t *lifeTable) *SurvivalCurve {
	c := &SurvivalCurve{
		N: t.n, Time: t.time, AtRisk: t.atRisk, Event: t.events, Censored: t.censored, table: t,
		Survival: make([]float64, len(t.time)), greenwood: make([]float64, len(t.time)),
	}
	s, g := 1.0, 0.0
	for i, d := range t.events {
		if d > 0 {
			n, d := float64(t.atRisk[i]), float64(d)
			c.Events += int(t.events[i])
			if d == n {
				s = 0
			} else {
				s *= 1 - d/n
				g += d / (n * (n - d))
			}
		}
		c.Survival[i], c.greenwood[i] = s, g
	}
	return c
}

// StdErr is Greenwood's standard error of S at step i, S·√Σ d/(n(n-d)); NaN
// where S is 0.
func (c *SurvivalCurve) StdErr(i int) float64 {
	if c.Survival[i] == 0 {
		return math.NaN()
	}
	return c.Survival[i] * math.Sqrt(c.greenwood[i])
}

// Band is the pointwise interval of S at step i, NaN where S is 0 or 1.
func (c *SurvivalCurve) Band(i int, scale Transform, conf float64) Interval {
	return survivalBand(c.Survival[i], c.greenwood[i], scale, zOf(conf))
}

func survivalBand(s, g float64, scale Transform, z float64) Interval {
	if s <= 0 || s >= 1 {
		return noInterval()
	}
	root := z * math.Sqrt(g)
	switch scale {
	case Log:
		return Interval{s * math.Exp(-root), min(1, s*math.Exp(root))}
	case Plain:
		return Interval{max(0, s-s*root), min(1, s+s*root)}
	default:
		l := math.Log(s)
		e := math.Exp(root / -l)
		return Interval{math.Exp(l * e), math.Exp(l / e)}
	}
}

// At is S(t), 1 before the first step.
func (c *SurvivalCurve) At(t float64) float64 {
	if i := c.table.last(t); i >= 0 {
		return c.Survival[i]
	}
	return 1
}

// AtRiskAt is the number at risk at the first observed time at or after t, what
// stands under the time axis.
func (c *SurvivalCurve) AtRiskAt(t float64) int { return c.table.atRiskAt(t) }

// NelsonAalen is the cumulative hazard Σ d/n at every step and its standard
// error √Σ d/n². Source: Nelson 1969; Aalen 1978.
func (c *SurvivalCurve) NelsonAalen() (hazard, stdErr []float64) {
	hazard, stdErr = make([]float64, len(c.Time)), make([]float64, len(c.Time))
	h, v := 0.0, 0.0
	for i, d := range c.Event {
		if d > 0 {
			n := float64(c.AtRisk[i])
			h += float64(d) / n
			v += float64(d) / (n * n)
		}
		hazard[i], stdErr[i] = h, math.Sqrt(v)
	}
	return hazard, stdErr
}

// Quantile is a time by which a share has had the event, with its interval;
// NaN is "not reached".
type Quantile struct {
	P, Value float64
	Interval Interval
}

// Quantile is the first time with S(t) <= 1-p, the midpoint of the interval on
// which S equals 1-p, and the Brookmeyer-Crowley limits: the same inversion of
// the lower and the upper band. Where a band is not monotone (delayed entry) the
// first crossing counts. It refuses p outside (0, 1) with NaN.
// Source: Brookmeyer & Crowley 1982.
func (c *SurvivalCurve) Quantile(p float64, scale Transform, conf float64) Quantile {
	q := Quantile{p, math.NaN(), noInterval()}
	if !(p > 0 && p < 1) {
		return q
	}
	target, z := 1-p, zOf(conf)
	q.Value = c.invert(target, func(i int) float64 { return c.Survival[i] })
	q.Interval.Lower = c.invert(target, func(i int) float64 {
		return survivalBand(c.Survival[i], c.greenwood[i], scale, z).Lower
	})
	q.Interval.Upper = c.invert(target, func(i int) float64 {
		// The upper limit never lies below the curve, so it cannot have crossed yet.
		if c.Survival[i] > target+tieTolerance {
			return c.Survival[i]
		}
		return survivalBand(c.Survival[i], c.greenwood[i], scale, z).Upper
	})
	return q
}

// invert is the first time at which a step function falls to the target.
func (c *SurvivalCurve) invert(target float64, value func(i int) float64) float64 {
	i := firstStep(len(c.Time), func(i int) bool {
		return value(i) <= target+tieTolerance // NaN, no band here, is no crossing either
	})
	switch {
	case i == len(c.Time):
		return math.NaN()
	case value(i) < target-tieTolerance:
		return c.Time[i]
	}
	for j := i + 1; j < len(c.Time); j++ {
		if !(value(j) >= target-tieTolerance) {
			return (c.Time[i] + c.Time[j]) / 2
		}
	}
	return (c.Time[i] + c.Time[len(c.Time)-1]) / 2
}

// A curve of more than longCurve steps is searched at every strideth step first:
// neighbours then differ by less than a ten-thousandth of the whole.
const (
	longCurve = 1 << 16
	stride    = 64
)

// firstStep is the first of n steps that has crossed, n when none has.
func firstStep(n int, crossed func(i int) bool) int {
	from := 0
	if n > longCurve {
		at := stride - 1
		for at < n && !crossed(at) {
			at += stride
		}
		from = max(0, at-stride+1)
	}
	for i := from; i < n; i++ {
		if crossed(i) {
			return i
		}
	}
	return n
}

// RestrictedMean is the mean event-free time within the first tau units of
// time, RMST(τ) = ∫₀^τ S, with its standard error
//
//	se² = Σ_{t<=τ} A² d/(n(n-d)),  A = ∫_t^τ S.
//
// After the last observation the curve is carried on flat. It is for comparing
// groups at one fixed τ ("days open within the first 90"), and NaN for a τ that
// is negative or not finite. Source: Royston & Parmar 2013; R survfit rmean.
func (c *SurvivalCurve) RestrictedMean(tau float64) (mean, stdErr float64) {
	if !(tau >= 0) || math.IsInf(tau, 0) {
		return math.NaN(), math.NaN()
	}
	area, v, right := 0.0, 0.0, tau
	for i := c.table.last(tau); i >= 0; i-- {
		area += (right - c.Time[i]) * c.Survival[i]
		right = c.Time[i]
		if n, d := float64(c.AtRisk[i]), float64(c.Event[i]); d > 0 && n > d {
			v += area * area * d / (n * (n - d))
		}
	}
	return area + right, math.Sqrt(v)
}
