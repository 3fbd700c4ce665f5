package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// episode is an incident that began and ended on days of the year 2026.
func (w *world) episode(title string, from, to int, causes, services []string, fingerprint string) domain.Incident {
	w.t.Helper()
	day := func(n int) time.Time { return time.Date(2026, 1, n, 10, 0, 0, 0, time.UTC) }
	return w.incident(domain.IncidentEdit{Title: domain.Some(title), StartedAt: domain.Some(day(from)), ResolvedAt: domain.Some(day(to)), Causes: domain.Some(causes),
		Services: domain.Some(services), Fingerprint: domain.Some(fingerprint)})
}

// TestSuggestions: what may have come back, by three kinds of hints that are
// never blended; what cannot be is left out.
func TestSuggestions(t *testing.T) {
	w := newWorld(t)
	db, capacity := []string{"db"}, []string{"capacity"}
	w.episode("Disk full", 10, 11, capacity, db, "")                              // INC-1: same cause and service
	w.episode("Odd alarm", 20, 21, nil, db, "disk-95")                            // INC-2: same fingerprint on the service
	w.episode("Checkout answers slowly again", 30, 31, nil, []string{"shop"}, "") // INC-3: similar words
	w.episode("Other service", 40, 41, capacity, []string{"mail"}, "disk-95")     // INC-4: cause alone, fingerprint alone
	w.episode("Same episode", 199, 201, capacity, db, "")                         // INC-5: had not ended
	w.episode("Long ago", -400, -399, capacity, db, "")                           // INC-6: more than a year
	gone := w.episode("Mistake", 50, 51, capacity, db, "")                        // INC-7: dismissed
	_, _, err := w.Incidents.Edit(t.Context(), ana, gone.Key, 0, domain.IncidentEdit{Status: domain.Some(domain.IncidentDismissed), Reason: "a drill"})
	if err != nil {
		t.Fatal(err)
	}
	must(w.Incidents.Create(t.Context(), bea, domain.IncidentEdit{Title: domain.Some("Theirs"), Team: domain.Some(domain.TeamID("t_b")), StartedAt: domain.Some(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)),
		ResolvedAt: domain.Some(time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC)), Causes: domain.Some(capacity), Services: domain.Some(db)}))(t)
	now := w.episode("Checkout answers slowly", 200, 202, capacity, db, "disk-95")

	levels := func(by domain.Actor) map[string]app.Level {
		out := map[string]app.Level{}
		for _, s := range must(w.Incidents.Suggestions(t.Context(), by, now.Key))(t).Suggestions {
			out[s.Earlier.Title] = s.Level
		}
		return out
	}
	want := map[string]app.Level{"Disk full": app.SameCause, "Odd alarm": app.SameFingerprint, "Checkout answers slowly again": app.SimilarText}
	if diff := cmp.Diff(want, levels(ana)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if first := must(w.Incidents.Suggestions(t.Context(), ana, now.Key))(t).Suggestions[0]; first.Level != app.SameCause || first.Days != 189 || !cmp.Equal(first.Shared, []string{"capacity", "db"}) {
		t.Errorf("the strongest hint is %+v", first)
	}
	if _, err := w.Incidents.Suggestions(t.Context(), bea, now.Key); domain.KindOf(err) != domain.ErrNotFound {
		t.Errorf("another team asks: %v", err)
	}

	// Rejected: remembered, once, with who and why; never suggested again.
	for _, by := range []domain.Actor{viewer, bea} {
		if _, err := w.Incidents.Decide(t.Context(), by, now.Key, "INC-2", app.Reject, "no"); err == nil {
			t.Errorf("%s decides", by.ID)
		}
	}
	before := w.seq()
	for range 2 {
		must(w.Incidents.Decide(t.Context(), ana, now.Key, "INC-2", app.Reject, "another disk"))(t)
	}
	if w.seq() != before+1 {
		t.Errorf("%d rows for one decision", w.seq()-before)
	}
	delete(want, "Odd alarm")
	if diff := cmp.Diff(want, levels(ana)); diff != "" {
		t.Errorf("after rejecting (-want +got):\n%s", diff)
	}
	rejected := must(w.Incidents.Suggestions(t.Context(), viewer, now.Key))(t).Rejected
	if len(rejected) != 1 || rejected[0].Earlier != "INC-2" || rejected[0].By != "p_ana" || rejected[0].Reason != "another disk" || !rejected[0].At.Equal(w.at) {
		t.Errorf("rejected: %+v", rejected)
	}
	if diff := cmp.Diff(rejected, must(w.Incidents.View(t.Context(), viewer, now.Key, 3))(t).Hints.Rejected); diff != "" {
		t.Errorf("on the page (-list +page):\n%s", diff)
	}
	// Taken up again, once; then it is suggested as before.
	before = w.seq()
	for range 2 {
		must(w.Incidents.Decide(t.Context(), ana, now.Key, "INC-2", app.Reconsider, "the same disk after all"))(t)
	}
	if levels(ana)["Odd alarm"] != app.SameFingerprint || w.seq() != before+1 {
		t.Errorf("taken up again: %v, %d rows", levels(ana), w.seq()-before)
	}
	for _, bad := range []struct {
		decision app.Decision
		reason   string
	}{{app.Reject, " "}, {"perhaps", "x"}, {app.Reject, strings.Repeat("x", domain.MaxReason+1)}} {
		if _, err := w.Incidents.Decide(t.Context(), ana, now.Key, "INC-2", bad.decision, bad.reason); domain.KindOf(err) != domain.ErrInvalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	// Accepted: an explicit link, and no suggestions are left.
	linked := must(w.Incidents.Decide(t.Context(), ana, now.Key, "INC-1", app.Accept, ""))(t)
	if linked.RecurrenceOf != "INC-1" || len(levels(ana)) != 0 {
		t.Errorf("accepted: %s, left %v", linked.RecurrenceOf, levels(ana))
	}
	if _, err := w.Incidents.Decide(t.Context(), ana, now.Key, "INC-2", app.Accept, ""); domain.KindOf(err) != domain.ErrConflict {
		t.Errorf("a link that stands is replaced: %v", err)
	}
	if _, err := w.Incidents.Decide(t.Context(), ana, now.Key, "INC-1", app.Reject, "no"); domain.KindOf(err) != domain.ErrConflict {
		t.Errorf("rejecting what is linked: %v", err)
	}
	if _, err := w.Incidents.Decide(t.Context(), ana, now.Key, "INC-99", app.Reject, "no"); domain.KindOf(err) != domain.ErrInvalid {
		t.Errorf("rejecting what is not there: %v", err)
	}
}

// TestUndecided: every incident with suggestions that nobody has decided, within
// the caller's teams, and none that was decided.
func TestUndecided(t *testing.T) {
	w := newWorld(t) // the end of November 2026
	db, capacity := []string{"db"}, []string{"capacity"}
	w.episode("Disk full", 10, 11, capacity, db, "")
	w.episode("Gateway certificate expired", 20, 21, nil, nil, "")
	w.episode("Disk full again", 100, 101, []string{"Capacity"}, db, "")
	w.episode("Gateway certificate expired once more", 110, 111, nil, nil, "")
	w.episode("All alone", 120, 121, nil, nil, "")
	board := func(by domain.Actor) string {
		var out []string
		for _, u := range must(w.Incidents.Undecided(t.Context(), by))(t) {
			out = append(out, fmt.Sprintf("%s<%s %s +%d", u.Incident.Key, u.Best.Earlier.Key, u.Best.Level, u.Others))
		}
		return strings.Join(out, "; ")
	}
	if got := board(ana); got != "INC-4<INC-2 text +0; INC-3<INC-1 cause_and_service +0" {
		t.Errorf("undecided: %s", got)
	}
	if got := board(bea); got != "" {
		t.Errorf("another team sees %s", got)
	}
	must(w.Incidents.Decide(t.Context(), ana, "INC-3", "INC-1", app.Reject, "another disk"))(t)
	must(w.Incidents.Decide(t.Context(), ana, "INC-4", "INC-2", app.Accept, ""))(t)
	if got := board(ana); got != "" {
		t.Errorf("decided, and still there: %s", got)
	}
}

// TestSuggestionsOfWords: half of the telling words make a hint, in the title or
// the summary, whatever the service; fewer do not, and the closest comes first.
func TestSuggestionsOfWords(t *testing.T) {
	w := newWorld(t)
	w.episode("Certificate of the gateway expired", 10, 11, nil, []string{"shop"}, "") // 3 of 4
	half := w.episode("Odd night", 20, 21, nil, nil, "")                               // 2 of 4, in the summary
	w.episode("Gateway rebooted", 30, 31, nil, nil, "")                                // 1 of 4
	w.episode("Certificates for gateways, expiration", 40, 41, nil, nil, "")           // other words
	if _, _, err := w.Incidents.Edit(t.Context(), ana, half.Key, 0, domain.IncidentEdit{Summary: domain.Some("The GATEWAY had a wrong certificate.")}); err != nil {
		t.Fatal(err)
	}
	now := w.episode("Gateway: certificate expired (again)", 200, 202, nil, []string{"mail"}, "")
	var got []string
	for _, s := range must(w.Incidents.Suggestions(t.Context(), ana, now.Key))(t).Suggestions {
		got = append(got, fmt.Sprintf("%s %s %.2f %s", s.Earlier.Key, s.Level, *s.Similarity, strings.Join(s.Shared, " ")))
	}
	want := []string{"INC-1 text 0.75 gateway certificate expired", "INC-2 text 0.50 gateway certificate"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAssessments: each period gets an answer, "none found" included, with the
// groups that stood to be judged then.
func TestAssessments(t *testing.T) {
	w := newWorld(t) // the end of November 2026
	w.episode("Disk full", 10, 11, []string{"capacity"}, []string{"db"}, "")
	w.episode("Disk full again", 150, 151, []string{"capacity"}, []string{"db"}, "") // end of May
	w.episode("Typo", 155, 156, []string{"human"}, []string{"shop"}, "")
	groups := func(period string) []domain.RecurrenceGroup {
		return must(w.Assessments.Candidates(t.Context(), auditor, period))(t)
	}
	want := []domain.RecurrenceGroup{{Cause: "capacity", Incidents: []domain.IncidentKey{"INC-1", "INC-2"}}}
	if diff := cmp.Diff(want, groups("2026-Q2")); diff != "" {
		t.Errorf("second quarter (-want +got):\n%s", diff)
	}
	for _, period := range []string{"2026-Q1", "2026-Q3", "2026-04"} {
		if got := groups(period); len(got) != 0 {
			t.Errorf("%s: %v", period, got)
		}
	}
	due := func() string {
		var out []string
		for _, d := range must(w.Assessments.Due(t.Context(), auditor))(t) {
			out = append(out, d.Period+map[bool]string{true: "!"}[d.Overdue])
		}
		return strings.Join(out, " ")
	}
	w.at = time.Date(2027, 5, 1, 9, 0, 0, 0, time.UTC)
	if got := due(); got != "2026-Q4! 2027-Q1!" {
		t.Errorf("due: %s", got)
	}
	for name, tt := range map[string]struct {
		by   domain.Actor
		a    domain.Assessment
		kind domain.Kind
	}{
		"member":         {ana, domain.Assessment{Period: "2026-Q4", Answer: domain.AssessedNone}, domain.ErrForbidden},
		"auditor":        {auditor, domain.Assessment{Period: "2026-Q4", Answer: domain.AssessedNone}, domain.ErrForbidden},
		"no period":      {admin, domain.Assessment{Period: "last autumn", Answer: domain.AssessedNone}, domain.ErrInvalid},
		"fifth quarter":  {admin, domain.Assessment{Period: "2026-Q5", Answer: domain.AssessedNone}, domain.ErrInvalid},
		"to come":        {admin, domain.Assessment{Period: "2027-Q3", Answer: domain.AssessedNone}, domain.ErrInvalid},
		"no answer":      {admin, domain.Assessment{Period: "2026-Q4"}, domain.ErrInvalid},
		"found, no word": {admin, domain.Assessment{Period: "2026-Q4", Answer: domain.AssessedFound}, domain.ErrInvalid},
	} {
		before := w.seq()
		if _, err := w.Assessments.Record(t.Context(), tt.by, tt.a); domain.KindOf(err) != tt.kind || w.seq() != before {
			t.Errorf("%s: %v", name, err)
		}
	}
	// An answer before the end of the period is an interim one.
	late := w.at
	w.at = time.Date(2026, 12, 30, 9, 0, 0, 0, time.UTC)
	must(w.Assessments.Record(t.Context(), admin, domain.Assessment{Period: "2026-Q4", Answer: domain.AssessedNone, Note: "so far"}))(t)
	w.at = time.Date(2027, 1, 30, 9, 0, 0, 0, time.UTC)
	if got := must(w.Assessments.Due(t.Context(), auditor))(t); len(got) != 1 || got[0] != (domain.DueAssessment{Period: "2026-Q4", DueOn: domain.Date{Year: 2027, Month: 1, Day: 30}}) {
		t.Errorf("due on the last day: %+v", got)
	}
	w.at = w.at.AddDate(0, 0, 1)
	if got := due(); got != "2026-Q4!" {
		t.Errorf("a day later: %s", got)
	}
	w.at = late
	none := must(w.Assessments.Record(t.Context(), admin, domain.Assessment{Period: "2026-Q4", Answer: domain.AssessedNone}))(t)
	if none.By != "p_admin" || !none.At.Equal(w.at) || len(none.Candidates) != 0 {
		t.Errorf("recorded %+v", none)
	}
	found := must(w.Assessments.Record(t.Context(), admin, domain.Assessment{Period: "2026-Q2", Answer: domain.AssessedFound, Note: "The disk filled up again: see INC-2."}))(t)
	if diff := cmp.Diff(want, found.Candidates); diff != "" {
		t.Errorf("candidates of the record (-want +got):\n%s", diff)
	}
	must(w.Assessments.Record(t.Context(), admin, domain.Assessment{Period: "2026-Q2", Answer: domain.AssessedNone, Note: "On reflection another cause."}))(t)
	all := must(w.Assessments.List(t.Context(), auditor))(t)
	if len(all) != 4 || all[0].Answer != domain.AssessedNone || all[1].Answer != domain.AssessedFound || all[1].Note != "The disk filled up again: see INC-2." {
		t.Errorf("list: %+v", all)
	}
	if got := due(); got != "2027-Q1!" {
		t.Errorf("due: %s", got)
	}
	if _, err := w.Assessments.List(t.Context(), ana); domain.KindOf(err) != domain.ErrForbidden {
		t.Errorf("a member reads the whole organisation's: %v", err)
	}
	policy := must(w.Policies.Current(t.Context(), admin))(t)
	policy.AssessmentMonths = 1
	must(w.Policies.Save(t.Context(), admin, policy, "DORA"))(t)
	if got := due(); got != "2027-01! 2027-02! 2027-03! 2027-04" {
		t.Errorf("due monthly: %s", got)
	}
}
