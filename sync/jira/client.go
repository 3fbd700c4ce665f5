package jira

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/followthrough/followthrough/domain"
)

// Bounds of what an answer may cost us (T12, T15, D-7).
const (
	maxBody      = 10 << 20
	maxErrorBody = 64 << 10
	maxText      = 2 << 10
	timeout      = 30 * time.Second
)

// client sends requests to one Jira. The library builds them; reading and
// judging the answers is ours.
type client struct {
	jira    *gojira.Client
	now     func() time.Time
	secrets []string
	auth    authorizer
}

// authorizer gives the Authorization header.
type authorizer interface {
	header(ctx context.Context) (string, error)
	// rejected hears that the last header was refused, and reports whether a
	// fresh one may help.
	rejected() bool
}

// request is one call.
type request struct {
	method string
	path   string
	query  url.Values
	body   any
	class  domain.CallClass
	// search marks requests whose 400 may mean that the project is hidden.
	search bool
	// bare allows an empty success.
	bare bool
}

// name is how messages call the request: no query, no host.
func (r request) name() string { return r.method + " /" + r.path }

// answer is a whole, read and closed response.
type answer struct {
	status int
	header http.Header
	body   []byte
	date   time.Time
}

func newClient(base *url.URL, transport http.RoundTripper, auth authorizer, now func() time.Time, secrets ...string) (*client, error) {
	httpClient := &http.Client{
		Transport: &pinned{base: base, next: transport, auth: auth},
		Timeout:   timeout,
		// A followed redirect turns a write into a read that looks like success (T1, T3).
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	j, err := gojira.NewClient(httpClient, base.String())
	if err != nil {
		return nil, domain.Invalid("base_url", "%q cannot be used: %v", base.Redacted(), err)
	}
	return &client{jira: j, now: now, secrets: secrets, auth: auth}, nil
}

// pinned adds the credential to requests to the configured place only (T4).
type pinned struct {
	base *url.URL
	next http.RoundTripper
	auth authorizer
}

// RoundTrip implements http.RoundTripper.
func (p *pinned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != p.base.Scheme || !strings.EqualFold(r.URL.Hostname(), p.base.Hostname()) || port(r.URL) != port(p.base) || !strings.HasPrefix(r.URL.Path, p.base.Path) {
		return nil, unsent{domain.Errorf(domain.ErrForbidden, "a request to %s is refused: the tracker is at %s", r.URL.Host, p.base.Host)}
	}
	header, err := p.auth.header(r.Context())
	if err != nil {
		return nil, unsent{err}
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", header)
	r.Header.Set("Accept", "application/json")
	return p.next.RoundTrip(r)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "http" {
		return "80"
	}
	return "443"
}

// send makes a request and returns a success; everything else is an error.
func (c *client) send(ctx context.Context, r request) (answer, error) {
	path := r.path
	if len(r.query) > 0 {
		path += "?" + r.query.Encode()
	}
	req, err := c.jira.NewRequestWithContext(withClass(ctx, r.class), r.method, path, r.body)
	if err != nil {
		return answer{}, domain.Errorf(domain.ErrInvalid, "the request %s cannot be built: %v", r.name(), err)
	}
	resp, err := c.jira.Do(req, nil)
	if resp == nil || resp.Response == nil {
		return answer{}, c.broken(ctx, r, err)
	}
	defer func() { _ = resp.Body.Close() }() // it was read as far as it is used
	a := answer{status: resp.StatusCode, header: resp.Header}
	a.date, _ = http.ParseTime(resp.Header.Get("Date"))
	limit := int64(maxBody)
	if a.status > 299 {
		limit = maxErrorBody
	}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case a.status > 299:
		if a.status == http.StatusUnauthorized && c.auth.rejected() {
			return a, &domain.Error{Kind: domain.ErrUnavailable, Code: codeAuthBroken, RetryAt: c.now(), Message: "Jira no longer takes the access token; a fresh one is fetched"}
		}
		return a, c.classify(r, a)
	case err != nil:
		return a, c.cut(ctx, r, err)
	case int64(len(a.body)) > limit:
		return a, c.unreadable(r, "too_large", fmt.Sprintf("is larger than %d MiB", maxBody>>20), nil)
	}
	return a, nil
}

// cut classifies a body that broke off.
func (c *client) cut(ctx context.Context, r request, err error) error {
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return c.unreadable(r, "cut", "broke off", err)
}

// get makes a request and reads its JSON answer into a fresh value.
func (c *client) get(ctx context.Context, r request, into any) (answer, error) {
	a, err := c.send(ctx, r)
	if err != nil {
		return a, err
	}
	if !isJSON(a.header) {
		return a, c.unreadable(r, codeNotJSON, "is a page and not data; a sign-on or a proxy may stand in between", nil)
	}
	if err := decode(a.body, into); err != nil {
		return a, c.unreadable(r, "undecodable", "cannot be read", err)
	}
	return a, nil
}

// write makes a request whose success is 204 without a body, or JSON (T3).
func (c *client) write(ctx context.Context, r request) (answer, error) {
	a, err := c.send(ctx, r)
	empty := a.status == http.StatusNoContent || len(a.body) == 0 && r.bare
	if err == nil && !empty && !isJSON(a.header) {
		return a, c.unreadable(r, codeNotJSON, "is a page and not data; a sign-on or a proxy may stand in between", nil)
	}
	return a, err
}

func isJSON(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

var (
	mailPattern   = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`)
	bearerPattern = regexp.MustCompile(`(?i)\b(basic|bearer)\s+[A-Za-z0-9._~+/=-]+`)
)

// redact shortens a remote text and takes secrets and mail addresses out (T75).
func (c *client) redact(s string) string {
	for _, secret := range c.secrets {
		if len(secret) >= 4 {
			s = strings.ReplaceAll(s, secret, "[secret]")
		}
	}
	s = mailPattern.ReplaceAllString(bearerPattern.ReplaceAllString(s, "$1 [secret]"), "[mail]")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	return s
}

// statusOf returns the HTTP status behind an error, or 0.
func statusOf(err error) (int, refusal) {
	if e, ok := errors.AsType[*remoteError](err); ok {
		return e.status, e.refusal
	}
	return 0, refusal{}
}
