package app

import (
	"context"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// MeasureView is a measure with everything that is shown beside it.
type MeasureView struct {
	Measure domain.Measure
	// Changes are the newest changes, newest first; More says that there are others.
	Changes      []domain.Change
	More         bool
	Evidence     []domain.Evidence
	Observations []domain.Observation
	Links        []domain.Link
	// Probe says from where the success metric is read by itself; nil when nobody set it.
	Probe *domain.MetricProbe
	// Successors are the measures that take over from this one.
	Successors []domain.Measure
	// Snooze is until when nobody is reminded; no date when reminders go out.
	Snooze domain.Snooze
	// Policy is the version that the measure was created under.
	Policy domain.Policy
	// VerifyOn is the day of the effectiveness check of a measure that is done.
	VerifyOn domain.Date
}

// View reads a measure and what belongs to it with as few queries as can be:
// the scope is judged once, and what cannot be there is not asked for.
func (s *Measures) View(ctx context.Context, by domain.Actor, key domain.MeasureKey, changes int) (MeasureView, error) {
	m, err := s.Get(ctx, by, key)
	if err != nil {
		return MeasureView{}, err
	}
	v, all := MeasureView{Measure: m}, domain.Everything()
	history, err := s.Store.History(ctx, all, domain.SubjectMeasure, string(key), domain.Page{Limit: changes, Sort: []string{"-seq"}})
	if err != nil {
		return MeasureView{}, err
	}
	v.Changes, v.More = history.Items, history.NextCursor != ""
	links, err := s.Store.LinksOf(ctx, all, []domain.MeasureKey{key})
	if err != nil {
		return MeasureView{}, err
	}
	v.Links = links[key]
	if m.Status.Open() || m.Status == domain.Done { // nobody is reminded of others
		if v.Snooze, err = s.Store.SnoozeOf(ctx, key); err != nil {
			return MeasureView{}, err
		}
		if !v.Snooze.Active(domain.DateOf(s.Now().In(s.Zone))) {
			v.Snooze = domain.Snooze{}
		}
	}
	if v.Evidence, v.Observations, err = s.Store.ProofsOf(ctx, m); err != nil {
		return MeasureView{}, err
	}
	if m.Metric.Name != "" {
		if v.Probe, err = s.Store.ProbeFor(ctx, m); err != nil {
			return MeasureView{}, err
		}
	}
	if v.Policy, err = s.Policies.version(ctx, m.PolicyVersion); err != nil {
		return MeasureView{}, err
	}
	if m.Status == domain.Done {
		v.VerifyOn = v.Policy.VerifyOn(m, s.Zone)
	}
	short := func(v domain.Verdict) bool { return v == domain.Ineffective || v == domain.Partly }
	if !short(m.Verdict) && !v.More && !slices.ContainsFunc(v.Changes, func(c domain.Change) bool { return c.Field == "verdict" && short(domain.Verdict(c.To)) }) {
		return v, nil // never found to fall short, so nothing took over
	}
	successors, err := s.Store.Measures(ctx, by.Scope, domain.MeasureFilter{Succeeds: key}, domain.Page{Limit: 20, Sort: []string{"key"}})
	v.Successors = successors.Items
	return v, err
}
