package metrics

import (
	"slices"
	"strconv"
	"time"

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
	// WorkingDays says that the target counts working days (R4).
	WorkingDays bool   `json:",omitzero"`
	Policies    []int  // versions of the policy that set this target
	Attained    Figure // over the matured cohort, cancelled before the target left out
	Cancelled   int    // cancelled before the target
	WorstCase   Figure // those counted as missed: the lower bound
	// Trend is the Aalen-Johansen incidence of done at the target, which also uses
	// the items too young to judge. A curve runs in elapsed days, so a target of
	// working days has none.
	Trend     Figure
	NotJudged int // target still ahead
	NoOrigin  int // incident unresolved, with FromResolved
	BeforeLog int // imported, target passed before complete records begin: not judged
}

// SLA evaluates measures whose target has passed. The target in days is that of
// the policy version valid when the measure was created, so a priority whose
// target was changed has one row per target. The deadline is the origin plus the
// target in elapsed days or, where that policy asks for it, the end of the k-th
// working day after the civil day of the origin, by the calendar of that policy;
// the deadline instant is late. Errors as Completion, and ErrInvalid for a
// calendar whose zone this machine does not know.
func SLA(s *Snapshot, c Cohort, origin Origin) (SLAReport, error) {
	sel, err := s.begin(&c)
	if err != nil {
		return SLAReport{}, err
	}
	r := SLAReport{Cohort: c, Origin: origin}
	versions := c.policies()
	targets, err := targetsOf(versions, c.zone())
	if err != nil {
		return SLAReport{}, err
	}
	members := make([][]int32, len(targets.rows))
	for _, row := range sel.rows {
		if s.flags[row]&impossibleRow == 0 {
			if at := targets.place[policyAt(versions, s.created[row])][s.prio[row]]; at >= 0 {
				members[at] = append(members[at], row)
			}
		}
	}
	for i, t := range targets.rows {
		ends := func(_ int32, start int64) int64 { return start + int64(t.TargetDays)*msPerDay }
		if t.WorkingDays {
			ends = func(row int32, start int64) int64 {
				return targets.clocks[policyAt(versions, s.created[row])][s.prio[row]].ends(start)
			}
		}
		s.judge(&t, ends, members[i], c.asOf(), origin)
		r.Priorities = append(r.Priorities, t)
	}
	return r, nil
}

// slaTargets are the rows of an SLA report; place[version][priority code] is the
// row, -1 where the version sets no target, and clocks tells when one of working days has passed.
type slaTargets struct {
	rows   []SLAPriority
	place  [][]int
	clocks [][]targetClock
}

func targetsOf(versions []domain.Policy, zone *time.Location) (slaTargets, error) {
	var t slaTargets
	for range versions {
		t.clocks = append(t.clocks, make([]targetClock, len(domain.Priorities())+1))
		place := make([]int, len(domain.Priorities())+1)
		for i := range place {
			place[i] = -1
		}
		t.place = append(t.place, place)
	}
	for code, p := range domain.Priorities() {
		first := len(t.rows)
		for v, policy := range versions {
			days, ok := policy.SLADays[p]
			if !ok {
				continue
			}
			working := policy.CountsWorkingDays(p)
			at := first + slices.IndexFunc(t.rows[first:], func(r SLAPriority) bool { return r.TargetDays == days && r.WorkingDays == working })
			if at < first {
				at = len(t.rows)
				t.rows = append(t.rows, SLAPriority{Priority: p, TargetDays: days, WorkingDays: working})
			}
			if working {
				clock, err := clockOf(policy, p, zone)
				if err != nil {
					return t, err
				}
				t.clocks[v][code+1] = clock
			}
			t.rows[at].Policies = append(t.rows[at].Policies, policy.Version)
			t.place[v][code+1] = at
		}
	}
	return t, nil
}

// judge fills in the figures of a row; ends is the deadline of a measure whose
// clock starts at an instant.
func (s *Snapshot) judge(r *SLAPriority, ends func(row int32, start int64) int64, rows []int32, asOf int64, origin Origin) {
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
		deadline := ends(row, start)
		if s.flags[row]&overBeforeLog != 0 {
			r.BeforeLog++
			continue
		}
		if s.entry[row] > 0 { // imported: observed from entry on (R10)
			entry := s.created[row] + int64(s.entry[row])*1000
			if end <= entry || deadline <= entry {
				r.BeforeLog++
				continue
			}
			if entry > start {
				e.entries = append(e.entries, float64(entry-start)/msPerDay)
			}
		}
		e.packed = append(e.packed, uint64(max(0, end-start))<<causeBits|uint64(cause))
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
	r.Attained, r.WorstCase = attained.figure("A8", "sla_attained", string(r.Priority)), worst.figure("A8", "sla_attained_worst_case", string(r.Priority))
	if r.WorkingDays {
		r.Trend = Figure{Unit: "share", N: len(e.packed), Why: "a curve runs in elapsed days"}
	} else {
		r.Trend = doneBy(&aalenJohansen(e.table(), 1).Cause[0], r.TargetDays, len(e.packed))
	}
	r.Trend.ID, r.Trend.Name, r.Trend.Group = "A8", "sla_done_by_target", string(r.Priority)+" "+strconv.Itoa(r.TargetDays)
}
