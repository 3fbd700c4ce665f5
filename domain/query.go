package domain

import "time"

// Page asks for one page of a list.
type Page struct {
	// Limit is 1 to 200; 0 means 50.
	Limit int
	// Cursor continues an earlier page of the same query; opaque.
	Cursor string
	// Sort names fields from the list's fixed set, "-" in front for descending.
	Sort []string
	// WithTotal also counts all rows.
	WithTotal bool
}

// List is one page of an answer.
type List[T any] struct {
	Items []T
	// NextCursor is empty on the last page.
	NextCursor string
	// Total is -1 unless it was asked for.
	Total int
}

// IncidentFilter selects incidents; empty members do not filter.
type IncidentFilter struct {
	Status   []IncidentStatus
	Severity []Severity
	Team     []TeamID
	Service  string
	Cause    string
	Tag      string
	From     time.Time // started at or after
	To       time.Time // started before
	Query    string    // words in title, summary or key
	// RecurrenceOf selects the incidents that name this one as their earlier one.
	RecurrenceOf IncidentKey
}

// MeasureFilter selects measures; empty members do not filter.
type MeasureFilter struct {
	Status      []Status
	Open        *bool
	Overdue     *bool
	PastPromise *bool
	DueBefore   Date
	DueAfter    Date
	Priority    []Priority
	Kind        []MeasureKind
	Owner       PersonID
	Team        []TeamID
	Incident    IncidentKey
	// Checks selects the measures that came from any of these crisis checks.
	Checks []CheckKey
	// NeedsIncident selects the inbox of adopted issues without an incident.
	NeedsIncident *bool
	Tracker       TrackerID
	LinkState     []LinkState
	// Missing selects those that lack all of it.
	Missing []MeasureGap
	// EffectivenessDue selects what is done, has no verdict, and whose day to be
	// judged has come by Today. VerifyLimits say when that is.
	EffectivenessDue *bool
	VerifyLimits     []VerifyLimit
	// CreatedFrom and CreatedTo bound the creation; the end is not part of it.
	CreatedFrom time.Time
	CreatedTo   time.Time
	// Succeeds selects the measures that take over from this one.
	Succeeds MeasureKey
	// DuplicateOf selects the measures closed as duplicates of this one.
	DuplicateOf MeasureKey
	Query       string

	// Today is the civil date in the organisation's zone that overdue is judged by:
	// due on a day before Today is overdue.
	Today Date
}

// MeasureGap is something that a complete measure has.
type MeasureGap string

// What can be missing, named by the field.
const (
	GapOwner    MeasureGap = "owner"
	GapDueOn    MeasureGap = "due_on"
	GapKind     MeasureGap = "kind"
	GapPriority MeasureGap = "priority"
	GapTarget   MeasureGap = "target"
	GapBaseline MeasureGap = "baseline"
	GapEvidence MeasureGap = "evidence"
)

// MeasureGaps lists what can be missing.
func MeasureGaps() []MeasureGap {
	return []MeasureGap{GapOwner, GapDueOn, GapKind, GapPriority, GapTarget, GapBaseline, GapEvidence}
}

// Kinship is what incidents that began in a span of time may have in common
// with others: a service together with a cause or a fingerprint, or words.
type Kinship struct {
	From, To                              time.Time
	Services, Causes, Fingerprints, Words []string
}

// CheckFilter selects crisis checks; empty members do not filter.
type CheckFilter struct {
	Key CheckKey
	// Team selects one team's checks; the empty team is the whole organisation.
	Team   *TeamID
	Status []CheckStatus
	// Bare leaves the answers out.
	Bare bool
}

// MeasureSorts and IncidentSorts are the fixed sets of sort fields.
func MeasureSorts() []string {
	return []string{"due_on", "original_due_on", "priority", "status", "title", "created_at", "updated_at", "key"}
}

// IncidentSorts is the fixed set of sort fields of incidents.
func IncidentSorts() []string {
	return []string{"started_at", "severity", "status", "title", "created_at", "updated_at", "key"}
}

// Rollup holds the counts of one incident (statistics.md A1, A2): a census,
// so no interval. Completion and the two follow-through answers are nil where
// nothing is left to judge.
type Rollup struct {
	Total     int // measures that count: without duplicate and created_in_error
	Done      int // done or verified
	Verified  int
	Effective int
	Cancelled int
	Open      int
	Overdue   int // open past the current date
	// PastPromise is open past the original date; moving a date hides nothing here.
	PastPromise int
	WithoutDue  int
	Unknown     int // imported without a status; in Total, in none of the others
	Excluded    int
	// Completion is Done / (Total - Cancelled).
	Completion      *float64
	FollowedThrough *bool
	VerifiedThrough *bool
	// Recurrences counts later incidents that name this one, directly.
	Recurrences int
}
