package githubsim_test

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// fetched is what a client saw of one create under a fault.
type fetched struct {
	status int
	header http.Header
	body   string
	err    error
	took   time.Duration
	made   int // issues that exist afterwards
}

func createUnder(t *testing.T, e githubsim.Effect) (*githubsim.Server, fetched) {
	t.Helper()
	s, bot, _ := world(githubsim.Options{Now: time.Now})
	s.Inject(githubsim.Rule{Nth: 1, Effect: e})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.BaseURL()+"repos/acme/shop/issues", strings.NewReader(`{"title":"x","labels":["p1"]}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bot)
	start := time.Now()
	var f fetched
	resp, err := s.Transport().RoundTrip(r)
	if err == nil {
		defer func() { _ = resp.Body.Close() }()
		body, readErr := io.ReadAll(resp.Body)
		f = fetched{status: resp.StatusCode, header: resp.Header, body: string(body), err: readErr}
	} else {
		f.err = err
	}
	f.took, f.made = time.Since(start), len(s.Oracle())
	return s, f
}

func TestMenu(t *testing.T) {
	header := func(name, want string) func(fetched) bool {
		return func(f fetched) bool { return f.header.Get(name) == want }
	}
	says := func(text string) func(fetched) bool {
		return func(f fetched) bool { return strings.Contains(f.body, text) }
	}
	untrusted := x509.UnknownAuthorityError{}
	for name, tc := range map[string]struct {
		effect githubsim.Effect
		status int
		made   int
		check  func(fetched) bool
	}{
		"redirect_301":                  {githubsim.Redirect(301, ""), 301, 0, header("Location", "https://api.github.com/repositories/1/moved")},
		"redirect_302_other_host":       {githubsim.Redirect(302, "https://evil.example/x"), 302, 0, header("Location", "https://evil.example/x")},
		"redirect_307":                  {githubsim.Redirect(307, ""), 307, 0, says("Temporary Redirect")},
		"not_modified":                  {githubsim.NotModified(), 304, 0, nil},
		"unauthorized":                  {githubsim.Unauthorized(), 401, 0, says("Bad credentials")},
		"primary_limit_403":             {githubsim.PrimaryLimit(403, time.Hour), 403, 0, header("X-RateLimit-Remaining", "0")},
		"primary_limit_429":             {githubsim.PrimaryLimit(429, time.Hour), 429, 0, says("API rate limit exceeded")},
		"secondary_limit_403":           {githubsim.SecondaryLimit(403, "7"), 403, 0, header("Retry-After", "7")},
		"secondary_limit_403_bare":      {githubsim.SecondaryLimit(403, ""), 403, 0, header("Retry-After", "")},
		"secondary_limit_429_date":      {githubsim.SecondaryLimitUntil(429, time.Minute), 429, 0, header("Retry-After", "Sat, 01 Jan 2000 00:01:00 GMT")},
		"sso":                           {githubsim.SSO(), 403, 0, func(f fetched) bool { return strings.HasPrefix(f.header.Get("X-GitHub-SSO"), "required; url=") }},
		"archived":                      {githubsim.ArchivedRepository(), 403, 0, says("archived so is read-only")},
		"not_found":                     {githubsim.NotFound(), 404, 0, says("Not Found")},
		"conflict":                      {githubsim.Conflict(), 409, 0, nil},
		"deleted":                       {githubsim.Deleted(), 410, 0, says("This issue was deleted")},
		"issues_disabled":               {githubsim.IssuesDisabled(), 410, 0, says("Issues are disabled for this repo")},
		"deep_page":                     {githubsim.DeepPage(), 422, 0, says("cursor based pagination")},
		"invalid_body":                  {githubsim.Invalid("body", "custom", "body is too long"), 422, 0, says(`"field":"body"`)},
		"server_error_500":              {githubsim.ServerError(500, false), 500, 0, says("Server Error")},
		"server_error_502":              {githubsim.ServerError(502, false), 502, 0, says("<html>")},
		"server_error_503_after_commit": {githubsim.ServerError(503, true), 503, 1, func(f fetched) bool { return f.header.Get("Location") == "" }},
		"reset":                         {githubsim.Reset(false), 0, 0, func(f fetched) bool { return f.err != nil }},
		"reset_after_commit":            {githubsim.Reset(true), 0, 1, func(f fetched) bool { return f.err != nil }},
		"tls":                           {githubsim.Broken("tls", untrusted, false), 0, 0, func(f fetched) bool { return errors.As(f.err, &untrusted) }},
		"slow":                          {githubsim.Slow(time.Minute, false), 503, 0, func(f fetched) bool { return f.took == time.Minute }},
		"slow_after_commit":             {githubsim.Slow(time.Minute, true), 201, 1, func(f fetched) bool { return f.took == time.Minute }},
		"empty_body":                    {githubsim.EmptyBody(), 201, 1, func(f fetched) bool { return f.body == "" && f.err == nil }},
		"truncated":                     {githubsim.Truncated(40), 201, 1, func(f fetched) bool { return len(f.body) == 40 && f.err == nil }},
		"cut_off":                       {githubsim.CutOff(40), 201, 1, func(f fetched) bool { return len(f.body) == 40 && errors.Is(f.err, io.ErrUnexpectedEOF) }},
		"html":                          {githubsim.HTML(), 201, 1, header("Content-Type", "text/html; charset=utf-8")},
		"wrong_type_number":             {githubsim.WrongType("number"), 201, 1, says(`"number":{"unexpected":[true]}`)},
		"huge":                          {githubsim.Huge(1 << 20), 201, 1, func(f fetched) bool { return len(f.body) == 1<<20 && json.Valid([]byte(f.body)) }},
		"drip":                          {githubsim.Drip(time.Second), 201, 1, func(f fetched) bool { return f.took > 5*time.Second && json.Valid([]byte(f.body)) }},
		"clock_offset":                  {githubsim.ClockOffset(-5 * time.Minute), 201, 1, header("Date", "Fri, 31 Dec 1999 23:55:00 GMT")},
		"silent_drop":                   {githubsim.SilentDrop(), 201, 1, says(`"labels":[]`)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, f := createUnder(t, tc.effect)
				if f.status != tc.status || f.made != tc.made {
					t.Errorf("status %d with %d issues made, want %d with %d: %s %v", f.status, f.made, tc.status, tc.made, f.body, f.err)
				}
				if tc.check != nil && !tc.check(f) {
					t.Errorf("not as asked for: %v %.200s %v after %v", f.header, f.body, f.err, f.took)
				}
				if n := s.Sometimes()["fault/"+name]; n != 1 {
					t.Errorf("the fault was counted %d times under its name: %v", n, s.Sometimes())
				}
				log := s.Requests()
				if len(log) != 1 || log[0].Fault != name || log[0].Route != listRoute || log[0].By != "user bot" {
					t.Errorf("the log says %+v", log)
				}
			})
		})
	}
}

func TestRules(t *testing.T) {
	s, bot, _ := world(githubsim.Options{})
	c := newClient(t, s, bot)
	statuses := func(n int) (out []int) {
		for range n {
			out = append(out, c.do("GET", "/user", nil).status)
		}
		return out
	}
	for name, tc := range map[string]struct {
		rule githubsim.Rule
		want []int
	}{
		"the second":      {githubsim.Rule{Path: "/user", Nth: 2, Effect: githubsim.NotFound()}, []int{200, 404, 200, 200}},
		"the first two":   {githubsim.Rule{Path: "/us*", Times: 2, Effect: githubsim.NotFound()}, []int{404, 404, 200, 200}},
		"every":           {githubsim.Rule{Method: "GET", Effect: githubsim.NotFound()}, []int{404, 404, 404, 404}},
		"another method":  {githubsim.Rule{Method: "POST", Effect: githubsim.NotFound()}, []int{200, 200, 200, 200}},
		"another path":    {githubsim.Rule{Path: "/users/*", Effect: githubsim.NotFound()}, []int{200, 200, 200, 200}},
		"from the second": {githubsim.Rule{Nth: 2, Times: 2, Effect: githubsim.NotFound()}, []int{200, 404, 404, 200}},
	} {
		t.Run(name, func(t *testing.T) {
			s.Inject(tc.rule)
			defer s.ClearFaults()
			got := statuses(4)
			for i := range got {
				if got[i] != tc.want[i] {
					t.Fatalf("statuses %v, want %v", got, tc.want)
				}
			}
		})
	}
	s.Inject(githubsim.Rule{Probability: 0.5, Effect: githubsim.NotFound()})
	hit := 0
	for _, status := range statuses(200) {
		if status == 404 {
			hit++
		}
	}
	if hit < 60 || hit > 140 {
		t.Errorf("a chance of one half fired %d times in 200", hit)
	}
}
