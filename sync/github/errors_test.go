package github_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/contract"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// T20, T21, T22: limits come as 403 and 429, with seconds, a date or nothing,
// and each says when to come back.
func TestT20LimitsSayWhenToComeBack(t *testing.T) {
	for name, test := range map[string]struct {
		effect githubsim.Effect
		wait   time.Duration
		code   string
	}{
		"403 with seconds":           {githubsim.SecondaryLimit(403, "90"), 90 * time.Second, "secondary_limit"},
		"429 with seconds":           {githubsim.SecondaryLimit(429, "90"), 90 * time.Second, "secondary_limit"},
		"403 with nothing":           {githubsim.SecondaryLimit(403, ""), time.Minute, "secondary_limit"},
		"429 with nothing":           {githubsim.SecondaryLimit(429, ""), time.Minute, "secondary_limit"},
		"a date":                     {githubsim.SecondaryLimitUntil(429, 3*time.Minute), 3 * time.Minute, "secondary_limit"},
		"a date that is over":        {githubsim.SecondaryLimitUntil(403, -time.Hour), time.Second, "secondary_limit"},
		"zero seconds":               {githubsim.SecondaryLimit(429, "0"), time.Second, "secondary_limit"},
		"a day":                      {githubsim.SecondaryLimit(429, "86400"), time.Hour, "secondary_limit"},
		"nonsense":                   {githubsim.SecondaryLimit(403, "soon"), time.Minute, "secondary_limit"},
		"403 primary until reset":    {githubsim.PrimaryLimit(403, 17*time.Minute), 17 * time.Minute, "primary_limit"},
		"429 primary until reset":    {githubsim.PrimaryLimit(429, 17*time.Minute), 17 * time.Minute, "primary_limit"},
		"primary, reset in the past": {githubsim.PrimaryLimit(403, -time.Minute), time.Second, "primary_limit"},
	} {
		for _, skew := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute} { // T49
			t.Run(fmt.Sprint(name, " ", skew), func(t *testing.T) {
				s := newSite(t)
				s.SetClockOffset(skew)
				tracker := s.adapter(t)
				on := create(t, s, tracker)
				s.once("GET", test.effect)
				_, err := tracker.Fetch(t.Context(), on.Ref)
				wantKind(t, err, domain.ErrLimited)
				if got := domain.RetryAt(err).Sub(s.clock.now()); got < test.wait-time.Second || got > test.wait+time.Second {
					t.Errorf("told to wait %v, want %v (%v)", got, test.wait, err)
				}
				if codeOf(err) != test.code {
					t.Errorf("code %q, want %q", codeOf(err), test.code)
				}
				// Nothing is locked: the next request leaves the process (T21).
				fetch(t, tracker, on.Ref)
			})
		}
	}
}

// T23: a limit of another resource, as GHES answers it, does not pass as ours,
// and none of the library's own locks holds up what follows.
func TestT23OtherResources(t *testing.T) {
	s := newSite(t, func(o *githubsim.Options) { o.Enterprise = "3.19.0" })
	on := create(t, s, s.adapter(t))
	s.faulty.Store(true)
	s.spoil(func(_ *http.Request, resp *http.Response, body []byte) []byte {
		resp.Header.Set("X-RateLimit-Limit", "30")
		resp.Header.Set("X-RateLimit-Remaining", "0")
		resp.Header.Set("X-RateLimit-Reset", fmt.Sprint(s.clock.now().Add(time.Hour).Unix()))
		resp.Header.Set("X-RateLimit-Resource", "search")
		return body
	})
	tracker := s.adapter(t)
	for range 3 {
		fetch(t, tracker, on.Ref)
	}
}

// T25: without headers there is no quota to report, and none is invented.
func TestT25NoLimitHeaders(t *testing.T) {
	s := newSite(t, func(o *githubsim.Options) { o.Enterprise = "3.19.0" })
	s.many(t, 1, 0)
	page, err := s.adapter(t).Changed(t.Context(), nil, nil)
	must(t, err)
	if page.Quota != (domain.Quota{}) {
		t.Errorf("quota %+v", page.Quota)
	}
	s = newSite(t)
	s.many(t, 1, 0)
	page, err = s.adapter(t).Changed(t.Context(), nil, nil)
	must(t, err)
	if page.Quota.Limit != 5000 || page.Quota.Remaining == 0 || !page.Quota.ResetAt.After(s.clock.now()) || page.ServerTime.IsZero() {
		t.Errorf("quota %+v at %v", page.Quota, page.ServerTime)
	}
}

// T1, T19: what each failure of a write means. Only a create is uncertain,
// because only its repetition would double something.
func TestT19OutcomesOfWrites(t *testing.T) {
	for name, test := range map[string]struct {
		effect        githubsim.Effect
		create, write domain.Kind
		code          string
	}{
		"reset before":      {githubsim.Reset(false), domain.ErrUncertain, domain.ErrUnavailable, ""},
		"reset after":       {githubsim.Reset(true), domain.ErrUncertain, domain.ErrUnavailable, ""},
		"500":               {githubsim.ServerError(500, false), domain.ErrUncertain, domain.ErrUnavailable, ""},
		"502 after":         {githubsim.ServerError(502, true), domain.ErrUncertain, domain.ErrUnavailable, ""},
		"503 after":         {githubsim.ServerError(503, true), domain.ErrUncertain, domain.ErrUnavailable, ""},
		"empty body":        {githubsim.EmptyBody(), domain.ErrUncertain, domain.ErrUnavailable, "bad_answer"},
		"a page for people": {githubsim.HTML(), domain.ErrUncertain, domain.ErrUnavailable, "bad_answer"},
		"half an answer":    {githubsim.Truncated(80), domain.ErrUncertain, domain.ErrUnavailable, "bad_answer"},
		"cut off":           {githubsim.CutOff(80), domain.ErrUncertain, domain.ErrUnavailable, ""},
		"too long":          {githubsim.Huge(11 << 20), domain.ErrUncertain, domain.ErrUnavailable, ""},
		"wrong types":       {githubsim.WrongType("number"), domain.ErrUncertain, domain.ErrUnavailable, "bad_answer"},
		"301":               {githubsim.Redirect(301, ""), domain.ErrConflict, domain.ErrGone, ""},
		"302":               {githubsim.Redirect(302, "https://login.example/"), domain.ErrConflict, domain.ErrGone, ""},
		"307":               {githubsim.Redirect(307, ""), domain.ErrConflict, domain.ErrGone, ""},
		"308":               {githubsim.Redirect(308, "https://evil.example/"), domain.ErrConflict, domain.ErrGone, ""},
		"304":               {githubsim.NotModified(), domain.ErrConflict, domain.ErrGone, ""},
		"401":               {githubsim.Unauthorized(), domain.ErrUnauthorized, domain.ErrUnauthorized, "auth_broken"},
		"SSO":               {githubsim.SSO(), domain.ErrForbidden, domain.ErrForbidden, "sso"},
		"archived":          {githubsim.ArchivedRepository(), domain.ErrForbidden, domain.ErrForbidden, "archived"},
		"issues disabled":   {githubsim.IssuesDisabled(), domain.ErrForbidden, domain.ErrForbidden, "issues_disabled"},
		"404":               {githubsim.NotFound(), domain.ErrForbidden, domain.ErrNotFound, ""},
		"410 deleted":       {githubsim.Deleted(), domain.ErrForbidden, domain.ErrGone, ""},
		"409":               {githubsim.Conflict(), domain.ErrUnavailable, domain.ErrUnavailable, ""},
		"422":               {githubsim.Invalid("title", "too_long", "is too long"), domain.ErrInvalid, domain.ErrInvalid, ""},
		"429":               {githubsim.SecondaryLimit(429, "5"), domain.ErrLimited, domain.ErrLimited, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			tracker := s.adapter(t)
			on := create(t, s, tracker)
			for method, want := range map[string]domain.Kind{"POST": test.create, "PATCH": test.write} {
				s.ClearFaults()
				s.once(method, test.effect)
				s.sent.take()
				var err error
				if method == "POST" {
					_, err = tracker.Create(t.Context(), draft())
				} else {
					_, err = tracker.Push(t.Context(), pushOf(on, map[domain.Field]string{domain.FieldTitle: "New"}))
				}
				wantKind(t, err, want)
				if test.code != "" && codeOf(err) != test.code {
					t.Errorf("%s: code %q, want %q", method, codeOf(err), test.code)
				}
				writes := 0
				for _, r := range s.sent.take() {
					if r.Method == method {
						writes++
					}
				}
				if writes != 1 {
					t.Errorf("%s was sent %d times: neither retries nor redirects are ours (T1)", method, writes)
				}
			}
		})
	}
}

// T13: a context that ended is seen as such, and only a create that was sent is
// in doubt.
func TestT13ContextErrorsStayVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		tracker := s.adapter(t)
		on := create(t, s, tracker)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for what, call := range map[string]func() error{
			"fetch":  func() error { _, err := tracker.Fetch(over, on.Ref); return err },
			"create": func() error { _, err := tracker.Create(over, draft()); return err },
		} {
			err := call()
			wantKind(t, err, domain.ErrUnavailable)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v hides the cancellation", what, err)
			}
		}
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		s.Inject(githubsim.Rule{Method: "POST", Effect: githubsim.Slow(time.Minute, true)})
		_, err := tracker.Create(short, draft())
		wantKind(t, err, domain.ErrUncertain)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v hides the deadline", err)
		}
		if n := len(s.Issues(t, "n0nce")); n != 2 {
			t.Errorf("%d issues exist, want both", n)
		}
	})
}

// T64: 410 is a deleted issue or issues that are switched off; they are told apart.
func TestT64DisabledIsNotDeleted(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	must(t, s.As("admin").SetIssues(repo, false))
	for what, call := range map[string]func() error{
		"fetch":  func() error { _, err := tracker.Fetch(t.Context(), on.Ref); return err },
		"list":   func() error { _, err := tracker.Changed(t.Context(), nil, nil); return err },
		"create": func() error { _, err := tracker.Create(t.Context(), draft()); return err },
		"sweep":  func() error { _, err := tracker.Sweep(t.Context(), []domain.RemoteRef{on.Ref}); return err },
	} {
		err := call()
		if !errors.Is(err, domain.ErrForbidden) || codeOf(err) != "issues_disabled" {
			t.Errorf("%s: %v (code %q)", what, err, codeOf(err))
		}
	}
	must(t, s.As("admin").SetIssues(repo, true))
	must(t, s.As("admin").Delete(repo, 1))
	_, err := tracker.Fetch(t.Context(), on.Ref)
	wantKind(t, err, domain.ErrGone)
}

// T65: when the whole repository is out of sight, no issue is missing.
func TestT65LostAccessIsNotAbsence(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	s.Grant(repo, "sync-user", githubsim.RoleNone)
	_, err := tracker.Fetch(t.Context(), on.Ref)
	wantKind(t, err, domain.ErrForbidden)
	_, err = tracker.Push(t.Context(), pushOf(on, map[domain.Field]string{domain.FieldTitle: "x"}))
	wantKind(t, err, domain.ErrForbidden)
	seen, err := tracker.Sweep(t.Context(), []domain.RemoteRef{on.Ref})
	wantKind(t, err, domain.ErrForbidden)
	if len(seen) > 0 {
		t.Errorf("seen %+v", seen)
	}
}

// T65: one issue that is not found while the repository is readable is a suspicion.
func TestT65MissingIssue(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	on.Ref.Number, on.Ref.ID = 99, "I_other"
	_, err := tracker.Fetch(t.Context(), on.Ref)
	wantKind(t, err, domain.ErrNotFound)
	seen, err := tracker.Sweep(t.Context(), []domain.RemoteRef{on.Ref})
	must(t, err)
	if seen[0].Presence != domain.Missing {
		t.Errorf("seen %+v", seen)
	}
}

// T75: what GitHub writes reaches the log short and without secrets, and people
// read our words only.
func TestT75ErrorsCarryNoSecrets(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	secret := strings.Repeat("hook-secret-", 4)
	s.config = func(c *github.Config) { c.Secrets.WebhookSecrets = []string{secret} }
	s.faulty.Store(true)
	long := strings.Repeat("<p>sorry</p>", 10_000)
	s.spoil(func(_ *http.Request, resp *http.Response, _ []byte) []byte {
		resp.StatusCode = 500
		return []byte(`{"message":"token ` + s.token + ` of ana@acme.example, Authorization: Bearer ghp_0123456789abcdefABCDEF and ` + secret + long + `"}`)
	})
	_, err := s.adapter(t).Fetch(t.Context(), on.Ref)
	wantKind(t, err, domain.ErrUnavailable)
	var text strings.Builder
	for e := err; e != nil; e = errors.Unwrap(e) {
		text.WriteString(e.Error())
	}
	if len(text.String()) > 4096 {
		t.Errorf("the error is %d bytes long", len(text.String()))
	}
	for _, word := range []string{s.token, "ana@acme.example", "ghp_0123456789abcdefABCDEF", secret, "sorry</p>" + strings.Repeat("<p>sorry</p>", 200)} {
		if strings.Contains(text.String(), word) {
			t.Errorf("the error says %.40q", word)
		}
	}
	if strings.Contains(err.Error(), "sorry") || !strings.Contains(err.Error(), repo+"#1") {
		t.Errorf("people read %q", err)
	}
}

// TestObservedErrors judges the messages that GitHub has been seen to send.
func TestObservedErrors(t *testing.T) {
	data, err := os.ReadFile(contract.SharedFile(t, "github-rest", "observed-errors.json"))
	must(t, err)
	var seen []struct {
		Status           int
		Kind             string
		Body             json.RawMessage
		Message          string
		DocumentationURL string `json:"documentation_url"`
		Headers          map[string]string
	}
	must(t, json.Unmarshal(data, &seen))
	judged := 0
	for _, o := range seen {
		body := []byte(o.Body)
		if len(body) == 0 {
			body, _ = json.Marshal(map[string]string{"message": o.Message, "documentation_url": o.DocumentationURL})
		}
		want, ok := wantObserved(o.Status, o.Kind)
		if !ok {
			continue
		}
		judged++
		t.Run(fmt.Sprint(o.Status, " ", o.Kind), func(t *testing.T) {
			s := newSite(t)
			on := create(t, s, s.adapter(t))
			s.faulty.Store(true)
			s.spoil(func(r *http.Request, resp *http.Response, old []byte) []byte {
				if !strings.Contains(r.URL.Path, "/issues/") {
					return old
				}
				resp.StatusCode = o.Status
				for k, v := range o.Headers {
					resp.Header.Set(k, v)
				}
				return body
			})
			_, err := s.adapter(t).Fetch(t.Context(), on.Ref)
			if domain.KindOf(err) != want {
				t.Errorf("%s is judged as %q: %v", body, domain.KindOf(err), err)
			}
		})
	}
	if judged < 6 {
		t.Errorf("only %d of %d observed errors were judged", judged, len(seen))
	}
}

// wantObserved is what an observed error means for a read of one issue.
func wantObserved(status int, kind string) (domain.Kind, bool) {
	low := strings.ToLower(kind)
	switch {
	case strings.Contains(low, "limit") || strings.Contains(low, "abuse"):
		return domain.ErrLimited, status == 403 || status == 429
	case status == 410 && strings.Contains(low, "disabled in"):
		return domain.ErrForbidden, true
	case status == 410 && strings.Contains(low, "deleted"):
		return domain.ErrGone, true
	case status == 401:
		return domain.ErrUnauthorized, true
	case status == 403:
		return domain.ErrForbidden, true
	case status == 404:
		return domain.ErrNotFound, true
	case status == 422:
		return domain.ErrInvalid, !strings.Contains(low, "page") && !strings.Contains(low, "pagination")
	case status >= 500:
		return domain.ErrUnavailable, true
	}
	return "", false
}
