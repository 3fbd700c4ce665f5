package metrics

import (
	"math"
	"slices"
)

// exactShiftLimit is the group size from which the exact distribution of U gives
// way to the normal one, as in R.
const exactShiftLimit = 50

// Shift compares observations of a metric before and after a change.
type Shift struct {
	U             float64 // pairs with after > before, ties counted half
	Superiority   float64 // P(after > before)
	CliffsDelta   float64 // 2·Superiority - 1
	HodgesLehmann float64 // median of all after - before differences, in the metric's unit
	Interval      Interval
	OrderIndex    int // rank of the lower limit among the differences, 1 = smallest
	MedianBefore  float64
	MedianAfter   float64
	P             float64 // two-sided Mann-Whitney
	Exact         bool    // P is exact; else normal with tie and continuity correction
}

// HodgesLehmannShift estimates the shift from before to after with the exact
// Mann-Whitney interval: the differences of rank k and m·n+1-k with k the α/2
// quantile of U (at least 1), which stay valid with ties. P is exact below 50
// each side without ties. The slices are not changed. It refuses an empty side
// and numbers that are not finite. Source: Hodges & Lehmann 1963; R wilcox.test.
func HodgesLehmannShift(before, after []float64, conf float64) (Shift, error) {
	if len(before) == 0 || len(after) == 0 {
		return Shift{}, invalidf("%d observations before and %d after; need at least one each", len(before), len(after))
	}
	if err := checkConf(conf); err != nil {
		return Shift{}, err
	}
	for _, side := range []struct {
		name   string
		values []float64
	}{{"before", before}, {"after", after}} {
		if err := checkFinite(side.name, side.values); err != nil {
			return Shift{}, err
		}
	}
	m, n := len(after), len(before)
	var s Shift
	differences := make([]float64, 0, m*n)
	for _, a := range after {
		for _, b := range before {
			differences = append(differences, a-b)
			switch {
			case a > b:
				s.U++
			case a == b:
				s.U += 0.5
			}
		}
	}
	slices.Sort(differences)
	s.Superiority = s.U / float64(m*n)
	s.CliffsDelta = 2*s.Superiority - 1
	s.HodgesLehmann = medianSorted(differences)
	s.MedianBefore, s.MedianAfter = Median(before), Median(after)
	ties := tieSum(before, after)
	var lower []float64 // P(U <= u)
	if m < exactShiftLimit && n < exactShiftLimit {
		lower = mannWhitney(m, n)
	}
	s.OrderIndex = orderIndex(m, n, (1-conf)/2, lower)
	s.Interval = Interval{differences[s.OrderIndex-1], differences[m*n-s.OrderIndex]}
	if s.Exact = lower != nil && ties == 0; s.Exact {
		s.P = exactP(s.U, m, n, lower)
	} else {
		s.P = correctedP(s.U, m, n, ties)
	}
	return s, nil
}

// mannWhitney is the distribution function of U for groups of m and n without
// ties. The number of arrangements with U = u obeys
// f(i, j, u) = f(i-1, j, u-j) + f(i, j-1, u); all terms are positive, so the
// floating-point sums keep their digits.
func mannWhitney(m, n int) []float64 {
	rows := make([][]float64, n+1) // rows[j] = f(i, j, ·)
	for j := range rows {
		rows[j] = make([]float64, m*n+1)
		rows[j][0] = 1
	}
	for range m {
		for j := 1; j <= n; j++ {
			for u := m * n; u >= j; u-- {
				rows[j][u] = rows[j][u-j]
			}
			clear(rows[j][:j])
			for u, f := range rows[j-1] {
				rows[j][u] += f
			}
		}
	}
	cdf, total := rows[n], 0.0
	for u, f := range cdf {
		total += f
		cdf[u] = total
	}
	for u := range cdf {
		cdf[u] /= total
	}
	return cdf
}

// orderIndex is the smallest u with P(U <= u) >= alpha, at least 1.
func orderIndex(m, n int, alpha float64, lower []float64) int {
	if lower == nil {
		mid := float64(m*n) / 2
		sd := math.Sqrt(float64(m*n*(m+n+1)) / 12)
		return max(1, int(math.Round(mid-zOf(1-2*alpha)*sd)))
	}
	for u, p := range lower {
		if p >= alpha*(1-1e-12) {
			return max(1, u)
		}
	}
	return 1
}

func exactP(u float64, m, n int, lower []float64) float64 {
	i := int(u)
	if 2*i > m*n {
		return min(1, 2*(1-lower[i-1]))
	}
	return min(1, 2*lower[i])
}

func correctedP(u float64, m, n int, ties float64) float64 {
	total := float64(m + n)
	d := u - float64(m*n)/2
	v := float64(m*n) / 12 * (total + 1 - ties/(total*(total-1)))
	if !(v > 0) {
		return 1 // all observations equal
	}
	if d != 0 {
		d = math.Copysign(math.Abs(d)-0.5, d)
	}
	return normalTwoSided(d / math.Sqrt(v))
}

// tieSum is Σ (t³ - t) over the groups of equal values of both sides together.
func tieSum(before, after []float64) float64 {
	all := slices.Concat(before, after)
	slices.Sort(all)
	sum := 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j] == all[i] {
			j++
		}
		t := float64(j - i)
		sum += t*t*t - t
		i = j
	}
	return sum
}

// Median is the middle value, the mean of the two middle ones for an even
// number, NaN for none. The slice is not changed.
func Median(values []float64) float64 {
	return medianSorted(slices.Sorted(slices.Values(values)))
}

func medianSorted(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// quantileSorted is the p quantile of sorted values by linear interpolation
// between order statistics (type 7 of Hyndman & Fan), NaN for none.
func quantileSorted(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := p * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
