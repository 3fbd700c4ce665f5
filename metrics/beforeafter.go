package metrics

import (
	"cmp"
	"slices"
)

// BeforeAfter compares the rate of incidents of the same service and cause before
// and after the last preventive measure of a family was completed (B8). It is an
// association: services chosen because they had many incidents get fewer on
// their own.
type BeforeAfter struct {
	Families     int // with all preventive measures closed and one completed
	EventsBefore int
	DaysBefore   float64
	EventsAfter  int
	DaysAfter    float64
	// Ratio is pooled over families by Mantel-Haenszel, never from the sums.
	Ratio Figure
	// QuietDays is how long no recurrence at all must last, at the rate before, to
	// claim any reduction, and QuietDaysHalving to claim half the rate (C5). Nil
	// without incidents before.
	QuietDays, QuietDaysHalving *float64
}

// beforeAfter counts, per family, incidents that share a service and a cause with
// the index. The incidents that gave rise to the measures are left out on both
// sides, their exposure is kept.
func (s *Snapshot) beforeAfter(c *Cohort, list []family, plan []int32, lives []life) BeforeAfter {
	m := newMatcher(s, c.Filter)
	classes := s.classes()
	var b BeforeAfter
	strata := make([]Stratum, 0, len(list))
	for i := range list {
		fam := &list[i]
		index := &s.incidents[fam.index]
		rows := plan[fam.planAt[0]:fam.planAt[1]]
		done, ok := s.planCompleted(rows)
		if !ok || !m.incident(index) || len(index.services) == 0 || len(index.causes) == 0 {
			continue
		}
		st := s.stratum(fam.index, rows, done, c, &classes, lives)
		if st.ExposureBefore <= 0 || st.ExposureAfter <= 0 {
			continue
		}
		b.Families++
		b.EventsBefore += st.EventsBefore
		b.EventsAfter += st.EventsAfter
		b.DaysBefore += st.ExposureBefore
		b.DaysAfter += st.ExposureAfter
		strata = append(strata, st)
	}
	anyReduction, halving := QuietWindow(float64(b.EventsBefore) / b.DaysBefore * daysPerYear)
	b.QuietDays, b.QuietDaysHalving = number(anyReduction), number(halving)
	n := b.EventsBefore + b.EventsAfter
	b.Ratio = Figure{ID: "B8", Name: "incident_rate_ratio_after_before", Unit: "ratio", X: b.EventsAfter, N: n, Events: n}
	if r, err := MantelHaenszelRateRatio(strata, conf); err == nil {
		b.Ratio = b.Ratio.with(r.Ratio, r.Interval)
	}
	b.Ratio = b.Ratio.needs(n, minRatioEvents, "events").needs(int(min(b.DaysBefore, b.DaysAfter)), minRateDays, "days on the shorter side")
	return b
}

// planCompleted is when the last measure of a plan was completed; ok only when
// all are closed and one at least is completed.
func (s *Snapshot) planCompleted(rows []int32) (at int64, ok bool) {
	for _, row := range rows {
		switch s.cause(row) {
		case CauseOpen:
			return 0, false
		case CauseDone:
			at, ok = max(at, s.closed[row]), true
		}
	}
	return at, ok
}

// class is a service with a cause.
type class struct{ service, cause int32 }

// dated is an incident beside its start.
type dated struct {
	started  int64
	incident int32
}

// classes are the incidents of every class by start, and the numbers of the
// classes of every incident: service by service, cause by cause.
type classes struct {
	members [][]dated
	numbers []int32
	from    []int32 // numbers[from[i]:from[i+1]] are those of incident i
	counted []int32 // of the family at hand, kept to be used again
}

func (c *classes) of(incident int32) []int32 { return c.numbers[c.from[incident]:c.from[incident+1]] }

func (s *Snapshot) classes() classes {
	c := classes{from: make([]int32, len(s.incidents)+1), numbers: make([]int32, 0, len(s.incidents))}
	known := map[class]int32{}
	var sizes []int
	for i := range s.incidents {
		if inc := &s.incidents[i]; inc.placed() {
			for _, v := range inc.services {
				for _, cause := range inc.causes {
					n, ok := known[class{v, cause}]
					if !ok {
						n = int32(len(sizes))
						known[class{v, cause}], sizes = n, append(sizes, 0)
					}
					sizes[n]++
					c.numbers = append(c.numbers, n)
				}
			}
		}
		c.from[i+1] = int32(len(c.numbers))
	}
	all := make([]dated, len(c.numbers))
	c.members = make([][]dated, len(sizes))
	for n, size := range sizes {
		c.members[n], all = all[:0:size], all[size:]
	}
	for i := range s.incidents {
		for _, n := range c.of(int32(i)) {
			c.members[n] = append(c.members[n], dated{s.incidents[i].started, int32(i)})
		}
	}
	for _, list := range c.members {
		slices.SortFunc(list, func(a, b dated) int {
			return cmp.Or(cmp.Compare(a.started, b.started), cmp.Compare(a.incident, b.incident))
		})
	}
	return c
}

// stratum counts the incidents around the completion of one plan.
func (s *Snapshot) stratum(of int32, plan []int32, done int64, c *Cohort, classes *classes, lives []life) Stratum {
	inc := &s.incidents[of]
	begin, end := int64(never), int64(0)
	for _, v := range inc.services {
		begin, end = min(begin, lives[v].from), max(end, lives[v].to)
	}
	w := c.Policy.Windows.OrDefault() // L on each side, g left out around completion
	side, gap := int64(w.Side)*msPerDay, int64(w.RollOut)*msPerDay
	before := [2]int64{max(begin, done-side), done - gap}
	after := [2]int64{done + gap, min(done+side, c.asOf(), end)}
	st := Stratum{
		ExposureBefore: float64(max(0, before[1]-before[0])) / msPerDay,
		ExposureAfter:  float64(max(0, after[1]-after[0])) / msPerDay,
	}
	counted, numbers := classes.counted[:0], classes.of(of) // an incident in two classes counts once
	for _, row := range plan {
		counted = append(counted, s.incident[row]) // what gave rise to the plan never counts
	}
	for _, v := range inc.services {
		for range inc.causes {
			list := classes.members[numbers[0]]
			numbers = numbers[1:]
			from, _ := slices.BinarySearchFunc(list, before[0], func(d dated, ms int64) int { return cmp.Compare(d.started, ms) })
			for _, d := range list[from:] {
				start, i := d.started, d.incident
				if start >= after[1] {
					break
				}
				if start >= before[1] && start < after[0] || lives[v].opener == i || slices.Contains(counted, i) {
					continue
				}
				counted = append(counted, i)
				if start < before[1] {
					st.EventsBefore++
				} else {
					st.EventsAfter++
				}
			}
		}
	}
	classes.counted = counted
	return st
}
