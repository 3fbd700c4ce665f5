package githubsim

import (
	"maps"
	"time"
)

// Request is one line of the request log.
type Request struct {
	At          time.Time
	Method      string
	Route       string // the pattern, such as /repos/{owner}/{repo}/issues
	Path        string
	Query       string
	Status      int
	By          string // the rate limit bucket: a user, an installation, or anonymous
	Conditional bool   // it carried If-None-Match
	Fault       string // the fault injected, if any
}

// logKept is how many requests the log keeps; the counters keep them all.
const logKept = 100_000

func (c *call) logRequest(status int, conditional bool, effect *Effect) {
	q := Request{
		At: c.now, Method: c.method, Path: c.path, Query: c.query.Encode(), Status: status,
		By: c.who.bucket(), Conditional: conditional, Route: "unknown",
	}
	if c.route != nil {
		q.Route = c.route.pattern
	}
	if effect != nil {
		q.Fault = effect.Name
	}
	if len(c.log) >= 2*logKept {
		c.log = append([]Request(nil), c.log[logKept:]...)
	}
	c.log = append(c.log, q)
	c.hits[q.Method+" "+q.Route]++
}

// Requests returns the request log, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.log...)
}

// Count is how often a route was asked, for example
// Count("POST", "/repos/{owner}/{repo}/issues"). An empty method or route
// counts all of them.
func (s *Server) Count(method, pattern string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for i := range s.log {
		q := &s.log[i]
		if (method == "" || q.Method == method) && (pattern == "" || q.Route == pattern) {
			n++
		}
	}
	return n
}

// ResetLog forgets the requests made so far, for budgets of one phase.
func (s *Server) ResetLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
	clear(s.hits)
}

// Hits returns the number of requests per "METHOD route".
func (s *Server) Hits() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copyCounts(s.hits)
}

// Sometimes returns how often each fault was injected (as "fault/NAME") and
// each rare path was taken. A long test asserts that none it relies on is zero.
func (s *Server) Sometimes() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copyCounts(s.sometimes)
}

func copyCounts(m map[string]int) map[string]int {
	out := make(map[string]int, len(m))
	maps.Copy(out, m)
	return out
}
