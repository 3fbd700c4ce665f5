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

// groupedRow is a row of the snapshot and the group it is counted in.
type groupedRow struct {
	row   int32
	group int32
}

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

// groupedExits packs rows with their groups, and their priorities as strata, and
// sorts once.
func (s *Snapshot) groupedExits(rows []groupedRow, asOf int64, end Endpoint) groupedExits {
	e := groupedExits{exits: make([]uint64, 0, len(rows))}
	for _, r := range rows {
		row := r.row
		took, entry := s.ended(row, asOf)-s.created[row], int64(s.entry[row])*1000
		if s.flags[row]&overBeforeLog != 0 || (entry > 0 && took <= entry) {
			continue
		}
		where := uint64(r.group)<<strataBits | uint64(s.prio[row])
		e.exits = append(e.exits, uint64(took)<<exitShift|where<<1|event(s.cause(row), end))
		if entry > 0 {
			e.entries = append(e.entries, uint64(entry)<<entryShift|where)
		}
	}
	sortPacked(e.exits)
	sortPacked(e.entries)
	return e
}

// byStratum splits the exits by priority; the order of time stays.
func (e *groupedExits) byStratum() []groupedExits {
	var counts [1 << strataBits]int
	for _, v := range e.exits {
		counts[v>>1&strataMask]++
	}
	strata := make([]groupedExits, len(domain.Priorities())+1)
	for k := range strata {
		strata[k].exits = make([]uint64, 0, counts[k])
	}
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

// restrictedMeans are the means of every group by itself and of all exits but
// those of the group, in one pass: the sums of 40 groups do not wait for each
// other, so that the processor works on several of them at a time.
func (e *groupedExits) restrictedMeans(groups int, tau int64) (own, rest []restricted) {
	ownSums, restSums := make([]meanSum, groups), make([]meanSum, groups)
	n, risk, events := make([]int, groups), make([]int, groups), make([]int, groups)
	for g := range groups {
		ownSums[g], restSums[g] = newMeanSum(), newMeanSum()
	}
	for _, v := range e.exits {
		n[v>>(strataBits+1)&groupMask]++
	}
	copy(risk, n)
	for _, v := range e.entries {
		risk[v>>strataBits&groupMask]--
	}
	total, entered := len(e.exits)-len(e.entries), 0
	for i := 0; i < len(e.exits); {
		at := e.exits[i] >> exitShift
		if int64(at) > tau {
			break
		}
		for ; entered < len(e.entries) && e.entries[entered]>>entryShift < at; entered++ {
			risk[e.entries[entered]>>strataBits&groupMask]++
			total++
		}
		first, all, ms := i, 0, float64(at)
		for ; i < len(e.exits) && e.exits[i]>>exitShift == at; i++ {
			d := int(e.exits[i] & 1)
			events[e.exits[i]>>(strataBits+1)&groupMask] += d
			all += d
		}
		if all > 0 {
			for g := range restSums {
				if d := all - events[g]; d > 0 {
					m := &restSums[g]
					m.until(ms)
					m.event(float64(total-risk[g]), float64(d))
				}
			}
		}
		for _, v := range e.exits[first:i] {
			g := v >> (strataBits + 1) & groupMask
			if d := events[g]; d > 0 { // once, for all of the group that leave now
				ownSums[g].until(ms)
				ownSums[g].event(float64(risk[g]), float64(d))
				events[g] = 0
			}
		}
		for _, v := range e.exits[first:i] {
			risk[v>>(strataBits+1)&groupMask]--
			total--
		}
	}
	own, rest = make([]restricted, groups), make([]restricted, groups)
	for g := range groups {
		own[g], rest[g] = ownSums[g].result(tau, n[g]), restSums[g].result(tau, len(e.exits)-n[g])
	}
	return own, rest
}
