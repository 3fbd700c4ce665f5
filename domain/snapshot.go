package domain

import (
	"encoding/json"
	"time"
)

// RemoteRef identifies an issue. ID is immutable (GitHub node id, Jira numeric
// id) and is what links are made of; the rest is a locator that may change.
type RemoteRef struct {
	ID string
	// Key is what people say: acme/platform#118 or OPS-42.
	Key string
	// Number is the GitHub issue number; 0 on Jira.
	Number int
	URL    string
	// Place is the immutable id of the repository or project.
	Place string
}

// RemoteValue is one field as a tracker has it.
type RemoteValue struct {
	// Raw is the normalised remote form; the base remembers it.
	Raw string
	// Value is the same in the domain's canonical form: get(Raw).
	Value string
	State FieldState
	// Problem says in one sentence why State is not ok.
	Problem string
	// Closure is why a status is cancelled, where the tracker says more than that:
	// duplicate. It is no part of the value, so it is never written back.
	Closure ClosureReason `json:",omitzero"`
}

// FieldState says how far a field of a link can be synchronised.
type FieldState string

// The field states; the empty state is ok.
const (
	FieldFine FieldState = ""
	// FieldDegraded is carried in a poorer form, for example truncated or in the block.
	FieldDegraded FieldState = "degraded"
	// FieldFailed could not be written or read; the link says why.
	FieldFailed FieldState = "error"
	// FieldOpaque has constructs that would not survive; it is never overwritten.
	FieldOpaque FieldState = "opaque"
	// FieldConflicted waits for a person's decision; neither side is overwritten.
	FieldConflicted FieldState = "conflict"
)

// Snapshot is one issue as read at one moment. A field that is absent from
// Fields is unknown, never cleared.
type Snapshot struct {
	Ref RemoteRef
	// Revision is the tracker's own time of the last change.
	Revision time.Time
	// Hash is over everything the adapter read; equal hashes mean equal content.
	Hash string
	// ReadAt is our time of reading; ServerTime the tracker's.
	ReadAt     time.Time
	ServerTime time.Time
	Fields     map[Field]RemoteValue
	// MeasureID and Nonce come from the marker in the block or the property; empty without one.
	MeasureID string
	Nonce     string
	Labels    []string
	// Selected is true when the issue matched the JQL of the import rule.
	Selected bool
	// Actor is the account behind the last change when the tracker says so.
	Actor string
	// Author is the account that created the issue; empty when it is not known.
	Author    string
	CreatedAt time.Time
	// Indirect is true when it came in a list or a delivery: either may be older
	// than our last write.
	Indirect bool
	// Native is what the adapter needs to write back without touching foreign parts.
	Native json.RawMessage
}

// Edit is one change of a field, as a tracker remembers it.
type Edit struct {
	Field Field
	// By is the account that made it; At the tracker's time.
	By string
	At time.Time
}

// Draft is what an adapter needs to create an issue.
type Draft struct {
	MeasureID string
	// MeasureURL is the page people reach from the tracker.
	MeasureURL string
	// Nonce is carried inside the create payload and finds the issue again after a lost answer.
	Nonce string
	// Values holds the domain's canonical form per field.
	Values map[Field]string
	// IncidentURL and IncidentTitle go with the incident field.
	IncidentURL   string
	IncidentTitle string
}

// Push is a set of field writes to one issue, planned on a snapshot.
type Push struct {
	Draft
	// On is the snapshot the plan was made on.
	On Snapshot
	// Fields lists what to write; the values are in Draft.Values.
	Fields []Field
	// Unlink removes our block and changes nothing else.
	Unlink bool
}

// Pushed is the result of a push. Snapshot is the issue as read back, or zero
// where the tracker does not answer with it; Refused names fields that the
// tracker did not take and why.
type Pushed struct {
	Snapshot Snapshot
	Refused  map[Field]string
}

// Probe asks for issues created since a time that carry a nonce.
type Probe struct {
	Nonce string
	// Since is the tracker's time before the create, minus a margin.
	Since time.Time
	// AfterNumber is the highest issue number seen before the create; 0 when unknown.
	AfterNumber int
}

// Cursor is an adapter's opaque position in a tracker's changes.
type Cursor []byte

// Changes is one page of changed issues.
type Changes struct {
	Snapshots []Snapshot
	// Broken lists issues of the page that could not be read; they do not stop the page.
	Broken []BrokenRow
	// Next may be stored once every row of the page is stored.
	Next Cursor
	// More is true when the cycle has further pages.
	More bool
	// NotModified is true when the tracker said that nothing changed.
	NotModified bool
	ServerTime  time.Time
	Quota       Quota
}

// BrokenRow is a record that could not be understood; only it is quarantined.
type BrokenRow struct {
	Ref    RemoteRef
	Reason string
}

// Quota is what a tracker says about the remaining requests.
type Quota struct {
	Limit     int
	Remaining int
	ResetAt   time.Time
}

// Loss says what a mapping does to a value.
type Loss string

// The losses, from best to worst.
const (
	Lossless    Loss = "lossless"
	Sticky      Loss = "sticky" // many to one: the remote value is left alone
	Lossy       Loss = "lossy"
	Unreachable Loss = "unreachable"
)

// MappingRow is one line of the mapping check: value → remote → value.
type MappingRow struct {
	Field  Field
	Value  string
	Remote string
	Back   string
	Loss   Loss
	Note   string
}

// MappingReport is the result of a tracker check.
type MappingReport struct {
	Rows []MappingRow
	// Problems keep the tracker from being activated, each with what to do.
	Problems []string
	// Notes are worth knowing and lose nothing.
	Notes []string
	// Suggested is a complete mapping with ids read from the tracker.
	Suggested Mapping
	// Place is the immutable id of the repository or project.
	Place             string
	Public            bool
	CanWrite          bool
	Account           string
	CredentialExpires time.Time
}

// Loses reports whether the mapping would lose data silently.
func (r MappingReport) Loses() bool {
	if len(r.Problems) > 0 {
		return true
	}
	for _, row := range r.Rows {
		if row.Loss == Lossy && row.Note == "" || row.Loss == Unreachable {
			return true
		}
	}
	return false
}

// Presence is what a by-id read says about one linked issue.
type Presence string

// The presences. Missing is a suspicion, never a proof.
const (
	Present Presence = "present"
	Missing Presence = "missing"
	// Deleted is an explicit statement of the tracker.
	Deleted  Presence = "deleted"
	MovedOut Presence = "moved_out"
)

// Event is a webhook delivery reduced to what the engine needs.
type Event struct {
	// Delivery is unique per tracker; duplicates carry the same one.
	Delivery string
	Name     string
	Ref      RemoteRef
	// Snapshot is set when the payload carries the whole issue.
	Snapshot *Snapshot
	// Before holds the values that the event says were there before, by field.
	Before map[Field]string
	Actor  string
	// Gone is true for a delete; Moved holds the new place of a transfer.
	Gone  bool
	Moved *RemoteRef
	// Ignored is true for events that do not concern issues.
	Ignored bool
}

// Sighting is the sweep's finding about one linked issue.
type Sighting struct {
	Ref      RemoteRef
	Presence Presence
	// Snapshot is set when the issue is present.
	Snapshot *Snapshot
	// MovedTo is set when the issue went to another repository or project.
	MovedTo *RemoteRef
}
