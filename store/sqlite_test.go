package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/migrations"
)

// Durability and integrity rest on these settings of every connection.
func TestSQLiteSettings(t *testing.T) {
	db := openSQLiteForTest(t)
	readers := db.reads.ConnPool.(*statements).on.(*sql.DB)
	if n := readers.Stats().MaxOpenConnections; n != sqliteReaders {
		t.Errorf("%d reading connections, want %d", n, sqliteReaders)
	}
	writer := db.writes.(*groupWriter).conn
	conns := map[string]interface {
		QueryRowContext(context.Context, string, ...any) *sql.Row
	}{"writer": writer}
	for _, name := range []string{"reader 1", "reader 2", "reader 3", "reader 4"} {
		conn, err := readers.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns[name] = conn
		if _, err := conn.ExecContext(t.Context(), "DELETE FROM sequences"); err == nil {
			t.Errorf("%s writes", name)
		}
	}
	for name, conn := range conns {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000",
			"trusted_schema": "0", "mmap_size": "0", "secure_delete": "1"} {
			var got string
			if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %s is %q, want %q (%v)", name, pragma, got, want, err)
			}
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	if info, err := os.Stat(db.file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v (%v)", info.Mode(), err)
	}
}

func TestSQLiteVersionIsChecked(t *testing.T) {
	for version, ok := range map[string]bool{"3.51.3": true, "3.54.1": true, "4.0.0": true, "3.51.2": false, "3.41.2": false, "2.99.99": false, "3.51.3x": false, "new": false} {
		if err := checkSQLiteVersion(version); (err == nil) != ok {
			t.Errorf("version %s: %v", version, err)
		}
	}
}

func TestDatabaseAddress(t *testing.T) {
	for name, url := range map[string]string{"no scheme": "data.db", "another engine": "mysql://x", "no file": "sqlite://", "options": "sqlite://x.db?mode=memory"} {
		_, err := Open(t.Context(), testOptions(t, url))
		refused(t, name, err, domain.ErrInvalid)
	}
	opt := testOptions(t, "sqlite://a.db")
	opt.SecretKey = []byte("short")
	if _, err := Open(t.Context(), opt); err == nil {
		t.Error("a short key was taken")
	}
	// Characters that mean something in an address stand for themselves.
	opt = testOptions(t, "sqlite://odd name%20&.db")
	db := openForTest(t, opt)
	if _, err := os.Stat(filepath.Join(opt.DataDir, "odd name%20&.db")); err != nil {
		t.Error(err)
	}
	addMeasure(t, db, nil)
}

func TestOneServicePerFile(t *testing.T) {
	opt := testOptions(t, "sqlite://test.db")
	opt.Exclusive = true
	service := openForTest(t, opt)
	_, err := Open(t.Context(), opt)
	refused(t, "a second service", err, domain.ErrConflict)
	if err != nil && !strings.Contains(err.Error(), "another followthrough service") {
		t.Errorf("the refusal says %q", err)
	}
	opt.Exclusive = false
	command := openForTest(t, opt) // commands work beside it, and see each other's writes
	m := addMeasure(t, service, nil)
	must[domain.Measure](t)(command.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("from the command line")))
	if got := must[domain.Measure](t)(service.Measure(t.Context(), domain.Everything(), m.Key)); got.Title != "from the command line" {
		t.Errorf("the service reads %q", got.Title)
	}
	must[domain.Measure](t)(service.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 2, ana(), retitle("from the service")))
	if err := service.Close(); err != nil {
		t.Fatal(err)
	}
	opt.Exclusive = true
	next := openForTest(t, opt)
	if got := must[domain.Measure](t)(next.Measure(t.Context(), domain.Everything(), m.Key)); got.Title != "from the service" {
		t.Errorf("the next service reads %q", got.Title)
	}
}

func TestReadOnly(t *testing.T) {
	opt := testOptions(t, "sqlite://test.db")
	m := addMeasure(t, openForTest(t, opt), nil)
	opt.ReadOnly = true
	db := must[*DB](t)(Open(t.Context(), opt))
	defer db.Close()
	if got := must[domain.Measure](t)(db.Measure(t.Context(), domain.Everything(), m.Key)); got.Title != m.Title {
		t.Errorf("read %q", got.Title)
	}
	_, err := db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("x"))
	refused(t, "a write", err, domain.ErrForbidden)
}

func TestClosedStore(t *testing.T) {
	db := must[*DB](t)(Open(t.Context(), testOptions(t, "sqlite://test.db")))
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	_, err := db.CreateMeasure(t.Context(), domain.Everything(), ana(), newMeasure(nil))
	refused(t, "a write", err, domain.ErrUnavailable)
}

// A panic in a caller's function must end that caller alone.
func TestWriterSurvivesPanicAndCancel(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_, _ = db.CreateMeasure(t.Context(), domain.Everything(), ana(), func(domain.MeasureKey) (domain.Measure, error) { panic("boom") })
		}()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := db.CreateMeasure(gone, domain.Everything(), ana(), newMeasure(nil)); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that has gone: %v", err)
		}
		if m := addMeasure(t, db, nil); m.Key != "M-1" {
			t.Errorf("the next measure is %s", m.Key)
		}
	})
}

func TestReady(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		if err := db.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		if steps, err := db.Migrate(t.Context()); err != nil || len(steps) != 0 {
			t.Errorf("migrating again: %v %v", steps, err)
		}
		for _, s := range must[[]migrations.Step](t)(db.MigrationStatus(t.Context())) {
			if !s.Applied {
				t.Errorf("%+v", s)
			}
		}
		if _, err := db.sql.ExecContext(t.Context(), "INSERT INTO schema_versions (version_id, is_applied) VALUES (9999, TRUE)"); err != nil {
			t.Fatal(err)
		}
		var newer *migrations.NewerSchemaError
		if err := db.Ready(t.Context()); !errors.As(err, &newer) || newer.Database != 9999 {
			t.Errorf("a newer schema: %v", err)
		}
		if _, err := db.Migrate(t.Context()); !errors.As(err, &newer) {
			t.Errorf("migrating a newer schema: %v", err)
		}
		if _, err := db.MigrationStatus(t.Context()); !errors.As(err, &newer) {
			t.Errorf("the status of a newer schema: %v", err)
		}
	})
	db := must[*DB](t)(Open(t.Context(), testOptions(t, "sqlite://empty.db")))
	defer db.Close()
	var old *migrations.OldSchemaError
	if err := db.Ready(t.Context()); !errors.As(err, &old) || !strings.Contains(err.Error(), "followthrough migrate") {
		t.Errorf("an empty database: %v", err)
	}
}
