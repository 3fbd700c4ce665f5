package store

import (
	"bytes"
	"errors"
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
	loadDataset(t, db, 20_000, false) // so large that the search index has parts that are not merged with each other
	m := must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), "M-1", 0, ana(), retitle("Ask Quittenmus about it")))
	for n := range int64(50) {
		must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), measureKey(2+n*300), 0, ana(), retitle("something else")))
	}
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

// Who said what, and who is named in a review, can be erased everywhere: from the
// review, its history, its messages and what was published of it.
func TestEraseReview(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		ctx, all := t.Context(), domain.Everything()
		i := addIncident(t, db, func(i *domain.Incident) { i.Summary = "Call " + personal })
		m := addMeasure(t, db, func(m *domain.Measure) { m.Incident, m.Description = i.Key, personal+" knows" })
		role := domain.ReviewEntry{ID: "e_role", Section: domain.SectionRole, Kind: domain.KindIncidentLead, Text: "on call", Person: personal}
		led := domain.ReviewEntry{ID: "e_led", Section: domain.SectionRole, Kind: domain.KindScribe, PersonID: "p_ana", DeputyID: "p_ana", Text: personal + " was away"}
		fact := domain.ReviewEntry{ID: "e_fact", Section: domain.SectionLesson, Kind: domain.KindLucky, Text: "nobody is named here"}
		must[domain.Review](t)(db.UpdateReview(ctx, all, i.Key, 0, ana(), reviewing(func(r *domain.Review) error {
			return errors.Join(r.Put(role, testNow), r.Put(led, testNow), r.Put(fact, testNow), summarise(personal+" fixed it")(r))
		})))
		must[domain.MessageImport](t)(db.AddMessages(ctx, all, i.Key, ana(), "", []domain.Message{{ID: "m_said", Channel: "ops", Sender: personal, Statement: "I am " + personal}}))
		must[domain.MessageImport](t)(db.AddMessages(ctx, all, i.Key, ana(), "slack.zip", []domain.Message{{ID: "m_read", Channel: "ops", Sender: personal, Statement: "me too"}}))
		must[int](t)(db.UpdateMessages(ctx, all, i.Key, ana(), "m_said", "", domain.MessageEdit{Diverges: domain.Some(personal + " said the opposite")}))
		must[domain.Review](t)(db.UpdateReview(ctx, all, i.Key, 0, ana(), func(r *domain.Review, i domain.Incident, plan func() ([]domain.Measure, []domain.Message, error)) (*domain.ReviewDocument, error) {
			measures, messages, err := plan()
			r.Published++
			return &domain.ReviewDocument{Review: *r, Incident: i, Measures: measures, Talk: domain.TalkOf(i, messages, domain.DefaultPolicy())}, err
		}))
		tables := map[string]string{"history": "from_value || to_value", "reviews": "summary || entries || words || published_words", "review_messages": "sender || statement || diverges",
			"review_versions": "document", "incidents": "summary", "measures": "description"}
		for table, columns := range tables {
			if count(t, db, "SELECT count(*) FROM "+table+" WHERE "+columns+" LIKE '%Zwetsch%'") == 0 {
				t.Fatalf("the text is not in %s", table)
			}
		}

		fields := []string{"summary", "entry/e_role", "entry/e_led", "message/m_said", "message/m_read"}
		must[domain.Review](t)(db.UpdateReview(ctx, all, i.Key, 0, ana(), reviewing(func(r *domain.Review) error { r.Erase(fields); return nil })))
		must[int](t)(db.Erase(ctx, ana(), domain.SubjectReview, string(i.Key), fields))
		_, err := db.UpdateMeasure(ctx, all, m.Key, 0, ana(), func(m *domain.Measure) error { m.Erase([]string{"description"}); return nil })
		if err != nil {
			t.Fatal(err)
		}
		must[int](t)(db.Erase(ctx, ana(), domain.SubjectMeasure, string(m.Key), []string{"description"}))
		_, err = db.UpdateIncident(ctx, all, i.Key, 0, ana(), func(i *domain.Incident, _ func() ([]domain.Measure, error)) error {
			i.Erase([]string{"summary"})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		must[int](t)(db.Erase(ctx, ana(), domain.SubjectIncident, string(i.Key), []string{"summary"}))

		for table, columns := range tables {
			if n := count(t, db, "SELECT count(*) FROM "+table+" WHERE "+columns+" LIKE '%Zwetsch%'"); n != 0 {
				t.Errorf("%d rows of %s still hold the text", n, table)
			}
		}
		v := must[domain.ReviewVersion](t)(db.ReviewVersion(ctx, all, i.Key, 1))
		if v.Document.Review.Summary != domain.ErasedText || len(v.Document.Review.Entries) != 3 || v.Document.Review.Section(domain.SectionRole)[1].PersonID != "" || v.Document.Talk.Diverging[0].Channel != "ops" {
			t.Errorf("what stays of the published version: %+v", v.Document)
		}
		if got := must[[]domain.Message](t)(db.Messages(ctx, all, i.Key)); len(got) != 2 || got[0].Statement != domain.ErasedText || got[0].Channel != "ops" {
			t.Errorf("messages: %+v", got)
		}
		checkLog(t, db)
		pack, head := packOf(t, db)
		if v := evidence.Verify(bytes.NewReader(pack), int64(len(pack)), head.Key, nil); v.ExitCode() != 0 || bytes.Contains(pack, []byte("Zwetsch")) {
			t.Errorf("a pack after the erasure: %s", v)
		}
		_, err = db.Erase(ctx, ana(), domain.SubjectReview, string(i.Key), fields)
		refused(t, "erasing what is gone", err, domain.ErrNotFound)
		_, err = db.Erase(ctx, ana(), domain.SubjectReview, string(i.Key), []string{"message/m_nobody"})
		refused(t, "an unknown message", err, domain.ErrNotFound)
		for _, statement := range []string{"UPDATE review_versions SET actor = 'x', erased_at = 1", "UPDATE review_versions SET document = '', erased_at = NULL"} {
			if _, err := db.sql.ExecContext(ctx, statement); err == nil || !strings.Contains(err.Error(), "published reviews are kept") {
				t.Errorf("%s: %v", statement, err)
			}
		}
	})
}
