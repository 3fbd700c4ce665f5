package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// MaxPlan is how many measures of one incident a view holds.
const MaxPlan = 200

// IncidentView is an incident with everything that is shown beside it.
type IncidentView struct {
	Incident domain.Incident
	// Measures is the plan, in the order of the keys; More says that there are others.
	Measures []domain.Measure
	More     bool
	// Later are the incidents that name this one as their earlier one.
	Later   []domain.Incident
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
	later, err := s.Store.Incidents(ctx, by.Scope, domain.IncidentFilter{RecurrenceOf: key}, domain.Page{Limit: 50, Sort: []string{"started_at"}})
	if err != nil {
		return IncidentView{}, err
	}
	v.Later = later.Items
	v.Rollup = domain.RollupOf(v.Measures, today, len(v.Later))
	history, err := s.Store.History(ctx, domain.Everything(), domain.SubjectIncident, string(key), domain.Page{Limit: changes, Sort: []string{"-seq"}})
	if err != nil {
		return IncidentView{}, err
	}
	v.Changes = history.Items
	if v.Policy, err = s.Policies.Store.Policy(ctx); err != nil {
		return IncidentView{}, err
	}
	v.Blocking, v.Warning = domain.CloseGate(v.Measures, v.Policy, today)
	return v, nil
}
