package app

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type conflictStore interface {
	Conflicts(ctx context.Context, scope domain.Scope, filter domain.ConflictFilter, page domain.Page) (domain.List[domain.Conflict], error)
	Conflict(ctx context.Context, scope domain.Scope, id int64) (domain.Conflict, error)
	// ResolveConflict changes a conflict together with its measure and wakes the
	// link, in one transaction. Version 0 accepts any version of the conflict.
	ResolveConflict(ctx context.Context, scope domain.Scope, by domain.Attribution, id, version int64, decide func(*domain.Conflict, *domain.Measure) error) (domain.Conflict, error)
	Measure(ctx context.Context, scope domain.Scope, key domain.MeasureKey) (domain.Measure, error)
}

// Conflicts are the operations on fields that both sides changed.
type Conflicts struct {
	Store    conflictStore
	Policies *Policies
	Now      func() time.Time
	Zone     *time.Location
}

// List returns a page of conflicts.
func (s *Conflicts) List(ctx context.Context, by domain.Actor, filter domain.ConflictFilter, page domain.Page) (domain.List[domain.Conflict], error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.List[domain.Conflict]{}, err
	}
	if err := checkPage(page, nil); err != nil {
		return domain.List[domain.Conflict]{}, err
	}
	return s.Store.Conflicts(ctx, by.Scope, filter, page)
}

// Get returns one conflict.
func (s *Conflicts) Get(ctx context.Context, by domain.Actor, id int64) (domain.Conflict, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Conflict{}, err
	}
	return s.Store.Conflict(ctx, by.Scope, id)
}

// Resolve decides a conflict: ours, theirs, or a value of one's own. The
// measure takes the chosen value here and the issue takes it with the next
// push; the losing value stays in the history and can be put back.
func (s *Conflicts) Resolve(ctx context.Context, by domain.Actor, id, version int64, choice domain.Choice, value *string, reason string) (domain.Conflict, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Conflict{}, err
	}
	if choice != domain.ChooseOurs && choice != domain.ChooseTheirs && choice != domain.ChooseValue {
		return domain.Conflict{}, domain.Invalid("choice", "%q is not accepted; use one of ours, theirs, value", choice)
	}
	if (choice == domain.ChooseValue) != (value != nil) {
		return domain.Conflict{}, domain.Invalid("value", "goes with choice value, and only with it")
	}
	conflict, err := s.Store.Conflict(ctx, by.Scope, id)
	if err != nil {
		return domain.Conflict{}, err
	}
	measure, err := s.Store.Measure(ctx, by.Scope, conflict.Measure)
	if err != nil {
		return domain.Conflict{}, err
	}
	policy, err := s.Policies.version(ctx, measure.PolicyVersion)
	if err != nil {
		return domain.Conflict{}, err
	}
	if reason == "" {
		reason = "conflict decided: " + string(choice)
	}
	rules := domain.Rules{Policy: policy, Now: s.Now(), Zone: s.Zone}
	return s.Store.ResolveConflict(ctx, by.Scope, attribution(ctx, by, reason), id, version, func(c *domain.Conflict, m *domain.Measure) error {
		if !c.Open() {
			return domain.Errorf(domain.ErrConflict, "conflict %d was already decided by %s", c.ID, c.ResolvedBy)
		}
		c.Resolution, c.Winner = domain.ResolveAsk, winner(*c, choice, value)
		c.ResolvedAt, c.ResolvedBy = rules.Now, by.ID
		return settle(m, *c, choice, reason, by, rules)
	})
}

func winner(c domain.Conflict, choice domain.Choice, value *string) string {
	switch choice {
	case domain.ChooseTheirs:
		return c.Theirs
	case domain.ChooseValue:
		return *value
	case domain.ChooseOurs:
	}
	return c.Ours
}

// settle gives the measure the winning value. Our own value needs no edit: the
// measure has it. A tracker's value is taken as leniently as sync takes it; a
// value a person types is judged like any edit.
func settle(m *domain.Measure, c domain.Conflict, choice domain.Choice, reason string, by domain.Actor, rules domain.Rules) error {
	if m.Values()[c.Field] == c.Winner {
		return nil
	}
	if choice == domain.ChooseTheirs {
		return m.Receive([]domain.FieldUpdate{{Field: c.Field, Value: c.Winner}}, domain.By(by, reason), rules.Now)
	}
	edit, err := editOf(string(c.Field), c.Winner)
	if err != nil {
		return err
	}
	edit.Reason = reason
	return m.Edit(edit, by, rules)
}
