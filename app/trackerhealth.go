package app

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type healthStore interface {
	TrackerStatuses(ctx context.Context) (map[domain.TrackerID]domain.TrackerStatus, error)
	LinkCounts(ctx context.Context) (map[domain.TrackerID]map[domain.LinkState]int, error)
	Queues(ctx context.Context) (map[domain.TrackerID]domain.Queue, error)
}

// TrackerHealth is a tracker, how it is doing, and how its links are.
type TrackerHealth struct {
	Tracker domain.Tracker
	Status  domain.TrackerStatus
	Links   map[domain.LinkState]int
	Queue   domain.Queue
	// ETA estimates when the queue is written out; zero when nothing waits, and in lists.
	ETA time.Time
	// Expiry warns of the end of the credential, which is DaysLeft away.
	Expiry   domain.Expiry
	DaysLeft int
}

// Health returns the health of every tracker in the actor's sight, without the ETA.
func (s *Trackers) Health(ctx context.Context, by domain.Actor) ([]TrackerHealth, error) {
	trackers, err := s.List(ctx, by)
	if err != nil {
		return nil, err
	}
	statuses, err := s.Store.TrackerStatuses(ctx)
	if err != nil {
		return nil, err
	}
	links, err := s.Store.LinkCounts(ctx)
	if err != nil {
		return nil, err
	}
	queues, err := s.Store.Queues(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]TrackerHealth, len(trackers))
	for n, t := range trackers {
		out[n] = TrackerHealth{Tracker: t, Status: statuses[t.ID], Links: links[t.ID], Queue: queues[t.ID]}
		out[n].Expiry, out[n].DaysLeft = t.Expiry(s.Now())
	}
	return out, nil
}

// HealthOf returns the health of one tracker.
func (s *Trackers) HealthOf(ctx context.Context, by domain.Actor, id domain.TrackerID) (TrackerHealth, error) {
	all, err := s.Health(ctx, by)
	if err != nil {
		return TrackerHealth{}, err
	}
	for _, h := range all {
		if h.Tracker.ID == id {
			h.ETA, err = s.ETA(ctx, h)
			return h, err
		}
	}
	return TrackerHealth{}, domain.Errorf(domain.ErrNotFound, "tracker %s is not known", id)
}

// ETA estimates when a tracker's queue is written out; zero when nothing waits.
// It reads the budget of the credential, which a list of trackers does without.
func (s *Trackers) ETA(ctx context.Context, h TrackerHealth) (time.Time, error) {
	if h.Queue.Writes() == 0 || s.Remote == nil {
		return time.Time{}, nil
	}
	limits, err := s.Remote.Limits(ctx, h.Tracker.ID)
	if err != nil {
		return time.Time{}, err
	}
	return h.Queue.ETA(h.Tracker.Kind, limits, s.Now()), nil
}
