package metrics

import (
	"slices"
)

// OnTimeReport is the on-time rate under both dates (A4).
type OnTimeReport struct {
	Cohort   Cohort
	Period   Period
	Original Figure // completed before the promised deadline
	Current  Figure // completed before the current deadline, pending ones left out
	// Pending are items extended to a date still ahead.
	Pending int
	// Masked are on time by the current date but late by the original one.
	Masked         Figure
	Moved          Figure // share of the cohort whose date was moved
	MovesPer       *float64
	SlippageMedian *float64 // civil days, of moved items
	SlippageP90    *float64
	CancelledFirst int // cancelled before the original deadline: not in the cohort
	BeforeLog      int // imported, deadline passed before complete records begin: not judged
	WithoutDue     int // created in the filter, never had a date: outside, not "on time"
}

// OnTime evaluates the measures whose original deadline fell into the period and
// has passed, except those cancelled before it (cancelled later = missed). One
// cohort serves both versions. Errors as Completion.
func OnTime(s *Snapshot, c Cohort, period Period) (OnTimeReport, error) {
	sel, err := s.begin(&c)
	if err != nil {
		return OnTimeReport{}, err
	}
	r := OnTimeReport{Cohort: c, Period: period}
	original, current, masked, moved := newClusterCounts(s), newClusterCounts(s), newClusterCounts(s), newClusterCounts(s)
	moves, n := 0, 0
	var slippage []float64
	asOf := c.asOf()
	for _, row := range sel.rows {
		if s.deadline[row] == 0 {
			r.WithoutDue++
			continue
		}
		deadline := int64(s.deadline[row]) * 1000
		if asOf < deadline || !period.contains(deadline) || s.flags[row]&impossibleRow != 0 {
			continue
		}
		if s.entry[row] > 0 && deadline <= s.created[row]+int64(s.entry[row])*1000 {
			r.BeforeLog++
			continue
		}
		cause := s.cause(row)
		if cause == CauseCancelled && s.closed[row] < deadline {
			r.CancelledFirst++
			continue
		}
		n++
		incident := s.incident[row]
		kept := cause == CauseDone && s.closed[row] < deadline
		original.add(incident, kept)
		moves += int(s.moves[row])
		moved.add(incident, s.moves[row] > 0)
		if s.moves[row] > 0 && s.plannedOn[row] != noDate {
			slippage = append(slippage, float64(s.plannedOn[row]-s.due[row]))
		}
		planned := int64(s.planned[row]) * 1000
		if cause == CauseOpen && planned > asOf {
			r.Pending++
			continue
		}
		keptPlan := cause == CauseDone && planned != 0 && s.closed[row] < planned
		current.add(incident, keptPlan)
		masked.add(incident, keptPlan && !kept)
	}
	r.Original, r.Current = original.figure("A4", "on_time_original", ""), current.figure("A4", "on_time_current", "")
	r.Masked, r.Moved = masked.figure("A4", "masked_lateness", ""), moved.figure("A4", "due_date_moved", "")
	slices.Sort(slippage)
	r.SlippageMedian, r.SlippageP90 = number(medianSorted(slippage)), number(quantileSorted(slippage, 0.9))
	if n > 0 {
		r.MovesPer = number(float64(moves) / float64(n))
	}
	return r, nil
}
