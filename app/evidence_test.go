package app_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// shelf keeps a checkpoint in memory; wall takes comments.
type shelf struct{ note []byte }

func (s *shelf) Load() ([]byte, error)  { return s.note, nil }
func (s *shelf) Keep(note []byte) error { s.note = bytes.Clone(note); return nil }

type wall struct {
	comments []string
	fails    error
}

func (w *wall) Comment(_ context.Context, tracker domain.TrackerID, issue, text string) (string, error) {
	if w.fails == nil {
		w.comments = append(w.comments, text)
	}
	return "https://example.org/" + string(tracker) + "/" + issue, w.fails
}

func newAudit(t *testing.T) (*world, *shelf, *wall) {
	w, kept, posts := newWorld(t), &shelf{}, &wall{}
	w.Evidence.Kept, w.Evidence.Post = kept, posts
	return w, kept, posts
}

func TestSignKeepsTheHeadOutside(t *testing.T) {
	w, kept, _ := newAudit(t)
	if err := w.Evidence.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := kept.note
	if err := w.Evidence.Sign(t.Context()); err != nil || !bytes.Equal(first, kept.note) || len(first) == 0 {
		t.Errorf("a log that has not grown was signed anew: %v", err)
	}
	w.measure(nil)
	if err := w.Evidence.Sign(t.Context()); err != nil || bytes.Equal(first, kept.note) {
		t.Errorf("a log that has grown was not signed: %v", err)
	}
	status := must(w.Evidence.Status(t.Context(), auditor))(t)
	if status.Signed != string(kept.note) || status.Problem != "" || !status.SignedAt.Equal(w.at) {
		t.Errorf("status: %+v", status)
	}
}

// A log that lost signed leaves, or has others in their place, is never signed.
func TestInconsistentLogIsNeverSigned(t *testing.T) {
	ahead, kept, _ := newAudit(t)
	ahead.measure(nil)
	if err := ahead.Evidence.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
	key := must(ahead.db.LogKey(t.Context()))(t)
	signer := must(evidence.NewSigner(key))(t)
	head := must(ahead.db.LogHead(t.Context()))(t)
	for what, change := range map[string]func() (evidence.Checkpoint, error){
		"the log was cut":       func() (evidence.Checkpoint, error) { return evidence.Sign(signer, 0, head.Size+5, head.Root) },
		"the log was rewritten": func() (evidence.Checkpoint, error) { return evidence.Sign(signer, 0, head.Size-1, head.Root) },
		"a later epoch":         func() (evidence.Checkpoint, error) { return evidence.Sign(signer, 3, head.Size, head.Root) },
	} {
		t.Run(what, func(t *testing.T) {
			good := kept.note
			defer func() { kept.note = good }()
			kept.note = must(change())(t).Note
			bad := bytes.Clone(kept.note)
			err := ahead.Evidence.Sign(t.Context())
			var e *domain.Error
			if !errors.As(err, &e) || e.Code != "log_inconsistent" || !bytes.Equal(kept.note, bad) {
				t.Errorf("it was signed: %v", err)
			}
			if _, _, err := ahead.Evidence.ExportBytes(t.Context(), auditor, everything()); err == nil {
				t.Error("a pack was made of it")
			}
			if s := must(ahead.Evidence.Status(t.Context(), auditor))(t); s.Problem == "" {
				t.Error("the status hides it")
			}
			if line := must(ahead.Evidence.CheckpointForMail(t.Context()))(t); !strings.Contains(line, "Nothing is signed any more") {
				t.Errorf("the digest says %q", line)
			}
		})
	}
	foreign, _, _ := newAudit(t)
	kept.note = must(foreign.Evidence.Checkpoint(t.Context(), auditor))(t)
	if err := ahead.Evidence.Sign(t.Context()); err == nil {
		t.Error("a checkpoint of another log counts as none")
	}
}

func everything() app.PackQuery {
	return app.PackQuery{From: domain.MustDate("2026-01-01"), To: domain.MustDate("2026-12-31")}
}

func TestNewEpoch(t *testing.T) {
	w, kept, _ := newAudit(t)
	signer := must(evidence.NewSigner(must(w.db.LogKey(t.Context()))(t)))(t)
	head := must(w.db.LogHead(t.Context()))(t)
	lost := must(evidence.Sign(signer, 2, head.Size+7, head.Root))(t)
	kept.note = lost.Note
	_, err := w.Evidence.NewEpoch(t.Context(), auditor, "restored")
	wantKind(t, err, domain.ErrForbidden)
	_, err = w.Evidence.NewEpoch(t.Context(), admin, "")
	wantKind(t, err, domain.ErrInvalid)
	if epoch := must(w.Evidence.AfterRestore(t.Context(), admin, "old.db"))(t); epoch != 3 {
		t.Errorf("epoch %d, want the one after the lost one", epoch)
	}
	if epoch := must(w.Evidence.AfterRestore(t.Context(), admin, "old.db"))(t); epoch != 0 {
		t.Errorf("epoch %d although the log continues", epoch)
	}
	w.measure(nil)
	pack, content := packOf(t, w, everything())
	v := evidence.Verify(bytes.NewReader(content), int64(len(content)), pack.Key, lost.Note)
	if v.ExitCode() != 2 {
		t.Errorf("a pack after the restore, against a lost checkpoint: %s", v)
	}
	if v := evidence.Verify(bytes.NewReader(content), int64(len(content)), pack.Key, nil); v.ExitCode() != 0 || !strings.Contains(v.Origin, "epoch-3") {
		t.Errorf("a pack after the restore: %s", v)
	}
}

func packOf(t *testing.T, w *world, q app.PackQuery) (app.Pack, []byte) {
	t.Helper()
	pack, content, err := w.Evidence.ExportBytes(t.Context(), auditor, q)
	if err != nil {
		t.Fatal(err)
	}
	return pack, content
}

func TestExportScopes(t *testing.T) {
	w, _, _ := newAudit(t)
	i := w.incident(domain.IncidentEdit{})
	w.measure(func(n *domain.NewMeasure) { n.Incident = i.Key })
	w.measure(func(n *domain.NewMeasure) { n.Title = "Elsewhere"; n.Incident = "" })
	for name, q := range map[string]app.PackQuery{"all": {}, "incident": {Incident: i.Key}, "team": {Team: "t_b"}} {
		q.From, q.To = domain.MustDate("2026-01-01"), domain.MustDate("2026-12-31")
		pack, content := packOf(t, w, q)
		if v := evidence.Verify(bytes.NewReader(content), int64(len(content)), pack.Key, nil); v.ExitCode() != 0 {
			t.Errorf("%s: %s", name, v)
		}
		if has := bytes.Contains(content, []byte("Elsewhere")); has != (name == "all") {
			t.Errorf("%s: the measure of nowhere is in the pack: %v", name, has)
		}
	}
	q := everything()
	q.Incident = "INC-99"
	_, _, err := w.Evidence.ExportBytes(t.Context(), auditor, q)
	wantKind(t, err, domain.ErrNotFound)
	q = everything()
	q.From, q.To = q.To, q.From
	_, _, err = w.Evidence.ExportBytes(t.Context(), auditor, q)
	wantKind(t, err, domain.ErrInvalid)
	_, _, err = w.Evidence.ExportBytes(t.Context(), ana, everything())
	wantKind(t, err, domain.ErrForbidden)
}

func TestWitnesses(t *testing.T) {
	w, _, posts := newAudit(t)
	if err := w.Evidence.PostCheckpoint(t.Context()); err != nil || len(posts.comments) != 0 {
		t.Errorf("posted although no issue is configured: %v", err)
	}
	w.Evidence.Witness = must(app.ParseWitnessIssue("acme#12"))(t)
	posts.fails = domain.Errorf(domain.ErrUnavailable, "down")
	if err := w.Evidence.PostCheckpoint(t.Context()); err == nil {
		t.Error("a failed post counts")
	}
	if s := must(w.Evidence.Status(t.Context(), auditor))(t); len(s.Witnessed) != 0 {
		t.Errorf("nobody has seen it: %+v", s.Witnessed)
	}
	posts.fails = nil
	if err := w.Evidence.PostCheckpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := must(w.Evidence.Status(t.Context(), auditor))(t)
	if len(posts.comments) != 1 || !strings.Contains(posts.comments[0], s.Signed) || len(s.Witnessed) != 1 || s.Witnessed[0].Kind != evidence.WitnessTracker ||
		s.Witnessed[0].Reference != "https://example.org/acme/12" {
		t.Errorf("posted %q, status %+v", posts.comments, s)
	}
	w.at = w.at.Add(time.Hour)
	line := must(w.Evidence.CheckpointForMail(t.Context()))(t)
	if err := w.Evidence.MailedCheckpoint(t.Context(), line); err != nil {
		t.Fatal(err)
	}
	if s = must(w.Evidence.Status(t.Context(), auditor))(t); len(s.Witnessed) != 2 || s.Witnessed[0].Kind != evidence.WitnessMail {
		t.Errorf("after the digest: %+v", s.Witnessed)
	}
	// The line of the mail is as good a checkpoint as the file.
	w.measure(nil)
	pack, content := packOf(t, w, everything())
	if v := evidence.Verify(bytes.NewReader(content), int64(len(content)), pack.Key, []byte(line+"\n")); v.ExitCode() != 0 || !v.SinceGiven {
		t.Errorf("with the line of a mail: %s", v)
	}
	for _, bad := range []string{"acme", "acme#", "#12", "acme#1/2", "acme#1 2"} {
		if _, err := app.ParseWitnessIssue(bad); err == nil {
			t.Errorf("%q is an issue", bad)
		}
	}
}

// The same date gives the same bytes at any later time.
func TestAuditAsKnownOn(t *testing.T) {
	w, _, _ := newAudit(t)
	i := w.incident(domain.IncidentEdit{})
	m := w.measure(func(n *domain.NewMeasure) { n.Incident = i.Key })
	w.done(m.Key)
	cut := w.at
	register := func() string { return w.registerCSV(cut) }
	first := register()
	w.at = w.at.Add(24 * time.Hour)
	must(w.to(m.Key, ben, verdict(domain.Effective)))(t)
	w.measure(nil)
	if again := register(); again != first || !strings.Contains(first, string(m.Key)+","+string(i.Key)) {
		t.Errorf("the register of the date changed from\n%s\nto\n%s", first, again)
	}
	if text := w.registerCSV(time.Time{}); text == first || !strings.Contains(text, "effective") {
		t.Errorf("the register of today:\n%s", text)
	}
	traces := w.sample("", 9)
	if len(traces) != 1 || len(traces[0].Measures) != 1 || len(traces[0].Measures[0].Proofs) != 1 {
		t.Errorf("the traces: %+v", traces)
	}
	err := w.Evidence.Await(t.Context(), ana, time.Time{})
	wantKind(t, err, domain.ErrForbidden)
}

func TestSampleIsReproducible(t *testing.T) {
	w, _, _ := newAudit(t)
	for range 12 {
		w.incident(domain.IncidentEdit{})
	}
	keys := func(word string) string {
		var out []string
		for _, tr := range w.sample(word, 3) {
			out = append(out, tr.Incident.Key)
		}
		return strings.Join(out, " ")
	}
	if a, b := keys("dice 4 2"), keys("dice 4 2"); a != b || strings.Count(a, " ") != 2 {
		t.Errorf("%q and %q", a, b)
	}
	different := map[string]bool{}
	for _, word := range []string{"a", "b", "c", "d", "e", "f"} {
		different[keys(word)] = true
	}
	if len(different) < 2 {
		t.Error("the word does not matter")
	}
}

func TestErasure(t *testing.T) {
	w, _, _ := newAudit(t)
	m := w.measure(func(n *domain.NewMeasure) { n.Description = "Call Zwetschge" })
	for _, e := range []app.Erasure{
		{Subject: "measure", Key: string(m.Key), Fields: []string{"description"}},
		{Subject: "measure", Key: string(m.Key), Fields: []string{"status"}, Reason: "r"}, {Subject: "measure", Key: string(m.Key), Reason: "r"},
		{Subject: "review", Key: "INC-1", Reason: "r"}, {Subject: "review", Key: "INC-1", Fields: []string{"state"}, Reason: "r"},
		{Subject: "review", Key: "INC-1", Fields: []string{"message/a/audience"}, Reason: "r"}, {Subject: "policy", Key: "1", Fields: []string{"title"}, Reason: "r"},
	} {
		_, err := w.Evidence.Erase(t.Context(), admin, e)
		wantKind(t, err, domain.ErrInvalid)
	}
	e := app.Erasure{Subject: "measure", Key: string(m.Key), Fields: []string{"description"}, Reason: "Art. 17"}
	_, err := w.Evidence.Erase(t.Context(), ana, e)
	wantKind(t, err, domain.ErrForbidden)
	if n := must(w.Evidence.Erase(t.Context(), admin, e))(t); n != 2 {
		t.Errorf("%d values, want that of the creation and of the change that emptied it", n)
	}
	if got := must(w.db.Measure(t.Context(), domain.Everything(), m.Key))(t); got.Description != "" {
		t.Errorf("the measure still says %q", got.Description)
	}
	i := w.incident(domain.IncidentEdit{})
	review := must(w.Reviews.Edit(t.Context(), ana, i.Key, 0, domain.ReviewEdit{Summary: domain.Some("Zwetschge fixed it")}))(t)
	must(w.Evidence.Erase(t.Context(), admin, app.Erasure{Subject: "review", Key: string(i.Key), Fields: []string{"summary"}, Reason: "Art. 17"}))(t)
	if got := must(w.db.Review(t.Context(), domain.Everything(), review.Incident))(t); got.Summary != domain.ErasedText {
		t.Errorf("the review still says %q", got.Summary)
	}
	must(w.Evidence.Erase(t.Context(), admin, app.Erasure{Subject: "person", Key: "p_vic", Reason: "left"}))(t)
	if p := must(w.db.Person(t.Context(), "p_vic"))(t); p.Name != "[erased]" || !p.Disabled {
		t.Errorf("the person: %+v", p)
	}
	if err := w.Evidence.Check(t.Context(), auditor); err != nil {
		t.Error(err)
	}
	_, content := packOf(t, w, everything())
	if bytes.Contains(content, []byte("Zwetschge")) {
		t.Error("a new pack holds the text")
	}
}

func wantKind(t *testing.T, err error, kind domain.Kind) {
	t.Helper()
	if domain.KindOf(err) != kind {
		t.Errorf("got %v, want the kind %q", err, kind)
	}
}
