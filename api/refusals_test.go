package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// TestRefusals shows what a person reads when something from outside cannot be
// accepted. Nothing is written when any part is refused.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	w.post("member", "/api/v1/incidents", object{"title": "Database down", "team": "t_a", "started_at": "2026-11-20T10:00:00Z"}).want(201)
	w.platform(nil).want(201)
	open, _ := w.measure(object{"incident": "INC-1", "due_on": "2026-12-08"})
	full := object{"owner": "p_member", "success_metric": object{"not_measurable": "a one-off clean-up"}}
	accepted, _ := w.measure(full)
	w.patch("member", "/api/v1/measures/"+accepted, "*", object{"status": "accepted"}).want(200)
	longTitle, longText := strings.Repeat("x", 256), strings.Repeat("ü", 63_001)

	type input struct {
		as           string
		method, path string
		body         any
	}
	measure := func(body any) input { return input{"member", "POST", "/measures", body} }
	edit := func(key string, body any) input { return input{"member", "PATCH", "/measures/" + key, body} }
	incident := func(body any) input { return input{"member", "POST", "/incidents", body} }
	tracker := func(more object) input {
		body := object{"id": "other", "kind": "github", "flavor": "dotcom", "base_url": "https://api.github.com", "repository": "acme/platform", "credential": "ghp_0123456789abcdef"}
		maps.Copy(body, more)
		return input{"admin", "POST", "/trackers", body}
	}
	tests := map[string]struct {
		input
		status int
		says   string
	}{
		// Shape.
		"unknown member":     {measure(object{"title": "x", "verified_by": "p_member", "id": 7}), 400, "body.id is not known\nbody.verified_by is not known"},
		"other letter case":  {measure(object{"Title": "x"}), 400, "body.Title is not known; it is written title"},
		"member given twice": {measure(`{"title":"a","title":"b"}`), 400, "body.title is given twice"},
		"wrong type":         {measure(object{"title": 5}), 422, "body.title is a number; write a text"},
		"unknown parameter":  {input{"viewer", "GET", "/measures/" + open + "?expand=all", nil}, 400, "query.expand is not known; this address takes no parameters"},

		// Measures.
		"no title":             {measure(object{"kind": "detect"}), 422, "body.title is empty; say in one line what shall change"},
		"long title":           {measure(object{"title": longTitle}), 422, "body.title has 256 characters; at most 255 are accepted"},
		"long description":     {measure(object{"title": "x", "description": longText}), 422, "body.description has 63001 characters; at most 63000 are accepted"},
		"control character":    {measure(object{"title": "a\u0000b"}), 422, "body.title contains the control character U+0000; remove it"},
		"wrong enums":          {measure(object{"title": "x", "kind": "magic", "priority": "urgent", "status": "half"}), 422, "body.kind \"magic\" is not accepted; use one of prevent, detect, mitigate, repair, investigate, process, training, cover\nbody.priority \"urgent\" is not accepted; use one of P0, P1, P2, P3, P4\nbody.status \"half\" is not accepted; use one of proposed, accepted, in_progress, blocked, done, verified, cancelled\nbody.status a new measure starts as proposed, accepted or in_progress, not \"half\""},
		"impossible date":      {measure(object{"title": "x", "due_on": "2026-02-30"}), 422, `body.due_on "2026-02-30" is not a date; write YYYY-MM-DD, for example 2026-12-08`},
		"date of yesterday":    {measure(object{"title": "x", "due_on": "2026-11-24"}), 422, "body.due_on 2026-11-24 lies before the day of creation, 2026-11-25"},
		"unknown incident":     {measure(object{"title": "x", "incident": "INC-99"}), 422, `body.incident "INC-99" is not known`},
		"unknown owner":        {measure(object{"title": "x", "owner": "p_nobody"}), 422, `body.owner "p_nobody" is not known`},
		"foreign team":         {measure(object{"title": "x", "team": "t_b"}), 422, `body.team "t_b" is not one of your teams`},
		"metric and none":      {measure(object{"title": "x", "success_metric": object{"name": "lag", "not_measurable": "no"}}), 422, "body.success_metric has a name and a reason for not being measurable; give one of them"},
		"wrong direction":      {measure(object{"title": "x", "success_metric": object{"name": "lag", "direction": "down"}}), 422, `body.success_metric.direction "down" is not accepted; use one of at_most, at_least`},
		"move without reason":  {edit(open, object{"due_on": "2026-12-20"}), 422, "body.reason is empty; moving the due date from 2026-12-08 needs a reason"},
		"two steps at once":    {edit(open, object{"status": "verified"}), 422, "body.status proposed cannot become verified; from here it can become accepted, cancelled"},
		"not ready":            {edit(open, object{"status": "accepted"}), 422, "body.owner is empty; an accepted measure has one owner\nbody.success_metric is empty; say how we will know that it worked, or why it is not measurable"},
		"done without proof":   {edit(accepted, object{"status": "done"}), 422, "body.evidence is missing; add a link that shows the work is done"},
		"duplicate of nothing": {edit(accepted, object{"status": "cancelled", "closure_reason": "duplicate"}), 422, "body.duplicate_of is empty; name the measure that goes on, for example M-7"},
		"duplicate of unknown": {edit(accepted, object{"status": "cancelled", "closure_reason": "duplicate", "duplicate_of": "M-999"}), 422, "body.duplicate_of there is no measure \"M-999\""},
		"cancel without why":   {edit(accepted, object{"status": "cancelled"}), 422, "body.closure_reason is empty; choose one of wont_do, risk_accepted, superseded, duplicate, created_in_error"},
		"risk without end":     {edit(accepted, object{"status": "cancelled", "closure_reason": "risk_accepted", "reason": "too dear"}), 422, "body.risk_accepted_until is missing or past; an accepted risk ends on a date to come"},
		"verdict alone":        {edit(accepted, object{"verdict": "effective"}), 422, "body.verdict goes with status verified; set status as well"},
		"evidence no link":     {input{"member", "POST", "/measures/" + open + "/evidence", object{"title": "Runbook", "url": "javascript:alert(1)"}}, 422, `body.url "javascript:alert(1)" is not a web address; it starts with https://`},
		"no observation":       {input{"member", "POST", "/measures/" + open + "/observations", object{"items": []object{{"at": "2026-11-24T10:00:00Z"}}}}, 422, "body.items[0].value is missing; give the number that was observed"},
		"from tomorrow":        {input{"member", "POST", "/measures/" + open + "/observations", object{"items": []object{{"at": "2026-11-24T10:00:00Z", "value": 1}, {"at": "2026-11-27T10:00:00Z", "value": 1}}}}, 422, "body.items[1].at 2026-11-27T10:00:00Z lies in the future"},
		"bulk of nothing":      {input{"member", "POST", "/measures/bulk", object{"items": []object{}, "change": object{"priority": "P2"}}}, 422, "body.items has 0 entries; give 1 to 200"},
		"no such row":          {input{"member", "POST", "/measures/" + open + "/put-back", object{"seq": 1}}, 422, "body.seq 1 is not a row of the history of " + open},

		// Suggested recurrences.
		"no decision":           {input{"member", "POST", "/incidents/INC-1/suggestions/INC-1", object{"decision": "perhaps"}}, 422, `body.decision "perhaps" is not accepted; use one of accept, reject, reconsider`},
		"rejected silently":     {input{"member", "POST", "/incidents/INC-1/suggestions/INC-1", object{"decision": "reject"}}, 422, "body.reason is empty; say why the one does not recur from the other"},
		"unknown earlier":       {input{"member", "POST", "/incidents/INC-1/suggestions/INC-99", object{"decision": "reject", "reason": "x"}}, 422, `body.earlier "INC-99" is not known`},
		"too early for a word":  {input{"admin", "POST", "/assessments", object{"period": "2027-Q1", "answer": "none_found"}}, 422, "body.period 2027-Q1 has not begun; assess it once it has"},
		"found, and not a word": {input{"admin", "POST", "/assessments", object{"period": "2026-Q4", "answer": "found"}}, 422, "body.note is empty; say what recurred and what follows from it"},

		// Incidents.
		"future start":       {incident(object{"title": "x", "started_at": "2027-01-01T00:00:00Z"}), 422, "body.started_at 2027-01-01T00:00:00Z lies in the future"},
		"resolved too early": {incident(object{"title": "x", "started_at": "2026-11-20T10:00:00Z", "resolved_at": "2026-11-19T10:00:00Z"}), 422, "body.resolved_at 2026-11-19T10:00:00Z lies before started_at, 2026-11-20T10:00:00Z"},
		"not an instant":     {incident(object{"title": "x", "started_at": "yesterday"}), 422, `body.started_at "yesterday" is not an instant; write it as 2026-12-08T09:30:00Z`},
		"wrong severity":     {incident(object{"title": "x", "severity": "SEV9"}), 422, `body.severity "SEV9" is not accepted; use one of SEV1, SEV2, SEV3, SEV4, SEV5`},
		"recurs from later":  {incident(object{"title": "x", "started_at": "2026-11-19T10:00:00Z", "recurrence_of": "INC-1"}), 422, "body.recurrence_of INC-1 started at 2026-11-20T10:00:00Z, not before this incident"},
		"recurs from itself": {input{"member", "PATCH", "/incidents/INC-1", object{"recurrence_of": "INC-1"}}, 422, "body.recurrence_of an incident cannot recur from itself"},
		"closed at once":     {incident(object{"title": "x", "status": "closed"}), 422, "body.status a new incident cannot be closed; close it once its measures are followed through"},
		"gate":               {input{"member", "PATCH", "/incidents/INC-1", object{"status": "closed"}}, 409, "status: INC-1 cannot be closed: " + open + " is still proposed"},
		"dismissed silently": {input{"member", "PATCH", "/incidents/INC-1", object{"status": "dismissed"}}, 422, "body.reason is empty; dismissing an incident needs a reason"},

		// Trackers.
		"host off the list":    {tracker(object{"base_url": "https://evil.example"}), 422, `body.base_url "evil.example" is not on the list of allowed tracker hosts (FOLLOWTHROUGH_TRACKER_HOSTS: api.github.com, *.atlassian.net)`},
		"plain http":           {tracker(object{"base_url": "http://api.github.com"}), 422, `body.base_url "http://api.github.com" is plain http; use https, or have the operator allow http://127.0.0.1:PORT`},
		"user in the address":  {tracker(object{"base_url": "https://api.github.com@evil.example"}), 422, `body.base_url "https://api.github.com@evil.example" must not carry a user, a query or a fragment`},
		"not a repository":     {tracker(object{"repository": "platform"}), 422, `body.repository "platform" is not a repository; write owner/name`},
		"kind":                 {tracker(object{"kind": "gitlab"}), 422, `body.kind "gitlab" is not accepted; use one of github, jira`},
		"project on GitHub":    {tracker(object{"project": "OPS"}), 422, "body.project belongs to Jira; a GitHub tracker has a repository"},
		"short webhook secret": {tracker(object{"webhook_secret": "short"}), 422, "body.webhook_secret has 5 characters; use 32 to 512 random ones"},
		"merge a title":        {tracker(object{"conflict_policy": object{"title": "merge"}}), 422, "body.conflict_policy.title merge is for the description; use ours, tracker, newest or ask"},
		"same label twice":     {tracker(object{"mapping": object{"priority_labels": object{"P0": "urgent", "P1": "Urgent"}}}), 422, ""},

		// Links.
		"unknown tracker":  {input{"member", "POST", "/measures/" + open + "/links", object{"tracker": "nothing"}}, 422, `body.tracker "nothing" is not known`},
		"foreign issue":    {input{"member", "POST", "/measures/" + open + "/links", object{"tracker": "platform", "url": "https://github.com/other/private/issues/1"}}, 422, `body.url "https://github.com/other/private/issues/1" is not an issue of acme/platform; write its web address or acme/platform#118`},
		"missing issue":    {input{"member", "POST", "/measures/" + open + "/links", object{"tracker": "platform", "url": "https://github.com/acme/platform/issues/99"}}, 422, `body.url "https://github.com/acme/platform/issues/99" is not an issue that tracker platform can read`},
		"link to unlink":   {input{"member", "DELETE", "/measures/" + open + "/links", nil}, 400, "query.tracker is missing; name the tracker to unlink from"},
		"unknown conflict": {input{"member", "POST", "/conflicts/7/resolve", object{"choice": "ours"}}, 404, `conflict "7" does not exist`},
		"unknown choice":   {input{"member", "POST", "/conflicts/7/resolve", object{"choice": "mine"}}, 422, `body.choice "mine" is not accepted; use one of ours, theirs, value`},
		"value missing":    {input{"member", "POST", "/conflicts/7/resolve", object{"choice": "value"}}, 422, "body.value goes with choice value, and only with it"},

		// People and tokens.
		"no name":         {input{"admin", "POST", "/people", object{"role": "member"}}, 422, "body.name is empty; give the name people know"},
		"wrong role":      {input{"admin", "POST", "/people", object{"name": "Ana", "role": "boss"}}, 422, `body.role "boss" is not accepted; use one of viewer, member, admin, auditor`},
		"no address":      {input{"admin", "POST", "/people", object{"name": "Ana", "role": "member", "email": "Ana <ana@example.org>"}}, 422, `body.email "Ana <ana@example.org>" is not a mail address; write name@example.org`},
		"unknown team":    {input{"admin", "POST", "/people", object{"name": "Ana", "role": "member", "teams": []string{"t_c"}}}, 422, `body.teams "t_c" is not known`},
		"own id":          {input{"admin", "POST", "/people", object{"id": "Ana", "name": "Ana", "role": "member"}}, 422, `body.id "Ana" is not accepted; write p_ and lower-case letters, digits and dashes`},
		"last admin":      {input{"admin", "PATCH", "/people/p_admin", object{"role": "member"}}, 409, "role: p_admin is the last administrator; make somebody else one first"},
		"expired already": {input{"admin", "POST", "/tokens", object{"name": "x", "role": "viewer", "expires_at": "2026-11-24T00:00:00Z"}}, 422, "body.expires_at lies in the past; give a time to come"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before, requests := w.rows(), len(w.trackers.github.Requests())
			header := map[string]string{}
			if tt.method == "PATCH" || tt.method == "DELETE" {
				header["If-Match"] = "*"
			}
			a := w.do(request{as: tt.as, method: tt.method, path: prefix + tt.path, body: tt.body, header: header})
			if a.status != tt.status {
				t.Fatalf("status %d, want %d: %s", a.status, tt.status, a.body)
			}
			if got := a.problem(); tt.says != "" {
				if diff := cmp.Diff(tt.says, got); diff != "" {
					t.Errorf("a person reads (-want +got):\n%s", diff)
				}
			} else {
				t.Log(got)
			}
			if w.rows() != before {
				t.Error("something was written")
			}
			if name == "foreign issue" && len(w.trackers.github.Requests()) != requests {
				t.Error("the foreign address was asked for")
			}
		})
	}
}

// TestTrackerRefusals: what only the tracker itself knows comes back as a
// sentence that says what to do.
func TestTrackerRefusals(t *testing.T) {
	tests := map[string]struct {
		change object
		world  func(w *world)
		status int
		says   string
	}{
		"wrong token": {change: object{"credential": "ghp_000000000000000000000000000000000000"}, status: 409,
			says: "read repository acme/platform: GitHub refuses the credential; give a new one"},
		"no such repository": {change: object{"repository": "acme/nothing"}, status: 409,
			says: "read repository acme/nothing: GitHub does not show the repository to this credential"},
		"issues are disabled": {world: func(w *world) {
			w.trackers.github.Inject(githubsim.Rule{Method: http.MethodGet, Effect: githubsim.IssuesDisabled()})
		}, status: 409, says: "read repository acme/platform: issues are switched off in the repository"},
		"public repository": {world: func(w *world) {
			w.trackers.github.AddRepo("acme/open", githubsim.RepoOptions{})
			w.trackers.github.Grant("acme/open", "robot", githubsim.RoleWrite)
		}, change: object{"repository": "acme/open"}, status: 200,
			says: "acme/open is public: everybody could read what incidents say. Choose a private repository or allow public ones for this tracker"},
		"may not write": {world: func(w *world) { w.trackers.github.Grant("acme/platform", "robot", githubsim.RoleRead) }, status: 200,
			says: "the credential cannot set labels and assignees in acme/platform; GitHub would drop them silently. Give it read and write access to issues"},
		"GitHub is down": {world: func(w *world) {
			w.trackers.github.Inject(githubsim.Rule{Method: http.MethodGet, Effect: githubsim.ServerError(503, false)})
		}, status: 503},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if tt.world != nil {
				tt.world(w)
			}
			before := w.rows()
			a := w.platform(tt.change)
			if tt.status == 200 { // it is stored, but paused until the problem is gone
				if reason := a.want(201).text("pause_reason"); a.json()["paused"] != true || !strings.Contains(reason, tt.says) {
					t.Errorf("paused %v because %q, want %q", a.json()["paused"], reason, tt.says)
				}
				w.patch("admin", "/api/v1/trackers/platform", a.etag(), object{"paused": false}).want(409)
				a = w.post("admin", "/api/v1/trackers/platform/check", nil)
			} else if w.rows() != before {
				t.Error("something was written")
			}
			if a.status != tt.status {
				t.Fatalf("status %d, want %d: %s", a.status, tt.status, a.body)
			}
			switch body := a.json(); {
			case a.status == 200:
				if problems := body["problems"].([]any); body["ok"] != false || !slices.Contains(problems, any(tt.says)) {
					t.Errorf("problems are %q, want %q among them", problems, tt.says)
				}
			case tt.says != "" && body["detail"] != tt.says:
				t.Errorf("a person reads %q, want %q", body["detail"], tt.says)
			case a.header.Get("WWW-Authenticate") != "":
				t.Error("a refusal of the tracker's credential asks the person to sign in")
			}
			if tt.status == 200 && w.post("member", "/api/v1/trackers/platform/check", nil).want(403).text("detail") != `your role "member" may not manage here; ask an administrator` {
				t.Error("a member may check")
			}
		})
	}
}

// TestJiraRefusals: a project that lacks what is needed is found out by the
// check, before anything could be lost.
func TestJiraRefusals(t *testing.T) {
	tests := map[string]struct {
		change object
		world  func(w *world)
		status int
		says   string
		note   bool // the tracker works without, and a note says how
	}{
		"wrong token": {change: object{"credential": "wrong-token-0123456789"}, status: 409,
			says: "Jira refused GET /rest/api/2/myself with 401: Client must be authenticated to access this resource."},
		"no such project": {change: object{"project": "NOPE"}, status: 409, says: "project NOPE is not visible to the tracker's account"},
		"no due date on the screens": {world: func(w *world) {
			for _, screen := range []jirasim.Screen{jirasim.CreateScreen, jirasim.EditScreen} {
				w.trackers.jira.HideField("OPS", screen, "duedate")
			}
		}, status: 200, says: "field duedate is on no screen of Task; the value is kept in the description", note: true},
		"a field we cannot fill": {world: func(w *world) {
			field := w.trackers.jira.AddField("Cost centre", jirasim.TextField)
			w.trackers.jira.ShowField("OPS", jirasim.CreateScreen, field)
			w.trackers.jira.RequireField("OPS", field, true)
		}, status: 200, says: "Cost centre"},
		"may not edit": {world: func(w *world) { w.trackers.jira.Deny("robot@acme.example", "OPS", jirasim.EditIssues) }, status: 200,
			says: "may not edit issues in OPS; give it the permission in the project's permission scheme"},
		"no such issue type": {change: object{"mapping": object{"issue_type": "Measure"}}, status: 200,
			says: `project OPS has no issue type "Measure"; choose one of its types in the mapping`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if _, err := w.trackers.jira.CreateIssue("robot@acme.example", "OPS", "Task", jirasim.Values{"summary": "Something"}); err != nil {
				t.Fatal(err)
			}
			if tt.world != nil {
				tt.world(w)
			}
			a := w.ops(tt.change)
			if tt.status == 200 {
				if paused := a.want(201).json()["paused"]; paused == tt.note {
					t.Errorf("paused is %v: %s", paused, a.text("pause_reason"))
				}
				a = w.post("admin", "/api/v1/trackers/ops/check", nil)
			}
			if a.status != tt.status {
				t.Fatalf("status %d, want %d: %s", a.status, tt.status, a.body)
			}
			if a.status != 200 {
				if a.text("detail") != tt.says {
					t.Errorf("a person reads %q, want %q", a.text("detail"), tt.says)
				}
				return
			}
			says := func(problem any) bool { return strings.Contains(problem.(string), tt.says) }
			list := "problems"
			if tt.note {
				list = "notes"
			}
			if a.json()["ok"] != tt.note || !slices.ContainsFunc(a.json()[list].([]any), says) {
				t.Errorf("problems are %q, notes %q; want %q", a.json()["problems"], a.json()["notes"], tt.says)
			}
		})
	}
}

// TestObservationFileRefused: a file of values with anything wrong in it writes
// nothing and says where it is wrong.
func TestObservationFileRefused(t *testing.T) {
	w := newWorld(t)
	key, _ := w.measure(nil)
	foreign := w.post("foreign", "/api/v1/measures", object{"title": "x", "team": "t_b"}).want(201).text("key")
	send := func(as, media, query, text string) answer {
		return w.do(request{as: as, method: "POST", path: "/api/v1/observations" + query, body: text, header: map[string]string{"Content-Type": media}})
	}
	row := "measure,at,value\n" + key + ",2026-11-24,4\n"
	before := w.rows()
	for name, tt := range map[string]struct {
		got    answer
		status int
		says   string
	}{
		"JSON":           {send("member", "application/json", "", "{}"), 415, "send the file as Content-Type: text/csv, not compressed"},
		"no type":        {send("member", "", "", row), 415, "send the file as Content-Type: text/csv, not compressed"},
		"too large":      {send("member", "text/csv", "", strings.Repeat(row, maxFile/len(row)+1)), 413, "the file is larger than 4 MiB; split it"},
		"empty":          {send("member", "text/csv", "", ""), 422, "csv"},
		"no column":      {send("member", "text/csv", "", "measure,value\n"+key+",4\n"), 422, "csv line 1, at"},
		"no number":      {send("member", "text/csv", "", row+key+",2026-11-24,four\n"), 422, `csv line 3, value: "four" is not a number`},
		"future":         {send("member", "text/csv", "", row+key+",2026-11-27,4\n"), 422, `csv line 3, at: "2026-11-27" lies in the future`},
		"unknown":        {send("member", "text/csv", "", row+"M-99,2026-11-24,4\n"), 422, `items[1].measure: "M-99" is not known`},
		"another team's": {send("member", "text/csv", "", row+foreign+",2026-11-24,4\n"), 422, "items[1].measure: "},
		"dry, unknown":   {send("member", "text/csv", "?dry_run=true", row+"M-99,2026-11-24,4\n"), 422, `"M-99" is not known`},
		"half dry":       {send("member", "text/csv", "?dry_run=perhaps", row), 400, "use true or false"},
		"viewer":         {send("viewer", "text/csv", "", row), 403, ""},
	} {
		if tt.got.status != tt.status || !strings.Contains(tt.got.text("detail"), tt.says) {
			t.Errorf("%s: %d %s", name, tt.got.status, tt.got.body)
		}
	}
	if w.rows() != before {
		t.Error("something was written")
	}
}
