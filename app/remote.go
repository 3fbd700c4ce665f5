package app

import (
	"context"
	"errors"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Remote reaches the trackers themselves. The sync engine implements it.
type Remote interface {
	// Resolve reads the issue behind a URL or key; an issue outside the tracker's
	// own repository or project is refused without being read.
	Resolve(ctx context.Context, tracker domain.TrackerID, address string) (domain.Snapshot, error)
	// Check reads labels, fields, workflow and permissions for the mapping check.
	Check(ctx context.Context, tracker domain.TrackerID) (domain.MappingReport, error)
	// Plan says what a pass would do and writes nothing.
	Plan(ctx context.Context, tracker domain.TrackerID) (Plan, error)
	// SyncNow does one pass.
	SyncNow(ctx context.Context, tracker domain.TrackerID) (Pass, error)
	// Drift compares both sides value by value.
	Drift(ctx context.Context, tracker domain.TrackerID) (Drift, error)
	// Repair makes both sides of the given differences equal.
	Repair(ctx context.Context, tracker domain.TrackerID, differences []Difference) (Pass, error)
	// Try connects with a configuration that is not stored yet and reports how
	// values map.
	Try(ctx context.Context, tracker domain.Tracker, secrets domain.Secrets) (domain.MappingReport, error)
	// Limits returns what is known of the budget of a tracker's credential.
	Limits(ctx context.Context, tracker domain.TrackerID) (domain.Limits, error)
}

// Step is one thing a pass would do or did.
type Step struct {
	// Action is create, push, pull, adopt, conflict, park or gone.
	Action  string
	Measure domain.MeasureKey
	// Remote is the issue as people say it, for example acme/platform#118.
	Remote string
	Field  domain.Field
	From   string
	To     string
	Note   string
}

// Plan is what a pass would do.
type Plan struct {
	Tracker domain.TrackerID
	At      time.Time
	Steps   []Step
}

// Pass is what a pass did.
type Pass struct {
	Tracker   domain.TrackerID
	StartedAt time.Time
	EndedAt   time.Time
	Steps     []Step
	// Failed counts links that could not be brought to rest; Problems says why.
	Failed   int
	Problems []string
}

// Drift is the comparison of both sides.
type Drift struct {
	Tracker domain.TrackerID
	At      time.Time
	// Compared counts links whose two sides were compared.
	Compared    int
	Differences []Difference
}

// Equal reports whether no difference was found.
func (d Drift) Equal() bool { return len(d.Differences) == 0 }

// Difference is one field that differs, and why.
type Difference struct {
	Measure domain.MeasureKey
	Link    domain.LinkID
	Remote  string
	Field   domain.Field
	Ours    string
	Theirs  string
	Reason  string
	// Repair is push or pull where a repair would do that by itself; empty where
	// the conflict policy or a person decides.
	Repair string
}

// fromTracker keeps what a tracker says about us apart from what we say about
// the person who asks: a credential that the tracker refuses is no reason to
// sign that person out, and a missing repository is no missing page.
func fromTracker(err error) error {
	var e *domain.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Kind {
	case domain.ErrUnauthorized, domain.ErrForbidden, domain.ErrNotFound, domain.ErrGone:
		moved := *e
		moved.Kind = domain.ErrConflict
		return &moved
	default:
		return err
	}
}

// noRemote refuses what needs a tracker where none can be reached.
func noRemote() error {
	return domain.Errorf(domain.ErrUnavailable, "trackers cannot be reached from here; run the service with synchronisation")
}
