package store

import (
	"context"
	"errors"
	"slices"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

type evidenceRow struct {
	ID           string `gorm:"primaryKey"`
	Measure      string
	Title        string
	URL          string
	EffectiveDay optionalDay
	ReceivedAt   instant
	AddedBy      string
}

// TableName implements schema.Tabler.
func (evidenceRow) TableName() string { return "evidence" }

func newEvidenceRow(e domain.Evidence) evidenceRow {
	return evidenceRow{ID: e.ID, Measure: string(e.Measure), Title: e.Title, URL: e.URL, EffectiveDay: newOptionalDay(e.EffectiveOn),
		ReceivedAt: newInstant(e.ReceivedAt), AddedBy: e.AddedBy}
}

func (r evidenceRow) evidence() domain.Evidence {
	return domain.Evidence{ID: r.ID, Measure: domain.MeasureKey(r.Measure), Title: r.Title, URL: r.URL, EffectiveOn: r.EffectiveDay.date(),
		ReceivedAt: r.ReceivedAt.time(), AddedBy: r.AddedBy}
}

// AddEvidence adds a link that supports a claim of done, and counts it on the measure.
func (db *DB) AddEvidence(ctx context.Context, scope domain.Scope, by domain.Attribution, evidence domain.Evidence) (domain.Evidence, error) {
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		measure, err := tx.lockMeasure(scope, evidence.Measure)
		if err != nil {
			return err
		}
		row := newEvidenceRow(evidence)
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		evidence = row.evidence()
		m := measure.measure()
		m.EvidenceCount++
		m.UpdatedAt = tx.now
		added := entries(domain.FieldChange{Kind: domain.ChangeEvidence, Field: "evidence", To: row.Title + " " + row.URL})
		if _, err := tx.recordMeasure(measure, m, by, "", added); err != nil {
			return err
		}
		return tx.remember(by, domain.SubjectMeasure, row.ID)
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return domain.Evidence{}, &domain.Error{Kind: domain.ErrConflict, Message: "the evidence " + evidence.ID + " is stored already", Err: err}
	}
	if err != nil {
		return domain.Evidence{}, err
	}
	return evidence, nil
}

// EvidenceOf lists the evidence of a measure, oldest first.
func (db *DB) EvidenceOf(ctx context.Context, scope domain.Scope, key domain.MeasureKey) ([]domain.Evidence, error) {
	if _, err := db.Measure(ctx, scope, key); err != nil {
		return nil, err
	}
	var rows []evidenceRow
	if err := db.read(ctx).Where("measure = ?", string(key)).Order("received_at, id").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := make([]domain.Evidence, len(rows))
	for n, row := range rows {
		out[n] = row.evidence()
	}
	return out, nil
}

type observationRow struct {
	ID      string `gorm:"primaryKey"`
	Measure string
	At      instant
	Value   float64
	Note    string
	Source  string
	Actor   string
}

// TableName implements schema.Tabler.
func (observationRow) TableName() string { return "observations" }

func newObservationRow(o domain.Observation) observationRow {
	return observationRow{ID: o.ID, Measure: string(o.Measure), At: newInstant(o.At), Value: o.Value, Note: o.Note, Source: string(o.Source), Actor: o.Actor}
}

func (r observationRow) observation() domain.Observation {
	return domain.Observation{ID: r.ID, Measure: domain.MeasureKey(r.Measure), At: r.At.time(), Value: r.Value, Note: r.Note,
		Source: domain.Source(r.Source), Actor: r.Actor}
}

// AddObservation stores values of success metrics: all or none.
func (db *DB) AddObservation(ctx context.Context, scope domain.Scope, by domain.Attribution, observations []domain.Observation) error {
	return db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		changes := map[string][]entry{}
		for _, o := range observations {
			if _, known := changes[string(o.Measure)]; !known {
				if _, err := tx.lockMeasure(scope, o.Measure); err != nil {
					return err
				}
			}
			row := newObservationRow(o)
			if err := tx.Create(&row).Error; err != nil {
				return err
			}
			changes[row.Measure] = append(changes[row.Measure], entries(observed(o))...)
		}
		keys := make([]string, 0, len(changes))
		for key := range changes {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			if err := tx.history(domain.SubjectMeasure, key, by, changes[key]); err != nil {
				return err
			}
		}
		if len(observations) == 0 {
			return nil
		}
		return tx.remember(by, domain.SubjectMeasure, observations[0].ID)
	})
}

// observed is the history row of an observation.
func observed(o domain.Observation) domain.FieldChange {
	text := domain.FormatNumber(o.Value) + " at " + o.At.UTC().Format("2006-01-02T15:04:05Z")
	return domain.FieldChange{Kind: domain.ChangeObservation, Field: "observation", To: text}
}

// ObservationsOf lists the observations of a measure by time.
func (db *DB) ObservationsOf(ctx context.Context, scope domain.Scope, key domain.MeasureKey) ([]domain.Observation, error) {
	if _, err := db.Measure(ctx, scope, key); err != nil {
		return nil, err
	}
	var rows []observationRow
	if err := db.read(ctx).Where("measure = ?", string(key)).Order("at, id").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := make([]domain.Observation, len(rows))
	for n, row := range rows {
		out[n] = row.observation()
	}
	return out, nil
}
