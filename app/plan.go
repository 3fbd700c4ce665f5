package app

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// PlannedMeasure is one measure of an incident with what became of it.
type PlannedMeasure struct {
	Key   domain.MeasureKey
	Title string
	Facts metrics.Facts
}

// Plan is the plan of an incident now, in the order of its measures (A1, A2).
func (s *Reports) Plan(ctx context.Context, by domain.Actor, key domain.IncidentKey) (plan []PlannedMeasure, asOf time.Time, err error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, time.Time{}, err
	}
	if _, err := s.Store.Incident(ctx, by.Scope, key); err != nil {
		return nil, time.Time{}, err
	}
	asOf = s.Now()
	facts := map[string]metrics.Facts{}
	var keys []string
	for page := (domain.Page{Limit: 200, Sort: []string{"key"}}); ; {
		list, err := s.Store.Measures(ctx, by.Scope, domain.MeasureFilter{Incident: key}, page)
		if err != nil {
			return nil, time.Time{}, err
		}
		for _, m := range list.Items {
			plan, keys = append(plan, PlannedMeasure{Key: m.Key, Title: m.Title}), append(keys, string(m.Key))
		}
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			break
		}
	}
	cut := metrics.Cut{AsOf: asOf, KnownAt: asOf, Zone: s.Zone}
	err = s.Store.HistoriesOf(ctx, by.Scope, domain.SubjectMeasure, keys, func(key string, rows []domain.Change) error {
		imported := len(rows) > 0 && rows[0].Kind == domain.ChangeCreate && rows[0].Source == domain.FromImport
		events, err := metrics.EventsOf(domain.Measure{Key: domain.MeasureKey(key), Imported: imported}, rows)
		if err == nil {
			facts[key], err = metrics.FactsOf(events, cut)
		}
		return err
	})
	for n := range plan {
		plan[n].Facts = facts[string(plan[n].Key)]
	}
	return plan, asOf, err
}
