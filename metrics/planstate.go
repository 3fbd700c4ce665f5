package metrics

import (
	"math"
	"slices"
	"time"
)

// PlanState is where the follow-through of an incident family stood (B9). The
// order is that of precedence, weakest first.
type PlanState uint8

// The plan states, over the occurrence-reducing measures created so far.
const (
	PlanNone    PlanState = iota // no such measure
	PlanDropped                  // all cancelled
	PlanDone                     // all closed, one done at least
	PlanOpen                     // one open, none past its original date
	PlanOverdue                  // one open past its original date
	planStates                   // how many there are
)

// String is the state's name in reports and reference files.
func (s PlanState) String() string {
	return [...]string{"none", "dropped", "done", "open", "overdue"}[s]
}

// PlanStates lists the states from none to overdue.
func PlanStates() []PlanState {
	return []PlanState{PlanNone, PlanDropped, PlanDone, PlanOpen, PlanOverdue}
}

// never is the instant, in milliseconds, of what does not happen.
const never = math.MaxInt64

// timeline is when one measure existed, was open, and was past its promise, in
// UTC milliseconds.
type timeline struct {
	created     int64
	overdueFrom int64 // deadline of the original date, once it was set
	spells      []spell
}

// spell is a half-open stretch [in, out) of being open and how it ended.
type spell struct {
	in, out  int64
	cause    uint8
	verified int64 // when it was verified; 0 = not
}

// timelineOf reads the timeline from facts.
func timelineOf(f *Facts) timeline {
	t := timeline{created: f.Created.UnixMilli(), overdueFrom: never}
	if !f.Original.Date.IsZero() {
		t.overdueFrom = max(f.Original.Deadline.UnixMilli(), f.Original.Set.UnixMilli())
	}
	for _, s := range f.Stretches {
		out := int64(never)
		if s.Cause != CauseOpen {
			out = s.Out.UnixMilli()
		}
		sp := spell{in: s.In.UnixMilli(), out: out, cause: s.Cause}
		if !s.Verified.IsZero() {
			sp.verified = s.Verified.UnixMilli()
		}
		t.spells = append(t.spells, sp)
	}
	return t
}

// planState is the state on [at, next change): a measure counts from its
// creation on.
func planState(plan []timeline, at int64) PlanState {
	state := PlanNone
	for i := range plan {
		state = max(state, plan[i].state(at))
	}
	return state
}

func (t *timeline) state(at int64) PlanState {
	if t.created > at {
		return PlanNone
	}
	state := PlanNone
	for _, s := range t.spells {
		switch {
		case s.in > at:
			return state
		case at < s.out && at >= t.overdueFrom:
			return PlanOverdue
		case at < s.out:
			return PlanOpen
		case s.cause == CauseDone:
			state = PlanDone
		default:
			state = PlanDropped
		}
	}
	return state
}

// A transition is a change of one measure's state, packed as milliseconds << 6 |
// before << 3 | after so that changes sort by time.
const (
	stateBits = 3
	stateMask = 1<<stateBits - 1
)

// transitions appends the changes of state between from and to and returns the
// state at from.
func (t *timeline) transitions(from, to int64, cuts []int64) (PlanState, []int64) {
	first := t.state(from)
	state, last := first, from
	visit := func(at int64) {
		if at <= last || at >= to { // an impossible order would lead back in time
			return
		}
		last = at
		if next := t.state(at); next != state {
			cuts = append(cuts, at<<(2*stateBits)|int64(state)<<stateBits|int64(next))
			state = next
		}
	}
	visit(t.created)
	for _, s := range t.spells {
		visit(s.in)
		if t.overdueFrom > s.in && t.overdueFrom < s.out {
			visit(t.overdueFrom)
		}
		visit(s.out)
	}
	return first, cuts
}

// personTime splits [from, to) at every change of the plan and adds the
// milliseconds spent in each state. It counts how many measures are in each
// state, so a change costs the same however long the plan is. It uses cuts
// instead of allocating.
func personTime(plan []timeline, from, to int64, cuts []int64, spent *[planStates]int64) []int64 {
	cuts = cuts[:0]
	var count [planStates]int
	for i := range plan {
		var state PlanState
		state, cuts = plan[i].transitions(from, to, cuts)
		count[state]++
	}
	slices.Sort(cuts)
	at := from
	add := func(until int64) {
		state := PlanOverdue
		for state > PlanNone && count[state] == 0 {
			state--
		}
		spent[state] += until - at
		at = until
	}
	for _, c := range cuts {
		add(c >> (2 * stateBits))
		count[c>>stateBits&stateMask]--
		count[c&stateMask]++
	}
	add(to)
	return cuts
}

// Occurrence is one incident of a family.
type Occurrence struct {
	ID       string
	Start    time.Time
	Resolved time.Time // zero = not yet
}

// Classified is a recurrence with the state of the plan just before it began.
type Classified struct {
	ID                string
	DaysSinceResolved float64
	State             PlanState
}

// FamilyHistory is what became of one family after its index incident.
type FamilyHistory struct {
	Recurrences int
	Overlapping int // started before the index incident was resolved: same episode
	// FirstRecurrence and FollowUp are days since the index incident was resolved;
	// FirstRecurrence is NaN when there was none.
	FirstRecurrence float64
	FollowUp        float64
	Exposure        [planStates]time.Duration // by PlanState; sums to the follow-up
	Events          [planStates]int
	Classified      []Classified
}

// FollowFamily follows a family from the resolution of its earliest incident to
// the end (as_of, or the retirement of the service when that is earlier), splits
// the time by the state of its plan and says in which state each recurrence
// struck (B3, B9, B10). Only occurrence-reducing measures belong into plan;
// excluded ones and those
// of unknown status are ignored. Incidents beyond the end are ignored, an
// unresolved or empty family has no follow-up. It refuses an incident that was
// resolved before it started.
func FollowFamily(family []Occurrence, plan []Facts, end time.Time) (FamilyHistory, error) {
	h := FamilyHistory{FirstRecurrence: math.NaN()}
	for _, o := range family {
		if !o.Resolved.IsZero() && o.Resolved.Before(o.Start) {
			return h, invalidf("incident %s was resolved at %v, before its start at %v", o.ID, o.Resolved, o.Start)
		}
	}
	sorted := slices.Clone(family)
	slices.SortStableFunc(sorted, func(a, b Occurrence) int { return a.Start.Compare(b.Start) })
	if len(sorted) == 0 || sorted[0].Resolved.IsZero() || !sorted[0].Resolved.Before(end) {
		return h, nil
	}
	from, to := sorted[0].Resolved.UnixMilli(), end.UnixMilli()
	var lines []timeline
	for i := range plan {
		if !plan[i].Excluded && !plan[i].Unknown {
			lines = append(lines, timelineOf(&plan[i]))
		}
	}
	var spent [planStates]int64
	personTime(lines, from, to, nil, &spent)
	for s, ms := range spent {
		h.Exposure[s] = time.Duration(ms) * time.Millisecond
	}
	h.FollowUp = float64(to-from) / msPerDay
	for _, o := range sorted[1:] {
		start := o.Start.UnixMilli()
		if start > to {
			continue
		}
		if start <= from {
			h.Overlapping++
			continue
		}
		c := Classified{o.ID, float64(start-from) / msPerDay, planState(lines, start-1)}
		if h.Recurrences == 0 {
			h.FirstRecurrence = c.DaysSinceResolved
		}
		h.Recurrences++
		h.Events[c.State]++
		h.Classified = append(h.Classified, c)
	}
	return h, nil
}
