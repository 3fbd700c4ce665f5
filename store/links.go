package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// LinksOf returns the links of several measures at once, without the detached
// ones. The links are slim: no base, field states, snapshot and writes.
func (db *DB) LinksOf(ctx context.Context, scope domain.Scope, keys []domain.MeasureKey) (map[domain.MeasureKey][]domain.Link, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var c conditions
	c.add("measure IN ?", paddedTexts(texts(keys)))
	c.add("state <> 'detached'")
	if !scope.All {
		var inScope conditions
		inScope.scope(scope)
		c.add("measure IN (SELECT key FROM measures"+inScope.where()+")", inScope.args...)
	}
	var rows []linkRow
	if err := db.read(ctx).Where(c.bare(), c.args...).Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	links := map[domain.MeasureKey][]domain.Link{}
	for _, row := range rows {
		l := row.link()
		links[l.Measure] = append(links[l.Measure], l)
	}
	return links, nil
}

// paddedTexts is padded for texts.
func paddedTexts(values []string) []string {
	size := 1
	for size < len(values) {
		size *= 2
	}
	for len(values) < size {
		values = append(values, values[len(values)-1])
	}
	return values
}

// CreateLink ties a measure to a tracker and wakes its work.
func (db *DB) CreateLink(ctx context.Context, scope domain.Scope, by domain.Attribution, link domain.Link) (domain.Link, error) {
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		if _, err := tx.lockMeasure(scope, link.Measure); err != nil {
			return err
		}
		if err := tx.liveTracker(scope, link.Tracker); err != nil {
			return err
		}
		if err := tx.freeToLink(link); err != nil {
			return err
		}
		row, err := tx.insertLink(link)
		if err != nil {
			return err
		}
		stored := row.link()
		if err := tx.enqueue(LinkWork, map[string]string{linkWork(stored.ID): row.ID}); err != nil {
			return err
		}
		if err := tx.history(domain.SubjectMeasure, row.Measure, by, entries(linkChange(domain.ChangeLink, row))); err != nil {
			return err
		}
		stored.Base, stored.FieldStates, stored.Snapshot, stored.Create, stored.Writes = link.Base, link.FieldStates, link.Snapshot, link.Create, link.Writes
		link = stored
		return tx.remember(by, domain.SubjectMeasure, string(link.Measure))
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return domain.Link{}, linkTaken(link, err) // two at the same moment
	}
	if err != nil {
		return domain.Link{}, err
	}
	return link, nil
}

func (tx *txn) insertLink(link domain.Link) (linkRow, error) {
	link.Version = 1
	row, state := newLinkRow(link), newLinkStateRow(link)
	if err := tx.Create(&row).Error; err != nil {
		return row, err
	}
	return row, tx.Create(&state).Error
}

// freeToLink refuses a second link of a measure with a tracker, and an issue
// that another measure holds.
func (tx *txn) freeToLink(link domain.Link) error {
	var held []linkRow
	err := tx.Where("held AND tracker = ? AND (measure = ? OR (remote_id <> '' AND remote_id = ?))",
		string(link.Tracker), string(link.Measure), link.Remote.ID).Limit(1).Find(&held).Error
	if err != nil || len(held) == 0 {
		return err
	}
	if held[0].Measure == string(link.Measure) {
		return linkTaken(link, nil)
	}
	return domain.Errorf(domain.ErrConflict, "%s is linked with measure %s already; detach it there first", link.Remote.Key, held[0].Measure)
}

func linkTaken(link domain.Link, cause error) error {
	return &domain.Error{Kind: domain.ErrConflict, Err: cause,
		Message: "measure " + string(link.Measure) + " is linked with tracker " + string(link.Tracker) + " already; detach that link first"}
}

func linkChange(kind domain.ChangeKind, row linkRow) domain.FieldChange {
	change := domain.FieldChange{Kind: kind, Field: "link"}
	place := row.Tracker
	if row.RemoteKey != "" {
		place += " " + row.RemoteKey
	}
	if kind == domain.ChangeUnlink {
		change.From = place
	} else {
		change.To = place
	}
	return change
}

// DetachLink ends the link of a measure with a tracker. The issue stays.
func (db *DB) DetachLink(ctx context.Context, scope domain.Scope, by domain.Attribution, measure domain.MeasureKey, tracker domain.TrackerID) (domain.Link, error) {
	var link domain.Link
	err := db.write(ctx, func(tx *txn) error {
		if _, err := tx.lockMeasure(scope, measure); err != nil {
			return err
		}
		var row linkRow
		err := tx.forUpdate().Where("measure = ? AND tracker = ? AND state <> 'detached'", string(measure), string(tracker)).
			Order("held DESC, created_at DESC").Limit(1).Take(&row).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return domain.Errorf(domain.ErrNotFound, "measure %s has no link with tracker %s", measure, tracker)
		}
		if err != nil {
			return err
		}
		if link, err = tx.detach(row, "detached by a person"); err != nil {
			return err
		}
		return tx.history(domain.SubjectMeasure, row.Measure, by, entries(linkChange(domain.ChangeUnlink, row)))
	})
	return link, err
}

// ResumeLink sets a link that the loop breaker stopped going again. The writes
// that stopped it are forgotten, so that a loop has to show itself anew.
func (db *DB) ResumeLink(ctx context.Context, scope domain.Scope, by domain.Attribution, measure domain.MeasureKey, tracker domain.TrackerID) (domain.Link, error) {
	var link domain.Link
	err := db.write(ctx, func(tx *txn) error {
		if _, err := tx.lockMeasure(scope, measure); err != nil {
			return err
		}
		var row linkRow
		err := tx.forUpdate().Where("measure = ? AND tracker = ? AND held", string(measure), string(tracker)).Take(&row).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return domain.Errorf(domain.ErrNotFound, "measure %s has no link with tracker %s", measure, tracker)
		}
		if err != nil {
			return err
		}
		before := row.link()
		if before.State != domain.LinkOscillating {
			return domain.Errorf(domain.ErrConflict, "the link of %s with %s is %s; only one that was stopped as oscillating can be resumed", measure, tracker, before.State)
		}
		after := row
		after.State, after.Live, after.Reason, after.LastError, after.NextAttempt = string(domain.LinkPending), true, "", "", 0
		after.UpdatedAt, after.Version = newInstant(tx.now), row.Version+1
		if err := tx.update(&row, &after, "id", row.ID, row.Version); err != nil {
			return err
		}
		if err := tx.Model(&linkStateRow{}).Where("link = ?", row.ID).Update("writes", toJSON([]domain.WriteMark(nil))).Error; err != nil {
			return err
		}
		link = after.link()
		if err := tx.enqueue(LinkWork, map[string]string{linkWork(link.ID): row.ID}); err != nil {
			return err
		}
		return tx.history(domain.SubjectMeasure, row.Measure, by, entries(domain.LinkStateChange(before, link.State, "")))
	})
	return link, err
}

// detach ends a link: open conflicts end undecided with it.
func (tx *txn) detach(row linkRow, reason string) (domain.Link, error) {
	after := row
	after.State, after.Live, after.Held, after.Reason = string(domain.LinkDetached), false, false, reason
	after.UpdatedAt, after.Version = newInstant(tx.now), row.Version+1
	if err := tx.update(&row, &after, "id", row.ID, row.Version); err != nil {
		return domain.Link{}, err
	}
	if err := tx.Exec("UPDATE conflicts SET resolved_at = ?, resolved_by = 'system', version = version + 1 WHERE link = ? AND resolved_at IS NULL",
		newInstant(tx.now), row.ID).Error; err != nil {
		return domain.Link{}, err
	}
	return after.link(), nil
}
