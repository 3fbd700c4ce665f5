package metrics

import (
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
// group numbers out of range, more than 65,535 groups, and what KaplanMeier
// refuses. Source: Mantel 1966; Peto & Peto 1972; R survdiff.
func LogRank(obs []Grouped, groups int) (LogRankTest, error) {
	if groups > maxGroups {
		return LogRankTest{}, invalidf("%d groups are too many to compare; use up to %d", groups, maxGroups)
	}
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
	sums := newLogRankSums(groups)
	for _, stratum := range ranked(obs, groups) {
		sums.stratum(&stratum)
	}
	return sums.test(), nil
}

// ranked packs the observations of each stratum. The test asks for the order of
// times only, so their ranks stand for them.
func ranked(obs []Grouped, groups int) []groupedExits {
	var strata []int
	var times []float64
	for _, o := range obs {
		strata, times = append(strata, o.Stratum), append(times, o.Time, o.Entry)
	}
	slices.Sort(strata)
	slices.Sort(times)
	strata, times = slices.Compact(strata), slices.Compact(times)
	rank := func(t float64) int64 {
		at, _ := slices.BinarySearch(times, t)
		return int64(at)
	}
	out := make([]groupedExits, len(strata))
	for k := range out {
		out[k] = newGroupedExits(groups, 0)
	}
	for _, o := range obs {
		k, _ := slices.BinarySearch(strata, o.Stratum)
		out[k].leave(rank(o.Time), o.Group, 0, o.Cause != 0)
		if o.Entry > 0 {
			out[k].enter(rank(o.Entry), o.Group, 0)
		}
	}
	for k := range out {
		out[k].sort()
	}
	return out
}

// logRankSums accumulates O, E and V, all of which are sums over the times of
// events: E = Σ n_g d/n, V = Σ w n n_g on the diagonal minus Σ w n_i n_j, with
// w = d(n-d)/((n-1)n²). They are added up by parts: who leaves is credited with
// what has run up since the start, and who enters late is debited with what had.
// That is one row of the matrix for each who comes or goes, not the whole of it
// for each time.
type logRankSums struct {
	k        int
	n        []int
	observed []int
	expected []float64
	variance []float64 // k × k; the half of Σ w n_i n_j that members of i bring
	diagonal []float64 // Σ w n n_i
	risk     []float64 // at risk now
	h, w, u  float64   // run up in this stratum: Σ d/n, Σ w, Σ w n
}

func newLogRankSums(k int) *logRankSums {
	f := func(n int) []float64 { return make([]float64, n) }
	return &logRankSums{k: k, n: make([]int, k), observed: make([]int, k), expected: f(k), variance: f(k * k), diagonal: f(k), risk: f(k)}
}

// leave credits group g with one member less. n_g² falls by 2 n_g - 1, twice the
// number half-way, so half-way is where the row is added.
func (s *logRankSums) leave(g int) {
	s.risk[g] -= 0.5
	s.credit(g, s.h, s.w, s.u)
	s.risk[g] -= 0.5
}

// enter debits group g with one member more.
func (s *logRankSums) enter(g int) {
	s.risk[g] += 0.5
	s.credit(g, -s.h, -s.w, -s.u)
	s.risk[g] += 0.5
}

func (s *logRankSums) credit(g int, h, w, u float64) {
	s.expected[g] += h
	s.diagonal[g] += u
	if w == 0 {
		return
	}
	row := s.variance[g*s.k:][:s.k]
	risk := s.risk[:len(row)]
	for len(row) >= 4 && len(risk) >= 4 { // four at a time: this is where a comparison of many groups spends its time
		row[0] += w * risk[0]
		row[1] += w * risk[1]
		row[2] += w * risk[2]
		row[3] += w * risk[3]
		row, risk = row[4:], risk[4:]
	}
	for j := range row {
		row[j] += w * risk[j]
	}
}

// stratum adds one stratum.
func (s *logRankSums) stratum(e *groupedExits) {
	clear(s.risk)
	s.h, s.w, s.u = 0, 0, 0
	for _, v := range e.exits {
		s.n[e.group(v)]++
		s.risk[e.group(v)]++
	}
	for _, v := range e.entries {
		s.risk[e.group(v)]--
	}
	total, entered := float64(len(e.exits)-len(e.entries)), 0
	for i := 0; i < len(e.exits); {
		at := e.time(e.exits[i])
		for ; entered < len(e.entries) && e.time(e.entries[entered]) < at; entered++ {
			s.enter(e.group(e.entries[entered]))
			total++
		}
		first, d := i, 0.0
		for ; i < len(e.exits) && e.time(e.exits[i]) == at; i++ {
			if e.event(e.exits[i]) {
				d++
				s.observed[e.group(e.exits[i])]++
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
		for _, v := range e.exits[first:i] {
			s.leave(e.group(v))
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
			v := -(s.variance[i*s.k+j] + s.variance[j*s.k+i])
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
