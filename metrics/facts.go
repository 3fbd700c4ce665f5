package metrics

import (
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// msPerDay turns milliseconds into days.
const msPerDay = 86_400_000

// State is where a measure stands in statistics (rule R5).
type State uint8

// The states. Done and verified are completed.
const (
	StateOpen State = iota
	StateDone
	StateVerified
	StateCancelled
)

// String is the state's name in reports and reference files.
func (s State) String() string {
	return [...]string{"open", "done", "verified", "cancelled"}[s]
}

// The causes of an end: 0 is "still open", censored at as_of.
const (
	CauseOpen      uint8 = 0
	CauseDone      uint8 = 1
	CauseCancelled uint8 = 2
)

// Answer is a yes or no that may not be decidable.
type Answer uint8

// The answers.
const (
	Undecided Answer = iota
	No
	Yes
)

func answer(yes bool) Answer {
	if yes {
		return Yes
	}
	return No
}

// Stretch is one stretch of being open and how it ended; a zero Out with
// CauseOpen is the one that still runs.
type Stretch struct {
	In, Out  time.Time
	Cause    uint8
	Verified time.Time // when its completion was verified, if it was
}

// Due is one of the two due dates of a measure. The zero Due is "no date".
type Due struct {
	Date     domain.Date
	Deadline time.Time // first instant that is late (rule R3)
	Set      time.Time // when the date was set
	zone     *time.Location
}

// Facts is the fold of one measure's events up to a cut. It holds instants
// only; whatever depends on the present (overdue, age) is a method that takes
// as_of, so a fold stays right while time passes.
type Facts struct {
	State    State
	Excluded bool // duplicate or created in error: leaves every cohort (R7)
	// Impossible marks an order that cannot be (done before created). Such a
	// measure is counted, but leaves every statistic of times.
	Impossible bool
	// Unknown says that nobody knows whether the measure is open: it was imported
	// without a status. Unknown is not open, so it counts nowhere else.
	Unknown bool

	Created   time.Time
	Entry     time.Time // start of complete records when imported (R10), else zero
	Accepted  time.Time
	FirstDone time.Time // kept through reopenings
	Done      time.Time // last done not undone by a reopening
	Verified  time.Time
	Cancelled time.Time
	Updated   time.Time // last event of any kind

	Reason  domain.ClosureReason
	Verdict domain.Verdict

	Original Due // first date ever set: the promise
	Current  Due // last date set: the plan
	Planned  Due // as Current, and kept when the date was taken away
	DueMoves int
	Reopened int
	// ReopenedDone says that a completed measure (not a cancelled one) was reopened.
	ReopenedDone bool
	// LateMoves counts date changes within 48 h of the deadline or after it.
	LateMoves int

	Stretches []Stretch
}

// FactsOf folds the events of one measure known at the cut. Events may come in
// any order; those of one instant keep theirs. It returns domain.ErrNotFound
// when the measure was not created by the cut, and refuses due dates without a
// date and event types it does not know.
func FactsOf(events []Event, cut Cut) (Facts, error) {
	return factsOf(slices.Clone(events), cut)
}

// factsOf is FactsOf for events that nobody else needs any more.
func factsOf(events []Event, cut Cut) (Facts, error) {
	known := events[:0]
	created := false
	for i := range events {
		e := &events[i]
		if e.Type < EventCreated || e.Type > EventNote {
			return Facts{}, invalidf("event %d has type %d; use one of the EventType values", i, e.Type)
		}
		if (e.Type == EventDueSet || e.Type == EventDueCorrected) && e.Due.IsZero() {
			return Facts{}, invalidf("event %d sets a due date without a date; use EventDueCleared to remove one", i)
		}
		if cut.knows(e) {
			known = append(known, *e)
			created = created || e.Type == EventCreated
		}
	}
	if !created {
		return Facts{}, domain.Errorf(domain.ErrNotFound, "the measure was not created by %s", cut.AsOf.UTC().Format(time.RFC3339))
	}
	slices.SortStableFunc(known, func(a, b Event) int { return a.At.Compare(b.At) })
	var f Facts
	for i := range known {
		f.apply(&known[i], cut.zone())
	}
	f.Impossible = f.impossible()
	return f, nil
}

func (f *Facts) apply(e *Event, zone *time.Location) {
	f.Updated = e.At
	switch e.Type {
	case EventCreated:
		if f.Created.IsZero() {
			f.Created = e.At
			f.open(e.At)
			if f.State != StateOpen { // closed before it was created: impossible, but in one piece
				f.close(e.At, f.Cause())
			}
		}
	case EventImported:
		f.Entry = e.At
	case EventDueSet, EventDueCorrected:
		if e.Zone != nil {
			zone = e.Zone
		}
		f.setDue(e, zone)
	case EventDueCleared:
		f.Current = Due{}
	case EventAccepted, EventStarted, EventBlocked:
		if f.Accepted.IsZero() {
			f.Accepted = e.At
		}
	case EventDone:
		f.State, f.Done = StateDone, e.At
		f.Cancelled, f.Reason = time.Time{}, ""
		f.firstDone(e.At)
		f.close(e.At, CauseDone)
		f.verify(time.Time{})
	case EventVerified:
		if f.Done.IsZero() { // a verdict without a claim: completed by the verdict
			f.Done = e.At
			f.firstDone(e.At)
			f.close(e.At, CauseDone)
		}
		if f.State != StateVerified { // a second verdict does not move the date of the first
			f.Verified = e.At
			f.verify(e.At)
		}
		f.State, f.Verdict = StateVerified, e.Verdict
	case EventReopened:
		f.Reopened++
		f.ReopenedDone = f.ReopenedDone || !f.Done.IsZero()
		f.State, f.Excluded = StateOpen, false
		f.Done, f.Verified, f.Cancelled = time.Time{}, time.Time{}, time.Time{}
		f.Verdict, f.Reason = "", ""
		f.open(e.At)
	case EventCancelled:
		f.State, f.Cancelled, f.Reason = StateCancelled, e.At, e.Reason
		f.Done = time.Time{}
		f.Excluded = e.Reason == domain.Duplicate || e.Reason == domain.CreatedInError
		f.close(e.At, CauseCancelled)
	case EventStatusUnknown:
		f.Unknown = true
	case EventStatusKnown: // what was before is not on record: observed from here on
		f.Unknown, f.Entry = false, e.At
	case EventNote:
	}
}

func (f *Facts) firstDone(at time.Time) {
	if f.FirstDone.IsZero() {
		f.FirstDone = at
	}
}

func (f *Facts) setDue(e *Event, zone *time.Location) {
	d := Due{Date: e.Due, Deadline: e.Due.Deadline(zone), Set: e.At, zone: zone}
	before := f.Planned
	switch {
	case f.Original.Date.IsZero():
		f.Original = d
	case e.Type == EventDueCorrected: // promised when the wrong date was
		d.Set = f.Original.Set
		f.Original = d
	case domain.MovesDue(before.Date, d.Date):
		f.DueMoves++
		if !e.At.Before(before.Deadline.Add(-48 * time.Hour)) {
			f.LateMoves++
		}
	}
	f.Current, f.Planned = d, d
}

// open starts a stretch unless one runs.
func (f *Facts) open(at time.Time) {
	if n := len(f.Stretches); n == 0 || f.Stretches[n-1].Cause != CauseOpen {
		f.Stretches = append(f.Stretches, Stretch{In: at})
	}
}

// close ends the running stretch; a repeated close moves the end, because the
// last done counts.
func (f *Facts) close(at time.Time, cause uint8) {
	if n := len(f.Stretches); n > 0 {
		f.Stretches[n-1].Out, f.Stretches[n-1].Cause = at, cause
	}
}

// verify notes when the last stretch was verified; a zero time takes it back.
func (f *Facts) verify(at time.Time) {
	if n := len(f.Stretches); n > 0 {
		f.Stretches[n-1].Verified = at
	}
}

func (f *Facts) impossible() bool {
	for _, t := range [...]time.Time{f.Accepted, f.FirstDone, f.Done, f.Verified, f.Cancelled} {
		if !t.IsZero() && t.Before(f.Created) {
			return true
		}
	}
	return false
}

// Completed says whether the state is done or verified.
func (f *Facts) Completed() bool { return f.State == StateDone || f.State == StateVerified }

// Cause is how the measure ended: CauseDone, CauseCancelled or CauseOpen.
func (f *Facts) Cause() uint8 {
	switch f.State {
	case StateDone, StateVerified:
		return CauseDone
	case StateCancelled:
		return CauseCancelled
	case StateOpen:
	}
	return CauseOpen
}

// Ended is the instant of the end, as_of while open.
func (f *Facts) Ended(asOf time.Time) time.Time {
	switch f.Cause() {
	case CauseDone:
		return f.Done
	case CauseCancelled:
		return f.Cancelled
	}
	return asOf
}

// Days is the time from creation to the end, or to as_of while open, in days.
func (f *Facts) Days(asOf time.Time) float64 {
	return max(0, days(f.Ended(asOf).Sub(f.Created)))
}

func days(d time.Duration) float64 { return float64(d.Milliseconds()) / msPerDay }

// Slippage is current minus original due date in civil days; ok is false when
// either is missing.
func (f *Facts) Slippage() (days int, ok bool) {
	if f.Current.Date.IsZero() || f.Original.Date.IsZero() {
		return 0, false
	}
	return f.Current.Date.Sub(f.Original.Date), true
}

// OnTime says whether the measure was completed before the deadline of the given
// due date. It is undecided without a date or a known status, while open before the deadline, and
// when cancelled before it; cancelled or open past it is a no.
func (f *Facts) OnTime(d Due, asOf time.Time) Answer {
	if d.Date.IsZero() || f.Unknown {
		return Undecided
	}
	if f.Completed() {
		return answer(f.Done.Before(d.Deadline))
	}
	if f.Ended(asOf).Before(d.Deadline) {
		return Undecided
	}
	return No
}

// Overdue says whether the measure is open at as_of and past the deadline.
func (f *Facts) Overdue(d Due, asOf time.Time) bool {
	return f.State == StateOpen && !f.Unknown && !d.Date.IsZero() && !asOf.Before(d.Deadline)
}

// DaysOverdue is the local date of as_of minus the due date, at least 1 when
// overdue and 0 otherwise.
func (f *Facts) DaysOverdue(d Due, asOf time.Time) int {
	if !f.Overdue(d, asOf) {
		return 0
	}
	return domain.DateOf(asOf.In(d.zone)).Sub(d.Date)
}

// Effective is the verdict as an answer: yes only for effective, no for partly
// and ineffective, undecided for the rest and before verification.
func (f *Facts) Effective() Answer {
	if f.State != StateVerified {
		return Undecided
	}
	switch f.Verdict {
	case domain.Effective:
		return Yes
	case domain.Partly, domain.Ineffective:
		return No
	case domain.Inconclusive, domain.NotMeasurable:
	}
	return Undecided
}
