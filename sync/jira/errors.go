package jira

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Codes of errors whose kind alone does not say enough.
const (
	codeAuthBroken = "auth_broken"
	codeCaptcha    = "captcha"
	codeScope      = "scope"
	codeRedirected = "redirected"
	codeNotJSON    = "not_json"
	codeAccessLost = "access_lost"
	codeRemoved    = "api_removed"
	codeMovedOut   = "moved_out"
	codeIncomplete = "index_incomplete"
	// The scopes of a rate limit (T29).
	codeLimitQuota = "quota"
	codeLimitBurst = "burst"
	codeLimitIssue = "issue"
)

// refusal is Jira's own account of what was wrong, by field where it says so.
type refusal struct {
	Messages []string
	Fields   map[string]string
	// Known is true when the body was one of Jira's error forms.
	Known bool
}

// readRefusal reads every known error form and is content with none.
func readRefusal(body []byte) refusal {
	var raw struct {
		ErrorMessages []any          `json:"errorMessages"`
		Errors        map[string]any `json:"errors"`
		Message       any            `json:"message"`
		Warnings      []any          `json:"warningMessages"`
	}
	r := refusal{Fields: map[string]string{}}
	if json.Unmarshal(body, &raw) != nil {
		return r
	}
	for _, m := range raw.ErrorMessages {
		r.Messages = append(r.Messages, fmt.Sprint(m))
	}
	if text, ok := raw.Message.(string); ok {
		r.Messages = append(r.Messages, text)
	}
	for field, m := range raw.Errors {
		r.Fields[field] = fmt.Sprint(m)
	}
	r.Known = raw.ErrorMessages != nil || raw.Errors != nil || raw.Message != nil
	return r
}

// text joins the refusal to one line for people.
func (r refusal) text() string {
	parts := slices.Clone(r.Messages)
	for _, field := range slices.Sorted(maps.Keys(r.Fields)) {
		parts = append(parts, field+": "+r.Fields[field])
	}
	return strings.Join(parts, "; ")
}

func (r refusal) mentions(words ...string) bool {
	text := strings.ToLower(r.text())
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// remoteError is a classified answer with what the caller may still act on.
type remoteError struct {
	cause   *domain.Error
	refusal refusal
	status  int
}

// Error implements error.
func (e *remoteError) Error() string { return e.cause.Error() }

// Unwrap gives the domain error to errors.As.
func (e *remoteError) Unwrap() error { return e.cause }

// unsent is an error of our own that kept a request from leaving.
type unsent struct{ cause error }

// Error implements error.
func (u unsent) Error() string { return u.cause.Error() }

// Unwrap gives the domain error to errors.As.
func (u unsent) Unwrap() error { return u.cause }

// classify turns an answer that is no success into an error that says what to do.
func (c *client) classify(r request, a answer) error {
	refused := readRefusal(a.body)
	e := &domain.Error{Message: c.describe(r, a, refused)}
	switch s := a.status; {
	case s >= 300 && s < 400:
		e.Kind, e.Code = domain.ErrForbidden, codeRedirected
		if r.class == domain.CallRead || r.class == domain.CallProbe {
			e.Kind = domain.ErrUnavailable
		}
		e.Message = fmt.Sprintf("Jira answered %s with a redirect; check the base URL (https, final address) and that no sign-on page stands in between", r.name())
	case s == http.StatusUnauthorized:
		e.Kind, e.Code = domain.ErrUnauthorized, codeAuthBroken
		if refused.mentions("scope does not match") {
			e.Kind, e.Code = domain.ErrForbidden, codeScope
		}
	case s == http.StatusForbidden:
		e.Kind = domain.ErrForbidden
		if strings.Contains(a.header.Get("X-Authentication-Denied-Reason"), "CAPTCHA") || a.header.Get("X-Seraph-LoginReason") == "AUTHENTICATION_DENIED" {
			e.Kind, e.Code = domain.ErrUnauthorized, codeCaptcha
		}
	case s == http.StatusNotFound:
		e.Kind = domain.ErrNotFound
	case s == http.StatusConflict:
		e.Kind, e.RetryAt = domain.ErrUnavailable, c.now().Add(2*time.Second)
		if r.class == domain.CallCreate {
			e.Kind = domain.ErrConflict
		}
	case s == http.StatusGone:
		e.Kind, e.Code = domain.ErrForbidden, codeRemoved
	case s == http.StatusTooManyRequests:
		e.Kind, e.Code = domain.ErrLimited, limitScope(a.header)
		e.RetryAt = c.limitEnd(a)
	case s == http.StatusBadRequest, s == http.StatusRequestEntityTooLarge, s == http.StatusUnprocessableEntity, s == http.StatusMethodNotAllowed, s == http.StatusUnsupportedMediaType:
		e.Kind = domain.ErrInvalid
		if r.class == domain.CallCreate && !refused.Known {
			e.Kind = domain.ErrUncertain // not Jira's own refusal
		}
		if r.search && refused.mentions("does not exist for the field", "does not exist or you do not have permission", "does not exist or is not visible") {
			e.Kind, e.Code = domain.ErrForbidden, codeAccessLost
		}
	default:
		e.Kind, e.RetryAt = domain.ErrUnavailable, c.retryAfter(a)
		if r.class == domain.CallCreate {
			e.Kind = domain.ErrUncertain
		}
	}
	return &remoteError{cause: e, refusal: refused, status: a.status}
}

// describe names what was asked and what Jira said, short and without secrets.
// A page instead of data is never echoed.
func (c *client) describe(r request, a answer, refused refusal) string {
	said := c.redact(refused.text())
	if said == "" {
		said = "no reason given"
	}
	return fmt.Sprintf("Jira refused %s with %d: %s", r.name(), a.status, said)
}

func limitScope(h http.Header) string {
	reason := strings.ToLower(h.Get("RateLimit-Reason"))
	switch {
	case strings.Contains(reason, "per-issue"):
		return codeLimitIssue
	case strings.Contains(reason, "burst"):
		return codeLimitBurst
	case strings.Contains(reason, "quota"):
		return codeLimitQuota
	}
	return ""
}

// limitEnd is when a limited request may be repeated: as told, else when the
// bucket refills, else in a minute.
func (c *client) limitEnd(a answer) time.Time {
	if at := c.retryAfter(a); !at.IsZero() {
		return at
	}
	if reset, err := time.Parse(time.RFC3339, a.header.Get("X-RateLimit-Reset")); err == nil && !a.date.IsZero() {
		return c.now().Add(clamp(reset.Sub(a.date)))
	}
	if n, err := strconv.Atoi(a.header.Get("X-RateLimit-Interval-Seconds")); err == nil {
		return c.now().Add(clamp(time.Duration(n) * time.Second))
	}
	return c.now().Add(time.Minute)
}

// retryAfter reads both forms of Retry-After; zero when there is none. A date
// is compared with the tracker's own clock.
func (c *client) retryAfter(a answer) time.Time {
	text := strings.TrimSpace(a.header.Get("Retry-After"))
	if text == "" {
		return time.Time{}
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && n >= 0 && n < 1e7 {
		return c.now().Add(clamp(time.Duration(n * float64(time.Second))))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	from := a.date
	if from.IsZero() {
		from = c.now()
	}
	return c.now().Add(clamp(at.Sub(from)))
}

func clamp(d time.Duration) time.Duration { return min(max(d, time.Second), time.Hour) }

// broken classifies a request that got no answer. A create may have happened
// unless it certainly never left.
func (c *client) broken(ctx context.Context, r request, err error) error {
	if held, ok := errors.AsType[unsent](err); ok {
		return held.cause
	}
	var known *domain.Error
	if errors.As(err, &known) && (r.class != domain.CallCreate || known.Kind == domain.ErrLimited) {
		return err
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	e := &domain.Error{Kind: domain.ErrUnavailable, Message: fmt.Sprintf("Jira did not answer %s", r.name()), Err: err}
	var op *net.OpError
	if dialled := errors.As(err, &op) && op.Op == "dial"; r.class == domain.CallCreate && !dialled {
		e.Kind = domain.ErrUncertain
	}
	return e
}

// unreadable classifies a success that cannot be read: after a create nobody
// knows, everywhere else it may be asked for again.
func (c *client) unreadable(r request, code, what string, cause error) error {
	e := &domain.Error{Kind: domain.ErrUnavailable, Code: code, Message: fmt.Sprintf("Jira's answer to %s %s", r.name(), what), Err: cause}
	if r.class == domain.CallCreate {
		e.Kind = domain.ErrUncertain
	}
	return &remoteError{cause: e, status: http.StatusOK}
}

// decode reads one JSON value strictly to its end; numbers keep their digits.
func decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("there is more after the end")
	}
	return nil
}
