package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

type healthStore interface {
	TrackerStatuses(ctx context.Context) (map[domain.TrackerID]domain.TrackerStatus, error)
	LinkCounts(ctx context.Context) (map[domain.TrackerID]map[domain.LinkState]int, error)
}

// TrackerHealth is a tracker, how it is doing, and how its links are.
type TrackerHealth struct {
	Tracker domain.Tracker
	Status  domain.TrackerStatus
	Links   map[domain.LinkState]int
}

// Health returns the health of every tracker in the actor's sight.
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
	out := make([]TrackerHealth, len(trackers))
	for n, t := range trackers {
		out[n] = TrackerHealth{Tracker: t, Status: statuses[t.ID], Links: links[t.ID]}
	}
	return out, nil
}
