// Package sync keeps measures in step with tracker issues, both ways, without
// losing or doubling an edit: a per-field three-way merge against a stored
// base, then plan, execute, confirm.
//
// It declares the two interfaces it needs, Tracker and Store, in domain
// types; adapters and the database live in their own rooms. Outside, only cmd
// and external tests import this package, as tracksync.
package sync

import (
	"context"
	"net/http"

	"github.com/followthrough/followthrough/domain"
)

// Tracker is one configured GitHub repository or Jira project. Every error is
// a *domain.Error: ErrUnavailable and ErrLimited carry RetryAt, ErrUncertain
// says that a write may have happened, ErrGone and ErrNotFound are suspicions
// about one issue, ErrUnauthorized breaks the credential, ErrForbidden parks
// the write. Implementations neither sleep nor retry.
type Tracker interface {
	// Changed reads one page of issues changed since the cursor. Known ids are
	// issues written a moment ago that the answer must not miss.
	Changed(ctx context.Context, since domain.Cursor, known []string) (domain.Changes, error)
	// Fetch reads one issue by its immutable id.
	Fetch(ctx context.Context, ref domain.RemoteRef) (domain.Snapshot, error)
	// Resolve reads the issue behind a URL or key that a person gave.
	Resolve(ctx context.Context, address string) (domain.Snapshot, error)
	// Create makes an issue. Where the tracker answers with ids only, the
	// snapshot has no Fields and the base stays unconfirmed until the next read.
	Create(ctx context.Context, draft domain.Draft) (domain.Snapshot, error)
	// Push writes the named fields and nothing else. ErrStale says that nothing
	// was written, because the issue is not as the plan saw it.
	Push(ctx context.Context, push domain.Push) (domain.Pushed, error)
	// Find looks for issues that carry the nonce, unfiltered (T16).
	Find(ctx context.Context, probe domain.Probe) ([]domain.Snapshot, error)
	// Sweep reads linked issues by id and says of each whether it is there.
	Sweep(ctx context.Context, refs []domain.RemoteRef) ([]domain.Sighting, error)
	// Check reads labels, fields, workflow and permissions for the mapping check.
	Check(ctx context.Context) (domain.MappingReport, error)
	// Put translates a domain value to the remote form it would have on the
	// issue: the lens's put. It is pure; Raw equals the current Raw when the
	// tracker already says the same (sticky statuses).
	Put(field domain.Field, value string, on domain.Snapshot) domain.RemoteValue
	// ParseWebhook reduces a delivery, whose signature was checked, to an event.
	ParseWebhook(header http.Header, body []byte) (domain.Event, error)
}

// focuser is a tracker whose issues may carry the markers of several measures:
// For reads a snapshot as the one measure's. It is pure.
type focuser interface {
	For(s domain.Snapshot, measureID string) domain.Snapshot
}

// focused reads a snapshot as one measure's, where the tracker can tell.
func focused(tracker Tracker, s domain.Snapshot, measureID string) domain.Snapshot {
	if f, ok := tracker.(focuser); ok {
		return f.For(s, measureID)
	}
	return s
}
