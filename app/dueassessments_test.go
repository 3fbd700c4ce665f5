package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// A period whose recurrences nobody has judged is told to the administrators as
// its day comes, to nobody who sees some teams only, and not any more once it
// is answered.
func TestDueAssessmentsAreTold(t *testing.T) {
	w := newBerlin(t) // the first incident is of the last quarter of 2026
	ctx := t.Context()
	w.incident(domain.IncidentEdit{StartedAt: domain.Some(w.at.Add(-time.Hour))})
	w.on("2027-01-23", 8) // a week before the day
	w.round()
	w.expect("p_admin reminder: 2026-Q4 assessment_due -7")
	if r := w.round(); r.Notices != 0 {
		t.Errorf("a second process wrote %d letters", r.Notices)
	}
	w.on("2027-01-25", 8)
	digest := func(by domain.PersonID, day string) (out []domain.LetterLine) {
		for _, s := range must(w.Reminders.PreviewDigest(ctx, admin, by, domain.MustDate(day)))(t).Sections {
			if s.Reason == domain.ReasonAssessment {
				out = append(out, s.Lines...)
			}
		}
		return out
	}
	if lines := digest("p_admin", "2027-02-01"); len(lines) != 1 || lines[0].Assessment.Period != "2026-Q4" || lines[0].Days != 2 {
		t.Errorf("the administrator's digest says %+v", lines)
	}
	if lines := digest("p_ana", "2027-02-01"); len(lines) != 0 {
		t.Errorf("the digest of one team says %+v", lines)
	}
	told := func(day string) string {
		var out []string
		for _, l := range must(w.Reminders.Preview(ctx, admin, domain.MustDate(day)))(t) {
			for _, s := range l.Sections {
				for _, line := range s.Lines {
					out = append(out, l.Notice.Target+" "+line.Assessment.Period)
				}
			}
		}
		return strings.Join(out, ", ")
	}
	// On the day and the day after, then every week; for a year.
	for day, want := range map[string]string{"2027-01-30": "p_admin 2026-Q4", "2027-01-31": "p_admin 2026-Q4", "2027-02-01": "", "2027-02-07": "p_admin 2026-Q4"} {
		if got := told(day); got != want {
			t.Errorf("on %s told %q, want %q", day, got, want)
		}
	}
	var late []string
	for d := domain.MustDate("2028-01-28"); d.Before(domain.MustDate("2028-02-15")); d = d.AddDays(1) {
		if text := told(d.String()); strings.Contains(text, "2026-Q4") {
			late = append(late, d.String())
		}
	}
	if !slices.Equal(late, []string{"2028-01-30"}) {
		t.Errorf("a year later still told on %v", late)
	}
	// Written down, and answered before it goes out.
	w.on("2027-01-31", 8)
	w.round()
	answer := domain.Assessment{Period: "2026-Q4", Answer: domain.AssessedNone}
	must(w.Assessments.Record(ctx, admin, answer))(t)
	for _, n := range must(w.Reminders.Notices(ctx, admin, domain.NoticeFilter{}, domain.Page{}))(t).Items {
		if l := must(w.Reminders.Letter(ctx, n))(t); n.Period == "2027-01-31" && !l.Empty() {
			t.Errorf("an answered period is still told: %+v", l.Sections)
		}
	}
	if got := told("2027-02-07"); got != "" {
		t.Errorf("told after the answer: %q", got)
	}
}

// A chat of the whole organisation hears of it, one of a team does not.
func TestDueAssessmentInAChat(t *testing.T) {
	w := newBerlin(t)
	w.Reminders.Ways.Chats = append(w.Reminders.Ways.Chats, domain.ChatChannel{Name: "chat-all", Scope: domain.Everything()})
	w.incident(domain.IncidentEdit{StartedAt: domain.Some(w.at.Add(-time.Hour))})
	w.on("2027-01-30", 8)
	w.round()
	w.expect("chat-all reminder: 2026-Q4 assessment_due 0", "p_admin reminder: 2026-Q4 assessment_due 0")
}
