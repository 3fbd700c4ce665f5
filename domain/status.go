package domain

// Status is a measure's place in its life.
type Status string

// The statuses: proposed → accepted → in_progress ⇄ blocked → done → verified,
// with the side exit cancelled. done is a claim, verified is a judgement.
const (
	Proposed   Status = "proposed"
	Accepted   Status = "accepted"
	InProgress Status = "in_progress"
	Blocked    Status = "blocked"
	Done       Status = "done"
	Verified   Status = "verified"
	Cancelled  Status = "cancelled"
)

// Statuses lists every status in life order.
func Statuses() []Status {
	return []Status{Proposed, Accepted, InProgress, Blocked, Done, Verified, Cancelled}
}

// Open reports whether work is still owed.
func (s Status) Open() bool { return s == Proposed || s == Accepted || s == InProgress || s == Blocked }

// Completed reports whether the measure counts as done for statistics.
func (s Status) Completed() bool { return s == Done || s == Verified }

// Valid reports whether s is one of the statuses.
func (s Status) Valid() bool { return s.Open() || s.Completed() || s == Cancelled }

// Projection is what a tracker can express of a status: several statuses
// share one projection, so a tracker never moves a measure between them.
type Projection string

// The projections of sync.md section 0.
const (
	ProjectionOpen       Projection = "open"
	ProjectionInProgress Projection = "in_progress"
	ProjectionDone       Projection = "done"
	ProjectionCancelled  Projection = "cancelled"
)

// Projection returns the tracker's view of s.
func (s Status) Projection() Projection {
	switch s {
	case InProgress:
		return ProjectionInProgress
	case Done, Verified:
		return ProjectionDone
	case Cancelled:
		return ProjectionCancelled
	case Proposed, Accepted, Blocked:
		return ProjectionOpen
	}
	return ProjectionOpen
}

// nextStatuses says where a status may go by an ordinary edit. Leaving
// done, verified or cancelled is a reopening and needs a reason.
func nextStatuses(s Status) []Status {
	switch s {
	case Proposed:
		return []Status{Accepted, Cancelled}
	case Accepted:
		return []Status{InProgress, Blocked, Done, Cancelled}
	case InProgress:
		return []Status{Blocked, Done, Accepted, Cancelled}
	case Blocked:
		return []Status{InProgress, Accepted, Done, Cancelled}
	case Done:
		return []Status{Verified, InProgress, Accepted}
	case Verified:
		return []Status{InProgress, Accepted}
	case Cancelled:
		return []Status{Proposed, Accepted, InProgress}
	}
	return nil
}

// Next lists the statuses that s can become by an ordinary edit; leaving done,
// verified or cancelled is a reopening.
func (s Status) Next() []Status { return nextStatuses(s) }

// ClosureReason says why a measure was cancelled.
type ClosureReason string

// The closure reasons; the first two need a person and a text.
const (
	WontDo         ClosureReason = "wont_do"
	RiskAccepted   ClosureReason = "risk_accepted"
	Superseded     ClosureReason = "superseded"
	Duplicate      ClosureReason = "duplicate"
	CreatedInError ClosureReason = "created_in_error"
)

// ClosureReasons lists every closure reason.
func ClosureReasons() []ClosureReason {
	return []ClosureReason{WontDo, RiskAccepted, Superseded, Duplicate, CreatedInError}
}

// Verdict is the judgement given with verified.
type Verdict string

// The verdicts.
const (
	Effective     Verdict = "effective"
	Partly        Verdict = "partly"
	Ineffective   Verdict = "ineffective"
	Inconclusive  Verdict = "inconclusive"
	NotMeasurable Verdict = "not_measurable"
)

// Verdicts lists every verdict.
func Verdicts() []Verdict {
	return []Verdict{Effective, Partly, Ineffective, Inconclusive, NotMeasurable}
}

// Priority orders measures; P0 is the most urgent. Empty means not given.
type Priority string

// The priorities.
const (
	P0 Priority = "P0"
	P1 Priority = "P1"
	P2 Priority = "P2"
	P3 Priority = "P3"
	P4 Priority = "P4"
)

// Priorities lists every priority, most urgent first.
func Priorities() []Priority { return []Priority{P0, P1, P2, P3, P4} }

// MeasureKind says what sort of change a measure is. Empty means not given.
type MeasureKind string

// The kinds; prevent, process, training and cover can reduce recurrence.
const (
	Prevent     MeasureKind = "prevent"
	Detect      MeasureKind = "detect"
	Mitigate    MeasureKind = "mitigate"
	Repair      MeasureKind = "repair"
	Investigate MeasureKind = "investigate"
	Process     MeasureKind = "process"
	Training    MeasureKind = "training"
	Cover       MeasureKind = "cover"
)

// MeasureKinds lists every kind.
func MeasureKinds() []MeasureKind {
	return []MeasureKind{Prevent, Detect, Mitigate, Repair, Investigate, Process, Training, Cover}
}
