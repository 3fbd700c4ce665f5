package store

import (
	"context"
	"fmt"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// checkStates replays the history of whatever has one state and compares the
// outcome with the row as it is: nothing changes without a history row. What
// runs meanwhile may change a subject between the two readings, so a difference
// counts when it is still there at the third look.
func (db *DB) checkStates(ctx context.Context) error {
	for _, s := range db.states() {
		erased, err := db.erasedKeys(ctx, s.subject)
		if err != nil {
			return err
		}
		check := func(key string, rows []domain.Change) error { return s.check(ctx, key, rows, erased[key]) }
		err = db.EachHistory(ctx, domain.Everything(), s.subject, func(key string, rows []domain.Change) error {
			err := check(key, rows)
			for range 2 {
				if err != nil {
					err = db.eachHistoryOf(ctx, s.subject, []string{key}, check)
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return db.checkStrangers(ctx)
}

// state reads the fields of a subject as they are now.
type state struct {
	subject domain.Subject
	now     func(ctx context.Context, key string) ([]domain.FieldChange, error)
}

func (db *DB) states() []state {
	return []state{
		{domain.SubjectMeasure, db.measureState},
		{domain.SubjectIncident, func(ctx context.Context, key string) ([]domain.FieldChange, error) {
			i, err := db.Incident(ctx, domain.Everything(), domain.IncidentKey(key))
			return domain.IncidentFields(i), err
		}},
		{domain.SubjectReview, func(ctx context.Context, key string) ([]domain.FieldChange, error) {
			r, err := db.Review(ctx, domain.Everything(), domain.IncidentKey(key))
			return domain.ReviewFields(r), err
		}},
		{domain.SubjectPerson, func(ctx context.Context, key string) ([]domain.FieldChange, error) {
			p, err := db.Person(ctx, domain.PersonID(key))
			return personFields(p), err
		}},
		{domain.SubjectTeam, func(ctx context.Context, key string) ([]domain.FieldChange, error) {
			t, err := db.Team(ctx, domain.TeamID(key))
			return teamFields(t), err
		}},
	}
}

func (db *DB) measureState(ctx context.Context, key string) ([]domain.FieldChange, error) {
	var row measureRow // not from the cache, which knows nothing of what went around the program
	if err := db.point(ctx).Where("num = ?", measureNumber(domain.MeasureKey(key))).Take(&row).Error; err != nil {
		return nil, asDomain(found(err, "measure", key))
	}
	m := row.measure()
	made, probe := domain.FieldChange{Field: "created_at", To: m.CreatedAt.UTC().Format(time.RFC3339Nano)}, domain.FieldChange{Field: "probe"}
	if p, err := db.ProbeFor(ctx, m); err != nil {
		return nil, err
	} else if p != nil {
		probe.To = p.Text()
	}
	return append(domain.MeasureFields(m), made, probe), nil
}

// check compares a subject with its history. What was erased from the history
// cannot be compared any more.
func (s state) check(ctx context.Context, key string, rows []domain.Change, erased bool) error {
	want := map[string]string{}
	for _, row := range rows {
		switch {
		case row.Kind == domain.ChangeCreate:
			if created, err := row.Created(); err == nil {
				want = created
			}
		case row.Sets():
			want[row.Field] = row.To
		}
	}
	fields, err := s.now(ctx, key)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.To != want[f.Field] && (!erased || want[f.Field] != "") {
			return fmt.Errorf("%s of %s %s is not what its history says", f.Field, s.subject, key)
		}
	}
	return nil
}

func (db *DB) erasedKeys(ctx context.Context, subject domain.Subject) (map[string]bool, error) {
	var keys []string
	if err := db.read(ctx).Raw("SELECT DISTINCT key FROM history WHERE subject = ? AND erased_at IS NOT NULL", string(subject)).Scan(&keys).Error; err != nil {
		return nil, asDomain(err)
	}
	erased := make(map[string]bool, len(keys))
	for _, key := range keys {
		erased[key] = true
	}
	return erased, nil
}

// checkStrangers looks for rows that no history tells of.
func (db *DB) checkStrangers(ctx context.Context) error {
	for what, query := range map[string]string{
		"measure":                          "SELECT key FROM measures AS m WHERE NOT EXISTS (SELECT 1 FROM history WHERE subject = 'measure' AND key = m.key)",
		"incident":                         "SELECT key FROM incidents AS i WHERE NOT EXISTS (SELECT 1 FROM history WHERE subject = 'incident' AND key = i.key)",
		"person":                           "SELECT id FROM people AS p WHERE NOT EXISTS (SELECT 1 FROM history WHERE subject = 'person' AND key = p.id)",
		"team":                             "SELECT id FROM teams AS t WHERE NOT EXISTS (SELECT 1 FROM history WHERE subject = 'team' AND key = t.id)",
		"the evidence of measure":          "SELECT measure FROM evidence AS e GROUP BY measure HAVING count(*) <> (SELECT count(*) FROM history WHERE subject = 'measure' AND key = e.measure AND kind = 'evidence')",
		"the count of evidence of measure": "SELECT key FROM measures AS m WHERE evidence_count <> (SELECT count(*) FROM evidence WHERE measure = m.key)",
	} {
		var keys []string
		if err := db.read(ctx).Raw(query + " LIMIT 1").Scan(&keys).Error; err != nil {
			return asDomain(err)
		}
		if len(keys) > 0 {
			return fmt.Errorf("%s %s is not what any history says", what, keys[0])
		}
	}
	return nil
}
