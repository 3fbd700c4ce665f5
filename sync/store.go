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
	Tracker(ctx context.Context, id domain.TrackerID) (domain.TrackerView, error)
	// Trackers lists the ids of all trackers that are not removed.
	Trackers(ctx context.Context) ([]domain.TrackerID, error)
	// SaveTrackerStatus stores how a tracker is doing; the cursor is not touched.
	SaveTrackerStatus(ctx context.Context, status domain.TrackerStatus) error
	// SaveSweep stores how a tracker's sweep ended: complete at a time, or why not.
	SaveSweep(ctx context.Context, tracker domain.TrackerID, at time.Time, problem string) error
	// LinkHeads finds the links of a tracker by immutable remote ids.
	LinkHeads(ctx context.Context, tracker domain.TrackerID, remoteIDs []string) (map[string]domain.LinkHead, error)
	// LinksOfTracker lists the live links of a tracker that have an issue.
	LinksOfTracker(ctx context.Context, tracker domain.TrackerID) ([]domain.LinkHead, error)
	// PendingLinks lists live links of the tracker whose measure has moved on, or
	// that are creating or due for another attempt, oldest first.
	PendingLinks(ctx context.Context, tracker domain.TrackerID, now time.Time, limit int) ([]domain.LinkID, error)
	// StorePage stores the rows of one page of changes, adopts new measures and
	// then moves the cursor: all or nothing.
	StorePage(ctx context.Context, page domain.PageCommit) error
	// LinkOfMeasure finds the link of a measure, by the measure's id, that holds
	// an issue of the tracker; ErrNotFound when there is none.
	LinkOfMeasure(ctx context.Context, tracker domain.TrackerID, measureID string) (domain.LinkView, error)
	// ResentLinks lists the links of the tracker whose create was sent more than once.
	ResentLinks(ctx context.Context, tracker domain.TrackerID) ([]domain.LinkID, error)
	// Link returns a link with its measure.
	Link(ctx context.Context, id domain.LinkID) (domain.LinkView, error)
	// CommitLink stores the outcome of one step of a link: values received by the
	// measure, the link's new state, conflicts and history, in one transaction.
	// It returns ErrStale when measure, link or lease have moved on.
	CommitLink(ctx context.Context, commit domain.LinkCommit) (domain.LinkView, error)
}

// Schedule is the work schedule: one row per key, never worked on twice at
// once, a wake-up during a run never lost.
type Schedule interface {
	// ClaimWork takes due rows of the kinds for the length of a lease.
	ClaimWork(ctx context.Context, owner string, kinds []string, n int, lease time.Duration, now time.Time) ([]domain.Work, error)
	// ClaimKey takes one row now, due or not; false when somebody else holds it.
	ClaimKey(ctx context.Context, owner, key, kind string, lease time.Duration, now time.Time) (domain.Work, bool, error)
	// Heartbeat extends a lease; ErrStale when it is lost.
	Heartbeat(ctx context.Context, lease domain.Lease, length time.Duration, now time.Time) error
	// FinishWork ends a run; ErrStale when the lease is lost.
	FinishWork(ctx context.Context, lease domain.Lease, result domain.WorkResult, now time.Time) error
	// ScheduleAt makes a row due at a time, creating it when needed.
	ScheduleAt(ctx context.Context, key, kind string, at time.Time) error
	// Wakeups signals that new work may be due.
	Wakeups(ctx context.Context) <-chan struct{}
}
