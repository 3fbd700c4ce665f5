package metrics

import (
	"cmp"
	"math"
	"slices"
)

// Grouped is an observation that belongs to a group (0, 1, ...) and a stratum.
type Grouped struct {
	Observation
	Group   int
	Stratum int
}

// LogRankTest compares groups. The slices have one entry per group; Variance is
// the covariance matrix of Observed - Expected.
type LogRankTest struct {
	N        []int
	Observed []int
	Expected []float64
	Variance [][]float64
	ChiSq    float64
	DF       int
	P        float64
}

// LogRank is the log-rank test (rho 0, hypergeometric variance) of groups
// numbered 0 to groups-1, summed over strata, on events of any cause. The
// statistic is (O-E)' V⁻ (O-E) over the groups that expect events, with one
// degree of freedom less than these; NaN when fewer than two do. It refuses
// group numbers out of range and what KaplanMeier refuses.
// Source: Mantel 1966; Peto & Peto 1972; R survdiff.
func LogRank(obs []Grouped, groups int) (LogRankTest, error) {
	plain := make([]Observation, len(obs))
	for i, o := range obs {
		if o.Group < 0 || o.Group >= groups {
			return LogRankTest{}, invalidf("observation %d is in group %d; need 0 to %d", i, o.Group, groups-1)
		}
		plain[i] = o.Observation
	}
	if _, err := newLifeTable(plain); err != nil {
		return LogRankTest{}, err
	}
	sorted := slices.Clone(obs)
	slices.SortFunc(sorted, func(a, b Grouped) int {
		return cmp.Or(cmp.Compare(a.Stratum, b.Stratum), cmp.Compare(a.Time, b.Time), cmp.Compare(a.Group, b.Group))
	})
	sums := newLogRankSums(groups)
	for start := 0; start < len(sorted); {
		end := start + 1
		for end < len(sorted) && sorted[end].Stratum == sorted[start].Stratum {
			end++
		}
		var entries []Grouped
		for _, o := range sorted[start:end] {
			if o.Entry > 0 {
				entries = append(entries, o)
			}
		}
		slices.SortFunc(entries, func(a, b Grouped) int { return cmp.Compare(a.Entry, b.Entry) })
		sums.stratum(end-start, func(i int) (float64, int, bool) {
			o := sorted[start+i]
			return o.Time, o.Group, o.Cause != 0
		}, len(entries), func(i int) (float64, int) { return entries[i].Entry, entries[i].Group })
		start = end
	}
	return sums.test(), nil
}

// logRankSums accumulates O, E and V. The at-risk count of a group changes far
// less often than there are times, so a pair of groups is only brought up to
// date when one of the two changes: times × groups instead of times × groups².
type logRankSums struct {
	k        int
	n        []int
	observed []int
	expected []float64
	variance []float64 // k × k, Σ w n_i n_j
	diagonal []float64 // Σ w n n_i
	risk     []float64 // at risk now
	h, w, u  float64   // running Σ d/n, Σ w, Σ w n with w = d(n-d)/((n-1)n²)
	seenH    []float64
	seenU    []float64
	// A pair is up to date since the later flush of the two. The marks are the bits
	// of w, which never falls below 0: the larger of two is then found without a branch.
	seenW []uint64
}

func newLogRankSums(k int) *logRankSums {
	f := func(n int) []float64 { return make([]float64, n) }
	return &logRankSums{
		k: k, n: make([]int, k), observed: make([]int, k), expected: f(k), variance: f(k * k),
		diagonal: f(k), risk: f(k), seenH: f(k), seenU: f(k), seenW: make([]uint64, k),
	}
}

// flush credits group g with everything since its last change.
func (s *logRankSums) flush(g int) {
	s.expected[g] += s.risk[g] * (s.h - s.seenH[g])
	s.seenH[g] = s.h
	s.diagonal[g] += s.risk[g] * (s.u - s.seenU[g])
	s.seenU[g] = s.u
	mine, own := s.risk[g], s.seenW[g]
	for j, mark := range s.seenW[:g] { // down to the diagonal
		s.variance[j*s.k+g] += mine * s.risk[j] * (s.w - math.Float64frombits(max(own, mark)))
	}
	risk, row := s.risk[g:], s.variance[g*s.k+g:]
	for j, mark := range s.seenW[g:] { // and along the row
		row[j] += mine * risk[j] * (s.w - math.Float64frombits(max(own, mark)))
	}
	s.seenW[g] = math.Float64bits(s.w)
}

// stratum adds one stratum of n exits in time order and its delayed entries.
func (s *logRankSums) stratum(n int, exit func(i int) (time float64, group int, event bool), delayed int, entry func(i int) (float64, int)) {
	for g := range s.k {
		s.flush(g) // nobody is at risk between strata: this only moves the marks
	}
	total := 0.0
	for i := range n {
		_, g, _ := exit(i)
		s.n[g]++
		s.risk[g]++
		total++
	}
	for i := range delayed {
		_, g := entry(i)
		s.risk[g]--
		total--
	}
	entered := 0
	for i := 0; i < n; {
		at, _, _ := exit(i)
		for entered < delayed {
			t, g := entry(entered)
			if t >= at {
				break
			}
			s.flush(g)
			s.risk[g]++
			total++
			entered++
		}
		j, d := i, 0.0
		for ; j < n; j++ {
			t, g, event := exit(j)
			if t != at {
				break
			}
			if event {
				d++
				s.observed[g]++
			}
		}
		if d > 0 {
			s.h += d / total
			if total > 1 {
				w := d * (total - d) / ((total - 1) * total * total)
				s.w += w
				s.u += w * total
			}
		}
		for ; i < j; i++ {
			_, g, _ := exit(i)
			s.flush(g)
			s.risk[g]--
			total--
		}
	}
}

func (s *logRankSums) test() LogRankTest {
	t := LogRankTest{N: s.n, Observed: s.observed, Expected: s.expected, ChiSq: math.NaN(), P: math.NaN()}
	for range s.k {
		t.Variance = append(t.Variance, make([]float64, s.k))
	}
	var used []int
	for i := range s.k {
		for j := i; j < s.k; j++ {
			v := -s.variance[i*s.k+j]
			if i == j {
				v += s.diagonal[i]
			}
			t.Variance[i][j], t.Variance[j][i] = v, v
		}
		if s.expected[i] > 0 {
			used = append(used, i)
		}
	}
	if len(used) < 2 {
		return t
	}
	t.DF = len(used) - 1
	m, rhs := make([][]float64, t.DF), make([]float64, t.DF)
	for a, i := range used[:t.DF] {
		m[a] = make([]float64, t.DF)
		for b, j := range used[:t.DF] {
			m[a][b] = t.Variance[i][j]
		}
		rhs[a] = float64(s.observed[i]) - s.expected[i]
	}
	x, ok := solve(m, rhs)
	if !ok {
		return t
	}
	t.ChiSq = 0
	for a, i := range used[:t.DF] {
		t.ChiSq += x[a] * (float64(s.observed[i]) - s.expected[i])
	}
	t.P = chiSquaredUpper(t.ChiSq, t.DF)
	return t
}
