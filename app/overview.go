package app

import (
	"context"
	"reflect"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

type viewStore interface {
	SnoozeOf(ctx context.Context, key domain.MeasureKey) (domain.Snooze, error)
	ProofsOf(ctx context.Context, m domain.Measure) ([]domain.Evidence, []domain.Observation, error)
	CountMeasures(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter) (int, error)
}

// SoonDays is how many days ahead a due date counts as near.
const SoonDays = 14

// Late counts the open measures that match by how late they are.
func (s *Measures) Late(ctx context.Context, by domain.Actor, filter domain.MeasureFilter) ([]domain.LateCount, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	filter, err := s.today(ctx, filter)
	if err != nil {
		return nil, err
	}
	return s.late.counts(ctx, by.Scope, filter, SoonDays)
}

// lateCounter counts open measures in the live statistics where these are at
// hand: the database would read an index entry of every open measure.
type lateCounter struct {
	store interface {
		LateCounts(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, soon int) ([]domain.LateCount, error)
	}
	live *portfolios
}

func (l *lateCounter) counts(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, soon int) (counts []domain.LateCount, err error) {
	// The statistics know priorities and teams as they are now, and nothing else
	// that lists are filtered by.
	rest := filter
	rest.Today, rest.Priority, rest.Team = domain.Date{}, nil, nil
	if !reflect.DeepEqual(rest, domain.MeasureFilter{}) {
		return l.store.LateCounts(ctx, scope, filter, soon)
	}
	counted, err := l.live.atHand(ctx, func(p *portfolio) {
		counts = p.snapshot.LateCounts(filter.Today, soon, func(priority domain.Priority, team domain.TeamID) bool {
			return scope.Allows(team) && oneOf(filter.Priority, priority) && oneOf(filter.Team, team)
		})
	})
	if counted || err != nil {
		return counts, err
	}
	return l.store.LateCounts(ctx, scope, filter, soon)
}

// oneOf says whether a value is among the chosen ones; none chooses all.
func oneOf[T comparable](chosen []T, value T) bool {
	return len(chosen) == 0 || slices.Contains(chosen, value)
}

// EffectivenessDue counts the measures that match, are done, and wait for a
// verdict whose day has come.
func (s *Measures) EffectivenessDue(ctx context.Context, by domain.Actor, filter domain.MeasureFilter) (int, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return 0, err
	}
	due := true
	filter.EffectivenessDue = &due
	filter, err := s.today(ctx, filter)
	if err != nil {
		return 0, err
	}
	return s.Store.CountMeasures(ctx, by.Scope, filter)
}

// today fills in what a filter judges by: the civil date, and from when on each
// version of the policy asks for a verdict.
func (s *Measures) today(ctx context.Context, filter domain.MeasureFilter) (domain.MeasureFilter, error) {
	if filter.Today.IsZero() {
		filter.Today = domain.DateOf(s.Now().In(s.Zone))
	}
	if filter.EffectivenessDue == nil {
		return filter, nil
	}
	current, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return filter, err
	}
	var versions []domain.Policy
	for version := 1; version < current.Version; version++ {
		policy, err := s.Policies.version(ctx, version)
		if err != nil {
			return filter, err
		}
		versions = append(versions, policy)
	}
	filter.VerifyLimits = domain.VerifyLimits(append(versions, current), filter.Today, s.Zone)
	return filter, nil
}
