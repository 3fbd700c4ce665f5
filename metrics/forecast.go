package metrics

import (
	"cmp"
	"math"
	"slices"
)

// Forecast is the exact distribution of the week in which a backlog is cleared.
type Forecast struct {
	Backlog int
	// CDF[w-1] is P(cleared by the end of week w), non-decreasing.
	CDF []float64
}

// The limits keep the exact distribution within memory and a few seconds.
const (
	maxHorizon      = 1040 // weeks, twenty years
	maxForecast     = 4_000_000
	maxForecastWork = 3_000_000_000
)

// weekKind is a kind of past week and how likely a draw is to give it.
type weekKind struct {
	arrivals, done int
	p              float64
}

// BacklogForecast is the exact distribution of the usual resampling forecast:
// every coming week is one of the complete past weeks, each as likely as the
// other, zeros included. Without arrivals P(clear by w) = P(sum of w draws >=
// backlog). With arrivals the (arrivals, done) pair of one week is drawn, the
// backlog moves to max(0, x + a - d) and stays at 0 once there. No random
// numbers are involved. maxWeeks is the horizon in weeks. It refuses negative
// counts, no history and arrivals for another number of weeks (nil = none).
func BacklogForecast(backlog int, done, arrivals []int, maxWeeks int) (Forecast, error) {
	switch {
	case backlog < 0:
		return Forecast{}, invalidf("a backlog of %d; need 0 or more", backlog)
	case len(done) == 0:
		return Forecast{}, invalidf("no past weeks; need at least one")
	case maxWeeks < 1 || maxWeeks > maxHorizon:
		return Forecast{}, invalidf("a horizon of %d weeks is not accepted; use 1 to %d", maxWeeks, maxHorizon)
	case arrivals != nil && len(arrivals) != len(done):
		return Forecast{}, invalidf("arrivals of %d weeks beside %d weeks done; need the same weeks", len(arrivals), len(done))
	}
	grow := 0
	for i, d := range done {
		a := 0
		if arrivals != nil {
			a = arrivals[i]
		}
		if d < 0 || a < 0 || d > maxForecast || a > maxForecast {
			return Forecast{}, invalidf("week %d has %d done and %d arrivals; use counts from 0 to %d", i, d, a, maxForecast)
		}
		grow = max(grow, a-d)
	}
	if backlog > maxForecast || backlog+grow*maxWeeks > maxForecast {
		return Forecast{}, invalidf("a backlog of %d that may grow by %d in each of %d weeks is too large; shorten the horizon", backlog, grow, maxWeeks)
	}
	f := Forecast{Backlog: backlog, CDF: make([]float64, maxWeeks)}
	if backlog == 0 {
		for w := range f.CDF {
			f.CDF[w] = 1
		}
		return f, nil
	}
	kinds := weekKinds(done, arrivals)
	if work := f.work(kinds); work > maxForecastWork {
		return Forecast{}, invalidf("a backlog of %d over %d weeks takes %d steps, more than %d; shorten the horizon", backlog, maxWeeks, work, maxForecastWork)
	}
	f.walk(kinds, grow)
	return f, nil
}

// work bounds the steps of walk: the states that can be reached in a week times
// the kinds of week.
func (f *Forecast) work(kinds []weekKind) int {
	low, high := kinds[0].net(), kinds[0].net()
	for _, k := range kinds {
		low, high = min(low, k.net()), max(high, k.net())
	}
	steps := 0
	for w := range f.CDF {
		steps += (min(f.Backlog+w*max(0, high), w*(high-low)) + 1) * len(kinds)
	}
	return steps
}

func (k weekKind) net() int { return k.arrivals - k.done }

// walk moves the distribution of the backlog week by week; index 0 of the state
// is "cleared" and absorbs. Only states between low and high can be occupied.
func (f *Forecast) walk(kinds []weekKind, grow int) {
	size := f.Backlog + 1 + max(0, grow)*len(f.CDF)
	state, next := make([]float64, size), make([]float64, size)
	state[f.Backlog] = 1
	low, high := f.Backlog, f.Backlog
	for w := range f.CDF {
		nextLow, nextHigh := size, 0
		for _, k := range kinds {
			nextLow = min(nextLow, max(1, low+k.net()))
			nextHigh = max(nextHigh, high+k.net())
		}
		if nextLow <= nextHigh {
			clear(next[nextLow : nextHigh+1])
		}
		next[0] = state[0]
		for _, k := range kinds {
			net := k.net()
			x := low
			for ; x <= min(high, -net); x++ {
				next[0] += state[x] * k.p
			}
			if x <= high {
				to := next[x+net : high+net+1]
				for i, p := range state[x : high+1] {
					to[i] += p * k.p
				}
			}
		}
		state, next = next, state
		low, high = trim(state, nextLow, nextHigh)
		f.CDF[w] = min(1, state[0])
		if w > 0 {
			f.CDF[w] = max(f.CDF[w], f.CDF[w-1])
		}
		if low > high { // nothing is left that could change
			for later := w + 1; later < len(f.CDF); later++ {
				f.CDF[later] = f.CDF[w]
			}
			return
		}
	}
}

// Above so many states the edges that hold less than negligible are dropped: all
// of them together are far below the last digit of a probability.
const (
	trimAbove  = 4096
	negligible = 1e-22
)

// trim narrows the range of states that can be told from impossible ones.
func trim(state []float64, low, high int) (from, to int) {
	if high-low < trimAbove {
		return low, high
	}
	for low <= high && state[low] < negligible {
		state[low] = 0
		low++
	}
	for high >= low && state[high] < negligible {
		state[high] = 0
		high--
	}
	return low, high
}

// weekKinds merges equal weeks and orders them, so that the order of the history
// cannot change a bit of the result.
func weekKinds(done, arrivals []int) []weekKind {
	kinds := make([]weekKind, len(done))
	for i, d := range done {
		kinds[i] = weekKind{done: d, p: 1}
		if arrivals != nil {
			kinds[i].arrivals = arrivals[i]
		}
	}
	slices.SortFunc(kinds, func(a, b weekKind) int {
		return cmp.Or(cmp.Compare(a.arrivals, b.arrivals), cmp.Compare(a.done, b.done))
	})
	merged := kinds[:0]
	for _, k := range kinds {
		if n := len(merged); n > 0 && merged[n-1].arrivals == k.arrivals && merged[n-1].done == k.done {
			merged[n-1].p++
			continue
		}
		merged = append(merged, k)
	}
	for i := range merged {
		merged[i].p /= float64(len(done))
	}
	return merged
}

// ByWeek is P(cleared by the end of week w); beyond the horizon it is NaN.
func (f Forecast) ByWeek(w int) float64 {
	switch {
	case w < 1:
		if f.Backlog == 0 {
			return 1
		}
		return 0
	case w > len(f.CDF):
		return math.NaN()
	}
	return f.CDF[w-1]
}

// Weeks is the first week by which the backlog is cleared with probability p; ok
// is false when that is not within the horizon ("does not clear at this pace").
func (f Forecast) Weeks(p float64) (week int, ok bool) {
	if f.Backlog == 0 {
		return 0, true
	}
	for i, c := range f.CDF {
		if c >= p-1e-12 {
			return i + 1, true
		}
	}
	return 0, false
}
