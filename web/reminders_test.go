package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// TestSnoozePage: a measure is put aside with a reason, the page says so, and
// it is taken up again.
func TestSnoozePage(t *testing.T) {
	w := newWorld(t)
	m := w.newMeasure(domain.NewMeasure{Title: "Alert on lag", Priority: domain.P1, Owner: "p_member"})
	path := measurePath(m.Key)
	b := w.as("member")
	b.post(path+"/snooze", "until", "2026-12-08", "reason", "").want(http.StatusUnprocessableEntity).says("say why nobody is to be reminded")
	b.post(path+"/snooze", "until", "2026-12-08", "reason", "waits for the supplier").want(http.StatusSeeOther)
	b.get(path).want(http.StatusOK).says("Nobody is reminded until 8 Dec", "waits for the supplier", "No reminders until")
	b.post(path+"/snooze", "end", "true").want(http.StatusSeeOther)
	if text := b.get(path).want(http.StatusOK).text(); strings.Contains(text, "Nobody is reminded until") {
		t.Error("the snooze did not end")
	}
	w.as("viewer").post(path+"/snooze", "until", "2026-12-08", "reason", "x").want(http.StatusForbidden)
}

// TestNoticeSettingsPage: a person chooses on their own page.
func TestNoticeSettingsPage(t *testing.T) {
	w := newWorld(t)
	b := w.as("member")
	b.post("/account/reminders", "reminders", "true", "absent_from", "2026-12-24", "absent_until", "2026-12-01").want(http.StatusUnprocessableEntity).says("before the first day")
	b.post("/account/reminders", "reminders", "true", "absent_from", "2026-12-24", "absent_until", "2027-01-06").want(http.StatusSeeOther)
	got, err := w.app.Reminders.Settings(t.Context(), w.actor("member"), "p_member")
	if want := (domain.NoticeSettings{Person: "p_member", Reminders: true, AbsentFrom: domain.MustDate("2026-12-24"), AbsentUntil: domain.MustDate("2027-01-06"), Version: 1}); err != nil || got != want {
		t.Errorf("settings = %+v, %v", got, err)
	}
	doc := b.get("/account").want(http.StatusOK).doc()
	if _, checked := doc.Find("[name=digest]").Attr("checked"); checked {
		t.Error("the digest is still chosen")
	}
	if value, _ := doc.Find("[name=absent_from]").Attr("value"); value != "2026-12-24" {
		t.Errorf("absent_from = %q", value)
	}
}

// TestReminderPages: administrators see everybody's letters, others their own.
func TestReminderPages(t *testing.T) {
	w := newWorld(t)
	w.newMeasure(domain.NewMeasure{Title: "For the member", Kind: domain.Detect, Priority: domain.P1, Owner: "p_member", DueOn: domain.MustDate("2026-12-01"), Status: domain.Accepted, Metric: domain.Metric{NotMeasurable: "x"}})
	w.newMeasure(domain.NewMeasure{Title: "For the administrator", Kind: domain.Detect, Priority: domain.P1, Owner: "p_admin", DueOn: domain.MustDate("2026-12-01"), Status: domain.Accepted, Metric: domain.Metric{NotMeasurable: "x"}})
	w.as("admin").get("/reminders?date=2026-12-01").want(http.StatusOK).says("For the member", "For the administrator", "Due today")
	if text := w.as("member").get("/reminders?date=2026-12-01").want(http.StatusOK).text(); strings.Contains(text, "For the administrator") || !strings.Contains(text, "For the member") {
		t.Errorf("the member sees %s", text)
	}
	w.as("member").get("/reminders?date=nonsense").want(http.StatusOK).says("Nobody would be reminded")
	for _, to := range []string{"p_member", "p_admin"} {
		if _, err := w.db.SaveRound(t.Context(), domain.MustDate("2026-12-01").AddDays(len(to)), []domain.Notice{{ID: "n_" + to, Kind: domain.NoticeReminder, Channel: domain.ByMail, Target: to, Period: "2026-12-01",
			State: domain.NoticeFailed, LastError: "refused for good (550)", Stop: "stop-" + to, CreatedAt: w.now(), UpdatedAt: w.now()}}); err != nil {
			t.Fatal(err)
		}
	}
	w.as("admin").get("/letters").want(http.StatusOK).says("given up", "refused for good (550)", "Try again")
	if text := w.as("member").get("/letters").want(http.StatusOK).text(); strings.Count(text, "given up") != 1 || strings.Contains(text, "Try again") {
		t.Errorf("the member sees %s", text)
	}
	w.as("member").post("/letters/retry", "id", "n_p_member").want(http.StatusForbidden)
	w.as("admin").post("/letters/retry", "id", "n_p_member").want(http.StatusSeeOther)
	if n, err := w.db.Notice(t.Context(), "n_p_member"); err != nil || n.State != domain.NoticeWaiting {
		t.Errorf("letter = %+v, %v", n, err)
	}
}

// TestStopPage: looking changes nothing, the button and the mail program's own
// request end the letters, without a session.
func TestStopPage(t *testing.T) {
	w := newWorld(t)
	if _, err := w.db.SaveRound(t.Context(), domain.MustDate("2026-12-01"), []domain.Notice{{ID: "n_1", Kind: domain.NoticeDigest, Channel: domain.ByMail, Target: "p_member", Period: "2026-12-01",
		State: domain.NoticeSent, Stop: "thekey", CreatedAt: w.now(), UpdatedAt: w.now()}}); err != nil {
		t.Fatal(err)
	}
	settings := func() domain.NoticeSettings {
		t.Helper()
		n, err := w.app.Reminders.Settings(t.Context(), w.actor("admin"), "p_member")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	get, err := http.Get(w.http.URL + "/reminders/stop/thekey")
	if err != nil || get.StatusCode != http.StatusOK || !settings().Digest {
		t.Fatalf("looking: %v %v %+v", get, err, settings())
	}
	_ = get.Body.Close()
	// As RFC 8058 has mail programs ask: no cookie, no origin, this body.
	post, err := http.Post(w.http.URL+"/reminders/stop/thekey", "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
	if err != nil || post.StatusCode != http.StatusOK {
		t.Fatalf("one click: %v %v", post, err)
	}
	_ = post.Body.Close()
	if n := settings(); n.Digest || !n.Reminders {
		t.Errorf("settings = %+v", n)
	}
	for range 20 {
		wrong, err := http.Post(w.http.URL+"/reminders/stop/guess", "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
		if err != nil {
			t.Fatal(err)
		}
		_ = wrong.Body.Close()
		if wrong.StatusCode == http.StatusServiceUnavailable {
			return
		}
		if wrong.StatusCode != http.StatusNotFound {
			t.Fatalf("a guess: %d", wrong.StatusCode)
		}
	}
	t.Error("keys can be guessed for ever")
}

// TestReminderPolicyPage: the rhythm is saved as a new version.
func TestReminderPolicyPage(t *testing.T) {
	w := newWorld(t)
	b := w.as("admin")
	form := []string{"remind_days", "-3, 0", "reminders.every", "5", "reminders.conflict_days", "2", "reminders.hour", "7", "reminders.digest_day", "5", "escalate.P0", "1", "assessment_months", "3", "look_again_days", "90"}
	b.post("/policy", form...).want(http.StatusSeeOther)
	p, err := w.app.Policies.Current(t.Context(), w.actor("admin"))
	if err != nil {
		t.Fatal(err)
	}
	if r := p.Reminders; r.Every != 5 || r.ConflictDays != 2 || r.Hour != 7 || int(r.DigestDay) != 5 || len(r.Escalate) != 1 || r.Escalate[domain.P0] != 1 || len(p.RemindDays) != 2 {
		t.Errorf("policy = %+v", p)
	}
	form[3] = "0"
	b.post("/policy", form...).want(http.StatusUnprocessableEntity)
	form[3], form[7] = "5", "24"
	b.post("/policy", form...).want(http.StatusUnprocessableEntity)
}
