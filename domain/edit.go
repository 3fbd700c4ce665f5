package domain

import (
	"slices"
	"time"
)

// Opt is an optional value of an edit: unset leaves the field alone, set to
// the zero value clears it.
type Opt[T any] struct {
	Set   bool
	Value T
}

// Some returns a set Opt.
func Some[T any](v T) Opt[T] { return Opt[T]{Set: true, Value: v} }

func (o Opt[T]) into(dst *T) {
	if o.Set {
		*dst = o.Value
	}
}

// MeasureEdit is a change a person asks for. All parts are applied or none.
type MeasureEdit struct {
	Incident    Opt[IncidentKey]
	Title       Opt[string]
	Description Opt[string]
	Kind        Opt[MeasureKind]
	Priority    Opt[Priority]
	Status      Opt[Status]
	Owner       Opt[PersonID]
	Deputy      Opt[PersonID]
	Team        Opt[TeamID]
	DueOn       Opt[Date]
	Metric      Opt[Metric]

	ClosureReason     Opt[ClosureReason]
	RiskAcceptedUntil Opt[Date]
	DuplicateOf       Opt[MeasureKey]
	Verdict           Opt[Verdict]

	// Reason goes to the history; due-date moves, reopening and some closures need it.
	Reason string
}

// Rules is what an edit is judged against.
type Rules struct {
	Policy Policy
	Now    time.Time
	Zone   *time.Location
}

// Edit applies a person's change. It returns an ErrInvalid naming every
// refused field, and leaves the measure as it was on any error.
func (m *Measure) Edit(e MeasureEdit, by Actor, r Rules) error {
	next := *m
	var bad problems
	checkText(&bad, "reason", e.Reason, MaxReason)
	e.Incident.into(&next.Incident)
	e.Kind.into(&next.Kind)
	e.Priority.into(&next.Priority)
	e.Deputy.into(&next.Deputy)
	e.Team.into(&next.Team)
	if e.Metric.Set {
		next.Metric = e.Metric.Value.normal()
	}
	if e.Title.Set {
		next.Title = NormalTitle(e.Title.Value)
		checkTypedTitle(&bad, next.Title)
	}
	if e.Description.Set {
		next.Description = NormalText(e.Description.Value)
	}
	if e.Owner.Set {
		next.Owner, next.ExternalOwner = e.Owner.Value, ""
	}
	if e.DueOn.Set {
		next.moveDue(&bad, e.DueOn.Value, e.Reason, by, r)
	}
	if e.Status.Set {
		next.StatusUnknown = false
	}
	if e.Status.Set && e.Status.Value != m.Status {
		next.changeStatus(&bad, *m, e, by, r)
	} else {
		next.amend(&bad, e, r)
	}
	next.check(&bad)
	if m.Incident != "" && next.Incident == "" {
		bad.add("incident", "cannot be removed; name another incident instead")
	}
	if next.Status != Proposed && next.Status.Open() && (e.Status.Set || m.meetsAccepted()) {
		next.requireForAccepted(&bad)
	}
	if err := bad.err(); err != nil {
		return err
	}
	if err := by.RequireTeam(next.Team); err != nil {
		return err
	}
	next.UpdatedAt, next.ChangedFrom = r.Now, by.Source
	*m = next
	return nil
}

func (m *Measure) meetsAccepted() bool {
	var bad problems
	m.requireForAccepted(&bad)
	return len(bad) == 0
}

// amend refuses closing details without the status they belong to.
func (m *Measure) amend(bad *problems, e MeasureEdit, r Rules) {
	if e.ClosureReason.Set && e.ClosureReason.Value != m.ClosureReason {
		bad.add("closure_reason", "goes with status cancelled; set status as well")
	}
	if e.Verdict.Set && e.Verdict.Value != m.Verdict {
		bad.add("verdict", "goes with status verified; set status as well")
	}
	if e.DuplicateOf.Set && e.DuplicateOf.Value != m.DuplicateOf {
		m.nameSurvivor(bad, e.DuplicateOf.Value, true)
	}
	if !e.RiskAcceptedUntil.Set || e.RiskAcceptedUntil.Value == m.RiskAcceptedUntil {
		return
	}
	if m.ClosureReason != RiskAccepted {
		bad.add("risk_accepted_until", "goes with closure reason risk_accepted")
		return
	}
	if e.Reason == "" {
		bad.add("reason", "is empty; moving the end of an accepted risk needs a reason")
	}
	m.acceptRisk(bad, e.RiskAcceptedUntil.Value, r)
}

// acceptRisk sets the day on which an accepted risk ends; it lies ahead.
func (m *Measure) acceptRisk(bad *problems, until Date, r Rules) {
	if until.IsZero() || !DateOf(r.Now.In(r.Zone)).Before(until) {
		bad.add("risk_accepted_until", "is missing or past; an accepted risk ends on a date to come")
	}
	m.RiskAcceptedUntil = until
}

// changeStatus moves the measure along its life by a person's hand.
// before is the measure without any part of the edit.
func (m *Measure) changeStatus(bad *problems, before Measure, e MeasureEdit, by Actor, r Rules) {
	to := e.Status.Value
	if !to.Valid() {
		checkEnum(bad, "status", to, Statuses(), false)
		return
	}
	if !slices.Contains(nextStatuses(m.Status), to) {
		bad.add("status", "%s cannot become %s; from here it can become %s", m.Status, to, joinEnum(nextStatuses(m.Status)))
		return
	}
	if !m.Status.Open() && to.Open() {
		if e.Reason == "" {
			bad.add("reason", "is empty; reopening a %s measure needs a reason", m.Status)
		}
		m.reopen(to, r.Now)
		return
	}
	switch to {
	case Done:
		if r.Policy.EvidenceRequired && m.EvidenceCount == 0 {
			bad.add("evidence", "is missing; add a link that shows the work is done")
		}
		m.complete(r.Now, by.ID)
	case Verified:
		m.verify(bad, before, e, by, r)
	case Cancelled:
		m.cancel(bad, e, by, r)
	case Accepted, InProgress, Blocked, Proposed:
		if m.AcceptedAt.IsZero() && to != Proposed {
			m.AcceptedAt = r.Now
		}
		m.Status = to
	}
}

func (m *Measure) complete(now time.Time, by string) {
	if m.AcceptedAt.IsZero() {
		m.AcceptedAt = now
	}
	m.Status, m.DoneAt, m.DoneBy = Done, now, by
}

// reopen withdraws every claim; what they were stays in the history.
func (m *Measure) reopen(to Status, now time.Time) {
	m.Status = to
	if m.AcceptedAt.IsZero() && to != Proposed {
		m.AcceptedAt = now
	}
	m.DoneAt, m.VerifiedAt, m.CancelledAt = time.Time{}, time.Time{}, time.Time{}
	m.Verdict, m.VerifiedBy, m.DoneBy = "", "", ""
	m.ClosureReason, m.ClosureNote, m.RiskAcceptedUntil, m.DuplicateOf = "", "", Date{}, ""
}

// verify is the second key: a person, not the owner for urgent measures, who
// gives a verdict. A tracker can never turn it. Owner and priority count as they
// were and as they become: nobody steps aside in the same breath.
func (m *Measure) verify(bad *problems, before Measure, e MeasureEdit, by Actor, r Rules) {
	if by.Source != FromUser {
		bad.add("status", "verified is a person's judgement; a tracker can only claim done")
	}
	if !e.Verdict.Set || e.Verdict.Value == "" {
		bad.add("verdict", "is empty; choose one of %s", joinEnum(Verdicts()))
	}
	me := PersonID(by.ID)
	for _, priority := range []Priority{before.Priority, m.Priority} {
		if slices.Contains(r.Policy.SecondPerson, priority) && me != "" && (me == before.Owner || me == m.Owner) {
			bad.add("status", "a %s measure is verified by somebody other than its owner", priority)
			break
		}
	}
	m.Status, m.Verdict, m.VerifiedAt, m.VerifiedBy = Verified, e.Verdict.Value, r.Now, PersonID(by.ID)
}

func (m *Measure) cancel(bad *problems, e MeasureEdit, by Actor, r Rules) {
	reason := e.ClosureReason.Value
	if reason == "" {
		bad.add("closure_reason", "is empty; choose one of %s", joinEnum(ClosureReasons()))
	}
	if (reason == WontDo || reason == RiskAccepted) && e.Reason == "" {
		bad.add("reason", "is empty; closing as %s needs a text that says why", reason)
	}
	if (reason == WontDo || reason == RiskAccepted) && by.Source != FromUser {
		bad.add("closure_reason", "%s is a person's decision", reason)
	}
	switch {
	case reason == RiskAccepted:
		m.acceptRisk(bad, e.RiskAcceptedUntil.Value, r)
	case !e.RiskAcceptedUntil.Value.IsZero():
		bad.add("risk_accepted_until", "goes with closure reason risk_accepted")
	}
	m.Status, m.ClosureReason, m.ClosureNote, m.CancelledAt = Cancelled, reason, e.Reason, r.Now
	m.nameSurvivor(bad, e.DuplicateOf.Value, by.Source == FromUser)
}
