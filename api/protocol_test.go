package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMatch: who changes something says which version was seen.
func TestMatch(t *testing.T) {
	w := newWorld(t)
	key, tag := w.measure(nil)
	path := "/api/v1/measures/" + key
	send := func(match string) answer {
		in := request{as: "member", method: http.MethodPatch, path: path, body: object{"title": "Other " + match}}
		if match != "" {
			in.header = map[string]string{"If-Match": match}
		}
		return w.do(in)
	}
	before := w.rows()
	for match, status := range map[string]int{"": 428, `"7"`: 412, `"7-abc"`: 412, "garbage": 400, `"1", "2"`: 400, "1": 400, `""`: 400} {
		if a := send(match); a.status != status {
			t.Errorf("If-Match %s: %d, want %d: %s", match, a.status, status, a.body)
		}
	}
	if w.rows() != before {
		t.Error("something was written")
	}
	stale := send(`"7"`)
	if stale.text("detail") != "measure M-1 was changed in the meantime; read it again and repeat your change" {
		t.Errorf("stale: a person reads %q", stale.text("detail"))
	}
	second := send(tag).want(200)
	if second.etag() == tag {
		t.Error("the ETag stayed although the measure changed")
	}
	send(tag).want(412)
	send("W/" + second.etag()).want(200) // what a compressing proxy makes of it
	send("*").want(200)
	for _, r := range w.server.table {
		if needs := r.method == http.MethodPatch || r.method == http.MethodPut || r.method == http.MethodDelete; needs != r.match {
			t.Errorf("%s %s: If-Match asked for is %v, want %v", r.method, r.path, r.match, needs)
		}
		if single := r.method == http.MethodGet && strings.HasSuffix(r.path, "}"); single && !r.tagged {
			t.Errorf("%s has no ETag", r.path)
		}
		if r.tagged && r.method == http.MethodPost && r.status == http.StatusCreated && !r.repeatable {
			t.Errorf("%s cannot be repeated safely", r.path)
		}
	}
}

// TestNoneMatch: an answer that somebody has already is not sent again, and one
// whose version stayed but whose links moved is.
func TestNoneMatch(t *testing.T) {
	w := newWorld(t)
	w.platform(nil).want(201)
	key, _ := w.measure(nil)
	path := "/api/v1/measures/" + key
	tag := w.get("viewer", path).want(200).etag()
	again := func() answer {
		return w.do(request{as: "viewer", method: http.MethodGet, path: path, header: map[string]string{"If-None-Match": `"x", ` + tag}})
	}
	if a := again().want(304); len(a.body) != 0 {
		t.Errorf("304 with a body: %s", a.body)
	}
	w.post("member", path+"/links", object{"tracker": "platform"}).want(201)
	again().want(200)
}

// TestRepeated: a create whose answer got lost is sent again and makes nothing
// twice; the same key for something else is a mistake.
func TestRepeated(t *testing.T) {
	w := newWorld(t)
	w.platform(nil).want(201)
	key, _ := w.measure(nil)
	bodies := map[string][2]any{
		"/incidents":                         {object{"title": "Database down"}, object{"title": "Other"}},
		"/measures":                          {object{"title": "Alert", "kind": "detect"}, object{"title": "Other"}},
		"/measures/" + key + "/evidence":     {object{"title": "x", "url": "https://example.org/1"}, object{"title": "y", "url": "https://example.org/1"}},
		"/measures/" + key + "/observations": {object{"items": []object{{"at": "2026-11-24T10:00:00Z", "value": 1}}}, object{"items": []object{{"at": "2026-11-24T10:00:00Z", "value": 2}}}},
		"/measures/" + key + "/links":        {object{"tracker": "platform"}, object{"tracker": "platform", "url": nil}},
		"/people":                            {object{"name": "Ana Roth", "role": "member"}, object{"name": "Bob", "role": "member"}},
		"/teams":                             {object{"name": "Storage"}, object{"name": "Network"}},
		"/trackers":                          {object{"id": "two", "kind": "github", "flavor": "dotcom", "base_url": "https://api.github.com", "repository": "acme/two", "paused": true, "credential": "ghp_0123456789abcdef"}, object{"id": "three", "kind": "github", "flavor": "dotcom", "base_url": "https://api.github.com", "repository": "acme/three", "paused": true, "credential": "ghp_0123456789abcdef"}},
	}
	send := func(path, key string, body any) answer {
		return w.do(request{as: "admin", method: http.MethodPost, path: "/api/v1" + path, body: body, header: map[string]string{"Idempotency-Key": key}})
	}
	for path, body := range bodies {
		t.Run(path, func(t *testing.T) {
			key := "k-" + path
			first := send(path, key, body[0]).want(201)
			before := w.rows()
			second := send(path, key, body[0]).want(201)
			if diff := cmp.Diff(string(first.body), string(second.body)); diff != "" {
				t.Errorf("the second answer differs (-first +second):\n%s", diff)
			}
			if first.header.Get("Location") != second.header.Get("Location") || first.etag() != second.etag() {
				t.Errorf("headers differ: %v, %v", first.header, second.header)
			}
			other := send(path, key, body[1])
			if other.status != 422 || !strings.Contains(string(other.body), "header.Idempotency-Key") {
				t.Errorf("another body: %d %s", other.status, other.body)
			}
			if w.rows() != before {
				t.Error("something was written")
			}
			for _, r := range w.server.table {
				if r.method == http.MethodPost && r.path == path && !r.repeatable {
					t.Errorf("%s is not documented as repeatable", path)
				}
			}
		})
	}
	if a := send("/tokens", "k", object{"name": "x", "role": "viewer"}).want(201); a.text("secret") == "" {
		t.Error("no secret")
	}
	again := send("/tokens", "k", object{"name": "x", "role": "viewer"}).want(409)
	if !strings.HasSuffix(again.text("detail"), "its secret was shown then and cannot be shown again") {
		t.Errorf("a token again: %s", again.body)
	}
	// The same key and body for another thing is another request.
	send("/people", "elsewhere", object{"name": "Storage Team"}).want(422) // a person needs a role: nothing was made
	send("/teams", "elsewhere", object{"name": "Storage Team"}).want(201)
	send("/incidents", "elsewhere", object{"name": "Storage Team"}).want(400)
	send("/measures/"+key+"/evidence", "proof", object{"title": "x", "url": "https://example.org/2"}).want(201)
	second, _ := w.measure(nil)
	send("/measures/"+second+"/evidence", "proof", object{"title": "x", "url": "https://example.org/2"}).want(422)
	// One person's key is not another's.
	w.do(request{as: "member", method: http.MethodPost, path: "/api/v1/incidents", body: object{"title": "Mine"}, header: map[string]string{"Idempotency-Key": "k-/incidents"}}).want(201)
	for _, bad := range []string{strings.Repeat("x", 201), "with blank", "ümlaut"} {
		send("/incidents", bad, object{"title": "x"}).want(400)
	}
}

// TestPaging: pages neither lose nor double rows, whatever is sorted by, also
// when rows come in between.
func TestPaging(t *testing.T) {
	w := newWorld(t)
	for n := range 25 {
		body := object{"title": fmt.Sprintf("Measure %d", n%5), "priority": fmt.Sprintf("P%d", n%4)}
		if n%3 == 0 {
			body["due_on"] = fmt.Sprintf("2026-12-%02d", 1+n%7)
		}
		w.measure(body)
	}
	for _, sort := range []string{"", "key", "-key", "due_on,-priority", "-due_on", "priority,title", "-updated_at", "status,-title", "original_due_on", "created_at"} {
		seen := map[string]bool{}
		query, pages := "limit=7&total=true", 0
		if sort != "" {
			query += "&sort=" + sort
		}
		for cursor := ""; ; pages++ {
			page := w.get("viewer", "/api/v1/measures?"+query+cursor).want(200).json()
			if page["total"].(float64) < 25 {
				t.Errorf("sort %q: total %v", sort, page["total"])
			}
			for _, item := range page["items"].([]any) {
				key := item.(object)["key"].(string)
				if seen[key] {
					t.Errorf("sort %q: %s came twice", sort, key)
				}
				seen[key] = true
			}
			next, more := page["next_cursor"].(string)
			if !more {
				break
			}
			cursor = "&cursor=" + url.QueryEscape(next)
			if pages == 0 {
				w.measure(object{"title": "In between"})
			}
		}
		for n := range 25 {
			if key := fmt.Sprintf("M-%d", n+1); !seen[key] {
				t.Errorf("sort %q: %s is missing", sort, key)
			}
		}
	}
	first := w.get("viewer", "/api/v1/measures?limit=7&sort=key").want(200).text("next_cursor")
	before := w.rows()
	for query, says := range map[string]string{
		"limit=0":                              `query.limit "0" is not accepted; use 1 to 200`,
		"limit=201":                            `query.limit "201" is not accepted; use 1 to 200`,
		"limit=x":                              `query.limit "x" is not accepted; use 1 to 200`,
		"sort=password_hash":                   `query.sort "password_hash" is not accepted; use one of due_on, original_due_on, priority, status, title, created_at, updated_at, key, with - in front for descending`,
		"sort=(CASE WHEN 1 THEN 1 ELSE 2 END)": "",
		"cursor=abc":                           "",
		"sort=title&cursor=" + url.QueryEscape(first): "",
		"status=half,done":                            `query.status "half" is not accepted; use one of proposed, accepted, in_progress, blocked, done, verified, cancelled`,
		"open=maybe":                                  `query.open "maybe" is not accepted; use true or false`,
		"due_before=2026-02-30":                       `query.due_before "2026-02-30" is not a date; write YYYY-MM-DD, for example 2026-12-08`,
		"priority=P1&priority=P2":                     "query.priority is given 2 times; give it once",
		"q=" + strings.Repeat("x", 2001):              "query.q is longer than 2000 characters",
		"owner=%zz":                                   "the query of the address cannot be read; escape special characters",
	} {
		a := w.get("viewer", "/api/v1/measures?"+strings.ReplaceAll(query, " ", "%20"))
		if a.status != 400 || says != "" && a.problem() != says {
			t.Errorf("%s: %d %s, want %q", query, a.status, a.problem(), says)
		}
	}
	if w.rows() != before {
		t.Error("something was written")
	}
}

// TestSmallLists: lists that are cut from memory page like the others.
func TestSmallLists(t *testing.T) {
	w := newWorld(t)
	var names []string
	for cursor := ""; ; {
		page := w.get("viewer", "/api/v1/people?limit=2&total=true"+cursor).want(200).json()
		if page["total"] != 5.0 {
			t.Errorf("total is %v", page["total"])
		}
		for _, item := range page["items"].([]any) {
			names = append(names, item.(object)["id"].(string))
		}
		next, more := page["next_cursor"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}
	if diff := cmp.Diff([]string{"p_admin", "p_auditor", "p_foreign", "p_member", "p_viewer"}, names); diff != "" {
		t.Error(diff)
	}
	w.get("viewer", "/api/v1/people?cursor=b-9").want(400)
	w.get("viewer", "/api/v1/people?cursor=").want(200)
}

// TestMergePatch: absent leaves, null clears, an empty list empties.
func TestMergePatch(t *testing.T) {
	w := newWorld(t)
	w.post("member", "/api/v1/incidents", object{"title": "Database down", "severity": "SEV1", "services": []string{"db", "api"}, "tags": []string{"x"},
		"started_at": "2026-11-20T10:00:00Z", "fingerprint": "disk", "team": "t_a"}).want(201)
	got := w.patch("member", "/api/v1/incidents/INC-1", "*", object{"severity": nil, "services": []string{}, "tags": nil, "fingerprint": nil, "started_at": nil}).want(200).json()
	for name, want := range map[string]any{"severity": nil, "services": []any{}, "tags": []any{}, "fingerprint": nil, "started_at": nil, "title": "Database down", "team": "t_a"} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	w.patch("member", "/api/v1/incidents/INC-1", "*", object{"title": nil}).want(422)
	key, _ := w.measure(object{"owner": "p_member", "due_on": "2026-12-08", "success_metric": object{"name": "lag", "target": 5, "direction": "at_most"}})
	for _, change := range []object{{"owner": nil}, {"due_on": nil, "reason": "no date yet"}, {"success_metric": nil}, {"description": nil}, {"priority": nil}} {
		w.patch("member", "/api/v1/measures/"+key, "*", change).want(200)
	}
	m := w.get("viewer", "/api/v1/measures/"+key).json()
	if m["owner"] != nil || m["due_on"] != nil || m["success_metric"] != nil || m["priority"] != nil || m["original_due_on"] != "2026-12-08" || m["kind"] != "detect" {
		t.Errorf("measure = %v", m)
	}
	before := w.rows()
	same := w.patch("member", "/api/v1/measures/"+key, "*", object{"owner": nil}).want(200)
	if w.rows() != before || same.json()["version"] != m["version"] {
		t.Error("a change of nothing was written")
	}
	w.do(request{as: "member", method: http.MethodPatch, path: "/api/v1/measures/" + key, body: object{"title": "Merged"},
		header: map[string]string{"If-Match": "*", "Content-Type": "application/merge-patch+json"}}).want(200)
}

// TestHooks: a delivery is taken in only with a signature over its bytes; a
// tracker that does not exist answers the same as a wrong signature.
func TestHooks(t *testing.T) {
	w := newWorld(t)
	w.platform(nil).want(201)
	body := `{"action":"opened"}`
	sign := map[string]string{"X-GitHub-Event": "issues", "X-GitHub-Delivery": "d-1", "X-Hub-Signature-256": "sha256=" + strings.Repeat("0", 64)}
	var first string
	for _, path := range []string{"/hooks/github/platform", "/hooks/github/nothing", "/hooks/jira/platform"} {
		a := w.do(request{method: http.MethodPost, path: path, body: body, header: sign})
		if a.status != 401 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
		if first == "" {
			first = a.text("detail")
		}
		if a.text("detail") != first {
			t.Errorf("%s says %q, others %q", path, a.text("detail"), first)
		}
	}
	w.do(request{method: http.MethodPost, path: "/hooks/gitlab/platform", body: body}).want(404)
	w.do(request{method: http.MethodPost, path: "/hooks/github/platform", body: body, header: map[string]string{"Content-Encoding": "gzip"}}).want(415)
	w.do(request{method: http.MethodPost, path: "/hooks/github/platform", body: strings.Repeat("x", maxHook+1)}).want(413)
	w.do(request{method: http.MethodGet, path: "/hooks/github/platform"}).want(405)
	ping := `{"zen":"Keep it logically awesome.","hook_id":1}`
	signed := map[string]string{"X-GitHub-Event": "ping", "X-GitHub-Delivery": "d-2", "X-Hub-Signature-256": "sha256=" + mac(hookSecret, ping)}
	w.do(request{method: http.MethodPost, path: "/hooks/github/platform", body: ping, header: signed}).want(202)
	w.do(request{method: http.MethodPost, path: "/hooks/github/platform", body: ping + " ", header: signed}).want(401)
}
