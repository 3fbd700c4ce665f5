package metrics

import (
	"math"

	"github.com/followthrough/followthrough/domain"
)

// The bits of a packed exit, milliseconds << 20 | group << 4 | stratum << 1 |
// event, and of a packed entry, which has no event.
const (
	groupBits  = 16
	strataBits = 3
	groupMask  = 1<<groupBits - 1
	strataMask = 1<<strataBits - 1
	entryShift = groupBits + strataBits
	exitShift  = entryShift + 1
)

// groupedExits are the ends and delayed entries of groups, in order of time.
type groupedExits struct {
	exits, entries []uint64
}

func (e *groupedExits) exit(i int) (took float64, group int, event bool) {
	v := e.exits[i]
	return float64(v >> exitShift), int(v >> (strataBits + 1) & groupMask), v&1 == 1
}

func (e *groupedExits) entry(i int) (at float64, group int) {
	v := e.entries[i]
	return float64(v >> entryShift), int(v >> strataBits & groupMask)
}

// groupedExits packs the groups with their priorities as strata and sorts once.
func (s *Snapshot) groupedExits(groups [][]int32, asOf int64, end Endpoint) groupedExits {
	n := 0
	for _, rows := range groups {
		n += len(rows)
	}
	e := groupedExits{exits: make([]uint64, 0, n)}
	for g, rows := range groups {
		for _, row := range rows {
			took, entry := s.ended(row, asOf)-s.created[row], int64(s.entry[row])*1000
			if s.flags[row]&overBeforeLog != 0 || (entry > 0 && took <= entry) {
				continue
			}
			where := uint64(g)<<strataBits | uint64(s.prio[row])
			e.exits = append(e.exits, uint64(took)<<exitShift|where<<1|event(s.cause(row), end))
			if entry > 0 {
				e.entries = append(e.entries, uint64(entry)<<entryShift|where)
			}
		}
	}
	sortPacked(e.exits)
	sortPacked(e.entries)
	return e
}

// byStratum splits the exits by priority; the order of time stays.
func (e *groupedExits) byStratum() []groupedExits {
	strata := make([]groupedExits, len(domain.Priorities())+1)
	for _, v := range e.exits {
		k := &strata[v>>1&strataMask]
		k.exits = append(k.exits, v)
	}
	for _, v := range e.entries {
		k := &strata[v&strataMask]
		k.entries = append(k.entries, v)
	}
	return strata
}

// byGroup splits the exits and entries by group; the order of time stays.
func (e *groupedExits) byGroup(groups int) []groupedExits {
	counts := make([]int, groups)
	for _, v := range e.exits {
		counts[v>>(strataBits+1)&groupMask]++
	}
	split := make([]groupedExits, groups)
	for g, n := range counts {
		split[g].exits = make([]uint64, 0, n)
	}
	for _, v := range e.exits {
		k := &split[v>>(strataBits+1)&groupMask]
		k.exits = append(k.exits, v)
	}
	for _, v := range e.entries {
		k := &split[v>>strataBits&groupMask]
		k.entries = append(k.entries, v)
	}
	return split
}

// exitStep is one time at which somebody leaves: how many were at risk and how
// many had the event.
type exitStep struct {
	ms     int64
	atRisk int32
	events int32
}

// steps counts the exits up to tau milliseconds by time.
func (e *groupedExits) steps(tau int64) []exitStep {
	var steps []exitStep
	atRisk, entered := len(e.exits)-len(e.entries), 0
	for i := 0; i < len(e.exits); {
		at := e.exits[i] >> exitShift
		if int64(at) > tau {
			break
		}
		for ; entered < len(e.entries) && e.entries[entered]>>entryShift < at; entered++ {
			atRisk++
		}
		step := exitStep{ms: int64(at), atRisk: int32(atRisk)}
		for ; i < len(e.exits) && e.exits[i]>>exitShift == at; i++ {
			step.events += int32(e.exits[i] & 1)
			atRisk--
		}
		steps = append(steps, step)
	}
	return steps
}

// restricted is a mean within the first tau milliseconds, in days.
type restricted struct {
	mean, se float64
	n        int
}

// meanSum is SurvivalCurve.RestrictedMean in one forward pass. With the area a so
// far, Σ v, Σ (a - a_j) v_j and Σ (a - a_j)² v_j grow with the area, so nothing
// has to be kept for a pass backwards.
type meanSum struct {
	survival, area, at float64 // share, ms, ms
	v, first, second   float64
}

func newMeanSum() meanSum { return meanSum{survival: 1} }

func (m *meanSum) until(ms float64) {
	grown := m.survival * (ms - m.at)
	m.at = ms
	m.area += grown
	m.second += grown * (2*m.first + grown*m.v)
	m.first += grown * m.v
}

func (m *meanSum) event(atRisk, events float64) {
	left := atRisk - events
	if left <= 0 {
		m.survival = 0
		return
	}
	inverse := 1 / (atRisk * left)
	m.survival *= left * left * inverse
	m.v += events * inverse
}

func (m *meanSum) result(tau int64, n int) restricted {
	if n == 0 {
		return restricted{math.NaN(), math.NaN(), 0}
	}
	m.until(float64(tau))
	return restricted{m.area / msPerDay, math.Sqrt(max(0, m.second)) / msPerDay, n}
}

// restrictedMean is the mean of the exits themselves.
func (e *groupedExits) restrictedMean(tau int64) restricted {
	m := newMeanSum()
	for _, s := range e.steps(tau) {
		if s.events > 0 {
			m.until(float64(s.ms))
			m.event(float64(s.atRisk), float64(s.events))
		}
	}
	return m.result(tau, len(e.exits))
}

// restrictedMeanWithout is the mean of all exits but those of one group; steps
// are those of all.
func (e *groupedExits) restrictedMeanWithout(own *groupedExits, steps []exitStep, tau int64) restricted {
	m := newMeanSum()
	ownRisk, out, in := len(own.exits)-len(own.entries), 0, 0
	for i := range steps {
		s := &steps[i]
		at := uint64(s.ms)
		for ; in < len(own.entries) && own.entries[in]>>entryShift < at; in++ {
			ownRisk++
		}
		left, events := 0, int32(0)
		for ; out < len(own.exits) && own.exits[out]>>exitShift == at; out++ {
			left++
			events += int32(own.exits[out] & 1)
		}
		if d := s.events - events; d > 0 {
			m.until(float64(s.ms))
			m.event(float64(int(s.atRisk)-ownRisk), float64(d))
		}
		ownRisk -= left
	}
	return m.result(tau, len(e.exits)-len(own.exits))
}
