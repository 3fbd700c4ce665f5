package store

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/followthrough/followthrough/domain"
)

type conflictRow struct {
	ID         int64 `gorm:"primaryKey;autoIncrement:false"`
	Link       string
	Measure    string
	Tracker    string
	Field      string
	Base       string
	Ours       string
	Theirs     string
	OursBy     string
	OursAt     instant
	TheirsBy   string
	TheirsAt   instant
	Resolution string
	Winner     string
	OpenedAt   instant
	ResolvedAt instant
	ResolvedBy string
	Version    int64
}

// TableName implements schema.Tabler.
func (conflictRow) TableName() string { return "conflicts" }

func newConflictRow(c domain.Conflict) conflictRow {
	return conflictRow{
		ID: c.ID, Link: string(c.Link), Measure: string(c.Measure), Tracker: string(c.Tracker), Field: string(c.Field),
		Base: c.Base, Ours: c.Ours, Theirs: c.Theirs, OursBy: c.OursBy, OursAt: newInstant(c.OursAt),
		TheirsBy: c.TheirsBy, TheirsAt: newInstant(c.TheirsAt), Resolution: string(c.Resolution), Winner: c.Winner,
		OpenedAt: newInstant(c.OpenedAt), ResolvedAt: newInstant(c.ResolvedAt), ResolvedBy: c.ResolvedBy, Version: c.Version,
	}
}

func (r conflictRow) conflict() domain.Conflict {
	return domain.Conflict{
		ID: r.ID, Link: domain.LinkID(r.Link), Measure: domain.MeasureKey(r.Measure), Tracker: domain.TrackerID(r.Tracker),
		Field: domain.Field(r.Field), Base: r.Base, Ours: r.Ours, Theirs: r.Theirs, OursBy: r.OursBy, OursAt: r.OursAt.time(),
		TheirsBy: r.TheirsBy, TheirsAt: r.TheirsAt.time(), Resolution: domain.Resolution(r.Resolution), Winner: r.Winner,
		OpenedAt: r.OpenedAt.time(), ResolvedAt: r.ResolvedAt.time(), ResolvedBy: r.ResolvedBy, Version: r.Version,
	}
}

// conflictHistory says what a conflict did: opened, both values stand side by
// side; decided, every value that did not win is kept as overwritten.
func conflictHistory(c domain.Conflict) []entry {
	row := func(from, to string, overwritten bool) entry {
		return entry{domain.FieldChange{Kind: domain.ChangeConflict, Field: string(c.Field), From: from, To: to}, overwritten}
	}
	if c.Open() {
		return []entry{row(c.Ours, c.Theirs, false)}
	}
	var rows []entry
	if c.Theirs != c.Winner {
		rows = append(rows, row(c.Theirs, c.Winner, true))
	}
	if c.Ours != c.Winner && c.Ours != c.Theirs {
		rows = append(rows, row(c.Ours, c.Winner, true))
	}
	return rows
}

// storeConflicts inserts new conflicts and updates known ones, and returns
// their history rows.
func (tx *txn) storeConflicts(link domain.Link, conflicts []domain.Conflict) ([]entry, error) {
	var rows []entry
	for _, c := range conflicts {
		c.Link, c.Measure, c.Tracker = link.ID, link.Measure, link.Tracker
		if c.OpenedAt.IsZero() {
			c.OpenedAt = tx.now
		}
		if c.OursBy == "" {
			if err := tx.whoChanged(&c); err != nil {
				return nil, err
			}
		}
		changed, err := tx.storeConflict(c)
		if err != nil {
			return nil, err
		}
		if changed {
			rows = append(rows, conflictHistory(c)...)
		}
	}
	return rows, nil
}

// whoChanged finds who gave our side its value: the newest change of the field
// that did not come from the conflict's own tracker.
func (tx *txn) whoChanged(c *domain.Conflict) error {
	var rows []changeRow
	err := tx.Where("subject = ? AND key = ? AND (field = ? OR kind = ?) AND on_behalf <> ?", string(domain.SubjectMeasure), string(c.Measure),
		string(c.Field), string(domain.ChangeCreate), string(c.Tracker)).Order("seq DESC").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return err
	}
	c.OursBy, c.OursAt = rows[0].Actor, rows[0].At.time()
	return nil
}

func (tx *txn) storeConflict(c domain.Conflict) (changed bool, err error) {
	if c.ID != 0 {
		return tx.updateConflict(c)
	}
	if c.Open() { // one open conflict a field: a second opening renews the first
		var open []conflictRow
		if err := tx.forUpdate().Where("link = ? AND field = ? AND resolved_at IS NULL", string(c.Link), string(c.Field)).Find(&open).Error; err != nil {
			return false, err
		}
		if len(open) > 0 {
			c.ID, c.Version = open[0].ID, open[0].Version
			return tx.updateConflict(c)
		}
	}
	if c.ID, err = tx.next("conflict", 1); err != nil {
		return false, err
	}
	c.Version = 1
	row := newConflictRow(c)
	return true, tx.Create(&row).Error
}

func (tx *txn) updateConflict(c domain.Conflict) (changed bool, err error) {
	var before conflictRow
	if err := tx.forUpdate().Where("id = ?", c.ID).Take(&before).Error; err != nil {
		return false, found(err, "conflict", strconv.FormatInt(c.ID, 10))
	}
	if before.Version != c.Version || before.ResolvedAt != 0 {
		return false, stale("conflict", strconv.FormatInt(c.ID, 10))
	}
	after := newConflictRow(c)
	after.OpenedAt = before.OpenedAt
	if after == before {
		return false, nil
	}
	after.Version++
	return true, tx.update(&before, &after, "id", c.ID, before.Version)
}

// Conflicts returns one page of conflicts, newest first.
func (db *DB) Conflicts(ctx context.Context, scope domain.Scope, f domain.ConflictFilter, page domain.Page) (domain.List[domain.Conflict], error) {
	l := listing{name: "conflicts", table: "conflicts", filter: f, order: order{names: []string{"-id"}, exprs: []string{"id"}, desc: []bool{true}}}
	l.number = "id"
	if !scope.All {
		var inScope conditions
		inScope.scope(scope)
		l.add("measure IN (SELECT key FROM measures"+inScope.where()+")", inScope.args...)
	}
	for _, equal := range []struct{ column, value string }{
		{"measure", string(f.Measure)}, {"tracker", string(f.Tracker)}, {"field", string(f.Field)},
	} {
		if equal.value != "" {
			l.add(equal.column+" = ?", equal.value)
		}
	}
	if f.Open != nil {
		if *f.Open {
			l.add("resolved_at IS NULL")
		} else {
			l.add("resolved_at IS NOT NULL")
		}
	}
	total := -1
	var err error
	if page.WithTotal {
		if total, err = l.count(db.read(ctx)); err != nil {
			return domain.List[domain.Conflict]{Total: -1}, asDomain(err)
		}
	}
	heads, next, err := l.page(db.read(ctx), db.cursors, page)
	if err != nil || len(heads) == 0 {
		return domain.List[domain.Conflict]{Total: total}, asDomain(err)
	}
	ids := make([]int64, len(heads))
	for n, h := range heads {
		ids[n] = h.num
	}
	var rows []conflictRow
	if err := db.read(ctx).Where("id IN ?", padded(ids)).Order("id DESC").Find(&rows).Error; err != nil {
		return domain.List[domain.Conflict]{Total: -1}, asDomain(err)
	}
	list := domain.List[domain.Conflict]{NextCursor: next, Total: total}
	for _, row := range rows {
		list.Items = append(list.Items, row.conflict())
	}
	return list, nil
}

// Conflict returns one conflict.
func (db *DB) Conflict(ctx context.Context, scope domain.Scope, id int64) (domain.Conflict, error) {
	var row conflictRow
	if err := db.point(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return domain.Conflict{}, asDomain(found(err, "conflict", strconv.FormatInt(id, 10)))
	}
	if _, err := db.Measure(ctx, scope, domain.MeasureKey(row.Measure)); err != nil {
		if errors.Is(err, domain.ErrNotFound) {
			return domain.Conflict{}, notFound("conflict", strconv.FormatInt(id, 10))
		}
		return domain.Conflict{}, err
	}
	return row.conflict(), nil
}

// ResolveConflict changes a conflict together with its measure and wakes the
// link, in one transaction. version 0 accepts any version of the conflict.
func (db *DB) ResolveConflict(ctx context.Context, scope domain.Scope, by domain.Attribution, id, version int64,
	decide func(*domain.Conflict, *domain.Measure) error,
) (domain.Conflict, error) {
	name := strconv.FormatInt(id, 10)
	var c domain.Conflict
	var m domain.Measure
	err := db.write(ctx, func(tx *txn) error {
		var row conflictRow
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return found(err, "conflict", name)
		}
		// The measure is locked first, as everywhere; then the conflict is read again.
		measure, err := tx.lockMeasure(scope, domain.MeasureKey(row.Measure))
		if errors.Is(err, domain.ErrNotFound) {
			return notFound("conflict", name)
		}
		if err != nil {
			return err
		}
		if err := tx.forUpdate().Where("id = ?", id).Take(&row).Error; err != nil {
			return found(err, "conflict", name)
		}
		if version != 0 && version != row.Version {
			return stale("conflict", name)
		}
		c, m = row.conflict(), measure.measure()
		if err := decide(&c, &m); err != nil {
			return err
		}
		return tx.decided(row, measure, &c, m, by)
	})
	if err != nil {
		return domain.Conflict{}, db.explain(ctx, err, m)
	}
	return c, nil
}

func (tx *txn) decided(before conflictRow, measure measureRow, c *domain.Conflict, m domain.Measure, by domain.Attribution) error {
	c.ID, c.Link, c.Measure, c.Tracker, c.Version = before.ID, domain.LinkID(before.Link), domain.MeasureKey(before.Measure), domain.TrackerID(before.Tracker), before.Version
	after := newConflictRow(*c)
	if after != before {
		after.Version++
		if err := tx.update(&before, &after, "id", before.ID, before.Version); err != nil {
			return err
		}
	}
	*c = after.conflict()
	if err := tx.enqueue(LinkWork, map[string]string{linkWork(c.Link): string(c.Link)}); err != nil {
		return err
	}
	var rows []entry
	if !c.Open() {
		rows = slices.Clone(conflictHistory(*c))
	}
	_, err := tx.recordMeasure(measure, m, by, c.Link, rows)
	return err
}
