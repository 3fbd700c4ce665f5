package sync

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Store is what the engine needs of the database. Every method is one
// transaction; none is held open across a remote call. The engine acts with
// the program's own authority, so these methods take no team scope.
type Store interface {
	// Tracker returns a tracker with its secrets in clear and its identities.
	Tracker(ctx context.Context, id domain.TrackerID) (TrackerView, error)
	// Trackers lists the ids of all trackers that are not removed.
	Trackers(ctx context.Context) ([]domain.TrackerID, error)
	// SaveTrackerStatus stores how a tracker is doing; the cursor is not touched.
	SaveTrackerStatus(ctx context.Context, status TrackerStatus) error
	// LinkHeads finds the links of a tracker by immutable remote ids.
	LinkHeads(ctx context.Context, tracker domain.TrackerID, remoteIDs []string) (map[string]LinkHead, error)
	// PendingLinks lists live links of the tracker whose measure has moved on, or
	// that are creating or due for another attempt, oldest first.
	PendingLinks(ctx context.Context, tracker domain.TrackerID, now time.Time, limit int) ([]domain.LinkID, error)
	// StorePage stores the rows of one page of changes, adopts new measures and
	// then moves the cursor: all or nothing.
	StorePage(ctx context.Context, page PageCommit) error
	// Link returns a link with its measure.
	Link(ctx context.Context, id domain.LinkID) (LinkView, error)
	// CommitLink stores the outcome of one step of a link: values received by the
	// measure, the link's new state, conflicts and history, in one transaction.
	// It returns ErrStale when measure, link or lease have moved on.
	CommitLink(ctx context.Context, commit LinkCommit) (LinkView, error)
}

// TrackerView is a tracker as the engine and the adapters need it.
type TrackerView struct {
	Tracker    domain.Tracker
	Secrets    domain.Secrets
	Identities []domain.Identity
	Status     TrackerStatus
	Cursor     domain.Cursor
	Policy     domain.Policy
}

// TrackerStatus is how a tracker is doing (T94).
type TrackerStatus struct {
	Tracker domain.TrackerID
	// PolledAt is our time of the last complete poll; everything older is known.
	PolledAt      time.Time
	ServerTime    time.Time
	SweptAt       time.Time
	LastError     string
	LastErrorAt   time.Time
	NextAttempt   time.Time
	Failures      int
	Quota         domain.Quota
	HighestNumber int
}

// LinkHead is the little of a link that the poll needs.
type LinkHead struct {
	ID       domain.LinkID
	State    domain.LinkState
	Hash     string
	Revision time.Time
}

// PageCommit is one page of changes ready to be stored.
type PageCommit struct {
	Tracker domain.TrackerID
	// Updates replace the stored snapshot of known links and wake them.
	Updates []SnapshotUpdate
	// Adoptions are new measures with their links, made by an import rule.
	Adoptions []Adoption
	Cursor    domain.Cursor
	// Complete is true on the last page of a cycle: Status is stored as well.
	Status TrackerStatus
	Now    time.Time
}

// SnapshotUpdate is a newer state of a linked issue.
type SnapshotUpdate struct {
	Link     domain.LinkID
	Snapshot domain.Snapshot
	// Wake is false for a state that needs no work, such as an identical one.
	Wake bool
}

// Adoption makes a measure of an issue.
type Adoption struct {
	Measure domain.Measure // without key; the store gives it
	Link    domain.Link    // without measure key
	By      domain.Attribution
}

// LinkView is a link with its measure and the incident it names.
type LinkView struct {
	Link    domain.Link
	Measure domain.Measure
	// IncidentTitle goes into the block beside the key.
	IncidentTitle string
	// Conflicts are the open conflicts of the link.
	Conflicts []domain.Conflict
}

// LinkCommit is the outcome of one step of a link.
type LinkCommit struct {
	// Link is the wanted state; its Version is the one that was read.
	Link domain.Link
	// Receive is applied to the measure by domain rules when not empty.
	Receive []domain.FieldUpdate
	// MeasureVersion is the version the decision was taken on.
	MeasureVersion int64
	By             domain.Attribution
	// Open holds new conflicts (ID 0) and decided ones; a decided one that is new
	// is stored as history with its losing value marked overwritten.
	Conflicts []domain.Conflict
	// History holds further rows of the measure, such as link and unlink.
	History []domain.FieldChange
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
