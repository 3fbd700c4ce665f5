package metrics

import "math"

// System is one observed unit (service, cause class) with the instants of its
// events, measured from the start of its window, in (0, End].
type System struct {
	Times []float64
	End   float64
	// FailureTruncated says that the window was closed by its last event, which
	// then carries no information about a trend.
	FailureTruncated bool
}

// Trend holds both trend tests. PowerLaw is nil for several systems and for none.
type Trend struct {
	N         int     // events used by the tests
	LaplaceU  float64 // standard normal under no trend; negative = getting rarer
	LaplaceP  float64
	ChiSquare float64 // MIL-HDBK-189: 2 Σ ln(T/t)
	DF        int
	P         float64 // two-sided p of ChiSquare
	PowerLaw  *PowerLaw
}

// PowerLaw is the Crow-AMSAA model with intensity λβt^(β-1); β < 1 means that
// events are getting rarer.
type PowerLaw struct {
	N              int
	Beta           float64
	BetaUnbiased   float64
	Lambda         float64
	IntensityAtEnd float64 // events per unit of time at End
	BetaInterval   Interval
}

// EventTrend tests the instants of recurrent events for a trend (rule B7):
//
//	Laplace U = Σ(t - T/2) / √(Σ n T²/12), pooled over systems by summing;
//	MIL-HDBK-189 2 Σ ln(T/t), chi-squared with 2n degrees of freedom;
//	Crow-AMSAA β = n/Σ ln(T/t), interval β χ²(2n)/(2n), one system only.
//
// NaN without events. It refuses times outside (0, End]. Times may come in any
// order. Source: Cox & Lewis 1966; MIL-HDBK-189; Crow 1974.
func EventTrend(systems []System, conf float64) (Trend, error) {
	if err := checkConf(conf); err != nil {
		return Trend{}, err
	}
	var t Trend
	var sum, v, logs float64
	for i, s := range systems {
		if err := s.check(i); err != nil {
			return Trend{}, err
		}
		skip := s.skipped()
		for j, at := range s.Times {
			if j == skip {
				continue
			}
			t.N++
			sum += at - s.End/2
			v += s.End * s.End / 12
			logs += math.Log(s.End / at)
		}
	}
	t.ChiSquare, t.DF = 2*logs, 2*t.N
	t.LaplaceU, t.LaplaceP, t.P = math.NaN(), math.NaN(), math.NaN()
	if t.N > 0 {
		t.LaplaceU = sum / math.Sqrt(v)
		t.LaplaceP = normalTwoSided(t.LaplaceU)
		t.P = min(1, 2*min(chiSquaredLower(t.ChiSquare, t.DF), chiSquaredUpper(t.ChiSquare, t.DF)))
	}
	if len(systems) == 1 && t.N > 0 && logs > 0 {
		t.PowerLaw = powerLaw(systems[0], logs, conf)
	}
	return t, nil
}

func powerLaw(s System, logs, conf float64) *PowerLaw {
	n := float64(len(s.Times))
	bias, df := n-1, 2*len(s.Times)
	if s.FailureTruncated {
		bias, df = n-2, df-2
	}
	m := PowerLaw{N: len(s.Times), Beta: n / logs}
	m.BetaUnbiased = m.Beta * bias / n
	m.Lambda = n / math.Pow(s.End, m.Beta)
	m.IntensityAtEnd = m.Lambda * m.Beta * math.Pow(s.End, m.Beta-1)
	alpha := (1 - conf) / 2
	m.BetaInterval = Interval{
		m.Beta * chiSquaredQuantile(alpha, df) / (2 * n),
		m.Beta * chiSquaredQuantile(1-alpha, df) / (2 * n),
	}
	return &m
}

// skipped is the index of the event that closed the window, -1 for none.
func (s System) skipped() int {
	last := -1
	if s.FailureTruncated {
		for i, at := range s.Times {
			if last < 0 || at >= s.Times[last] {
				last = i
			}
		}
	}
	return last
}

func (s System) check(i int) error {
	if !(s.End > 0) || math.IsInf(s.End, 0) {
		return invalidf("system %d has a window of %v; need a finite length above 0", i, s.End)
	}
	for _, at := range s.Times {
		if !(at > 0 && at <= s.End) {
			return invalidf("system %d has an event at %v outside its window (0, %v]", i, at, s.End)
		}
	}
	return nil
}
