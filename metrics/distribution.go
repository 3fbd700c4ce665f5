package metrics

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Interval is a two-sided confidence interval in the unit of its estimate. A
// limit that is not estimable, not reached or unbounded is NaN.
type Interval struct {
	Lower, Upper float64
}

// noInterval is the interval of an estimate that has none.
func noInterval() Interval { return Interval{math.NaN(), math.NaN()} }

// zOf is the standard normal quantile of a two-sided level, 1.96 for 0.95.
func zOf(conf float64) float64 {
	return math.Sqrt2 * math.Erfinv(conf)
}

// normalTwoSided is P(|Z| >= |z|) of a standard normal Z.
func normalTwoSided(z float64) float64 {
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}

// chiSquaredUpper is P(X >= x) of a chi-squared X with df degrees of freedom.
func chiSquaredUpper(x float64, df int) float64 {
	if df == 0 || math.IsNaN(x) {
		return math.NaN()
	}
	if x <= 0 {
		return 1
	}
	return mathext.GammaIncRegComp(float64(df)/2, x/2)
}

// chiSquaredLower is P(X <= x) of a chi-squared X with df degrees of freedom.
func chiSquaredLower(x float64, df int) float64 {
	if df == 0 || math.IsNaN(x) {
		return math.NaN()
	}
	if x <= 0 {
		return 0
	}
	return mathext.GammaIncReg(float64(df)/2, x/2)
}

// chiSquaredQuantile is the p quantile of a chi-squared with df degrees of freedom.
func chiSquaredQuantile(p float64, df int) float64 {
	return 2 * mathext.GammaIncRegInv(float64(df)/2, p)
}

// betaQuantile is the p quantile of Beta(a, b).
func betaQuantile(p, a, b float64) float64 {
	return mathext.InvRegIncBeta(a, b, p)
}

// logBinomial is ln P(X = x) of Binomial(n, p) for 0 < p < 1.
func logBinomial(x, n int, p float64) float64 {
	a, _ := math.Lgamma(float64(n) + 1)
	b, _ := math.Lgamma(float64(x) + 1)
	c, _ := math.Lgamma(float64(n-x) + 1)
	return a - b - c + float64(x)*math.Log(p) + float64(n-x)*math.Log1p(-p)
}

// binomialPMF is P(X = 0), ..., P(X = n) of Binomial(n, p) for 0 < p < 1: one
// logarithm at the mode, ratios of neighbours from there, so that a whole
// distribution costs n divisions.
func binomialPMF(n int, p float64) []float64 {
	pmf := make([]float64, n+1)
	mode := min(n, int(float64(n+1)*p))
	pmf[mode] = math.Exp(logBinomial(mode, n, p))
	odds := p / (1 - p)
	for i := mode; i < n && pmf[i] > 0; i++ {
		pmf[i+1] = pmf[i] * (float64(n-i) / float64(i+1) * odds) // the ratios do not wait for each other
	}
	for i := mode; i > 0 && pmf[i] > 0; i-- {
		pmf[i-1] = pmf[i] * (float64(i) / (float64(n-i+1) * odds))
	}
	return pmf
}
