package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/notify/mailtest"
)

// withMail gives the house a mail server and people an address.
func (h *house) withMail(server *mailtest.Server) string {
	h.t.Helper()
	ca := filepath.Join(h.t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, server.CA, 0o600); err != nil {
		h.t.Fatal(err)
	}
	for _, name := range []string{"ana", "ben", "cleo"} {
		h.must(h.app.People.Edit(h.t.Context(), operator(), domain.PersonID("p_"+name), 0, "", func(p *domain.Person) { p.Email = name + "@example.org" }))
	}
	return "smtp://robot:hunter2@" + server.Addr + "?ca=" + ca
}

// dueToday makes a measure that is due on the day of the house's clock.
func (h *house) dueToday(owner domain.PersonID, title string) {
	h.t.Helper()
	h.must(h.app.Measures.Create(h.t.Context(), operator(), domain.NewMeasure{Title: title, Kind: domain.Detect, Priority: domain.P2, Owner: owner, Status: domain.Accepted,
		DueOn: domain.DateOf(h.clock.now()), Metric: domain.Metric{NotMeasurable: "x"}}))
}

// command runs one command on the open program.
func (h *house) command(args ...string) (int, string) {
	h.t.Helper()
	var out bytes.Buffer
	env := &environmentOf{stdin: strings.NewReader(""), stdout: &out, stderr: &out, use: h.program}
	code := env.run(h.t.Context(), append([]string{"followthrough"}, args...))
	return code, out.String()
}

// TestRemind: what the dry run shows goes out afterwards, to people and into
// the chat, and doctor sees what is wrong with the ways.
func TestRemind(t *testing.T) {
	h := newHouse(t, "sqlite://test.db")
	server := mailtest.New(t, mailtest.Options{Password: "hunter2"})
	var said []string
	chat := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		said = append(said, b.String())
	}))
	t.Cleanup(chat.Close)
	h.cfg.SMTPURL, h.cfg.MailFrom = h.withMail(server), "Followthrough <noreply@example.org>"
	h.cfg.ChatURLs = []string{"*=mattermost://" + strings.TrimPrefix(chat.URL, "http://") + "/hunter2?disabletls=yes"}
	h.checkpoint = func(context.Context) (string, error) { return "example.org/log 17 AbC=", nil }
	if err := h.cfg.completeWays(); err != nil {
		t.Fatal(err)
	}
	h.wire()
	h.dueToday("p_ana", "Alert on replication lag") // the clock stands at nine on a Monday
	code, out := h.command("remind", "--dry-run")
	for _, want := range []string{"To: Ana ana@example.org", "Subject: Followthrough: one measure to look at", "M-1  Alert on replication lag", "To: chat mattermost", "2 letters would go out; nothing was sent"} {
		if code != exitFine || !strings.Contains(out, want) {
			t.Errorf("exit %d, want %q in\n%s", code, want, out)
		}
	}
	if code, out := h.command("remind", "--dry-run", "--person", "p_ana"); code != exitFine || !strings.Contains(out, "example.org/log 17 AbC=") || !strings.Contains(out, "2 letters") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if n := len(server.Mails()); n != 0 || len(said) != 0 {
		t.Fatalf("the dry run sent %d mails", n)
	}
	if code, out := h.command("remind"); code != exitFine || !strings.Contains(out, "0 letters wait, 0 were given up, 6 were sent") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if n := len(server.Mails()); n != 4 || len(said) != 2 || !strings.Contains(strings.Join(said, ""), "Alert on replication lag") {
		t.Errorf("%d mails, in the chat: %q", n, said)
	}
	if code, out := h.command("remind", "list"); code != exitFine || strings.Count(out, "sent") != 7 {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, out := h.command("remind", "list", "--failed"); code != exitFine {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, out := h.command("measure", "snooze", "--until", "2026-03-20", "--reason", "waits for the supplier", "M-1"); code != exitFine || !strings.Contains(out, "nobody is reminded of M-1 until 2026-03-20") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if _, out := h.command("measure", "show", "M-1"); !strings.Contains(out, "waits for the supplier") {
		t.Errorf("the history lacks the snooze:\n%s", out)
	}
	if code, out := h.command("person", "notices", "--digest=false", "--absent-from", "2026-03-03", "p_ana"); code != exitFine || !strings.Contains(out, "weekly digest: off") || !strings.Contains(out, "away from 2026-03-03 until -") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// TestDoctorLetters: doctor connects to the mail server, knows the teams of
// chats and never prints an address.
func TestDoctorLetters(t *testing.T) {
	c := newTerminal(t)
	server := mailtest.New(t, mailtest.Options{Password: "right"})
	ca := c.file("ca.pem", string(server.CA))
	mail := func(password string) []string {
		return []string{"--smtp-url", "smtp://robot:" + password + "@" + server.Addr + "?ca=" + ca, "--mail-from", "noreply@example.org",
			"--chat-urls", "t_nowhere=mattermost://chat.example.org/hunter2,*=mattermost://chat.example.org/hunter2"}
	}
	if code, _, errs := c.run("migrate up"); code != exitFine {
		t.Fatal(errs)
	}
	_, out, _ := c.run("doctor", mail("right")...)
	for _, want := range []string{"ok    mail server " + server.Addr, "WRONG chat mattermost (t_nowhere, ", "ok    chat mattermost (*, ", "ok    letters"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	code, out, errs := c.run("doctor", mail("hunter2")...)
	if code != exitFinding || !strings.Contains(out, "refused user name and password (535)") || strings.Contains(out+errs, "hunter2") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}

// TestTwoReplicasSendOnce: two processes on one PostgreSQL, many letters, each
// sent once; one of them is killed in between.
func TestTwoReplicasSendOnce(t *testing.T) {
	databaseURL := newPostgres(t)
	h := newHouse(t, databaseURL)
	h.clock.moveTo(time.Now())
	for _, id := range []domain.TrackerID{onGitHub, onCloud, onServer} {
		if err := h.app.Trackers.Remove(t.Context(), operator(), id, 0); err != nil {
			t.Fatal(err)
		}
	}
	server := mailtest.New(t, mailtest.Options{Password: "hunter2"})
	address := h.withMail(server)
	now := h.clock.now().UTC()
	policy, err := h.app.Policies.Current(t.Context(), operator())
	if err != nil {
		t.Fatal(err)
	}
	policy.Reminders = domain.DefaultReminders()
	policy.Reminders.Hour, policy.Reminders.DigestDay = 0, now.AddDate(0, 0, 3).Weekday()
	h.must(h.app.Policies.Save(t.Context(), operator(), policy, "letters at any hour"))
	const people = 60
	for n := range people {
		id := domain.PersonID(fmt.Sprintf("p_%02d", n))
		h.must(h.app.People.Create(t.Context(), operator(), domain.Person{ID: id, Name: string(id), Email: string(id) + "@example.org", Role: domain.Member}))
		h.dueToday(id, "For "+string(id))
	}
	victim := h.replica(childOrders{DatabaseURL: databaseURL, Serve: true, SMTPURL: address})
	h.replica(childOrders{DatabaseURL: databaseURL, Serve: true, SMTPURL: address})
	h.until("half of the letters", func() bool { return len(server.Mails()) >= people/2 })
	_ = victim.Process.Kill()
	// What the dead one held was being sent; the other one takes it over once
	// the lease ends, which is not waited for here.
	h.until("the letters", func() bool { return len(server.Mails()) >= people-4 })
	got := map[string]int{}
	for _, m := range server.Mails() {
		got[m.To]++
	}
	for to, n := range got {
		if n > 1 {
			t.Errorf("%s got %d letters", to, n)
		}
	}
	var n int64
	for _, state := range domain.NoticeStates() {
		counts, err := h.app.Reminders.Counts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += int64(counts[state])
	}
	if n != people {
		t.Errorf("%d letters were written down for %d people", n, people)
	}
}
