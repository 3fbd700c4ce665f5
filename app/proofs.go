package app

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

type proofRows interface {
	AddEvidence(ctx context.Context, scope domain.Scope, by domain.Attribution, evidence domain.Evidence) (domain.Evidence, error)
	EvidenceOf(ctx context.Context, scope domain.Scope, key domain.MeasureKey) ([]domain.Evidence, error)
	AddObservation(ctx context.Context, scope domain.Scope, by domain.Attribution, observations []domain.Observation) error
	ObservationsOf(ctx context.Context, scope domain.Scope, key domain.MeasureKey) ([]domain.Observation, error)
}

// AddEvidence adds a link that supports the claim of done.
func (s *Measures) AddEvidence(ctx context.Context, by domain.Actor, e domain.Evidence) (domain.Evidence, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Evidence{}, err
	}
	e.ID, e.Title = newID("e_"), domain.NormalTitle(e.Title)
	e.ReceivedAt, e.AddedBy = s.Now(), by.ID
	if err := e.Check(); err != nil {
		return domain.Evidence{}, err
	}
	added, err := s.Store.AddEvidence(ctx, by.Scope, creation(ctx, by, ""), e)
	if id, ok := replayed(err); ok {
		return s.evidence(ctx, by, e.Measure, id)
	}
	return added, err
}

func (s *Measures) evidence(ctx context.Context, by domain.Actor, key domain.MeasureKey, id string) (domain.Evidence, error) {
	all, err := s.Store.EvidenceOf(ctx, by.Scope, key)
	if err != nil {
		return domain.Evidence{}, err
	}
	for _, e := range all {
		if e.ID == id {
			return e, nil
		}
	}
	return domain.Evidence{}, domain.Errorf(domain.ErrNotFound, "evidence %s of measure %s is not known", id, key)
}

// Evidence lists the evidence of a measure.
func (s *Measures) Evidence(ctx context.Context, by domain.Actor, key domain.MeasureKey) ([]domain.Evidence, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	return s.Store.EvidenceOf(ctx, by.Scope, key)
}

// MaxObservations is how many observations one call may add.
const MaxObservations = 1000

// AddObservations adds values of a measure's success metric: all or none.
func (s *Measures) AddObservations(ctx context.Context, by domain.Actor, key domain.MeasureKey, observations []domain.Observation) ([]domain.Observation, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return nil, err
	}
	if len(observations) == 0 || len(observations) > MaxObservations {
		return nil, domain.Invalid("items", "has %d entries; give 1 to %d", len(observations), MaxObservations)
	}
	now := s.Now()
	for n := range observations {
		o := &observations[n]
		o.ID, o.Measure, o.Source, o.Actor = newID("o_"), key, by.Source, by.ID
		if err := o.Check(now); err != nil {
			return nil, within("items["+strconv.Itoa(n)+"].", err)
		}
	}
	if err := s.Store.AddObservation(ctx, by.Scope, creation(ctx, by, ""), observations); err != nil {
		if _, ok := replayed(err); ok {
			return s.Store.ObservationsOf(ctx, by.Scope, key)
		}
		return nil, err
	}
	return observations, nil
}

// MaxObservationFile is how many observations of any measures one file may bring.
const MaxObservationFile = 20_000

// ImportObservations adds values of the metrics of several measures, all or
// none; a dry run checks everything and writes nothing.
func (s *Measures) ImportObservations(ctx context.Context, by domain.Actor, observations []domain.Observation, dryRun bool) error {
	if err := by.Require(domain.CanEdit); err != nil {
		return err
	}
	if len(observations) == 0 || len(observations) > MaxObservationFile {
		return domain.Invalid("items", "has %d entries; give 1 to %d", len(observations), MaxObservationFile)
	}
	now, known := s.Now(), map[domain.MeasureKey]bool{}
	for n := range observations {
		o := &observations[n]
		o.ID, o.Source, o.Actor = newID("o_"), by.Source, by.ID
		if err := o.Check(now); err != nil {
			return within("items["+strconv.Itoa(n)+"].", err)
		}
		if !known[o.Measure] {
			if _, err := s.Store.Measure(ctx, by.Scope, o.Measure); err != nil {
				return within("items["+strconv.Itoa(n)+"].", unknown("measure", string(o.Measure), err))
			}
			known[o.Measure] = true
		}
	}
	if dryRun {
		return nil
	}
	// Measures are locked in the order of the rows; two files must not meet crosswise.
	slices.SortStableFunc(observations, func(a, b domain.Observation) int { return strings.Compare(string(a.Measure), string(b.Measure)) })
	err := s.Store.AddObservation(ctx, by.Scope, creation(ctx, by, ""), observations)
	if _, again := replayed(err); again {
		return nil
	}
	return err
}

// Observations lists the values of a measure's success metric.
func (s *Measures) Observations(ctx context.Context, by domain.Actor, key domain.MeasureKey) ([]domain.Observation, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	return s.Store.ObservationsOf(ctx, by.Scope, key)
}

// within puts a place in front of the fields of an ErrInvalid.
func within(place string, err error) error {
	e, ok := err.(*domain.Error) //nolint:errorlint // checks return it unwrapped
	if !ok || len(e.Fields) == 0 {
		return err
	}
	moved := &domain.Error{Kind: e.Kind, Message: place + e.Message, Code: e.Code}
	for _, f := range e.Fields {
		moved.Fields = append(moved.Fields, domain.FieldError{Field: place + f.Field, Message: f.Message})
	}
	return moved
}
