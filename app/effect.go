package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// Effect is what the numbers say about one measure, and when somebody should
// look at them. The verdict is a person's.
type Effect struct {
	Report metrics.EffectivenessReport
	// Input is what the report was made from, for its picture.
	Input metrics.EffectivenessInput
	// VerifyOn is the day of the effectiveness check: the one the metric names, or
	// so many days after done as the policy says. Empty unless the measure is done
	// and not yet verified. VerifyDue says that the day has come.
	VerifyOn  domain.Date
	VerifyDue bool
}

// Effect evaluates the success metric of one measure now (C1 to C4).
func (s *Measures) Effect(ctx context.Context, by domain.Actor, key domain.MeasureKey) (Effect, error) {
	m, err := s.Get(ctx, by, key)
	if err != nil {
		return Effect{}, err
	}
	policy, err := s.Policies.version(ctx, m.PolicyVersion)
	if err != nil {
		return Effect{}, err
	}
	observations, err := s.Store.ObservationsOf(ctx, by.Scope, key)
	if err != nil {
		return Effect{}, err
	}
	rows, err := wholeHistory(ctx, s.Store, by.Scope, domain.SubjectMeasure, string(key))
	if err != nil {
		return Effect{}, err
	}
	now := s.Now()
	events, err := metrics.EventsOf(m, rows)
	if err != nil {
		return Effect{}, err
	}
	facts, err := metrics.FactsOf(events, metrics.Cut{AsOf: now, KnownAt: now, Zone: s.Zone})
	if err != nil {
		return Effect{}, err
	}
	in := metrics.EffectivenessInput{Facts: facts, Metric: m.Metric, Policy: policy}
	for _, o := range observations {
		in.Readings = append(in.Readings, metrics.Reading{At: o.At, Value: o.Value})
	}
	out := Effect{Input: in}
	if out.Report, err = metrics.Effectiveness(in, now); err != nil {
		return Effect{}, err
	}
	if m.Status == domain.Done {
		out.VerifyOn = policy.VerifyOn(m, s.Zone)
		out.VerifyDue = !domain.DateOf(now.In(s.Zone)).Before(out.VerifyOn)
	}
	return out, nil
}

type pagedHistory interface {
	History(ctx context.Context, scope domain.Scope, subject domain.Subject, key string, page domain.Page) (domain.List[domain.Change], error)
}

// wholeHistory reads every row of one subject.
func wholeHistory(ctx context.Context, store pagedHistory, scope domain.Scope, subject domain.Subject, key string) ([]domain.Change, error) {
	var rows []domain.Change
	for page := (domain.Page{Limit: 200}); ; {
		list, err := store.History(ctx, scope, subject, key, page)
		if err != nil {
			return nil, err
		}
		rows = append(rows, list.Items...)
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			return rows, nil
		}
	}
}
