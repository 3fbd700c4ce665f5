package jirasim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// visit asks for a page, or posts a form if there is one, and returns the
// status, the body and where a redirect leads.
func (s *site) visit(path string, form url.Values, header map[string]string) (int, string, string) {
	s.t.Helper()
	method, body := "GET", ""
	if form != nil {
		method, body = "POST", form.Encode()
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, s.sim.BaseURL()+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	s.sim.ServeHTTP(w, r)
	resp := w.Result()
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header.Get("Location")
}

func TestPeopleWorkInTheBrowser(t *testing.T) {
	for name, o := range flavors() {
		t.Run(name, func(t *testing.T) {
			o.Web = true
			s := newSite(t, o)
			as := s.id(s.bob)
			status, _, to := s.visit("/browse", url.Values{"as": {as}, "project": {"OPS"}, "summary": {"By hand"}, "description": {"a\r\nb"}}, nil)
			if status != http.StatusSeeOther || !strings.Contains(to, "/browse/OPS-1?as=") {
				t.Fatalf("created: %d to %s", status, to)
			}
			edit := url.Values{
				"as": {as}, "summary": {"By hand, edited"}, "description": {"a\r\nb"}, "priority": {"1"}, "assignee": {s.id(s.ada)}, "duedate": {"2026-03-31"},
			}
			if status, page, _ := s.visit("/browse/OPS-1", edit, nil); status != http.StatusSeeOther {
				t.Fatalf("edited: %d %s", status, page)
			}
			if status, page, _ := s.visit("/browse/OPS-1", url.Values{"as": {as}, "transition": {"31"}}, nil); status != http.StatusSeeOther {
				t.Fatalf("transition: %d %s", status, page)
			}
			got := s.issue("OPS-1")
			if got.Summary != "By hand, edited" || got.Description != "a\nb" || got.Priority != "Highest" || got.Assignee != s.id(s.ada) ||
				got.DueDate != "2026-03-31" || got.Status != "Done" || got.Creator != as {
				t.Errorf("issue %+v", got)
			}
			if _, page, _ := s.visit("/browse", nil, nil); !strings.Contains(page, "By hand, edited") {
				t.Errorf("the list lacks the issue: %s", page)
			}
			if status, page, _ := s.visit("/browse/OPS-1", url.Values{"as": {as}, "summary": {""}}, nil); status != http.StatusBadRequest || !strings.Contains(page, "must specify a summary") {
				t.Errorf("an empty summary: %d %s", status, page)
			}
			for what, form := range map[string]url.Values{
				"/browse/OPS-9": {"as": {as}, "summary": {"x"}},
				"/browse":       {"as": {as}, "summary": {"x"}, "project": {"NONE"}},
			} {
				if status, _, _ := s.visit(what, form, nil); status < 400 || status > 499 {
					t.Errorf("%s: %d", what, status)
				}
			}
			if status, _, _ := s.visit("/browse/OPS-1", url.Values{"as": {"nobody"}, "summary": {"x"}}, nil); status != http.StatusBadRequest {
				t.Errorf("as nobody: %d", status)
			}
		})
	}
}

func TestPagesEscape(t *testing.T) {
	s := newSite(t, jirasim.Options{Web: true})
	const evil = `"><script>alert(1)</script>`
	s.create(evil, m{"description": "</textarea>" + evil})
	for _, path := range []string{"/", "/browse/OPS-1", "/browse/OPS-1?as=" + url.QueryEscape(evil)} {
		if _, page, _ := s.visit(path, nil, nil); strings.Contains(page, "<script") || strings.Contains(page, "</textarea>\"") {
			t.Errorf("%s is not escaped: %s", path, page)
		}
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	s := newSite(t, jirasim.Options{Web: true})
	s.create("x", nil)
	form := url.Values{"as": {s.bob.AccountID}, "summary": {"stolen"}}
	status, _, _ := s.visit("/browse/OPS-1", form, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"})
	if status != http.StatusForbidden || s.issue("OPS-1").Summary != "x" {
		t.Errorf("status %d, summary %q", status, s.issue("OPS-1").Summary)
	}
}

func TestNoPagesUnlessAsked(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	s.create("x", nil)
	if status, _, _ := s.visit("/browse/OPS-1", nil, nil); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
}
