package githubsim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

const (
	listRoute  = "/repos/{owner}/{repo}/issues"
	issueRoute = "/repos/{owner}/{repo}/issues/{number}"
)

func TestETagsBelongToTheToken(t *testing.T) {
	s, bot, _ := world(githubsim.Options{})
	second := s.Token("bot", githubsim.TokenOptions{})
	if _, err := s.As("ann").Create("acme/shop", "one", ""); err != nil {
		t.Fatal(err)
	}
	const path = "/repos/acme/shop/issues?state=all"
	c := newClient(t, s, bot)
	first := c.do("GET", path, nil).want(t, 200)
	tag := first.header.Get("ETag")
	same := c.do("GET", path, nil, "If-None-Match", tag).want(t, 304)
	if got, was := same.header.Get("X-RateLimit-Used"), first.header.Get("X-RateLimit-Used"); got != was {
		t.Errorf("a 304 was charged: %s used, before %s", got, was)
	}
	c.as(second).do("GET", path, nil, "If-None-Match", tag).want(t, 200)
	if err := s.As("ann").Retitle("acme/shop", 1, "two"); err != nil {
		t.Fatal(err)
	}
	c.do("GET", path, nil, "If-None-Match", tag).want(t, 200)
}

func TestMovedAndGone(t *testing.T) {
	s, bot, _ := world(githubsim.Options{})
	s.AddRepo("acme/attic", githubsim.RepoOptions{Private: true})
	s.Grant("acme/attic", "ann", githubsim.RoleWrite)
	ann, c := s.As("ann"), newClient(t, s, bot)
	for range 3 {
		if _, err := ann.Create("acme/shop", "x", ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := ann.Delete("acme/shop", 1); err != nil {
		t.Fatal(err)
	}
	to, err := ann.Transfer("acme/shop", 2, "acme/attic")
	if err != nil {
		t.Fatal(err)
	}
	c.do("GET", "/repos/acme/shop/issues/1", nil).want(t, 410)
	c.do("GET", "/repos/acme/shop/issues/2", nil).want(t, 404) // the target is not readable
	s.Grant("acme/attic", "bot", githubsim.RoleWrite)
	r := c.do("GET", "/repos/acme/shop/issues/2", nil).want(t, 301)
	var got issue
	c.do("GET", r.header.Get("Location"), nil).want(t, 200).into(t, &got)
	if got.Number != to {
		t.Errorf("redirected to %d, want %d", got.Number, to)
	}
	c.do("PATCH", "/repos/acme/shop/issues/2", map[string]any{"title": "y"}).want(t, 301)
	if err := ann.RenameRepo("acme/shop", "store"); err != nil {
		t.Fatal(err)
	}
	r = c.do("GET", "/repos/acme/shop/issues/3?x=1", nil).want(t, 301)
	if to := r.header.Get("Location"); !strings.Contains(to, "/repositories/") || !strings.HasSuffix(to, "/issues/3?x=1") {
		t.Errorf("a renamed repository redirects to %s", to)
	}
	c.do("GET", r.header.Get("Location"), nil).want(t, 200)
	c.do("PATCH", "/repos/acme/shop/issues/3", map[string]any{"title": "y"}).want(t, 307)
	c.do("POST", "/repos/acme/shop/issues", map[string]any{"title": "y"}).want(t, 307)
	if err := ann.Archive("acme/store", true); err != nil {
		t.Fatal(err)
	}
	c.do("PATCH", "/repos/acme/store/issues/3", map[string]any{"title": "y"}).want(t, 403)
	c.do("GET", "/repos/acme/store/issues/3", nil).want(t, 200)
	all := s.Oracle()
	if len(all) != 4 || !all[0].Deleted || all[1].MovedTo != all[3].ID {
		t.Errorf("the oracle lists %+v", all)
	}
}

func TestRenamesChangeAnswersButNotUpdatedAt(t *testing.T) {
	s, bot, _ := world(githubsim.Options{})
	c := newClient(t, s, bot)
	if _, err := s.As("ann").Create("acme/shop", "x", "", "p1"); err != nil {
		t.Fatal(err)
	}
	var before, after issue
	c.do("GET", "/repos/acme/shop/issues/1", nil).want(t, 200).into(t, &before)
	if err := s.As("ann").RenameLabel("acme/shop", "p1", "urgent"); err != nil {
		t.Fatal(err)
	}
	c.do("GET", "/repos/acme/shop/issues/1", nil).want(t, 200).into(t, &after)
	if after.labels() != "urgent" || after.UpdatedAt != before.UpdatedAt {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestPagingFindsEveryRowInEveryForm(t *testing.T) {
	for name, paging := range map[string]githubsim.Paging{
		"numbers": githubsim.PageNumbers, "both": githubsim.PagesAndCursor, "cursor": githubsim.CursorOnly,
	} {
		t.Run(name, func(t *testing.T) {
			at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
			s, bot, _ := world(githubsim.Options{Paging: paging, Now: func() time.Time { return at }})
			for n := range 50 {
				at = at.Add(time.Duration(n%3) * 400 * time.Millisecond) // many rows share a second
				if _, err := s.As("ann").Create("acme/shop", fmt.Sprint(n), ""); err != nil {
					t.Fatal(err)
				}
			}
			c := newClient(t, s, bot)
			for _, order := range []string{"sort=updated&direction=asc", "sort=updated&direction=desc", "sort=created&direction=asc"} {
				seen := map[int]bool{}
				next := "/repos/acme/shop/issues?state=all&per_page=7&" + order
				for next != "" {
					var rows []issue
					r := c.do("GET", next, nil).want(t, 200)
					r.into(t, &rows)
					for _, i := range rows {
						if seen[i.Number] {
							t.Errorf("%s: issue %d came twice", order, i.Number)
						}
						seen[i.Number] = true
					}
					next = nextOf(r.header.Get("Link"))
					if paging == githubsim.CursorOnly && strings.Contains(next, "&page=") {
						t.Errorf("%s has a page number", next)
					}
				}
				if len(seen) != 50 {
					t.Errorf("%s: saw %d of 50", order, len(seen))
				}
			}
		})
	}
}

func nextOf(link string) string {
	for part := range strings.SplitSeq(link, ", ") {
		if target, found := strings.CutSuffix(part, `>; rel="next"`); found {
			return strings.TrimPrefix(target, "<")
		}
	}
	return ""
}

func TestDeepPagesAreRefused(t *testing.T) {
	s, bot, _ := world(githubsim.Options{DeepPageLimit: 20})
	c := newClient(t, s, bot)
	c.do("GET", "/repos/acme/shop/issues?per_page=10&page=2", nil).want(t, 200)
	r := c.do("GET", "/repos/acme/shop/issues?per_page=10&page=3", nil).want(t, 422)
	if !strings.Contains(string(r.body), "cursor based pagination") {
		t.Errorf("the answer does not say what to do: %s", r.body)
	}
}

func TestStaleReads(t *testing.T) {
	at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	s, bot, _ := world(githubsim.Options{Now: func() time.Time { return at }})
	ann, c := s.As("ann"), newClient(t, s, bot)
	for n := range 3 {
		at = at.Add(time.Minute)
		if _, err := ann.Create("acme/shop", fmt.Sprint(n+1), ""); err != nil {
			t.Fatal(err)
		}
	}
	s.Inject(
		githubsim.Rule{Path: listRoute, Nth: 1, Effect: githubsim.StaleCommits(1)},
		githubsim.Rule{Path: listRoute, Nth: 1, Effect: githubsim.StaleFor(90 * time.Second)},
		githubsim.Rule{Path: issueRoute, Nth: 1, Effect: githubsim.StaleCommits(1)},
	)
	for _, want := range []string{"2 1", "1", "3 2 1"} {
		var rows []issue
		c.do("GET", "/repos/acme/shop/issues", nil).want(t, 200).into(t, &rows)
		if got := numbers(rows); got != want {
			t.Errorf("list %q, want %q", got, want)
		}
	}
	c.do("GET", "/repos/acme/shop/issues/3", nil).want(t, 404)
	c.do("GET", "/repos/acme/shop/issues/3", nil).want(t, 200)
}

func TestPrimaryAndSecondaryLimits(t *testing.T) {
	at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	s, bot, _ := world(githubsim.Options{Now: func() time.Time { return at }, Limits: githubsim.Limits{Enforce: true, PerHour: 100, CreatesPerMinute: 3}})
	c := newClient(t, s, bot)
	create := func() result { return c.do("POST", "/repos/acme/shop/issues", map[string]any{"title": "x"}) }
	for range 3 {
		create().want(t, 201)
	}
	r := create().want(t, 403)
	if r.header.Get("Retry-After") != "60" || !strings.Contains(string(r.body), "secondary rate limit") {
		t.Errorf("secondary limit answered %v %s", r.header, r.body)
	}
	c.do("GET", "/user", nil).want(t, 403)
	if s.Sometimes()["asked_while_limited"] != 1 {
		t.Error("asking while limited was not counted")
	}
	at = at.Add(61 * time.Second)
	create().want(t, 201)
	if n := len(s.Oracle()); n != 4 {
		t.Errorf("%d issues exist, want 4: a limited create must not happen", n)
	}
	at = at.Add(2 * time.Hour)
	for range 100 {
		at = at.Add(time.Second)
		c.do("GET", "/user", nil).want(t, 200)
	}
	r = c.do("GET", "/user", nil).want(t, 403)
	if r.header.Get("X-RateLimit-Remaining") != "0" || !strings.Contains(string(r.body), "API rate limit exceeded") {
		t.Errorf("primary limit answered %v %s", r.header, r.body)
	}
	c.do("GET", "/rate_limit", nil).want(t, 200)
}

func TestEnterpriseHasNoLimitHeadersUntilEnforced(t *testing.T) {
	s, bot, _ := world(githubsim.Options{Enterprise: "3.17.0"})
	c := newClientWith(t, s, bot, "ghes-3.17.issues.openapi.json.gz", checks(s))
	if h := c.do("GET", "/user", nil).want(t, 200).header; h.Get("X-RateLimit-Limit") != "" || h.Get("X-GitHub-Enterprise-Version") != "3.17.0" {
		t.Errorf("headers %v", h)
	}
	c.do("GET", "/rate_limit", nil).want(t, 404)
}

// TestSlowAfterCommit is the trap behind most duplicates: the client times
// out, and the issue exists.
func TestSlowAfterCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, bot, _ := world(githubsim.Options{Now: time.Now})
		s.Inject(githubsim.Rule{Method: "POST", Nth: 1, Effect: githubsim.Slow(time.Minute, true)})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.BaseURL()+"repos/acme/shop/issues", strings.NewReader(`{"title":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "token "+bot)
		start := time.Now()
		resp, err := s.Transport().RoundTrip(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 30*time.Second {
			t.Errorf("ended after %v with %v", time.Since(start), err)
		}
		if n := len(s.Oracle()); n != 1 {
			t.Errorf("%d issues exist, want 1", n)
		}
	})
}

func TestFaultsOverSocketsAndInProcess(t *testing.T) {
	for name, overSocket := range map[string]bool{"in process": false, "over a socket": true} {
		t.Run(name, func(t *testing.T) {
			s, bot, _ := world(githubsim.Options{})
			client := &http.Client{Transport: s.Transport()}
			base := strings.TrimSuffix(s.BaseURL(), "/")
			if overSocket {
				server := httptest.NewServer(s)
				t.Cleanup(server.Close)
				s.SetURLs(server.URL, "")
				client, base = server.Client(), server.URL
			}
			post := func() (*http.Response, error) {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/repos/acme/shop/issues", strings.NewReader(`{"title":"x"}`))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Authorization", "Bearer "+bot)
				return client.Do(r)
			}
			s.Inject(
				githubsim.Rule{Nth: 1, Effect: githubsim.Reset(false)},
				githubsim.Rule{Nth: 1, Effect: githubsim.Reset(true)},
				githubsim.Rule{Nth: 1, Effect: githubsim.CutOff(50)},
			)
			for _, want := range []int{0, 1} {
				resp, err := post()
				if err == nil {
					_ = resp.Body.Close()
					t.Fatal("a reset connection gave an answer")
				}
				if !overSocket && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("the connection broke with %v", err)
				}
				if n := len(s.Oracle()); n != want {
					t.Errorf("%d issues after the reset, want %d", n, want)
				}
			}
			resp, err := post()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if body, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) || len(body) != 50 {
				t.Errorf("a cut body gave %d bytes and %v", len(body), err)
			}
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	s, bot, _ := world(githubsim.Options{Sender: accept})
	s.AddRepoHook("acme/shop", githubsim.HookOptions{URL: "https://app.example/h", Secret: "hush"})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := range 25 {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.BaseURL()+"repos/acme/shop/issues", strings.NewReader(`{"title":"x"}`))
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Authorization", "token "+bot)
				resp, err := s.Transport().RoundTrip(r)
				if err != nil || resp.StatusCode != http.StatusCreated {
					t.Errorf("created %v, %v", resp, err)
					return
				}
				_ = resp.Body.Close()
				s.Deliver(t.Context())
				if n%5 == 0 {
					s.Oracle()
				}
			}
		})
	}
	wg.Wait()
	seen := map[int]bool{}
	for _, i := range s.Oracle() {
		seen[i.Number] = true
	}
	if len(seen) != 200 || !seen[200] {
		t.Errorf("%d numbers were given out, want 200", len(seen))
	}
}

func TestCredentialsSentElsewhereAreNoticed(t *testing.T) {
	s, bot, _ := world(githubsim.Options{})
	for name, target := range map[string]string{"another host": "https://evil.example/user", "without TLS": "http://api.github.com/user"} {
		t.Run(name, func(t *testing.T) {
			before := s.Sometimes()["credentials_sent_elsewhere"]
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+bot)
			if resp, err := s.Transport().RoundTrip(r); err == nil {
				_ = resp.Body.Close()
				t.Error("another host gave an answer")
			}
			if n := s.Sometimes()["credentials_sent_elsewhere"]; n != before+1 {
				t.Errorf("noticed %d leaks, want %d", n, before+1)
			}
		})
	}
}

func TestListLagLeavesSingleReadsFresh(t *testing.T) {
	at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	s, bot, _ := world(githubsim.Options{Now: func() time.Time { return at }})
	c := newClient(t, s, bot)
	s.SetListLag(8 * time.Minute)
	at = at.Add(time.Hour)
	c.do("POST", "/repos/acme/shop/issues", map[string]any{"title": "x"}).want(t, 201)
	for _, tc := range []struct {
		after time.Duration
		want  string
	}{{0, ""}, {7*time.Minute + 59*time.Second, ""}, {time.Second, "1"}} {
		at = at.Add(tc.after)
		var rows []issue
		c.do("GET", "/repos/acme/shop/issues", nil).want(t, 200).into(t, &rows)
		if got := numbers(rows); got != tc.want {
			t.Errorf("at %v the list shows %q, want %q", at, got, tc.want)
		}
		c.do("GET", "/repos/acme/shop/issues/1", nil).want(t, 200)
	}
}

func TestDeletedAccountsAreNull(t *testing.T) {
	s, bot, reader := world(githubsim.Options{})
	c := newClient(t, s, bot)
	c.as(reader).do("POST", "/repos/acme/shop/issues", map[string]any{"title": "x"}).want(t, 201)
	s.RemoveUser("rita")
	if got := string(c.do("GET", "/repos/acme/shop/issues/1", nil).want(t, 200).body); !strings.Contains(got, `"user":null`) {
		t.Errorf("the author is still there: %s", got)
	}
	c.do("GET", "/users/rita", nil).want(t, 404)
	c.as(reader).do("GET", "/user", nil).want(t, 401)
}
