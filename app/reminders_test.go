package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/store"
)

// newBerlin is a world in Berlin whose letters go out by mail and to a chat of
// team t_a: Ana owns measures, Ben leads team t_a, Bea is in team t_b.
func newBerlin(t *testing.T) *world {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, at: time.Date(2026, 11, 24, 9, 0, 0, 0, berlin)} // a Tuesday
	now := func() time.Time { return w.at }
	db := must(store.Open(t.Context(), store.Options{URL: "sqlite://test.db", DataDir: t.TempDir(), SecretKey: bytes.Repeat([]byte{7}, 32), Now: now}))(t)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.db = db
	w.App = app.New(app.Options{Store: db, Now: now, Zone: berlin, Language: "de", Ways: app.Ways{Mail: true,
		Chats: []domain.ChatChannel{{Name: "chat-a", Scope: domain.Scope{Teams: []domain.TeamID{"t_a"}}}}}})
	for _, id := range []domain.TeamID{"t_a", "t_b"} {
		must(w.People.CreateTeam(t.Context(), domain.System(), domain.Team{ID: id, Name: "Team " + string(id)}))(t)
	}
	for _, a := range []domain.Actor{admin, ana, ben, bea} {
		must(w.People.Create(t.Context(), domain.System(), domain.Person{ID: domain.PersonID(a.ID), Name: strings.TrimPrefix(a.ID, "p_"),
			Email: strings.TrimPrefix(a.ID, "p_") + "@example.org", Role: a.Role, Teams: a.Scope.Teams}))(t)
	}
	must(w.People.EditTeam(t.Context(), domain.System(), "t_a", 0, "", func(team *domain.Team) { team.Lead = "p_ben" }))(t)
	return w
}

// on moves the clock to an hour of a day in Berlin.
func (w *world) on(day string, hour int) {
	w.t.Helper()
	d := domain.MustDate(day)
	w.at = time.Date(d.Year, d.Month, d.Day, hour, 0, 0, 0, w.Zone)
}

func (w *world) round() app.Round {
	w.t.Helper()
	return must(w.Reminders.Round(w.t.Context()))(w.t)
}

// letters are the letters that wait, each as "receiver kind: M-1 reason days …".
func (w *world) letters() []string {
	w.t.Helper()
	list := must(w.Reminders.Notices(w.t.Context(), admin, domain.NoticeFilter{State: []domain.NoticeState{domain.NoticeWaiting}}, domain.Page{Limit: 200}))(w.t)
	var out []string
	for _, n := range list.Items {
		l := must(w.Reminders.Letter(w.t.Context(), n))(w.t)
		if l.Empty() {
			continue
		}
		text := n.Target + " " + string(n.Kind) + ":"
		for _, section := range l.Sections {
			for _, line := range section.Lines {
				text += fmt.Sprintf(" %s%s%s %s %d", line.Measure.Key, line.Check.Key, line.Assessment.Period, section.Reason, line.Days)
				if line.For != "" {
					text += " for " + line.For
				}
			}
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

func (w *world) expect(want ...string) {
	w.t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, w.letters()); diff != "" {
		w.t.Errorf("on %s (-want +got):\n%s", w.at.Format(time.DateOnly), diff)
	}
}

func (w *world) due(day string, change func(*domain.NewMeasure)) domain.MeasureKey {
	w.t.Helper()
	return w.measure(func(n *domain.NewMeasure) {
		n.DueOn, n.Status = domain.MustDate(day), domain.Accepted
		if change != nil {
			change(n)
		}
	}).Key
}

// TestRound: letters are written down at eight in Berlin, once a day, grouped
// per person; what a person cannot see or does not want is not in them.
func TestRound(t *testing.T) {
	w := newBerlin(t)
	w.due("2026-12-01", nil)
	w.due("2026-12-01", func(n *domain.NewMeasure) { n.Title, n.Priority = "Second", domain.P3 })
	w.due("2026-12-02", func(n *domain.NewMeasure) { n.Title = "Another day" })
	w.on("2026-12-01", 7)
	r := w.round()
	w.expect()
	if want := time.Date(2026, 12, 1, 8, 0, 0, 0, w.Zone); !r.Next.Equal(want) {
		t.Errorf("before eight it looks again at %s", r.Next)
	}
	w.on("2026-12-01", 8)
	if r = w.round(); r.Notices != 2 || !r.Next.Equal(time.Date(2026, 12, 2, 8, 0, 0, 0, w.Zone)) {
		t.Errorf("round = %+v", r)
	}
	w.expect("p_ana reminder: M-1 due_today 0 M-2 due_today 0", "chat-a reminder: M-1 due_today 0 M-2 due_today 0")
	if r = w.round(); r.Notices != 0 {
		t.Errorf("a second round wrote %d letters", r.Notices)
	}
	// What has changed by the time a letter goes out is left out.
	must(w.to("M-1", ana, domain.MeasureEdit{DueOn: domain.Some(domain.MustDate("2026-12-20")), Reason: "later"}))(t)
	must(w.Reminders.Snooze(t.Context(), ana, "M-2", domain.MustDate("2026-12-08"), "waits for the supplier"))(t)
	w.expect()
}

// An outage swallows no reminder, and one of weeks does not bring them all.
func TestRoundAfterAnOutage(t *testing.T) {
	w := newBerlin(t)
	w.due("2026-12-03", nil)
	w.on("2026-11-25", 9)
	w.round()
	w.on("2026-12-02", 9) // T-2 was on the first; nobody was there
	w.round()
	w.expect("p_ana reminder: M-1 due_soon -1", "chat-a reminder: M-1 due_soon -1",
		"p_ana digest: M-1 due_soon -3 M-1 new 0", "p_ben digest: M-1 due_soon -3 M-1 new 0", "p_admin digest: M-1 due_soon -3 M-1 new 0", "chat-a digest: M-1 due_soon -3 M-1 new 0")
}

// Who is away is not written to: the deputy of the measure, of the person or
// the lead of the team stands in, whoever may see the measure.
func TestDeputies(t *testing.T) {
	w := newBerlin(t)
	w.due("2026-12-01", nil)
	w.due("2026-12-01", func(n *domain.NewMeasure) { n.Deputy = "p_bea" }) // who is not in the team
	away := domain.NoticeSettings{Person: "p_ana", Reminders: true, Digest: true, AbsentFrom: domain.MustDate("2026-11-30"), AbsentUntil: domain.MustDate("2026-12-04")}
	must(w.Reminders.SaveSettings(t.Context(), ana, away))(t)
	w.on("2026-12-01", 8)
	w.round()
	w.expect("p_ben reminder: M-1 due_today 0 for ana M-2 due_today 0 for ana", "chat-a reminder: M-1 due_today 0 for ana M-2 due_today 0 for ana")
	// Away as well: then Ana hears of it herself, rather than nobody.
	must(w.Reminders.SaveSettings(t.Context(), ben, domain.NoticeSettings{Person: "p_ben", Reminders: true, AbsentFrom: domain.MustDate("2026-12-02")}))(t)
	w.on("2026-12-02", 8)
	w.round()
	list := w.letters()
	if !slices.Contains(list, "p_ana reminder: M-1 overdue 1 M-2 overdue 1") {
		t.Errorf("letters = %v", list)
	}
}

func TestEscalationsAndVerdicts(t *testing.T) {
	w := newBerlin(t)
	late := w.due("2026-12-01", nil)
	done := w.measure(func(n *domain.NewMeasure) { n.Title = "Done"; n.Metric.NotMeasurable = "one-off" }).Key
	w.done(done)
	must(w.Reminders.Snooze(t.Context(), ana, late, domain.MustDate("2026-12-20"), "waits for the supplier"))(t)
	w.on("2026-12-04", 8) // T+3 of a P1: the lead is told in spite of the snooze
	w.round()
	w.expect("p_ben reminder: M-1 escalated 3")
	w.on("2026-12-24", 8) // thirty days after done: the lead is asked for a verdict, Ana may not give it
	must(w.to(late, ana, cancelled(domain.WontDo, "no need any more")))(t)
	w.round()
	if list := w.letters(); !slices.Contains(list, "p_ben reminder: M-2 verification_due 0") || slices.ContainsFunc(list, func(l string) bool { return strings.HasPrefix(l, "p_ana reminder") }) {
		t.Errorf("letters = %v", list)
	}
}

// A letter shows nothing its receiver may not see on the pages.
func TestLettersRespectTheScope(t *testing.T) {
	w := newBerlin(t)
	must(w.Measures.Create(t.Context(), bea, domain.NewMeasure{Title: "Secret of b", Kind: domain.Detect, Priority: domain.P1, Owner: "p_bea", Team: "t_b",
		DueOn: domain.MustDate("2026-11-30"), Status: domain.Accepted, Metric: domain.Metric{NotMeasurable: "x"}}))(t)
	key := w.due("2026-11-30", nil)
	w.on("2026-11-30", 8) // a Monday: the digest too
	w.round()
	for _, l := range w.letters() {
		who, _, _ := strings.Cut(l, " ")
		seesB, seesA := strings.Contains(l, "M-1 "), strings.Contains(l, "M-2 ")
		if wantB := who == "p_bea" || who == "p_admin"; seesB != wantB {
			t.Errorf("team b's measure: %s", l)
		}
		if wantA := who != "p_bea"; seesA != wantA {
			t.Errorf("team a's measure: %s", l)
		}
	}
	if n := len(w.letters()); n != 8 { // three reminders and five digests, the chat's among them
		t.Errorf("%d letters: %v", n, w.letters())
	}
	// Ana leaves the team before the letter is sent.
	must(w.People.Edit(t.Context(), domain.System(), "p_ana", 0, "", func(p *domain.Person) { p.Teams = nil }))(t)
	for _, l := range w.letters() {
		if strings.HasPrefix(l, "p_ana") {
			t.Errorf("%s after leaving the team of %s", l, key)
		}
	}
}

func TestPreview(t *testing.T) {
	w := newBerlin(t)
	w.due("2026-12-01", nil)
	of := func(by domain.Actor) (out []string) {
		for _, l := range must(w.Reminders.Preview(t.Context(), by, domain.MustDate("2026-12-01")))(t) {
			text := l.Notice.Target
			for _, line := range l.Sections[0].Lines {
				text += " " + string(line.Measure.Key)
			}
			out = append(out, text)
		}
		return out
	}
	if got := of(admin); !slices.Equal(got, []string{"p_ana M-1", "chat-a M-1"}) {
		t.Errorf("an administrator sees %v", got)
	}
	must(w.Measures.Create(t.Context(), bea, domain.NewMeasure{Title: "Secret of b", Kind: domain.Detect, Priority: domain.P1, Owner: "p_bea", Team: "t_b",
		DueOn: domain.MustDate("2026-12-01"), Status: domain.Accepted, Metric: domain.Metric{NotMeasurable: "x"}}))(t)
	if got := of(admin); !slices.Equal(got, []string{"p_ana M-1", "p_bea M-2", "chat-a M-1"}) {
		t.Errorf("an administrator sees %v", got)
	}
	if got := of(ana); !slices.Equal(got, []string{"p_ana M-1"}) {
		t.Errorf("Ana sees %v", got)
	}
	if got := of(bea); !slices.Equal(got, []string{"p_bea M-2"}) {
		t.Errorf("Bea sees %v", got)
	}
	if _, err := w.Reminders.PreviewDigest(t.Context(), ana, "p_ben", domain.Date{}); !errors.Is(err, domain.ErrForbidden) {
		t.Errorf("somebody else's digest: %v", err)
	}
	if l := must(w.Reminders.PreviewDigest(t.Context(), ana, "p_ana", domain.MustDate("2026-12-05")))(t); l.Late[domain.Late1To7] != 1 || l.Sections[0].Reason != domain.ReasonOverdue {
		t.Errorf("digest = %+v", l)
	}
	w.expect()
}

func TestSettingsAndStop(t *testing.T) {
	w := newBerlin(t)
	if _, err := w.Reminders.Settings(t.Context(), bea, "p_ana"); !errors.Is(err, domain.ErrForbidden) {
		t.Errorf("somebody else's settings: %v", err)
	}
	if _, err := w.Reminders.SaveSettings(t.Context(), bea, domain.NoticeSettings{Person: "p_ana"}); !errors.Is(err, domain.ErrForbidden) {
		t.Errorf("somebody else's settings are changed: %v", err)
	}
	must(w.Reminders.Settings(t.Context(), admin, "p_ana"))(t)
	w.due("2026-11-30", nil)
	w.on("2026-11-30", 8)
	w.round()
	for _, n := range must(w.Reminders.Notices(t.Context(), ana, domain.NoticeFilter{}, domain.Page{}))(t).Items {
		if n.Target != "p_ana" {
			t.Errorf("Ana sees the letter to %s", n.Target)
		}
		if n.Kind == domain.NoticeDigest {
			must(w.Reminders.Stop(t.Context(), n.Stop))(t)
		}
	}
	if n := must(w.Reminders.Settings(t.Context(), ana, "p_ana"))(t); n.Digest || !n.Reminders {
		t.Errorf("settings = %+v", n)
	}
	for _, l := range w.letters() {
		if strings.HasPrefix(l, "p_ana digest") {
			t.Errorf("%s after it was stopped", l)
		}
	}
	if _, err := w.Reminders.Stop(t.Context(), "guessed"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("a guessed key: %v", err)
	}
	viewerActor := actor("p_vic", domain.Viewer, "t_a")
	if _, err := w.Reminders.Snooze(t.Context(), viewerActor, "M-1", domain.MustDate("2026-12-08"), "x"); !errors.Is(err, domain.ErrForbidden) {
		t.Errorf("a viewer snoozes: %v", err)
	}
	if _, err := w.Reminders.Snooze(t.Context(), bea, "M-1", domain.MustDate("2026-12-08"), "x"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("another team snoozes: %v", err)
	}
	if _, err := w.Reminders.Retry(t.Context(), ana, "n_1"); !errors.Is(err, domain.ErrForbidden) {
		t.Errorf("a member tries a letter again: %v", err)
	}
	must(w.Reminders.Snooze(t.Context(), ana, "M-1", domain.MustDate("2026-12-08"), "x"))(t)
	if z := must(w.Reminders.Snoozed(t.Context(), ana, "M-1"))(t); z.Until.IsZero() {
		t.Error("not snoozed")
	}
	w.on("2026-12-08", 0)
	if z := must(w.Reminders.Snoozed(t.Context(), ana, "M-1"))(t); !z.Until.IsZero() {
		t.Error("a snooze that is over still shows")
	}
	if err := w.Reminders.Unsnooze(t.Context(), ana, "M-1"); err != nil {
		t.Error(err)
	}
}

// contest gives a measure a conflict that waits for a decision.
func (w *world) contest(m domain.Measure) {
	w.t.Helper()
	w.dispute(w.link(m), m, domain.Conflict{Field: domain.FieldTitle, Base: "a", Ours: "b", Theirs: "c"})
}

// octo is who speaks for the tracker of link.
var octo = domain.Attribution{Source: domain.FromGitHub, Actor: "octo"}

// link ties a measure to an issue of a new tracker.
func (w *world) link(m domain.Measure) domain.Link {
	w.t.Helper()
	ctx, by := w.t.Context(), octo
	must(w.db.CreateTracker(ctx, by, domain.Tracker{ID: "gh", Kind: domain.GitHub, Flavor: domain.DotCom, BaseURL: "https://api.github.com", Repository: "acme/gh", CreatedAt: w.at, UpdatedAt: w.at}, domain.Secrets{Credential: "x"}))(w.t)
	return must(w.db.CreateLink(ctx, domain.Everything(), by, domain.Link{ID: "l_1", Measure: m.Key, Tracker: "gh", State: domain.LinkSynced, Remote: domain.RemoteRef{ID: "R1", Key: "acme/gh#1"}, CreatedAt: w.at, UpdatedAt: w.at}))(w.t)
}

// dispute lets the issue say something else than the measure.
func (w *world) dispute(link domain.Link, m domain.Measure, c domain.Conflict) {
	w.t.Helper()
	must(w.db.CommitLink(w.t.Context(), domain.LinkCommit{Link: link, MeasureVersion: m.Version, By: octo, Now: w.at, Conflicts: []domain.Conflict{c}}))(w.t)
}

// A conflict that waits is asked about, once in the chat although its measure
// is due on the same day, and not any more when it was decided meanwhile.
func TestConflictReminders(t *testing.T) {
	w := newBerlin(t)
	key := w.due("2026-11-25", nil)
	w.contest(must(w.Measures.Get(t.Context(), ana, key))(t))
	w.on("2026-11-25", 8)
	w.round()
	w.expect("p_ana reminder: M-1 due_today 0 M-1 conflict 1", "chat-a reminder: M-1 due_today 0")
	conflicts := must(w.Conflicts.List(t.Context(), ana, domain.ConflictFilter{}, domain.Page{}))(t)
	must(w.Conflicts.Resolve(t.Context(), ana, conflicts.Items[0].ID, 0, domain.ChooseOurs, nil, ""))(t)
	w.expect("p_ana reminder: M-1 due_today 0", "chat-a reminder: M-1 due_today 0")
}

// TestRoundsAcrossClockChanges: eight o'clock stays eight o'clock.
func TestRoundsAcrossClockChanges(t *testing.T) {
	w := newBerlin(t)
	for day, next := range map[string]string{"2027-03-27": "2027-03-28T06:00:00Z", "2027-03-28": "2027-03-29T06:00:00Z", "2027-10-30": "2027-10-31T07:00:00Z"} {
		w.on(day, 9)
		if got := w.round().Next.UTC().Format(time.RFC3339); got != next {
			t.Errorf("after %s: %s, want %s", day, got, next)
		}
	}
	// The day of the due date is the organisation's: at 23:30 UTC it is tomorrow in Berlin.
	w.due("2027-11-02", nil)
	w.at = time.Date(2027, 11, 1, 23, 30, 0, 0, time.UTC)
	for _, l := range must(w.Reminders.Preview(t.Context(), ana, domain.Date{}))(t) {
		if l.Day != domain.MustDate("2027-11-02") || l.Sections[0].Reason != domain.ReasonDueToday {
			t.Errorf("letter = %+v", l)
		}
	}
}
