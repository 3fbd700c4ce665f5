package metrics

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Recurrent is one subject (service, cause class) of recurrent events: at risk
// on (Start, End], with the instants of its events.
type Recurrent struct {
	Start, End float64
	Events     []float64
}

// MeanCumulative is the mean number of events per subject up to each distinct
// event time.
type MeanCumulative struct {
	Subjects, Events int
	Exposure         float64 // Σ (End - Start), in the unit of the times
	Time             []float64
	AtRisk           []int
	Event            []int
	M                []float64
	poisson          []float64 // Σ d/n², also the prefix of what each subject expects
	subjects         []subjectEvents
	last             float64
}

// subjectEvents is a subject in steps of the curve: the steps of its events with
// the running sum of 1/n over them, and the steps between which it is at risk.
type subjectEvents struct {
	steps    []int32
	sums     []float64
	from, to int
}

// MeanCumulativeFunction estimates M(t) = Σ d/n over the subjects at risk, which
// may enter late and leave early. The order of subjects and of events does not
// matter; the slices are not changed. It refuses an event outside
// (Start, End], End < Start and times that are not finite.
// Source: Nelson 1995; Lawless & Nadeau 1995.
func MeanCumulativeFunction(subjects []Recurrent) (*MeanCumulative, error) {
	m := &MeanCumulative{Subjects: len(subjects)}
	sorted := make([]Recurrent, len(subjects))
	var starts, ends, events []float64
	for i, s := range subjects {
		if !(s.End >= s.Start) || math.IsInf(s.End, 0) || math.IsInf(s.Start, 0) {
			return nil, invalidf("subject %d is observed from %v to %v; need finite start <= end", i, s.Start, s.End)
		}
		for _, t := range s.Events {
			if !(t > s.Start && t <= s.End) {
				return nil, invalidf("subject %d has an event at %v outside (%v, %v]", i, t, s.Start, s.End)
			}
		}
		s.Events = slices.Sorted(slices.Values(s.Events))
		sorted[i] = s
		m.Exposure += s.End - s.Start
		starts, ends, events = append(starts, s.Start), append(ends, s.End), append(events, s.Events...)
		m.last = max(m.last, s.End)
	}
	// Exposure and the sums over subjects must not depend on their order.
	slices.SortFunc(sorted, func(a, b Recurrent) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), slices.Compare(a.Events, b.Events))
	})
	m.Exposure = 0
	for _, s := range sorted {
		m.Exposure += s.End - s.Start
	}
	slices.Sort(starts)
	slices.Sort(ends)
	slices.Sort(events)
	m.Events = len(events)
	m.accumulate(starts, ends, events)
	m.place(sorted)
	return m, nil
}

func (m *MeanCumulative) accumulate(starts, ends, events []float64) {
	sum, poisson := 0.0, 0.0
	for i := 0; i < len(events); {
		t, d := events[i], 0
		for ; i < len(events) && events[i] == t; i++ {
			d++
		}
		n := sort.SearchFloat64s(starts, t) - sort.SearchFloat64s(ends, t)
		sum += float64(d) / float64(n)
		poisson += float64(d) / float64(n*n)
		m.Time = append(m.Time, t)
		m.AtRisk = append(m.AtRisk, n)
		m.Event = append(m.Event, d)
		m.M = append(m.M, sum)
		m.poisson = append(m.poisson, poisson)
	}
}

// place turns the subjects into steps, so that an error at one step needs no
// search for every event.
func (m *MeanCumulative) place(subjects []Recurrent) {
	m.subjects = make([]subjectEvents, len(subjects))
	for i, s := range subjects {
		p := subjectEvents{from: m.step(s.Start), to: m.step(s.End), steps: make([]int32, len(s.Events)), sums: make([]float64, len(s.Events))}
		sum := 0.0
		for j, e := range s.Events {
			at := sort.SearchFloat64s(m.Time, e)
			sum += 1 / float64(m.AtRisk[at])
			p.steps[j], p.sums[j] = int32(at), sum
		}
		m.subjects[i] = p
	}
}

// step is the index of the last event time at or before t, -1 before the first.
func (m *MeanCumulative) step(t float64) int {
	return sort.Search(len(m.Time), func(i int) bool { return m.Time[i] > t }) - 1
}

// At is M(t), 0 before the first event.
func (m *MeanCumulative) At(t float64) float64 {
	if i := m.step(t); i >= 0 {
		return m.M[i]
	}
	return 0
}

// PoissonStdErr is √Σ d/n² at step i: right only when events strike at random,
// beside the robust one as a check.
func (m *MeanCumulative) PoissonStdErr(i int) float64 { return math.Sqrt(m.poisson[i]) }

// StdErr is the robust standard error of M at step i,
//
//	Var = Σ_subjects (Σ_{t_j <= t} Y(t_j) (d_j of the subject - d_j/n_j) / n_j)²,
//
// not Nelson's n-1 variant that SAS prints. One evaluation costs one pass over
// the subjects, so ask for it at the steps that are shown.
func (m *MeanCumulative) StdErr(i int) float64 {
	v := 0.0
	for k := range m.subjects {
		s := &m.subjects[k]
		r := 0.0
		if n := sort.Search(len(s.steps), func(j int) bool { return int(s.steps[j]) > i }); n > 0 {
			r = s.sums[n-1]
		}
		if to := min(i, s.to); to >= 0 {
			r -= m.poisson[to]
			if s.from >= 0 {
				r += m.poisson[min(s.from, to)]
			}
		}
		v += r * r
	}
	if v < varianceFloor {
		return 0
	}
	return math.Sqrt(v)
}

// Band is M·exp(±z·se/M) at step i, NaN where the standard error is 0 (one
// subject: draw the steps without a band).
func (m *MeanCumulative) Band(i int, conf float64) Interval {
	se := m.StdErr(i)
	if se == 0 || m.M[i] == 0 {
		return noInterval()
	}
	e := math.Exp(zOf(conf) * se / m.M[i])
	return Interval{m.M[i] / e, m.M[i] * e}
}

// StdErrAt is StdErr at an instant, 0 before the first event.
func (m *MeanCumulative) StdErrAt(t float64) float64 {
	if i := m.step(t); i >= 0 {
		return m.StdErr(i)
	}
	return 0
}
