package notify_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/notify"
	"github.com/followthrough/followthrough/notify/mailtest"
	"github.com/followthrough/followthrough/store"
)

// office is real operations on a real store, whose letters go to a real mail
// server on loopback.
type office struct {
	*notify.Runner
	t      *testing.T
	db     *store.DB
	app    *app.App
	server *mailtest.Server
	mu     sync.Mutex
	at     time.Time
	log    bytes.Buffer
}

// desk is the operations as the runner sees them.
type desk struct{ *app.Reminders }

func (d desk) Round(ctx context.Context) (int, time.Time, error) {
	r, err := d.Reminders.Round(ctx)
	return r.Notices, r.Next, err
}

func (o *office) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.at
}

func (o *office) move(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at = o.at.Add(d)
}

func newOffice(t *testing.T) *office {
	t.Helper()
	// A Monday, at nine in Berlin: reminders and digest are due.
	o := &office{t: t, at: time.Date(2026, 12, 7, 8, 0, 0, 0, time.UTC), server: mailtest.New(t, mailtest.Options{})}
	var err error
	o.db, err = store.Open(t.Context(), store.Options{URL: "sqlite://test.db", DataDir: t.TempDir(), SecretKey: bytes.Repeat([]byte{7}, 32), Now: o.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := o.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.app = app.New(app.Options{Store: o.db, Now: o.now, Zone: time.UTC, Language: "en", Ways: app.Ways{Mail: true}})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, o.server.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	mail, err := notify.NewMail("smtp://"+o.server.Addr+"?ca="+ca, "noreply@example.org")
	if err != nil {
		t.Fatal(err)
	}
	o.Runner = &notify.Runner{Desk: desk{o.app.Reminders}, Box: o.db, Mail: mail, PublicURL: "https://ft.example.org", Now: o.now,
		Log: slog.New(slog.NewTextHandler(&o.log, nil)), Owner: "test"}
	for _, p := range []domain.Person{{ID: "p_ana", Name: "Ana Roth", Email: "ana@example.org", Role: domain.Member}, {ID: "p_ben", Name: "Ben Grün", Email: "ben@example.org", Role: domain.Member, Language: "de"}} {
		if _, err := o.app.People.Create(t.Context(), domain.System(), p); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func (o *office) due(owner domain.PersonID, title string) domain.MeasureKey {
	o.t.Helper()
	m, err := o.app.Measures.Create(o.t.Context(), domain.System(), domain.NewMeasure{Title: title, Kind: domain.Detect, Priority: domain.P1, Owner: owner,
		Status: domain.Accepted, DueOn: domain.MustDate("2026-12-09"), Metric: domain.Metric{NotMeasurable: "x"}})
	if err != nil {
		o.t.Fatal(err)
	}
	return m.Key
}

// work does everything that is due now.
func (o *office) work() {
	o.t.Helper()
	if err := o.db.ScheduleAt(o.t.Context(), domain.KeyRound, domain.KindRound, o.now()); err != nil {
		o.t.Fatal(err)
	}
	for o.Step(o.t.Context()) > 0 {
	}
}

func (o *office) notices(state domain.NoticeState) []domain.Notice {
	o.t.Helper()
	list, err := o.app.Reminders.Notices(o.t.Context(), domain.System(), domain.NoticeFilter{State: []domain.NoticeState{state}}, domain.Page{})
	if err != nil {
		o.t.Fatal(err)
	}
	return list.Items
}

// TestLettersGoOut: each person gets one reminder with all their measures, in
// their language, and the digest with the line of the evidence log.
func TestLettersGoOut(t *testing.T) {
	o := newOffice(t)
	o.Checkpoint = func(context.Context) (string, error) { return "example.org/log 17 AbC=", nil }
	o.due("p_ana", "First")
	o.due("p_ana", "Second")
	o.due("p_ben", "Third")
	o.work()
	want := map[string]string{
		"ana@example.org Followthrough: 2 measures to look at":                       "M-1  First",
		"ben@example.org Followthrough: eine Maßnahme steht an":                      "in 2 Tagen fällig",
		"ana@example.org Followthrough: measures in the week of 7 December 2026":     "example.org/log 17 AbC=",
		"ben@example.org Followthrough: Maßnahmen in der Woche vom 7. Dezember 2026": "M-3  Third",
	}
	for _, m := range o.server.Mails() {
		subject := decoded(t, m.Parse(t).Header.Get("Subject"))
		text, ok := want[m.To+" "+subject]
		if !ok || !strings.Contains(quoted(t, m.Raw), text) {
			t.Errorf("to %s: %q lacks %q\n%s", m.To, subject, text, m.Raw)
		}
		delete(want, m.To+" "+subject)
	}
	if len(want) > 0 {
		t.Errorf("not sent: %v", want)
	}
	sent := len(o.server.Mails())
	o.move(time.Hour)
	o.work()
	if again := len(o.server.Mails()); again != sent {
		t.Errorf("%d mails after %d", again, sent)
	}
	if n := o.notices(domain.NoticeSent); len(n) != 4 || n[0].SentAt.IsZero() {
		t.Errorf("sent: %+v", n)
	}
}

// TestDigestWithoutCheckpoint: no evidence log, no line; a failing one holds
// the digest up and nothing else.
func TestFailingCheckpoint(t *testing.T) {
	o := newOffice(t)
	o.due("p_ana", "First")
	o.Checkpoint = func(context.Context) (string, error) { return "", errors.New("the disk holds secrets") }
	o.work()
	if n := len(o.server.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
	waiting := o.notices(domain.NoticeWaiting)
	if len(waiting) != 2 || strings.Contains(waiting[0].LastError, "secrets") || !strings.Contains(o.log.String(), "secrets") {
		t.Errorf("waiting: %+v", waiting)
	}
	o.Checkpoint = nil
	o.move(time.Minute)
	o.work()
	if n := len(o.server.Mails()); n != 3 {
		t.Errorf("%d mails", n)
	}
}

// TestBackOff: a server that is down is tried again, more and more rarely, and
// given up at last; a person can send the letter on its way again.
func TestBackOff(t *testing.T) {
	o := newOffice(t)
	o.due("p_ana", "First")
	for _, p := range []domain.PersonID{"p_ana", "p_ben"} {
		if _, err := o.app.Reminders.SaveSettings(t.Context(), domain.System(), domain.NoticeSettings{Person: p, Reminders: true}); err != nil {
			t.Fatal(err)
		}
	}
	tried := 0
	o.server.Answer(func(verb string, _ int) string {
		if verb == "MAIL" {
			tried++
			return "451 later"
		}
		return ""
	})
	o.work()
	for n, wait := range notify.Waits() {
		if tried != n+1 {
			t.Fatalf("tried %d times before wait %d", tried, n+1)
		}
		o.move(wait - time.Second)
		o.Step(t.Context())
		if tried != n+1 {
			t.Fatalf("tried before its time, wait %d", n+1)
		}
		o.move(time.Second)
		o.work()
	}
	failed := o.notices(domain.NoticeFailed)
	if len(failed) != 1 || failed[0].Attempts != len(notify.Waits())+1 || !strings.Contains(failed[0].LastError, "(451)") {
		t.Fatalf("given up: %+v", failed)
	}
	works, err := o.db.Works(t.Context(), store.WorkFilter{Dead: true})
	if err != nil || len(works) != 1 {
		t.Errorf("set aside: %+v %v", works, err)
	}
	o.server.Answer(nil)
	if _, err := o.app.Reminders.Retry(t.Context(), domain.System(), failed[0].ID); err != nil {
		t.Fatal(err)
	}
	o.Step(t.Context())
	if n := len(o.server.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// A refusal for good is not tried again.
func TestRefusedForGood(t *testing.T) {
	o := newOffice(t)
	o.due("p_ana", "First")
	o.server.Answer(func(verb string, _ int) string {
		if verb == "RCPT" {
			return "550 no such user"
		}
		return ""
	})
	o.work()
	if failed := o.notices(domain.NoticeFailed); len(failed) != 3 || failed[0].Attempts != 1 {
		t.Errorf("given up: %+v", failed)
	}
}

// TestTakenButNotSaid: the server took the mail and the line broke before it
// could say so. The letter is sent again, under the same id: at least once.
func TestTakenButNotSaid(t *testing.T) {
	o := newOffice(t)
	o.due("p_ana", "First")
	if _, err := o.app.Reminders.SaveSettings(t.Context(), domain.System(), domain.NoticeSettings{Person: "p_ana", Reminders: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.app.Reminders.SaveSettings(t.Context(), domain.System(), domain.NoticeSettings{Person: "p_ben"}); err != nil {
		t.Fatal(err)
	}
	o.server.Answer(func(verb string, n int) string {
		if verb == "BODY" && n == 1 {
			return "-taken"
		}
		return ""
	})
	o.work()
	if waiting := o.notices(domain.NoticeWaiting); len(waiting) != 1 {
		t.Fatalf("waiting: %+v", waiting)
	}
	o.server.Answer(nil)
	o.move(time.Minute)
	o.work()
	mails := o.server.Mails()
	if len(mails) != 2 || mails[0].Parse(t).Header.Get("Message-Id") != mails[1].Parse(t).Header.Get("Message-Id") {
		t.Errorf("%d mails", len(mails))
	}
}

// Nothing left to say: the letter is void and no mail goes out.
func TestVoid(t *testing.T) {
	o := newOffice(t)
	key := o.due("p_ana", "First")
	if err := o.db.ScheduleAt(t.Context(), domain.KeyRound, domain.KindRound, o.now()); err != nil {
		t.Fatal(err)
	}
	o.Step(t.Context()) // writes
	if _, err := o.app.Measures.Edit(t.Context(), domain.System(), key, 0, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{Status: domain.Some(domain.Cancelled), ClosureReason: domain.Some(domain.CreatedInError), Reason: "by mistake"}}); err != nil {
		t.Fatal(err)
	}
	o.work()
	if n := o.notices(domain.NoticeVoid); len(n) == 0 || n[len(n)-1].Kind != domain.NoticeReminder && n[0].Kind != domain.NoticeReminder {
		t.Errorf("void: %+v", n)
	}
	for _, m := range o.server.Mails() {
		if strings.Contains(m.Parse(t).Header.Get("Subject"), "to look at") {
			t.Error("a reminder of a closed measure went out")
		}
	}
}

// Run starts the rounds by itself and stops when told to.
func TestRun(t *testing.T) {
	o := newOffice(t)
	o.due("p_ana", "First")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	deadline := time.After(20 * time.Second)
	for len(o.server.Mails()) < 3 {
		select {
		case <-deadline:
			t.Fatalf("%d mails", len(o.server.Mails()))
		case <-time.After(20 * time.Millisecond):
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
