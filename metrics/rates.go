package metrics

import "math"

// Rate is a number of events per unit of exposure.
type Rate struct {
	Events   int
	Exposure float64
	Rate     float64
	Interval Interval
}

// PoissonRate is events/exposure with the exact Poisson interval
//
//	χ²(α/2; 2x) / 2E  to  χ²(1-α/2; 2x+2) / 2E,
//
// lower limit 0 when there were none. The unit is one over that of the
// exposure. NaN at exposure 0; it refuses negative counts and exposures.
// Source: Garwood 1936.
func PoissonRate(events int, exposure, conf float64) (Rate, error) {
	if err := checkRate(events, exposure); err != nil {
		return Rate{}, err
	}
	if err := checkConf(conf); err != nil {
		return Rate{}, err
	}
	r := Rate{events, exposure, math.NaN(), noInterval()}
	if exposure == 0 {
		return r, nil
	}
	alpha := (1 - conf) / 2
	r.Rate = float64(events) / exposure
	r.Interval = Interval{0, chiSquaredQuantile(1-alpha, 2*events+2) / (2 * exposure)}
	if events > 0 {
		r.Interval.Lower = chiSquaredQuantile(alpha, 2*events) / (2 * exposure)
	}
	return r, nil
}

// maxRatioEvents bounds the exact sums over the conditional distribution.
const maxRatioEvents = 5_000_000

// Ratio is a rate ratio after : before. P and MidP are two-sided.
type Ratio struct {
	Ratio    float64 // NaN when there were no events before
	Interval Interval
	P        float64
	MidP     float64
}

// RateRatio is (x1/E1)/(x0/E0) by the conditional method: given x1 + x0 = n, x1
// is Binomial(n, π) with π = E1/(E1+E0) under equal rates. The interval maps the
// Clopper-Pearson limits of π to π/(1-π)·E0/E1; P sums the probabilities not
// larger than the observed one; MidP is 2·(smaller tail + half the observed).
// One arm empty leaves one limit; no events at all leave none. It refuses
// exposures that are not positive. Source: rule B8; R poisson.test; Rothman 2008.
func RateRatio(x1 int, e1 float64, x0 int, e0, conf float64) (Ratio, error) {
	for _, arm := range []Rate{{Events: x1, Exposure: e1}, {Events: x0, Exposure: e0}} {
		if err := checkRate(arm.Events, arm.Exposure); err != nil {
			return Ratio{}, err
		}
		if arm.Exposure == 0 {
			return Ratio{}, invalidf("exposure 0 beside %d events; need both exposures above 0", arm.Events)
		}
	}
	if err := checkConf(conf); err != nil {
		return Ratio{}, err
	}
	n := x1 + x0
	if x1 > maxRatioEvents || x0 > maxRatioEvents {
		return Ratio{}, invalidf("%d and %d events are too many for the exact ratio; use up to %d", x1, x0, maxRatioEvents)
	}
	if n == 0 {
		return Ratio{math.NaN(), noInterval(), 1, math.NaN()}, nil
	}
	r := Ratio{Ratio: math.NaN()}
	if x0 > 0 {
		r.Ratio = (float64(x1) / e1) / (float64(x0) / e0)
	}
	pi := clopperPearson(x1, n, conf)
	odds := func(p float64) float64 { return p / (1 - p) * e0 / e1 }
	r.Interval = Interval{odds(pi.Lower), odds(pi.Upper)}
	if x0 == 0 {
		r.Interval.Upper = math.NaN()
	}
	r.P, r.MidP = binomialTest(x1, n, e1/(e1+e0))
	return r, nil
}

// binomialTest is the two-sided test of x of n against p, by the method of small
// probabilities and as doubled mid-p. The relative slack is R's, so that
// probabilities equal but for rounding count as "not larger".
func binomialTest(x, n int, p float64) (exact, mid float64) {
	return binomialTestOf(binomialPMF(n, p), x)
}

// binomialTestOf is binomialTest from the whole distribution.
func binomialTestOf(pmf []float64, x int) (exact, mid float64) {
	observed := pmf[x]
	below, above := 0.0, 0.0
	for i, q := range pmf {
		if q <= observed*(1+1e-7) {
			exact += q
		}
		switch {
		case i < x:
			below += q
		case i > x:
			above += q
		}
	}
	return min(1, exact), min(1, 2*(min(below, above)+observed/2))
}

// Stratum is one family or cause class with its events and exposures after and
// before.
type Stratum struct {
	EventsAfter    int
	ExposureAfter  float64
	EventsBefore   int
	ExposureBefore float64
}

// MantelHaenszel is a rate ratio pooled over strata.
type MantelHaenszel struct {
	Ratio    float64
	SELog    float64 // standard error of ln Ratio
	Interval Interval
}

// MantelHaenszelRateRatio pools person-time ratios over strata without pooling
// their sums: R = Σ x1 E0/T / Σ x0 E1/T with T = E1 + E0, and the variance of
// ln R = Σ (x1+x0) E1 E0/T² / (Σ x1 E0/T · Σ x0 E1/T). NaN when either arm has no
// events; errors as RateRatio. Source: Greenland & Robins 1985.
func MantelHaenszelRateRatio(strata []Stratum, conf float64) (MantelHaenszel, error) {
	if err := checkConf(conf); err != nil {
		return MantelHaenszel{}, err
	}
	var after, before, v float64
	for i, s := range strata {
		if s.EventsAfter < 0 || s.EventsBefore < 0 || !(s.ExposureAfter > 0) || !(s.ExposureBefore > 0) {
			return MantelHaenszel{}, invalidf("stratum %d has counts %d, %d and exposures %v, %v; need counts >= 0 and exposures above 0",
				i, s.EventsAfter, s.EventsBefore, s.ExposureAfter, s.ExposureBefore)
		}
		t := s.ExposureAfter + s.ExposureBefore
		after += float64(s.EventsAfter) * s.ExposureBefore / t
		before += float64(s.EventsBefore) * s.ExposureAfter / t
		v += float64(s.EventsAfter+s.EventsBefore) * s.ExposureAfter * s.ExposureBefore / (t * t)
	}
	if after == 0 || before == 0 {
		return MantelHaenszel{math.NaN(), math.NaN(), noInterval()}, nil
	}
	r := MantelHaenszel{Ratio: after / before, SELog: math.Sqrt(v / (after * before))}
	half := zOf(conf) * r.SELog
	r.Interval = Interval{r.Ratio * math.Exp(-half), r.Ratio * math.Exp(half)}
	return r, nil
}

func checkRate(events int, exposure float64) error {
	if events < 0 || !(exposure >= 0) || math.IsInf(exposure, 0) {
		return invalidf("%d events in an exposure of %v; need a count >= 0 and a finite exposure >= 0", events, exposure)
	}
	return nil
}
