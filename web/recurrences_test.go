package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestSuggestedRecurrences: the page of an incident says what it may recur from
// and why; an editor decides there, without a script, and an auditor reads.
func TestSuggestedRecurrences(t *testing.T) {
	w := newWorld(t)
	w.demo()
	const page, earlier = "/incidents/INC-1", "/incidents/INC-1/recurrences/"
	member, auditor := w.as("member"), w.as("auditor")
	for _, b := range []*browser{member, auditor} {
		a := b.get(page).want(200).says("INC-3 The replica fell behind during the backup", "Same cause and service: capacity, database.", "It had ended 118 days before.",
			"INC-4 Replication lag hid writes in the shop", "Similar words: 50 % of the telling words", "Ruled out", "INC-5 Mia Becker, ", "a drill, not an outage")
		if n := a.doc().Find(`form[action*="/recurrences/"]`).Length(); (n > 0) != (b == member) {
			t.Errorf("%d forms; the auditor has none", n)
		}
	}
	auditor.post(earlier+"INC-3", "decision", "reject", "reason", "x").want(http.StatusForbidden)
	w.as("foreign").post(earlier+"INC-3", "decision", "reject", "reason", "x").want(http.StatusNotFound)
	member.do(http.MethodPost, earlier+"INC-3", strings.NewReader("decision=reject&reason=x"), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site").want(http.StatusForbidden)

	again := member.post(earlier+"INC-3", "decision", "reject", "reason", " ").want(http.StatusUnprocessableEntity).says("say why the one does not recur from the other")
	if again.doc().Find("details[open] #recurrence-INC-3-reason[aria-invalid]").Length() != 1 {
		t.Error("the refused form is not open, or does not mark the reason")
	}
	member.post(earlier+"INC-3", "decision", "reject", "reason", "another replica").leads(page + "?done=recurrence")
	if text := member.get(page).want(200).says("another replica").text(); strings.Contains(text, "The replica fell behind during the backup") {
		t.Errorf("a rejected one is suggested:\n%s", text)
	}
	member.post(earlier+"INC-3", "decision", "reconsider").leads(page + "?done=recurrence")
	member.post(earlier+"INC-3", "decision", "accept", "reason", "the same replica").leads(page + "?done=recurrence")
	if text := member.get(page).want(200).says("The same before: INC-3", "the same replica").text(); strings.Contains(text, "Suggested") {
		t.Errorf("linked, and still suggestions:\n%s", text)
	}
	member.get("/incidents/INC-3").want(200).says("It came back:", "INC-1")
}

// TestRejectedInALongHistory: what was ruled out is known however long ago.
func TestRejectedInALongHistory(t *testing.T) {
	w := newWorld(t)
	w.demo()
	for n := range 210 {
		if _, _, err := w.app.Incidents.Edit(t.Context(), w.actor("admin"), "INC-1", 0, domain.IncidentEdit{Title: domain.Some(fmt.Sprintf("Replication lag hid writes, %d", n))}); err != nil {
			t.Fatal(err)
		}
	}
	w.as("viewer").get("/incidents/INC-1").want(200).says("Ruled out", "a drill, not an outage")
}

// TestRecurrenceBoard: a lead sees every undecided suggestion, and who may see
// the whole organisation also sees which period has no answer and by when.
func TestRecurrenceBoard(t *testing.T) {
	w := newWorld(t)
	w.demo()
	admin, member, auditor := w.as("admin"), w.as("member"), w.as("auditor")
	if text := member.get("/recurrences").want(200).says("INC-1", "INC-3 The replica fell behind", "Same cause and service", "1 more suggestion.").text(); strings.Contains(text, "Periodic assessment") {
		t.Errorf("a member sees the whole organisation's assessments:\n%s", text)
	}
	w.as("foreign").get("/recurrences").want(200).says("Nothing is undecided.")
	admin.get("/recurrences").want(200).says("2026-Q3", "overdue, was due 30 Oct 2026", "Found", "Ana Admin", "came back; INC-1 has the measures")

	w.clock.Store(time.Date(2027, 1, 12, 9, 0, 0, 0, time.UTC).UnixNano())
	admin, member, auditor = w.as("admin"), w.as("member"), w.as("auditor")
	admin.get("/recurrences").want(200).says("2026-Q4 due 30 Jan 2027") // what was said in November is an interim answer
	const q4 = "/recurrences/2026-Q4"
	auditor.get(q4).want(200).says("capacity", "INC-1", "INC-3", "From 1 Oct 2026 to 31 Dec 2026")
	if auditor.get(q4).doc().Find("main form").Length() != 0 {
		t.Error("an auditor is offered the form")
	}
	auditor.post(q4, "answer", "none_found").want(http.StatusForbidden)
	member.get(q4).want(http.StatusForbidden)
	admin.get("/recurrences/autumn").want(http.StatusNotFound)
	admin.post(q4, "answer", "found").want(http.StatusUnprocessableEntity).says("say what recurred and what follows from it")
	admin.post(q4, "answer", "none_found").leads("/recurrences?done=assessment")
	if text := admin.get("/recurrences").want(200).says("None found").text(); strings.Contains(text, "2026-Q4 due") {
		t.Errorf("answered, and still due:\n%s", text)
	}
	policy, err := w.app.Policies.Current(t.Context(), w.actor("admin"))
	if err != nil {
		t.Fatal(err)
	}
	policy.AssessmentMonths = 1
	if _, err := w.app.Policies.Save(t.Context(), w.actor("admin"), policy, "DORA"); err != nil {
		t.Fatal(err)
	}
	admin.get("/recurrences").want(200).says("Every month (DORA)", "2026-09 ▲ overdue, was due 30 Oct 2026")
}

// TestEffectivenessCheckOnThePage: a measure that is done says when it is judged,
// by the policy's days, and that the day has come.
func TestEffectivenessCheckOnThePage(t *testing.T) {
	w := newWorld(t)
	m := w.newMeasure(domain.NewMeasure{Title: "Alert on lag", Kind: domain.Detect, Priority: domain.P1, Owner: "p_member", Status: domain.Accepted, Metric: domain.Metric{NotMeasurable: "a drill"}})
	if _, err := w.app.Measures.AddEvidence(t.Context(), w.actor("member"), domain.Evidence{Measure: m.Key, Title: "Runbook", URL: "https://wiki.example/run"}); err != nil {
		t.Fatal(err)
	}
	b := w.as("member")
	b.post("/measures/"+string(m.Key)+"/status", "status", "done").leads("/measures/" + string(m.Key) + "?done=saved")
	days := domain.DefaultPolicy().VerifyDays[domain.P1]
	on := domain.DateOf(w.now()).AddDays(days)
	b.get("/measures/" + string(m.Key)).want(200).says("effectiveness check on " + w.now().AddDate(0, 0, days).Format("2 Jan 2006"))
	w.advance(time.Duration(on.Sub(domain.DateOf(w.now()))) * 24 * time.Hour)
	w.as("member").get("/measures/" + string(m.Key)).want(200).says("effectiveness check due since")
}
