package app

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type checkStore interface {
	checkRows
	references
	Measure(ctx context.Context, scope domain.Scope, key domain.MeasureKey) (domain.Measure, error)
	Measures(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, page domain.Page) (domain.List[domain.Measure], error)
	History(ctx context.Context, scope domain.Scope, subject domain.Subject, key string, page domain.Page) (domain.List[domain.Change], error)
}

type checkRows interface {
	CreateCheck(ctx context.Context, scope domain.Scope, by domain.Attribution, check domain.Check) (domain.Check, error)
	Check(ctx context.Context, scope domain.Scope, key domain.CheckKey) (domain.Check, error)
	Checks(ctx context.Context, scope domain.Scope, filter domain.CheckFilter) ([]domain.Check, error)
	UpdateCheck(ctx context.Context, scope domain.Scope, key domain.CheckKey, version int64, by domain.Attribution, change func(*domain.Check) error) (domain.Check, error)
	CreateCheckMeasure(ctx context.Context, scope domain.Scope, by domain.Attribution, key domain.CheckKey,
		create func(key domain.MeasureKey, existing []domain.Measure) (domain.Measure, error)) (domain.Measure, error)
}

// Checks are the operations on crisis checks.
type Checks struct {
	Store    checkStore
	Policies *Policies
	Now      func() time.Time
	Zone     *time.Location
}

// Start begins a check of a team, or of the whole organisation where team is empty.
func (s *Checks) Start(ctx context.Context, by domain.Actor, team domain.TeamID) (domain.Check, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Check{}, err
	}
	if _, err := checkReferences(ctx, s.Store, by, domain.MeasureEdit{Team: given(team)}); err != nil {
		return domain.Check{}, err
	}
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return domain.Check{}, err
	}
	check, err := domain.NewCheck(team, by, policy, s.Now())
	if err != nil {
		return domain.Check{}, err
	}
	made, err := s.Store.CreateCheck(ctx, by.Scope, creation(ctx, by, ""), check)
	if key, ok := replayed(err); ok {
		return s.Store.Check(ctx, by.Scope, domain.CheckKey(key))
	}
	return made, err
}

// Get returns one check.
func (s *Checks) Get(ctx context.Context, by domain.Actor, key domain.CheckKey) (domain.Check, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Check{}, err
	}
	return s.Store.Check(ctx, by.Scope, key)
}

// List returns the checks that match, the newest first.
func (s *Checks) List(ctx context.Context, by domain.Actor, filter domain.CheckFilter) ([]domain.Check, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	checks, err := s.Store.Checks(ctx, by.Scope, filter)
	for a, b := 0, len(checks)-1; a < b; a, b = a+1, b-1 {
		checks[a], checks[b] = checks[b], checks[a]
	}
	return checks, err
}

// Answer stores answers of a draft, new or again: all or none.
func (s *Checks) Answer(ctx context.Context, by domain.Actor, key domain.CheckKey, version int64, answers []domain.CheckAnswer) (domain.Check, error) {
	return s.change(ctx, by, key, version, "", func(c *domain.Check) error { return c.Answer(answers, by, s.Now()) })
}

// Finish closes a check that is answered in full; the next one is due by policy.
func (s *Checks) Finish(ctx context.Context, by domain.Actor, key domain.CheckKey, version int64) (domain.Check, error) {
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return domain.Check{}, err
	}
	return s.change(ctx, by, key, version, "", func(c *domain.Check) error { return c.Finish(by, policy, s.Now(), s.Zone) })
}

// Discard gives a draft up; it stays in the records.
func (s *Checks) Discard(ctx context.Context, by domain.Actor, key domain.CheckKey, version int64, reason string) (domain.Check, error) {
	if len([]rune(reason)) > domain.MaxReason {
		return domain.Check{}, domain.Invalid("reason", "is longer than %d characters", domain.MaxReason)
	}
	return s.change(ctx, by, key, version, reason, func(c *domain.Check) error { return c.Discard(s.Now()) })
}

func (s *Checks) change(ctx context.Context, by domain.Actor, key domain.CheckKey, version int64, reason string, do func(*domain.Check) error) (domain.Check, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Check{}, err
	}
	return s.Store.UpdateCheck(ctx, by.Scope, key, version, attribution(ctx, by, reason), do)
}

// History returns every change of a check, in the order it happened.
func (s *Checks) History(ctx context.Context, by domain.Actor, key domain.CheckKey, page domain.Page) (domain.List[domain.Change], error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.List[domain.Change]{}, err
	}
	if _, err := s.Store.Check(ctx, by.Scope, key); err != nil {
		return domain.List[domain.Change]{}, err
	}
	return s.Store.History(ctx, by.Scope, domain.SubjectCheck, string(key), page)
}
