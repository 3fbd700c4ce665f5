package githubsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// refuse makes an effect that answers without doing the request.
func refuse(name string, f func(*call) *reply) Effect { return Effect{Name: name, before: f} }

// spoil makes an effect that does the request and then changes the answer.
func spoil(name string, f func(*call, *answer)) Effect { return Effect{Name: name, after: f} }

// named gives the two forms of a fault, request done or not, two names.
func named(name string, applied bool) string {
	if applied {
		return name + "_after_commit"
	}
	return name
}

// Redirect answers status with a Location. An empty target stays on the host.
func Redirect(status int, target string) Effect {
	name := "redirect_" + strconv.Itoa(status)
	if target != "" {
		name += "_other_host"
	}
	return refuse(name, func(c *call) *reply {
		if target == "" {
			return c.redirect(status, c.api("/repositories/1/moved"))
		}
		return c.redirect(status, target)
	})
}

// NotModified answers 304 whatever the client has.
func NotModified() Effect {
	return refuse("not_modified", func(*call) *reply { return &reply{status: http.StatusNotModified} })
}

// Unauthorized answers 401 as if the credential had been revoked.
func Unauthorized() Effect {
	return refuse("unauthorized", func(c *call) *reply { return c.fail(http.StatusUnauthorized, "Bad credentials", "") })
}

// PrimaryLimit answers 403 or 429 with no requests remaining until reset.
func PrimaryLimit(status int, reset time.Duration) Effect {
	e := refuse("primary_limit_"+strconv.Itoa(status), func(c *call) *reply {
		old := c.opts.Limits.Status
		defer func() { c.opts.Limits.Status = old }()
		c.opts.Limits.Status = status
		return c.primary(nil)
	})
	e.after = func(c *call, a *answer) {
		a.header.Set("X-RateLimit-Remaining", "0")
		a.header.Set("X-RateLimit-Reset", strconv.FormatInt(c.now.Add(reset).Unix(), 10))
	}
	return e
}

// SecondaryLimit answers 403 or 429 with the text of a secondary limit and the
// given Retry-After, which is left out if empty.
func SecondaryLimit(status int, retryAfter string) Effect {
	name := fmt.Sprintf("secondary_limit_%d", status)
	if retryAfter == "" {
		name += "_bare"
	}
	return refuse(name, func(c *call) *reply {
		r := c.fail(status, secondaryMessage, "overview/rate-limits-for-the-rest-api#about-secondary-rate-limits")
		if retryAfter != "" {
			r.set("Retry-After", retryAfter)
		}
		return r
	})
}

// SecondaryLimitUntil is SecondaryLimit with Retry-After as an HTTP date, d
// from the server's now.
func SecondaryLimitUntil(status int, d time.Duration) Effect {
	return refuse(fmt.Sprintf("secondary_limit_%d_date", status), func(c *call) *reply {
		r := c.fail(status, secondaryMessage, "overview/rate-limits-for-the-rest-api#about-secondary-rate-limits")
		return r.set("Retry-After", c.now.Add(d).UTC().Format(http.TimeFormat))
	})
}

// SSO answers 403 as an organisation that demands single sign-on does.
func SSO() Effect {
	return refuse("sso", func(c *call) *reply {
		r := c.fail(http.StatusForbidden, "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.", "")
		return r.set("X-GitHub-SSO", "required; url="+c.html("/orgs/example/sso?authorization_request=simulated"))
	})
}

// ArchivedRepository answers 403 as an archived repository does.
func ArchivedRepository() Effect { return refuse("archived", (*call).archived) }

// NotFound answers 404: deleted, hidden, or asked with the wrong scope.
func NotFound() Effect { return refuse("not_found", (*call).notFound) }

// Conflict answers 409.
func Conflict() Effect {
	return refuse("conflict", func(c *call) *reply { return c.fail(http.StatusConflict, "Conflict", "") })
}

// Deleted answers 410 as a deleted issue does.
func Deleted() Effect {
	return refuse("deleted", func(c *call) *reply { return c.fail(http.StatusGone, "This issue was deleted", "issues/issues") })
}

// IssuesDisabled answers 410 as a repository without issues does.
func IssuesDisabled() Effect { return refuse("issues_disabled", (*call).issuesDisabled) }

// DeepPage answers 422 as GitHub does to page numbers on large lists.
func DeepPage() Effect { return refuse("deep_page", (*call).deepPage) }

// Invalid answers 422 with one field error.
func Invalid(field, code, message string) Effect {
	return refuse("invalid_"+field, func(c *call) *reply {
		return c.invalid("issues/issues", fieldProblem{Resource: "Issue", Field: field, Code: code, Message: message})
	})
}

// ServerError answers 500, 502 or 503, with the request done or not.
func ServerError(status int, applied bool) Effect {
	name := named("server_error_"+strconv.Itoa(status), applied)
	page := func() ([]byte, string) {
		if status == http.StatusBadGateway || status == http.StatusGatewayTimeout {
			return []byte("<html><body><h1>" + http.StatusText(status) + "</h1></body></html>"), "text/html"
		}
		return encode(map[string]string{"message": "Server Error", "documentation_url": docs}), "application/json; charset=utf-8"
	}
	set := func(_ *call, a *answer) {
		var kind string
		a.status = status
		a.body, kind = page()
		a.header = http.Header{"Date": a.header["Date"], "X-Github-Request-Id": a.header["X-Github-Request-Id"]}
		a.header.Set("Content-Type", kind)
	}
	e := spoil(name, set)
	if !applied {
		e.before = func(*call) *reply { return &reply{status: status} }
	}
	return e
}

// Reset breaks the connection, with the request done or not.
func Reset(applied bool) Effect {
	return Broken(named("reset", applied), &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}, applied)
}

// Broken fails the round trip with err, for example a TLS error.
func Broken(name string, err error, applied bool) Effect {
	e := Effect{Name: name, fails: err}
	if !applied {
		e.before = func(*call) *reply { return &reply{status: http.StatusServiceUnavailable} }
	}
	return e
}

// Slow answers after d; with applied, the request takes effect at once, so a
// client that times out has still changed something.
func Slow(d time.Duration, applied bool) Effect {
	e := Effect{Name: named("slow", applied), delay: d}
	if !applied {
		e.before = func(c *call) *reply { return c.fail(http.StatusServiceUnavailable, "Server Error", "") }
	}
	return e
}

// EmptyBody does the request and answers its status with no body.
func EmptyBody() Effect {
	return spoil("empty_body", func(_ *call, a *answer) { a.body = nil })
}

// Truncated does the request and answers only the first n bytes, as a complete
// HTTP message.
func Truncated(n int) Effect {
	return spoil("truncated", func(_ *call, a *answer) { a.body = a.body[:min(n, len(a.body))] })
}

// CutOff does the request and breaks the connection after n bytes of body.
func CutOff(n int) Effect { return Effect{Name: "cut_off", cutAt: n} }

// HTML does the request and answers its status with a page for people.
func HTML() Effect {
	return spoil("html", func(_ *call, a *answer) {
		a.body = []byte("<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>")
		a.header.Set("Content-Type", "text/html; charset=utf-8")
	})
}

// WrongType does the request and gives the member of the answer, or of each
// row of it, a type it never has.
func WrongType(member string) Effect {
	return spoil("wrong_type_"+member, func(_ *call, a *answer) {
		var v any
		if json.Unmarshal(a.body, &v) != nil {
			return
		}
		rows, many := v.([]any)
		if !many {
			rows = []any{v}
		}
		for _, row := range rows {
			if m, isObject := row.(map[string]any); isObject {
				m[member] = map[string]any{"unexpected": []any{true}}
			}
		}
		a.body = encode(v)
	})
}

// Huge does the request and pads the body to n bytes.
func Huge(n int) Effect {
	return spoil("huge", func(_ *call, a *answer) {
		if pad := n - len(a.body); pad > 0 {
			a.body = append(a.body, bytes.Repeat([]byte(" "), pad)...)
		}
	})
}

// Drip answers the body in small pieces with a pause before each.
func Drip(every time.Duration) Effect { return Effect{Name: "drip", drip: every} }

// StaleCommits answers a read from the state k changes ago.
func StaleCommits(k int) Effect { return Effect{Name: "stale_commits", staleCommits: int64(k)} }

// StaleFor answers a read from the state d ago.
func StaleFor(d time.Duration) Effect { return Effect{Name: "stale_time", staleFor: d} }

// ClockOffset answers with the Date header d off. SetClockOffset moves the
// whole server's clock.
func ClockOffset(d time.Duration) Effect { return Effect{Name: "clock_offset", clock: d} }

// SilentDrop does the request as without push access: labels, assignees,
// milestone, type and fields are dropped and the answer is still 2xx.
func SilentDrop() Effect { return Effect{Name: "silent_drop", dropMembers: true} }

// Menu returns one effect of every kind, with ordinary values, for simulations
// that draw their faults at random. Effects that only make sense for reads or
// only for writes are harmless to the others.
func Menu() []Effect {
	return []Effect{
		Redirect(301, ""), Redirect(302, "https://elsewhere.example/"), Redirect(307, ""), Unauthorized(),
		PrimaryLimit(403, time.Minute), PrimaryLimit(429, time.Minute), SecondaryLimit(403, "60"), SecondaryLimit(403, ""),
		SecondaryLimit(429, "60"), SecondaryLimitUntil(429, time.Minute), SSO(), ArchivedRepository(), NotFound(),
		Conflict(), Deleted(), IssuesDisabled(), DeepPage(), Invalid("title", "custom", "title is too long (maximum is 256 characters)"),
		ServerError(500, false), ServerError(500, true), ServerError(502, false), ServerError(502, true),
		ServerError(503, false), ServerError(503, true), Reset(false), Reset(true), Slow(2*time.Minute, false),
		Slow(2*time.Minute, true), EmptyBody(), Truncated(100), CutOff(100), HTML(), WrongType("number"),
		WrongType("updated_at"), Huge(32 << 20), Drip(time.Second), StaleCommits(3), StaleFor(8 * time.Minute),
		ClockOffset(5 * time.Minute), ClockOffset(-5 * time.Minute), SilentDrop(), NotModified(),
	}
}
