package githubsim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/sync/trackertest/contract"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// TestEveryRouteAgainstDescriptions walks every endpoint on github.com and on
// two Enterprise versions. The client checks each exchange.
func TestEveryRouteAgainstDescriptions(t *testing.T) {
	for name, tc := range map[string]struct {
		description string
		options     githubsim.Options
	}{
		"github.com":  {"api.github.com.issues.openapi.json.gz", githubsim.Options{}},
		"ghes 3.19":   {"ghes-3.19.issues.openapi.json.gz", githubsim.Options{Enterprise: "3.19.0"}},
		"ghes 3.17":   {"ghes-3.17.issues.openapi.json.gz", githubsim.Options{Enterprise: "3.17.0"}},
		"with limits": {"api.github.com.issues.openapi.json.gz", githubsim.Options{Limits: githubsim.Limits{Enforce: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.options.Sender = accept
			s, bot, _ := world(tc.options)
			c := newClientWith(t, s, bot, tc.description, checks(s))
			walkIssues(t, s, c)
			walkHooks(t, s, c)
			if tc.options.Enterprise == "" {
				walkFields(t, s, c)
			}
		})
	}
}

func walkIssues(t *testing.T, s *githubsim.Server, c *client) {
	t.Helper()
	number := s.As("ann").AddMilestone("acme/shop", "spring", nil)
	c.do("GET", "/repos/acme/shop", nil).want(t, 200)
	c.do("POST", "/repos/acme/shop/labels", map[string]any{"name": "p1", "description": "first"}).want(t, 201)
	c.do("POST", "/repos/acme/shop/issues", map[string]any{"title": "one", "labels": []any{"p1", map[string]string{"name": "p2"}}, "assignees": []string{"ann"}, "milestone": number}).want(t, 201)
	c.do("POST", "/repos/acme/shop/issues/1/comments", map[string]any{"body": "kept"}).want(t, 201)
	c.do("PATCH", "/repos/acme/shop/issues/1", map[string]any{"title": "two", "state": "closed", "state_reason": "duplicate", "milestone": nil, "body": nil}).want(t, 200)
	c.do("PATCH", "/repos/acme/shop/issues/1", map[string]any{"assignee": "", "labels": []string{}}).want(t, 200)
	if err := s.As("ann").Lock("acme/shop", 1, "resolved"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.As("ann").CreatePull("acme/shop", "pull", "text"); err != nil {
		t.Fatal(err)
	}
	var comments []struct{ ID int64 }
	c.do("GET", "/repos/acme/shop/issues/1/comments", nil).want(t, 200).into(t, &comments)
	c.do("GET", fmt.Sprintf("/repos/acme/shop/issues/comments/%d", comments[0].ID), nil).want(t, 200)
	var entries []struct{ Event string }
	c.do("GET", "/repos/acme/shop/issues/1/timeline?per_page=100", nil).want(t, 200).into(t, &entries)
	var kinds []string
	for _, e := range entries {
		kinds = append(kinds, e.Event)
	}
	const want = "labeled labeled assigned commented renamed demilestoned closed unlabeled unlabeled unassigned locked"
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("timeline %s, want %s", got, want)
	}
	c.do("GET", "/repos/acme/shop/issues/1/events", nil).want(t, 200)
	c.do("GET", "/repos/acme/shop/issues?state=all", nil).want(t, 200)
	c.do("GET", "/repos/acme/shop/issues/1/labels", nil).want(t, 200)
	c.do("GET", "/user", nil).want(t, 200)
	c.do("GET", "/users/ann", nil).want(t, 200)
}

func walkHooks(t *testing.T, s *githubsim.Server, c *client) {
	t.Helper()
	c.do("GET", "/repos/acme/shop/hooks", nil).want(t, 404) // the bot may write, not administer
	s.Grant("acme/shop", "bot", githubsim.RoleAdmin)
	made := c.do("POST", "/repos/acme/shop/hooks", map[string]any{
		"name": "web", "active": true, "events": []string{"issues", "label"},
		"config": map[string]string{"url": "https://app.example/hooks/github/1", "content_type": "json", "secret": "hush"},
	}).want(t, 201)
	var h struct{ ID int64 }
	made.into(t, &h)
	if strings.Contains(string(made.body), "hush") {
		t.Error("the hook answers its secret")
	}
	at := fmt.Sprintf("/repos/acme/shop/hooks/%d", h.ID)
	c.do("GET", "/repos/acme/shop/hooks", nil).want(t, 200)
	c.do("GET", at, nil).want(t, 200)
	c.do("POST", at+"/pings", nil).want(t, 204)
	c.do("POST", "/repos/acme/shop/issues", map[string]any{"title": "heard"}).want(t, 201)
	if n := s.Deliver(t.Context()); n != 3 {
		t.Errorf("%d deliveries, want two pings and an issue", n)
	}
	var list []struct {
		ID   int64
		GUID string
	}
	first := c.do("GET", at+"/deliveries?per_page=2", nil).want(t, 200)
	first.into(t, &list)
	next := first.header.Get("Link")
	next = next[1:strings.Index(next, ">")]
	c.do("GET", next, nil).want(t, 200).into(t, &list)
	if len(list) != 1 {
		t.Errorf("the second page has %d deliveries, want 1", len(list))
	}
	c.do("GET", fmt.Sprintf("%s/deliveries/%d", at, list[0].ID), nil).want(t, 200)
	c.do("POST", fmt.Sprintf("%s/deliveries/%d/attempts", at, list[0].ID), nil).want(t, 202)
	if n := s.Deliver(t.Context()); n != 1 {
		t.Errorf("%d redeliveries, want 1", n)
	}
	guid := list[0].GUID
	c.do("GET", at+"/deliveries?per_page=1", nil).want(t, 200).into(t, &list)
	if list[0].GUID != guid {
		t.Errorf("redelivered under %s, want the old guid %s", list[0].GUID, guid)
	}
	c.do("DELETE", at, nil).want(t, 204)
}

func walkFields(t *testing.T, s *githubsim.Server, c *client) {
	t.Helper()
	s.AddRepo("ann/own", githubsim.RepoOptions{})
	s.Grant("ann/own", "bot", githubsim.RoleWrite)
	due := s.AddField("acme", "Target date", "date")
	priority := s.AddField("acme", "Priority", "single_select", "P0", "P1")
	value := func(id int64, v any) map[string]any {
		return map[string]any{"issue_field_values": []any{map[string]any{"field_id": id, "value": v}}}
	}
	var got issue
	body := value(due, "2026-03-31")
	body["title"] = "dated"
	c.do("POST", "/repos/acme/shop/issues", body).want(t, 201).into(t, &got)
	at := fmt.Sprintf("/repos/acme/shop/issues/%d", got.Number)
	c.do("POST", at+"/issue-field-values", value(priority, "P1")).want(t, 200)
	c.do("GET", at, nil).want(t, 200).into(t, &got)
	if len(got.Fields) != 2 {
		t.Errorf("after adding one value there are %d", len(got.Fields))
	}
	c.do("POST", at+"/issue-field-values", value(priority, "P9")).want(t, 422)
	c.do("GET", at+"/issue-field-values", nil).want(t, 200)
	c.do("PATCH", at, value(priority, "P0")).want(t, 200).into(t, &got)
	if len(got.Fields) != 1 {
		t.Errorf("a PATCH kept the other value: %v", got.Fields)
	}
	c.do("DELETE", fmt.Sprintf("%s/issue-field-values/%d", at, priority), nil).want(t, 204)
	c.do("DELETE", fmt.Sprintf("%s/issue-field-values/%d", at, priority), nil).want(t, 404)
	body["title"] = "in a person's repository"
	c.do("POST", "/repos/ann/own/issues", body).want(t, 201)
	if s.Sometimes()["dropped_issue_field_values"] != 1 {
		t.Error("a repository without fields did not drop them silently")
	}
}

func TestFieldsOfAnOrganisation(t *testing.T) {
	s, bot, _ := world(githubsim.Options{})
	c := newClientWith(t, s, bot, "api.github.com.full.openapi.json.gz", checks(s))
	c.do("GET", "/orgs/acme/issue-fields", nil).want(t, 404)
	due := s.AddField("acme", "Target date", "date")
	s.AddField("acme", "Priority", "single_select", "P0", "P1")
	var fields []struct {
		ID      int64
		Options []struct{ Name string }
	}
	c.do("GET", "/orgs/acme/issue-fields", nil).want(t, 200).into(t, &fields)
	if len(fields) != 2 || fields[0].ID != due || len(fields[1].Options) != 2 {
		t.Errorf("fields %v", fields)
	}
}

// TestShapesAgreeWithRecordings compares our answers with recorded ones. The
// recordings are up to twelve years old, so only members both have count.
func TestShapesAgreeWithRecordings(t *testing.T) {
	s, bot, _ := world(githubsim.Options{})
	c := newClient(t, s, bot)
	c.do("POST", "/repos/acme/shop/issues", map[string]any{"title": "one", "body": "text", "labels": []string{"bug"}, "assignees": []string{"ann"}}).want(t, 201)
	c.do("POST", "/repos/acme/shop/issues/1/comments", map[string]any{"body": "text"}).want(t, 201)
	paths := map[string]string{
		"/issues": "/repos/acme/shop/issues", "/issues/{n}": "/repos/acme/shop/issues/1", "/labels": "/repos/acme/shop/labels",
		"/labels/{n}": "/repos/acme/shop/labels/bug", "/issues/{n}/comments": "/repos/acme/shop/issues/1/comments",
		"/issues/{n}/timeline": "/repos/acme/shop/issues/1/timeline", "/issues/{n}/labels": "/repos/acme/shop/issues/1/labels",
		"/assignees": "/repos/acme/shop/assignees", "": "/repos/acme/shop",
	}
	compared := 0
	for _, x := range recordings(t) {
		ours, known := paths[shapeOf(x.Request.URL)]
		if !known || x.Response.Status/100 != 2 || x.Request.Method == http.MethodDelete || len(x.Response.Body) < 3 || x.Response.Body[0] == '"' {
			continue
		}
		if x.Request.Method == http.MethodPost && strings.HasSuffix(x.Request.URL, "/issues") {
			ours = paths["/issues/{n}"]
		}
		if x.Request.Method == http.MethodPost && strings.HasSuffix(ours, "/labels") && !strings.Contains(ours, "/issues/") {
			ours = paths["/labels/{n}"]
		}
		if x.Request.Method == http.MethodPost && strings.HasSuffix(ours, "/comments") {
			continue
		}
		differ, err := contract.SameTypes(x.Response.Body, c.do("GET", ours, nil).want(t, 200).body)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range differ {
			t.Errorf("%s %s: %s", x.Request.Method, x.Request.URL, d)
		}
		compared++
	}
	if compared < 50 {
		t.Errorf("compared only %d recordings", compared)
	}
}

type recording struct {
	Request  struct{ Method, URL string }
	Response struct {
		Status int
		Body   json.RawMessage
	}
}

func recordings(t *testing.T) []recording {
	t.Helper()
	dir := filepath.Dir(contract.SharedFile(t, "github-rest", "octokit.rb", "_non-2xx-exchanges.json"))
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings in %s: %v", dir, err)
	}
	var all []recording
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct{ Exchanges []recording }
		if err := json.Unmarshal(data, &doc); err != nil && !strings.HasPrefix(string(data), "[") {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, doc.Exchanges...)
	}
	return all
}

// shapeOf reduces a recorded address to the part below the repository.
func shapeOf(address string) string {
	address, _, _ = strings.Cut(address, "?")
	rest, found := strings.CutPrefix(address, "https://api.github.com/repos/")
	if !found {
		return "elsewhere"
	}
	parts := strings.Split(rest, "/")[2:]
	for i, p := range parts {
		if i > 0 && (p[0] >= '0' && p[0] <= '9' || parts[i-1] == "labels") {
			parts[i] = "{n}"
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "/" + strings.Join(parts, "/")
}
