package store

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// Erase takes the texts of some fields out of the history of a subject, with
// the random numbers that open their commitments, and writes into the history
// how many there were. Leaves and proofs stay as they are. Fields are those of
// history rows, or "reason"; none means every text that the log hides but who
// made the change. What the subject says now is for the caller to change first.
func (db *DB) Erase(ctx context.Context, by domain.Attribution, subject domain.Subject, key string, fields []string) (int, error) {
	erased := 0
	err := db.write(ctx, func(tx *txn) error {
		erased = 0
		if _, err := tx.next("history", 0); err != nil { // nobody adds a row meanwhile
			return err
		}
		var rows []changeRow
		if err := tx.Where("subject = ? AND key = ?", string(subject), key).Order("subject_seq").Find(&rows).Error; err != nil {
			return err
		}
		if len(rows) == 0 {
			return notFound(string(subject), key)
		}
		counts := map[string]int{}
		for _, row := range rows {
			if err := tx.eraseRow(row, fields, counts); err != nil {
				return err
			}
		}
		if err := tx.eraseCopies(subject, key, fields, counts); err != nil {
			return err
		}
		var said []entry
		for _, field := range slices.Sorted(maps.Keys(counts)) {
			erased += counts[field]
			said = append(said, entry{FieldChange: evidence.ErasedField(field, counts[field])})
		}
		if erased == 0 {
			return domain.Errorf(domain.ErrNotFound, "%s %s has no text of %s left to erase", subject, key, strings.Join(fields, ", "))
		}
		return tx.history(subject, key, by, said)
	})
	if err != nil {
		return 0, err
	}
	return erased, db.forgetErased(ctx, subject)
}

// eraseRow erases what matches in one row, and counts it by field.
func (tx *txn) eraseRow(row changeRow, fields []string, counts map[string]int) error {
	if row.Kind == string(domain.ChangeErase) {
		return nil
	}
	matches := func(field string) bool {
		if message, ok := strings.CutSuffix(field, "/diverges"); ok && strings.HasPrefix(field, domain.MessageField) {
			field = message // what else was said is part of it
		}
		return len(fields) == 0 && field != "actor" || slices.Contains(fields, field)
	}
	change := row.change()
	var n int
	if row.Leaf == nil {
		sealed := row.sealed()
		if n = evidence.EraseSealed(&change, matches, counts); n > 0 {
			row.Salt = sealed
		}
	} else {
		var leaf leafRow
		if err := tx.Where("num = ?", *row.Leaf).Take(&leaf).Error; err != nil {
			return err
		}
		l, err := evidence.ParseLeaf(leaf.Body)
		if err != nil {
			return err
		}
		n = evidence.Erase(l, &change, row.Salt, func(name string) bool {
			token, _, _ := strings.Cut(name, "/")
			field, err := url.PathUnescape(token)
			if err != nil || !matches(field) {
				return false
			}
			counts[field]++
			return true
		})
	}
	if n == 0 {
		return nil
	}
	return tx.Exec("UPDATE history SET from_value = ?, to_value = ?, actor = ?, on_behalf = ?, external = ?, request = ?, reason = ?, salt = ?, erased_at = ? WHERE seq = ?",
		change.From, change.To, change.Actor, string(change.OnBehalf), change.External, change.Request, change.Reason, row.Salt, newInstant(tx.now), row.Seq).Error
}

// forgetErased purges SQLite's search index of such subjects, if they have one,
// and empties its write-ahead log, which holds pages as they were before. Deleted
// content in the file itself is overwritten at once.
func (db *DB) forgetErased(ctx context.Context, subject domain.Subject) error {
	if db.onPostgres() {
		return nil
	}
	if err := db.purgeWords(ctx, subject); err != nil {
		return err
	}
	_, err := db.sql.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// EachSealed calls f for every history row from before the log, in order.
func (db *DB) EachSealed(ctx context.Context, f func(domain.Change) error) error {
	return asDomain(eachSealed(db.read(ctx), func(row changeRow) error { return f(row.change()) }))
}
