package metrics

import (
	"fmt"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// DueSpan bounds original due dates, both days included; an empty end is open.
type DueSpan struct {
	From, To domain.Date
}

// holds reports whether a civil day lies in the span.
func (d DueSpan) holds(day int32) bool {
	return (d.From.IsZero() || int(day) >= d.From.Ordinal()) && (d.To.IsZero() || int(day) <= d.To.Ordinal())
}

// OnTimeReport is the on-time rate under both dates (A4).
type OnTimeReport struct {
	Cohort   Cohort
	Due      DueSpan // of the original dates
	Original Figure  // completed before the promised deadline
	Current  Figure  // completed before the current deadline, pending ones left out
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

// OnTime evaluates the measures whose original due date lies in the span and
// whose deadline has passed, except those cancelled before it (cancelled later =
// missed). One cohort serves both versions. Errors as Completion; it also refuses
// a span that ends before it begins.
func OnTime(s *Snapshot, c Cohort, due DueSpan) (OnTimeReport, error) {
	sel, err := s.beginDue(&c, due)
	if err != nil {
		return OnTimeReport{}, err
	}
	return s.onTime(sel.rows, c, due), nil
}

func (s *Snapshot) beginDue(c *Cohort, due DueSpan) (selection, error) {
	if !due.From.IsZero() && !due.To.IsZero() && due.To.Before(due.From) {
		return selection{}, invalidf("the span from %s to %s is empty; give from before to", due.From, due.To)
	}
	return s.begin(c)
}

// OnTimePeriod is the on-time rate of what was promised for a calendar period.
type OnTimePeriod struct {
	Period string // 2026-11, 2026-Q4 or 2026
	Report OnTimeReport
}

// OnTimeSeries is the on-time rate by calendar periods of the original due date,
// and of the whole span.
type OnTimeSeries struct {
	Cohort  Cohort
	Whole   OnTimeReport
	Periods []OnTimePeriod
}

// maxOnTimePeriods bounds a series: ten years of months.
const maxOnTimePeriods = 120

// OnTimeBy evaluates OnTime for every calendar period of so many months (1, 3 or
// 12; 0 = none) from the first to the last in which a deadline has passed; a
// period without any is there and empty. A period that is not over judges what
// has been due in it so far. Errors as OnTime; it also refuses more than 120
// periods.
func OnTimeBy(s *Snapshot, c Cohort, due DueSpan, months int) (OnTimeSeries, error) {
	sel, err := s.beginDue(&c, due)
	if err != nil {
		return OnTimeSeries{}, err
	}
	out := OnTimeSeries{Cohort: c, Whole: s.onTime(sel.rows, c, due)}
	if months == 0 {
		return out, nil
	}
	rows := map[int][]int32{} // by number of the period
	first, last := 0, -1
	for _, row := range sel.rows {
		if s.deadline[row] == 0 || c.asOf() < int64(s.deadline[row])*1000 || !due.holds(s.due[row]) {
			continue
		}
		n := periodNumber(dateOfDay(s.due[row]), months)
		if last < first {
			first, last = n, n
		}
		first, last = min(first, n), max(last, n)
		rows[n] = append(rows[n], row)
	}
	if last-first >= maxOnTimePeriods {
		return OnTimeSeries{}, invalidf("that is %d periods, at most %d are shown; choose a shorter span of due dates or longer periods", last-first+1, maxOnTimePeriods)
	}
	for n := first; n <= last; n++ {
		span := periodSpan(n, months)
		if !due.From.IsZero() && span.From.Before(due.From) {
			span.From = due.From
		}
		if !due.To.IsZero() && due.To.Before(span.To) {
			span.To = due.To
		}
		out.Periods = append(out.Periods, OnTimePeriod{periodName(n, months), s.onTime(rows[n], c, span)})
	}
	return out, nil
}

// dateOfDay is the civil date of a column of days.
func dateOfDay(day int32) domain.Date {
	return domain.Date{Year: 1970, Month: time.January, Day: 1}.AddDays(int(day))
}

// periodNumber counts calendar periods from year 0 on.
func periodNumber(d domain.Date, months int) int {
	return (d.Year*12 + int(d.Month) - 1) / months
}

func periodSpan(n, months int) DueSpan {
	month := func(m int) domain.Date { return domain.Date{Year: m / 12, Month: time.Month(m%12 + 1), Day: 1} }
	return DueSpan{month(n * months), month((n + 1) * months).AddDays(-1)}
}

func periodName(n, months int) string {
	first := periodSpan(n, months).From
	if months == 12 {
		return fmt.Sprintf("%04d", first.Year)
	}
	return domain.PeriodAt(first, months)
}

// onTime judges rows of a cohort.
func (s *Snapshot) onTime(rows []int32, c Cohort, due DueSpan) OnTimeReport {
	r := OnTimeReport{Cohort: c, Due: due}
	original, current, masked, moved := newClusterCounts(s), newClusterCounts(s), newClusterCounts(s), newClusterCounts(s)
	moves, n := 0, 0
	var slippage []float64
	asOf := c.asOf()
	for _, row := range rows {
		if s.deadline[row] == 0 {
			r.WithoutDue++
			continue
		}
		deadline := int64(s.deadline[row]) * 1000
		if asOf < deadline || !due.holds(s.due[row]) || s.flags[row]&impossibleRow != 0 {
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
	return r
}
