package domain

import (
	"strconv"
	"strings"
	"time"
)

// MeasureKey names a measure for people, for example M-7.
type MeasureKey string

// Number is the number in the key, 7 of M-7; 0 for what is no key.
func (k MeasureKey) Number() int {
	digits, ok := strings.CutPrefix(string(k), "M-")
	n, err := strconv.ParseInt(digits, 10, 32)
	if !ok || err != nil || n < 1 {
		return 0
	}
	return int(n)
}

// Measure is one thing to change, with exactly one accountable owner.
type Measure struct {
	// ID is random and never shown; trackers carry it in the managed block.
	ID  string
	Key MeasureKey
	// Incident is empty for an adopted issue that still needs its incident.
	Incident IncidentKey
	// Check and Question say which gap of a crisis check the measure closes. It
	// came from there, so it needs no incident; both are empty otherwise.
	Check       CheckKey
	Question    QuestionID
	Title       string
	Description string // Markdown
	Kind        MeasureKind
	Priority    Priority
	Status      Status

	ClosureReason     ClosureReason
	ClosureNote       string
	RiskAcceptedUntil Date
	// DuplicateOf is the measure that goes on, with closure reason duplicate;
	// empty where a tracker says duplicate without naming of which.
	DuplicateOf MeasureKey

	Owner PersonID
	// ExternalOwner is the login of a tracker account that no person is mapped to.
	ExternalOwner string
	Deputy        PersonID
	Team          TeamID
	// Succeeds is the measure this one takes over from, because that one did not
	// work. It is set at creation and stays.
	Succeeds MeasureKey

	DueOn Date
	// OriginalDueOn is the first promise. It never changes once set, except by a
	// correction before DueFirmAt.
	OriginalDueOn Date
	// LastDueOn is the last date that was set; it stays when the date is taken away.
	LastDueOn Date
	// DueFirmAt is when the policy's grace for correcting the promise ends; zero
	// means there is none.
	DueFirmAt time.Time
	// DueMoves counts the moves of the due date, by MovesDue.
	DueMoves int

	Metric     Metric
	Verdict    Verdict
	VerifiedBy PersonID
	// EvidenceCount is the number of evidence links; the links are rows of their own.
	EvidenceCount int

	// DoneBy is the actor who claimed done.
	DoneBy string

	CreatedAt   time.Time
	AcceptedAt  time.Time
	DoneAt      time.Time
	VerifiedAt  time.Time
	CancelledAt time.Time
	UpdatedAt   time.Time

	// ChangedFrom is the source of the last change; the loop breaker asks for it.
	ChangedFrom Source
	// PolicyVersion is the policy valid at creation; it keeps applying.
	PolicyVersion int
	// StatusUnknown marks an imported measure whose source says nothing about its
	// status. Unknown is not open: it counts nowhere until somebody says.
	StatusUnknown bool
	// Imported marks a measure whose history began elsewhere: delayed entry in statistics.
	Imported bool
	Version  int64
}

// Overdue reports whether the measure is open and past its current due date.
func (m Measure) Overdue(now time.Time, zone *time.Location) bool {
	return m.Status.Open() && !m.StatusUnknown && !m.DueOn.IsZero() && !now.Before(m.DueOn.Deadline(zone))
}

// PastPromise reports whether the measure is open and past its first due date.
func (m Measure) PastPromise(now time.Time, zone *time.Location) bool {
	return m.Status.Open() && !m.StatusUnknown && !m.OriginalDueOn.IsZero() && !now.Before(m.OriginalDueOn.Deadline(zone))
}

// NeedsIncident reports whether the measure waits in the inbox for its incident.
// One that came from a crisis check has its reason there.
func (m Measure) NeedsIncident() bool { return m.Incident == "" && m.Check == "" }

// Evidence is a link that supports a claim of done.
type Evidence struct {
	ID      string
	Measure MeasureKey
	Title   string
	URL     string
	// EffectiveOn is the date the evidence speaks of; ReceivedAt is when it came in.
	EffectiveOn Date
	ReceivedAt  time.Time
	AddedBy     string
}

// Check refuses evidence that cannot be followed.
func (e Evidence) Check() error {
	var bad problems
	if NormalTitle(e.Title) == "" {
		bad.add("title", "is empty; say what the link shows")
	}
	checkText(&bad, "title", e.Title, MaxTitle)
	checkURL(&bad, "url", e.URL)
	return bad.err()
}

// Observation is one value of a measure's success metric.
type Observation struct {
	ID      string
	Measure MeasureKey
	At      time.Time
	Value   float64
	Note    string
	Source  Source
	Actor   string
}

// Check refuses an observation from the future or without a time.
func (o Observation) Check(now time.Time) error {
	var bad problems
	switch {
	case o.At.IsZero():
		bad.add("at", "is empty; give the instant of the observation")
	case o.At.After(now.Add(time.Minute)):
		bad.add("at", "%s lies in the future", o.At.UTC().Format(time.RFC3339))
	}
	checkText(&bad, "note", o.Note, MaxReason)
	if o.Value != o.Value || o.Value > 1e12 || o.Value < -1e12 {
		bad.add("value", "is not a number between -1e12 and 1e12")
	}
	return bad.err()
}

// NewMeasure is what a person gives to create a measure.
type NewMeasure struct {
	Incident IncidentKey
	// Check and Question are set by the crisis check alone.
	Check       CheckKey
	Question    QuestionID
	Title       string
	Description string
	Kind        MeasureKind
	Priority    Priority
	Status      Status // empty means proposed
	Owner       PersonID
	Deputy      PersonID
	Team        TeamID
	DueOn       Date
	Metric      Metric
	// Succeeds names the ineffective measure that this one takes over from.
	Succeeds MeasureKey
}

// Create makes a measure. The due date is taken from the policy when the
// priority is given and no date is; zone is the organisation's.
func (n NewMeasure) Create(id string, by Actor, policy Policy, now time.Time, zone *time.Location) (Measure, error) {
	m := Measure{
		ID: id, Incident: n.Incident, Check: n.Check, Question: n.Question, Title: NormalTitle(n.Title), Description: NormalText(n.Description),
		Kind: n.Kind, Priority: n.Priority, Status: n.Status, Owner: n.Owner, Deputy: n.Deputy, Team: n.Team,
		DueOn: n.DueOn, Metric: n.Metric.normal(), Succeeds: n.Succeeds, CreatedAt: now, UpdatedAt: now, PolicyVersion: policy.Version, ChangedFrom: by.Source, Version: 1,
	}
	if m.Status == "" {
		m.Status = Proposed
	}
	if m.DueOn.IsZero() && by.Source == FromUser {
		m.DueOn = policy.DueOn(m.Priority, DateOf(now.In(zone)))
	}
	m.promise(m.DueOn, now, policy.Grace())
	var bad problems
	m.check(&bad)
	checkTypedTitle(&bad, m.Title)
	if m.Status != Proposed && m.Status != Accepted && m.Status != InProgress {
		bad.add("status", "a new measure starts as proposed, accepted or in_progress, not %q", m.Status)
	}
	if by.Source == FromUser {
		checkDueNotBefore(&bad, m.DueOn, DateOf(now.In(zone)))
	}
	if m.Status == Accepted || m.Status == InProgress {
		m.requireForAccepted(&bad)
		m.AcceptedAt = now
	}
	if err := bad.err(); err != nil {
		return Measure{}, err
	}
	return m, by.RequireTeam(m.Team)
}

// check refuses values that can never be stored.
func (m *Measure) check(bad *problems) {
	checkTitle(bad, m.Title)
	checkText(bad, "description", m.Description, MaxDescription)
	checkEnum(bad, "kind", m.Kind, MeasureKinds(), true)
	checkEnum(bad, "priority", m.Priority, Priorities(), true)
	checkEnum(bad, "status", m.Status, Statuses(), false)
	checkEnum(bad, "closure_reason", m.ClosureReason, ClosureReasons(), true)
	checkEnum(bad, "verdict", m.Verdict, Verdicts(), true)
	m.Metric.check(bad)
	if m.Deputy != "" && m.Deputy == m.Owner {
		bad.add("deputy", "is the owner; choose somebody else")
	}
}

func checkDueNotBefore(bad *problems, due, created Date) {
	if !due.IsZero() && due.Before(created) {
		bad.add("due_on", "%s lies before the day of creation, %s", due, created)
	}
}

// requireForAccepted lists what an accepted measure must say (product.md).
// Priority P4 has no due date by policy and is looked at again instead.
func (m *Measure) requireForAccepted(bad *problems) {
	if m.Owner == "" && m.ExternalOwner == "" {
		bad.add("owner", "is empty; an accepted measure has one owner")
	}
	if m.Kind == "" {
		bad.add("kind", "is empty; choose one of %s", joinEnum(MeasureKinds()))
	}
	if m.Priority == "" {
		bad.add("priority", "is empty; choose one of %s", joinEnum(Priorities()))
	}
	if m.DueOn.IsZero() && m.Priority != P4 {
		bad.add("due_on", "is empty; an accepted measure has a due date")
	}
	if !m.Metric.Given() {
		bad.add("success_metric", "is empty; say how we will know that it worked, or why it is not measurable")
	}
}
