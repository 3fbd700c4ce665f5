package store

import (
	"errors"

	"gorm.io/gorm"
)

// OnQuery calls f before every query that reads, with its text as far as it is
// known by then. It is for tests that hold a page to a number of queries, and
// must be set before the database is used.
func (db *DB) OnQuery(f func(sql string)) error {
	note := func(tx *gorm.DB) { f(tx.Statement.SQL.String()) }
	callbacks := db.reads.Callback()
	return errors.Join(callbacks.Query().Before("gorm:query").Register("followthrough:query", note),
		callbacks.Row().Before("gorm:row").Register("followthrough:row", note))
}
