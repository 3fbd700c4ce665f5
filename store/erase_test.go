package store

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

const personal = "Ana Zwetschgenknoedel"

// An erased text is in no file of the database and in no new backup, and every
// proof is as valid as before.
func TestErase(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m := work(t, db)
		m = must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("Ask "+personal)))
		m = must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("[erased]")))
		old, head := packOf(t, db)
		before := must[evidence.LogHead](t)(db.LogHead(t.Context()))
		n := must[int](t)(db.Erase(t.Context(), ana(), domain.SubjectMeasure, string(m.Key), []string{"title"}))
		if n != 9 {
			t.Errorf("%d values were erased, want 9: one of the creation, two of each of four changes", n)
		}
		for _, c := range changesOf(t, db, domain.SubjectMeasure, string(m.Key)) {
			if strings.Contains(c.From+c.To, "Zwetsch") {
				t.Errorf("the history still says %+v", c)
			}
		}
		last := changesOf(t, db, domain.SubjectMeasure, string(m.Key))
		if c := last[len(last)-1]; c.Kind != domain.ChangeErase || c.Field != "title" || c.To == "" {
			t.Errorf("the last row: %+v", c)
		}
		after := checkLog(t, db)
		if after.Size != before.Size+1 {
			t.Errorf("%d leaves after %d", after.Size, before.Size)
		}
		pack, head2 := packOf(t, db)
		v := evidence.Verify(bytes.NewReader(pack), int64(len(pack)), head2.Key, nil)
		if v.ExitCode() != 0 || v.Unopened != n {
			t.Errorf("a pack after the erasure: %s", v)
		}
		if bytes.Contains(pack, []byte("Zwetsch")) {
			t.Error("the new pack holds the text")
		}
		if v := evidence.Verify(bytes.NewReader(old), int64(len(old)), head.Key, nil); v.ExitCode() != 0 {
			t.Errorf("the pack from before: %s", v)
		}
		_, err := db.Erase(t.Context(), ana(), domain.SubjectMeasure, string(m.Key), []string{"title"})
		refused(t, "erasing what is gone", err, domain.ErrNotFound)
		_, err = db.Erase(t.Context(), ana(), domain.SubjectMeasure, "M-99", []string{"title"})
		refused(t, "an unknown measure", err, domain.ErrNotFound)
	})
}

func TestErasedTextIsInNoFile(t *testing.T) {
	db := openSQLiteForTest(t)
	m := work(t, db)
	m = must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("Ask Quittenmus about it")))
	person := must[domain.Person](t)(db.CreatePerson(t.Context(), ana(), domain.Person{ID: "p_x", Name: personal, Email: "zwetsch@example.org", Role: domain.Member, CreatedAt: testNow, UpdatedAt: testNow}))
	files := func() string {
		backup := filepath.Join(t.TempDir(), "backup.db")
		if err := db.Backup(t.Context(), backup); err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, name := range []string{db.file, db.file + "-wal", backup} {
			content, err := os.ReadFile(name)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			all.Write(content)
		}
		return all.String()
	}
	if !strings.Contains(files(), personal) {
		t.Fatal("the text is not where the test looks for it")
	}
	must[domain.Person](t)(db.UpdatePerson(t.Context(), ana(), person.ID, 0, func(p *domain.Person) error {
		p.Name, p.Email, p.Disabled = "[erased]", "", true
		return nil
	}))
	must[int](t)(db.Erase(t.Context(), ana(), domain.SubjectPerson, string(person.ID), nil))
	must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("[erased]")))
	must[int](t)(db.Erase(t.Context(), ana(), domain.SubjectMeasure, string(m.Key), []string{"title"}))
	checkLog(t, db)
	if all := files(); strings.Contains(all, personal) || strings.Contains(all, "zwetsch@example.org") || strings.Contains(strings.ToLower(all), "quittenmus") {
		t.Error("the text is still in a file")
	}
}

// Rows from before the log can be erased as well; their seal holds.
func TestEraseSealedRows(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m := work(t, db)
		unlog(t, db)
		if err := db.beginLog(t.Context()); err != nil {
			t.Fatal(err)
		}
		must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("[erased]")))
		must[int](t)(db.Erase(t.Context(), ana(), domain.SubjectMeasure, string(m.Key), []string{"title"}))
		checkLog(t, db)
		if n := count(t, db, "SELECT count(*) FROM history WHERE to_value LIKE '%Another title%' OR from_value LIKE '%Another title%'"); n != 0 {
			t.Errorf("%d rows still hold the text", n)
		}
	})
}
