package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// TestRoles asks every operation of the table with every role. What a role may
// not do is refused before anything else is looked at, and writes nothing.
func TestRoles(t *testing.T) {
	w := newWorld(t)
	key, _ := w.measure(nil)
	w.platform(nil).want(201)
	fill := strings.NewReplacer("{key}", key, "{id}", "platform", "{tracker}", "platform", "{version}", "1")
	roles := map[string]domain.Role{"viewer": domain.Viewer, "member": domain.Member, "auditor": domain.Auditor, "admin": domain.Admin}
	for _, r := range w.server.table {
		if r.open {
			continue
		}
		ask := func(as string) answer {
			in := request{as: as, method: r.method, path: prefix + fill.Replace(r.path), header: map[string]string{"If-Match": `"999"`}}
			if r.in != nil {
				in.body = "{}"
			}
			return w.do(in)
		}
		before := w.rows()
		if a := ask("nobody"); a.status != 401 {
			t.Errorf("%s without a token: %d, want 401", r.id, a.status)
		}
		for name, role := range roles {
			if role.May(r.needs) {
				continue
			}
			if a := ask(name); a.status != 403 && a.status != 404 {
				t.Errorf("%s as %s: %d, want 403: %s", r.id, name, a.status, a.body)
			}
			if w.rows() != before {
				t.Fatalf("%s as %s wrote something", r.id, name)
			}
		}
		for name, role := range roles {
			if role.May(r.needs) && r.method == http.MethodGet && ask(name).status == 403 {
				t.Errorf("%s as %s is forbidden although the document says it needs only %s", r.id, name, r.needs)
			}
		}
	}
}

// TestTeams: whoever is not in a team finds nothing of it, under any route and
// through any filter, and cannot change it. It is 404, never 403.
func TestTeams(t *testing.T) {
	w := newWorld(t)
	w.post("member", "/api/v1/incidents", object{"title": "Secret outage", "team": "t_a", "services": []string{"db"}, "started_at": "2026-11-20T10:00:00Z"}).want(201)
	w.platform(nil).want(201)
	key, _ := w.measure(object{"incident": "INC-1", "title": "Secret measure", "due_on": "2026-12-08"})
	w.post("member", "/api/v1/measures/"+key+"/links", object{"tracker": "platform"}).want(201)
	w.sync("platform")
	w.post("admin", "/api/v1/people/p_member/identities", object{"tracker": "platform", "login": "robot"}).want(201)
	w.post("member", "/api/v1/checks", object{"team": "t_a"}).want(201)

	fill := strings.NewReplacer("/measures/{key}", "/measures/"+key, "/incidents/{key}", "/incidents/INC-1", "/trackers/{id}", "/trackers/platform",
		"/teams/{id}", "/teams/t_a", "{tracker}", "platform", "/conflicts/{id}", "/conflicts/1", "{earlier}", "INC-2", "/checks/{check}", "/checks/CHK-1")
	for _, r := range w.server.table {
		path := fill.Replace(r.path)
		if path == r.path || strings.Contains(path, "{") {
			continue // lists are asked below; people and policies belong to everybody
		}
		before := w.rows()
		in := request{as: "foreign", method: r.method, path: prefix + path, header: map[string]string{"If-Match": "*"}}
		if r.path == "/measures/{key}/links" && r.method == http.MethodDelete {
			in.path += "?tracker=platform"
		}
		if r.in != nil {
			in.body = plausible(r.id)
		}
		if r.takes != "" {
			in.body, in.header["Content-Type"] = "10:00 ana: all is well\n", r.takes
		}
		a := w.do(in)
		want := 404
		if !domain.Member.May(r.needs) {
			want = 403
		}
		if a.status != want {
			t.Errorf("%s %s of another team: %d, want %d: %s", r.method, path, a.status, want, a.body)
		}
		if strings.Contains(string(a.body), "Secret") || w.rows() != before {
			t.Errorf("%s %s of another team shows or writes: %s", r.method, path, a.body)
		}
	}
	lists := []string{"/checks", "/checks?team=t_a", "/incidents", "/incidents?service=db", "/incidents?q=Secret", "/incidents?team=t_a", "/measures", "/measures?incident=INC-1", "/measures?team=t_a,t_b",
		"/measures?q=Secret", "/measures?open=true&tracker=platform", "/measures?link_state=synced,pending", "/trackers", "/conflicts", "/conflicts?measure=" + key,
		"/people/p_member/identities"}
	for _, path := range lists {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		a := w.get("foreign", prefix+path+sep+"total=true").want(200)
		if items := a.json()["items"].([]any); len(items) != 0 || a.json()["total"] != 0.0 {
			t.Errorf("%s shows another team's rows: %s", path, a.body)
		}
		if a := w.get("auditor", prefix+path); path != "/conflicts" && !strings.Contains(path, "conflicts?") && len(a.want(200).json()["items"].([]any)) == 0 {
			t.Errorf("%s is empty for the auditor, so the test proves nothing", path)
		}
	}
	bulk := w.post("foreign", "/api/v1/measures/bulk", object{"items": []object{{"key": key}}, "change": object{"priority": "P0"}}).want(200).json()
	if item := bulk["items"].([]any)[0].(object); item["status"] != 404.0 || bulk["failed"] != 1.0 {
		t.Errorf("bulk = %v", bulk)
	}
	// Naming another team's rows in one's own is refused as well.
	for name, body := range map[string]object{"incident": {"title": "x", "team": "t_b", "incident": "INC-1"}, "team": {"title": "x", "team": "t_a"}} {
		if a := w.post("foreign", "/api/v1/measures", body); a.status != 422 || strings.Contains(string(a.body), "Secret") {
			t.Errorf("naming another team's %s: %d %s", name, a.status, a.body)
		}
	}
	w.post("foreign", "/api/v1/incidents", object{"title": "x", "team": "t_b", "recurrence_of": "INC-1"}).want(422)
	own := w.post("foreign", "/api/v1/measures", object{"title": "Ours", "team": "t_b", "kind": "detect", "priority": "P1"}).want(201)
	w.post("foreign", "/api/v1/measures/"+own.text("key")+"/links", object{"tracker": "platform"}).want(422)
}

// plausible is a body that would be accepted from somebody who may see the row.
func plausible(id string) object {
	switch id {
	case "edit-incident", "edit-measure", "edit-team", "edit-tracker":
		return object{"reason": "because"}
	case "add-evidence":
		return object{"title": "x", "url": "https://example.org"}
	case "add-observations":
		return object{"items": []object{{"at": "2026-11-24T10:00:00Z", "value": 1}}}
	case "add-link":
		return object{"tracker": "platform"}
	case "put-back":
		return object{"seq": 1}
	case "resolve-conflict":
		return object{"choice": "ours"}
	case "add-review-messages":
		return object{"items": []object{{"channel": "bridge", "statement": "x"}}}
	case "add-review-entry":
		return object{"section": "lesson", "text": "x"}
	case "snooze-measure":
		return object{"until": "2026-12-08", "reason": "because"}
	case "answer-check":
		return object{"answers": []object{{"question": "plans.order", "step": 1}}}
	case "add-check-measure":
		return object{"question": "plans.order"}
	case "decide-suggestion":
		return object{"decision": "reject", "reason": "because"}
	}
	return object{}
}

// TestTokens: a token never opens more than its person may, and what is taken
// away is gone with the next request.
func TestTokens(t *testing.T) {
	w := newWorld(t)
	mint := func(body object) string {
		a := w.post("admin", "/api/v1/tokens", body).want(201)
		w.tokens[body["name"].(string)] = a.text("secret")
		return a.text("id")
	}
	mint(object{"name": "viewer asks for admin", "role": "admin", "person": "p_viewer"})
	mint(object{"name": "member reads", "role": "viewer", "person": "p_member"})
	mint(object{"name": "robot of b", "role": "member", "teams": []string{"t_b"}})
	mint(object{"name": "member in b", "role": "member", "person": "p_member", "teams": []string{"t_b"}})
	key, _ := w.measure(nil)
	for name, want := range map[string][2]int{"viewer asks for admin": {200, 403}, "member reads": {200, 403}, "robot of b": {404, 201}, "member in b": {404, 422}} {
		read := w.get(name, "/api/v1/measures/"+key).status
		write := w.post(name, "/api/v1/measures", object{"title": "x", "team": "t_b", "kind": "detect", "priority": "P1"}).status
		if got := [2]int{read, write}; got != want {
			t.Errorf("%s: reading and writing answer %v, want %v", name, got, want)
		}
	}
	if a := w.get("viewer asks for admin", "/api/v1/me").want(200); a.text("role") != "viewer" {
		t.Errorf("me = %s", a.body)
	}

	// Revoked, demoted, taken out of the team, disabled.
	id := mint(object{"name": "short", "role": "member", "person": "p_member"})
	w.get("short", "/api/v1/me").want(200)
	w.do(request{as: "admin", method: "DELETE", path: "/api/v1/tokens/" + id, header: map[string]string{"If-Match": `"1"`}}).want(204)
	w.get("short", "/api/v1/me").want(401)
	w.do(request{as: "admin", method: "DELETE", path: "/api/v1/tokens/" + id, header: map[string]string{"If-Match": `"1"`}}).want(412)
	w.patch("admin", "/api/v1/people/p_member", "*", object{"role": "viewer"}).want(200)
	w.post("member", "/api/v1/measures", object{"title": "x", "team": "t_a"}).want(403)
	w.patch("admin", "/api/v1/people/p_member", "*", object{"teams": nil}).want(200)
	w.get("member", "/api/v1/measures/"+key).want(404)
	w.patch("admin", "/api/v1/people/p_member", "*", object{"disabled": true}).want(200)
	w.get("member", "/api/v1/me").want(401)

	// Secrets are shown once and nowhere else.
	all := string(w.get("admin", "/api/v1/tokens").want(200).body)
	for name, secret := range w.tokens {
		if strings.Contains(all, secret) || strings.Contains(w.log.String(), secret) {
			t.Errorf("the secret of %s is shown", name)
		}
	}
}

// TestSecrets: a credential goes in and never comes out, whatever is asked and
// however it fails.
func TestSecrets(t *testing.T) {
	w := newWorld(t)
	const canary, second = "CANARY-credential-0123456789", "CANARY-webhook-0123456789-0123456789"
	made := w.platform(object{"credential": canary, "webhook_secret": second, "paused": true}).want(201)
	if made.text("credential_hint") != canary[len(canary)-4:] {
		t.Errorf("hint is %q", made.text("credential_hint"))
	}
	w.patch("admin", "/api/v1/trackers/platform", made.etag(), object{"credential": canary + "2"}).want(200)
	answers := []string{string(made.body)}
	for _, r := range w.server.table {
		if strings.HasPrefix(r.path, "/trackers") && r.in == nil && r.method != http.MethodDelete {
			answers = append(answers, string(w.do(request{as: "admin", method: r.method, path: prefix + strings.Replace(r.path, "{id}", "platform", 1)}).body))
		}
	}
	history, err := w.db.History(t.Context(), domain.Everything(), domain.SubjectTracker, "platform", domain.Page{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	answers = append(answers, fmt.Sprintf("%+v", history), w.log.String())
	for _, a := range answers {
		if strings.Contains(a, "CANARY") {
			t.Errorf("a secret comes out: %s", a)
		}
	}
}
