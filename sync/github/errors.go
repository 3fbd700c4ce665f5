package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"

	"github.com/followthrough/followthrough/domain"
)

// operation names a request for messages and says how its failures are read.
type operation struct {
	// what is for people: "read issue acme/platform#12".
	what string
	// creates is true for the one request whose repetition would double something.
	creates bool
	// issue is true when 404, 410 and redirects speak about one issue; else they
	// speak about the repository or the credential.
	issue bool
	// hidden says what 404 means where GitHub hides what may not be seen.
	hidden string
}

// failed explains a request without an answer. A create may have happened
// unless the connection was never made (T19).
func (c *client) failed(ctx context.Context, op operation, err error) error {
	if told, ok := errors.AsType[*domain.Error](err); ok {
		return told // the governor below, or the pin, refused it before it was sent
	}
	if token, ok := errors.AsType[*ghinstallation.HTTPError](err); ok {
		return c.tokenFailed(op, token)
	}
	kind, text := domain.ErrUnavailable, "GitHub could not be reached"
	var dial *net.OpError
	unsent := errors.As(err, &dial) && dial.Op == "dial"
	switch {
	case ctx.Err() != nil:
		text, err = "no answer in time", ctx.Err()
	case !unsent:
		text = "the connection broke before the answer was complete"
	}
	if op.creates && !unsent {
		kind, text = domain.ErrUncertain, text+"; the issue may have been created"
	}
	return &domain.Error{Kind: kind, Message: op.what + ": " + text, Err: c.clean(err)}
}

// tokenFailed explains that the app could not get a token; nothing was sent.
func (c *client) tokenFailed(op operation, e *ghinstallation.HTTPError) error {
	if e.Response == nil {
		return &domain.Error{Kind: domain.ErrUnavailable, Message: op.what + ": GitHub could not be reached for a token", Err: c.clean(e)}
	}
	a := answer{status: e.Response.StatusCode, header: e.Response.Header, at: c.now()}
	a.server, _ = http.ParseTime(a.header.Get("Date"))
	switch {
	case a.limited():
		return c.limit(op, a, remote{})
	case a.status >= 500:
		return &domain.Error{Kind: domain.ErrUnavailable, Message: fmt.Sprintf("%s: GitHub answered %d to the request for a token", op.what, a.status), Err: c.clean(e)}
	case a.status < 400:
		return &domain.Error{Kind: domain.ErrUnavailable, Message: fmt.Sprintf("%s: something answered %d instead of a token; check the tracker's address", op.what, a.status), Err: c.clean(e)}
	}
	return &domain.Error{Kind: domain.ErrUnauthorized, Code: "auth_broken", Err: c.clean(e),
		Message: fmt.Sprintf("%s: GitHub refused the app (%d); check its id, installation, key and this host's clock", op.what, a.status)}
}

// undecodable explains a success that cannot be read.
func (c *client) undecodable(op operation, err error) error {
	kind, text := domain.ErrUnavailable, "GitHub's answer cannot be read"
	if op.creates {
		kind, text = domain.ErrUncertain, text+"; the issue may have been created"
	}
	return &domain.Error{Kind: kind, Code: "bad_answer", Message: op.what + ": " + text, Err: c.clean(err)}
}

// remote is GitHub's error body as far as it is used.
type remote struct {
	Message string `json:"message"`
	Docs    string `json:"documentation_url"`
	Errors  []struct {
		Resource string `json:"resource"`
		Field    string `json:"field"`
		Code     string `json:"code"`
	} `json:"-"`
	Raw []json.RawMessage `json:"errors"`
}

func parseRemote(body []byte) remote {
	var r remote
	if json.Unmarshal(body, &r) != nil {
		return remote{}
	}
	for _, raw := range r.Raw {
		var e struct {
			Resource string `json:"resource"`
			Field    string `json:"field"`
			Code     string `json:"code"`
		}
		if json.Unmarshal(raw, &e) == nil {
			r.Errors = append(r.Errors, e)
		}
	}
	return r
}

// judge turns a status that is not a success into an error. What GitHub wrote
// goes to the log only; the message is ours.
func (c *client) judge(op operation, a answer) error {
	r := parseRemote(a.body)
	e := &domain.Error{Err: c.cause(a, r)}
	say := func(kind domain.Kind, code, format string, args ...any) error {
		e.Kind, e.Code, e.Message = kind, code, op.what+": "+fmt.Sprintf(format, args...)
		return e
	}
	low := strings.ToLower(r.Message)
	switch {
	case a.limitedBy(r):
		return c.limit(op, a, r)
	case a.status >= 300 && a.status < 400:
		if op.issue {
			return say(domain.ErrGone, "moved", "the issue has moved to another place")
		}
		if op.creates { // a redirect did nothing: nothing was created (T2)
			return say(domain.ErrConflict, "repository_moved", "the repository has moved; its new address is read first")
		}
		return say(domain.ErrUnavailable, "repository_moved", "the repository has a new name; its address is read again")
	case a.status == http.StatusUnauthorized:
		return say(domain.ErrUnauthorized, "auth_broken", "GitHub refuses the credential; give a new one")
	case a.status == http.StatusForbidden && a.header.Get("X-GitHub-SSO") != "":
		return say(domain.ErrForbidden, "sso", "the organisation demands single sign-on; authorise the token for it")
	case a.status == http.StatusForbidden && strings.Contains(low, "archived"):
		return say(domain.ErrForbidden, "archived", "the repository is archived; nothing can be written")
	case a.status == http.StatusForbidden && strings.Contains(low, "suspended"):
		return say(domain.ErrUnauthorized, "auth_broken", "the app's installation is suspended")
	case a.status == http.StatusForbidden:
		return say(domain.ErrForbidden, "not_permitted", "the credential may not do this; it needs write access to issues")
	case a.status == http.StatusGone && (!op.issue || strings.Contains(low, "disabled")):
		return say(domain.ErrForbidden, "issues_disabled", "issues are switched off in the repository")
	case a.status == http.StatusNotFound && op.hidden != "":
		return say(domain.ErrForbidden, "not_permitted", "%s", op.hidden)
	case a.status == http.StatusNotFound && !op.issue:
		return say(domain.ErrForbidden, "no_access", "GitHub does not show the repository to this credential")
	case a.status == http.StatusNotFound:
		return say(domain.ErrNotFound, "missing", "GitHub does not show the issue; it was deleted, moved or hidden")
	case a.status == http.StatusGone:
		return say(domain.ErrGone, "deleted", "GitHub says the issue was deleted")
	case a.status == http.StatusUnprocessableEntity && (strings.Contains(low, "pagination") || strings.Contains(low, "page parameter")):
		return say(domain.ErrUnavailable, "deep_page", "GitHub refuses page numbers on a list this long")
	case a.status == http.StatusUnprocessableEntity || a.status == http.StatusBadRequest:
		return c.invalid(op, r, e)
	case a.status >= 500 || a.status == http.StatusRequestTimeout || a.status == http.StatusConflict:
		e.RetryAt = a.retryAfter(0)
		if op.creates && a.status != http.StatusConflict {
			return say(domain.ErrUncertain, "", "GitHub answered %d; the issue may have been created", a.status)
		}
		return say(domain.ErrUnavailable, "", "GitHub answered %d", a.status)
	}
	return say(domain.ErrUnavailable, "", "GitHub answered %d, which is not expected here", a.status)
}

var word = regexp.MustCompile(`^[a-z_]{1,40}$`)

// invalid names the refused fields; field and code are GitHub's own words for
// them, and nothing else of its text is shown.
func (c *client) invalid(op operation, r remote, e *domain.Error) error {
	e.Kind = domain.ErrInvalid
	var names []string
	for _, f := range r.Errors {
		if word.MatchString(f.Field) && word.MatchString(f.Code) {
			e.Fields = append(e.Fields, domain.FieldError{Field: f.Field, Message: "GitHub refused it as " + f.Code})
			names = append(names, f.Field+" ("+f.Code+")")
		}
	}
	e.Message = op.what + ": GitHub refused the values"
	if len(names) > 0 {
		e.Message += ": " + strings.Join(names, ", ")
	}
	return e
}

// refusedField reports whether the error refuses the named member.
func refusedField(err error, field string) bool {
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != domain.ErrInvalid {
		return false
	}
	for _, f := range e.Fields {
		if f.Field == field {
			return true
		}
	}
	return false
}

// secondary is the wait GitHub asks for where it names none.
const secondary = time.Minute

// limited reports what the headers alone say.
func (a answer) limited() bool { return a.limitedBy(remote{}) }

// limitedBy reports whether the answer is a rate limit: primary and secondary
// ones come as 403 or 429 (T20).
func (a answer) limitedBy(r remote) bool {
	if a.status == http.StatusTooManyRequests {
		return true
	}
	if a.status != http.StatusForbidden {
		return false
	}
	low := strings.ToLower(r.Message + " " + r.Docs)
	return a.header.Get(kept+"X-RateLimit-Remaining") == "0" || a.header.Get(kept+"Retry-After") != "" ||
		strings.Contains(low, "rate limit") || strings.Contains(low, "rate-limit") || strings.Contains(low, "abuse")
}

func (c *client) limit(op operation, a answer, r remote) error {
	e := &domain.Error{Kind: domain.ErrLimited, Code: "secondary_limit", Err: c.cause(a, r)}
	e.RetryAt = a.retryAfter(secondary)
	if reset := a.reset(); a.header.Get(kept+"X-RateLimit-Remaining") == "0" && !reset.IsZero() {
		e.Code = "primary_limit"
		if a.header.Get(kept+"Retry-After") == "" || reset.After(e.RetryAt) {
			e.RetryAt = reset
		}
	}
	if least := a.at.Add(time.Second); e.RetryAt.Before(least) {
		e.RetryAt = least
	}
	e.Message = fmt.Sprintf("%s: GitHub limits the requests until %s", op.what, e.RetryAt.UTC().Format(time.TimeOnly))
	return e
}

// retryAfter reads both forms of Retry-After, in seconds and as a date, and
// clamps the wait to one second up to one hour (T22). Without the header it is
// the fallback from now, or zero where the fallback is.
func (a answer) retryAfter(fallback time.Duration) time.Time {
	raw := a.header.Get(kept + "Retry-After")
	if raw == "" && fallback == 0 {
		return time.Time{}
	}
	wait := fallback
	if n, err := strconv.Atoi(raw); err == nil {
		wait = time.Duration(min(max(n, 0), 86_400)) * time.Second
	} else if t, err := http.ParseTime(raw); err == nil {
		wait = a.ours(t).Sub(a.at)
	}
	return a.at.Add(min(max(wait, time.Second), time.Hour))
}

// cause keeps what GitHub wrote for the log: short, and without secrets.
func (c *client) cause(a answer, r remote) error {
	text := r.Message
	if text == "" {
		text = string(a.body)
	}
	return c.clean(fmt.Errorf("GitHub answered %d: %s (request %s)", a.status, clip(text, 300), a.header.Get("X-GitHub-Request-Id")))
}

var (
	tokenPattern = regexp.MustCompile(`gh[a-z]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|(?i:(bearer|token|basic) )[A-Za-z0-9._~+/=-]{8,}`)
	mailPattern  = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`)
)

// cleaned is a cause whose text was redacted; the chain below stays testable.
type cleaned struct {
	text  string
	cause error
}

// Error implements error.
func (e cleaned) Error() string { return e.text }

// Unwrap gives context errors and the like; their own texts carry no secrets.
func (e cleaned) Unwrap() error { return e.cause }

// clean takes secrets, tokens and mail addresses out of an error's text (T75).
func (c *client) clean(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, s := range c.secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "(secret)")
		}
	}
	text = tokenPattern.ReplaceAllString(text, "(token)")
	text = mailPattern.ReplaceAllString(text, "(mail)")
	out := cleaned{text: clip(text, 2048)}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			out.cause = known
		}
	}
	return out
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
