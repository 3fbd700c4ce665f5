package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

func has(a answer, selector string) {
	a.t.Helper()
	if a.doc().Find(selector).Length() == 0 {
		a.t.Errorf("%s is not on the page", selector)
	}
}

// The catalogue: administrators write it without a script, everybody else reads
// it, and what incidents name without an entry stands below.
func TestServicePage(t *testing.T) {
	w := newWorld(t)
	w.demo()
	admin, member := w.as("admin"), w.as("member")
	page := member.get("/services").want(200).says("Services", "No service is listed", "Named by incidents only", "database")
	if n := page.doc().Find("main form").Length(); n != 0 {
		t.Errorf("a member sees %d forms", n)
	}
	member.post("/services", "name", "database").want(http.StatusForbidden)
	has(admin.get("/services?name=database").want(200), `details[open] #service-name[value="database"]`)
	again := admin.post("/services", "name", "Database", "since", "2026-02-01", "retired", "2026-01-31").want(http.StatusUnprocessableEntity).
		says("lies before the first day in service")
	has(again, `details[open] #service-retired[aria-invalid][value="2026-01-31"]`)
	admin.post("/services", "name", "Database", "since", "2025-02-01", "retired", "", "team", "").leads("/services?done=created")
	admin.post("/services", "name", "database", "since", "", "retired", "", "team", "").want(http.StatusConflict).says("already; change that entry")
	text := member.get("/services").want(200).says("Database – since 1 Feb 2025").text()
	if _, unlisted, _ := strings.Cut(text, "Named by incidents only"); strings.Contains(unlisted, "database") {
		t.Errorf("listed, and still named as unlisted:\n%s", unlisted)
	}
	listed, err := w.app.Services.List(t.Context(), w.actor("admin"))
	if err != nil || len(listed) != 1 {
		t.Fatalf("listed = %+v, %v", listed, err)
	}
	at := "/services/" + string(listed[0].ID)
	admin.post(at, "version", "1", "name", "Database", "since", "2025-02-01", "retired", "2026-10-31", "team", "").leads("/services?done=saved")
	admin.post(at, "version", "1", "name", "Database", "since", "", "retired", "", "team", "").want(http.StatusConflict)
	member.get("/services").want(200).says("since 1 Feb 2025, until 31 Oct 2026")
	member.post(at + "/remove").want(http.StatusForbidden)
	admin.post(at + "/remove").leads("/services?done=removed")
}

// The page of the policy holds since when recurrences are linked.
func TestPolicySaysSinceWhenRecurrencesAreLinked(t *testing.T) {
	w := newWorld(t)
	admin := w.as("admin")
	form := []string{"look_again_days", "90", "assessment_months", "3", "reminders.every", "5", "reminders.conflict_days", "2", "reminders.hour", "7", "reminders.digest_day", "5"}
	admin.post("/policy", append(form, "links_since", "2026-01-32")...).want(http.StatusUnprocessableEntity).says("is not a date")
	admin.post("/policy", append(form, "links_since", "2026-01-31")...).want(http.StatusSeeOther)
	policy, err := w.app.Policies.Current(t.Context(), w.actor("admin"))
	if err != nil || policy.LinksSince != domain.MustDate("2026-01-31") {
		t.Errorf("policy = %v, %v", policy.LinksSince, err)
	}
	has(admin.get("/policy").want(200), `#policy-links_since[value="2026-01-31"]`)
}
