package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// Repair makes both sides of the given differences equal. The differences come
// from Drift, so that a person has seen what will be done.
func (s *Trackers) Repair(ctx context.Context, by domain.Actor, id domain.TrackerID, differences []Difference) (Pass, error) {
	if err := s.reach(ctx, by, domain.CanEdit, id); err != nil {
		return Pass{}, err
	}
	out, err := s.Remote.Repair(ctx, id, differences)
	return out, fromTracker(err)
}
