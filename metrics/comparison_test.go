package metrics_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// TestComparedMeansAreThoseOfTheCurves: the one-pass restricted means of a
// comparison are those of the Kaplan-Meier curve of the group and of the rest.
func TestComparedMeansAreThoseOfTheCurves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLog(rapid.Uint64().Draw(t, "seed")).live(rapid.IntRange(60, 300).Draw(t, "steps"))
		asOf := l.now.AddDate(0, 0, rapid.IntRange(0, 60).Draw(t, "later"))
		s, err := metrics.Fold(metrics.Chronicle{Changes: l.rows}, metrics.Cut{AsOf: asOf})
		if err != nil {
			t.Fatal(err)
		}
		byPriority := map[string][]metrics.Observation{}
		for _, m := range l.measures {
			r, err := metrics.RecordOf(m, l.rows, metrics.Cut{AsOf: asOf})
			if err != nil {
				t.Fatal(err)
			}
			f := r.Facts
			if f.Excluded || f.Unknown || f.Impossible {
				continue
			}
			o := metrics.Observation{Time: f.Days(asOf), Cause: min(1, f.Cause())}
			if !f.Entry.IsZero() {
				o.Entry = f.Entry.Sub(f.Created).Hours() / 24
			}
			if o.Entry == 0 || o.Time > o.Entry {
				byPriority[string(r.Priority)] = append(byPriority[string(r.Priority)], o)
			}
		}
		r, err := metrics.Compare(s, metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}}, metrics.ByPriority, metrics.ToClosure)
		if err != nil {
			t.Fatal(err)
		}
		mean := func(obs []metrics.Observation) (mean, se float64) {
			k, err := metrics.KaplanMeier(obs)
			if err != nil {
				t.Fatal(err)
			}
			return k.RestrictedMean(90)
		}
		for _, g := range r.Groups {
			var rest []metrics.Observation
			for name, obs := range byPriority {
				if name != g.Group {
					rest = slices.Concat(rest, obs)
				}
			}
			if len(rest) == 0 || len(byPriority[g.Group]) == 0 {
				continue
			}
			own, se := mean(byPriority[g.Group])
			other, otherSE := mean(rest)
			half := 1.959963984540054
			check := func(what string, got *float64, want float64) {
				if got == nil || math.Abs(*got-want) > 1e-9*(1+math.Abs(want)) {
					t.Fatalf("%s of %s: want %v, got %v", what, g.Group, want, got)
				}
			}
			check("mean", g.MeanOpen.Value, own)
			check("upper limit", g.MeanOpen.Upper, own+half*se)
			check("difference", g.MeanOpenDifference.Value, own-other)
			check("upper limit of the difference", g.MeanOpenDifference.Upper, own-other+half*math.Hypot(se, otherSE))
		}
	})
}
