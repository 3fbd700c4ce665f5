package store

import (
	"context"
	"errors"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/followthrough/followthrough/domain"
)

// CreateIncident stores a new incident under the next key.
func (db *DB) CreateIncident(ctx context.Context, scope domain.Scope, by domain.Attribution,
	create func(key domain.IncidentKey) (domain.Incident, error),
) (domain.Incident, error) {
	var i domain.Incident
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		num, err := tx.next("incident", 1)
		if err != nil {
			return err
		}
		if i, err = create(incidentKey(num)); err != nil {
			return err
		}
		if !scope.Allows(i.Team) {
			return domain.Invalid("team", "%q is not one of your teams", i.Team)
		}
		if err := tx.checkRecurrence(scope, i); err != nil {
			return err
		}
		if i, err = tx.insertIncident(num, i, by); err != nil {
			return err
		}
		return tx.remember(by, domain.SubjectIncident, string(i.Key))
	})
	if err != nil {
		return domain.Incident{}, db.explainIncident(ctx, err, i)
	}
	return i, nil
}

func (tx *txn) insertIncident(num int64, i domain.Incident, by domain.Attribution) (domain.Incident, error) {
	i.Key, i.Version = incidentKey(num), 1
	row := newIncidentRow(i)
	if err := tx.Create(&row).Error; err != nil {
		return i, err
	}
	if err := tx.storeTerms(num, i); err != nil {
		return i, err
	}
	stored, err := row.incident()
	if err != nil {
		return i, err
	}
	return stored, tx.history(domain.SubjectIncident, row.Key, by, entries(domain.IncidentCreated(stored)))
}

func (tx *txn) storeTerms(num int64, i domain.Incident) error {
	if rows := termsOf(num, i); len(rows) > 0 {
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error
	}
	return nil
}

// checkRecurrence applies the domain's rule to a recurrence that is named.
func (tx *txn) checkRecurrence(scope domain.Scope, i domain.Incident) error {
	if i.RecurrenceOf == "" {
		return nil
	}
	var row incidentRow
	err := tx.Where("num = ?", incidentNumber(i.RecurrenceOf)).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && !scope.Allows(domain.TeamID(row.Team)) {
		return domain.Invalid("recurrence_of", "there is no incident %q", i.RecurrenceOf)
	}
	if err != nil {
		return err
	}
	earlier, err := row.incident()
	if err != nil {
		return err
	}
	if err := domain.CheckRecurrence(i, earlier); err != nil {
		return err
	}
	return domain.CheckRecurrenceChain(i.Key, earlier, func(key domain.IncidentKey) (domain.Incident, error) {
		var row incidentRow
		if err := tx.Where("num = ?", incidentNumber(key)).Take(&row).Error; err != nil {
			return domain.Incident{}, err
		}
		return row.incident()
	})
}

// Incident returns one incident.
func (db *DB) Incident(ctx context.Context, scope domain.Scope, key domain.IncidentKey) (domain.Incident, error) {
	var row incidentRow
	err := db.point(ctx).Where("num = ?", incidentNumber(key)).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && !scope.Allows(domain.TeamID(row.Team)) {
		return domain.Incident{}, notFound("incident", string(key))
	}
	if err != nil {
		return domain.Incident{}, asDomain(err)
	}
	return row.incident()
}

// IncidentByExternalID finds the incident an import made before.
func (db *DB) IncidentByExternalID(ctx context.Context, scope domain.Scope, id string) (domain.Incident, error) {
	var row incidentRow
	err := db.point(ctx).Where("external_id = ?", id).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && !scope.Allows(domain.TeamID(row.Team)) {
		return domain.Incident{}, notFound("incident with the external id", id)
	}
	if err != nil {
		return domain.Incident{}, asDomain(err)
	}
	return row.incident()
}

// UpdateIncident changes an incident. measures reads the incident's measures
// inside the transaction, for the closing gate. version 0 accepts any.
func (db *DB) UpdateIncident(ctx context.Context, scope domain.Scope, key domain.IncidentKey, version int64, by domain.Attribution,
	change func(i *domain.Incident, measures func() ([]domain.Measure, error)) error,
) (domain.Incident, error) {
	var i domain.Incident
	err := db.write(ctx, func(tx *txn) error {
		var row incidentRow
		err := tx.forUpdate().Where("num = ?", incidentNumber(key)).Take(&row).Error
		if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && !scope.Allows(domain.TeamID(row.Team)) {
			return notFound("incident", string(key))
		}
		if err != nil {
			return err
		}
		if version != 0 && version != row.Version {
			return stale("incident", string(key))
		}
		before, err := row.incident()
		if err != nil {
			return err
		}
		i = before
		i.Services, i.Causes, i.Tags = slices.Clone(i.Services), slices.Clone(i.Causes), slices.Clone(i.Tags)
		if err := change(&i, func() ([]domain.Measure, error) { return tx.measuresOf(key) }); err != nil {
			return err
		}
		if i.RecurrenceOf != before.RecurrenceOf {
			if err := tx.checkRecurrence(scope, i); err != nil {
				return err
			}
		}
		i, err = tx.recordIncident(row, before, i, by)
		return err
	})
	if err != nil {
		return domain.Incident{}, db.explainIncident(ctx, err, i)
	}
	return i, nil
}

func (tx *txn) recordIncident(row incidentRow, before, i domain.Incident, by domain.Attribution) (domain.Incident, error) {
	i.ID, i.Key, i.Version, i.CreatedAt = before.ID, before.Key, before.Version, before.CreatedAt
	after := newIncidentRow(i)
	same := after
	same.UpdatedAt = row.UpdatedAt
	if same == row {
		return before, nil
	}
	after.Version++
	if err := tx.update(&row, &after, "num", row.Num, row.Version); err != nil {
		if errors.Is(err, domain.ErrStale) {
			return i, stale("incident", row.Key)
		}
		return i, err
	}
	if after.Services != row.Services || after.Causes != row.Causes || after.Tags != row.Tags {
		if err := tx.Exec("DELETE FROM incident_terms WHERE incident = ?", row.Num).Error; err != nil {
			return i, err
		}
		if err := tx.storeTerms(row.Num, i); err != nil {
			return i, err
		}
	}
	stored, err := after.incident()
	if err != nil {
		return i, err
	}
	return stored, tx.history(domain.SubjectIncident, row.Key, by, entries(domain.IncidentChanges(before, stored)...))
}

func (tx *txn) measuresOf(key domain.IncidentKey) ([]domain.Measure, error) {
	var rows []measureRow
	if err := tx.Where("incident = ?", string(key)).Order("num").Find(&rows).Error; err != nil {
		return nil, err
	}
	measures := make([]domain.Measure, len(rows))
	for n, row := range rows {
		measures[n] = row.measure()
	}
	return measures, nil
}

func (db *DB) explainIncident(ctx context.Context, err error, i domain.Incident) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) && i.ExternalID != "" {
		return &domain.Error{Kind: domain.ErrConflict, Message: "an incident with the external id " + i.ExternalID + " is stored already", Err: err}
	}
	if !errors.Is(err, gorm.ErrForeignKeyViolated) {
		return err
	}
	return db.explainReferences(ctx, err, []reference{{"team", "teams", string(i.Team), "team"}})
}

func incidentOrders() map[string]string {
	return map[string]string{
		"started_at": "COALESCE(started_at, 0)",
		"severity":   "CASE severity WHEN '' THEN 'SEV9' ELSE severity END",
		"status": "CASE status WHEN 'new' THEN 0 WHEN 'active' THEN 1 WHEN 'mitigated' THEN 2 WHEN 'resolved' THEN 3 " +
			"WHEN 'in_review' THEN 4 WHEN 'closed' THEN 5 ELSE 6 END",
		"title":      "title",
		"created_at": "created_at",
		"updated_at": "updated_at",
		"key":        "num",
	}
}

// Incidents returns one page of the incidents that match.
func (db *DB) Incidents(ctx context.Context, scope domain.Scope, f domain.IncidentFilter, page domain.Page) (domain.List[domain.Incident], error) {
	none := domain.List[domain.Incident]{Total: -1}
	o, err := newOrder(page.Sort, incidentOrders(), "num")
	if err != nil {
		return none, err
	}
	l := listing{name: "incidents", table: "incidents", filter: f, order: o, conditions: incidentConditions(scope, f)}
	if err := l.find(db.read(ctx), db.onPostgres(), f.Query, incidentPrefix); err != nil {
		return none, asDomain(err)
	}
	total := -1
	if page.WithTotal {
		if total, err = l.count(db.read(ctx)); err != nil {
			return none, asDomain(err)
		}
	}
	heads, next, err := l.page(db.read(ctx), db.cursors, page)
	if err != nil || len(heads) == 0 {
		return domain.List[domain.Incident]{Total: total}, asDomain(err)
	}
	nums, places := make([]int64, len(heads)), make(map[int64]int, len(heads))
	for n, h := range heads {
		nums[n], places[h.num] = h.num, n
	}
	var rows []incidentRow
	if err := db.read(ctx).Where("num IN ?", padded(nums)).Find(&rows).Error; err != nil {
		return none, asDomain(err)
	}
	rows = slices.DeleteFunc(rows, func(r incidentRow) bool { return !scope.Allows(domain.TeamID(r.Team)) })
	slices.SortFunc(rows, func(a, b incidentRow) int { return places[a.Num] - places[b.Num] })
	items, err := incidentsOf(rows)
	return domain.List[domain.Incident]{Items: items, NextCursor: next, Total: total}, err
}

func incidentConditions(scope domain.Scope, f domain.IncidentFilter) conditions {
	var c conditions
	c.scope(scope)
	oneOf(&c, "status", f.Status)
	oneOf(&c, "severity", f.Severity)
	oneOf(&c, "team", f.Team)
	for _, t := range []struct{ kind, term string }{{"service", f.Service}, {"cause", f.Cause}, {"tag", f.Tag}} {
		if t.term != "" {
			c.add("num IN (SELECT incident FROM incident_terms WHERE kind = ? AND term = ?)", t.kind, t.term)
		}
	}
	if !f.From.IsZero() {
		c.add("started_at >= ?", int64(newInstant(f.From)))
	}
	if !f.To.IsZero() {
		c.add("started_at < ?", int64(newInstant(f.To)))
	}
	if f.RecurrenceOf != "" {
		c.add("recurrence_of = ?", string(f.RecurrenceOf))
	}
	return c
}

// EachIncident calls f for every incident in scope, in the order of the keys.
func (db *DB) EachIncident(ctx context.Context, scope domain.Scope, f func(domain.Incident) error) error {
	for last := int64(0); ; {
		var c conditions
		c.scope(scope)
		c.add("num > ?", last)
		var rows []incidentRow
		if err := db.read(ctx).Where(c.bare(), c.args...).Order("num").Limit(500).Find(&rows).Error; err != nil {
			return asDomain(err)
		}
		incidents, err := incidentsOf(rows)
		if err != nil {
			return err
		}
		for n, i := range incidents {
			if err := f(i); err != nil {
				return err
			}
			last = rows[n].Num
		}
		if len(rows) < 500 {
			return nil
		}
	}
}
