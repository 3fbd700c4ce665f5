package github

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	gogithub "github.com/google/go-github/v60/github"

	"github.com/followthrough/followthrough/domain"
)

// maxAnswer is the longest answer that is read; a page of 100 issues with
// full texts stays below it.
const maxAnswer = 10 << 20

// client sends requests to the one configured host and to no other. The
// library builds requests and carries credentials; reading answers, judging
// statuses and limits is done here, because the library loses what matters
// (swallowed empty bodies, its own clock-bound lock-outs).
type client struct {
	api     *gogithub.Client
	base    *url.URL
	now     func() time.Time
	secrets []string
	app     *ghinstallation.Transport // nil with a token
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
	// at is our time of the answer; server is GitHub's, or zero.
	at     time.Time
	server time.Time
}

func newClient(cfg Config) (*client, error) {
	base, err := baseURL(cfg.Tracker.BaseURL)
	if err != nil {
		return nil, err
	}
	if cfg.Transport == nil {
		return nil, domain.Errorf(domain.ErrInvalid, "tracker %s has no transport; it must not fall back to an unguarded one", cfg.Tracker.ID)
	}
	if cfg.Secrets.Credential == "" {
		return nil, domain.Invalid("credential", "is empty; give a fine-grained token or the private key of a GitHub App")
	}
	c := &client{base: base, now: cfg.Now, secrets: append([]string{cfg.Secrets.Credential}, cfg.Secrets.WebhookSecrets...)}
	auth, err := c.authenticated(cfg)
	if err != nil {
		return nil, err
	}
	c.api = gogithub.NewClient(&http.Client{
		Transport: pinned{base: base, next: auth},
		// A redirected write would come back as a read and look like success (T1).
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	c.api.BaseURL, c.api.UserAgent = base, "followthrough"
	return c, nil
}

// baseURL brings the configured API address to the form the library needs.
func baseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return nil, domain.Invalid("base_url", "%q is not a web address; it starts with https://", raw)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(u.Path, "/") + "/"}, nil
}

// authenticated adds the credential above the bounded transport: a token for
// every request, or the installation's token that is renewed on the way.
func (c *client) authenticated(cfg Config) (http.RoundTripper, error) {
	below := bounded{next: cfg.Transport}
	if cfg.Tracker.AppID == 0 {
		return bearer{token: cfg.Secrets.Credential, next: below}, nil
	}
	app, err := ghinstallation.New(below, cfg.Tracker.AppID, cfg.Tracker.InstallationID, []byte(cfg.Secrets.Credential))
	if err != nil {
		return nil, domain.Invalid("credential", "is not the private key of a GitHub App in PEM form")
	}
	app.InstallationTokenOptions = &gogithub.InstallationTokenOptions{} // without it the library sends null, which is not allowed
	app.BaseURL = strings.TrimSuffix(c.base.String(), "/")
	// The token exchange carries the app's own signature: no redirects there either.
	app.Client = &http.Client{Transport: below, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	c.app = app
	return app, nil
}

// pinned refuses requests to any other place than the configured one before a
// credential is added (T4); nothing else can send a token elsewhere.
type pinned struct {
	base *url.URL
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (p pinned) RoundTrip(r *http.Request) (*http.Response, error) {
	if !sameOrigin(p.base, r.URL) {
		return nil, domain.Errorf(domain.ErrForbidden, "a request to %s was refused: only %s is configured", r.URL.Host, p.base.Host)
	}
	return p.next.RoundTrip(r)
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	}
	return "443"
}

// bearer adds a personal access token.
type bearer struct {
	token string
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}

// kept prefixes headers that are hidden from the library, whose own limit
// handling locks the client by the wall clock (T21, T22, T23).
const kept = "Kept-"

//nolint:gochecknoglobals // a constant list; Go has no constant arrays
var hiddenHeaders = [...]string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Resource", "Retry-After", "Location"}

// bounded reads every answer to its end, up to the cap, and closes it: no
// library above can leave a connection open or read without end.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read; there is nothing left to fail
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header = resp.Header.Clone()
	for _, name := range hiddenHeaders {
		if v := resp.Header.Get(name); v != "" {
			resp.Header.Set(kept+name, v)
			resp.Header.Del(name)
		}
	}
	return resp, nil
}

// send makes one request and reads the answer whatever its status is. The
// error is a *domain.Error that says whether the request can have had an effect.
func (c *client) send(ctx context.Context, op operation, method, path string, body any, header ...string) (answer, error) {
	req, err := c.api.NewRequest(method, path, body)
	if err != nil {
		return answer{}, domain.Errorf(domain.ErrInvalid, "%s: the request cannot be built", op.what)
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if err := ctx.Err(); err != nil {
		return answer{}, &domain.Error{Kind: domain.ErrUnavailable, Message: op.what + ": stopped before it was sent", Err: err}
	}
	resp, err := c.api.BareDo(ctx, req)
	if resp == nil || resp.Response == nil {
		return answer{}, c.failed(ctx, op, err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body) // already in memory
	if err != nil {
		return answer{}, c.failed(ctx, op, err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: data, at: c.now()}
	a.server, _ = http.ParseTime(resp.Header.Get("Date"))
	return a, nil
}

// do is send for requests that must succeed: any other status is an error.
func (c *client) do(ctx context.Context, op operation, method, path string, body any) (answer, error) {
	a, err := c.send(ctx, op, method, path, body)
	if err != nil {
		return a, err
	}
	if a.status < 200 || a.status > 299 {
		return a, c.judge(op, a)
	}
	return a, nil
}

// into decodes an answer that must have content; an empty or foreign one is
// never "nothing there" (T5, T6).
func (c *client) into(op operation, a answer, v any) error {
	if err := json.Unmarshal(a.body, v); err != nil {
		return c.undecodable(op, err)
	}
	return nil
}

// next is the address of the next page.
func (c *client) next(op operation, a answer) (string, error) { return c.link(op, a, "next") }

// link is the address of another page, or nothing. An address on another host
// is an error: following it would be a request somebody else chose.
func (c *client) link(op operation, a answer, wanted string) (string, error) {
	for link := range strings.SplitSeq(a.header.Get("Link"), ",") {
		target, rel, ok := strings.Cut(link, ";")
		if !ok || !strings.Contains(rel, `rel="`+wanted+`"`) {
			continue
		}
		u, err := url.Parse(strings.Trim(strings.TrimSpace(target), "<>"))
		if err != nil || !sameOrigin(c.base, u) || !strings.HasPrefix(u.Path, c.base.Path) {
			return "", &domain.Error{Kind: domain.ErrUnavailable, Code: "foreign_link", Message: op.what + ": the link to the " + wanted + " page leads elsewhere"}
		}
		return u.String(), nil
	}
	return "", nil
}

// quota is what the answer says about the remaining requests, in our time.
func (a answer) quota() domain.Quota {
	limit, _ := strconv.Atoi(a.header.Get(kept + "X-RateLimit-Limit"))
	remaining, _ := strconv.Atoi(a.header.Get(kept + "X-RateLimit-Remaining"))
	return domain.Quota{Limit: limit, Remaining: remaining, ResetAt: a.reset()}
}

// reset translates GitHub's reset time to our clock; the two may differ (T49).
func (a answer) reset() time.Time {
	unix, err := strconv.ParseInt(a.header.Get(kept+"X-RateLimit-Reset"), 10, 64)
	if err != nil || unix <= 0 {
		return time.Time{}
	}
	return a.ours(time.Unix(unix, 0))
}

// ours translates a time of GitHub's clock to ours.
func (a answer) ours(t time.Time) time.Time {
	if a.server.IsZero() {
		return t.UTC()
	}
	return a.at.Add(t.Sub(a.server)).UTC()
}
