package metrics

import (
	"math"
	"sort"
)

// varianceFloor is the size below which a variance is rounding and taken as 0.
const varianceFloor = 1e-24

// IncidenceCurves are Aalen-Johansen estimates at every distinct observed time:
// S + Σ F = 1 at each of them. Cause k is at index k-1.
type IncidenceCurves struct {
	N         int
	Time      []float64
	AtRisk    []int32
	EventFree []float64
	Cause     []Incidence
	table     *lifeTable
}

// Incidence is the cumulative incidence of one cause, with its variance.
type Incidence struct {
	Events   int
	F        []float64
	Variance []float64
	time     []float64
	table    *lifeTable
	cause    int
}

// AalenJohansen estimates for each competing cause the share that has ended by
// it, F(t) = Σ S(t-) d_k/n, with the closed-form variance
//
//	Σ [(F(t)-F)² d/(n(n-d)) + S(t-)² (n-d_k) d_k/n³ - 2 (F(t)-F) S(t-) d_k/n²]
//
// (first term 0 where n = d), which equals R survfit's infinitesimal jackknife
// and not the variance that cmprsk prints. At least one curve is returned, also
// when the first cause never happened. Input and errors as KaplanMeier.
// Source: Aalen & Johansen 1978; Marubini & Valsecchi 1995.
func AalenJohansen(obs []Observation) (*IncidenceCurves, error) {
	t, err := newLifeTable(obs)
	if err != nil {
		return nil, err
	}
	return aalenJohansen(t, t.causes), nil
}

// aalenJohansen computes the variance of the first causes only: reports show the
// interval of "done" and the mere height of "cancelled".
func aalenJohansen(t *lifeTable, variances int) *IncidenceCurves {
	c := &IncidenceCurves{N: t.n, Time: t.time, AtRisk: t.atRisk, EventFree: make([]float64, len(t.time)), table: t}
	s := 1.0
	for i, d := range t.events {
		if d == t.atRisk[i] && d > 0 {
			s = 0
		} else if d > 0 {
			s *= 1 - float64(d)/float64(t.atRisk[i])
		}
		c.EventFree[i] = s
	}
	for k := range max(1, t.causes) {
		c.Cause = append(c.Cause, c.incidence(k, k < max(1, variances)))
	}
	return c
}

// incidence accumulates F and its variance in one pass. The sums over earlier
// times depend on F(t) - F; when F grows by δ they are moved by δ, which adds
// positive terms only and so keeps the digits that the expanded form loses while
// F is tiny:
//
//	Σ (F(t)-F)² a  grows by  2δ Σ (F(t)-F) a + δ² Σ a,  likewise for Σ (F(t)-F) c.
func (c *IncidenceCurves) incidence(k int, variance bool) Incidence {
	t := c.table
	f := Incidence{
		F: make([]float64, len(t.time)), time: t.time,
		table: t, cause: k + 1, Events: t.totalEvents(k + 1),
	}
	if !variance {
		f.heights(c, k)
		return f
	}
	f.Variance = make([]float64, len(t.time))
	var (
		now, before         = 0.0, 1.0 // F(t), S(t-)
		sumA, sumFA, sumFFA float64    // a = d/(n(n-d))
		sumC, sumFC         float64    // c = S(t-) d_k/n²
		sumB                float64    // S(t-)² (n-d_k) d_k/n³
	)
	for i, all := range t.events {
		if all > 0 {
			n, d, dk := float64(t.atRisk[i]), float64(all), 0.0
			if k < t.causes {
				dk = float64(t.byCause[k][i])
			}
			inverse := 1 / n
			delta := before * dk * inverse
			now += delta
			sumFFA += delta * (2*sumFA + delta*sumA)
			sumFA += delta * sumA
			sumFC += delta * sumC
			if n > d {
				sumA += d / (n * (n - d))
			}
			sumC += delta * inverse
			sumB += before * delta * (n - dk) * inverse * inverse
			before = c.EventFree[i]
		}
		v := sumFFA + sumB - 2*sumFC
		if v < varianceFloor {
			v = 0
		}
		f.F[i], f.Variance[i] = now, v
	}
	return f
}

// heights is F alone.
func (f *Incidence) heights(c *IncidenceCurves, k int) {
	t, now, before := c.table, 0.0, 1.0
	for i, d := range t.byCause[k] {
		if d > 0 {
			now += before * float64(d) / float64(t.atRisk[i])
		}
		before = c.EventFree[i]
		f.F[i] = now
	}
}

// StdErr is the standard error of F at step i.
func (f *Incidence) StdErr(i int) float64 { return math.Sqrt(f.Variance[i]) }

// Band is the pointwise interval F^exp(∓z·se/(F ln F)) of F at step i, NaN where
// F is 0 or 1 or the variance vanishes.
func (f *Incidence) Band(i int, conf float64) Interval { return f.band(i, zOf(conf)) }

func (f *Incidence) band(i int, z float64) Interval {
	p, se := f.F[i], f.StdErr(i)
	if p <= 0 || p >= 1 || se == 0 {
		return noInterval()
	}
	l := math.Log(p)
	e := math.Exp(z * se / (p * -l))
	return Interval{math.Exp(l * e), math.Exp(l / e)}
}

// IncidencePoint is an incidence at one chosen time.
type IncidencePoint struct {
	T, F, StdErr float64
	Interval     Interval
}

// At is F(t) with standard error and interval; before the first step F is 0.
func (f *Incidence) At(t, conf float64) IncidencePoint {
	i := f.table.last(t)
	if i < 0 {
		return IncidencePoint{T: t, Interval: noInterval()}
	}
	return IncidencePoint{t, f.F[i], f.StdErr(i), f.Band(i, conf)}
}

// Quantile is the first time with F(t) >= p, NaN for "not reached".
func (f *Incidence) Quantile(p float64) float64 {
	return f.timeOf(sort.Search(len(f.F), func(i int) bool { return f.F[i] >= p-tieTolerance }))
}

// QuantileInterval is Quantile with the limits that the inverted band gives: the
// upper band reaches p first, the lower one last or never (NaN).
func (f *Incidence) QuantileInterval(p, conf float64) Quantile {
	z := zOf(conf)
	return Quantile{p, f.Quantile(p), Interval{
		f.timeOf(firstStep(len(f.F), func(i int) bool { return f.band(i, z).Upper >= p-tieTolerance })),
		f.timeOf(firstStep(len(f.F), func(i int) bool { return f.F[i] >= p-tieTolerance && f.band(i, z).Lower >= p-tieTolerance })),
	}}
}

func (f *Incidence) timeOf(i int) float64 {
	if i == len(f.time) {
		return math.NaN()
	}
	return f.time[i]
}

// NaiveAtEnd is 1 - Kaplan-Meier of this cause with the other causes censored,
// at the last time. It overstates the truth and exists to show by how much.
func (f *Incidence) NaiveAtEnd() float64 {
	s := 1.0
	if f.cause > f.table.causes {
		return 0
	}
	for i, d := range f.table.byCause[f.cause-1] {
		if d > 0 {
			s *= 1 - float64(d)/float64(f.table.atRisk[i])
		}
	}
	return 1 - s
}
