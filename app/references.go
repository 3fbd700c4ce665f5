package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// references reads what an edit may name.
type references interface {
	Incident(ctx context.Context, scope domain.Scope, key domain.IncidentKey) (domain.Incident, error)
	Person(ctx context.Context, id domain.PersonID) (domain.Person, error)
	Team(ctx context.Context, id domain.TeamID) (domain.Team, error)
}

// checkReferences makes sure that people, team and incident of an edit exist
// and may be named, before anything is locked. It returns the incident.
func checkReferences(ctx context.Context, store references, by domain.Actor, edit domain.MeasureEdit) (incident *domain.Incident, err error) {
	if edit.Team.Set && edit.Team.Value != "" {
		if err := by.RequireTeam(edit.Team.Value); err != nil {
			return nil, domain.Invalid("team", "%q is not one of your teams", edit.Team.Value)
		}
		if _, err := store.Team(ctx, edit.Team.Value); err != nil {
			return nil, unknown("team", string(edit.Team.Value), err)
		}
	}
	for _, named := range []struct {
		field string
		id    domain.Opt[domain.PersonID]
	}{{"owner", edit.Owner}, {"deputy", edit.Deputy}} {
		if !named.id.Set || named.id.Value == "" {
			continue
		}
		person, err := store.Person(ctx, named.id.Value)
		if err != nil {
			return nil, unknown(named.field, string(named.id.Value), err)
		}
		if person.Disabled {
			return nil, domain.Invalid(named.field, "%s has left; choose somebody who is here", person.Name)
		}
	}
	if edit.Incident.Set && edit.Incident.Value != "" {
		found, err := store.Incident(ctx, by.Scope, edit.Incident.Value)
		if err != nil {
			return nil, unknown("incident", string(edit.Incident.Value), err)
		}
		incident = &found
	}
	return incident, nil
}
