package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	engine "modernc.org/sqlite" // registers itself as "sqlite"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/migrations"
)

// sqliteReaders is the number of reading connections.
const sqliteReaders = 4

// sqliteDialector is GORM's dialect over the engine in pure Go, with the
// engine's own error codes.
type sqliteDialector struct{ sqlite.Dialector }

// Translate implements gorm.ErrorTranslator.
func (sqliteDialector) Translate(err error) error { return translateSQLite(err) }

// sqliteFile returns the file that a database address names.
func sqliteFile(opt Options) (string, error) {
	name := strings.TrimPrefix(opt.URL, "sqlite://")
	if name == "" || strings.ContainsAny(name, "?#") {
		return "", domain.Errorf(domain.ErrInvalid, "the database address %q names no file; write sqlite://followthrough.db", opt.URL)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(opt.DataDir, name)
	}
	return name, nil
}

func sqliteDSN(file string, options ...string) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(file)}
	pragmas := []string{"busy_timeout(5000)", "foreign_keys(1)", "synchronous(FULL)", "cache_size(-4000)",
		"temp_store(MEMORY)", "mmap_size(0)", "secure_delete(1)", "trusted_schema(0)"}
	query := url.Values{"_time_format": {"sqlite"}, "_timezone": {"UTC"}, "_pragma": pragmas}
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		query.Add(name, value)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// registerFold gives the engine a lower-casing that knows every script.
//
//nolint:gochecknoglobals // the engine keeps its functions once for the process
var registerFold = sync.OnceValue(func() error {
	return engine.RegisterDeterministicScalarFunction("fold", 1, func(_ *engine.FunctionContext, args []driver.Value) (driver.Value, error) {
		if text, ok := args[0].(string); ok {
			return strings.ToLower(text), nil
		}
		return args[0], nil
	})
})

func (db *DB) openSQLite(ctx context.Context, opt Options) error {
	db.dialect = migrations.SQLite
	if err := registerFold(); err != nil {
		return err
	}
	file, err := sqliteFile(opt)
	if err != nil {
		return err
	}
	db.file = file
	if opt.ReadOnly {
		return db.openSQLiteReaders(ctx, "mode=ro")
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return openError(file, err)
	}
	if err := db.takeLocks(opt.Exclusive); err != nil {
		return err
	}
	if err := createPrivate(file); err != nil {
		return openError(file, err)
	}
	if err := db.openSQLiteWriter(ctx); err != nil {
		return err
	}
	return db.openSQLiteReaders(ctx, "_pragma=query_only(1)")
}

// createPrivate makes sure that the file exists, for this user alone.
func createPrivate(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// takeLocks announces this process to a restore and, for a service, keeps a
// second one away: two services would each believe that they work alone.
func (db *DB) takeLocks(exclusive bool) error {
	if exclusive {
		lock, err := takeLock(serviceLock(db.file), false, domain.Errorf(domain.ErrConflict,
			"%s is in use by another followthrough service; stop that one, give this one a data folder of its own, "+
				"or use PostgreSQL when several services shall share a database", db.file))
		if err != nil {
			return err
		}
		db.atClose(lock.Close)
	}
	lock, err := takeLock(usersLock(db.file), true, domain.Errorf(domain.ErrConflict,
		"%s is being restored from a backup; try again when that is done", db.file))
	if err != nil {
		return err
	}
	db.atClose(lock.Close)
	return nil
}

func (db *DB) openSQLiteWriter(ctx context.Context) error {
	pool, err := sql.Open("sqlite", sqliteDSN(db.file, "_pragma=journal_mode(WAL)", "_txlock=immediate"))
	if err != nil {
		return openError(db.file, err)
	}
	db.atClose(pool.Close)
	pool.SetMaxOpenConns(2) // the writer's own, and one for migrations and backups
	if err := checkSQLite(ctx, pool); err != nil {
		return openError(db.file, err)
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return openError(db.file, err)
	}
	stmts := newStatements(conn)
	g, err := gorm.Open(sqliteDialector{sqlite.Dialector{DriverName: "sqlite", Conn: stmts}}, db.gormConfig())
	if err != nil {
		return errors.Join(openError(db.file, err), conn.Close())
	}
	w := newGroupWriter(conn, stmts, g)
	db.atClose(w.close)
	db.sql, db.writes = pool, w
	return nil
}

func (db *DB) openSQLiteReaders(ctx context.Context, option string) error {
	pool, err := sql.Open("sqlite", sqliteDSN(db.file, option))
	if err != nil {
		return openError(db.file, err)
	}
	db.atClose(pool.Close)
	pool.SetMaxOpenConns(sqliteReaders)
	pool.SetMaxIdleConns(sqliteReaders)
	if err := pool.PingContext(ctx); err != nil {
		return openError(db.file, err)
	}
	stmts := newStatements(pool)
	db.atClose(stmts.close)
	g, err := gorm.Open(sqliteDialector{sqlite.Dialector{DriverName: "sqlite", Conn: stmts}}, db.gormConfig())
	if err != nil {
		return openError(db.file, err)
	}
	db.reads = g
	if db.sql == nil {
		db.sql = pool
	}
	return nil
}

// checkSQLite refuses an engine that may corrupt data, and settings that did
// not take effect.
func checkSQLite(ctx context.Context, pool *sql.DB) error {
	var version string
	if err := pool.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return err
	}
	if err := checkSQLiteVersion(version); err != nil {
		return err
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := pool.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("the setting %s is %q instead of %q; the file system may not support it", pragma, got, want)
		}
	}
	return nil
}

// checkSQLiteVersion refuses releases with the write-ahead log fault that
// could corrupt a database.
func checkSQLiteVersion(version string) error {
	oldestSQLite := [3]int{3, 51, 3}
	for n, part := range strings.SplitN(version, ".", 3) {
		v, err := strconv.Atoi(part)
		if err != nil || v < oldestSQLite[n] {
			return fmt.Errorf("SQLite %s can corrupt a database in write-ahead mode; version 3.51.3 or newer is needed", version)
		}
		if v > oldestSQLite[n] {
			break
		}
	}
	return nil
}
