package metrics

import (
	"cmp"
	"slices"
	"sort"
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
}

// beforeAfter counts, per family, incidents that share a service and a cause with
// the index. The incidents that gave rise to the measures are left out on both
// sides, their exposure is kept.
func (s *Snapshot) beforeAfter(c *Cohort, list []family, plan []int32, lives []life) BeforeAfter {
	m := newMatcher(s, c.Filter)
	classes := s.classes()
	var b BeforeAfter
	var strata []Stratum
	for i := range list {
		fam := &list[i]
		index := &s.incidents[fam.index]
		rows := plan[fam.planAt[0]:fam.planAt[1]]
		done, ok := s.planCompleted(rows)
		if !ok || !m.incident(index) || len(index.services) == 0 || len(index.causes) == 0 {
			continue
		}
		st := s.stratum(index, rows, done, c, classes, lives)
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

// classes lists the incidents of every class by start.
func (s *Snapshot) classes() map[class][]int32 {
	m := map[class][]int32{}
	for i := range s.incidents {
		inc := &s.incidents[i]
		if !inc.placed() {
			continue
		}
		for _, v := range inc.services {
			for _, cause := range inc.causes {
				m[class{v, cause}] = append(m[class{v, cause}], int32(i))
			}
		}
	}
	for _, list := range m {
		slices.SortFunc(list, func(a, b int32) int {
			return cmp.Or(cmp.Compare(s.incidents[a].started, s.incidents[b].started), cmp.Compare(a, b))
		})
	}
	return m
}

// stratum counts the incidents around the completion of one plan.
func (s *Snapshot) stratum(inc *incidentRow, plan []int32, done int64, c *Cohort, classes map[class][]int32, lives []life) Stratum {
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
	var counted []int32 // an incident in two classes counts once
	for _, row := range plan {
		counted = append(counted, s.incident[row]) // what gave rise to the plan never counts
	}
	for _, v := range inc.services {
		for _, cause := range inc.causes {
			list := classes[class{v, cause}]
			from := sort.Search(len(list), func(i int) bool { return s.incidents[list[i]].started >= before[0] })
			for _, i := range list[from:] {
				start := s.incidents[i].started
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
	return st
}
