package app

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type reportStore interface {
	Incident(ctx context.Context, scope domain.Scope, key domain.IncidentKey) (domain.Incident, error)
	Rollups(ctx context.Context, scope domain.Scope, keys []domain.IncidentKey, today domain.Date) (map[domain.IncidentKey]domain.Rollup, error)
}

// Reports are the numbers people ask for.
type Reports struct {
	Store reportStore
	Now   func() time.Time
	Zone  *time.Location
}

// Rollup returns the counts of one incident as of today: what was promised,
// done, verified, late, and how often it came back.
func (s *Reports) Rollup(ctx context.Context, by domain.Actor, key domain.IncidentKey) (rollup domain.Rollup, asOf domain.Date, err error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Rollup{}, domain.Date{}, err
	}
	if _, err := s.Store.Incident(ctx, by.Scope, key); err != nil {
		return domain.Rollup{}, domain.Date{}, err
	}
	today := domain.DateOf(s.Now().In(s.Zone))
	all, err := s.Store.Rollups(ctx, by.Scope, []domain.IncidentKey{key}, today)
	return all[key], today, err
}

// Rollups returns the counts of several incidents at once, for lists.
func (s *Reports) Rollups(ctx context.Context, by domain.Actor, keys []domain.IncidentKey) (map[domain.IncidentKey]domain.Rollup, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	return s.Store.Rollups(ctx, by.Scope, keys, domain.DateOf(s.Now().In(s.Zone)))
}
