package store

import (
	"context"
	"errors"
	"slices"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// History returns one page of the history of a subject, oldest first; sort
// "-seq" gives the newest first.
func (db *DB) History(ctx context.Context, scope domain.Scope, subject domain.Subject, key string, page domain.Page) (domain.List[domain.Change], error) {
	none := domain.List[domain.Change]{Total: -1}
	if err := db.subjectInScope(ctx, scope, subject, key); err != nil {
		return none, err
	}
	o, err := newOrder(page.Sort, map[string]string{"seq": "subject_seq"}, "subject_seq")
	if err != nil {
		return none, err
	}
	l := listing{name: "history", table: "history", filter: []string{string(subject), key}, order: o}
	l.add("subject = ?", string(subject))
	l.add("key = ?", key)
	total := -1
	if page.WithTotal {
		if total, err = l.count(db.read(ctx)); err != nil {
			return none, asDomain(err)
		}
	}
	if page.Cursor != "" {
		values, err := db.cursors.decode(l.identity(), page.Cursor, len(o.exprs))
		if err != nil {
			return none, err
		}
		o.after(&l.conditions, values)
	}
	limit := pageLimit(page.Limit)
	direction := "subject_seq"
	if o.desc[0] {
		direction += " DESC"
	}
	var rows []changeRow
	if err := db.read(ctx).Where(l.bare(), l.args...).Order(direction).Limit(limit + 1).Find(&rows).Error; err != nil {
		return none, asDomain(err)
	}
	list := domain.List[domain.Change]{Total: total}
	if len(rows) > limit {
		rows = rows[:limit]
		list.NextCursor = db.cursors.encode(l.identity(), []any{rows[limit-1].SubjectSeq})
	}
	for _, row := range rows {
		list.Items = append(list.Items, row.change())
	}
	return list, nil
}

// subjectInScope hides the history of what the caller cannot see. The history
// of people, tokens and policies is for those who see everything.
func (db *DB) subjectInScope(ctx context.Context, scope domain.Scope, subject domain.Subject, key string) error {
	if scope.All {
		return nil
	}
	switch subject {
	case domain.SubjectMeasure:
		_, err := db.Measure(ctx, scope, domain.MeasureKey(key))
		return err
	case domain.SubjectIncident, domain.SubjectReview:
		_, err := db.Incident(ctx, scope, domain.IncidentKey(key))
		return err
	case domain.SubjectTracker:
		_, err := db.TrackerByID(ctx, scope, domain.TrackerID(key))
		return err
	case domain.SubjectCheck:
		_, err := db.Check(ctx, scope, domain.CheckKey(key))
		return err
	case domain.SubjectService:
		_, err := db.Service(ctx, scope, domain.ServiceID(key))
		return err
	case domain.SubjectPerson, domain.SubjectTeam, domain.SubjectToken, domain.SubjectPolicy, domain.SubjectAssessment, domain.SubjectView:
	}
	return notFound(string(subject), key)
}

// Note appends rows to the history of a subject without changing anything else:
// decisions that are nothing but their own record.
func (db *DB) Note(ctx context.Context, scope domain.Scope, by domain.Attribution, subject domain.Subject, key string, changes ...domain.FieldChange) error {
	if err := db.subjectInScope(ctx, scope, subject, key); err != nil {
		return err
	}
	return db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		if err := tx.history(subject, key, by, entries(changes...)); err != nil {
			return err
		}
		return tx.remember(by, subject, key)
	})
}

// EachChange calls f for every history row in scope after a number, in log
// order, without holding them all.
func (db *DB) EachChange(ctx context.Context, scope domain.Scope, afterSeq int64, f func(domain.Change) error) error {
	const batch = 1000
	var c conditions
	if !scope.All {
		var team conditions
		team.scope(scope)
		c.add("subject = 'measure' AND key IN (SELECT key FROM measures"+team.where()+
			") OR subject IN ('incident', 'review') AND key IN (SELECT key FROM incidents"+team.where()+
			") OR subject = 'check' AND key IN (SELECT key FROM crisis_checks"+team.where()+
			") OR subject = 'tracker' AND key IN (SELECT id FROM trackers"+team.where()+
			") OR subject = 'service' AND key IN (SELECT id FROM services"+team.where()+")",
			slices.Concat(team.args, team.args, team.args, team.args, team.args)...)
	}
	var rows []domain.Change
	for {
		var err error
		rows, err = db.scanChanges(ctx, changeRow{}, changeColumns(), " FROM history WHERE seq > ? AND "+c.bare()+" ORDER BY seq LIMIT ?",
			slices.Concat([]any{afterSeq}, c.args, []any{batch}), rows[:0])
		if err != nil {
			return asDomain(err)
		}
		for _, row := range rows {
			if err := f(row); err != nil {
				return err
			}
			afterSeq = row.Seq
		}
		if len(rows) < batch {
			return nil
		}
	}
}

// EachHistory calls f with the whole history of every subject of a kind that is
// in scope, one subject after the other in the order of their keys, without
// holding them all: the rows are f's until it returns. What statistics do not ask
// for, such as the request behind a change, is not read.
func (db *DB) EachHistory(ctx context.Context, scope domain.Scope, subject domain.Subject, f func(key string, rows []domain.Change) error) error {
	const batch = 1000
	if !scope.All {
		visible, err := db.keysInScope(ctx, scope, subject)
		if err != nil {
			return err
		}
		return db.eachHistoryOf(ctx, subject, visible, f)
	}
	var rows []domain.Change
	for last, limit := "", batch; ; {
		var err error
		rows, err = db.scanChanges(ctx, changeRow{Subject: string(subject)}, foldedColumns(),
			" FROM history WHERE subject = ? AND key > ? ORDER BY key, subject_seq LIMIT ?", []any{string(subject), last, limit}, rows[:0])
		if err != nil {
			return asDomain(err)
		}
		more := len(rows) == limit
		whole := rows
		if more { // the last history may go on; it is read again with the next batch
			for len(whole) > 0 && whole[len(whole)-1].Key == rows[limit-1].Key {
				whole = whole[:len(whole)-1]
			}
			if len(whole) == 0 {
				limit *= 2
				continue
			}
		}
		for len(whole) > 0 {
			n := 1
			for n < len(whole) && whole[n].Key == whole[0].Key {
				n++
			}
			changes := whole[:n:n]
			last, whole = whole[0].Key, whole[n:]
			if err := f(last, changes); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		limit = batch
	}
}

// HistoriesOf calls f with the whole history of the given subjects as far as they
// are in scope, as EachHistory does.
func (db *DB) HistoriesOf(ctx context.Context, scope domain.Scope, subject domain.Subject, keys []string, f func(key string, rows []domain.Change) error) error {
	if !scope.All {
		var visible []string
		for some := range slices.Chunk(keys, 500) {
			seen, err := db.keysInScope(ctx, scope, subject, some...)
			if err != nil {
				return err
			}
			visible = append(visible, seen...)
		}
		keys = visible
	}
	return db.eachHistoryOf(ctx, subject, slices.Compact(slices.Sorted(slices.Values(keys))), f)
}

// eachHistoryOf reads the histories of sorted keys, a few subjects at a time.
func (db *DB) eachHistoryOf(ctx context.Context, subject domain.Subject, keys []string, f func(key string, rows []domain.Change) error) error {
	const some = 128
	var rows []domain.Change
	for part := range slices.Chunk(keys, some) {
		var err error
		rows, err = db.scanChanges(ctx, changeRow{Subject: string(subject)}, foldedColumns(),
			" FROM history WHERE subject = ? AND key IN ? ORDER BY key, subject_seq", []any{string(subject), padded(slices.Clone(part))}, rows[:0])
		if err != nil {
			return asDomain(err)
		}
		for whole := rows; len(whole) > 0; {
			n := 1
			for n < len(whole) && whole[n].Key == whole[0].Key {
				n++
			}
			if err := f(whole[0].Key, whole[:n:n]); err != nil {
				return err
			}
			whole = whole[n:]
		}
	}
	return nil
}

// keysInScope reads the keys of the measures or incidents that the caller may
// see, in order; of the given ones, or all. Histories of people, tokens and
// policies are for those who see everything.
func (db *DB) keysInScope(ctx context.Context, scope domain.Scope, subject domain.Subject, of ...string) ([]string, error) {
	tables := map[domain.Subject]string{domain.SubjectMeasure: "measures", domain.SubjectIncident: "incidents", domain.SubjectReview: "incidents"}
	table, ok := tables[subject]
	if !ok {
		return nil, notFound(string(subject), "history")
	}
	var c conditions
	c.scope(scope)
	if len(of) > 0 {
		c.add("key IN ?", of)
	}
	var keys []string
	err := db.read(ctx).Raw("SELECT key FROM "+table+c.where()+" ORDER BY key", c.args...).Scan(&keys).Error
	return keys, asDomain(err)
}

// LogMark returns the secret number of one history row: two databases that hold
// a row of the same number agree in it only when one is a copy of the other.
func (db *DB) LogMark(ctx context.Context, seq int64) ([]byte, error) {
	var row struct{ Salt []byte }
	err := db.point(ctx).Raw("SELECT salt FROM history WHERE seq = ?", seq).Scan(&row).Error
	return row.Salt, asDomain(err)
}

// LastSeq returns the number of the newest history row; 0 when there is none.
func (db *DB) LastSeq(ctx context.Context) (int64, error) {
	var row struct{ Value int64 }
	err := db.point(ctx).Raw("SELECT value FROM sequences WHERE name = 'history'").Scan(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = nil
	}
	return row.Value, asDomain(err)
}
