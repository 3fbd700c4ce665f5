package jirasim

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// Rule says which requests a fault strikes.
type Rule struct {
	// Method is the HTTP method; empty means any.
	Method string
	// Path is a path.Match pattern for the path below the site, such as
	// /rest/api/*/issue/*/transitions. Empty means any. A pattern that ends in
	// /** matches everything below.
	Path string
	// From is the first matching request that is struck, counted from 1; zero
	// means 1.
	From int
	// Times is how many requests are struck; zero means 1, negative means all.
	Times int
	// Chance strikes each request only with this probability; zero means
	// always. It is drawn from the server's seed.
	Chance float64
	// Do is what happens.
	Do Effect
}

// Effect is what a fault does to one exchange. The functions that return
// effects cover the usual ones.
type Effect struct {
	// Name is counted and logged.
	Name string

	// Status, Header and Body answer instead of the simulator.
	Status int
	Header http.Header
	Body   string
	// Commit lets the request have its effect before Status or Reset.
	Commit bool
	// Reset breaks the connection.
	Reset bool
	// Delay is a wait after the request had its effect.
	Delay time.Duration
	// Late is a wait before the request has its effect, which it has even if
	// the client has given up.
	Late time.Duration
	// CutAt breaks the body off after so many bytes.
	CutAt int
	// Rewrite changes the body of the answer.
	Rewrite func([]byte) []byte

	// Stale lets reads of issues see the state so many changes ago.
	Stale int
	// Lag lets a search see the index as it was so long ago.
	Lag time.Duration
	// EmptyIndex lets a search find nothing.
	EmptyIndex bool
	// HalfIndex lets a search find every other issue, as during a re-index.
	HalfIndex bool
	// RepeatToken answers with the paging token that was asked with.
	RepeatToken bool
	// EmptyPage answers with no rows but with a paging token.
	EmptyPage bool
	// NoIsLast leaves isLast out.
	NoIsLast bool
	// ZeroMaxResults echoes maxResults as 0.
	ZeroMaxResults bool
	// Clock shifts the clock of this answer: Date header and serverTime.
	Clock time.Duration
}

func (e *Effect) replaces() bool { return e.Status != 0 || e.Reset }

func (e *Effect) reply() *reply {
	r := &reply{status: e.Status, header: http.Header{}}
	if e.Body != "" {
		r.raw = []byte(e.Body)
	}
	maps.Copy(r.header, e.Header)
	return r
}

type rule struct {
	Rule
	seen, struck int
}

// Fault arms a rule. Rules are tried in the order they were armed; the first
// that strikes wins.
func (s *Server) Fault(r Rule) {
	if r.Do.Name == "" {
		r.Do.Name = "unnamed"
	}
	if r.Times == 0 {
		r.Times = 1
	}
	if _, err := path.Match(r.Path, "/"); err != nil {
		panic(fmt.Sprintf("jirasim: fault path %q: %v", r.Path, err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, &rule{Rule: r})
}

// ClearFaults disarms all rules.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

func (s *Server) fault(method string, u *url.URL) *Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rules) == 0 {
		return nil
	}
	p := s.below(u)
	for _, r := range s.rules {
		if r.Method != "" && r.Method != method || !r.fits(p) {
			continue
		}
		r.seen++
		if r.seen < r.From || r.Times >= 0 && r.struck >= r.Times {
			continue
		}
		if r.Chance > 0 && s.rand.Float64() >= r.Chance {
			continue
		}
		r.struck++
		e := r.Do
		return &e
	}
	return nil
}

func (r *rule) fits(p string) bool {
	if r.Path == "" {
		return true
	}
	if prefix, ok := strings.CutSuffix(r.Path, "/**"); ok {
		n := strings.Count(prefix, "/") + 1
		parts := strings.SplitN(p, "/", n+1)
		if len(parts) < n {
			return false
		}
		p = strings.Join(parts[:n], "/")
		m, _ := path.Match(prefix, p)
		return m
	}
	m, _ := path.Match(r.Path, p)
	return m
}

func htmlPage(title string) string {
	return "<!doctype html><html lang=\"en\"><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>"
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json;charset=UTF-8"}} }

func htmlHeader() http.Header { return http.Header{"Content-Type": {"text/html;charset=UTF-8"}} }

func messages(m string) string {
	return string(encode(problem{ErrorMessages: []string{m}, Errors: map[string]string{}}))
}

// Fail answers with a status and a Jira error body; the request has no effect.
func Fail(status int, message string) Effect {
	return Effect{Name: strconv.Itoa(status), Status: status, Header: jsonHeader(), Body: messages(message)}
}

// Redirect answers with a redirect, for example 302 to a login page; the
// request has no effect.
func Redirect(status int, location string) Effect {
	return Effect{Name: "redirect_" + strconv.Itoa(status), Status: status, Header: http.Header{"Location": {location}}}
}

// ServerError answers with a 5xx page. If commit is set the request has its
// effect all the same.
func ServerError(status int, commit bool) Effect {
	e := Effect{Name: strconv.Itoa(status), Status: status, Header: htmlHeader(), Body: htmlPage(http.StatusText(status)), Commit: commit}
	if commit {
		e.Name += "_committed"
	}
	return e
}

// Reset breaks the connection, after the effect if commit is set.
func Reset(commit bool) Effect {
	if commit {
		return Effect{Name: "reset_committed", Reset: true, Commit: true}
	}
	return Effect{Name: "reset", Reset: true}
}

// SlowAnswer lets the request have its effect and then answers after d.
func SlowAnswer(d time.Duration) Effect { return Effect{Name: "slow_answer", Delay: d} }

// LateCommit lets the request have its effect only after d, whether or not
// the client is still there.
func LateCommit(d time.Duration) Effect { return Effect{Name: "late_commit", Late: d} }

// Truncated breaks the body of an otherwise good answer off after n bytes.
func Truncated(n int) Effect { return Effect{Name: "truncated", CutAt: n} }

// EmptyBody answers as usual but with an empty body.
func EmptyBody() Effect {
	return Effect{Name: "empty_body", Rewrite: func([]byte) []byte { return nil }}
}

// HTMLBody answers 200 with a login page instead of JSON. If commit is set the
// request has its effect all the same.
func HTMLBody(commit bool) Effect {
	return Effect{Name: "html_200", Status: http.StatusOK, Header: htmlHeader(), Body: htmlPage("Log in - Jira"), Commit: commit}
}

// StaleRead shows issues as they were k changes (of any issue) ago.
func StaleRead(k int) Effect { return Effect{Name: "stale_read", Stale: k} }

// IndexLag shows the search index as it was d ago.
func IndexLag(d time.Duration) Effect { return Effect{Name: "index_lag", Lag: d} }

// EmptyIndex lets searches find nothing.
func EmptyIndex() Effect { return Effect{Name: "empty_index", EmptyIndex: true} }

// HalfIndex lets searches find every other issue.
func HalfIndex() Effect { return Effect{Name: "half_index", HalfIndex: true} }

// RepeatToken answers a search with the token it was asked with.
func RepeatToken() Effect { return Effect{Name: "repeat_token", RepeatToken: true} }

// EmptyPage answers a search with no rows but a token for more.
func EmptyPage() Effect { return Effect{Name: "empty_page", EmptyPage: true} }

// NoIsLast leaves isLast out of a search answer.
func NoIsLast() Effect { return Effect{Name: "no_is_last", NoIsLast: true} }

// ClockOffset shifts the clock an answer shows.
func ClockOffset(d time.Duration) Effect { return Effect{Name: "clock_offset", Clock: d} }

// TooManyRequests answers 429 as Cloud does, with the RateLimit-Reason given
// and, unless it is zero, Retry-After.
func TooManyRequests(reason string, retryAfter time.Duration) Effect {
	h := jsonHeader()
	if reason != "" {
		h.Set("RateLimit-Reason", reason)
	}
	if retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	}
	return Effect{Name: "429_" + reason, Status: http.StatusTooManyRequests, Header: h, Body: messages("Rate limit exceeded.")}
}

// TooManyRequestsDC answers 429 as Data Center does, with an HTML body and a
// retry-after that may be 0.
func TooManyRequestsDC(retryAfter time.Duration) Effect {
	h := htmlHeader()
	h.Set("X-RateLimit-Limit", "5")
	h.Set("X-RateLimit-Remaining", "0")
	h.Set("X-RateLimit-FillRate", "5")
	h.Set("X-RateLimit-Interval-Seconds", "1")
	h.Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	return Effect{Name: "429_dc", Status: http.StatusTooManyRequests, Header: h, Body: tomcat429}
}

const tomcat429 = `<!doctype html><html lang="en"><head><title>HTTP Status 429 – Too Many Requests</title></head>` +
	`<body><h1>HTTP Status 429 – Too Many Requests</h1></body></html>`
