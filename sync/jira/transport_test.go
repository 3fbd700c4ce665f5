package jira_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/jira"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// TestT3RedirectedWriteIsNoSuccess: a followed 302 turns an edit into a read
// of a login page that answers 200.
func TestT3RedirectedWriteIsNoSuccess(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		for _, status := range []int{301, 302, 307, 308} {
			s.Fault(ruleFor("PUT", "/rest/api/2/issue/*", jirasim.Redirect(status, s.BaseURL()+"/login.jsp")))
			before := s.Requests()
			_, err := tracker.Push(t.Context(), write(on, map[domain.Field]string{domain.FieldTitle: "x"}))
			wantCode(t, err, domain.ErrForbidden, "redirected")
			if n := s.Requests() - before; n != 1 {
				t.Errorf("%d: %d requests, want 1: the redirect was followed", status, n)
			}
		}
		s.Fault(ruleFor("POST", "/rest/api/2/issue", jirasim.Redirect(302, s.BaseURL()+"/login.jsp"))) // T2: rejected, not uncertain
		_, err := tracker.Create(t.Context(), draft("n2"))
		wantCode(t, err, domain.ErrForbidden, "redirected")
		s.Fault(ruleFor("GET", "", jirasim.Redirect(302, s.BaseURL()+"/login.jsp")))
		_, err = tracker.Fetch(t.Context(), on.Ref)
		wantCode(t, err, domain.ErrUnavailable, "redirected")
	})
}

// TestT3PageIsNoConfirmation: 200 with a page for people is not a success.
func TestT3PageIsNoConfirmation(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		s.Fault(ruleFor("PUT", "/rest/api/2/issue/*", jirasim.HTMLBody(false)))
		_, err := tracker.Push(t.Context(), write(on, map[domain.Field]string{domain.FieldTitle: "x"}))
		wantCode(t, err, domain.ErrUnavailable, "not_json")
		s.Fault(ruleFor("POST", "/rest/api/2/issue/*/transitions", jirasim.HTMLBody(false)))
		_, err = tracker.Push(t.Context(), write(on, map[domain.Field]string{domain.FieldStatus: "in_progress"}))
		wantCode(t, err, domain.ErrUnavailable, "not_json")
		if strings.Contains(err.Error(), "<html") {
			t.Error("the page is in the message")
		}
	})
}

// TestT4CredentialStaysAtHome: the token goes to the configured place and to
// no other, whatever a page or a redirect names.
func TestT4CredentialStaysAtHome(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		hosts := map[string]int{}
		next := s.transport
		s.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			hosts[r.URL.Host]++
			if r.Header.Get("Authorization") == "" {
				t.Errorf("%s has no credential", r.URL)
			}
			return next.RoundTrip(r)
		})
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		for _, to := range []string{"https://evil.example/steal", "http://" + strings.TrimPrefix(s.BaseURL(), "https://"), "//evil.example/x"} {
			s.Fault(ruleFor("GET", "", jirasim.Redirect(302, to)))
			if _, err := tracker.Fetch(t.Context(), on.Ref); err == nil {
				t.Errorf("a redirect to %s was a success", to)
			}
		}
		if len(hosts) != 1 {
			t.Errorf("requests went to %v", hosts)
		}
	})
}

// TestT5EmptyListIsNoEnd: a success without a list says nothing about issues.
func TestT5EmptyListIsNoEnd(t *testing.T) {
	for name, f := range flavors() {
		for what, body := range map[string]string{"nothing": "", "null": "null", "an object": "{}", "a null list": `{"issues":null}`, "a list elsewhere": `{"values":[]}`, "two answers": `{"issues":[]}{"issues":[]}`} {
			t.Run(name+", "+what, func(t *testing.T) {
				tracker := canned(t, f, 200, nil, body)
				cursor := domain.Cursor(`{"v":1,"project":"10000","high":1767600000000}`)
				_, err := tracker.Changed(t.Context(), cursor, nil)
				wantKind(t, err, domain.ErrUnavailable)
			})
		}
	}
}

// TestT6UnreadableCreateIsUncertain: the issue may exist whatever a spoiled
// answer says; only a well-formed refusal means that it does not.
func TestT6UnreadableCreateIsUncertain(t *testing.T) {
	html := http.Header{"Content-Type": {"text/html"}}
	for name, tc := range map[string]struct {
		status int
		header http.Header
		body   string
		want   domain.Kind
	}{
		"empty":          {201, nil, "", domain.ErrUncertain},
		"cut off":        {201, nil, `{"id":"10`, domain.ErrUncertain},
		"no ids":         {201, nil, `{}`, domain.ErrUncertain},
		"odd id":         {201, nil, `{"id":"abc","key":"OPS-1"}`, domain.ErrUncertain},
		"page":           {200, html, "<html>", domain.ErrUncertain},
		"data as a page": {201, html, `{"id":"10001","key":"OPS-1"}`, domain.ErrUncertain},
		"proxy's 400":    {400, html, "<html>bad request</html>", domain.ErrUncertain},
		"500":            {500, html, "<html>", domain.ErrUncertain},
		"503":            {503, nil, `{"errorMessages":["down"]}`, domain.ErrUncertain},
		"408":            {408, nil, "", domain.ErrUncertain},
		"refused":        {400, nil, `{"errorMessages":[],"errors":{"summary":"You must specify a summary of the issue."}}`, domain.ErrInvalid},
		"401":            {401, nil, `{"errorMessages":["no"]}`, domain.ErrUnauthorized},
		"403":            {403, nil, `{"errorMessages":["no"]}`, domain.ErrForbidden},
		"404":            {404, nil, `{"errorMessages":["no"]}`, domain.ErrNotFound},
		"limited":        {429, nil, `{"errorMessages":["slow down"]}`, domain.ErrLimited},
		"number for id":  {201, nil, `{"id":10001,"key":"OPS-1"}`, ""},
		"whole":          {201, nil, `{"id":"10001","key":"OPS-1","self":"x"}`, ""},
		"conflict":       {409, nil, `{"errorMessages":["busy"]}`, domain.ErrConflict},
		"api is removed": {410, nil, `{"errorMessages":["removed"]}`, domain.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			for _, f := range flavors() {
				s, err := canned(t, f, tc.status, tc.header, tc.body).Create(t.Context(), draft("n"))
				if tc.want == "" {
					must(t, err)
					if s.Ref.ID != "10001" || s.Nonce != "n" || s.Fields != nil {
						t.Errorf("got %+v", s)
					}
					continue
				}
				wantKind(t, err, tc.want)
			}
		})
	}
}

// TestT6BrokenConnection: after a create that left, nobody knows; one that
// certainly did not leave changed nothing. Edits set absolute values and are
// simply repeated.
func TestT6BrokenConnection(t *testing.T) {
	for name, tc := range map[string]struct {
		err          error
		create, edit domain.Kind
	}{
		"reset":   {errors.New("connection reset by peer"), domain.ErrUncertain, domain.ErrUnavailable},
		"eof":     {io.ErrUnexpectedEOF, domain.ErrUncertain, domain.ErrUnavailable},
		"timeout": {context.DeadlineExceeded, domain.ErrUncertain, domain.ErrUnavailable},
		"dial":    {&net.OpError{Op: "dial", Err: errors.New("refused")}, domain.ErrUnavailable, domain.ErrUnavailable},
		"read":    {&net.OpError{Op: "read", Err: errors.New("reset")}, domain.ErrUncertain, domain.ErrUnavailable},
		"limited": {&domain.Error{Kind: domain.ErrLimited, Message: "held back"}, domain.ErrLimited, domain.ErrLimited},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, cloud())
			tracker := s.adapter(t)
			on := s.made(t, tracker)
			s.transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, tc.err })
			tracker = s.adapter(t)
			_, err := tracker.Create(t.Context(), draft("n"))
			wantKind(t, err, tc.create)
			_, err = tracker.Push(t.Context(), write(on, map[domain.Field]string{domain.FieldTitle: "x"}))
			wantKind(t, err, tc.edit)
		})
	}
}

// TestT8CreateIsOneRequest: nothing that can fail stands between the issue and
// its id being known.
func TestT8CreateIsOneRequest(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		w := s.watch()
		_, err := s.adapter(t).Create(t.Context(), draft("n"))
		must(t, err)
		if got := w.take(); len(got) != 1 || got[0].method != "POST" {
			t.Errorf("create took %v", lines(got))
		}
	})
}

// TestT11NoIdempotencyKey: Go's transport repeats requests that carry one by
// itself, and Jira knows none.
func TestT11NoIdempotencyKey(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		w := s.watch()
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		pushed(t, tracker, on, map[domain.Field]string{domain.FieldTitle: "x", domain.FieldStatus: "done"})
		for _, x := range w.take() {
			if x.header.Get("Idempotency-Key")+x.header.Get("X-Idempotency-Key") != "" {
				t.Errorf("%s %s carries an idempotency key", x.method, x.path)
			}
		}
	})
}

// endless is a body that does not stop.
type endless struct{ read, limit int }

// Read implements io.Reader.
func (e *endless) Read(p []byte) (int, error) {
	if e.read > e.limit {
		return 0, io.EOF
	}
	e.read += len(p)
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// Close implements io.Closer.
func (*endless) Close() error { return nil }

// TestT12BodiesAreBounded: an answer costs 10 MiB at most, an error 64 KiB.
func TestT12BodiesAreBounded(t *testing.T) {
	for status, limit := range map[int]int{200: 12 << 20, 500: 128 << 10} {
		body := &endless{limit: limit}
		s := newSite(t, cloud())
		s.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			a := answer(r, status, nil, "")
			a.Body = body
			return a, nil
		})
		_, err := s.adapter(t).Fetch(t.Context(), domain.RemoteRef{ID: "10001"})
		wantKind(t, err, domain.ErrUnavailable)
		if body.read > limit {
			t.Errorf("%d: more than %d bytes were read", status, limit)
		}
	}
}

// TestT13ContextErrorsSurvive: who gave up must be visible behind the error.
func TestT13ContextErrorsSurvive(t *testing.T) {
	for name, body := range map[string]func(context.CancelFunc) io.ReadCloser{
		"before the answer": nil,
		"during the body": func(cancel context.CancelFunc) io.ReadCloser {
			return io.NopCloser(io.MultiReader(strings.NewReader(`{"id"`), cancelling{cancel}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			s := newSite(t, cloud())
			s.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				if body == nil {
					cancel()
					return nil, r.Context().Err()
				}
				a := answer(r, 200, nil, "")
				a.Body = body(cancel)
				return a, nil
			})
			_, err := s.adapter(t).Fetch(ctx, domain.RemoteRef{ID: "10001"})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v hides that the context was cancelled", err)
			}
			wantKind(t, err, domain.ErrUnavailable)
		})
	}
}

type cancelling struct{ cancel context.CancelFunc }

// Read implements io.Reader.
func (c cancelling) Read([]byte) (int, error) {
	c.cancel()
	return 0, errors.New("http: read on closed response body")
}

// TestT15BodiesAreClosed: an unclosed body costs a connection.
func TestT15BodiesAreClosed(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		open := 0
		next := s.transport
		s.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			a, err := next.RoundTrip(r)
			if err == nil {
				open++
				a.Body = counted{a.Body, &open}
			}
			return a, err
		})
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		for _, do := range []jirasim.Effect{jirasim.Fail(400, "no"), jirasim.Fail(404, "no"), jirasim.ServerError(502, false), jirasim.EmptyBody(), jirasim.HTMLBody(false), {}} {
			s.Fault(ruleFor("PUT", "/rest/api/2/issue/*", do))
			_, _ = tracker.Push(t.Context(), write(on, map[domain.Field]string{domain.FieldTitle: "x"}))
		}
		if open != 0 {
			t.Errorf("%d bodies were left open", open)
		}
	})
}

type counted struct {
	io.ReadCloser
	open *int
}

// Close implements io.Closer.
func (c counted) Close() error {
	*c.open--
	return c.ReadCloser.Close()
}

// TestT17IdsAreNumbers: an id from elsewhere never becomes a path.
func TestT17IdsAreNumbers(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		for _, id := range []string{"", "A-1/../../x?y=1", "10001/..", "../myself", "10001?x=y", "1e3", "-1", "10001 ", "10001%2f", "99999999999999999999", "١٢٣"} {
			ref := domain.RemoteRef{ID: id}
			_, err := tracker.Fetch(t.Context(), ref)
			wantKind(t, err, domain.ErrInvalid)
			_, err = tracker.Push(t.Context(), domain.Push{Draft: draft(""), On: domain.Snapshot{Ref: ref}})
			wantKind(t, err, domain.ErrInvalid)
			if s.Requests() != 0 {
				t.Fatalf("id %q caused a request", id)
			}
		}
		on := s.made(t, tracker)
		_, err := tracker.Sweep(t.Context(), []domain.RemoteRef{on.Ref, {ID: "1) OR (1=1"}})
		wantKind(t, err, domain.ErrInvalid)
	})
}

// TestT22RetryAfter: both forms, between a second and an hour, on our clock
// although the tracker's runs elsewhere (T49); Data Center may say 0 (T30).
func TestT22RetryAfter(t *testing.T) {
	now := newClock().now()
	for name, tc := range map[string]struct {
		header http.Header
		want   time.Duration
		code   string
	}{
		"seconds":             {http.Header{"Retry-After": {"90"}}, 90 * time.Second, ""},
		"fraction":            {http.Header{"Retry-After": {"1.5"}}, 1500 * time.Millisecond, ""},
		"zero":                {http.Header{"Retry-After": {"0"}}, time.Second, ""},
		"a day":               {http.Header{"Retry-After": {"86400"}}, time.Hour, ""},
		"date":                {http.Header{"Retry-After": {"Mon, 05 Jan 2026 10:02:00 GMT"}, "Date": {"Mon, 05 Jan 2026 10:00:00 GMT"}}, 2 * time.Minute, ""},
		"date in the past":    {http.Header{"Retry-After": {"Mon, 05 Jan 2026 08:00:00 GMT"}, "Date": {"Mon, 05 Jan 2026 09:00:00 GMT"}}, time.Second, ""},
		"date without a Date": {http.Header{"Retry-After": {"Mon, 05 Jan 2026 09:01:00 GMT"}}, time.Minute, ""},
		"nonsense":            {http.Header{"Retry-After": {"soon"}}, time.Minute, ""},
		"nothing":             {nil, time.Minute, ""},
		"reset":               {http.Header{"X-Ratelimit-Reset": {"2026-01-05T10:05:00Z"}, "Date": {"Mon, 05 Jan 2026 10:00:00 GMT"}}, 5 * time.Minute, ""},
		"interval":            {http.Header{"X-Ratelimit-Interval-Seconds": {"7"}}, 7 * time.Second, ""},
		"quota":               {http.Header{"Ratelimit-Reason": {jirasim.ReasonQuotaTenant}, "Retry-After": {"5"}}, 5 * time.Second, "quota"},
		"burst":               {http.Header{"Ratelimit-Reason": {jirasim.ReasonBurst}, "Retry-After": {"5"}}, 5 * time.Second, "burst"},
		"issue":               {http.Header{"Ratelimit-Reason": {jirasim.ReasonIssueWrites}, "Retry-After": {"5"}}, 5 * time.Second, "issue"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, f := range flavors() {
				_, err := canned(t, f, 429, tc.header, "<html>slow down").Fetch(t.Context(), domain.RemoteRef{ID: "10001"})
				wantCode(t, err, domain.ErrLimited, tc.code)
				if got := domain.RetryAt(err).Sub(now); got != tc.want {
					t.Errorf("wait %v, want %v", got, tc.want)
				}
			}
		})
	}
	_, err := canned(t, cloud(), 503, http.Header{"Retry-After": {"120"}}, "").Fetch(t.Context(), domain.RemoteRef{ID: "10001"})
	wantKind(t, err, domain.ErrUnavailable) // T29: some 5xx carry it, too
	if got := domain.RetryAt(err).Sub(now); got != 2*time.Minute {
		t.Errorf("503: wait %v, want 2m", got)
	}
}

// TestT29CallsAreClassified: Cloud limits bursts per endpoint and method and
// writes per issue; the governor is told both, and ids are no endpoints.
func TestT29CallsAreClassified(t *testing.T) {
	for name, tc := range map[string]struct {
		method, url string
		want        domain.Call
	}{
		"read":       {"GET", "https://x.example/rest/api/2/issue/10001?fields=a", domain.Call{Class: domain.CallRead, Resource: "GET /rest/api/2/issue/{issue}"}},
		"edit":       {"PUT", "https://x.example/jira/rest/api/2/issue/10001", domain.Call{Class: domain.CallWrite, Resource: "PUT /rest/api/2/issue/{issue}", Issue: "10001"}},
		"step":       {"POST", "https://api.atlassian.com/ex/jira/1-2/rest/api/2/issue/10001/transitions", domain.Call{Class: domain.CallWrite, Resource: "POST /rest/api/2/issue/{issue}/transitions", Issue: "10001"}},
		"create":     {"POST", "https://x.example/rest/api/2/issue", domain.Call{Class: domain.CallCreate, Resource: "POST /rest/api/2/issue"}},
		"search":     {"POST", "https://x.example/rest/api/2/search/jql", domain.Call{Class: domain.CallRead, Resource: "POST /rest/api/2/search/jql"}},
		"bulk":       {"POST", "https://x.example/rest/api/2/issue/bulkfetch", domain.Call{Class: domain.CallRead, Resource: "POST /rest/api/2/issue/bulkfetch"}},
		"createmeta": {"GET", "https://x.example/rest/api/2/issue/createmeta/OPS/issuetypes", domain.Call{Class: domain.CallRead, Resource: "GET /rest/api/2/issue/createmeta/OPS/issuetypes"}},
		"token":      {"POST", "https://auth.atlassian.com/oauth/token", domain.Call{Class: domain.CallRead, Resource: "POST /oauth/token"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tc.method, tc.url, nil)
			must(t, err)
			if got := jira.Classify(r); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
	// A search is a poll or a probe; only its context tells.
	s := newSite(t, cloud())
	var classes []domain.CallClass
	next := s.transport
	s.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		classes = append(classes, jira.Classify(r).Class)
		return next.RoundTrip(r)
	})
	tracker := s.adapter(t)
	_, err := tracker.Find(t.Context(), domain.Probe{Nonce: "n", Since: s.clock.now(), AfterNumber: 1})
	must(t, err)
	if len(classes) != 3 || classes[1] != domain.CallProbe || classes[2] != domain.CallProbe {
		t.Errorf("a probe was classified as %v", classes)
	}
}

// TestT72LockedAccount: a CAPTCHA stops every request until a person signs on.
func TestT72LockedAccount(t *testing.T) {
	for name, h := range map[string]http.Header{
		"denied": {"X-Authentication-Denied-Reason": {"CAPTCHA_CHALLENGE; login-url=https://x"}},
		"seraph": {"X-Seraph-Loginreason": {"AUTHENTICATION_DENIED"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := canned(t, dataCenter(), 403, h, "").Fetch(t.Context(), domain.RemoteRef{ID: "10001"})
			wantCode(t, err, domain.ErrUnauthorized, "captcha")
		})
	}
	_, err := canned(t, cloud(), 401, nil, `{"message":"Unauthorized; scope does not match"}`).Fetch(t.Context(), domain.RemoteRef{ID: "10001"})
	wantCode(t, err, domain.ErrForbidden, "scope") // the token is fine, it may do too little
}

// TestT75MessagesKeepSecrets: what Jira or a proxy says may quote our request.
func TestT75MessagesKeepSecrets(t *testing.T) {
	s := newSite(t, cloud())
	secret := s.settings().Secrets.WebhookSecrets[0]
	body := `{"errorMessages":["` + s.token + ` Basic QWxhZGRpbjpvcGVu Bearer abc.def-ghi ` + secret + ` mail ana@example.com ` + strings.Repeat("x", 5000) + `"]}`
	tracker := canned(t, cloud(), 400, nil, body)
	_, err := tracker.Fetch(t.Context(), domain.RemoteRef{ID: "10001"})
	for _, leak := range []string{s.token, "QWxhZGRp", "abc.def", secret, "ana@example.com"} {
		if strings.Contains(err.Error(), leak) {
			t.Errorf("the message has %q: %v", leak, err)
		}
	}
	if len(err.Error()) > 3000 {
		t.Errorf("the message has %d bytes", len(err.Error()))
	}
	_, err = canned(t, cloud(), 502, http.Header{"Content-Type": {"text/html"}}, "<html>proxy at 10.0.0.1</html>").Fetch(t.Context(), domain.RemoteRef{ID: "10001"})
	if strings.Contains(err.Error(), "proxy at") {
		t.Errorf("a page is in the message: %v", err)
	}
}

// TestAddressesAreRefused: T74, a base URL must be a plain address.
func TestT74AddressesAreRefused(t *testing.T) {
	for _, base := range []string{"", "acme", "https://user:pw@acme.atlassian.net", "https://acme.atlassian.net?x=y", "://"} {
		s := newSite(t, cloud())
		cfg := s.settings()
		cfg.Tracker.BaseURL = base
		_, err := jira.New(cfg)
		wantKind(t, err, domain.ErrInvalid)
	}
}

// TestT49CreateHasNoRevision: the clock of whoever answers a create says
// nothing about the issue; an issue read later is never older than its creation.
func TestT49CreateHasNoRevision(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		s.Fault(ruleFor("POST", "/rest/api/2/issue", jirasim.ClockOffset(5*time.Minute)))
		made, err := tracker.Create(t.Context(), draft("n"))
		if err != nil {
			t.Fatal(err)
		}
		read, err := tracker.Fetch(t.Context(), made.Ref)
		if err != nil {
			t.Fatal(err)
		}
		if read.Revision.Before(made.Revision) {
			t.Errorf("the issue of %s was created at %s", read.Revision, made.Revision)
		}
	})
}
