package store

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// measureOrders maps the sort fields to SQL. Empty values come last.
func measureOrders() map[string]string {
	return map[string]string{
		"due_on":          "due_day",
		"original_due_on": "original_due_day",
		"priority":        "CASE priority WHEN '' THEN 'P9' ELSE priority END",
		"status": "CASE status WHEN 'proposed' THEN 0 WHEN 'accepted' THEN 1 WHEN 'in_progress' THEN 2 WHEN 'blocked' THEN 3 " +
			"WHEN 'done' THEN 4 WHEN 'verified' THEN 5 ELSE 6 END",
		"title":      "title",
		"created_at": "created_at",
		"updated_at": "updated_at",
		"key":        "num",
	}
}

// Measures returns one page of the measures that match.
func (db *DB) Measures(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, page domain.Page) (domain.List[domain.Measure], error) {
	none := domain.List[domain.Measure]{Total: -1}
	o, err := newOrder(page.Sort, measureOrders(), "num")
	if err != nil {
		return none, err
	}
	named := filter
	named.Today, named.VerifyLimits = domain.Date{}, nil // a page turned after midnight continues
	l := listing{name: "measures", table: "measures", filter: named, order: o, conditions: measureConditions(scope, filter)}
	if err := l.find(db.read(ctx), db.onPostgres(), filter.Query, measurePrefix); err != nil {
		return none, asDomain(err)
	}
	total := -1
	if page.WithTotal {
		if total, err = l.count(db.read(ctx)); err != nil {
			return none, asDomain(err)
		}
	}
	heads, next, err := l.page(db.read(ctx), db.cursors, page)
	if err != nil {
		return none, asDomain(err)
	}
	items, err := db.hydrate(ctx, scope, heads)
	return domain.List[domain.Measure]{Items: items, NextCursor: next, Total: total}, err
}

func measureConditions(scope domain.Scope, f domain.MeasureFilter) conditions {
	var c conditions
	c.scope(scope)
	oneOf(&c, "status", f.Status)
	oneOf(&c, "priority", f.Priority)
	oneOf(&c, "kind", f.Kind)
	oneOf(&c, "team", f.Team)
	if f.Open != nil {
		if *f.Open {
			c.add("open")
		} else {
			c.add("NOT open AND NOT status_unknown") // unknown is neither
		}
	}
	late(&c, f.Overdue, "due_day", f.Today)
	late(&c, f.PastPromise, "original_due_day", f.Today)
	if !f.DueBefore.IsZero() {
		c.add("due_day < ?", int64(newDay(f.DueBefore)))
	}
	if !f.DueAfter.IsZero() {
		c.add("due_day > ? AND due_day < ?", int64(newDay(f.DueAfter)), noDay)
	}
	if f.Owner != "" {
		c.add("owner = ?", string(f.Owner))
	}
	if f.Incident != "" {
		c.add("incident = ?", string(f.Incident))
	}
	if f.Succeeds != "" {
		c.add("succeeds = ?", string(f.Succeeds))
	}
	if f.DuplicateOf != "" {
		c.add("duplicate_of = ?", string(f.DuplicateOf))
	}
	oneOf(&c, "crisis_check", f.Checks)
	if f.NeedsIncident != nil {
		if *f.NeedsIncident {
			c.add("incident IS NULL AND crisis_check IS NULL")
		} else {
			c.add("incident IS NOT NULL OR crisis_check IS NOT NULL")
		}
	}
	if !f.CreatedFrom.IsZero() {
		c.add("created_at >= ?", newInstant(f.CreatedFrom))
	}
	if !f.CreatedTo.IsZero() {
		c.add("created_at < ?", newInstant(f.CreatedTo))
	}
	for _, gap := range f.Missing {
		c.missing(gap)
	}
	unjudged(&c, f)
	if f.Tracker != "" || len(f.LinkState) > 0 {
		var link conditions
		link.add("held")
		if f.Tracker != "" {
			link.add("tracker = ?", string(f.Tracker))
		}
		oneOf(&link, "state", f.LinkState)
		c.add("key IN (SELECT measure FROM links"+link.where()+")", link.args...)
	}
	return c
}

// missing selects measures that lack something.
func (c *conditions) missing(gap domain.MeasureGap) {
	switch gap {
	case domain.GapOwner:
		c.add("owner IS NULL AND external_owner = ''")
	case domain.GapDueOn:
		c.add("due_day = ?", noDay)
	case domain.GapKind, domain.GapPriority:
		c.add(string(gap) + " = ''")
	case domain.GapTarget, domain.GapBaseline:
		c.add("metric_" + string(gap) + " IS NULL AND metric_not_measurable = ''")
	case domain.GapEvidence:
		c.add("evidence_count = 0 AND NOT open AND status <> 'cancelled'")
	default:
		c.add("FALSE")
	}
}

// late selects open measures whose day has passed: the day before today is late.
func late(c *conditions, want *bool, column string, today domain.Date) {
	switch {
	case want == nil:
	case *want:
		c.add("open")
		c.add(column+" < ?", int64(newDay(today)))
	default:
		c.add("NOT (open AND "+column+" < ?)", int64(newDay(today)))
	}
}

// MeasuresByKey returns the measures of the keys that exist in scope, in the
// order of the keys.
func (db *DB) MeasuresByKey(ctx context.Context, scope domain.Scope, keys []domain.MeasureKey) ([]domain.Measure, error) {
	heads := make([]head, 0, len(keys))
	for _, key := range keys {
		if num := measureNumber(key); num != 0 {
			heads = append(heads, head{num: num})
		}
	}
	if len(heads) == 0 {
		return nil, nil
	}
	nums := make([]int64, len(heads))
	for n, h := range heads {
		nums[n] = h.num
	}
	var rows []measureRow
	if err := db.read(ctx).Where("num IN ?", padded(nums)).Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	byNum := make(map[int64]domain.Measure, len(rows))
	for _, row := range rows {
		byNum[row.Num] = row.measure()
	}
	var measures []domain.Measure
	for _, h := range heads {
		if m, ok := byNum[h.num]; ok && scope.Allows(m.Team) {
			measures = append(measures, m)
		}
	}
	return measures, nil
}

// EachMeasure calls f for every measure in scope, in the order of the keys,
// without holding them all. An export of everything uses it.
func (db *DB) EachMeasure(ctx context.Context, scope domain.Scope, f func(domain.Measure) error) error {
	for last := int64(0); ; {
		var c conditions
		c.scope(scope)
		c.add("num > ?", last)
		var rows []measureRow
		if err := db.read(ctx).Where(c.bare(), c.args...).Order("num").Limit(500).Find(&rows).Error; err != nil {
			return asDomain(err)
		}
		for _, row := range rows {
			if err := f(row.measure()); err != nil {
				return err
			}
			last = row.Num
		}
		if len(rows) < 500 {
			return nil
		}
	}
}

// unjudged limits to what waits for a verdict, by the day that its metric names
// or by when it was done; or to all the rest.
func unjudged(c *conditions, f domain.MeasureFilter) {
	if f.EffectivenessDue == nil {
		return
	}
	sql, args := "metric_verify_day <= ?", []any{int64(newDay(f.Today))}
	for _, l := range f.VerifyLimits {
		sql += " OR metric_verify_day IS NULL AND priority = ? AND done_at < ?"
		args = append(args, string(l.Priority), newInstant(l.DoneBefore))
		if len(l.Versions) > 0 {
			sql += " AND policy_version IN ?"
			args = append(args, l.Versions)
		}
	}
	if !*f.EffectivenessDue {
		c.add("status <> 'done' OR NOT COALESCE("+sql+", FALSE)", args...)
		return
	}
	c.add("status = 'done'")
	c.add(sql, args...)
}

// CountMeasures is how many measures match.
func (db *DB) CountMeasures(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter) (int, error) {
	l := listing{table: "measures", conditions: measureConditions(scope, filter)}
	if err := l.find(db.read(ctx), db.onPostgres(), filter.Query, measurePrefix); err != nil {
		return 0, asDomain(err)
	}
	n, err := l.count(db.read(ctx))
	return n, asDomain(err)
}
