package app

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type savedViewStore interface {
	SavedViews(ctx context.Context, by domain.Actor) ([]domain.SavedView, error)
	SavedView(ctx context.Context, by domain.Actor, id string) (domain.SavedView, error)
	CreateSavedView(ctx context.Context, by domain.Attribution, v domain.SavedView) (domain.SavedView, error)
	UpdateSavedView(ctx context.Context, by domain.Attribution, id string, version int64, change func(*domain.SavedView) error) (domain.SavedView, error)
	RemoveSavedView(ctx context.Context, by domain.Attribution, id string, version int64, may func(domain.SavedView) error) error
}

// SavedViews are filters of pages under a name. Everybody who may read may
// keep some; sharing one shows others a filter and nothing that they may not see.
type SavedViews struct {
	Store savedViewStore
	Now   func() time.Time
}

// List returns the views the actor sees, by name.
func (s *SavedViews) List(ctx context.Context, by domain.Actor) ([]domain.SavedView, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	return s.Store.SavedViews(ctx, by)
}

// Get returns one view.
func (s *SavedViews) Get(ctx context.Context, by domain.Actor, id string) (domain.SavedView, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.SavedView{}, err
	}
	return s.Store.SavedView(ctx, by, id)
}

// Create keeps a view.
func (s *SavedViews) Create(ctx context.Context, by domain.Actor, v domain.SavedView) (domain.SavedView, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.SavedView{}, err
	}
	v = v.Normal()
	v.ID, v.Owner, v.CreatedAt, v.UpdatedAt = newID("v_"), by.ID, s.Now(), s.Now()
	if err := checkView(by, v); err != nil {
		return domain.SavedView{}, err
	}
	made, err := s.Store.CreateSavedView(ctx, creation(ctx, by, ""), v)
	if id, ok := replayed(err); ok {
		return s.Store.SavedView(ctx, by, id)
	}
	return made, err
}

// Edit changes a view. Its owner stays.
func (s *SavedViews) Edit(ctx context.Context, by domain.Actor, id string, version int64, change func(*domain.SavedView)) (domain.SavedView, error) {
	if _, err := s.Get(ctx, by, id); err != nil {
		return domain.SavedView{}, err
	}
	return s.Store.UpdateSavedView(ctx, attribution(ctx, by, ""), id, version, func(v *domain.SavedView) error {
		if err := mayChange(by, *v); err != nil {
			return err
		}
		before := *v
		change(v)
		*v = v.Normal()
		v.ID, v.Owner, v.CreatedAt, v.UpdatedAt = before.ID, before.Owner, before.CreatedAt, s.Now()
		return checkView(by, *v)
	})
}

// Remove takes a view away.
func (s *SavedViews) Remove(ctx context.Context, by domain.Actor, id string, version int64) error {
	if _, err := s.Get(ctx, by, id); err != nil {
		return err
	}
	return s.Store.RemoveSavedView(ctx, attribution(ctx, by, ""), id, version, func(v domain.SavedView) error { return mayChange(by, v) })
}

func checkView(by domain.Actor, v domain.SavedView) error {
	if err := v.Check(); err != nil {
		return err
	}
	if v.Share != domain.ShareNone {
		if err := by.Require(domain.CanEdit); err != nil {
			return domain.Errorf(domain.ErrForbidden, "only who may edit may share a view; keep it for yourself")
		}
	}
	if v.Share == domain.ShareTeam && !by.Scope.Allows(v.Team) {
		return domain.Invalid("team", "%q is not one of your teams", v.Team)
	}
	return nil
}

func mayChange(by domain.Actor, v domain.SavedView) error {
	if v.MayChange(by) {
		return nil
	}
	return domain.Errorf(domain.ErrForbidden, "the view %q belongs to somebody else; keep one of your own", v.Name)
}
