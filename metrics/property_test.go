package metrics_test

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// observations draws censored data with ties and, when delayed, late entries.
func observations(causes int, delayed bool) *rapid.Generator[[]metrics.Observation] {
	return rapid.Custom(func(t *rapid.T) []metrics.Observation {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		obs := make([]metrics.Observation, n)
		for i := range obs {
			obs[i].Time = float64(rapid.IntRange(1, 40).Draw(t, "time"))
			obs[i].Cause = uint8(rapid.IntRange(0, causes).Draw(t, "cause"))
			if delayed && rapid.Bool().Draw(t, "late") {
				obs[i].Entry = float64(rapid.IntRange(0, int(obs[i].Time)-1).Draw(t, "entry"))
			}
		}
		return obs
	})
}

func near(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b))
}

func shuffled[T any](t *rapid.T, values []T) []T {
	out := slices.Clone(values)
	seed := rapid.Uint64().Draw(t, "shuffle")
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestOrderOfRowsIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		obs := observations(2, true).Draw(t, "obs")
		other := shuffled(t, obs)
		a, err := metrics.AalenJohansen(obs)
		if err != nil {
			t.Fatal(err)
		}
		b, err := metrics.AalenJohansen(other)
		if err != nil {
			t.Fatal(err)
		}
		for k := range a.Cause {
			if d := cmp.Diff(a.Cause[k].F, b.Cause[k].F); d != "" {
				t.Fatalf("incidence of cause %d depends on the order: %s", k+1, d)
			}
			if d := cmp.Diff(a.Cause[k].Variance, b.Cause[k].Variance); d != "" {
				t.Fatalf("variance of cause %d depends on the order: %s", k+1, d)
			}
		}
	})
}

func TestTimeUnitScalesTimesOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		obs := observations(1, true).Draw(t, "obs")
		scaled := slices.Clone(obs)
		for i := range scaled {
			scaled[i].Time *= 24
			scaled[i].Entry *= 24
		}
		a, _ := metrics.KaplanMeier(obs)
		b, _ := metrics.KaplanMeier(scaled)
		if d := cmp.Diff(a.Survival, b.Survival); d != "" {
			t.Fatal(d)
		}
		for _, p := range []float64{0.25, 0.5, 0.85} {
			qa, qb := a.Quantile(p, metrics.LogLog, 0.95), b.Quantile(p, metrics.LogLog, 0.95)
			if !near(qa.Value*24, qb.Value) || !near(qa.Interval.Lower*24, qb.Interval.Lower) || !near(qa.Interval.Upper*24, qb.Interval.Upper) {
				t.Fatalf("quantile %v: %+v scales to %+v", p, qa, qb)
			}
		}
		ma, sa := a.RestrictedMean(30)
		mb, sb := b.RestrictedMean(720)
		if !near(ma*24, mb) || !near(sa*24, sb) {
			t.Fatalf("restricted mean %v (%v) scales to %v (%v)", ma, sa, mb, sb)
		}
	})
}

func TestSharesAddUpToOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := metrics.AalenJohansen(observations(3, true).Draw(t, "obs"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.Time {
			sum := c.EventFree[i]
			for k := range c.Cause {
				sum += c.Cause[k].F[i]
			}
			if !near(sum, 1) {
				t.Fatalf("at %v the shares add up to %v", c.Time[i], sum)
			}
		}
	})
}

func TestIncidenceWithoutCompetitionIsKaplanMeier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		obs := observations(1, true).Draw(t, "obs")
		aj, _ := metrics.AalenJohansen(obs)
		km, _ := metrics.KaplanMeier(obs)
		for i := range km.Time {
			if !near(aj.Cause[0].F[i], 1-km.Survival[i]) {
				t.Fatalf("F %v, 1-S %v", aj.Cause[0].F[i], 1-km.Survival[i])
			}
			if s := km.Survival[i]; s > 0 && !near(aj.Cause[0].StdErr(i), km.StdErr(i)) {
				t.Fatalf("at %v: se of F %v, Greenwood %v", km.Time[i], aj.Cause[0].StdErr(i), km.StdErr(i))
			}
		}
	})
}

// TestIncidenceVariance holds the running form against the sum as it is printed.
func TestIncidenceVarianceIsTheDirectSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		obs := observations(2, true).Draw(t, "obs")
		c, _ := metrics.AalenJohansen(obs)
		for k := range c.Cause {
			f := &c.Cause[k]
			for to := range c.Time {
				direct, before := 0.0, 1.0
				for j := 0; j <= to; j++ {
					n, d, dk := float64(c.AtRisk[j]), 0.0, 0.0
					for _, o := range obs {
						if o.Time == c.Time[j] && o.Cause > 0 {
							d++
							if int(o.Cause) == k+1 {
								dk++
							}
						}
					}
					if d == 0 {
						continue
					}
					g := f.F[to] - f.F[j]
					if n > d {
						direct += g * g * d / (n * (n - d))
					}
					direct += before*before*(n-dk)*dk/(n*n*n) - 2*g*before*dk/(n*n)
					before = c.EventFree[j]
				}
				if math.Abs(direct-f.Variance[to]) > 1e-12 {
					t.Fatalf("cause %d at %v: running %v, direct %v", k+1, c.Time[to], f.Variance[to], direct)
				}
			}
		}
	})
}

func TestMeanCumulativeOfSingleEventsIsNelsonAalen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		obs := observations(1, true).Draw(t, "obs")
		subjects := make([]metrics.Recurrent, len(obs))
		for i, o := range obs {
			subjects[i] = metrics.Recurrent{Start: o.Entry, End: o.Time}
			if o.Cause == 1 {
				subjects[i].Events = []float64{o.Time}
			}
		}
		m, err := metrics.MeanCumulativeFunction(shuffled(t, subjects))
		if err != nil {
			t.Fatal(err)
		}
		km, _ := metrics.KaplanMeier(obs)
		hazard, _ := km.NelsonAalen()
		for i, at := range km.Time {
			if !near(m.At(at), hazard[i]) {
				t.Fatalf("at %v: M %v, Nelson-Aalen %v", at, m.At(at), hazard[i])
			}
		}
	})
}

func TestLogRankIsSymmetricAndMatchesTheDirectSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		obs := observations(1, true).Draw(t, "obs")
		rows := make([]metrics.Grouped, len(obs))
		for i := range obs {
			rows[i] = metrics.Grouped{Observation: obs[i], Group: rapid.IntRange(0, 2).Draw(t, "group"), Stratum: rapid.IntRange(0, 1).Draw(t, "stratum")}
		}
		a, err := metrics.LogRank(rows, 3)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := metrics.LogRank(shuffled(t, rows), 3)
		if !near(a.ChiSq, b.ChiSq) {
			t.Fatalf("order changes chi-squared from %v to %v", a.ChiSq, b.ChiSq)
		}
		expected, variance := directLogRank(rows)
		for i := range 3 {
			if !near(a.Expected[i], expected[i]) {
				t.Fatalf("group %d expects %v, directly %v", i, a.Expected[i], expected[i])
			}
			for j := range 3 {
				if math.Abs(a.Variance[i][j]-variance[i][j]) > 1e-9 {
					t.Fatalf("variance %d,%d is %v, directly %v", i, j, a.Variance[i][j], variance[i][j])
				}
			}
		}
	})
}

// directLogRank sums the textbook terms time by time.
func directLogRank(rows []metrics.Grouped) (expected [3]float64, variance [3][3]float64) {
	for stratum := range 2 {
		for at := 1.0; at <= 40; at++ {
			var n [3]float64
			total, d := 0.0, 0.0
			for _, r := range rows {
				if r.Stratum != stratum || r.Entry >= at || r.Time < at {
					continue
				}
				n[r.Group]++
				total++
				if r.Time == at && r.Cause != 0 {
					d++
				}
			}
			if d == 0 {
				continue
			}
			for i := range n {
				expected[i] += d * n[i] / total
				if total < 2 {
					continue
				}
				w := d * (total - d) / (total - 1)
				variance[i][i] += w * n[i] / total
				for j := range n {
					variance[i][j] -= w * n[i] * n[j] / (total * total)
				}
			}
		}
	}
	return expected, variance
}

func TestWilsonMirrors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5000).Draw(t, "n")
		x := rapid.IntRange(0, n).Draw(t, "x")
		a, _ := metrics.Wilson(x, n, 0.95)
		b, _ := metrics.Wilson(n-x, n, 0.95)
		if !near(a.Interval.Lower, 1-b.Interval.Upper) || !near(a.Interval.Upper, 1-b.Interval.Lower) {
			t.Fatalf("%d of %d: %+v and %+v do not mirror", x, n, a, b)
		}
		if !(a.Interval.Lower <= a.P && a.P <= a.Interval.Upper) {
			t.Fatalf("%+v does not hold its share", a)
		}
		c, _ := metrics.ClopperPearson(x, n, 0.95)
		if !(c.Interval.Lower <= c.P && c.P <= c.Interval.Upper) {
			t.Fatalf("exact %+v does not hold its share", c)
		}
	})
}

func TestRatioInvertsWhenArmsSwap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x1, x0 := rapid.IntRange(1, 200).Draw(t, "x1"), rapid.IntRange(1, 200).Draw(t, "x0")
		e1, e0 := rapid.Float64Range(0.1, 1000).Draw(t, "e1"), rapid.Float64Range(0.1, 1000).Draw(t, "e0")
		a, err := metrics.RateRatio(x1, e1, x0, e0, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := metrics.RateRatio(x0, e0, x1, e1, 0.95)
		same := func(p, q float64) bool { return math.Abs(p*q-1) < 1e-7 }
		if !same(a.Ratio, b.Ratio) || !same(a.Interval.Lower, b.Interval.Upper) || !same(a.Interval.Upper, b.Interval.Lower) {
			t.Fatalf("%+v does not invert to %+v", a, b)
		}
		if math.Abs(a.P-b.P) > 1e-9 || math.Abs(a.MidP-b.MidP) > 1e-9 {
			t.Fatalf("p %v, %v becomes %v, %v", a.P, a.MidP, b.P, b.MidP)
		}
	})
}

func TestForecastDistributionIsNonDecreasing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weeks := rapid.SliceOfN(rapid.IntRange(0, 6), 1, 13).Draw(t, "done")
		backlog := rapid.IntRange(0, 40).Draw(t, "backlog")
		var arrivals []int
		if rapid.Bool().Draw(t, "with arrivals") {
			arrivals = rapid.SliceOfN(rapid.IntRange(0, 6), len(weeks), len(weeks)).Draw(t, "arrivals")
		}
		f, err := metrics.BacklogForecast(backlog, weeks, arrivals, 60)
		if err != nil {
			t.Fatal(err)
		}
		last := 0.0
		for w, p := range f.CDF {
			if p < last || p > 1 {
				t.Fatalf("week %d: %v after %v", w+1, p, last)
			}
			last = p
		}
		if want := directForecast(backlog, weeks, arrivals, 3); math.Abs(f.ByWeek(3)-want) > 1e-12 {
			t.Fatalf("P(clear by week 3) is %v, by listing every path %v", f.ByWeek(3), want)
		}
	})
}

// directForecast lists every path of w weeks.
func directForecast(backlog int, done, arrivals []int, w int) float64 {
	if backlog <= 0 {
		return 1
	}
	if w == 0 {
		return 0
	}
	p := 0.0
	for i, d := range done {
		a := 0
		if arrivals != nil {
			a = arrivals[i]
		}
		p += directForecast(backlog+a-d, done, arrivals, w-1)
	}
	return p / float64(len(done))
}

func TestHolmIsMonotoneAndNeverSmaller(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 12).Draw(t, "p")
		adjusted := metrics.Holm(p)
		for i := range p {
			if adjusted[i] < p[i] || adjusted[i] > 1 {
				t.Fatalf("%v becomes %v", p[i], adjusted[i])
			}
			for j := range p {
				if p[i] < p[j] && adjusted[i] > adjusted[j] {
					t.Fatalf("order of %v and %v is lost", p[i], p[j])
				}
			}
		}
		smallest := slices.Min(p)
		if want := min(1, smallest*float64(len(p))); !near(slices.Min(adjusted), want) {
			t.Fatalf("smallest is adjusted to %v, want %v", slices.Min(adjusted), want)
		}
	})
}

func TestShiftMirrorsWhenSidesSwap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Map(rapid.IntRange(-30, 30), func(i int) float64 { return float64(i) / 4 })
		a, b := rapid.SliceOfN(value, 1, 12).Draw(t, "before"), rapid.SliceOfN(value, 1, 12).Draw(t, "after")
		f, err := metrics.HodgesLehmannShift(a, b, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		g, _ := metrics.HodgesLehmannShift(b, a, 0.95)
		if !near(f.HodgesLehmann, -g.HodgesLehmann) || !near(f.Interval.Lower, -g.Interval.Upper) || !near(f.P, g.P) || !near(f.Superiority, 1-g.Superiority) {
			t.Fatalf("%+v does not mirror %+v", f, g)
		}
	})
}

// TestClusteredProportionIsThatOfThePlainSum, in any order: the exact whole
// numbers are Σ(y - p m)², also where nearly all succeed.
func TestClusteredProportionIsThatOfThePlainSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type cluster struct{ done, total int }
		clusters := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) cluster {
			total := rapid.IntRange(0, 100_000).Draw(t, "total")
			return cluster{max(0, total-rapid.IntRange(0, 3).Draw(t, "missed")), total}
		}), 2, 60).Draw(t, "clusters")
		share := func(clusters []cluster) metrics.Clustered {
			var done, total []int
			for _, c := range clusters {
				done, total = append(done, c.done), append(total, c.total)
			}
			p, err := metrics.ClusteredProportion(done, total, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		p := share(clusters)
		if again := share(shuffled(t, clusters)); p != again && !math.IsNaN(p.Variance) {
			t.Fatalf("order changes %+v to %+v", p, again)
		}
		if math.IsNaN(p.Variance) {
			return
		}
		n, k, ss := new(big.Rat).SetInt64(int64(p.N)), float64(p.Clusters), new(big.Rat)
		for _, c := range clusters {
			e := new(big.Rat).Sub(big.NewRat(int64(c.done), 1), new(big.Rat).Mul(big.NewRat(int64(p.X), int64(p.N)), big.NewRat(int64(c.total), 1)))
			ss.Add(ss, e.Mul(e, e))
		}
		want, _ := ss.Quo(ss, n.Mul(n, n)).Float64()
		if want *= k / (k - 1); math.Abs(p.Variance-want) > 1e-14*want {
			t.Fatalf("the variance is %v, plainly %v", p.Variance, want)
		}
	})
}

func TestClusteredProportionOfTooMany(t *testing.T) {
	if _, err := metrics.ClusteredProportion([]int{1, 1}, []int{math.MaxInt32, 1}, 0.95); !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("more units than can be squared: %v", err)
	}
	if p, err := metrics.ClusteredProportion([]int{1, 1}, []int{math.MaxInt32 - 1, 1}, 0.95); err != nil || !(p.Variance > 0) {
		t.Errorf("as many as there may be: %+v, %v", p, err)
	}
}
