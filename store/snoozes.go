package store

import (
	"context"

	"gorm.io/gorm/clause"

	"github.com/followthrough/followthrough/domain"
)

type snoozeRow struct {
	Measure  string `gorm:"primaryKey"`
	UntilDay int64
	Reason   string
	SetBy    string
	SetAt    instant
}

// TableName implements schema.Tabler.
func (snoozeRow) TableName() string { return "snoozes" }

func (r snoozeRow) snooze() domain.Snooze {
	return domain.Snooze{Measure: domain.MeasureKey(r.Measure), Until: day(r.UntilDay).date(), Reason: r.Reason, By: r.SetBy, At: r.SetAt.time()}
}

// Snooze returns until when nobody is reminded of a measure; no date when reminders go out.
func (db *DB) Snooze(ctx context.Context, scope domain.Scope, key domain.MeasureKey) (domain.Snooze, error) {
	if _, err := db.Measure(ctx, scope, key); err != nil {
		return domain.Snooze{}, err
	}
	return db.SnoozeOf(ctx, key)
}

// SnoozeOf is Snooze for a measure that was seen to be in scope.
func (db *DB) SnoozeOf(ctx context.Context, key domain.MeasureKey) (domain.Snooze, error) {
	var rows []snoozeRow
	if err := db.point(ctx).Where("measure = ?", string(key)).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return domain.Snooze{Measure: key}, asDomain(err)
	}
	return rows[0].snooze(), nil
}

// Snoozes returns every snooze that lasts at least until a day, for the program itself.
func (db *DB) Snoozes(ctx context.Context, from domain.Date) (map[domain.MeasureKey]domain.Snooze, error) {
	var rows []snoozeRow
	if err := db.read(ctx).Where("until_day >= ?", int64(newDay(from))).Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	all := make(map[domain.MeasureKey]domain.Snooze, len(rows))
	for _, row := range rows {
		all[domain.MeasureKey(row.Measure)] = row.snooze()
	}
	return all, nil
}

// SaveSnooze holds reminders of a measure up, or lets them go out again when
// Until is no date. The measure itself and its version do not change.
func (db *DB) SaveSnooze(ctx context.Context, scope domain.Scope, by domain.Attribution, z domain.Snooze) error {
	return db.write(ctx, func(tx *txn) error {
		var rows []measureRow // locked, so that two savers stand in line
		if err := tx.forUpdate().Where("num = ?", measureNumber(z.Measure)).Find(&rows).Error; err != nil {
			return err
		}
		if len(rows) == 0 || !scope.Allows(domain.TeamID(rows[0].Team)) {
			return notFound("measure", string(z.Measure))
		}
		before := ""
		var old []snoozeRow
		if err := tx.Where("measure = ?", string(z.Measure)).Find(&old).Error; err != nil {
			return err
		}
		if len(old) > 0 {
			before = old[0].snooze().Until.String()
		}
		if z.Until.IsZero() {
			if err := tx.Exec("DELETE FROM snoozes WHERE measure = ?", string(z.Measure)).Error; err != nil {
				return err
			}
		} else {
			row := snoozeRow{Measure: string(z.Measure), UntilDay: int64(newDay(z.Until)), Reason: z.Reason, SetBy: by.Actor, SetAt: newInstant(tx.now)}
			if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error; err != nil {
				return err
			}
		}
		if before == z.Until.String() && len(old) > 0 && old[0].Reason == z.Reason {
			return nil
		}
		return tx.history(domain.SubjectMeasure, string(z.Measure), by,
			entries(domain.FieldChange{Kind: domain.ChangeField, Field: "snoozed_until", From: before, To: z.Until.String()}))
	})
}
