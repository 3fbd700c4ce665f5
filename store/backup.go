package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/migrations"
)

// Backup writes a consistent copy of a running SQLite database to a new file
// and verifies it before the file gets its name.
func (db *DB) Backup(ctx context.Context, file string) error {
	if db.onPostgres() {
		return domain.Errorf(domain.ErrInvalid, "the database is PostgreSQL; use pg_dump --format=custom for a backup")
	}
	if _, err := os.Stat(file); err == nil {
		return domain.Errorf(domain.ErrConflict, "%s exists already; choose another name for the backup", file)
	}
	part := file + ".part"
	if err := errors.Join(removeIfThere(part), os.MkdirAll(filepath.Dir(file), 0o700)); err != nil {
		return err
	}
	if _, err := db.sql.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return fmt.Errorf("copy the database to %s: %w", part, errors.Join(err, removeIfThere(part)))
	}
	if err := os.Chmod(part, 0o600); err != nil {
		return err
	}
	if err := VerifyBackup(ctx, part); err != nil {
		return errors.Join(err, removeIfThere(part))
	}
	return publish(part, file)
}

// publish makes a finished file durable under its name.
func publish(part, file string) error {
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, file); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(file))
}

// syncFolder makes a rename durable; systems without it have nothing to do.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	_ = d.Sync() // not every system can sync a folder
	return d.Close()
}

func removeIfThere(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// VerifyBackup reads a copy completely and checks its structure, its
// references, its schema version and that the history has no gaps.
func VerifyBackup(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("the backup cannot be read: %w", err)
	}
	pool, err := sql.Open("sqlite", sqliteDSN(file, "mode=ro", "immutable=1"))
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }() // read only
	var verdict string
	if err := pool.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return fmt.Errorf("%s is not a readable database: %w", file, err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%s is damaged: %s", file, verdict)
	}
	var broken, rows, last, counter int64
	if err := pool.QueryRowContext(ctx, "SELECT count(*) FROM pragma_foreign_key_check").Scan(&broken); err != nil {
		return err
	}
	if broken > 0 {
		return fmt.Errorf("%s is damaged: %d rows refer to rows that are missing", file, broken)
	}
	if err := migrations.Check(ctx, pool, migrations.SQLite); err != nil {
		var old *migrations.OldSchemaError
		if !errors.As(err, &old) || old.Database == 0 {
			return err // an older backup is brought up to date when it is opened
		}
	}
	if err := pool.QueryRowContext(ctx, "SELECT count(*), COALESCE(MAX(seq), 0), (SELECT value FROM sequences WHERE name = 'history') FROM history").
		Scan(&rows, &last, &counter); err != nil {
		return err
	}
	if rows != last || last != counter {
		return fmt.Errorf("%s is incomplete: its history has %d rows and was counted to %d", file, rows, counter)
	}
	return verifyLog(ctx, pool, file)
}

// verifyLog checks that the log of a copy has all its leaves. A backup from
// before the log has none.
func verifyLog(ctx context.Context, pool *sql.DB, file string) error {
	var tables, leaves, last, size int64
	if err := pool.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'leaves'").Scan(&tables); err != nil || tables == 0 {
		return err
	}
	if err := pool.QueryRowContext(ctx, "SELECT count(*), COALESCE(MAX(num) + 1, 0), COALESCE((SELECT size FROM logs), 0) FROM leaves").Scan(&leaves, &last, &size); err != nil {
		return err
	}
	if leaves != last || last != size {
		return fmt.Errorf("%s is incomplete: its log has %d leaves and was counted to %d", file, leaves, size)
	}
	return nil
}

// Restore puts a verified backup in the place of an SQLite database that no
// process uses. What was there before is kept beside it with the suffix
// .before-restore.
func Restore(ctx context.Context, backup string, opt Options) error {
	file, err := sqliteFile(opt)
	if err != nil {
		return err
	}
	if err := VerifyBackup(ctx, backup); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	inUse := domain.Errorf(domain.ErrConflict, "%s is in use; stop followthrough and its commands before you restore a backup", file)
	for _, name := range []string{serviceLock(file), usersLock(file)} {
		lock, err := takeLock(name, false, inUse)
		if err != nil {
			return err
		}
		defer func() { _ = lock.Close() }() // the lock ends with the process at the latest
	}
	part := file + ".part"
	if err := copyFile(backup, part); err != nil {
		return errors.Join(err, removeIfThere(part))
	}
	if err := setAside(ctx, file); err != nil {
		return errors.Join(err, removeIfThere(part))
	}
	return publish(part, file)
}

// setAside keeps the present database, its write-ahead log folded in.
func setAside(ctx context.Context, file string) error {
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	pool, err := sql.Open("sqlite", sqliteDSN(file))
	if err != nil {
		return err
	}
	_, folded := pool.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	if err := pool.Close(); err != nil {
		return err
	}
	kept := file + ".before-restore"
	if folded != nil { // a damaged database: keep its log beside it as well
		if err := os.Rename(file+"-wal", kept+"-wal"); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return errors.Join(removeIfThere(file+"-wal"), removeIfThere(file+"-shm"), os.Rename(file, kept))
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = out.ReadFrom(in)
	return errors.Join(err, out.Close())
}
