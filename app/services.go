package app

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type serviceStore interface {
	Services(ctx context.Context, scope domain.Scope) ([]domain.Service, error)
	Service(ctx context.Context, scope domain.Scope, id domain.ServiceID) (domain.Service, error)
	NamedServices(ctx context.Context, scope domain.Scope) ([]domain.UnlistedService, error)
	CreateService(ctx context.Context, by domain.Attribution, s domain.Service) (domain.Service, error)
	UpdateService(ctx context.Context, scope domain.Scope, by domain.Attribution, id domain.ServiceID, version int64, change func(*domain.Service) error) (domain.Service, error)
	RemoveService(ctx context.Context, scope domain.Scope, by domain.Attribution, id domain.ServiceID, version int64) error
}

// Services are the operations on the service catalogue: how long each service
// was there to fail. Recurrence rates take their exposure from it.
type Services struct {
	Store serviceStore
	Now   func() time.Time
}

// List returns the entries of the catalogue in sight, by name.
func (s *Services) List(ctx context.Context, by domain.Actor) ([]domain.Service, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	return s.Store.Services(ctx, by.Scope)
}

// Unlisted returns the services that incidents in sight name and the catalogue
// does not have, those of most incidents first. An entry of another team counts:
// the service is listed, whoever may see it.
func (s *Services) Unlisted(ctx context.Context, by domain.Actor) ([]domain.UnlistedService, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	all, err := s.Store.Services(ctx, domain.Everything())
	if err != nil {
		return nil, err
	}
	named, err := s.Store.NamedServices(ctx, by.Scope)
	return domain.Unlisted(all, named), err
}

// Get returns one entry.
func (s *Services) Get(ctx context.Context, by domain.Actor, id domain.ServiceID) (domain.Service, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Service{}, err
	}
	return s.Store.Service(ctx, by.Scope, id)
}

// Create adds a service to the catalogue.
func (s *Services) Create(ctx context.Context, by domain.Actor, entry domain.Service, reason string) (domain.Service, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return domain.Service{}, err
	}
	entry.Name = domain.NormalTitle(entry.Name)
	entry.ID, entry.CreatedAt, entry.UpdatedAt = domain.ServiceID(nameID("s_", entry.Name)), s.Now(), s.Now()
	if err := entry.Check(); err != nil {
		return domain.Service{}, err
	}
	made, err := s.Store.CreateService(ctx, creation(ctx, by, reason), entry)
	if id, ok := replayed(err); ok {
		return s.Store.Service(ctx, by.Scope, domain.ServiceID(id))
	}
	return made, err
}

// Edit changes an entry. Reports that were pinned before keep the life that was
// known then.
func (s *Services) Edit(ctx context.Context, by domain.Actor, id domain.ServiceID, version int64, reason string, change func(*domain.Service)) (domain.Service, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return domain.Service{}, err
	}
	return s.Store.UpdateService(ctx, by.Scope, attribution(ctx, by, reason), id, version, func(entry *domain.Service) error {
		change(entry)
		entry.Name, entry.UpdatedAt = domain.NormalTitle(entry.Name), s.Now()
		return entry.Check()
	})
}

// Named returns the entry of a name, however it is written.
func (s *Services) Named(ctx context.Context, by domain.Actor, name string) (domain.Service, error) {
	all, err := s.List(ctx, by)
	for _, entry := range all {
		if domain.FoldService(entry.Name) == domain.FoldService(name) {
			return entry, nil
		}
	}
	if err == nil {
		err = domain.Errorf(domain.ErrNotFound, "service %s is not in the catalogue", name)
	}
	return domain.Service{}, err
}

// Set changes the entry of a name, or adds one.
func (s *Services) Set(ctx context.Context, by domain.Actor, name string, change func(*domain.Service)) (domain.Service, error) {
	entry, err := s.Named(ctx, by, name)
	switch {
	case err == nil:
		return s.Edit(ctx, by, entry.ID, entry.Version, "", change)
	case domain.KindOf(err) != domain.ErrNotFound:
		return domain.Service{}, err
	}
	entry.Name = name
	change(&entry)
	return s.Create(ctx, by, entry, "")
}

// Remove takes an entry out of the catalogue.
func (s *Services) Remove(ctx context.Context, by domain.Actor, id domain.ServiceID, version int64) error {
	if err := by.Require(domain.CanManage); err != nil {
		return err
	}
	return s.Store.RemoveService(ctx, by.Scope, attribution(ctx, by, ""), id, version)
}
