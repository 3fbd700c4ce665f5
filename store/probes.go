package store

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// probeRow is how the success metric of one measure is read.
type probeRow struct {
	Measure     string `gorm:"primaryKey"`
	Kind        string
	URL         string
	Query       string
	EveryHours  int64
	AddedBy     string
	CreatedAt   instant `gorm:"autoCreateTime:false"`
	ReadAt      instant
	LastError   string
	LastErrorAt instant
	Version     int64
}

// TableName implements schema.Tabler.
func (probeRow) TableName() string { return "probes" }

func (r probeRow) probe() domain.MetricProbe {
	return domain.MetricProbe{Measure: domain.MeasureKey(r.Measure), Kind: domain.ProbeKind(r.Kind), URL: r.URL, Query: r.Query, EveryHours: int(r.EveryHours),
		AddedBy: r.AddedBy, CreatedAt: r.CreatedAt.time(), ReadAt: r.ReadAt.time(), LastError: r.LastError, LastErrorAt: r.LastErrorAt.time(), Version: r.Version}
}

// ProbeOf returns the probe of a measure in scope, and the measure.
func (db *DB) ProbeOf(ctx context.Context, scope domain.Scope, key domain.MeasureKey) (domain.MetricProbe, domain.Measure, error) {
	m, err := db.Measure(ctx, scope, key)
	if err != nil {
		return domain.MetricProbe{}, m, err
	}
	var row probeRow
	if err := db.point(ctx).Where("measure = ?", string(key)).Take(&row).Error; err != nil {
		return domain.MetricProbe{}, m, asDomain(found(err, "probe of measure", string(key)))
	}
	return row.probe(), m, nil
}

// ProbeFor returns the probe of a measure that the caller has been shown; nil
// without one.
func (db *DB) ProbeFor(ctx context.Context, m domain.Measure) (*domain.MetricProbe, error) {
	var rows []probeRow
	if err := db.point(ctx).Where("measure = ?", string(m.Key)).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, asDomain(err)
	}
	p := rows[0].probe()
	return &p, nil
}

// SetProbe stores the probe of a measure in place of the one it had, writes the
// change into the history and makes the first reading due.
func (db *DB) SetProbe(ctx context.Context, scope domain.Scope, by domain.Attribution, p domain.MetricProbe) (domain.MetricProbe, error) {
	err := db.write(ctx, func(tx *txn) error {
		if _, err := tx.lockMeasure(scope, p.Measure); err != nil {
			return err
		}
		var old []probeRow
		if err := tx.Where("measure = ?", string(p.Measure)).Find(&old).Error; err != nil {
			return err
		}
		row := probeRow{Measure: string(p.Measure), Kind: string(p.Kind), URL: p.URL, Query: p.Query, EveryHours: int64(p.EveryHours), AddedBy: p.AddedBy,
			CreatedAt: newInstant(tx.now), Version: 1}
		from := ""
		if len(old) > 0 {
			from, row.Version = old[0].probe().Text(), old[0].Version+1
			if err := tx.Where("measure = ?", row.Measure).Delete(&probeRow{}).Error; err != nil {
				return err
			}
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		p = row.probe()
		if err := tx.enqueue(domain.KindProbe, map[string]string{domain.ProbeWork(p.Measure): string(p.Measure)}); err != nil {
			return err
		}
		return tx.history(domain.SubjectMeasure, row.Measure, by, entries(domain.FieldChange{Kind: domain.ChangeConfig, Field: "probe", From: from, To: p.Text()}))
	})
	return p, err
}

// RemoveProbe ends the readings of a measure; what was read stays.
func (db *DB) RemoveProbe(ctx context.Context, scope domain.Scope, by domain.Attribution, key domain.MeasureKey, version int64) error {
	return db.write(ctx, func(tx *txn) error {
		if _, err := tx.lockMeasure(scope, key); err != nil {
			return err
		}
		var row probeRow
		err := tx.Where("measure = ?", string(key)).Take(&row).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return notFound("probe of measure", string(key))
		}
		if err != nil {
			return err
		}
		if version != 0 && version != row.Version {
			return stale("probe of measure", string(key))
		}
		if err := tx.Where("measure = ?", row.Measure).Delete(&probeRow{}).Error; err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM works WHERE key = ?", domain.ProbeWork(key)).Error; err != nil {
			return err
		}
		return tx.history(domain.SubjectMeasure, row.Measure, by, entries(domain.FieldChange{Kind: domain.ChangeConfig, Field: "probe", From: row.probe().Text()}))
	})
}

// RecordReadings stores what a probe has read as observations by the program,
// or remembers why nothing was read. A failure is no row of the history: nothing
// about the measure has changed.
func (db *DB) RecordReadings(ctx context.Context, key domain.MeasureKey, readings []domain.Observation, failed error) error {
	return db.write(ctx, func(tx *txn) error {
		if failed != nil {
			return tx.Exec("UPDATE probes SET last_error = ?, last_error_at = ? WHERE measure = ?", clip(failed), newInstant(tx.now), string(key)).Error
		}
		if err := tx.Exec("UPDATE probes SET read_at = ?, last_error = '', last_error_at = NULL WHERE measure = ?", newInstant(tx.now), string(key)).Error; err != nil {
			return err
		}
		if _, err := tx.lockMeasure(domain.Everything(), key); err != nil {
			return err
		}
		var rows []entry
		for _, o := range readings {
			row := newObservationRow(o)
			row.ID, row.Measure, row.Source, row.Actor = "o_"+strings.ToLower(rand.Text()), string(key), string(domain.FromSystem), domain.ProbeActor
			if err := tx.Create(&row).Error; err != nil {
				return err
			}
			rows = append(rows, entries(observed(o))...)
		}
		by := domain.Attribution{Source: domain.FromSystem, Actor: domain.ProbeActor}
		return tx.history(domain.SubjectMeasure, string(key), by, rows)
	})
}
