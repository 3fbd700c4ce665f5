package api

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// TestEveryRoute drives every operation of the table to success, with the real
// store, engine and simulated trackers. The harness holds each exchange
// against the document.
func TestEveryRoute(t *testing.T) {
	w := newWorld(t)
	v1 := func(path string) string { return prefix + path }
	del := func(path, tag string) answer {
		return w.do(request{as: "admin", method: http.MethodDelete, path: v1(path), header: map[string]string{"If-Match": tag}})
	}
	list := func(as, path string) { w.get(as, v1(path)+"?limit=1&total=true").want(200) }

	// Incidents.
	inc := w.post("member", v1("/incidents"), object{"title": "Database down", "severity": "SEV2", "team": "t_a", "services": []string{"db"}, "causes": []string{"capacity"},
		"started_at": "2026-11-20T10:00:00Z", "resolved_at": "2026-11-20T12:00:00Z"}).want(201)
	w.patch("member", v1("/incidents/INC-1"), inc.etag(), object{"status": "in_review", "summary": "A **disk** was full."}).want(200)
	w.get("viewer", v1("/incidents/INC-1")).want(200)
	list("viewer", "/incidents")

	// Trackers.
	w.platform(nil).want(201)
	tracker := w.get("viewer", v1("/trackers/platform")).want(200)
	w.patch("admin", v1("/trackers/platform"), tracker.etag(), object{"conflict_policy": object{"title": "ask"}}).want(200)
	list("viewer", "/trackers")
	if check := w.post("admin", v1("/trackers/platform/check"), nil).want(200); check.json()["can_write"] != true {
		t.Errorf("check = %s", check.body)
	}

	// A measure and its whole life.
	key, _ := w.measure(object{"incident": "INC-1", "owner": "p_member", "success_metric": object{"name": "time to detect", "unit": "min", "target": 5, "direction": "at_most"}})
	at := v1("/measures/" + key)
	w.get("viewer", v1("/trackers/platform/plan")).want(200)
	w.post("member", at+"/links", object{"tracker": "platform"}).want(201)
	w.sync("platform")
	if drift := w.get("viewer", v1("/trackers/platform/drift")).want(200); drift.json()["equal"] != true || drift.json()["compared"] != 1.0 {
		t.Errorf("drift = %s", drift.body)
	}
	w.post("member", v1("/trackers/platform/sync"), nil).want(200)
	w.get("viewer", v1("/trackers/platform/status")).want(200)
	list("viewer", "/measures/"+key+"/links")
	w.get("viewer", at+"/links/platform").want(200)
	m := w.get("viewer", at).want(200)
	m = w.patch("member", at, m.etag(), object{"status": "accepted"}).want(200)
	w.post("member", v1("/measures/bulk"), object{"items": []object{{"key": key}, {"key": "M-99"}}, "change": object{"priority": "P2"}}).want(200)
	w.post("member", at+"/evidence", object{"title": "Runbook", "url": "https://example.org/runbook", "effective_on": "2026-11-24"}).want(201)
	list("viewer", "/measures/"+key+"/evidence")
	w.post("member", at+"/observations", object{"items": []object{{"at": "2026-11-24T10:00:00Z", "value": 4.5, "note": "drill"}}}).want(201)
	list("viewer", "/measures/"+key+"/observations")
	file := func(query, text string) answer {
		return w.do(request{as: "member", method: "POST", path: v1("/observations") + query, body: text, header: map[string]string{"Content-Type": "text/csv; charset=utf-8", "Idempotency-Key": "values"}}).want(200)
	}
	values := "measure,at,value,note\n" + key + ",2026-11-23,3.5,drill\n" + key + ",2026-11-24T11:00:00Z,4,\n"
	for query, want := range map[string]string{"?dry_run=true": `{"values":2,"written":false}`, "": `{"values":2,"written":true}`, "?dry_run=false": `{"values":2,"written":true}`} {
		if got := strings.TrimSpace(string(file(query, values).body)); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	if n := len(w.get("viewer", at+"/observations").want(200).json()["items"].([]any)); n != 3 {
		t.Errorf("%d observations after a dry run and a file sent twice", n)
	}
	list("viewer", "/measures/"+key+"/history")
	list("viewer", "/incidents/INC-1/measures")
	list("viewer", "/incidents/INC-1/history")
	list("viewer", "/measures")
	if due := w.get("viewer", v1("/measures")+"?effectiveness_due=true&total=true").want(200).json(); due["total"] != 0.0 {
		t.Errorf("an open measure waits for a verdict: %v", due)
	}
	w.get("viewer", v1("/incidents/INC-1/stats")).want(200)

	// Both sides change the title: a person decides.
	w.patch("member", at, "*", object{"title": "Alert on lag, ours"}).want(200)
	issue := w.issue("Alert on replication lag")
	theirs := "Alert on lag, theirs"
	w.trackers.github.As("robot").Edit("acme/platform", issue.Number, githubsim.Edit{Title: &theirs})
	w.sync("platform")
	open := w.get("viewer", v1("/conflicts")+"?open=true&total=true").want(200).json()
	if open["total"] != 1.0 {
		t.Fatalf("conflicts = %v", open)
	}
	w.get("viewer", v1("/conflicts/1")).want(200)
	if done := w.post("member", v1("/conflicts/1/resolve"), object{"choice": "theirs"}).want(200); done.text("winner") != theirs {
		t.Errorf("resolved = %s", done.body)
	}
	w.sync("platform")
	history := w.get("viewer", at+"/history?limit=200").want(200).json()["items"].([]any)
	lost := history[len(history)-1].(object)
	for _, row := range history {
		if row := row.(object); row["field"] == "title" && row["overwritten"] == true {
			lost = row
		}
	}
	w.post("member", at+"/put-back", object{"seq": lost["seq"], "side": "to"}).want(200)

	// People, teams, tokens, policies.
	team := w.post("admin", v1("/teams"), object{"name": "Storage"}).want(201)
	w.patch("admin", v1("/teams/"+team.text("id")), team.etag(), object{"lead": "p_member"}).want(200)
	w.get("admin", v1("/teams/"+team.text("id"))).want(200)
	list("viewer", "/teams")
	onTime := w.get("viewer", v1("/stats/on-time")+"?due_from=2026-01-01&due_to=2026-12-31&every=quarter").want(200).json()["report"].(object)
	if span := onTime["whole"].(object)["due"].(object); span["from"] != "2026-01-01" || span["to"] != "2026-12-31" {
		t.Errorf("on time = %v", onTime)
	}
	w.get("viewer", v1("/stats/on-time")+"?due_from=2026-01-32").want(400)
	w.get("viewer", v1("/stats/on-time")+"?every=week").want(400)
	w.get("viewer", v1("/stats/on-time")+"?due_from=2026-02-01&due_to=2026-01-01").want(400)
	if table := w.get("viewer", v1("/stats/on-time")+"?every=month&format=csv").want(200); !strings.Contains(string(table.body), "on-time,whole.original,A4,on_time_original") {
		t.Errorf("as a table: %s", table.body)
	}
	list("viewer", "/services/unlisted")
	service := w.post("admin", v1("/services"), object{"name": "db", "since": "2025-01-01", "team": "t_a"}).want(201)
	w.patch("admin", v1("/services/"+service.text("id")), service.etag(), object{"retired": "2026-11-30", "reason": "switched off"}).want(200)
	service = w.get("viewer", v1("/services/"+service.text("id"))).want(200)
	if service.json()["retired"] != "2026-11-30" || service.json()["since"] != "2025-01-01" {
		t.Errorf("service = %s", service.body)
	}
	list("viewer", "/services")
	if rates := w.get("viewer", v1("/stats/recurrence")).want(200).json()["report"].(object); rates["catalogued_starts"] != 1.0 {
		t.Errorf("recurrence = %v catalogued starts", rates["catalogued_starts"])
	}
	del("/services/"+service.text("id"), service.etag()).want(204)
	person := w.post("admin", v1("/people"), object{"name": "Ana Roth", "role": "member", "teams": []string{"t_a"}}).want(201)
	w.patch("admin", v1("/people/"+person.text("id")), person.etag(), object{"email": "ana@example.org", "deputy": "p_member"}).want(200)
	w.get("viewer", v1("/people/"+person.text("id"))).want(200)
	list("viewer", "/people")
	w.post("admin", v1("/people/p_member/identities"), object{"tracker": "platform", "login": "robot"}).want(201)
	list("viewer", "/people/p_member/identities")
	del("/people/p_member/identities/platform", "*").want(204)
	token := w.post("admin", v1("/tokens"), object{"name": "reader", "role": "viewer"}).want(201)
	w.get("admin", v1("/tokens/"+token.text("id"))).want(200)
	list("admin", "/tokens")
	del("/tokens/"+token.text("id"), token.etag()).want(204)
	w.get("member", v1("/me")).want(200)
	policy := w.get("viewer", v1("/policies/current")).want(200)
	w.patch("admin", v1("/policies/current"), policy.etag(), object{"look_again_days": 60, "windows": object{"side": 90}, "reason": "quarterly is too late"}).want(200)
	if windows := w.get("viewer", v1("/policies/2")).want(200).json()["windows"].(object); windows["side"] != 90.0 || windows["roll_out"] != 7.0 || windows["follow_through"] != 90.0 {
		t.Errorf("windows = %v", windows)
	}
	w.patch("admin", v1("/policies/current"), "*", object{"windows": object{"side": 5}}).want(422)
	w.get("viewer", v1("/policies/1")).want(200)

	// Reminders.
	w.post("member", at+"/snooze", object{"until": "2026-12-08", "reason": "waits for the supplier"}).want(200)
	if z := w.get("viewer", at+"/snooze").want(200); z.text("until") != "2026-12-08" {
		t.Errorf("snooze = %s", z.body)
	}
	del("/measures/"+key+"/snooze", "*").want(204)
	settings := w.get("member", v1("/me/notices")).want(200)
	settings = w.patch("member", v1("/me/notices"), settings.etag(), object{"digest": false, "absent_from": "2026-12-24"}).want(200)
	if settings.json()["digest"] != false || settings.json()["reminders"] != true || settings.text("absent_from") != "2026-12-24" {
		t.Errorf("settings = %s", settings.body)
	}
	w.patch("member", v1("/me/notices"), `"1-x"`, object{"digest": true}).want(412)
	settings = w.get("admin", v1("/people/p_member/notices")).want(200)
	w.patch("admin", v1("/people/p_member/notices"), settings.etag(), object{"absent_from": nil}).want(200)
	list("viewer", "/reminders/preview")
	if _, err := w.db.SaveRound(t.Context(), domain.MustDate("2026-11-25"), []domain.Notice{{ID: "n_one", Kind: domain.NoticeReminder, Channel: domain.ByMail, Target: "p_member",
		Period: "2026-11-25", State: domain.NoticeFailed, Stop: "not for the world", CreatedAt: w.now(), UpdatedAt: w.now()}}); err != nil {
		t.Fatal(err)
	}
	list("member", "/notices")
	if all := w.get("admin", v1("/notices?state=failed")).want(200); strings.Contains(string(all.body), "not for the world") || len(all.json()["items"].([]any)) != 1 {
		t.Errorf("letters = %s", all.body)
	}
	w.post("admin", v1("/notices/n_one/retry"), nil).want(200)
	rhythm := w.patch("admin", v1("/policies/current"), "*", object{"reminders": object{"hour": 7, "escalate": object{"P0": 1}}}).want(200).json()["reminders"].(object)
	if rhythm["hour"] != 7.0 || rhythm["every"] != 7.0 {
		t.Errorf("rhythm = %v", rhythm)
	}

	w.get("viewer", at+"/effect").want(200)
	w.get("viewer", at+"/probe").want(404)
	w.post("member", at+"/probe", object{"kind": "prometheus", "url": "https://evil.example", "query": "up"}).want(422)
	set := w.post("member", at+"/probe", object{"kind": "prometheus", "url": "https://prom.example", "query": "max(lag)", "every_hours": 12}).want(200)
	if got := w.get("viewer", at+"/probe").want(200).json(); got["query"] != "max(lag)" || got["every_hours"] != 12.0 || got["read_at"] != nil || got["last_error"] != nil {
		t.Errorf("probe = %v", got)
	}
	del("/measures/"+key+"/probe", set.etag()).want(204)
	w.post("member", v1("/incidents"), object{"title": "Database down again", "team": "t_a", "services": []string{"db"}, "causes": []string{"capacity"}, "started_at": "2026-11-24T10:00:00Z"}).want(201)
	list("viewer", "/incidents/INC-2/suggestions")
	list("viewer", "/suggestions")
	for _, d := range []object{{"decision": "reject", "reason": "another disk"}, {"decision": "reconsider"}, {"decision": "reject", "reason": "another disk"}} {
		w.post("member", v1("/incidents/INC-2/suggestions/INC-1"), d).want(200)
	}
	if ruled := w.get("viewer", v1("/incidents/INC-2/rejected-suggestions")).want(200).json()["items"].([]any); len(ruled) != 1 || ruled[0].(object)["reason"] != "another disk" || ruled[0].(object)["by"] != "p_member" {
		t.Errorf("rejected: %v", ruled)
	}
	list("viewer", "/incidents/INC-2/rejected-suggestions")
	if linked := w.post("member", v1("/incidents/INC-2/suggestions/INC-1"), object{"decision": "accept"}).want(200); linked.text("recurrence_of") != "INC-1" {
		t.Errorf("accepted: %s", linked.body)
	}
	groups := w.get("auditor", v1("/assessments/2026-Q4/candidates")).want(200).json()["items"].([]any)
	if len(groups) != 1 || groups[0].(object)["cause"] != "capacity" {
		t.Errorf("candidates = %v", groups)
	}
	w.post("admin", v1("/assessments"), object{"period": "2026-Q4", "answer": "found", "note": "The disk again."}).want(201)
	list("auditor", "/assessments")
	list("auditor", "/assessments/due")
	// The crisis check.
	catalogue := w.get("viewer", v1("/checks/catalogue")).want(200).json()
	check := w.post("member", v1("/checks"), object{"team": "t_a"}).want(201)
	var answers []object
	for _, area := range catalogue["areas"].([]any) {
		for _, q := range area.(object)["questions"].([]any) {
			answers = append(answers, object{"question": q.(object)["id"], "step": 1, "evidence": "told"})
		}
	}
	w.patch("member", v1("/checks/CHK-1"), check.etag(), object{"answers": answers}).want(200)
	if done := w.post("member", v1("/checks/CHK-1/finish"), nil).want(200); done.text("status") != "finished" {
		t.Errorf("finished: %s", done.body)
	}
	w.get("viewer", v1("/checks/CHK-1")).want(200)
	list("viewer", "/checks")
	list("viewer", "/checks/CHK-1/history")
	gap := w.post("member", v1("/checks/CHK-1/measures"), object{"question": "backups.restore", "language": "de"}).want(201)
	if gap.text("crisis_check") != "CHK-1" || gap.text("question") != "backups.restore" || gap.text("priority") != "P2" || gap.text("due_on") == "" {
		t.Errorf("the measure of a gap: %s", gap.body)
	}
	if score := w.get("viewer", v1("/checks/CHK-1/score")).want(200).json()["score"].(object); score["counted"] != 33.0 || score["gaps"] != 24.0 || score["last"] != nil {
		t.Errorf("score = %v", score)
	}
	w.get("viewer", v1("/measures?crisis_check=CHK-1")).want(200)
	w.post("member", v1("/checks"), object{}).want(201)
	w.post("member", v1("/checks/CHK-2/discard"), object{"reason": "begun by mistake"}).want(200)
	for _, name := range statistics() {
		w.get("auditor", v1("/stats/"+name)).want(200)
	}

	w.stopLink(key)
	w.post("member", at+"/links/platform/resume", nil).want(200)

	// Saved views.
	view := w.post("member", v1("/views"), object{"name": "P0 of storage", "page": "measures", "query": "priority=P0&cursor=x", "share": "team", "team": "t_a"}).want(201)
	if view.text("query") != "priority=P0" {
		t.Errorf("view = %s", view.body)
	}
	list("viewer", "/views")
	w.get("viewer", v1("/views/"+view.text("id"))).want(200)
	w.patch("viewer", v1("/views/"+view.text("id")), view.etag(), object{"name": "mine now"}).want(403)
	view = w.patch("member", v1("/views/"+view.text("id")), view.etag(), object{"share": "organisation"}).want(200)
	del("/views/"+view.text("id"), view.etag()).want(204)

	driveReview(t, w)

	auditRoutes(t, w, key)

	// The ends of things.
	link := w.get("viewer", at+"/links/platform").want(200)
	del("/measures/"+key+"/links/platform", link.etag()).want(204)
	w.post("member", at+"/links", object{"tracker": "platform", "url": "https://github.com/acme/platform/issues/1"}).want(201)
	del("/measures/"+key+"/links?tracker=platform", "*").want(204)
	del("/trackers/platform", w.get("admin", v1("/trackers/platform")).etag()).want(204)
	setUp(t, w)
	if err := w.db.CheckLog(t.Context()); err != nil {
		t.Errorf("the log after all that: %v", err)
	}

	for _, r := range w.server.table {
		if !w.served[r.id] {
			t.Errorf("%s %s (%s) was never served with success here", r.method, r.path, r.id)
		}
	}
}

// driveReview takes a review from its first fact to its second publication.
func driveReview(t *testing.T, w *world) {
	t.Helper()
	at := prefix + "/incidents/INC-1/review"
	if none := w.get("viewer", at).want(200); none.text("state") != "none" {
		t.Errorf("review = %s", none.body)
	}
	w.post("member", at+"/times", nil).want(200)
	cause := w.post("member", at+"/entries", object{"section": "cause", "text": "The disk was full."}).want(201)
	finding := w.post("member", at+"/entries", object{"section": "finding", "text": "Nobody saw it fill.", "cause": cause.text("id"), "measures": []string{"M-1"}}).want(201)
	w.patch("member", at+"/entries/"+finding.text("id"), "*", object{"kind": "process"}).want(200)
	gone := w.post("member", at+"/entries", object{"section": "lesson", "kind": "lucky", "text": "It was Sunday."}).want(201)
	w.do(request{as: "member", method: http.MethodDelete, path: at + "/entries/" + gone.text("id"), header: map[string]string{"If-Match": "*"}}).want(204)
	w.post("member", at+"/messages", object{"items": []object{{"channel": "bridge", "sender": "Ana", "audience": "team", "at": "2026-11-20T10:20:00Z", "statement": "The database is down."}}}).want(201)
	w.do(request{as: "member", method: http.MethodPost, path: at + "/chat?name=bridge.txt&channel=bridge", body: "[10:25] Ana Roth: We fail over now.\n",
		header: map[string]string{"Content-Type": "application/octet-stream"}}).want(201)
	said := w.get("viewer", at+"/messages?limit=1&total=true").want(200).json()["items"].([]any)[0].(object)
	w.post("member", at+"/messages/"+said["id"].(string)+"/mark", object{"diverges": "The status page said all is well."}).want(204)
	if talk := w.get("viewer", at+"/communication").want(200).json(); len(talk["gaps"].([]any)) == 0 || len(talk["diverging"].([]any)) != 1 {
		t.Errorf("communication = %v", talk)
	}
	w.post("member", at+"/feedback", nil).want(201)
	w.get("viewer", at+"/feedback").want(200)
	w.post("member", at+"/feedback/close", nil).want(204)
	step := func(as, state string) answer {
		return w.post(as, at+"/state", object{"state": state, "reason": "the numbers are in"}).want(200)
	}
	review := w.get("member", at).want(200)
	w.patch("member", at, review.etag(), object{"summary": "Down for {duration}.", "shared_with": []string{"viewer", "member"}}).want(200)
	step("member", "in_review")
	w.post("member", at+"/state", object{"state": "approved"}).want(422) // a second person
	step("admin", "approved")
	step("member", "published")
	step("member", "draft")
	w.patch("member", at, "*", object{"summary": "Down for {duration}, seen late."}).want(200)
	step("member", "in_review")
	step("admin", "approved")
	step("member", "published")
	versions := w.get("viewer", at+"/versions?limit=1&total=true").want(200).json()
	if first := versions["items"].([]any)[0].(object); versions["total"] != 2.0 || first["summary"] != "Down for 2 h." {
		t.Errorf("versions = %v", versions)
	}
	if v := w.get("viewer", at+"/versions/1").want(200).json(); v["summary"] != "Down for 2 h." || v["title"] != "Database down" || v["talk"].(object)["messages"] == nil {
		t.Errorf("version 1 = %v", v)
	}
	if changes := w.get("viewer", at+"/versions/2/changes").want(200).json()["items"].([]any); len(changes) == 0 {
		t.Error("nothing changed between the versions")
	}
	if same := w.get("viewer", at+"/versions/1/changes?since=1").want(200).json()["items"].([]any); len(same) != 0 {
		t.Errorf("a version differs from itself: %v", same)
	}
	if back := w.get("viewer", at+"/versions/1/changes?since=2").want(200).json()["items"].([]any); len(back) == 0 {
		t.Error("an earlier version is not compared with a later one")
	}
	reviewDocuments(t, w, at)
	w.get("viewer", at+"/history?limit=1&total=true").want(200)
	if found := w.get("viewer", prefix+"/reviews?q=disk+FULL&year=2026&limit=1&total=true").want(200).json(); found["total"] != 1.0 {
		t.Errorf("search = %v", found)
	}
	if missing := w.get("viewer", prefix+"/reviews?missing=true&total=true").want(200).json(); missing["total"] != 1.0 {
		t.Errorf("incidents without a review = %v", missing)
	}
}

// auditRoutes drives the evidence log.
func auditRoutes(t *testing.T, w *world, key string) {
	t.Helper()
	v1 := prefix + "/evidence"
	if note := w.get("auditor", v1+"/checkpoint").want(200); !strings.Contains(string(note.body), "\n— followthrough/") {
		t.Errorf("checkpoint = %s", note.body)
	}
	pack := w.post("auditor", v1+"/packs", object{"from": "2026-01-01", "to": "2026-12-31", "incident": "INC-1"}).want(200)
	log := w.get("auditor", v1).want(200)
	proveLog(t, w, log.text("key"))
	traces := w.get("auditor", v1+"/traces?sample=dice&limit=200").want(200).json()["items"].([]any)
	if found := fmt.Sprint(traces); !strings.Contains(found, key) || !strings.Contains(found, "findings:[map[") {
		t.Errorf("no measure or no finding is in the traces %v", traces)
	}
	if v := evidence.Verify(bytes.NewReader(pack.body), int64(len(pack.body)), log.text("key"), nil); v.ExitCode() != 0 {
		t.Errorf("the pack: %s", v)
	}
	w.post("auditor", v1+"/packs", object{"from": "2026-12-31", "to": "2026-01-01"}).want(422)
	w.post("member", v1+"/packs", object{"from": "2026-01-01", "to": "2026-12-31"}).want(403)
	if csv := w.get("auditor", v1+"/register?known_at=2026-12-31").want(200); !strings.Contains(string(csv.body), "\n"+key+",") {
		t.Errorf("register = %s", csv.body)
	}
	w.get("auditor", v1+"/register?known_at=yesterday").want(400)
	w.get("auditor", v1+"/flags?limit=1&total=true").want(200)
	if n := w.get("auditor", v1+"/clauses?total=true").want(200).json()["total"]; n.(float64) < 7 {
		t.Errorf("%v clauses", n)
	}
	w.post("admin", v1+"/erasures", object{"subject": "incident", "key": "INC-1", "fields": []string{"summary"}, "reason": "Art. 17"}).want(200)
	if made := w.post("admin", v1+"/keys", object{"reason": "yearly"}).want(201).json(); w.get("auditor", v1).want(200).json()["key"] != made["key"] {
		t.Errorf("the key = %v", made)
	}
	if e := w.post("admin", v1+"/epochs", object{"reason": "a drill"}).want(201); e.json()["epoch"] != 1.0 {
		t.Errorf("epoch = %s", e.body)
	}
}

// proveLog checks with nothing but the public key and the heads what the log
// says of itself, as somebody outside would.
func proveLog(t *testing.T, w *world, key string) {
	t.Helper()
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	head := func(text string) (size int64, root tlog.Hash) {
		n, err := note.Open([]byte(text), note.VerifierList(verifier))
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		lines := strings.Split(n.Text, "\n")
		size, _ = strconv.ParseInt(lines[1], 10, 64)
		if root, err = tlog.ParseHash(lines[2]); err != nil {
			t.Fatal(err)
		}
		return size, root
	}
	v1 := prefix + "/evidence"
	proof, signed, _ := strings.Cut(string(w.get("auditor", v1+"/leaves/3/proof").want(200).body), "\n\n")
	lines := strings.Split(proof, "\n")
	leaf, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil || lines[0] != "c2sp.org/tlog-proof@v1" || lines[2] != "index 3" || !bytes.HasPrefix(leaf, []byte("followthrough leaf v1\n")) {
		t.Fatalf("%v: %s", err, proof)
	}
	hashes := func(list []string) (out []tlog.Hash) {
		for _, text := range list {
			h, err := tlog.ParseHash(text)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, h)
		}
		return out
	}
	size, root := head(signed)
	if err := tlog.CheckRecord(hashes(lines[3:]), size, root, 3, tlog.RecordHash(leaf)); err != nil {
		t.Error(err)
	}
	w.post("member", prefix+"/measures", object{"title": "Let the log grow"}).want(201)
	newer, newRoot := head(string(w.get("auditor", v1+"/checkpoint").want(200).body))
	growth := w.get("auditor", fmt.Sprintf("%s/consistency?from=%d&to=%d", v1, size, newer)).want(200)
	var path []string
	for _, h := range growth.json()["hashes"].([]any) {
		path = append(path, h.(string))
	}
	if err := tlog.CheckTree(hashes(path), newer, newRoot, size, root); err != nil || newer <= size {
		t.Error(size, newer, err)
	}
	w.get("auditor", v1+"/leaves/1000000/proof").want(404)
	w.get("auditor", v1+"/leaves/-1/proof").want(404)
	w.get("auditor", v1+"/consistency?from=x&to=1000000").want(400)
	w.get("auditor", v1+"/consistency?from=1&to=1000000").want(404)
	w.get("auditor", v1+"/consistency?from=3&to=2").want(404)
	w.get("member", v1+"/leaves/3/proof").want(403)
}

// setUp creates the first administrator in a world of its own.
func setUp(t *testing.T, w *world) {
	t.Helper()
	empty := newEmptyWorld(t)
	secret, ok, err := empty.app.Access.NewSetup(t.Context())
	if err != nil || !ok {
		t.Fatalf("new set-up link: %v, %v", ok, err)
	}
	empty.post("", prefix+"/setup", object{"secret": secret, "name": "Ana Roth"}).want(201)
	for op := range empty.served {
		w.served[op] = true
	}
}

// TestTableAndDocumentAgree compares the three places a route stands in: the
// table, the document and the router.
func TestTableAndDocumentAgree(t *testing.T) {
	w := newWorld(t)
	table := map[string]bool{}
	for _, r := range w.server.table {
		if r.needs == "" && !r.open {
			t.Errorf("%s names no permission", r.id)
		}
		if r.open == (r.needs != "") {
			t.Errorf("%s is open and needs %q", r.id, r.needs)
		}
		table[r.method+" "+prefix+echoPath(r.path)] = true
	}
	for _, r := range w.server.echo.Routes() {
		if len(r.Path) > len(prefix) && r.Path[:len(prefix)] == prefix && !table[r.Method+" "+r.Path] {
			t.Errorf("%s %s is served and not in the table, so it is not documented", r.Method, r.Path)
		}
		delete(table, r.Method+" "+r.Path)
	}
	for missing := range table {
		t.Errorf("%s is documented and not served", missing)
	}
}
