package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

func TestMeasureList(t *testing.T) {
	w := newWorld(t)
	w.demo()
	b := w.as("member")
	b.get("/measures").want(200).says("7 measures", "Alert on replication lag over 30 s", "needs an incident", "53 days past")
	b.get("/measures?q=deputy").says("1 measure", "Name a deputy")
	b.get("/measures?overdue=true&priority=P0").says("2 measures")
	b.get("/measures?needs_incident=true").says("Without an incident", "Look at the flapping switch")
	b.get("/measures?q=nothingofthesort").says("No measure matches.")
	b.get("/measures?overdue=perhaps").want(http.StatusUnprocessableEntity).says("use true or false")
	b.get("/measures?sort=secret").want(http.StatusUnprocessableEntity)
	first := func(path string) string {
		return strings.TrimSpace(b.get(path).want(200).doc().Find("tbody td.title").First().Text())
	}
	if got := first("/measures?sort=title"); !strings.HasPrefix(got, "Alert") {
		t.Errorf("sorted by title, %q comes first", got)
	}
	if got := first("/measures?sort=-title"); !strings.HasPrefix(got, "Write") {
		t.Errorf("sorted by title backwards, %q comes first", got)
	}
}

// A list turns its pages to the end, each row once.
func TestPages(t *testing.T) {
	w := newWorld(t)
	for range 120 {
		w.newMeasure(domain.NewMeasure{Title: "One of many"})
	}
	b := w.as("member")
	seen := map[string]bool{}
	path := "/measures?sort=key"
	for range 3 {
		doc := b.get(path).want(200).doc()
		doc.Find("tbody td[data-label=Key]").Each(func(_ int, s *goquery.Selection) { seen[s.Text()] = true })
		path, _ = doc.Find("a[rel=next]").Attr("href")
	}
	if path != "" || len(seen) != 120 {
		t.Errorf("%d of 120 rows on three pages, then %q", len(seen), path)
	}
}

// A member of another team sees nothing of this one, and a viewer changes nothing.
func TestWhoSeesAndDoesWhat(t *testing.T) {
	w := newWorld(t)
	m := w.newMeasure(domain.NewMeasure{Title: "A matter of the storage team"})
	i := w.incident("An incident of the storage team")
	foreign, viewer, auditor := w.as("foreign"), w.as("viewer"), w.as("auditor")
	foreign.get("/measures").says("0 measures")
	for _, path := range []string{"/measures/" + string(m.Key), "/measures/" + string(m.Key) + "/edit", "/incidents/" + string(i.Key)} {
		foreign.get(path).want(http.StatusNotFound)
	}
	foreign.post("/measures/"+string(m.Key)+"/status", "status", "cancelled", "closure_reason", "duplicate", "version", "1").want(http.StatusNotFound)
	foreign.post("/measures/bulk", "item", string(m.Key)+":1", "priority", "P0").want(200).says("could not be changed")
	viewer.get("/measures/" + string(m.Key)).want(200).says("A matter of the storage team")
	if n := viewer.get("/measures/" + string(m.Key)).doc().Find("main form").Length(); n != 0 {
		t.Errorf("a viewer sees %d forms", n)
	}
	viewer.post("/measures/"+string(m.Key)+"/edit", "title", "x", "version", "1").want(http.StatusForbidden)
	viewer.post("/measures/new", "title", "x").want(http.StatusForbidden)
	auditor.get("/measures").says("1 measure")
	auditor.post("/measures/new", "title", "x").want(http.StatusForbidden)
	member := w.as("member")
	for _, path := range []string{"/tokens", "/people/new", "/trackers/acme/edit"} {
		if got := member.get(path).status; got != http.StatusForbidden && got != http.StatusNotFound {
			t.Errorf("a member reaches %s: %d", path, got)
		}
	}
	member.post("/people/new", "name", "x", "role", "admin").want(http.StatusForbidden)
	member.post("/people/p_member", "name", "Mia", "role", "admin", "version", "1").want(http.StatusForbidden)
	member.post("/policy", "assessment_months", "1").want(http.StatusForbidden)
	member.post("/people/p_admin/invite").want(http.StatusForbidden)
	member.post("/trackers/new", "id", "x", "kind", "github").want(http.StatusForbidden)
}

func TestEditMeasure(t *testing.T) {
	w := newWorld(t)
	m := w.newMeasure(domain.NewMeasure{Title: "Alert on lag", Priority: domain.P1, Owner: "p_member"})
	b := w.as("member")
	path := "/measures/" + string(m.Key)
	fields := func(version string, more ...string) []string {
		return append([]string{"version", version, "title", "Alert on lag over 30 s", "priority", "P1", "owner", "p_member", "team", "t_a",
			"success_metric.name", "time to detect", "success_metric.target", "5", "success_metric.unit", "min", "success_metric.direction", "at_most"}, more...)
	}
	refused := b.post(path+"/edit", fields("1", "due_on", "2026-12-24")...).want(http.StatusUnprocessableEntity).says("Reason", "moving the due date from 2026-12-10 needs a reason")
	if got := refused.doc().Find("input[name=title]").AttrOr("value", ""); got != "Alert on lag over 30 s" {
		t.Errorf("the refused form forgot what was typed: %q", got)
	}
	b.post(path+"/edit", fields("1", "due_on", "2026-12-24", "reason", "the team is ill")...).leads(path + "?done=saved")
	b.get(path).says("moved the due date from 10 Dec 2026 to 24 Dec 2026", "because: the team is ill", "moved once", "at most 5 min")
	// Somebody else was faster: what was typed stays in the form.
	b.post(path+"/edit", fields("1", "due_on", "2026-12-24")...).want(http.StatusConflict).says("was changed in the meantime")
	b.post(path+"/put-back", "version", "0", "seq", "999999").want(http.StatusUnprocessableEntity)
	form := b.get(path).doc().Find("form[action$='/put-back']").First()
	value := func(name string) string { return form.Find("input[name="+name+"]").AttrOr("value", "") }
	b.post(path+"/put-back", "version", value("version"), "seq", value("seq"), "reason", value("reason")).leads(path + "?done=put_back")
	b.get(path).says("put back from the history")
}

func TestLifeOfAMeasure(t *testing.T) {
	w := newWorld(t)
	i := w.incident("It was slow")
	b := w.as("member")
	b.post("/measures/new", "from", "incident", "incident", string(i.Key), "title", "Add an index", "kind", "prevent", "priority", "P1", "owner", "p_member",
		"team", "t_a", "success_metric.name", "p95").leads("/incidents/INC-1?done=created")
	b.get("/incidents/INC-1").says("One measure keeps this incident from being closed", "still “Proposed”", "10 Dec 2026")
	step := func(to string, more ...string) answer {
		b.t.Helper()
		return b.post("/measures/M-1/status", append([]string{"version", "0", "status", to}, more...)...)
	}
	step("accepted").leads("/measures/M-1?done=saved")
	step("done").want(http.StatusUnprocessableEntity).says("add a link that shows the work is done")
	b.post("/measures/M-1/evidence", "title", "Plan", "url", "javascript:alert(1)").want(http.StatusUnprocessableEntity).says("is not a web address")
	b.post("/measures/M-1/evidence", "title", "Query plan", "url", "https://wiki.example/plan").leads("/measures/M-1?done=evidence")
	b.post("/measures/M-1/observations", "at", "2026-11-25T08:00", "value", "12,5").leads("/measures/M-1?done=observation")
	b.post("/measures/M-1/probe", "kind", "json", "url", "https://evil.example", "query", "/p95", "every_hours", "24").want(http.StatusUnprocessableEntity).says("FOLLOWTHROUGH_PROBE_HOSTS")
	b.post("/measures/M-1/probe", "kind", "json", "url", "https://metrics.example/db", "query", "/p95", "every_hours", "12").leads("/measures/M-1?done=saved")
	b.get("/measures/M-1").says("Read every 12 h from", "https://metrics.example/db", "no reading yet")
	b.post("/measures/M-1/probe", "url", "").leads("/measures/M-1?done=saved")
	step("done").want(http.StatusSeeOther)
	b.post("/incidents/INC-1/status", "version", "1", "status", "closed").want(http.StatusConflict).says("cannot be closed yet")
	step("verified", "verdict", "effective").want(http.StatusUnprocessableEntity).says("somebody other than its owner")
	admin := w.as("admin")
	admin.post("/measures/M-1/status", "version", "0", "status", "verified", "verdict", "effective").want(http.StatusSeeOther)
	b.post("/incidents/INC-1/status", "version", "1", "status", "closed").leads("/incidents/INC-1?done=saved")
	b.get("/measures/M-1").says("Query plan", "12.5", "Effective", "changed “Status” from Done to Verified")
	step("in_progress").want(http.StatusUnprocessableEntity).says("needs a reason")
	step("in_progress", "reason", "it came back").want(http.StatusSeeOther)

	// It did not work: another measure takes over.
	step("done").want(http.StatusSeeOther)
	b.post("/measures/new", "title", "Another index", "succeeds", "M-1").want(http.StatusUnprocessableEntity).says("a successor follows on")
	admin.post("/measures/M-1/status", "version", "0", "status", "verified", "verdict", "ineffective").want(http.StatusSeeOther)
	b.get("/measures/M-1").says("Did it work?", "let another measure take over")
	form := b.get("/measures/new?succeeds=M-1").says("takes over from one that did not work").doc()
	if first, incident := form.Find("input[name=succeeds]").AttrOr("value", ""), form.Find("input[name=incident]").AttrOr("value", ""); first != "M-1" || incident != "INC-1" {
		t.Errorf("the form begins with %q of %q", first, incident)
	}
	b.post("/measures/new", "title", "Partition the table", "succeeds", "M-1", "owner", "p_member").leads("/measures/M-2?done=created")
	b.get("/measures/M-2").says("takes over from one that did not work", "M-1")
	b.get("/measures/M-1").says("What follows on it", "Partition the table")
}

// TestDuplicate: "duplicate" asks for the measure that goes on, and where a
// tracker did not name it the page asks for it.
func TestDuplicate(t *testing.T) {
	w := newWorld(t)
	first, second := w.newMeasure(domain.NewMeasure{Title: "Alert on lag"}), w.newMeasure(domain.NewMeasure{Title: "Alert on lag, again"})
	b := w.as("member")
	path := "/measures/" + string(second.Key)
	closing := func(more ...string) answer {
		return b.post(path+"/status", append([]string{"version", "0", "status", "cancelled", "closure_reason", "duplicate"}, more...)...)
	}
	closing().want(http.StatusUnprocessableEntity).says("name the measure that goes on")
	closing("duplicate_of", "M-99").want(http.StatusUnprocessableEntity).says("there is no measure")
	closing("duplicate_of", " m-1 ").leads(path + "?done=saved")
	b.get(path).says("Duplicate", "of M-1", "set “Duplicate of” to M-1")

	if _, err := w.db.UpdateMeasure(t.Context(), domain.Everything(), first.Key, 0, domain.Attribution{Source: domain.FromGitHub}, func(m *domain.Measure) error {
		m.Status, m.ClosureReason, m.CancelledAt = domain.Cancelled, domain.Duplicate, m.CreatedAt
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	b.get("/measures/" + string(first.Key)).says("The tracker says that this is a duplicate")
	third := w.newMeasure(domain.NewMeasure{Title: "Alert on lag, for good"})
	b.post("/measures/"+string(first.Key)+"/status", "version", "0", "status", "cancelled", "duplicate_of", string(third.Key)).leads("/measures/" + string(first.Key) + "?done=saved")
	if n := b.get("/measures/" + string(first.Key)).says("of " + string(third.Key)).doc().Find("form input[name=duplicate_of]").Length(); n != 0 {
		t.Errorf("%d forms still ask for the survivor", n)
	}
}

func TestBulkEdit(t *testing.T) {
	w := newWorld(t)
	a, c := w.newMeasure(domain.NewMeasure{Title: "First", Priority: domain.P2}), w.newMeasure(domain.NewMeasure{Title: "Second", Priority: domain.P2})
	b := w.as("member")
	b.post("/measures/bulk", "item", string(a.Key)+":1", "item", string(c.Key)+":1", "owner", "p_member", "priority", "P0", "back", "/measures?q=r").leads("/measures?done=bulk&q=r")
	b.get("/measures?owner=p_member&priority=P0").says("2 measures")
	b.post("/measures/bulk", "item", string(a.Key)+":1", "item", string(c.Key)+":2", "priority", "P3").want(200).says("1 measure could not be changed", "M-1", "changed in the meantime")
	b.post("/measures/bulk", "item", string(a.Key)+":2").want(http.StatusUnprocessableEntity).says("nothing to change was given")
	b.post("/measures/bulk", "priority", "P0").want(http.StatusUnprocessableEntity)
}

// T11: looking at every page changes nothing.
func TestLookingChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.demo()
	w.demoChecks()
	b := w.as("admin")
	before, err := w.db.LastSeq(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range everyPage() {
		b.get(p.path).want(200)
	}
	for _, path := range []string{"/measures.csv", "/measures.xlsx", "/sign-in", "/setup", "/invitation"} {
		b.get(path).want(200)
	}
	after, err := w.db.LastSeq(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if before != after {
		t.Errorf("the history grew from %d to %d rows", before, after)
	}
}

func TestExports(t *testing.T) {
	w := newWorld(t)
	w.newMeasure(domain.NewMeasure{Title: `=HYPERLINK("https://evil.example";"x")`, Owner: "p_member"})
	w.newMeasure(domain.NewMeasure{Title: "Harmless, with a comma"})
	b := w.as("member")
	a := b.get("/measures.csv?sort=key").want(200)
	for _, want := range []string{"Key,Title,", `"'=HYPERLINK(""https://evil.example"";""x"")"`, `"Harmless, with a comma"`, "Mia Becker"} {
		if !strings.Contains(string(a.body), want) {
			t.Errorf("the CSV lacks %q:\n%s", want, a.body)
		}
	}
	if got := a.header.Get("Content-Disposition"); got != `attachment; filename="measures-2026-11-25.csv"` {
		t.Errorf("Content-Disposition %q", got)
	}
	if x := b.get("/measures.xlsx").want(200); !strings.HasPrefix(string(x.body), "PK") {
		t.Error("the workbook is none")
	}
	if w.as("foreign").get("/measures.csv"); strings.Contains(string(w.as("foreign").get("/measures.csv").body), "comma") {
		t.Error("the export shows another team's measure")
	}
}

// TestExportInTheOrderOfTheList: by the current date unless told otherwise, which
// an index serves.
func TestExportInTheOrderOfTheList(t *testing.T) {
	w := newWorld(t)
	moved := w.newMeasure(domain.NewMeasure{Title: "Moved", Owner: "p_member", DueOn: domain.MustDate("2026-12-01")})
	w.newMeasure(domain.NewMeasure{Title: "Kept", Owner: "p_member", DueOn: domain.MustDate("2026-12-05")})
	later := app.MeasurePatch{MeasureEdit: domain.MeasureEdit{DueOn: domain.Some(domain.MustDate("2026-12-20")), Reason: "waiting for parts"}}
	w.advance(48 * time.Hour)
	if _, err := w.app.Measures.Edit(t.Context(), w.actor("member"), moved.Key, 0, later); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{"": "Kept Moved", "?sort=original_due_on": "Moved Kept"} {
		text := string(w.as("member").get("/measures.csv" + query).want(200).body)
		kept, moved := strings.Index(text, "Kept"), strings.Index(text, "Moved")
		if got := map[bool]string{true: "Kept Moved", false: "Moved Kept"}[kept < moved]; got != want || min(kept, moved) < 0 {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
}

func TestCalendar(t *testing.T) {
	w := newWorld(t)
	w.newMeasure(domain.NewMeasure{Title: "Mine; with, signs", Owner: "p_member", DueOn: domain.MustDate("2026-12-08")})
	w.newMeasure(domain.NewMeasure{Title: "Somebody else's", Owner: "p_admin", DueOn: domain.MustDate("2026-12-08")})
	b := w.as("member")
	address := b.post("/account/calendar").want(200).doc().Find(".secret").Text()
	path := strings.TrimPrefix(address, "http://127.0.0.1")
	feed := w.browser().get(path).want(200)
	for _, want := range []string{"BEGIN:VCALENDAR\r\n", "SUMMARY:M-1 Mine\\; with\\, signs\r\n", "DTSTART;VALUE=DATE:20261208\r\n"} {
		if !strings.Contains(string(feed.body), want) {
			t.Errorf("the feed lacks %q:\n%s", want, feed.body)
		}
	}
	if strings.Contains(string(feed.body), "Somebody") {
		t.Error("the feed shows another person's measure")
	}
	w.browser().get("/calendar/WRONG.ics").want(http.StatusNotFound)
	b.post("/account/sign-out-everywhere")
	w.browser().get(path).want(http.StatusNotFound)
}

func TestInvitation(t *testing.T) {
	w := newWorld(t)
	admin := w.as("admin")
	admin.post("/people/new", "name", "Nia Neu", "email", "nia@example.org", "role", "member", "teams", "t_a").want(http.StatusSeeOther)
	people, err := w.app.People.List(t.Context(), domain.System())
	if err != nil {
		t.Fatal(err)
	}
	var id domain.PersonID
	for _, p := range people {
		if p.Name == "Nia Neu" {
			id = p.ID
		}
	}
	link := admin.post("/people/" + string(id) + "/invite").want(200).doc().Find(".secret").Text()
	_, secret, _ := strings.Cut(link, "#")
	b := w.browser()
	b.post("/invitation", "secret", "wrong", "password", password).want(http.StatusUnauthorized)
	b.post("/invitation", "secret", secret, "password", "short").want(http.StatusUnprocessableEntity)
	b.post("/invitation", "secret", secret, "password", password).leads("/")
	b.get("/account").want(200).says("Nia Neu")
	w.browser().post("/invitation", "secret", secret, "password", password).want(http.StatusUnauthorized)
}

// German people read German refusals.
func TestGerman(t *testing.T) {
	w := newWorld(t)
	b := w.as("member")
	b.post("/account", "language", "de").leads("/account?done=saved")
	b.get("/").want(200).says("Nichts Offenes liegt über der Zusage.")
	b.post("/measures/new", "title", "").want(http.StatusUnprocessableEntity).says("Das konnte nicht gespeichert werden", "sagen Sie in einer Zeile, was sich ändern soll")
	b.get("/measures/M-99").want(http.StatusNotFound).says("Fehler 404", "gibt es nicht")
}
