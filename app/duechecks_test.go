package app_test

import (
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// A due crisis check is told like a due measure: once a day whoever runs the
// round, to who did the last one and the team's lead, to nobody of another team,
// and not any more once it was repeated.
func TestDueChecksAreTold(t *testing.T) {
	w := newBerlin(t)
	ctx := t.Context()
	c := w.check(ana, "t_a", 2)
	day := func(n int) { w.on(c.NextOn.AddDays(n).String(), 8) }
	day(-2)
	w.round()
	w.expect("p_ana reminder: CHK-1 check_due -2", "p_ben reminder: CHK-1 check_due -2", "chat-a reminder: CHK-1 check_due -2")
	if r := w.round(); r.Notices != 0 {
		t.Errorf("a second process wrote %d letters", r.Notices)
	}
	digest := func(by domain.PersonID) (out []domain.LetterLine) {
		for _, s := range must(w.Reminders.PreviewDigest(ctx, admin, by, c.NextOn.AddDays(3)))(t).Sections {
			if s.Reason == domain.ReasonCheckDue {
				out = append(out, s.Lines...)
			}
		}
		return out
	}
	if lines := digest("p_ana"); len(lines) != 1 || lines[0].Check.Key != c.Key || lines[0].Days != 3 || lines[0].Team != "Team t_a" {
		t.Errorf("Ana's digest says %+v", lines)
	}
	if lines := digest("p_bea"); len(lines) != 0 {
		t.Errorf("the digest of another team says %+v", lines)
	}
	day(1)
	due := func(by domain.Actor) int { return len(must(w.Checks.Due(ctx, by, domain.DateOf(w.at)))(t)) }
	if due(ana) != 1 || due(bea) != 0 {
		t.Errorf("%d checks are due to Ana, %d to Bea", due(ana), due(bea))
	}
	next := w.check(ana, "t_a", 2)
	if w.expect(); due(ana) != 0 {
		t.Error("a repeated check is still due")
	}
	// Who did the last one has left, and the team has no lead: an administrator is told.
	for _, id := range []domain.PersonID{"p_ana", "p_ben"} {
		must(w.People.Edit(ctx, domain.System(), id, 0, "", func(p *domain.Person) { p.Disabled = true }))(t)
	}
	c = next
	day(0)
	w.round()
	for _, l := range w.letters() {
		if who, about, _ := strings.Cut(l, " reminder: "); about != "" && who != "p_admin" && who != "chat-a" || strings.Contains(l, "CHK-1") {
			t.Errorf("told: %s", l)
		}
	}
	if !strings.Contains(strings.Join(w.letters(), "\n"), "p_admin reminder: CHK-2 check_due 0") {
		t.Errorf("no administrator is told: %q", w.letters())
	}
}

// A check of the whole organisation is nobody's in a team.
func TestDueCheckOfTheOrganisation(t *testing.T) {
	w := newBerlin(t)
	c := w.check(admin, "", 2)
	w.on(c.NextOn.AddDays(1).String(), 8)
	w.round()
	w.expect("p_admin reminder: CHK-1 check_due 1", "chat-a reminder: CHK-1 check_due 1")
	w.on(c.NextOn.AddDays(8).String(), 8) // every week after the day after
	if letters := must(w.Reminders.Preview(t.Context(), admin, domain.Date{}))(t); len(letters) != 2 {
		t.Errorf("%d letters a week later", len(letters))
	}
}
