package sync

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Settings are the engine's figures; the zero value means the defaults.
type Settings struct {
	// Fresh is how old a snapshot may be when a write is planned on it (sync.md C.3).
	Fresh time.Duration
	// Lease is how long a claimed row is held without a heartbeat.
	Lease time.Duration
	// Settle lists the waits before each probe of an uncertain create; after the
	// last one the create is sent again with the same nonce.
	Settle []time.Duration
	// Poll is the time between two polls of a tracker.
	Poll time.Duration
	// Sweep is the time between two sweeps of a tracker.
	Sweep time.Duration
	// Workers is how many links are worked on at once.
	Workers int
}

func (s Settings) withDefaults() Settings {
	if s.Fresh == 0 {
		s.Fresh = 2 * time.Second
	}
	if s.Lease == 0 {
		s.Lease = 30 * time.Second
	}
	if len(s.Settle) == 0 {
		// The first probe waits for a slow server to finish, the last for a late index (D-9).
		s.Settle = []time.Duration{30 * time.Second, 2 * time.Minute, 3 * time.Minute, 5 * time.Minute}
	}
	if s.Poll == 0 {
		s.Poll = time.Minute
	}
	if s.Sweep == 0 {
		s.Sweep = 24 * time.Hour
	}
	if s.Workers == 0 {
		s.Workers = 4
	}
	return s
}

// Config is what an engine is built from.
type Config struct {
	Store    Store
	Schedule Schedule
	// Open builds the adapter of a tracker.
	Open func(domain.TrackerView) (Tracker, error)
	// MeasureURL and IncidentURL are written into trackers.
	MeasureURL  func(domain.MeasureKey) string
	IncidentURL func(domain.IncidentKey) string
	Now         func() time.Time
	Log         *slog.Logger
	// Inbox and Hooks take webhook deliveries in.
	Inbox Inbox
	Hooks map[domain.TrackerKind]HookReader
	// HookURL is where a tracker sends its webhooks; nil when it cannot reach us.
	HookURL func(domain.Tracker) string
	// Owner names this process in leases.
	Owner    string
	Settings Settings
}

// Engine keeps links in step. It is safe for concurrent use.
type Engine struct {
	Config

	mu       sync.Mutex
	adapters map[domain.TrackerID]opened
	fresh    map[domain.LinkID]time.Time
	polled   map[domain.TrackerID]time.Time
	planned  map[domain.TrackerID]bool
}

// opened is an adapter with the configuration it was built from; it is reused
// because adapters cache what they learned about the tracker.
type opened struct {
	tracker Tracker
	version int64
	people  int
}

// New returns an engine with defaults filled in.
func New(c Config) *Engine {
	c.Settings = c.Settings.withDefaults()
	if c.Owner == "" {
		c.Owner = rand.Text()
	}
	return &Engine{Config: c, adapters: map[domain.TrackerID]opened{}, fresh: map[domain.LinkID]time.Time{},
		polled: map[domain.TrackerID]time.Time{}, planned: map[domain.TrackerID]bool{}}
}

// open returns the tracker's view and its adapter.
func (e *Engine) open(ctx context.Context, id domain.TrackerID) (domain.TrackerView, Tracker, error) {
	view, err := e.Store.Tracker(ctx, id)
	if err != nil {
		return view, nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if o, ok := e.adapters[id]; ok && o.version == view.Tracker.Version && o.people == identityMark(view.Identities) {
		return view, o.tracker, nil
	}
	tracker, err := e.Open(view)
	if err != nil {
		return view, nil, err
	}
	e.adapters[id] = opened{tracker, view.Tracker.Version, identityMark(view.Identities)}
	return view, tracker, nil
}

// identityMark changes when the identities do.
func identityMark(identities []domain.Identity) int {
	mark := len(identities)
	for _, i := range identities {
		for _, r := range string(i.Person) + "\x00" + i.Account + "\x00" + i.Login {
			mark = mark*31 + int(r)
		}
	}
	return mark
}

// markFresh notes that the stored snapshot of a link was current at a time.
func (e *Engine) markFresh(id domain.LinkID, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.fresh) > 100_000 {
		clear(e.fresh) // costs a re-read, never correctness
	}
	e.fresh[id] = at
}

// markTracker notes that every stored snapshot of a tracker was current at a time.
func (e *Engine) markTracker(id domain.TrackerID, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.polled[id] = at
}

// freshAt returns the last time at which the link's stored snapshot was known
// to be current.
func (e *Engine) freshAt(link domain.Link) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	at := e.fresh[link.ID]
	if polled := e.polled[link.Tracker]; polled.After(at) {
		at = polled
	}
	if link.Snapshot != nil && link.Snapshot.ReadAt.After(at) {
		at = link.Snapshot.ReadAt
	}
	return at
}

func newID() string { return rand.Text() }

// attribution says that a change came from the tracker.
func attribution(view domain.TrackerView, s domain.Snapshot) domain.Attribution {
	actor := s.Actor
	if actor == "" {
		actor = "somebody"
	}
	source := view.Tracker.Kind.Source()
	return domain.Attribution{Source: source, Actor: string(source) + ":" + actor, OnBehalf: view.Tracker.ID,
		External: s.Ref.ID, ExternalTime: s.Revision}
}

// Backoff is the wait after n failures in a row: 2 s doubling to 10 min.
func Backoff(failures int) time.Duration {
	wait := 2 * time.Second << min(max(failures-1, 0), 9)
	return min(wait, 10*time.Minute)
}

// nextAsk is when a tracker that failed as a whole is asked again: at its usual
// pace, or when it said. An absence concerns a single issue and never makes
// the tracker itself wait.
func (e *Engine) nextAsk(err error, usual time.Time) time.Time {
	if at := domain.RetryAt(err); at.After(usual) {
		return at
	}
	return usual
}

// retryAt says when to try again after an error, and whether it costs an attempt.
func (e *Engine) retryAt(err error, failures int) (at time.Time, free bool) {
	now := e.Now()
	at = domain.RetryAt(err)
	switch {
	case errors.Is(err, domain.ErrLimited):
		if at.Before(now) {
			at = now.Add(time.Minute)
		}
		return at, true
	case errors.Is(err, domain.ErrStale):
		return now.Add(time.Second), true
	case errors.Is(err, domain.ErrGone), errors.Is(err, domain.ErrNotFound):
		return now.Add(8 * time.Hour), true // an absence is counted over a day (T65)
	}
	if wait := now.Add(Backoff(failures + 1)); at.Before(wait) {
		at = wait
	}
	return at, false
}
