package jirasim_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

func TestFaultsOnCreate(t *testing.T) {
	for name, tc := range map[string]struct {
		do      jirasim.Effect
		status  int  // 0 means that the connection breaks
		created bool // all the same
		body    string
		header  map[string]string
	}{
		"redirect to login":       {jirasim.Redirect(302, "/login.jsp"), 302, false, "", map[string]string{"Location": "/login.jsp"}},
		"redirect elsewhere":      {jirasim.Redirect(307, "https://evil.example/x"), 307, false, "", nil},
		"unauthorized":            {jirasim.Fail(401, "no"), 401, false, "errorMessages", nil},
		"forbidden":               {jirasim.Fail(403, "no"), 403, false, "errorMessages", nil},
		"gone":                    {jirasim.Fail(410, "removed"), 410, false, "removed", nil},
		"conflict":                {jirasim.Fail(409, "busy"), 409, false, "busy", nil},
		"unavailable":             {jirasim.ServerError(503, false), 503, false, "<html", nil},
		"error after the commit":  {jirasim.ServerError(500, true), 500, true, "<html", nil},
		"gateway after commit":    {jirasim.ServerError(502, true), 502, true, "<html", nil},
		"reset before commit":     {jirasim.Reset(false), 0, false, "", nil},
		"reset after commit":      {jirasim.Reset(true), 0, true, "", nil},
		"truncated":               {jirasim.Truncated(9), 201, true, "", nil},
		"empty":                   {jirasim.EmptyBody(), 201, true, "", nil},
		"HTML":                    {jirasim.HTMLBody(true), 200, true, "Log in", map[string]string{"Content-Type": "text/html;charset=UTF-8"}},
		"quota":                   {jirasim.TooManyRequests(jirasim.ReasonQuotaGlobal, time.Minute), 429, false, "Rate limit", map[string]string{"Retry-After": "60", "RateLimit-Reason": "jira-quota-global-based"}},
		"burst without a time":    {jirasim.TooManyRequests(jirasim.ReasonBurst, 0), 429, false, "Rate limit", map[string]string{"Retry-After": ""}},
		"limited by Data Center":  {jirasim.TooManyRequestsDC(0), 429, false, "<!doctype html>", map[string]string{"Retry-After": "0"}},
		"clock five minutes fast": {jirasim.ClockOffset(5 * time.Minute), 201, true, "", map[string]string{"Date": "Mon, 05 Jan 2026 09:05:00 GMT"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, jirasim.Options{})
			s.sim.Fault(jirasim.Rule{Method: "POST", Path: "/rest/api/*/issue", Do: tc.do})
			a, err := s.try("POST", "/issue", m{"fields": m{"project": m{"key": "OPS"}, "issuetype": m{"name": "Task"}, "summary": "x"}})
			broken := strings.HasPrefix(name, "reset")
			switch {
			case broken && !errors.Is(err, syscall.ECONNRESET):
				t.Errorf("error %v, want a reset connection", err)
			case !broken && name != "truncated" && err != nil:
				t.Fatal(err)
			case name == "truncated" && (err == nil || len(a.body) != 9):
				t.Errorf("body %q with error %v, want 9 bytes and a broken body", a.body, err)
			}
			if a.status != tc.status || !strings.Contains(string(a.body), tc.body) {
				t.Errorf("answer %d %q, want %d with %q", a.status, a.body, tc.status, tc.body)
			}
			for k, v := range tc.header {
				if a.header.Get(k) != v {
					t.Errorf("%s is %q, want %q", k, a.header.Get(k), v)
				}
			}
			if n := len(s.sim.Oracle()); (n == 1) != tc.created {
				t.Errorf("%d issues exist, created should be %v", n, tc.created)
			}
			if s.sim.Sometimes()["fault/"+tc.do.Name] != 1 {
				t.Errorf("the fault is not counted: %v", s.sim.Sometimes())
			}
			s.create("the next one is fine", nil)
		})
	}
}

func TestFaultsOnReads(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	id := s.create("one", nil)
	s.do("PUT", "/issue/"+id, m{"fields": m{"summary": "two"}}, 204)
	other := s.create("other", nil)

	s.sim.Fault(jirasim.Rule{Method: "GET", Path: "/rest/api/2/issue/*", Do: jirasim.StaleRead(2)})
	var i struct{ Fields struct{ Summary string } }
	s.do("GET", "/issue/"+id, nil, 200).decode(t, &i)
	if i.Fields.Summary != "one" {
		t.Errorf("stale read shows %q", i.Fields.Summary)
	}
	s.do("GET", "/issue/"+id, nil, 200).decode(t, &i)
	if i.Fields.Summary != "two" {
		t.Errorf("the read after the stale one shows %q", i.Fields.Summary)
	}

	search := func(do jirasim.Effect, more m) tokenPage {
		t.Helper()
		s.sim.Fault(jirasim.Rule{Path: "/rest/api/*/search/**", Do: do})
		body := m{"jql": "project = OPS ORDER BY id", "maxResults": 1}
		maps.Copy(body, more)
		var p tokenPage
		s.do("POST", "/search/jql", body, 200).decode(t, &p)
		return p
	}
	if p := search(jirasim.EmptyIndex(), nil); len(p.Issues) != 0 || p.NextPageToken != "" {
		t.Errorf("an empty index shows %+v", p)
	}
	if p := search(jirasim.HalfIndex(), m{"maxResults": 9}); len(p.Issues) != 1 {
		t.Errorf("half an index of 2 shows %+v", p)
	}
	if p := search(jirasim.IndexLag(time.Hour), nil); len(p.Issues) != 0 {
		t.Errorf("an index of an hour ago shows %+v", p)
	}
	p := search(jirasim.EmptyPage(), nil)
	if len(p.Issues) != 0 || p.NextPageToken == "" {
		t.Errorf("an empty page is %+v, want no rows and a token", p)
	}
	again := search(jirasim.RepeatToken(), m{"nextPageToken": p.NextPageToken})
	if again.NextPageToken != p.NextPageToken {
		t.Errorf("token %q, want the one asked with", again.NextPageToken)
	}
	if p := search(jirasim.NoIsLast(), nil); p.IsLast != nil {
		t.Errorf("isLast is %v, want it left out", *p.IsLast)
	}
	if got := s.searched("project = OPS ORDER BY id", nil); len(got) != 2 || got[1] != other {
		t.Errorf("without faults the search finds %v", got)
	}
}

func TestRulesCountAndClear(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	s.sim.Fault(jirasim.Rule{Path: "/rest/api/2/priority", From: 2, Times: 2, Do: jirasim.Fail(500, "x")})
	for i, want := range []int{200, 500, 500, 200} {
		if a := s.do("GET", "/priority", nil, want); a.status != want {
			t.Errorf("request %d: %d", i, a.status)
		}
	}
	s.sim.Fault(jirasim.Rule{Times: -1, Do: jirasim.Fail(500, "x")})
	s.do("GET", "/priority", nil, 500)
	s.do("GET", "/status", nil, 500)
	s.sim.ClearFaults()
	s.do("GET", "/priority", nil, 200)
	if n := s.sim.Count("GET", "/priority", 500); n != 3 {
		t.Errorf("%d failed requests counted, want 3", n)
	}
}

// A client that gives up must not stop the effect: that is what makes a create
// uncertain.
func TestTimeoutsInsideABubble(t *testing.T) {
	for name, tc := range map[string]struct {
		do     jirasim.Effect
		atOnce int // issues that exist when the client gives up
	}{
		"answer comes too late": {jirasim.SlowAnswer(time.Minute), 1},
		"commit comes too late": {jirasim.LateCommit(time.Minute), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, jirasim.Options{Now: time.Now})
				s.sim.Fault(jirasim.Rule{Method: "POST", Do: tc.do})
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				body := `{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Task"},"summary":"x"}}`
				req, err := http.NewRequestWithContext(ctx, "POST", s.sim.BaseURL()+"/rest/api/2/issue", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", s.auth)
				req.Header.Set("Content-Type", "application/json")
				if _, err := s.rt.RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v, want a deadline", err)
				}
				if n := len(s.sim.Oracle()); n != tc.atOnce {
					t.Errorf("%d issues when the client gives up, want %d", n, tc.atOnce)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if n := len(s.sim.Oracle()); n != 1 {
					t.Errorf("%d issues in the end, want 1", n)
				}
			})
		})
	}
}

func TestOverASocket(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	web := httptest.NewServer(s.sim)
	defer web.Close()
	s.sim.SetBaseURL(web.URL)
	s.rt = &http.Transport{DisableKeepAlives: true}
	id := s.create("over the wire", nil)
	var i struct{ Self string }
	s.do("GET", "/issue/"+id, nil, 200).decode(t, &i)
	if i.Self != web.URL+"/rest/api/2/issue/"+id {
		t.Errorf("self is %s", i.Self)
	}
	s.sim.Fault(jirasim.Rule{Method: "GET", Do: jirasim.Truncated(20)})
	if a, err := s.try("GET", "/issue/"+id, nil); err == nil || json.Valid(a.body) {
		t.Errorf("a truncated answer arrived as %q, %v", a.body, err)
	}
	s.sim.Fault(jirasim.Rule{Method: "PUT", Do: jirasim.Reset(true)})
	if _, err := s.try("PUT", "/issue/"+id, m{"fields": m{"summary": "y"}}); err == nil {
		t.Error("a broken connection gave no error")
	}
	if got := s.issue(id).Summary; got != "y" {
		t.Errorf("summary is %q, want the effect of the broken request", got)
	}
}

func TestOtherHostsAreCounted(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://evil.example/rest/api/2/myself", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", s.auth)
	if _, err := s.rt.RoundTrip(req); err == nil {
		t.Error("another host answered")
	}
	if s.sim.Sometimes()["other_host_got_credentials"] != 1 {
		t.Error("credentials sent elsewhere were not counted")
	}
}
