package app

import (
	"context"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type incidentStore interface {
	recurrenceStore
	planStore
	CreateIncident(ctx context.Context, scope domain.Scope, by domain.Attribution, create func(key domain.IncidentKey) (domain.Incident, error)) (domain.Incident, error)
	UpdateIncident(ctx context.Context, scope domain.Scope, key domain.IncidentKey, version int64, by domain.Attribution, change func(i *domain.Incident, measures func() ([]domain.Measure, error)) error) (domain.Incident, error)
	Team(ctx context.Context, id domain.TeamID) (domain.Team, error)
}

// Incidents are the operations on incidents.
type Incidents struct {
	Store    incidentStore
	Policies *Policies
	Now      func() time.Time
	Zone     *time.Location
}

// Create makes an incident.
func (s *Incidents) Create(ctx context.Context, by domain.Actor, edit domain.IncidentEdit) (domain.Incident, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Incident{}, err
	}
	if edit.Status.Set && edit.Status.Value == domain.IncidentClosed {
		return domain.Incident{}, domain.Invalid("status", "a new incident cannot be closed; close it once its measures are followed through")
	}
	earlier, err := s.references(ctx, by, edit)
	if err != nil {
		return domain.Incident{}, err
	}
	id := newID("")
	created, err := s.Store.CreateIncident(ctx, by.Scope, creation(ctx, by, edit.Reason), func(key domain.IncidentKey) (domain.Incident, error) {
		incident, err := domain.NewIncident(id, edit, by, s.Now())
		if err != nil {
			return domain.Incident{}, err
		}
		incident.Key = key
		return incident, earlier.check(incident)
	})
	if key, ok := replayed(err); ok {
		return s.Store.Incident(ctx, by.Scope, domain.IncidentKey(key))
	}
	return created, err
}

// Get returns one incident.
func (s *Incidents) Get(ctx context.Context, by domain.Actor, key domain.IncidentKey) (domain.Incident, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Incident{}, err
	}
	return s.Store.Incident(ctx, by.Scope, key)
}

// List returns a page of incidents.
func (s *Incidents) List(ctx context.Context, by domain.Actor, filter domain.IncidentFilter, page domain.Page) (domain.List[domain.Incident], error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.List[domain.Incident]{}, err
	}
	if err := checkPage(page, domain.IncidentSorts()); err != nil {
		return domain.List[domain.Incident]{}, err
	}
	return s.Store.Incidents(ctx, by.Scope, filter, page)
}

// Edit changes an incident. Closing needs every P0 and P1 measure verified or
// risk-accepted; what is merely unfinished comes back as a warning.
func (s *Incidents) Edit(ctx context.Context, by domain.Actor, key domain.IncidentKey, version int64, edit domain.IncidentEdit) (incident domain.Incident, warnings []domain.Blocker, err error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Incident{}, nil, err
	}
	earlier, err := s.references(ctx, by, edit)
	if err != nil {
		return domain.Incident{}, nil, err
	}
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return domain.Incident{}, nil, err
	}
	change := func(i *domain.Incident, measures func() ([]domain.Measure, error)) error {
		before := i.Status
		if err := i.Edit(edit, by, s.Now()); err != nil {
			return err
		}
		if err := earlier.check(*i); err != nil {
			return err
		}
		if i.Status != domain.IncidentClosed || before == domain.IncidentClosed {
			return nil
		}
		all, err := measures()
		if err != nil {
			return err
		}
		var blocking []domain.Blocker
		blocking, warnings = domain.CloseGate(all, policy, domain.DateOf(s.Now().In(s.Zone)))
		return domain.GateError(key, blocking)
	}
	incident, err = s.Store.UpdateIncident(ctx, by.Scope, key, version, attribution(ctx, by, edit.Reason), change)
	if err != nil {
		return domain.Incident{}, nil, err
	}
	return incident, warnings, nil
}

// History returns every change of an incident, newest last.
func (s *Incidents) History(ctx context.Context, by domain.Actor, key domain.IncidentKey, page domain.Page) (domain.List[domain.Change], error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.List[domain.Change]{}, err
	}
	if _, err := s.Store.Incident(ctx, by.Scope, key); err != nil {
		return domain.List[domain.Change]{}, err
	}
	return s.Store.History(ctx, by.Scope, domain.SubjectIncident, string(key), page)
}

// earlierIncident is the incident that another one recurs from, if any.
type earlierIncident struct{ incident *domain.Incident }

func (e earlierIncident) check(later domain.Incident) error {
	if e.incident == nil {
		return nil
	}
	if e.incident.RecurrenceOf == later.Key && later.Key != "" {
		return domain.Invalid("recurrence_of", "%s already recurs from %s; the two cannot recur from each other", e.incident.Key, later.Key)
	}
	return domain.CheckRecurrence(later, *e.incident)
}

// references makes sure that what the edit names exists and may be named.
func (s *Incidents) references(ctx context.Context, by domain.Actor, edit domain.IncidentEdit) (earlierIncident, error) {
	if edit.Team.Set && edit.Team.Value != "" {
		if err := by.RequireTeam(edit.Team.Value); err != nil {
			return earlierIncident{}, err
		}
		if _, err := s.Store.Team(ctx, edit.Team.Value); err != nil {
			return earlierIncident{}, unknown("team", string(edit.Team.Value), err)
		}
	}
	if !edit.RecurrenceOf.Set || edit.RecurrenceOf.Value == "" {
		return earlierIncident{}, nil
	}
	earlier, err := s.Store.Incident(ctx, by.Scope, edit.RecurrenceOf.Value)
	if err != nil {
		return earlierIncident{}, unknown("recurrence_of", string(edit.RecurrenceOf.Value), err)
	}
	return earlierIncident{&earlier}, nil
}

// unknown turns "not found" about something an input names into a refusal of
// that input; other errors stay what they are.
func unknown(field, value string, err error) error {
	if domain.KindOf(err) == domain.ErrNotFound {
		return domain.Invalid(field, "%q is not known", value)
	}
	return err
}

// checkPage refuses a page no store could answer.
func checkPage(page domain.Page, sorts []string) error {
	if page.Limit < 0 || page.Limit > 200 {
		return domain.Invalid("limit", "%d is not accepted; use 1 to 200", page.Limit)
	}
	for _, field := range page.Sort {
		name := field
		if len(name) > 0 && name[0] == '-' {
			name = name[1:]
		}
		if !slices.Contains(sorts, name) {
			return domain.Invalid("sort", "%q is not accepted; use one of %s, with - in front for descending", field, join(sorts))
		}
	}
	return nil
}
