package metrics

import "math"

// itsUnknowns are intercept, slope before, change of level, change of slope.
const itsUnknowns = 4

// TimeSeries is a segmented regression; the error slices follow the order of the
// four coefficients.
type TimeSeries struct {
	Intercept    float64
	SlopeBefore  float64 // per step
	LevelChange  float64
	SlopeChange  float64 // per step
	SEOrdinary   []float64
	SENeweyWest  []float64
	DurbinWatson float64
	Lag          int
}

// InterruptedTimeSeries fits y = b0 + b1 t + b2 D + b3 (t-t0) D with t = 0, 1,
// ..., D = 1 from index change on, and t0 = change, by ordinary least squares,
// with Newey-West errors (Bartlett weights, no prewhitening, no small-sample
// factor). A negative lag asks for ⌊4(n/100)^(2/9)⌋. To be shown from 12 points
// on each side only, with the caption that the intervals are probably too
// narrow. It refuses fewer than two points on a side, fewer than five in all and
// numbers that are not finite. Source: Wagner et al. 2002; Newey & West 1987.
func InterruptedTimeSeries(y []float64, change, lag int) (TimeSeries, error) {
	n := len(y)
	if change < 2 || n-change < 2 || n <= itsUnknowns {
		return TimeSeries{}, invalidf("%d points with the change at %d; need two on each side and five in all", n, change)
	}
	if err := checkFinite("y", y); err != nil {
		return TimeSeries{}, err
	}
	if lag < 0 {
		lag = int(4 * math.Pow(float64(n)/100, 2.0/9))
	}
	rows := make([][itsUnknowns]float64, n)
	for t := range rows {
		rows[t] = [itsUnknowns]float64{1, float64(t)}
		if t >= change {
			rows[t][2], rows[t][3] = 1, float64(t-change)
		}
	}
	bread, ok := invert(crossProduct(rows, rows))
	if !ok {
		return TimeSeries{}, invalidf("the regression of %d points with the change at %d has no solution", n, change)
	}
	var right, b [itsUnknowns]float64
	for t, x := range rows {
		for i := range x {
			right[i] += x[i] * y[t]
		}
	}
	for i := range b {
		for j := range right {
			b[i] += bread[i][j] * right[j]
		}
	}
	s := TimeSeries{Intercept: b[0], SlopeBefore: b[1], LevelChange: b[2], SlopeChange: b[3], Lag: lag}
	residual := make([]float64, n)
	rss, dw := 0.0, 0.0
	for t, x := range rows {
		residual[t] = y[t]
		for i := range x {
			residual[t] -= b[i] * x[i]
		}
		rss += residual[t] * residual[t]
		if t > 0 {
			d := residual[t] - residual[t-1]
			dw += d * d
		}
	}
	s.DurbinWatson = dw / rss
	meat := neweyWest(rows, residual, lag)
	for i := range itsUnknowns {
		s.SEOrdinary = append(s.SEOrdinary, math.Sqrt(rss/float64(n-itsUnknowns)*bread[i][i]))
		v := 0.0
		for j := range itsUnknowns {
			for k := range itsUnknowns {
				v += bread[i][j] * meat[j][k] * bread[k][i]
			}
		}
		s.SENeweyWest = append(s.SENeweyWest, math.Sqrt(v))
	}
	return s, nil
}

// neweyWest is Γ0 + Σ_l (1 - l/(lag+1)) (Γl + Γl') of the scores x·residual.
func neweyWest(rows [][itsUnknowns]float64, residual []float64, lag int) [][]float64 {
	score := make([][itsUnknowns]float64, len(rows))
	for t, x := range rows {
		for i := range x {
			score[t][i] = x[i] * residual[t]
		}
	}
	sum := crossProduct(score, score)
	for l := 1; l <= lag && l < len(rows); l++ {
		w := 1 - float64(l)/float64(lag+1)
		g := crossProduct(score[l:], score[:len(score)-l])
		for i := range g {
			for j := range g {
				sum[i][j] += w * (g[i][j] + g[j][i])
			}
		}
	}
	return sum
}

// crossProduct is Σ_t a_t b_t'.
func crossProduct(a, b [][itsUnknowns]float64) [][]float64 {
	m := make([][]float64, itsUnknowns)
	for i := range m {
		m[i] = make([]float64, itsUnknowns)
		for j := range m[i] {
			for t := range a {
				m[i][j] += a[t][i] * b[t][j]
			}
		}
	}
	return m
}
