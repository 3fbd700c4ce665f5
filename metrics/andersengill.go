package metrics

import (
	"math"
	"slices"
	"sort"
)

// Covered is one stretch (Start, Stop] of a subject with constant covariates,
// ended by an event or not.
type Covered struct {
	ID          int
	Start, Stop float64
	Event       bool
	X           []float64
}

// AndersenGill is a proportional-intensity fit; the slices have one entry per
// covariate.
type AndersenGill struct {
	Coef     []float64 // log intensity ratio per unit of the covariate
	SE       []float64
	SERobust []float64 // sandwich, clustered by subject
}

// maxNewtonSteps is far above the handful that a sound fit takes.
const maxNewtonSteps = 40

// FitAndersenGill fits the Andersen-Gill model of recurrent events by partial
// likelihood with Efron's treatment of ties and Newton-Raphson, and the robust
// errors of Lin & Wei from the score residuals summed by subject. It is the
// model twin of the recurrence rate by follow-through state. It refuses
// stretches without length, covariates of unequal number or not finite, and data
// on which the likelihood has no maximum. Source: Andersen & Gill 1982; Efron
// 1977; Lin & Wei 1989; R coxph.
func FitAndersenGill(rows []Covered) (AndersenGill, error) {
	if len(rows) == 0 || len(rows[0].X) == 0 {
		return AndersenGill{}, invalidf("%d stretches and no covariates; give one at least of both", len(rows))
	}
	p := len(rows[0].X)
	for i, r := range rows {
		if !(r.Stop > r.Start) || math.IsInf(r.Stop-r.Start, 0) || len(r.X) != p {
			return AndersenGill{}, invalidf("stretch %d runs from %v to %v with %d covariates; need start < stop and %d covariates", i, r.Start, r.Stop, len(r.X), p)
		}
		if err := checkFinite("x", r.X); err != nil {
			return AndersenGill{}, err
		}
	}
	f := newIntensityFit(rows, p)
	beta := make([]float64, p)
	for range maxNewtonSteps {
		score, info := f.score(beta)
		step, ok := solve(info, score)
		if !ok {
			return AndersenGill{}, invalidf("the covariates do not determine a fit: they are constant or depend on each other")
		}
		size := 0.0
		for k := range beta {
			beta[k] += step[k]
			size = max(size, math.Abs(step[k]))
		}
		if size < 1e-11 {
			return f.result(beta)
		}
	}
	return AndersenGill{}, invalidf("the likelihood has no maximum: a covariate separates events from non-events")
}

// intensityFit holds the rows in an order in which the sums are reproducible.
type intensityFit struct {
	rows  []Covered
	p     int
	times []float64
}

func newIntensityFit(rows []Covered, p int) *intensityFit {
	f := &intensityFit{rows: rows, p: p}
	for _, r := range rows {
		if r.Event {
			f.times = append(f.times, r.Stop)
		}
	}
	slices.Sort(f.times)
	f.times = slices.Compact(f.times)
	return f
}

// riskSums are Σ w, Σ w x and Σ w x x' over the units at risk.
type riskSums struct {
	w  float64
	x  []float64
	xx [][]float64
}

func newRiskSums(p int) *riskSums {
	s := &riskSums{x: make([]float64, p), xx: make([][]float64, p)}
	for i := range s.xx {
		s.xx[i] = make([]float64, p)
	}
	return s
}

func (s *riskSums) add(w float64, x []float64) {
	s.w += w
	for i := range x {
		s.x[i] += w * x[i]
		for j := range x {
			s.xx[i][j] += w * x[i] * x[j]
		}
	}
}

// at is the risk set at t: weights, sums over all at risk and over the d tied
// events.
func (f *intensityFit) at(t float64, beta []float64) (all, tied *riskSums, atRisk []int, d int) {
	all, tied = newRiskSums(f.p), newRiskSums(f.p)
	for i, r := range f.rows {
		if r.Start >= t || r.Stop < t {
			continue
		}
		atRisk = append(atRisk, i)
		w := f.weight(i, beta)
		all.add(w, r.X)
		if r.Event && r.Stop == t {
			tied.add(w, r.X)
			d++
		}
	}
	return all, tied, atRisk, d
}

func (f *intensityFit) weight(i int, beta []float64) float64 {
	eta := 0.0
	for k, x := range f.rows[i].X {
		eta += beta[k] * x
	}
	return math.Exp(eta)
}

func (f *intensityFit) score(beta []float64) (score []float64, info [][]float64) {
	score, info = make([]float64, f.p), newRiskSums(f.p).xx
	for _, t := range f.times {
		all, tied, atRisk, d := f.at(t, beta)
		for _, i := range atRisk {
			if f.rows[i].Event && f.rows[i].Stop == t {
				for k, x := range f.rows[i].X {
					score[k] += x
				}
			}
		}
		for m := range d {
			share := float64(m) / float64(d)
			w := all.w - share*tied.w
			for k := range score {
				mean := (all.x[k] - share*tied.x[k]) / w
				score[k] -= mean
				for l := range score {
					info[k][l] += (all.xx[k][l]-share*tied.xx[k][l])/w - mean*(all.x[l]-share*tied.x[l])/w
				}
			}
		}
	}
	return score, info
}

// residuals are the score residuals of the rows.
func (f *intensityFit) residuals(beta []float64) [][]float64 {
	r := make([][]float64, len(f.rows))
	for i := range r {
		r[i] = make([]float64, f.p)
	}
	for _, t := range f.times {
		all, tied, atRisk, d := f.at(t, beta)
		for m := range d {
			share := float64(m) / float64(d)
			w := all.w - share*tied.w
			for _, i := range atRisk {
				event := f.rows[i].Event && f.rows[i].Stop == t
				weight := f.weight(i, beta) / w
				if event {
					weight *= 1 - share
				}
				for k, x := range f.rows[i].X {
					dx := x - (all.x[k]-share*tied.x[k])/w
					r[i][k] -= dx * weight
					if event {
						r[i][k] += dx / float64(d)
					}
				}
			}
		}
	}
	return r
}

func (f *intensityFit) result(beta []float64) (AndersenGill, error) {
	_, info := f.score(beta)
	v, ok := invert(info)
	if !ok {
		return AndersenGill{}, invalidf("the covariates do not determine a fit: they are constant or depend on each other")
	}
	ids := make([]int, len(f.rows))
	for i, r := range f.rows {
		ids[i] = r.ID
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	sums := make([][]float64, len(ids))
	for i := range sums {
		sums[i] = make([]float64, f.p)
	}
	for i, r := range f.residuals(beta) {
		at := sort.SearchInts(ids, f.rows[i].ID)
		for k := range r {
			sums[at][k] += r[k]
		}
	}
	out := AndersenGill{Coef: beta}
	for k := range beta {
		robust := 0.0
		for _, u := range sums {
			d := 0.0
			for l := range u {
				d += v[k][l] * u[l]
			}
			robust += d * d
		}
		out.SE = append(out.SE, math.Sqrt(v[k][k]))
		out.SERobust = append(out.SERobust, math.Sqrt(robust))
	}
	return out, nil
}
