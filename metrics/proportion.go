package metrics

import (
	"math"
	"math/big"
)

// Proportion is a share with its interval; every field but X and N is NaN when
// the denominator is 0, which is shown as "no data" and never as 0 %.
type Proportion struct {
	X, N     int
	P        float64
	Interval Interval
}

// Wilson is the share x/n with the score interval
//
//	(2np + z² ∓ z √(z² + 4np(1-p))) / (2(n + z²)).
//
// It is the interval of every proportion over independent units (incidents).
// It refuses counts outside 0 <= x <= n. Source: Wilson 1927; Newcombe 1998,
// Statistics in Medicine 17:857-872, method 3.
func Wilson(x, n int, conf float64) (Proportion, error) {
	if err := checkCount(x, n, conf); err != nil {
		return Proportion{}, err
	}
	if n == 0 {
		return Proportion{P: math.NaN(), Interval: noInterval()}, nil
	}
	p := float64(x) / float64(n)
	return Proportion{x, n, p, wilson(p, float64(n), zOf(conf))}, nil
}

// wilson is the score interval for a share p of a possibly fractional n > 0.
func wilson(p, n, z float64) Interval {
	mid := 2*n*p + z*z
	half := z * math.Sqrt(z*z+4*n*p*(1-p))
	iv := Interval{(mid - half) / (2 * (n + z*z)), (mid + half) / (2 * (n + z*z))}
	// The closed form is exact at the ends; rounding is not.
	if p == 0 {
		iv.Lower = 0
	}
	if p == 1 {
		iv.Upper = 1
	}
	return iv
}

// ClopperPearson is the share x/n with the exact binomial interval, for audits
// that demand "exact": limits are the beta quantiles
//
//	B(α/2; x, n-x+1) and B(1-α/2; x+1, n-x),
//
// 0 and 1 at the ends. Errors as Wilson. Source: Clopper & Pearson 1934.
func ClopperPearson(x, n int, conf float64) (Proportion, error) {
	if err := checkCount(x, n, conf); err != nil {
		return Proportion{}, err
	}
	if n == 0 {
		return Proportion{P: math.NaN(), Interval: noInterval()}, nil
	}
	return Proportion{x, n, float64(x) / float64(n), clopperPearson(x, n, conf)}, nil
}

func clopperPearson(x, n int, conf float64) Interval {
	alpha := (1 - conf) / 2
	iv := Interval{0, 1}
	if x > 0 {
		iv.Lower = betaQuantile(alpha, float64(x), float64(n-x+1))
	}
	if x < n {
		iv.Upper = betaQuantile(1-alpha, float64(x+1), float64(n-x))
	}
	return iv
}

// NewcombeDifference is p1 - p2 = x1/n1 - x2/n2 with the square-and-add score
// interval (method 10): with the Wilson limits l, u of each share,
//
//	d - √((p1-l1)² + (u2-p2)²) to d + √((u1-p1)² + (p2-l2)²).
//
// NaN when either denominator is 0; errors as Wilson. Source: Newcombe 1998,
// Statistics in Medicine 17:873-890.
func NewcombeDifference(x1, n1, x2, n2 int, conf float64) (difference float64, iv Interval, err error) {
	a, err := Wilson(x1, n1, conf)
	if err != nil {
		return 0, Interval{}, err
	}
	b, err := Wilson(x2, n2, conf)
	if err != nil {
		return 0, Interval{}, err
	}
	d := a.P - b.P
	return d, Interval{
		d - math.Hypot(a.P-a.Interval.Lower, b.Interval.Upper-b.P),
		d + math.Hypot(a.Interval.Upper-a.P, b.P-b.Interval.Lower),
	}, nil
}

// Clustered is a share over units that come in clusters (measures of incidents).
type Clustered struct {
	X, N, Clusters int
	P              float64
	Variance       float64 // between clusters; NaN when P is 0 or 1 or with one cluster
	DesignEffect   float64 // Variance over the binomial variance; NaN as Variance
	EffectiveN     float64 // the n that the Wilson interval uses
	Interval       Interval
}

// ClusteredProportion is the ratio of sums p = Σy/Σm over clusters, with
//
//	V = k/(k-1) Σ(y - p m)² / N²,  deff = V / (p(1-p)/N),
//
// n_eff = N/max(1, deff), n_eff = k when p is 0 or 1 (or k = 1), and the Wilson
// interval with n_eff (rule R12). Clusters without units are left out; no units
// at all gives NaN. It refuses slices of different length and done > total.
// Source: Cochran 1977 chapter 3; Rao & Scott 1992.
func ClusteredProportion(done, total []int, conf float64) (Clustered, error) {
	if len(done) != len(total) {
		return Clustered{}, invalidf("%d done counts for %d clusters; need one each", len(done), len(total))
	}
	if err := checkConf(conf); err != nil {
		return Clustered{}, err
	}
	var sums clusterSums
	for i := range done {
		if err := checkCount(done[i], total[i], conf); err != nil {
			return Clustered{}, err
		}
		if total[i] > math.MaxInt32-sums.n {
			return Clustered{}, invalidf("up to cluster %d there are more than %d units; use fewer", i, math.MaxInt32)
		}
		sums.cluster(int64(done[i]), int64(total[i]))
	}
	return sums.proportion(conf), nil
}

// clusterCount is done and total of one cluster, side by side because a pass over
// measures meets incidents in any order.
type clusterCount struct{ done, total int32 }

// clusterSums are the sums over clusters of y done and m in total, all of them
// whole numbers: exact, and the same in any order.
type clusterSums struct {
	x, n, clusters int
	yy, ym, mm     int64 // Σ y², Σ y m, Σ m²
}

func (s *clusterSums) cluster(y, m int64) {
	s.x += int(y)
	s.n += int(m)
	if m > 0 {
		s.clusters++
	}
	s.yy, s.ym, s.mm = s.yy+y*y, s.ym+y*m, s.mm+m*m
}

// add adds one unit to a cluster, and to the sums what its squares grow by.
func (s *clusterSums) add(to *clusterCount, success bool) {
	y, m := int64(to.done), int64(to.total)
	if m == 0 {
		s.clusters++
	}
	s.n++
	s.mm += 2*m + 1
	s.ym += y
	to.total++
	if success {
		s.x++
		s.yy += 2*y + 1
		s.ym += m + 1
		to.done++
	}
}

// squares is Σ(y - p m)² with p = X/N, rounded once at the end: N² times it is
// N² Σy² - 2 N X Σym + X² Σm², where floats would lose what is left of the three.
func (s *clusterSums) squares() float64 {
	x, n := big.NewInt(int64(s.x)), big.NewInt(int64(s.n))
	term := func(a, b *big.Int, sum int64) *big.Int {
		product := new(big.Int).Mul(a, b)
		return product.Mul(product, big.NewInt(sum))
	}
	cross := term(n, x, s.ym)
	sum := term(n, n, s.yy)
	sum.Sub(sum, cross.Lsh(cross, 1)).Add(sum, term(x, x, s.mm))
	ss, _ := new(big.Rat).SetFrac(sum, new(big.Int).Mul(n, n)).Float64()
	return ss
}

func (s *clusterSums) proportion(conf float64) Clustered {
	c := Clustered{X: s.x, N: s.n, Clusters: s.clusters, P: math.NaN(), Variance: math.NaN(), DesignEffect: math.NaN(), EffectiveN: math.NaN(), Interval: noInterval()}
	if c.N == 0 {
		return c
	}
	n, k := float64(c.N), float64(c.Clusters)
	c.P = float64(c.X) / n
	c.EffectiveN = k
	if c.X > 0 && c.X < c.N && c.Clusters > 1 {
		c.Variance = k / (k - 1) * s.squares() / (n * n)
		c.DesignEffect = c.Variance / (c.P * (1 - c.P) / n)
		c.EffectiveN = n / max(1, c.DesignEffect)
	}
	c.Interval = wilson(c.P, c.EffectiveN, zOf(conf))
	return c
}

func checkCount(x, n int, conf float64) error {
	if x < 0 || n < 0 || x > n {
		return invalidf("%d of %d; need 0 <= count <= total", x, n)
	}
	return checkConf(conf)
}
