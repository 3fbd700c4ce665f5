package githubsim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

func TestIssueLife(t *testing.T) {
	s, bot, _ := world(githubsim.Options{})
	c := newClient(t, s, bot)
	r := c.do("POST", "/repos/acme/shop/issues", map[string]any{
		"title": " Add a guard ", "body": "why\nand how", "labels": []string{"p1"}, "assignees": []string{"ann", "nobody"},
	}).want(t, 201)
	var made issue
	r.into(t, &made)
	if made.Title != "Add a guard" || made.labels() != "p1" || made.assignees() != "ann" || made.State != "open" {
		t.Errorf("created %+v", made)
	}
	if got := r.header.Get("Location"); got != c.base+"/repos/acme/shop/issues/1" {
		t.Errorf("Location %q", got)
	}
	var got issue
	c.do("GET", "/repos/acme/shop/issues/1", nil).want(t, 200).into(t, &got)
	if diff := cmp.Diff(made, got); diff != "" {
		t.Errorf("reading after creating: %s", diff)
	}
	c.do("PATCH", "/repos/acme/shop/issues/1", map[string]any{"state": "closed", "state_reason": "not_planned"}).want(t, 200).into(t, &got)
	if got.State != "closed" || *got.StateReason != "not_planned" {
		t.Errorf("closed as %+v", got)
	}
	c.do("PATCH", "/repos/acme/shop/issues/1", map[string]any{"state_reason": "completed"}).want(t, 200).into(t, &got)
	if *got.StateReason != "not_planned" {
		t.Errorf("a reason without a change of state was taken: %s", *got.StateReason)
	}
	c.do("PATCH", "/repos/acme/shop/issues/1", map[string]any{"title": "Add two guards", "state": "closed", "state_reason": "completed"}).want(t, 200).into(t, &got)
	if *got.StateReason != "not_planned" || got.Title != "Add two guards" {
		t.Errorf("closing a closed issue gave it another reason: %+v", got)
	}
	c.do("PATCH", "/repos/acme/shop/issues/1", map[string]any{"state": "open"}).want(t, 200).into(t, &got)
	if got.State != "open" || *got.StateReason != "reopened" {
		t.Errorf("reopened as %+v", got)
	}
}

func TestListOrderFiltersAndLinks(t *testing.T) {
	s, bot, _ := world(githubsim.Options{})
	c := newClient(t, s, bot)
	for n := range 5 {
		if _, err := s.As("ann").Create("acme/shop", fmt.Sprintf("issue %d", n+1), ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.As("ann").CreatePull("acme/shop", "a pull request", ""); err != nil {
		t.Fatal(err)
	}
	if err := s.As("ann").Close("acme/shop", 2, "completed"); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ query, want string }{
		"default is open, newest first": {"", "6 5 4 3 1"},
		"all by update":                 {"state=all&sort=updated&direction=asc", "1 3 4 5 6 2"},
		"closed":                        {"state=closed", "2"},
		"second page":                   {"state=all&per_page=4&page=2", "2 1"},
	} {
		t.Run(name, func(t *testing.T) {
			var rows []issue
			c.do("GET", "/repos/acme/shop/issues?"+tc.query, nil).want(t, 200).into(t, &rows)
			if got := numbers(rows); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	link := c.do("GET", "/repos/acme/shop/issues?state=all&per_page=2&page=2", nil).header.Get("Link")
	for _, rel := range []string{`page=3&per_page=2&state=all>; rel="next"`, `page=1&per_page=2&state=all>; rel="prev"`, `page=3&per_page=2&state=all>; rel="last"`} {
		if !strings.Contains(link, rel) {
			t.Errorf("Link %s has no %s", link, rel)
		}
	}
}

func numbers(rows []issue) string {
	var out []string
	for _, i := range rows {
		out = append(out, fmt.Sprint(i.Number))
	}
	return strings.Join(out, " ")
}

func TestWithoutPushAccessMembersAreDropped(t *testing.T) {
	s, _, reader := world(githubsim.Options{})
	c := newClient(t, s, reader)
	var got issue
	c.do("POST", "/repos/acme/shop/issues", map[string]any{"title": "x", "labels": []string{"a"}, "assignees": []string{"ann"}}).want(t, 201).into(t, &got)
	if got.labels() != "" || got.assignees() != "" {
		t.Errorf("a reader set %+v", got)
	}
	if n := s.Sometimes()["dropped_labels"]; n != 1 {
		t.Errorf("counted %d drops, want 1", n)
	}
	c.do("PATCH", "/repos/acme/shop/issues/1", map[string]any{"title": "y", "labels": []string{"a"}}).want(t, 200).into(t, &got)
	if got.Title != "y" || got.labels() != "" {
		t.Errorf("a reader patched %+v", got)
	}
}

func TestRefusals(t *testing.T) {
	s, bot, reader := world(githubsim.Options{})
	s.AddRepo("acme/quiet", githubsim.RepoOptions{IssuesDisabled: true})
	s.AddRepo("acme/secret", githubsim.RepoOptions{Private: true})
	if _, err := s.As("ann").Create("acme/shop", "one", ""); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, s, bot)
	for name, tc := range map[string]struct {
		token, method, path string
		body                any
		status              int
		text                string
	}{
		"title too long":        {bot, "POST", "/repos/acme/shop/issues", map[string]any{"title": strings.Repeat("x", 257)}, 422, "title is too long (maximum is 256 characters)"},
		"body too long":         {bot, "POST", "/repos/acme/shop/issues", map[string]any{"title": "x", "body": strings.Repeat("é", 65537)}, 422, "body is too long (maximum is 65536 characters)"},
		"title blank":           {bot, "POST", "/repos/acme/shop/issues", map[string]any{"title": " "}, 422, `"code":"missing_field"`},
		"label too long":        {bot, "POST", "/repos/acme/shop/issues", map[string]any{"title": "x", "labels": []string{strings.Repeat("l", 51)}}, 422, "name is too long (maximum is 50 characters)"},
		"no such milestone":     {bot, "PATCH", "/repos/acme/shop/issues/1", map[string]any{"milestone": 9}, 422, `"field":"milestone"`},
		"no such issue":         {bot, "GET", "/repos/acme/shop/issues/99", nil, 404, "Not Found"},
		"hidden repository":     {reader, "GET", "/repos/acme/secret", nil, 404, "Not Found"},
		"somebody else's issue": {reader, "PATCH", "/repos/acme/shop/issues/1", map[string]any{"title": "mine"}, 403, "Must have admin rights"},
		"issues are off":        {bot, "GET", "/repos/acme/quiet/issues", nil, 410, "Issues are disabled for this repo"},
		"wrong token":           {"nonsense", "GET", "/user", nil, 401, "Bad credentials"},
		"no token":              {"", "POST", "/repos/acme/shop/issues", map[string]any{"title": "x"}, 401, "Requires authentication"},
	} {
		t.Run(name, func(t *testing.T) {
			c := *c.as(tc.token)
			c.t = t
			r := c.do(tc.method, tc.path, tc.body).want(t, tc.status)
			if !strings.Contains(string(r.body), tc.text) {
				t.Errorf("answer %s does not say %q", r.body, tc.text)
			}
		})
	}
}

func TestUsersLabelsAndRepository(t *testing.T) {
	s, bot, _ := world(githubsim.Options{})
	c := newClient(t, s, bot)
	var me struct {
		ID    int64
		Login string
	}
	c.do("GET", "/user", nil).want(t, 200).into(t, &me)
	c.do("GET", "/users/bot", nil).want(t, 200)
	c.do("GET", fmt.Sprintf("/user/%d", me.ID), nil).want(t, 200).into(t, &me)
	if me.Login != "bot" {
		t.Errorf("user by id is %q", me.Login)
	}
	c.do("GET", "/rate_limit", nil).want(t, 200)
	c.do("GET", "/repos/acme/shop", nil).want(t, 200)
	c.do("GET", "/repos/acme/shop/assignees/ann", nil).want(t, http.StatusNoContent)
	c.do("GET", "/repos/acme/shop/assignees/rita", nil).want(t, 404)
	c.do("GET", "/repos/acme/shop/assignees", nil).want(t, 200)
	c.do("POST", "/repos/acme/shop/labels", map[string]any{"name": "priority/high?", "color": "FF0000"}).want(t, 201)
	c.do("POST", "/repos/acme/shop/labels", map[string]any{"name": "Priority/HIGH?"}).want(t, 422)
	c.do("GET", "/repos/acme/shop/labels/priority%2Fhigh%3F", nil).want(t, 200)
	c.do("POST", "/repos/acme/shop/issues", map[string]any{"title": "x", "labels": []string{"PRIORITY/high?"}}).want(t, 201)
	c.do("POST", "/repos/acme/shop/issues/1/labels", map[string]any{"labels": []string{"new 100%"}}).want(t, 200)
	c.do("DELETE", "/repos/acme/shop/issues/1/labels/new%20100%25", nil).want(t, 200)
	c.do("DELETE", "/repos/acme/shop/issues/1/labels/new%20100%25", nil).want(t, 404)
	c.do("GET", "/repos/acme/shop/labels", nil).want(t, 200)
	var got issue
	c.do("GET", "/repos/acme/shop/issues/1", nil).want(t, 200).into(t, &got)
	if got.labels() != "priority/high?" {
		t.Errorf("labels %q", got.labels())
	}
}

func TestLockedIssuesTakeCommentsOnlyFromWriters(t *testing.T) {
	s, bot, reader := world(githubsim.Options{})
	c := newClient(t, s, bot)
	if _, err := s.As("ann").Create("acme/shop", "one", ""); err != nil {
		t.Fatal(err)
	}
	comment := map[string]any{"body": "text"}
	c.as(reader).do("POST", "/repos/acme/shop/issues/1/comments", comment).want(t, 201)
	if err := s.As("ann").Lock("acme/shop", 1, "spam"); err != nil {
		t.Fatal(err)
	}
	c.as(reader).do("POST", "/repos/acme/shop/issues/1/comments", comment).want(t, 403)
	if err := s.As("rita").Comment("acme/shop", 1, "text"); err == nil {
		t.Error("a reader commented on a locked issue in the browser")
	}
	c.do("POST", "/repos/acme/shop/issues/1/comments", comment).want(t, 201)
	c.do("POST", "/repos/acme/shop/issues/1/comments", map[string]any{"body": " "}).want(t, 422)
}
