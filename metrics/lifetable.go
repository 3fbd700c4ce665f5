package metrics

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Observation is one unit under observation: at risk on (Entry, Time], then
// either an event of kind Cause (1, 2, ...) or censored (0). Entry 0 means "from
// the start", which includes events at time 0; a later Entry is delayed entry,
// as for history imported from the day complete records begin (rule R10).
type Observation struct {
	Entry, Time float64
	Cause       uint8
}

// maxCauses bounds the kinds of event, so that a stray status is refused and not
// turned into a huge table.
const maxCauses = 7

// lifeTable counts, at each distinct observed time (events and censorings), who
// was at risk and what happened.
type lifeTable struct {
	n        int
	causes   int // highest cause seen
	time     []float64
	atRisk   []int32
	events   []int32 // all causes
	censored []int32
	byCause  [][]int32
}

func newLifeTable(obs []Observation) (*lifeTable, error) {
	sorted := slices.Clone(obs)
	var entries []float64
	for i, o := range sorted {
		if !(o.Time >= 0) || math.IsInf(o.Time, 0) || !(o.Entry >= 0) || o.Time < o.Entry || (o.Entry > 0 && o.Time == o.Entry) {
			return nil, invalidf("observation %d runs from %v to %v; need 0 <= entry < time", i, o.Entry, o.Time)
		}
		if o.Cause > maxCauses {
			return nil, invalidf("observation %d has cause %d; need 0 (censored) to %d", i, o.Cause, maxCauses)
		}
		if o.Entry > 0 {
			entries = append(entries, o.Entry)
		}
	}
	slices.SortFunc(sorted, func(a, b Observation) int { return cmp.Compare(a.Time, b.Time) })
	slices.Sort(entries)
	return tabulate(len(sorted), entries, func(i int) (float64, uint8) { return sorted[i].Time, sorted[i].Cause }), nil
}

// tabulate builds the table from n exits in time order and the sorted delayed
// entries. At risk at t are those with entry < t <= exit.
func tabulate(n int, entries []float64, exit func(i int) (time float64, cause uint8)) *lifeTable {
	t := &lifeTable{n: n}
	steps := 0
	prev := math.NaN()
	for i := range n {
		at, cause := exit(i)
		if at != prev {
			steps++
			prev = at
		}
		t.causes = max(t.causes, int(cause))
	}
	t.time = make([]float64, 0, steps)
	counts := make([]int32, steps*(3+t.causes))
	cut := func(k int) []int32 { return counts[k*steps : (k+1)*steps : (k+1)*steps] }
	t.atRisk, t.events, t.censored = cut(0), cut(1), cut(2)
	t.byCause = make([][]int32, t.causes)
	for k := range t.byCause {
		t.byCause[k] = cut(3 + k)
	}
	entered := 0
	for i := range n {
		at, cause := exit(i)
		s := len(t.time) - 1
		if s < 0 || t.time[s] != at {
			t.time = append(t.time, at)
			s++
			for entered < len(entries) && entries[entered] < at {
				entered++
			}
			t.atRisk[s] = int32(n - i - (len(entries) - entered))
		}
		if cause == 0 {
			t.censored[s]++
			continue
		}
		t.events[s]++
		t.byCause[cause-1][s]++
	}
	return t
}

// totalEvents counts the events of one cause (1, 2, ...), of all causes for 0.
func (t *lifeTable) totalEvents(cause int) int {
	column := t.events
	if cause > 0 {
		if cause > t.causes {
			return 0
		}
		column = t.byCause[cause-1]
	}
	sum := 0
	for _, d := range column {
		sum += int(d)
	}
	return sum
}

// last is the index of the last step at or before t, -1 before the first.
func (t *lifeTable) last(at float64) int {
	return sort.Search(len(t.time), func(i int) bool { return t.time[i] > at }) - 1
}

// settled says whether what is true at an instant is known: somebody is still
// observed then, or nobody was left without an event.
func (t *lifeTable) settled(at float64) bool {
	n := len(t.time)
	return t.atRiskAt(at) > 0 || n > 0 && t.events[n-1] == t.atRisk[n-1]
}

// atRiskAt is the number at risk at the first observed time at or after at, the
// convention of R's summary: with delayed entry those who enter in between count.
func (t *lifeTable) atRiskAt(at float64) int {
	i := sort.SearchFloat64s(t.time, at)
	if i == len(t.time) {
		return 0
	}
	return int(t.atRisk[i])
}
