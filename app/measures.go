package app

import (
	"context"
	"errors"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type measureStore interface {
	measureRows
	proofRows
	probeStore
	references
	viewStore
	LinksOf(ctx context.Context, scope domain.Scope, keys []domain.MeasureKey) (map[domain.MeasureKey][]domain.Link, error)
}

type measureRows interface {
	CreateMeasure(ctx context.Context, scope domain.Scope, by domain.Attribution, create func(key domain.MeasureKey) (domain.Measure, error)) (domain.Measure, error)
	Measure(ctx context.Context, scope domain.Scope, key domain.MeasureKey) (domain.Measure, error)
	UpdateMeasure(ctx context.Context, scope domain.Scope, key domain.MeasureKey, version int64, by domain.Attribution, change func(*domain.Measure) error) (domain.Measure, error)
	Measures(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, page domain.Page) (domain.List[domain.Measure], error)
	History(ctx context.Context, scope domain.Scope, subject domain.Subject, key string, page domain.Page) (domain.List[domain.Change], error)
}

// Measures are the operations on measures.
type Measures struct {
	Store    measureStore
	Policies *Policies
	Now      func() time.Time
	Zone     *time.Location
	// ProbeHosts are the hosts success metrics may be read from.
	ProbeHosts domain.HostList

	late *lateCounter
}

// MeasurePatch is an edit of a measure. MetricPatch, when set, changes parts of
// the success metric and keeps the others.
type MeasurePatch struct {
	domain.MeasureEdit
	MetricPatch func(domain.Metric) domain.Metric
}

// Create makes a measure. Where no due date is given, the policy suggests one.
func (s *Measures) Create(ctx context.Context, by domain.Actor, n domain.NewMeasure) (domain.Measure, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Measure{}, err
	}
	if n.Succeeds != "" {
		first, err := s.Store.Measure(ctx, by.Scope, n.Succeeds)
		if err != nil {
			return domain.Measure{}, unknown("succeeds", string(n.Succeeds), err)
		}
		n = n.From(first)
	}
	named := domain.MeasureEdit{Incident: given(n.Incident), Owner: given(n.Owner), Deputy: given(n.Deputy), Team: given(n.Team)}
	incident, err := checkReferences(ctx, s.Store, by, named)
	if err != nil {
		return domain.Measure{}, err
	}
	if n.Team == "" && incident != nil {
		n.Team = incident.Team
	}
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return domain.Measure{}, err
	}
	id := newID("")
	created, err := s.Store.CreateMeasure(ctx, by.Scope, creation(ctx, by, ""), func(key domain.MeasureKey) (domain.Measure, error) {
		m, err := n.Create(id, by, policy, s.Now(), s.Zone)
		m.Key = key
		return m, err
	})
	if key, ok := replayed(err); ok {
		return s.Store.Measure(ctx, by.Scope, domain.MeasureKey(key))
	}
	return created, err
}

// Get returns one measure.
func (s *Measures) Get(ctx context.Context, by domain.Actor, key domain.MeasureKey) (domain.Measure, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Measure{}, err
	}
	return s.Store.Measure(ctx, by.Scope, key)
}

// List returns a page of measures. The filter's Today is filled in when empty.
func (s *Measures) List(ctx context.Context, by domain.Actor, filter domain.MeasureFilter, page domain.Page) (domain.List[domain.Measure], error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.List[domain.Measure]{}, err
	}
	if err := checkPage(page, domain.MeasureSorts()); err != nil {
		return domain.List[domain.Measure]{}, err
	}
	filter, err := s.today(ctx, filter)
	if err != nil {
		return domain.List[domain.Measure]{}, err
	}
	return s.Store.Measures(ctx, by.Scope, filter, page)
}

// Edit changes a measure by a person's hand. Version is the one the person
// saw; 0 overwrites whatever is there.
func (s *Measures) Edit(ctx context.Context, by domain.Actor, key domain.MeasureKey, version int64, patch MeasurePatch) (domain.Measure, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Measure{}, err
	}
	if _, err := checkReferences(ctx, s.Store, by, patch.MeasureEdit); err != nil {
		return domain.Measure{}, err
	}
	return s.edit(ctx, by, key, version, attribution(ctx, by, patch.Reason), patch)
}

func (s *Measures) edit(ctx context.Context, by domain.Actor, key domain.MeasureKey, version int64, who domain.Attribution, patch MeasurePatch) (domain.Measure, error) {
	change := func(m *domain.Measure) error {
		policy, err := s.Policies.known(m.PolicyVersion)
		if err != nil {
			return err
		}
		edit := patch.MeasureEdit
		if patch.MetricPatch != nil {
			edit.Metric = domain.Some(patch.MetricPatch(m.Metric))
		}
		return m.Edit(edit, by, domain.Rules{Policy: policy, Now: s.Now(), Zone: s.Zone})
	}
	m, err := s.Store.UpdateMeasure(ctx, by.Scope, key, version, who, change)
	if missing := missingPolicy(0); errors.As(err, &missing) {
		if _, err := s.Policies.version(ctx, int(missing)); err != nil {
			return domain.Measure{}, err
		}
		m, err = s.Store.UpdateMeasure(ctx, by.Scope, key, version, who, change)
	}
	return m, err
}

// MaxBulk is how many measures one bulk edit may touch.
const MaxBulk = 200

// BulkItem names a measure of a bulk edit and the version the person saw.
type BulkItem struct {
	Key     domain.MeasureKey
	Version int64
}

// BulkResult is what a bulk edit did to one measure.
type BulkResult struct {
	Key     domain.MeasureKey
	Measure domain.Measure
	Err     error
}

// BulkEdit applies the same change to several measures. Each one succeeds or
// fails on its own, so that one stale row does not hold up the others; the
// results are in the order of the items.
func (s *Measures) BulkEdit(ctx context.Context, by domain.Actor, items []BulkItem, patch MeasurePatch) ([]BulkResult, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return nil, err
	}
	if len(items) == 0 || len(items) > MaxBulk {
		return nil, domain.Invalid("items", "has %d entries; give 1 to %d", len(items), MaxBulk)
	}
	if _, err := checkReferences(ctx, s.Store, by, patch.MeasureEdit); err != nil {
		return nil, err
	}
	who := attribution(ctx, by, patch.Reason)
	results := make([]BulkResult, len(items))
	for n, item := range items {
		m, err := s.edit(ctx, by, item.Key, item.Version, who, patch)
		if err != nil && domain.KindOf(err) == "" {
			return nil, err // an internal fault concerns all of them
		}
		results[n] = BulkResult{Key: item.Key, Measure: m, Err: err}
	}
	return results, nil
}

// History returns every change of a measure, in the order it happened.
func (s *Measures) History(ctx context.Context, by domain.Actor, key domain.MeasureKey, page domain.Page) (domain.List[domain.Change], error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.List[domain.Change]{}, err
	}
	if _, err := s.Store.Measure(ctx, by.Scope, key); err != nil {
		return domain.List[domain.Change]{}, err
	}
	return s.Store.History(ctx, by.Scope, domain.SubjectMeasure, string(key), page)
}

// given is a set Opt when v says something.
func given[T comparable](v T) domain.Opt[T] {
	var zero T
	return domain.Opt[T]{Set: v != zero, Value: v}
}
