package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/followthrough/followthrough/domain"
)

// maxAttempts bounds the repetitions of an operation that the database refused
// because of other operations at the same moment.
const maxAttempts = 5

// errRepeated says that another process has just used the same idempotency
// key; running the operation again finds its answer.
var errRepeated = errors.New("the idempotency key was used a moment ago")

// errOvertaken says that another change got the next place in the history of the
// same subject; running the operation again finds the place behind it.
var errOvertaken = errors.New("another change of the same subject was a moment faster")

// retryable reports whether the same operation may succeed when run again.
func retryable(err error) bool {
	if errors.Is(err, errRepeated) || errors.Is(err, errOvertaken) {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	return false
}

// withRetry is the one place that repeats an operation.
func withRetry(ctx context.Context, do func() error) error {
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || attempt == maxAttempts || ctx.Err() != nil || !retryable(err) {
			return err
		}
	}
}

// translateSQLite gives the engine's refusals the names GORM uses, which its
// own translation does for another driver only.
func translateSQLite(err error) error {
	var lite *sqlite.Error
	if !errors.As(err, &lite) {
		return err
	}
	switch lite.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return errors.Join(gorm.ErrDuplicatedKey, err)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return errors.Join(gorm.ErrForeignKeyViolated, err)
	}
	return err
}

// asDomain turns what the database says into an error that speaks to people.
// Everything unknown stays as it is: internal, and logged at the edge.
func asDomain(err error) error {
	var known *domain.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	switch {
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return &domain.Error{Kind: domain.ErrConflict, Message: "something with the same name or address is stored already", Err: err}
	case errors.Is(err, gorm.ErrForeignKeyViolated):
		return &domain.Error{Kind: domain.ErrInvalid, Message: "a person, team or incident that is named does not exist", Err: err}
	case unavailable(err):
		return &domain.Error{Kind: domain.ErrUnavailable, Message: "the database cannot be used at the moment; try again", Err: err}
	}
	return err
}

// What PostgreSQL says when somebody holds a lock for too long, and to the one
// who held it.
const (
	lockTimeout = "55P03"
	idleTimeout = "25P03"
)

// unavailable recognises faults that pass: a full disk, a lost connection, a
// database that shuts down.
func unavailable(err error) bool {
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN:
			return true
		}
		return false
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "53") || strings.HasPrefix(pg.Code, "08") ||
			pg.Code == lockTimeout || pg.Code == idleTimeout || retryable(err)
	}
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || pgconn.Timeout(err) && !errors.Is(err, context.Canceled)
}

// found gives "nothing there" its words.
func found(err error, what, key string) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return notFound(what, key)
	}
	return err
}

func notFound(what, key string) error {
	return domain.Errorf(domain.ErrNotFound, "%s %q does not exist", what, key)
}

func stale(what, key string) error {
	return domain.Errorf(domain.ErrStale, "%s %s was changed in the meantime; read it again and repeat your change", what, key)
}
