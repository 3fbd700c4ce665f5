package app

import (
	"context"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

type probeStore interface {
	ProbeOf(ctx context.Context, scope domain.Scope, key domain.MeasureKey) (domain.MetricProbe, domain.Measure, error)
	ProbeFor(ctx context.Context, m domain.Measure) (*domain.MetricProbe, error)
	SetProbe(ctx context.Context, scope domain.Scope, by domain.Attribution, p domain.MetricProbe) (domain.MetricProbe, error)
	RemoveProbe(ctx context.Context, scope domain.Scope, by domain.Attribution, key domain.MeasureKey, version int64) error
}

// Probe returns how the success metric of a measure is read by itself.
func (s *Measures) Probe(ctx context.Context, by domain.Actor, key domain.MeasureKey) (domain.MetricProbe, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.MetricProbe{}, err
	}
	p, _, err := s.Store.ProbeOf(ctx, by.Scope, key)
	return p, err
}

// SetProbe says from where the success metric of a measure is read from now on;
// the first reading is due at once. Only hosts that the operator has allowed can
// be named.
func (s *Measures) SetProbe(ctx context.Context, by domain.Actor, p domain.MetricProbe, reason string) (domain.MetricProbe, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.MetricProbe{}, err
	}
	p.URL, p.Query, p.AddedBy = strings.TrimSpace(p.URL), strings.TrimSpace(p.Query), by.ID
	if p.EveryHours == 0 {
		p.EveryHours = 24
	}
	m, err := s.Store.Measure(ctx, by.Scope, p.Measure)
	if err != nil {
		return domain.MetricProbe{}, err
	}
	if err := p.Check(s.ProbeHosts); err != nil {
		return domain.MetricProbe{}, err
	}
	if m.Metric.Name == "" {
		return domain.MetricProbe{}, domain.Invalid("success_metric", "%s has no success metric; say first what is measured", m.Key)
	}
	return s.Store.SetProbe(ctx, by.Scope, attribution(ctx, by, reason), p)
}

// RemoveProbe ends the readings; what was read stays. version 0 removes any.
func (s *Measures) RemoveProbe(ctx context.Context, by domain.Actor, key domain.MeasureKey, version int64) error {
	if err := by.Require(domain.CanEdit); err != nil {
		return err
	}
	return s.Store.RemoveProbe(ctx, by.Scope, attribution(ctx, by, ""), key, version)
}
