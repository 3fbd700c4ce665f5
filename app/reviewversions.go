package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// readable is the scope in which the caller may read the published versions of
// a review: the own one, or everything where the review is shared with the role.
func (s *Reviews) readable(ctx context.Context, by domain.Actor, key domain.IncidentKey) (domain.Scope, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return by.Scope, err
	}
	_, err := s.Store.Incident(ctx, by.Scope, key)
	if domain.KindOf(err) != domain.ErrNotFound {
		return by.Scope, err
	}
	r, sharedErr := s.Store.Review(ctx, domain.Everything(), key)
	if sharedErr == nil && r.SharedTo(by.Role) {
		return domain.Everything(), nil
	}
	return by.Scope, err
}

// Versions lists the published versions, the first one first.
func (s *Reviews) Versions(ctx context.Context, by domain.Actor, key domain.IncidentKey) ([]domain.ReviewVersion, error) {
	scope, err := s.readable(ctx, by, key)
	if err != nil {
		return nil, err
	}
	return s.Store.ReviewVersions(ctx, scope, key)
}

// Published returns a published version; 0 is the latest.
func (s *Reviews) Published(ctx context.Context, by domain.Actor, key domain.IncidentKey, number int) (domain.ReviewVersion, error) {
	scope, err := s.readable(ctx, by, key)
	if err != nil {
		return domain.ReviewVersion{}, err
	}
	if number == 0 {
		r, err := s.Store.Review(ctx, scope, key)
		if err != nil {
			return domain.ReviewVersion{}, err
		}
		if number = r.Published; number == 0 {
			return domain.ReviewVersion{}, domain.Errorf(domain.ErrNotFound, "the review of %s was never published", key)
		}
	}
	return s.Store.ReviewVersion(ctx, scope, key, number)
}

// Compare lists what changed from one published version to another.
func (s *Reviews) Compare(ctx context.Context, by domain.Actor, key domain.IncidentKey, from, to int) ([]domain.FieldChange, error) {
	older, err := s.Published(ctx, by, key, from)
	if err != nil {
		return nil, err
	}
	newer, err := s.Published(ctx, by, key, to)
	if err != nil {
		return nil, err
	}
	return domain.CompareDocuments(older.Document, newer.Document), nil
}
