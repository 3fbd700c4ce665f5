package sync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// sweptStore is a tracker with links, in memory. What the sweep does not use
// is not there.
type sweptStore struct {
	Store
	Schedule
	links   []domain.LinkHead
	quota   domain.Quota
	problem string
	swept   bool
	worked  []string
	next    time.Time
}

func (s *sweptStore) Tracker(context.Context, domain.TrackerID) (domain.TrackerView, error) {
	return domain.TrackerView{Tracker: domain.Tracker{ID: "gh", Repository: "acme/platform"}, Status: domain.TrackerStatus{Quota: s.quota}}, nil
}

func (s *sweptStore) LinksOfTracker(context.Context, domain.TrackerID) ([]domain.LinkHead, error) {
	return s.links, nil
}

func (s *sweptStore) ResentLinks(context.Context, domain.TrackerID) ([]domain.LinkID, error) {
	return nil, nil
}

func (s *sweptStore) SaveSweep(_ context.Context, _ domain.TrackerID, _ time.Time, problem string) error {
	s.problem, s.swept = problem, true
	return nil
}

// ClaimKey notes which links are looked at again, and leaves them to somebody else.
func (s *sweptStore) ClaimKey(_ context.Context, _, key, _ string, _ time.Duration, _ time.Time) (domain.Work, bool, error) {
	s.worked = append(s.worked, key)
	return domain.Work{}, false, nil
}

func (s *sweptStore) ScheduleAt(_ context.Context, _, _ string, at time.Time) error {
	s.next = at
	return nil
}

// forgetful is a tracker that does not find the first issues any more.
type forgetful struct {
	Tracker
	missing int
}

func (f *forgetful) Sweep(_ context.Context, refs []domain.RemoteRef) ([]domain.Sighting, error) {
	out := make([]domain.Sighting, len(refs))
	for n, ref := range refs {
		out[n] = domain.Sighting{Ref: ref, Presence: domain.Present}
		if ref.Number <= f.missing {
			out[n].Presence = domain.Missing
		} else {
			out[n].Snapshot = &domain.Snapshot{Ref: ref}
		}
	}
	return out, nil
}

func sweptEngine(store *sweptStore, tracker Tracker, links int) *Engine {
	for n := range links {
		id := fmt.Sprint(n + 1)
		store.links = append(store.links, domain.LinkHead{ID: domain.LinkID("l" + id), Remote: domain.RemoteRef{ID: "I_" + id, Number: n + 1}})
	}
	return New(Config{Store: store, Schedule: store, Now: func() time.Time { return time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC) }, Log: slog.New(slog.DiscardHandler),
		Open: func(domain.TrackerView) (Tracker, error) { return tracker, nil }})
}

// TestSweepStops: more than one issue in twenty missing at once is taken for a
// fault of the tracker. Nothing is changed, the status says so, and the sweep
// is tried again within the hour. One that is missing is always looked at.
func TestSweepStops(t *testing.T) {
	for _, tt := range []struct {
		links, missing int
		stops          bool
	}{{1000, 50, false}, {1000, 51, true}, {40, 2, false}, {40, 3, true}, {3, 1, false}, {3, 2, true}, {500, 500, true}} {
		t.Run(fmt.Sprintf("%d of %d", tt.missing, tt.links), func(t *testing.T) {
			store := &sweptStore{}
			e := sweptEngine(store, &forgetful{missing: tt.missing}, tt.links)
			err := e.handle(t.Context(), domain.Work{Kind: KindSweep, Lease: domain.Lease{Key: "sweep:gh"}})
			if err != nil {
				t.Fatal(err)
			}
			if stopped := store.problem != ""; stopped != tt.stops || !store.swept {
				t.Errorf("stopped: %t (%s), want %t", stopped, store.problem, tt.stops)
			}
			if tt.stops {
				want := fmt.Sprintf("%d of %d issues of acme/platform are missing at once", tt.missing, tt.links)
				if len(store.worked) != 0 || !strings.HasPrefix(store.problem, want) {
					t.Errorf("%d links were touched; the status says %q", len(store.worked), store.problem)
				}
			} else if len(store.worked) != tt.missing {
				t.Errorf("%d links were looked at again, want %d", len(store.worked), tt.missing)
			}
			if wait := store.next.Sub(e.Now()); tt.stops && wait != time.Hour || !tt.stops && wait != 24*time.Hour {
				t.Errorf("the next sweep is in %s", wait)
			}
		})
	}
}

// TestSweepInterrupted: a sweep that a shutdown stops says nothing about the tracker.
func TestSweepInterrupted(t *testing.T) {
	store := &sweptStore{}
	ctx, cancel := context.WithCancel(t.Context())
	e := sweptEngine(store, cancelling{cancel: cancel}, 3)
	if _, err := e.Sweep(ctx, "gh"); !errors.Is(err, context.Canceled) || store.swept {
		t.Errorf("%v; the status was written: %t", err, store.swept)
	}
}

type cancelling struct {
	Tracker
	cancel func()
}

func (c cancelling) Sweep(ctx context.Context, _ []domain.RemoteRef) ([]domain.Sighting, error) {
	c.cancel()
	return nil, ctx.Err()
}

// TestPollPause: polls come half as often when the budget runs low, and wait
// for it where the rest is kept for people: the governor would refuse them.
func TestPollPause(t *testing.T) {
	store := &sweptStore{}
	e := sweptEngine(store, nil, 0)
	reset := e.Now().Add(25 * time.Minute)
	for _, tt := range []struct {
		quota domain.Quota
		want  time.Duration
	}{
		{domain.Quota{}, time.Minute},
		{domain.Quota{Limit: 5000, Remaining: 4999, ResetAt: reset}, time.Minute},
		{domain.Quota{Limit: 5000, Remaining: 1500, ResetAt: reset}, time.Minute},
		{domain.Quota{Limit: 5000, Remaining: 1499, ResetAt: reset}, 2 * time.Minute},
		{domain.Quota{Limit: 5000, Remaining: 1000, ResetAt: reset}, 2 * time.Minute},
		{domain.Quota{Limit: 5000, Remaining: 999, ResetAt: reset}, 25 * time.Minute},
		{domain.Quota{Limit: 5000, Remaining: 0, ResetAt: e.Now().Add(5 * time.Second)}, time.Minute},
		{domain.Quota{Limit: 5000, Remaining: 0, ResetAt: e.Now().Add(-time.Second)}, time.Minute},
	} {
		store.quota = tt.quota
		if got := e.pollPause(t.Context(), "gh"); got != tt.want {
			t.Errorf("with %d of %d left: %s, want %s", tt.quota.Remaining, tt.quota.Limit, got, tt.want)
		}
		var l domain.Limits
		l.Quota = tt.quota
		_, refused := (&Governor{}).reserve(t.Context(), &l, domain.Call{Class: domain.CallRead}, e.Now())
		if waits := tt.want > 2*time.Minute; waits && refused == nil {
			t.Errorf("with %d left the poll waits although it would be let through", tt.quota.Remaining)
		}
	}
}
