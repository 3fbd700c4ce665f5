package metrics

import (
	"math"
	"slices"
)

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

func (m *meanSum) result(tau float64, n int) restricted {
	if n == 0 {
		return restricted{math.NaN(), math.NaN(), 0}
	}
	m.until(tau)
	return restricted{m.area / msPerDay, math.Sqrt(max(0, m.second)) / msPerDay, n}
}

// restSum is the meanSum of all but the members of one group. Nearly every event
// is one of the rest, for each of the groups, so they are not taken one by one.
// In a run of events that no censoring and no entry interrupts, the curve is
// proportional to the number at risk R, and Σ v telescopes:
//
//	S = R S₀/R₀  and  Σ v = v₀ + 1/R - 1/R₀.
//
// So ∫ R and its first moment tell all that the run adds.
type restSum struct {
	meanSum
	atStart float64 // R₀
	gone    departed
}

// departed are those who left in a run: Σ t and Σ t²/2 of the times since its
// start. By parts, ∫ R and ∫ t R are these and what the ones still there add.
type departed struct{ area, moment float64 }

func (d *departed) leave(since float64) {
	d.area += since
	d.moment += since * since / 2
}

// run adds a run of some length, after which atRisk are left; all are the
// departed of every group. Nobody at risk at the start means that S stays.
func (m *restSum) run(ms, length, atRisk float64, all departed) {
	if m.atStart == 0 {
		m.until(ms)
		return
	}
	area := all.area - m.gone.area + atRisk*length
	moment := all.moment - m.gone.moment + atRisk*length*length/2
	c, v := m.survival/m.atStart, m.v
	m.second += 2 * c * (m.first*area + c*(v*area*area/2+(moment-area*area/(2*m.atStart))))
	m.first += c * (v*area + (length - area/m.atStart))
	m.area += c * area
	m.survival, m.at = c*atRisk, ms
	if atRisk > 0 {
		m.v += (m.atStart - atRisk) / (m.atStart * atRisk)
	}
}

// groupedMeans are the sums of every group and of every rest at one time.
type groupedMeans struct {
	own     []meanSum
	rest    []restSum
	n, risk []int
	total   int // at risk
	running bool
	start   float64 // of the run
	gone    departed
}

// restrictedMeans are the means of every group by itself and of all exits but
// those of the group, in one pass.
func (e *groupedExits) restrictedMeans(groups int, tau float64) (own, rest []restricted) {
	m := groupedMeans{own: make([]meanSum, groups), rest: make([]restSum, groups), n: make([]int, groups)}
	for g := range groups {
		m.own[g], m.rest[g].meanSum = newMeanSum(), newMeanSum()
	}
	for _, v := range e.exits {
		m.n[e.group(v)]++
	}
	m.risk = slices.Clone(m.n)
	for _, v := range e.entries {
		m.risk[e.group(v)]--
	}
	for _, n := range m.risk {
		m.total += n
	}
	for i, entered := 0, 0; i < len(e.exits) && float64(e.time(e.exits[i])) <= tau; {
		at, first := e.time(e.exits[i]), i
		for i < len(e.exits) && e.time(e.exits[i]) == at {
			i++
		}
		for ; entered < len(e.entries) && e.time(e.entries[entered]) < at; entered++ {
			m.enter(e, e.entries[entered])
		}
		m.leave(e, e.exits[first:i])
	}
	m.end(tau)
	own, rest = make([]restricted, groups), make([]restricted, groups)
	for g := range groups {
		own[g], rest[g] = m.own[g].result(tau, m.n[g]), m.rest[g].result(tau, len(e.exits)-m.n[g])
	}
	return own, rest
}

// enter ends the run: the number at risk grows.
func (m *groupedMeans) enter(e *groupedExits, v uint64) {
	m.end(float64(e.time(v)))
	m.risk[e.group(v)]++
	m.total++
}

// leave takes away those who leave at one time, sorted by group: the events first.
func (m *groupedMeans) leave(e *groupedExits, exits []uint64) {
	ms, censored := float64(e.time(exits[0])), 0
	for i := 0; i < len(exits); {
		g, d := e.group(exits[i]), 0
		for ; i < len(exits) && e.group(exits[i]) == g; i++ {
			if e.event(exits[i]) {
				d++
			} else {
				censored++
			}
		}
		if d > 0 {
			m.begin(ms)
			m.own[g].until(ms)
			m.own[g].event(float64(m.risk[g]), float64(d))
		}
	}
	if censored < len(exits) {
		for _, v := range exits {
			if e.event(v) {
				m.gone.leave(ms - m.start)
				m.rest[e.group(v)].gone.leave(ms - m.start)
				m.remove(e.group(v))
			}
		}
	}
	if censored > 0 {
		m.end(ms)
		for _, v := range exits {
			if !e.event(v) {
				m.remove(e.group(v))
			}
		}
	}
}

func (m *groupedMeans) remove(g int) {
	m.risk[g]--
	m.total--
}

// begin begins a run of events unless one is on.
func (m *groupedMeans) begin(ms float64) {
	if m.running {
		return
	}
	m.running, m.start, m.gone = true, ms, departed{}
	for g := range m.rest {
		r := &m.rest[g]
		r.until(ms)
		r.atStart, r.gone = float64(m.total-m.risk[g]), departed{}
	}
}

// end adds the run to every rest.
func (m *groupedMeans) end(ms float64) {
	if !m.running {
		return
	}
	m.running = false
	for g := range m.rest {
		m.rest[g].run(ms, ms-m.start, float64(m.total-m.risk[g]), m.gone)
	}
}
