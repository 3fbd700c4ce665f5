package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

type viewStore interface {
	SnoozeOf(ctx context.Context, key domain.MeasureKey) (domain.Snooze, error)
	ProofsOf(ctx context.Context, m domain.Measure) ([]domain.Evidence, []domain.Observation, error)
	LateCounts(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, soon int) ([]domain.LateCount, error)
}

// SoonDays is how many days ahead a due date counts as near.
const SoonDays = 14

// Late counts the open measures that match by how late they are.
func (s *Measures) Late(ctx context.Context, by domain.Actor, filter domain.MeasureFilter) ([]domain.LateCount, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	if filter.Today.IsZero() {
		filter.Today = domain.DateOf(s.Now().In(s.Zone))
	}
	return s.Store.LateCounts(ctx, by.Scope, filter, SoonDays)
}
