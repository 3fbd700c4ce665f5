package store

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// candidateBatch is how many rows are read at once.
const candidateBatch = 2000

// RemindCandidates calls f for every measure that somebody may have to be
// reminded of: open and due on the day or before, done and not verified, or
// with a conflict that waits.
func (db *DB) RemindCandidates(ctx context.Context, due domain.Date, f func(domain.Measure) error) error {
	const which = "num > ? AND (open AND (due_day <= ? OR original_due_day <= ?) OR status = 'done' OR key IN (SELECT measure FROM conflicts WHERE resolved_at IS NULL))"
	for last := int64(0); ; {
		var rows []measureRow
		if err := db.read(ctx).Where(which, last, int64(newDay(due)), int64(newDay(due))).Order("num").Limit(candidateBatch).Find(&rows).Error; err != nil {
			return asDomain(err)
		}
		for _, row := range rows {
			if err := f(row.measure()); err != nil {
				return err
			}
			last = row.Num
		}
		if len(rows) < candidateBatch {
			return nil
		}
	}
}

// OpenConflicts returns the oldest conflict that waits, per measure.
func (db *DB) OpenConflicts(ctx context.Context) (map[domain.MeasureKey]domain.Conflict, error) {
	var rows []conflictRow
	if err := db.read(ctx).Where("resolved_at IS NULL").Order("id DESC").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	oldest := make(map[domain.MeasureKey]domain.Conflict, len(rows))
	for _, row := range rows { // the oldest of a measure comes last
		oldest[domain.MeasureKey(row.Measure)] = row.conflict()
	}
	return oldest, nil
}
