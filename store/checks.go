package store

import (
	"context"
	"errors"
	"strconv"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

const checkPrefix = "CHK-"

// CreateCheck stores a new check under the next key. A team has one draft at a time.
func (db *DB) CreateCheck(ctx context.Context, scope domain.Scope, by domain.Attribution, check domain.Check) (domain.Check, error) {
	var made domain.Check
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		if !scope.Allows(check.Team) {
			return domain.Invalid("team", "%q is not one of your teams", check.Team)
		}
		var drafts []string
		if err := tx.Raw("SELECT key FROM crisis_checks WHERE status = 'draft' AND COALESCE(team, '') = ?", string(check.Team)).Scan(&drafts).Error; err != nil {
			return err
		}
		if len(drafts) > 0 {
			return domain.Errorf(domain.ErrConflict, "%s is begun already; finish or discard it first", drafts[0])
		}
		num, err := tx.next("check", 1)
		if err != nil {
			return err
		}
		check.Key, check.Version = domain.CheckKey(checkPrefix+strconv.FormatInt(num, 10)), 1
		row := newCheckRow(check)
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		made = row.check(nil)
		if err := tx.history(domain.SubjectCheck, row.Key, by, entries(domain.CheckCreated(made))); err != nil {
			return err
		}
		return tx.remember(by, domain.SubjectCheck, row.Key)
	})
	switch {
	case errors.Is(err, gorm.ErrDuplicatedKey): // two began at the same time
		return domain.Check{}, domain.Errorf(domain.ErrConflict, "a check of this team is begun already; finish or discard it first")
	case errors.Is(err, gorm.ErrForeignKeyViolated):
		return domain.Check{}, db.explainReferences(ctx, err, []reference{{"team", "teams", string(check.Team), "team"}})
	}
	return made, err
}

// Checks lists the checks that match, in the order they were begun, with their
// answers unless the filter asks for none.
func (db *DB) Checks(ctx context.Context, scope domain.Scope, filter domain.CheckFilter) ([]domain.Check, error) {
	var c conditions
	c.scope(scope)
	if filter.Key != "" {
		c.add("num = ?", keyNumber(string(filter.Key), checkPrefix))
	}
	if filter.Team != nil {
		c.add("COALESCE(team, '') = ?", string(*filter.Team))
	}
	oneOf(&c, "status", filter.Status)
	var rows []checkRow
	if err := db.read(ctx).Where(c.bare(), c.args...).Order("num").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	if filter.Bare {
		checks := make([]domain.Check, len(rows))
		for n, row := range rows {
			checks[n] = row.check(nil)
		}
		return checks, nil
	}
	answers, err := checkAnswers(db.read(ctx).Where("crisis_check IN (SELECT key FROM crisis_checks"+c.where()+")", c.args...))
	if err != nil {
		return nil, asDomain(err)
	}
	checks := make([]domain.Check, len(rows))
	for n, row := range rows {
		checks[n] = row.check(answers[row.Key])
	}
	return checks, nil
}

func checkAnswers(query *gorm.DB) (map[string][]answerRow, error) {
	var rows []answerRow
	err := query.Find(&rows).Error
	out := map[string][]answerRow{}
	for _, row := range rows {
		out[row.CrisisCheck] = append(out[row.CrisisCheck], row)
	}
	return out, err
}

// Check returns one check with its answers.
func (db *DB) Check(ctx context.Context, scope domain.Scope, key domain.CheckKey) (domain.Check, error) {
	if keyNumber(string(key), checkPrefix) == 0 {
		return domain.Check{}, notFound("check", string(key))
	}
	checks, err := db.Checks(ctx, scope, domain.CheckFilter{Key: key})
	if err == nil && len(checks) == 0 {
		err = notFound("check", string(key))
	}
	if err != nil {
		return domain.Check{}, err
	}
	return checks[0], nil
}

// lockCheck reads a check for a change.
func (tx *txn) lockCheck(scope domain.Scope, key domain.CheckKey) (checkRow, domain.Check, error) {
	var row checkRow
	err := tx.forUpdate().Where("num = ?", keyNumber(string(key), checkPrefix)).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && !scope.Allows(domain.TeamID(row.Team)) {
		return row, domain.Check{}, notFound("check", string(key))
	}
	if err != nil {
		return row, domain.Check{}, err
	}
	answers, err := checkAnswers(tx.Where("crisis_check = ?", row.Key))
	return row, row.check(answers[row.Key]), err
}

// UpdateCheck changes a check. version guards against a decision on an older
// state; 0 accepts any.
func (db *DB) UpdateCheck(ctx context.Context, scope domain.Scope, key domain.CheckKey, version int64, by domain.Attribution,
	change func(*domain.Check) error,
) (domain.Check, error) {
	var check domain.Check
	err := db.write(ctx, func(tx *txn) error {
		before, was, err := tx.lockCheck(scope, key)
		if err != nil {
			return err
		}
		if version != 0 && version != before.Version {
			return stale("check", string(key))
		}
		check = was
		if err := change(&check); err != nil {
			return err
		}
		changes := domain.CheckChanges(was, check)
		if len(changes) == 0 {
			check = was
			return nil
		}
		after := newCheckRow(check)
		after.Version++
		if err := tx.update(&before, &after, "num", before.Num, before.Version); err != nil {
			return err
		}
		if err := tx.storeAnswers(was, check); err != nil {
			return err
		}
		check.Version = after.Version
		return tx.history(domain.SubjectCheck, before.Key, by, entries(changes...))
	})
	if err != nil {
		return domain.Check{}, err
	}
	return check, nil
}

// storeAnswers writes the answers that are new or different.
func (tx *txn) storeAnswers(before, after domain.Check) error {
	for _, a := range after.Answers {
		old, ok := before.Answered(a.Question)
		if ok && old == a {
			continue
		}
		row := newAnswerRow(after.Key, a)
		if !ok {
			if err := tx.Create(&row).Error; err != nil {
				return err
			}
			continue
		}
		done := tx.Model(&answerRow{}).Where("crisis_check = ? AND question = ?", row.CrisisCheck, row.Question).Select("*").Updates(&row)
		if done.Error != nil {
			return done.Error
		}
	}
	return nil
}

// CreateCheckMeasure stores the measure of a gap. create gets the measures that
// the question has already; the check is locked, so that two people who press
// the same button make one measure.
func (db *DB) CreateCheckMeasure(ctx context.Context, scope domain.Scope, by domain.Attribution, key domain.CheckKey,
	create func(key domain.MeasureKey, existing []domain.Measure) (domain.Measure, error),
) (domain.Measure, error) {
	var m domain.Measure
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		row, _, err := tx.lockCheck(scope, key)
		if err != nil {
			return err
		}
		var rows []measureRow
		if err := tx.Where("crisis_check IN (SELECT key FROM crisis_checks WHERE COALESCE(team, '') = ?)", string(row.Team)).Order("num").Find(&rows).Error; err != nil {
			return err
		}
		existing := make([]domain.Measure, len(rows))
		for n, r := range rows {
			existing[n] = r.measure()
		}
		num, err := tx.next("measure", 1)
		if err != nil {
			return err
		}
		if m, err = create(measureKey(num), existing); err != nil {
			return err
		}
		if m, err = tx.insertMeasure(num, m, by); err != nil {
			return err
		}
		return tx.remember(by, domain.SubjectMeasure, string(m.Key))
	})
	if err != nil {
		return domain.Measure{}, db.explain(ctx, err, m)
	}
	return m, nil
}
