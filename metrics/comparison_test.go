package metrics_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// member is a measure of a comparison as the textbook sees it: its place and
// what was observed of it, in days.
type member struct {
	kind     domain.MeasureKind
	priority domain.Priority
	metrics.Observation
}

// records are measures of which just that is observed at as_of.
func (m member) record(t require, number int, asOf time.Time) metrics.Record {
	day := func(n float64) time.Duration { return time.Duration(math.Round(n*86_400_000)) * time.Millisecond }
	created := asOf.Add(-day(m.Time))
	if m.Cause != metrics.CauseOpen {
		created = created.Add(-day(float64(number % 7)))
	}
	events := []metrics.Event{{At: created, Type: metrics.EventCreated}}
	if m.Entry > 0 {
		events = append(events, metrics.Event{At: created.Add(day(m.Entry)), Type: metrics.EventImported})
	}
	switch end := created.Add(day(m.Time)); m.Cause {
	case metrics.CauseDone:
		events = append(events, metrics.Event{At: end, Type: metrics.EventDone})
	case metrics.CauseCancelled:
		events = append(events, metrics.Event{At: end, Type: metrics.EventCancelled, Reason: domain.WontDo})
	}
	f, err := metrics.FactsOf(events, metrics.Cut{AsOf: asOf})
	if err != nil {
		t.Fatal(err)
	}
	return metrics.Record{Facts: f, Number: number, Kind: m.kind, Priority: m.priority, PriorityNow: m.priority}
}

// require is what *testing.T and *rapid.T have in common.
type require interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// checkComparison holds a comparison by kind against plain sums: expected events
// time by time, and means of the Kaplan-Meier curves of each group and its rest.
func checkComparison(t require, members []member, end metrics.Endpoint) {
	asOf := benchAsOf()
	s := metrics.NewSnapshot(0)
	for n, m := range members {
		if _, err := s.Append(m.record(t, n+1, asOf)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := metrics.Compare(s, metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}}, metrics.ByKind, end)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]metrics.Grouped, 0, len(members))
	for _, m := range members {
		o := m.Observation
		if o.Cause = min(1, o.Cause); m.Cause == metrics.CauseCancelled && end == metrics.ToDone {
			o.Cause = 0
		}
		group := slices.IndexFunc(r.Groups, func(g metrics.ComparedGroup) bool { return g.Group == string(m.kind) })
		rows = append(rows, metrics.Grouped{Observation: o, Group: group, Stratum: slices.Index(domain.Priorities(), m.priority)})
	}
	expected, variance := plainLogRank(rows, len(r.Groups))
	test, err := metrics.LogRank(rows, len(r.Groups))
	if err != nil {
		t.Fatal(err)
	}
	for g, got := range r.Groups {
		own, rest := []metrics.Observation(nil), []metrics.Observation(nil)
		for _, o := range rows {
			if o.Group == g {
				own = append(own, o.Observation)
			} else {
				rest = append(rest, o.Observation)
			}
		}
		if !near(got.Expected, expected[g]) || !near(test.Expected[g], expected[g]) || !near(test.Variance[g][g], variance[g][g]) {
			t.Fatalf("group %s: expected %v and %v, variance %v; plainly %v, variance %v", got.Group, got.Expected, test.Expected[g], test.Variance[g][g], expected[g], variance[g][g])
		}
		if r.Shown && (!near(*r.ChiSq, test.ChiSq) || r.DF != test.DF) {
			t.Fatalf("chi-squared %v on %d, want %v on %d", *r.ChiSq, r.DF, test.ChiSq, test.DF)
		}
		mean, se := plainMean(t, own)
		checkMean(t, got.MeanOpen, mean, se)
		if len(rest) > 0 {
			other, otherSE := plainMean(t, rest)
			checkMean(t, got.MeanOpenDifference, mean-other, math.Hypot(se, otherSE))
		}
	}
}

func plainMean(t require, obs []metrics.Observation) (mean, se float64) {
	k, err := metrics.KaplanMeier(obs)
	if err != nil {
		t.Fatal(err)
	}
	return k.RestrictedMean(90)
}

func checkMean(t require, got metrics.Figure, mean, se float64) {
	half := 1.959963984540054 * se
	if !near(*got.Value, mean) || !near(*got.Lower, mean-half) || !near(*got.Upper, mean+half) {
		t.Fatalf("%s of %s: want %v, %v to %v; got %v, %v to %v", got.Name, got.Group, mean, mean-half, mean+half, *got.Value, *got.Lower, *got.Upper)
	}
}

// plainLogRank sums the textbook terms time by time.
func plainLogRank(rows []metrics.Grouped, groups int) (expected []float64, variance [][]float64) {
	expected, variance = make([]float64, groups), make([][]float64, groups)
	for g := range variance {
		variance[g] = make([]float64, groups)
	}
	type instant struct {
		stratum int
		at      float64
	}
	events := map[instant]float64{}
	for _, r := range rows {
		if r.Cause != 0 {
			events[instant{r.Stratum, r.Time}]++
		}
	}
	for when, d := range events {
		n, total := make([]float64, groups), 0.0
		for _, r := range rows {
			if r.Stratum == when.stratum && r.Entry < when.at && r.Time >= when.at {
				n[r.Group]++
				total++
			}
		}
		w := d * (total - d) / max(1, total-1)
		for i := range n {
			expected[i] += d * n[i] / total
			variance[i][i] += w * n[i] / total
			for j := range n {
				variance[i][j] -= w * n[i] * n[j] / (total * total)
			}
		}
	}
	return expected, variance
}

// TestComparisonIsThatOfPlainSums: with ties, delayed entries, groups that nobody
// or everybody is left of, in every order.
func TestComparisonIsThatOfPlainSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) member {
			m := member{
				kind: rapid.SampledFrom(domain.MeasureKinds()[:4]).Draw(t, "kind"), priority: rapid.SampledFrom(domain.Priorities()[:2]).Draw(t, "priority"),
				Observation: metrics.Observation{Time: float64(rapid.IntRange(1, 120).Draw(t, "time")), Cause: uint8(rapid.IntRange(0, 2).Draw(t, "cause"))},
			}
			if m.Time > 1 && rapid.IntRange(0, 2).Draw(t, "late") == 0 {
				m.Entry = float64(rapid.IntRange(1, int(m.Time)-1).Draw(t, "entry"))
			}
			return m
		}), 1, 80).Draw(t, "members")
		checkComparison(t, members, rapid.SampledFrom([]metrics.Endpoint{metrics.ToClosure, metrics.ToDone}).Draw(t, "end"))
	})
}

// TestComparisonOfMany: the sums of many who leave one by one keep their digits.
func TestComparisonOfMany(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	members := make([]member, 6000)
	for n := range members {
		m := member{kind: domain.MeasureKinds()[r.IntN(8)], priority: domain.Priorities()[r.IntN(5)]}
		if r.IntN(50) > 0 {
			m.kind = domain.MeasureKinds()[0] // the rest of this one is small
		}
		m.Time, m.Cause = math.Round(45*math.Exp(1.2*r.NormFloat64())*86_400_000)/86_400_000, uint8(min(2, r.IntN(8)))
		if m.Time > 2 && r.IntN(30) == 0 {
			m.Entry = math.Floor(m.Time / 2)
		}
		members[n] = m
	}
	for _, end := range []metrics.Endpoint{metrics.ToClosure, metrics.ToDone} {
		checkComparison(t, members, end)
	}
}

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
