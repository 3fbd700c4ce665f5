package metrics

import (
	"strconv"

	"github.com/followthrough/followthrough/domain"
)

// Origin is from where the clock of a target runs.
type Origin uint8

// The origins.
const (
	FromCreated Origin = iota
	FromResolved
)

// String is the origin's name in reports.
func (o Origin) String() string { return [...]string{"created", "incident resolved"}[o] }

// SLAReport is the attainment of completion targets by priority (A8).
type SLAReport struct {
	Cohort     Cohort
	Origin     Origin
	Priorities []SLAPriority
}

// SLAPriority is one priority with its target.
type SLAPriority struct {
	Priority   domain.Priority
	TargetDays int
	Attained   Figure // over the matured cohort, cancelled before the target left out
	Cancelled  int    // cancelled before the target
	WorstCase  Figure // those counted as missed: the lower bound
	// Trend is the Aalen-Johansen incidence of done at the target, which also uses
	// the items too young to judge.
	Trend     Figure
	NotJudged int // target still ahead
	NoOrigin  int // incident unresolved, with FromResolved
}

// SLA evaluates measures whose target has passed. The policy of the cohort names
// the targets in days by priority; measures created under another policy are
// reported by a cohort that pins that one and its period. The deadline is the
// origin plus the target in elapsed days; the deadline instant is late. Errors
// as Completion.
func SLA(s *Snapshot, c Cohort, origin Origin) (SLAReport, error) {
	sel, err := s.begin(&c)
	if err != nil {
		return SLAReport{}, err
	}
	r := SLAReport{Cohort: c, Origin: origin}
	byPriority := make([][]int32, len(domain.Priorities())+1)
	for _, row := range sel.rows {
		if s.flags[row]&impossibleRow == 0 {
			byPriority[s.prio[row]] = append(byPriority[s.prio[row]], row)
		}
	}
	for i, p := range domain.Priorities() {
		if days, ok := c.Policy.SLADays[p]; ok {
			r.Priorities = append(r.Priorities, s.slaOf(p, days, byPriority[i+1], c.asOf(), origin))
		}
	}
	return r, nil
}

func (s *Snapshot) slaOf(p domain.Priority, target int, rows []int32, asOf int64, origin Origin) SLAPriority {
	r := SLAPriority{Priority: p, TargetDays: target}
	attained, worst := newClusterCounts(s), newClusterCounts(s)
	e := exits{packed: make([]uint64, 0, len(rows))}
	for _, row := range rows {
		start := s.created[row]
		if origin == FromResolved {
			i := s.incident[row]
			if i < 0 || s.incidents[i].resolved == 0 {
				r.NoOrigin++
				continue
			}
			start = s.incidents[i].resolved
		}
		cause, end := s.cause(row), s.ended(row, asOf)
		e.packed = append(e.packed, uint64(max(0, end-start))<<causeBits|uint64(cause))
		deadline := start + int64(target)*msPerDay
		if asOf < deadline {
			r.NotJudged++
			continue
		}
		kept := cause == CauseDone && end < deadline
		worst.add(s.incident[row], kept)
		if cause == CauseCancelled && end < deadline {
			r.Cancelled++
			continue
		}
		attained.add(s.incident[row], kept)
	}
	r.Attained, r.WorstCase = attained.figure("A8", "sla_attained", string(p)), worst.figure("A8", "sla_attained_worst_case", string(p))
	r.Trend = doneBy(&aalenJohansen(e.table()).Cause[0], target, len(e.packed))
	r.Trend.ID, r.Trend.Name, r.Trend.Group = "A8", "sla_done_by_target", string(p)+" "+strconv.Itoa(target)
	return r
}
