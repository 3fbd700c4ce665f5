package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

type viewStore interface {
	SnoozeOf(ctx context.Context, key domain.MeasureKey) (domain.Snooze, error)
	ProofsOf(ctx context.Context, m domain.Measure) ([]domain.Evidence, []domain.Observation, error)
	CountMeasures(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter) (int, error)
	LateCounts(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, soon int) ([]domain.LateCount, error)
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
	return s.Store.LateCounts(ctx, by.Scope, filter, SoonDays)
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
