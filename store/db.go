package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/migrations"
)

// Options say which database to open and how.
type Options struct {
	// URL is sqlite://FILE (relative to DataDir) or postgres://USER:PASSWORD@HOST/NAME.
	URL string
	// DataDir holds the SQLite file when URL names a relative one.
	DataDir string
	// SecretKey encrypts tracker secrets and signs cursors: 32 bytes. Replicas share it.
	SecretKey []byte
	Logger    *slog.Logger
	// Now is the clock; nil means the computer's.
	Now func() time.Time
	// Zone is the organisation's time zone; nil means UTC.
	Zone *time.Location
	// App is the program's version; it is written into every history row.
	App string
	// ReadOnly opens an SQLite file beside a running program; writes are refused.
	ReadOnly bool
	// Exclusive keeps a second service away from an SQLite file: opening it
	// twice this way is refused with ErrConflict. Commands open beside it.
	Exclusive bool
	// CacheBytes bounds the measures kept in memory; 0 means 16 MiB.
	CacheBytes int
}

// DB is an open database. It is safe for use by several goroutines.
type DB struct {
	dialect migrations.Dialect
	// reads runs queries, writes runs operations; on PostgreSQL they share a pool.
	reads   *gorm.DB
	writes  executor
	sql     *sql.DB // the pool that may change the schema
	seal    sealer
	cursors cursorKey
	cache   *measureCache
	wake    *wakeups
	disk    turns
	log     *slog.Logger
	now     func() time.Time
	app     string
	file    string // the SQLite file
	closers []func() error
}

// executor runs one operation as one transaction.
type executor interface {
	run(ctx context.Context, do func(*gorm.DB) error) error
}

// Open opens the database. It does not touch the schema: see Migrate.
func Open(ctx context.Context, opt Options) (*DB, error) {
	db := &DB{log: opt.Logger, now: opt.Now, app: opt.App, wake: newWakeups()}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	if db.now == nil {
		db.now = systemClock
	}
	if opt.CacheBytes == 0 {
		opt.CacheBytes = 16 << 20
	}
	db.cache = newMeasureCache(opt.CacheBytes)
	db.cursors = cursorKey(sha256.Sum256(append([]byte("followthrough cursor\x00"), opt.SecretKey...)))
	var err error
	if db.seal, err = newSealer(opt.SecretKey); err != nil {
		return nil, err
	}
	switch scheme, _, _ := strings.Cut(opt.URL, "://"); scheme {
	case "sqlite":
		err = db.openSQLite(ctx, opt)
	case "postgres", "postgresql":
		err = db.openPostgres(ctx, opt)
	default:
		err = domain.Errorf(domain.ErrInvalid, "the database address starts with %q; write sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME", scheme)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// systemClock is the one place below cmd that reads the computer's clock: the
// default of Options.Now.
func systemClock() time.Time { return time.Now() } //nolint:forbidigo // default of an injected clock

// Close ends the background work and closes the connections.
func (db *DB) Close() error {
	var all error
	for _, v := range slices.Backward(db.closers) {
		all = errors.Join(all, v())
	}
	db.closers = nil
	return all
}

func (db *DB) atClose(f func() error) { db.closers = append(db.closers, f) }

// Migrate brings the schema up to date, begins the evidence log where there is
// none yet, and returns the applied steps.
func (db *DB) Migrate(ctx context.Context) ([]migrations.Step, error) {
	steps, err := migrations.Up(ctx, db.sql, db.dialect)
	if err != nil {
		return steps, err
	}
	if err := db.beginLog(ctx); err != nil || db.seal.aead == nil {
		return steps, err
	}
	_, err = db.LogKey(ctx) // now, so that every backup has it
	return steps, err
}

// MigrationStatus lists the steps this program knows.
func (db *DB) MigrationStatus(ctx context.Context) ([]migrations.Step, error) {
	return migrations.Status(ctx, db.sql, db.dialect)
}

// Ready reports whether the database answers and has the schema this program needs.
func (db *DB) Ready(ctx context.Context) error {
	return migrations.Check(ctx, db.sql, db.dialect)
}

// Dialect returns the engine behind the store.
func (db *DB) Dialect() migrations.Dialect { return db.dialect }

// txn is one running write operation. now is the one time of the operation.
type txn struct {
	*gorm.DB
	db    *DB
	now   time.Time
	woken bool
	held  string // the measure whose row this operation has locked
	again bool   // the operation ran before and was refused
	// unflushed is true when the commit will not wait for the disk.
	unflushed bool
}

// write runs an operation as one transaction and repeats it when the database
// asks for that. do may run several times and must only assign its results.
func (db *DB) write(ctx context.Context, do func(*txn) error) error {
	if db.writes == nil {
		return domain.Errorf(domain.ErrForbidden, "the database was opened for reading only")
	}
	var woken, again, unflushed bool
	err := db.writes.run(ctx, func(g *gorm.DB) error {
		tx := &txn{DB: g, db: db, now: db.now().UTC().Truncate(time.Microsecond), again: again}
		err := do(tx)
		woken, again, unflushed = tx.woken, true, tx.unflushed
		return err
	})
	if err == nil && unflushed {
		err = db.flush(ctx)
	}
	if err != nil {
		return asDomain(err)
	}
	if woken {
		db.wake.signal()
	}
	return nil
}

// read returns a session for queries.
func (db *DB) read(ctx context.Context) *gorm.DB { return db.reads.WithContext(ctx) }

// point returns a session for a query of a few rows by key. It cannot be
// cancelled: watching for that costs more than the query.
func (db *DB) point(ctx context.Context) *gorm.DB {
	return db.reads.WithContext(context.WithoutCancel(ctx))
}

func (db *DB) gormConfig() *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction: true, // write is the transaction
		QueryFields:            true, // SELECT lists the columns
		TranslateError:         true,
		DisableAutomaticPing:   true,
		Logger:                 logger.Discard, // SQL with values never reaches a log
	}
}

func (db *DB) onPostgres() bool { return db.dialect == migrations.Postgres }

func openError(what string, err error) error {
	return fmt.Errorf("open the database %s: %w", what, err)
}
