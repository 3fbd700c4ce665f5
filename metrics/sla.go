package metrics

import (
	"slices"
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
	Policies   []int  // versions of the policy that set this target
	Attained   Figure // over the matured cohort, cancelled before the target left out
	Cancelled  int    // cancelled before the target
	WorstCase  Figure // those counted as missed: the lower bound
	// Trend is the Aalen-Johansen incidence of done at the target, which also uses
	// the items too young to judge.
	Trend     Figure
	NotJudged int // target still ahead
	NoOrigin  int // incident unresolved, with FromResolved
	BeforeLog int // imported, target passed before complete records begin: not judged
}

// SLA evaluates measures whose target has passed. The target in days is that of
// the policy version valid when the measure was created, so a priority whose
// target was changed has one row per target. The deadline is the origin plus the
// target in elapsed days; the deadline instant is late. Errors as Completion.
func SLA(s *Snapshot, c Cohort, origin Origin) (SLAReport, error) {
	sel, err := s.begin(&c)
	if err != nil {
		return SLAReport{}, err
	}
	r := SLAReport{Cohort: c, Origin: origin}
	versions := c.policies()
	targets := targetsOf(versions)
	members := make([][]int32, len(targets.rows))
	for _, row := range sel.rows {
		if s.flags[row]&impossibleRow == 0 {
			if at := targets.place[policyAt(versions, s.created[row])][s.prio[row]]; at >= 0 {
				members[at] = append(members[at], row)
			}
		}
	}
	for i, t := range targets.rows {
		row := s.slaOf(t.Priority, t.TargetDays, members[i], c.asOf(), origin)
		row.Policies = t.Policies
		r.Priorities = append(r.Priorities, row)
	}
	return r, nil
}

// slaTargets are the rows of an SLA report; place[version][priority code] is the
// row, -1 where the version sets no target.
type slaTargets struct {
	rows  []SLAPriority
	place [][]int
}

func targetsOf(versions []domain.Policy) slaTargets {
	var t slaTargets
	for range versions {
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
			at := first + slices.IndexFunc(t.rows[first:], func(r SLAPriority) bool { return r.TargetDays == days })
			if at < first {
				at = len(t.rows)
				t.rows = append(t.rows, SLAPriority{Priority: p, TargetDays: days})
			}
			t.rows[at].Policies = append(t.rows[at].Policies, policy.Version)
			t.place[v][code+1] = at
		}
	}
	return t
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
		deadline := start + int64(target)*msPerDay
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
	r.Attained, r.WorstCase = attained.figure("A8", "sla_attained", string(p)), worst.figure("A8", "sla_attained_worst_case", string(p))
	r.Trend = doneBy(&aalenJohansen(e.table(), 1).Cause[0], target, len(e.packed))
	r.Trend.ID, r.Trend.Name, r.Trend.Group = "A8", "sla_done_by_target", string(p)+" "+strconv.Itoa(target)
	return r
}
