package domain

import "time"

// TrackerView is a tracker as the engine and the adapters need it.
type TrackerView struct {
	Tracker    Tracker
	Secrets    Secrets
	Identities []Identity
	Status     TrackerStatus
	Cursor     Cursor
	Policy     Policy
}

// TrackerStatus is how a tracker is doing (T94).
type TrackerStatus struct {
	Tracker TrackerID
	// PolledAt is our time of the last complete poll; everything older is known.
	PolledAt   time.Time
	ServerTime time.Time
	SweptAt    time.Time
	// SweepError says why the last sweep stopped; polls do not take it away.
	SweepError    string
	LastError     string
	LastErrorAt   time.Time
	NextAttempt   time.Time
	Failures      int
	Quota         Quota
	HighestNumber int
}

// LinkHead is the little of a link that the poll needs.
type LinkHead struct {
	ID       LinkID
	Remote   RemoteRef
	State    LinkState
	Hash     string
	Revision time.Time
}

// PageCommit is one page of changes ready to be stored.
type PageCommit struct {
	Tracker TrackerID
	// Updates replace the stored snapshot of known links and wake them.
	Updates []SnapshotUpdate
	// Adoptions are new measures with their links, made by an import rule.
	Adoptions []Adoption
	Cursor    Cursor
	Status    TrackerStatus
	// KeepCursor leaves cursor and status alone: the rows come from elsewhere.
	KeepCursor bool
	Now        time.Time
}

// SnapshotUpdate is a newer state of a linked issue.
type SnapshotUpdate struct {
	Link     LinkID
	Snapshot Snapshot
	// Wake is false for a state that needs no work, such as an identical one.
	Wake bool
}

// Adoption makes a measure of an issue.
type Adoption struct {
	Measure Measure // without key; the store gives it
	Link    Link    // without measure key
	By      Attribution
}

// LinkView is a link with its measure and the incident it names.
type LinkView struct {
	Link    Link
	Measure Measure
	// IncidentTitle goes into the block beside the key.
	IncidentTitle string
	// Conflicts are the open conflicts of the link.
	Conflicts []Conflict
}

// LinkCommit is the outcome of one step of a link.
type LinkCommit struct {
	// Link is the wanted state; its Version is the one that was read.
	Link Link
	// Receive is applied to the measure by domain rules when not empty.
	Receive []FieldUpdate
	// MeasureVersion is the version the decision was taken on.
	MeasureVersion int64
	By             Attribution
	// Open holds new conflicts (ID 0) and decided ones; a decided one that is new
	// is stored as history with its losing value marked overwritten.
	Conflicts []Conflict
	// History holds further rows of the measure, such as link and unlink.
	History []FieldChange
	// Lease fences the commit: a worker that lost its lease cannot commit.
	Lease Lease
	Now   time.Time
}

// Lease is a worker's hold on one key of the work schedule. The zero Lease is
// used by a caller that is alone, such as the command line on an embedded database.
type Lease struct {
	Key   string
	Owner string
	Token int64
}

// Work is one claimed row of the work schedule.
type Work struct {
	Lease Lease
	Kind  string // link, poll, sweep, notify, notify-round
	Args  string
	// Attempt counts failures since the last success.
	Attempt int
}

// WorkResult says how a claimed row ended.
type WorkResult struct {
	// Err is nil after success; otherwise the row is tried again at RetryAt.
	Err     error
	RetryAt time.Time
	// Free is true when the failure does not count as an attempt, such as a rate limit.
	Free bool
	// Dead parks the row until somebody re-arms it.
	Dead bool
	// Again schedules the next run of a periodic row after success.
	Again time.Time
}

// Delivery is one webhook delivery as it came in.
type Delivery struct {
	Tracker TrackerID
	// ID is the tracker's delivery id; unique per tracker.
	ID         string
	Event      string
	Header     map[string]string
	Body       []byte
	ReceivedAt time.Time
	State      DeliveryState
	Note       string
}

// DeliveryState says what became of a delivery.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryStored  DeliveryState = "stored"
	DeliveryDone    DeliveryState = "done"
	DeliveryStale   DeliveryState = "stale"
	DeliveryIgnored DeliveryState = "ignored"
	DeliveryFailed  DeliveryState = "failed"
)
