package app

import (
	"context"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type peopleStore interface {
	personRows
	teamRows
	identityRows
}

type personRows interface {
	CreatePerson(ctx context.Context, by domain.Attribution, person domain.Person) (domain.Person, error)
	Person(ctx context.Context, id domain.PersonID) (domain.Person, error)
	People(ctx context.Context) ([]domain.Person, error)
	UpdatePerson(ctx context.Context, by domain.Attribution, id domain.PersonID, version int64, change func(*domain.Person) error) (domain.Person, error)
}

type teamRows interface {
	CreateTeam(ctx context.Context, by domain.Attribution, team domain.Team) (domain.Team, error)
	Team(ctx context.Context, id domain.TeamID) (domain.Team, error)
	Teams(ctx context.Context) ([]domain.Team, error)
	UpdateTeam(ctx context.Context, by domain.Attribution, id domain.TeamID, version int64, change func(*domain.Team) error) (domain.Team, error)
}

type identityRows interface {
	SetIdentity(ctx context.Context, by domain.Attribution, identity domain.Identity) error
	RemoveIdentity(ctx context.Context, by domain.Attribution, tracker domain.TrackerID, person domain.PersonID) error
	IdentitiesOf(ctx context.Context, person domain.PersonID) ([]domain.Identity, error)
	TrackerByID(ctx context.Context, scope domain.Scope, id domain.TrackerID) (domain.Tracker, error)
}

// People are the operations on people, teams and their accounts in trackers.
// Everybody who may read sees who there is: owners are named on measures.
type People struct {
	Store peopleStore
	Now   func() time.Time
	// forget empties the cache of tokens: a role or team that changed counts from
	// the next request on.
	forget func()
}

// Create adds a person.
func (s *People) Create(ctx context.Context, by domain.Actor, p domain.Person) (domain.Person, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return domain.Person{}, err
	}
	p = s.fresh(p)
	if err := s.check(ctx, p); err != nil {
		return domain.Person{}, err
	}
	made, err := s.Store.CreatePerson(ctx, creation(ctx, by, ""), p)
	if id, ok := replayed(err); ok {
		return s.Store.Person(ctx, domain.PersonID(id))
	}
	return made, err
}

func (s *People) fresh(p domain.Person) domain.Person {
	now := s.Now()
	p.Name = strings.TrimSpace(p.Name)
	if p.ID == "" {
		p.ID = domain.PersonID(nameID("p_", p.Name))
	}
	p.CreatedAt, p.UpdatedAt, p.Version = now, now, 1
	return p
}

// nameID is an id that people can read, with a random end so that two people
// of one name do not collide.
func nameID(prefix, name string) string {
	slug := domain.Slug(name)
	if slug == "" {
		return newID(prefix)
	}
	return prefix + slug + "-" + newID("")[:6]
}

// Get returns one person.
func (s *People) Get(ctx context.Context, by domain.Actor, id domain.PersonID) (domain.Person, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Person{}, err
	}
	return s.Store.Person(ctx, id)
}

// List returns everybody.
func (s *People) List(ctx context.Context, by domain.Actor) ([]domain.Person, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	return s.Store.People(ctx)
}

// Edit changes a person. An administrator cannot take the last administrator
// away, not even by mistake.
func (s *People) Edit(ctx context.Context, by domain.Actor, id domain.PersonID, version int64, reason string, change func(*domain.Person)) (domain.Person, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return domain.Person{}, err
	}
	before, err := s.Store.Person(ctx, id)
	if err != nil {
		return domain.Person{}, err
	}
	trial := before
	change(&trial)
	if err := s.check(ctx, trial); err != nil {
		return domain.Person{}, err
	}
	if isAdmin(before) && !isAdmin(trial) {
		if err := s.keepsAdmin(ctx, id); err != nil {
			return domain.Person{}, err
		}
	}
	defer s.forget()
	return s.Store.UpdatePerson(ctx, attribution(ctx, by, reason), id, version, func(p *domain.Person) error {
		change(p)
		p.ID, p.Name, p.UpdatedAt = id, strings.TrimSpace(p.Name), s.Now()
		return p.Check()
	})
}

func isAdmin(p domain.Person) bool { return p.Role == domain.Admin && !p.Disabled }

func (s *People) keepsAdmin(ctx context.Context, leaving domain.PersonID) error {
	people, err := s.Store.People(ctx)
	if err != nil {
		return err
	}
	for _, p := range people {
		if p.ID != leaving && isAdmin(p) {
			return nil
		}
	}
	return domain.Errorf(domain.ErrConflict, "role: %s is the last administrator; make somebody else one first", leaving)
}

// check refuses a person who names teams or a deputy that are not there.
func (s *People) check(ctx context.Context, p domain.Person) error {
	if err := p.Check(); err != nil {
		return err
	}
	for _, team := range p.Teams {
		if _, err := s.Store.Team(ctx, team); err != nil {
			return unknown("teams", string(team), err)
		}
	}
	if p.Deputy == "" {
		return nil
	}
	_, err := s.Store.Person(ctx, p.Deputy)
	return unknown("deputy", string(p.Deputy), err)
}

// Identities lists a person's accounts in trackers.
func (s *People) Identities(ctx context.Context, by domain.Actor, id domain.PersonID) ([]domain.Identity, error) {
	if _, err := s.Get(ctx, by, id); err != nil {
		return nil, err
	}
	all, err := s.Store.IdentitiesOf(ctx, id)
	if err != nil {
		return nil, err
	}
	seen := all[:0]
	for _, identity := range all {
		if _, err := s.Store.TrackerByID(ctx, by.Scope, identity.Tracker); err == nil {
			seen = append(seen, identity)
		}
	}
	return seen, nil
}

// SetIdentity says which account of a tracker a person has.
func (s *People) SetIdentity(ctx context.Context, by domain.Actor, identity domain.Identity) error {
	if err := by.Require(domain.CanManage); err != nil {
		return err
	}
	if err := identity.Check(); err != nil {
		return err
	}
	if _, err := s.Store.Person(ctx, identity.Person); err != nil {
		return err
	}
	if _, err := s.Store.TrackerByID(ctx, by.Scope, identity.Tracker); err != nil {
		return unknown("tracker", string(identity.Tracker), err)
	}
	return s.Store.SetIdentity(ctx, attribution(ctx, by, ""), identity)
}

// RemoveIdentity forgets a person's account in a tracker.
func (s *People) RemoveIdentity(ctx context.Context, by domain.Actor, tracker domain.TrackerID, person domain.PersonID) error {
	if err := by.Require(domain.CanManage); err != nil {
		return err
	}
	if _, err := s.Store.Person(ctx, person); err != nil {
		return err
	}
	return s.Store.RemoveIdentity(ctx, attribution(ctx, by, ""), tracker, person)
}
