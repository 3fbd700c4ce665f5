package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// SQLite's search indexes are brought up to date once per commit. FTS5 flushes
// whatever it holds at every savepoint, and operations that share a commit have
// one each; indexing inside them took half of a writer's time.

// indexes are the columns that each searchable table has in its index.
//
//nolint:gochecknoglobals // a constant table
var indexes = []struct {
	subject        domain.Subject
	table, columns string
}{
	{domain.SubjectMeasure, "measures", "title, description"}, {domain.SubjectIncident, "incidents", "title, summary"},
}

// indexWords brings the indexes in step with what the triggers have noted.
func indexWords(ctx context.Context, on gorm.ConnPool) error {
	for _, i := range indexes {
		index := i.table + "_text"
		var noted bool
		if err := on.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+index+"_due)").Scan(&noted); err != nil {
			return err
		}
		if !noted {
			continue
		}
		for _, statement := range []string{
			"INSERT INTO " + index + " (" + index + ", rowid, " + i.columns + ") SELECT 'delete', num, " + i.columns + " FROM " + index + "_due WHERE title IS NOT NULL",
			"INSERT INTO " + index + " (rowid, " + i.columns + ") SELECT num, " + i.columns + " FROM " + i.table + " WHERE num IN (SELECT num FROM " + index + "_due)",
			"DELETE FROM " + index + "_due",
		} {
			if _, err := on.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
	}
	return nil
}

// purgePages is what one step of a purge writes, so that other writers have
// their turn in between.
const purgePages = 500

// purgeWords rewrites the index of a subject without the words that no text has
// any more. An edit only marks them as gone; after an erasure they must leave the
// file.
func (db *DB) purgeWords(ctx context.Context, subject domain.Subject) error {
	for _, i := range indexes {
		if i.subject != subject {
			continue
		}
		index := i.table + "_text"
		pages := -purgePages // the first step takes up all segments
		for done := false; !done; pages = purgePages {
			err := db.write(ctx, func(tx *txn) error {
				var before, after int64
				count := "SELECT total_changes()"
				if err := tx.Raw(count).Scan(&before).Error; err != nil {
					return err
				}
				if err := tx.Exec("INSERT INTO "+index+" ("+index+", rank) VALUES ('merge', ?)", pages).Error; err != nil {
					return err
				}
				err := tx.Raw(count).Scan(&after).Error
				done = after-before < 2 // the engine's own sign that nothing was left to do
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
