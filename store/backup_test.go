package store

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

func TestBackupWhileWriting(t *testing.T) {
	db := openSQLiteForTest(t)
	m := addMeasure(t, db, nil)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle(fmt.Sprint(n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	file := filepath.Join(t.TempDir(), "new folder", "backup.db")
	err := db.Backup(t.Context(), file)
	close(stop)
	writers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyBackup(t.Context(), file); err != nil {
		t.Error(err)
	}
	refused(t, "a file that exists", db.Backup(t.Context(), file), domain.ErrConflict)
	if _, err := os.Stat(file + ".part"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the part file is left: %v", err)
	}
}

func TestRestore(t *testing.T) {
	opt := testOptions(t, "sqlite://test.db")
	db := openForTest(t, opt)
	addMeasure(t, db, nil)
	file := filepath.Join(t.TempDir(), "backup.db")
	if err := db.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	addMeasure(t, db, nil)
	refused(t, "a database in use", Restore(t.Context(), file, opt), domain.ErrConflict)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), file, opt); err != nil {
		t.Fatal(err)
	}
	restored := openForTest(t, opt)
	if n := count(t, restored, "SELECT count(*) FROM measures"); n != 1 {
		t.Errorf("the restored database has %d measures, want 1", n)
	}
	kept := opt
	kept.URL = "sqlite://test.db.before-restore"
	if n := count(t, openForTest(t, kept), "SELECT count(*) FROM measures"); n != 2 {
		t.Errorf("the database from before has %d measures, want 2", n)
	}
	// Into an empty folder, as on a new machine.
	fresh := testOptions(t, "sqlite://sub/new.db")
	if err := Restore(t.Context(), file, fresh); err != nil {
		t.Fatal(err)
	}
	if n := count(t, openForTest(t, fresh), "SELECT count(*) FROM history"); n != 1 {
		t.Errorf("%d history rows", n)
	}
}

// A backup that is damaged in any way is refused and what is there stays.
func TestDamagedBackupIsRefused(t *testing.T) {
	opt := testOptions(t, "sqlite://test.db")
	db := openForTest(t, opt)
	for range 50 {
		addMeasure(t, db, func(m *domain.Measure) { m.Description = strings.Repeat("x", 3000) })
	}
	folder := t.TempDir()
	good := filepath.Join(folder, "good.db")
	if err := errors.Join(db.Backup(t.Context(), good), db.Close()); err != nil {
		t.Fatal(err)
	}
	content := must[[]byte](t)(os.ReadFile(good))
	write := func(name string, b []byte) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	flipped := append([]byte{}, content...)
	copy(flipped[5*4096:], strings.Repeat("\xff", 4096))
	for name, file := range map[string]string{
		"missing": filepath.Join(folder, "none.db"), "empty": write("empty.db", nil), "text": write("text.db", []byte("hello")),
		"half": write("half.db", content[:len(content)/8*4]), "flipped": write("flipped.db", flipped),
		"row gone": spoil(t, good, "DROP TRIGGER history_no_delete; DELETE FROM history WHERE seq = 7"),
		"orphans":  spoil(t, good, "UPDATE measures SET incident = 'INC-99'"),
		"newer":    spoil(t, good, "INSERT INTO schema_versions (version_id, is_applied) VALUES (9999, TRUE)"),
	} {
		if err := Restore(t.Context(), file, opt); err == nil {
			t.Errorf("%s: it was restored", name)
		}
	}
	if n := count(t, openForTest(t, opt), "SELECT count(*) FROM measures"); n != 50 {
		t.Errorf("the database has %d measures, want the 50 from before", n)
	}
}

// spoil changes a copy of a database behind the program's back.
func spoil(t testing.TB, file, statements string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "spoiled.db")
	if err := os.WriteFile(name, must[[]byte](t)(os.ReadFile(file)), 0o600); err != nil {
		t.Fatal(err)
	}
	opt := testOptions(t, "sqlite://"+name)
	db := must[*DB](t)(Open(t.Context(), opt))
	conn := must[*sql.Conn](t)(db.sql.Conn(t.Context()))
	for _, statement := range append([]string{"PRAGMA foreign_keys = 0"}, strings.Split(statements, ";")...) {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(conn.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestBackupOfPostgres(t *testing.T) {
	db := openPostgresForTest(t)
	refused(t, "a backup", db.Backup(t.Context(), filepath.Join(t.TempDir(), "x")), domain.ErrInvalid)
}
