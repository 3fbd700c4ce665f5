package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// CreateMeasure stores a new measure under the next key.
func (db *DB) CreateMeasure(ctx context.Context, scope domain.Scope, by domain.Attribution,
	create func(key domain.MeasureKey) (domain.Measure, error),
) (domain.Measure, error) {
	var m domain.Measure
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		num, err := tx.next("measure", 1)
		if err != nil {
			return err
		}
		if m, err = create(measureKey(num)); err != nil {
			return err
		}
		if !scope.Allows(m.Team) {
			return domain.Invalid("team", "%q is not one of your teams", m.Team)
		}
		if err := tx.incidentInScope(scope, m.Incident); err != nil {
			return err
		}
		if err := tx.checkSuccession(scope, m); err != nil {
			return err
		}
		m, err = tx.insertMeasure(num, m, by)
		if err != nil {
			return err
		}
		return tx.remember(by, domain.SubjectMeasure, string(m.Key))
	})
	if err != nil {
		return domain.Measure{}, db.explain(ctx, err, m)
	}
	return m, nil
}

// checkSuccession applies the domain's rule to the measure that is taken over
// from. The row stays locked: its verdict cannot change before the commit.
func (tx *txn) checkSuccession(scope domain.Scope, m domain.Measure) error {
	if m.Succeeds == "" {
		return nil
	}
	other, err := tx.lockNamed(scope, "succeeds", m.Succeeds)
	if err != nil {
		return err
	}
	return domain.CheckSuccession(m, other)
}

// insertMeasure stores a measure under its number, with its creation in the history.
func (tx *txn) insertMeasure(num int64, m domain.Measure, by domain.Attribution) (domain.Measure, error) {
	m.Key, m.Version = measureKey(num), 1
	row := newMeasureRow(m)
	if err := tx.Create(&row).Error; err != nil {
		return m, err
	}
	return row.measure(), tx.history(domain.SubjectMeasure, string(m.Key), by, entries(domain.MeasureCreated(row.measure())))
}

// Measure returns one measure.
func (db *DB) Measure(ctx context.Context, scope domain.Scope, key domain.MeasureKey) (domain.Measure, error) {
	num := measureNumber(key)
	if num == 0 {
		return domain.Measure{}, notFound("measure", string(key))
	}
	var version int64
	if err := db.point(ctx).Raw("SELECT version FROM measures WHERE num = ?", num).Scan(&version).Error; err != nil {
		return domain.Measure{}, asDomain(err)
	}
	if version == 0 {
		return domain.Measure{}, notFound("measure", string(key))
	}
	measures, err := db.hydrate(ctx, scope, []head{{num, version}})
	if err != nil {
		return domain.Measure{}, err
	}
	if len(measures) == 0 {
		return domain.Measure{}, notFound("measure", string(key))
	}
	return measures[0], nil
}

// hydrate turns heads into measures, from the cache where it has them. Rows
// that have left the scope in the meantime are left out.
func (db *DB) hydrate(ctx context.Context, scope domain.Scope, heads []head) ([]domain.Measure, error) {
	measures := make([]domain.Measure, len(heads))
	missing := db.cache.take(heads, measures)
	if len(missing) > 0 {
		nums := make([]int64, len(missing))
		places := make(map[int64]int, len(missing))
		for n, at := range missing {
			nums[n], places[heads[at].num] = heads[at].num, at
		}
		var rows []measureRow
		if err := db.point(ctx).Where("num IN ?", padded(nums)).Find(&rows).Error; err != nil {
			return nil, asDomain(err)
		}
		for _, row := range rows {
			m := row.measure()
			measures[places[row.Num]] = m
			db.cache.put(row.Num, m)
		}
	}
	kept := measures[:0]
	for _, m := range measures {
		if m.Key != "" && scope.Allows(m.Team) {
			kept = append(kept, m)
		}
	}
	return kept, nil
}

// padded repeats the last number up to a power of two, so that few different
// statements are needed for lists of any length.
func padded[T any](nums []T) []T {
	size := 1
	for size < len(nums) {
		size *= 2
	}
	for len(nums) < size {
		nums = append(nums, nums[len(nums)-1])
	}
	return nums
}

// UpdateMeasure changes a measure. version guards against a decision on an
// older state; 0 accepts any.
func (db *DB) UpdateMeasure(ctx context.Context, scope domain.Scope, key domain.MeasureKey, version int64, by domain.Attribution,
	change func(*domain.Measure) error,
) (domain.Measure, error) {
	var m domain.Measure
	err := db.write(ctx, func(tx *txn) error {
		row, err := tx.lockMeasure(scope, key)
		if err != nil {
			return err
		}
		if version != 0 && version != row.Version {
			return stale("measure", string(key))
		}
		m = row.measure()
		if err := change(&m); err != nil {
			return err
		}
		if m.Incident != domain.IncidentKey(row.Incident) {
			if err := tx.incidentInScope(scope, m.Incident); err != nil {
				return err
			}
		}
		if m.DuplicateOf != domain.MeasureKey(row.DuplicateOf) {
			if err := tx.checkSurvivor(scope, m); err != nil {
				return err
			}
		}
		m, err = tx.recordMeasure(row, m, by, "", nil)
		return err
	})
	if err != nil {
		return domain.Measure{}, db.explain(ctx, err, m)
	}
	return m, nil
}

// checkSurvivor applies the domain's rule to the measure that goes on in place
// of a duplicate. Its row stays locked, so two measures cannot become
// duplicates of each other at the same time.
func (tx *txn) checkSurvivor(scope domain.Scope, m domain.Measure) error {
	if m.DuplicateOf == "" {
		return nil
	}
	other, err := tx.lockNamed(scope, "duplicate_of", m.DuplicateOf)
	if err != nil {
		return err
	}
	return domain.CheckSurvivor(m, other)
}

// lockNamed reads and locks a measure that a field of another one names.
func (tx *txn) lockNamed(scope domain.Scope, field string, key domain.MeasureKey) (domain.Measure, error) {
	row, err := tx.lockMeasure(scope, key)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.Measure{}, domain.Invalid(field, "there is no measure %q", key)
	}
	return row.measure(), err
}

// lockMeasure reads a measure for a change.
func (tx *txn) lockMeasure(scope domain.Scope, key domain.MeasureKey) (measureRow, error) {
	var row measureRow
	err := tx.forUpdate().Where("num = ?", measureNumber(key)).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && !scope.Allows(domain.TeamID(row.Team)) {
		return row, notFound("measure", string(key))
	}
	tx.held = row.Key
	return row, err
}

// recordMeasure is the one way a stored measure changes: the row with its
// version raised, the wake-up of its live links except one, and the history.
// A change of nothing leaves the version alone.
func (tx *txn) recordMeasure(before measureRow, m domain.Measure, by domain.Attribution, except domain.LinkID, further []entry) (domain.Measure, error) {
	m.Key, m.ID = domain.MeasureKey(before.Key), before.ID
	m.Version, m.CreatedAt = before.Version, before.CreatedAt.time()
	after := newMeasureRow(m)
	rows := append(entries(domain.MeasureChanges(before.measure(), after.measure())...), further...)
	same := after
	same.UpdatedAt, same.ChangedFrom = before.UpdatedAt, before.ChangedFrom
	if same != before {
		after.Version++
		if err := tx.update(&before, &after, "num", before.Num, before.Version); err != nil {
			if errors.Is(err, domain.ErrStale) {
				return m, stale("measure", before.Key)
			}
			return m, err
		}
		if err := tx.wakeLinks(m.Key, except); err != nil {
			return m, err
		}
	} else {
		after = before
	}
	return after.measure(), tx.history(domain.SubjectMeasure, before.Key, by, rows)
}

// wakeLinks enqueues the work of a measure's live links.
func (tx *txn) wakeLinks(key domain.MeasureKey, except domain.LinkID) error {
	var ids []string
	if err := tx.Raw("SELECT id FROM links WHERE measure = ? AND live", string(key)).Scan(&ids).Error; err != nil {
		return err
	}
	args := make(map[string]string, len(ids))
	for _, id := range ids {
		if domain.LinkID(id) != except {
			args[linkWork(domain.LinkID(id))] = id
		}
	}
	return tx.enqueue(LinkWork, args)
}

// LinkWork is the kind of work that brings one link up to date; its key is
// "link:" and the link's id, its argument the id.
const LinkWork = "link"

func linkWork(id domain.LinkID) string { return LinkWork + ":" + string(id) }

// incidentInScope refuses to put a measure under an incident the caller cannot see.
func (tx *txn) incidentInScope(scope domain.Scope, key domain.IncidentKey) error {
	if key == "" {
		return nil
	}
	var teams []ref
	if err := tx.Raw("SELECT team FROM incidents WHERE num = ?", incidentNumber(key)).Scan(&teams).Error; err != nil {
		return err
	}
	if len(teams) == 0 || !scope.Allows(domain.TeamID(teams[0])) {
		return domain.Invalid("incident", "there is no incident %q", key)
	}
	return nil
}

// explain says which reference of a refused measure points nowhere. It runs
// after the refusal, so that the ordinary case pays nothing for it.
func (db *DB) explain(ctx context.Context, err error, m domain.Measure) error {
	if !errors.Is(err, gorm.ErrForeignKeyViolated) {
		return err
	}
	return db.explainReferences(ctx, err, []reference{
		{"owner", "people", string(m.Owner), "person"}, {"deputy", "people", string(m.Deputy), "person"},
		{"team", "teams", string(m.Team), "team"},
	})
}

// reference is one input that names another row.
type reference struct{ field, table, id, what string }

func (db *DB) explainReferences(ctx context.Context, err error, references []reference) error {
	for _, r := range references {
		var n int
		if r.id == "" || db.point(ctx).Raw("SELECT count(*) FROM "+r.table+" WHERE id = ?", r.id).Scan(&n).Error != nil || n > 0 {
			continue
		}
		return domain.Invalid(r.field, "there is no %s %q", r.what, r.id)
	}
	return err
}
