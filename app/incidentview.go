package app

import (
	"context"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// MaxPlan is how many measures of one incident a view holds; maxLater is how
// many incidents that name it.
const (
	MaxPlan  = 200
	maxLater = 50
)

// IncidentView is an incident with everything that is shown beside it.
type IncidentView struct {
	Incident domain.Incident
	// Measures is the plan, in the order of the keys; More says that there are others.
	Measures []domain.Measure
	More     bool
	// Later are the incidents that name this one as their earlier one.
	Later []domain.Incident
	// Hints are the suggested and the rejected recurrences.
	Hints   RecurrenceHints
	Rollup  domain.Rollup
	Changes []domain.Change
	Policy  domain.Policy
	// Blocking and Warning say what the closing gate would answer now.
	Blocking []domain.Blocker
	Warning  []domain.Blocker
}

type planStore interface {
	Measures(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, page domain.Page) (domain.List[domain.Measure], error)
}

// View reads an incident and what belongs to it with as few queries as can be.
func (s *Incidents) View(ctx context.Context, by domain.Actor, key domain.IncidentKey, changes int) (IncidentView, error) {
	i, err := s.Get(ctx, by, key)
	if err != nil {
		return IncidentView{}, err
	}
	v, today := IncidentView{Incident: i}, domain.DateOf(s.Now().In(s.Zone))
	plan, err := s.Store.Measures(ctx, by.Scope, domain.MeasureFilter{Incident: key, Today: today}, domain.Page{Limit: MaxPlan, Sort: []string{"key"}})
	if err != nil {
		return IncidentView{}, err
	}
	v.Measures, v.More = plan.Items, plan.NextCursor != ""
	if v.Later, err = s.Store.Recurrences(ctx, by.Scope, key, maxLater); err != nil {
		return IncidentView{}, err
	}
	v.Rollup = domain.RollupOf(v.Measures, today, len(v.Later))
	history, err := s.Store.History(ctx, domain.Everything(), domain.SubjectIncident, string(key), domain.Page{Limit: 200, Sort: []string{"-seq"}})
	if err != nil {
		return IncidentView{}, err
	}
	v.Changes = history.Items[:min(len(history.Items), changes)]
	if v.Policy, err = s.Policies.Store.Policy(ctx); err != nil {
		return IncidentView{}, err
	}
	// What was rejected stands in the history that has been read, unless that is long.
	notes := slices.Clone(history.Items)
	slices.Reverse(notes)
	if history.NextCursor != "" {
		if notes, err = s.Store.NotesOf(ctx, by.Scope, []domain.IncidentKey{key}, rejectedField); err != nil {
			return IncidentView{}, err
		}
	}
	if v.Hints, err = s.hints(ctx, by, i, v.Policy, notes); err != nil {
		return IncidentView{}, err
	}
	v.Blocking, v.Warning = domain.CloseGate(v.Measures, v.Policy, today)
	return v, nil
}
