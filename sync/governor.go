package sync

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// LimitStore keeps the limits of a credential; the change runs under a lock.
type LimitStore interface {
	UpdateLimits(ctx context.Context, credential string, change func(*domain.Limits)) error
}

// Governor is the one transport below an adapter's library. It paces writes,
// keeps the budgets, obeys every pause a tracker asks for and bounds time and
// size of each request. It retries nothing.
type Governor struct {
	Next http.RoundTripper
	// Credential names the budget: requests with the same credential share it.
	Credential string
	Kind       domain.TrackerKind
	Classify   func(*http.Request) domain.Call
	Limits     LimitStore
	Now        func() time.Time
	// Spacing is the time between two writes of the credential.
	Spacing time.Duration
	// Jitter draws the extra wait after a pause, below the given bound; nil is at random.
	Jitter func(most time.Duration) time.Duration
}

// The bounds of one request (T12, D-7).
const (
	requestTimeout = 30 * time.Second
	maxBody        = 10 << 20
	// longestPacing is how long a request waits in line; beyond that the caller
	// is told when to come back.
	longestPacing = 5 * time.Second
	// reserved is the share of the hourly budget kept for people.
	reserved = domain.Reserved
)

type personKey struct{}

// ForPerson marks a context as acting for a person who waits: it may use the
// reserved share of the budget.
func ForPerson(ctx context.Context) context.Context {
	return context.WithValue(ctx, personKey{}, true)
}

// RoundTrip implements http.RoundTripper.
func (g *Governor) RoundTrip(req *http.Request) (*http.Response, error) {
	call := g.Classify(req)
	if err := g.acquire(req.Context(), call); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(req.Context(), requestTimeout)
	resp, err := g.Next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxBody, cancel: cancel}
	return resp, g.learn(context.WithoutCancel(req.Context()), call, resp)
}

// acquire waits in line for a write slot, or says when to come back.
func (g *Governor) acquire(ctx context.Context, call domain.Call) error {
	now := g.Now()
	var wait time.Duration
	var refused error
	err := g.Limits.UpdateLimits(ctx, g.Credential, func(l *domain.Limits) {
		wait, refused = g.reserve(ctx, l, call, now)
	})
	if err != nil || refused != nil {
		return firstOf(refused, err)
	}
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *Governor) reserve(ctx context.Context, l *domain.Limits, call domain.Call, now time.Time) (time.Duration, error) {
	l.Prune(now)
	if until, why := l.Blocked(call, now); !until.IsZero() {
		return 0, limited(until, why)
	}
	q := l.Quota
	if ctx.Value(personKey{}) == nil && q.Limit > 0 && q.ResetAt.After(now) && float64(q.Remaining) < reserved*float64(q.Limit) {
		return 0, limited(q.ResetAt, "the rest of this hour's requests is kept for people")
	}
	if call.Class == domain.CallRead || call.Class == domain.CallProbe {
		return 0, nil
	}
	start := now
	if l.NextWrite.After(start) {
		start = l.NextWrite
	}
	if call.Class == domain.CallCreate && g.Kind == domain.GitHub {
		if at := l.CreateAt(now); at.After(start) {
			start = at
		}
	}
	if start.Sub(now) > longestPacing {
		return 0, limited(start, "writes wait in line")
	}
	l.NextWrite = start.Add(g.Spacing)
	if call.Class == domain.CallCreate {
		l.Creates = append(l.Creates, start)
	}
	return start.Sub(now), nil
}

func limited(until time.Time, why string) error {
	e := domain.Errorf(domain.ErrLimited, "%s; next try at %s", why, until.UTC().Format(time.RFC3339))
	e.RetryAt = until
	return e
}

// learn records what an answer says about limits and makes it readable for the
// library above, whose own limit logic is wrong in several ways (T20 to T23).
func (g *Governor) learn(ctx context.Context, call domain.Call, resp *http.Response) error {
	now := g.Now()
	verdict := g.judge(resp, now)
	if g.Kind == domain.GitHub {
		if verdict.limited && resp.Header.Get("Retry-After") == "" && !verdict.exhausted {
			resp.Header.Set("Retry-After", "60")
		}
		if r := resp.Header.Get("X-RateLimit-Resource"); r != "" && r != "core" {
			for _, h := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Used", "X-RateLimit-Reset"} {
				resp.Header.Del(h)
			}
		}
	}
	if !verdict.limited && verdict.quota == nil {
		return nil
	}
	return g.Limits.UpdateLimits(ctx, g.Credential, func(l *domain.Limits) { g.note(l, call, verdict, now) })
}

// verdict is what one answer says about limits.
type verdict struct {
	limited   bool
	exhausted bool // the primary budget is used up
	retry     time.Duration
	resetAt   time.Time
	scope     string // credential, resource, issue
	resource  string
	reason    string
	quota     *domain.Quota
}

func (g *Governor) note(l *domain.Limits, call domain.Call, v verdict, now time.Time) {
	if v.quota != nil {
		l.Quota = *v.quota
	}
	if !v.limited {
		l.Strikes = 0
		return
	}
	until := now.Add(v.retry)
	if v.resetAt.After(until) {
		until = v.resetAt
	}
	if v.retry == 0 && v.resetAt.IsZero() {
		until = now.Add(time.Minute << min(l.Strikes, 6))
	}
	l.Strikes++
	// Jitter after the told moment, never before it: replicas must not return at once.
	until = until.Add(g.jitter(2 * time.Second))
	switch v.scope {
	case "issue":
		if l.Issues == nil {
			l.Issues = map[string]time.Time{}
		}
		l.Issues[call.Issue] = until
	case "resource":
		if l.Resources == nil {
			l.Resources = map[string]time.Time{}
		}
		l.Resources[firstText(v.resource, call.Resource)] = until
	default:
		l.PauseUntil, l.PauseReason = until, v.reason
	}
}

func (g *Governor) jitter(most time.Duration) time.Duration {
	if g.Jitter != nil {
		return g.Jitter(most)
	}
	return time.Duration(rand.Int64N(int64(most)))
}

func firstText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (g *Governor) judge(resp *http.Response, now time.Time) verdict {
	if g.Kind == domain.Jira {
		return judgeJira(resp, now)
	}
	return judgeGitHub(resp, now)
}

// judgeGitHub knows primary and secondary limits with 403 or 429, with and
// without Retry-After.
func judgeGitHub(resp *http.Response, now time.Time) verdict {
	v := verdict{quota: quotaOf(resp.Header)}
	resource := resp.Header.Get("X-RateLimit-Resource")
	if resource != "" && resource != "core" {
		v.quota = nil
	}
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusTooManyRequests {
		return v
	}
	retry, told := RetryAfter(resp.Header, now)
	remaining := resp.Header.Get("X-RateLimit-Remaining")
	switch {
	case told:
		v.limited, v.retry, v.reason = true, retry, "GitHub asked to slow down"
	case remaining == "0":
		v.limited, v.exhausted, v.reason = true, true, "this hour's requests are used up"
		v.scope, v.resource = "credential", resource
		if resource != "" && resource != "core" {
			v.scope = "resource"
		}
		if q := quotaOf(resp.Header); q != nil {
			v.resetAt = q.ResetAt
		}
	case resp.StatusCode == http.StatusTooManyRequests, secondary(resp):
		v.limited, v.reason = true, "GitHub's secondary limit was met"
	}
	return v
}

// secondary reads the start of a 403's body to tell a secondary limit from a
// missing permission, and puts it back.
func secondary(resp *http.Response) bool {
	head, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return false
	}
	rest := resp.Body
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), rest}
	text := strings.ToLower(string(head))
	return strings.Contains(text, "secondary rate limit") || strings.Contains(text, "abuse detection")
}

func judgeJira(resp *http.Response, now time.Time) verdict {
	v := verdict{quota: quotaOf(resp.Header)}
	retry, told := RetryAfter(resp.Header, now)
	if resp.StatusCode != http.StatusTooManyRequests && (!told || resp.StatusCode < 500) {
		return v
	}
	v.limited, v.retry = true, max(retry, time.Second)
	if !told {
		v.retry = 0
	}
	reason := strings.ToLower(resp.Header.Get("RateLimit-Reason"))
	switch {
	case strings.Contains(reason, "issue"):
		v.scope, v.reason = "issue", "Jira's limit of writes to one issue was met"
	case strings.Contains(reason, "burst"):
		v.scope, v.reason = "resource", "Jira's burst limit was met"
	default:
		v.reason = "Jira asked to slow down"
	}
	if resp.StatusCode >= 500 {
		v.scope = "resource"
	}
	return v
}

// RetryAfter reads the header in both of its forms, bounded to an hour.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := h.Get("Retry-After")
	if text == "" {
		return 0, false
	}
	var wait time.Duration
	if seconds, err := strconv.Atoi(text); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(serverNow(h, now))
	} else {
		return 0, false
	}
	return min(max(wait, time.Second), time.Hour), true
}

// serverNow prefers the tracker's own clock: its times are compared with it only (T49).
func serverNow(h http.Header, now time.Time) time.Time {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		return at
	}
	return now
}

func quotaOf(h http.Header) *domain.Quota {
	limit, err := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	remaining, err2 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	if err != nil || err2 != nil {
		return nil // missing headers mean our own pace, not unlimited (T25)
	}
	q := &domain.Quota{Limit: limit, Remaining: remaining}
	if reset, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
		q.ResetAt = time.Unix(reset, 0)
	}
	return q
}

// boundedBody ends an answer that is too large and the request's time with it.
type boundedBody struct {
	io.ReadCloser
	left   int64
	cancel context.CancelFunc
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, domain.Errorf(domain.ErrUnavailable, "the tracker's answer is larger than %d MiB", maxBody>>20)
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}

func (b *boundedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
