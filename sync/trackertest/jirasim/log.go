package jirasim

import (
	"maps"
	"time"
)

// Request is one line of the request log.
type Request struct {
	At     time.Time
	Method string
	Route  string // the pattern, such as /issue/{issue}, without /rest/api/2
	Path   string
	Query  string
	Status int    // 0 if the connection was reset
	By     string // account id or user name, empty if anonymous
	Fault  string // the fault injected, if any
}

// logKept is how many requests the log keeps at least.
const logKept = 100_000

func (c *call) logRequest(status int, e *Effect) {
	q := Request{At: c.now, Method: c.method, Route: "unknown", Path: c.path, Query: c.query.Encode(), Status: status}
	if c.route != nil {
		q.Route = c.route.pattern
	}
	if c.who != nil {
		q.By = c.userID(c.who)
	}
	if e != nil {
		q.Fault = e.Name
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

// Count is how often a route was asked and answered with status, for example
// Count("POST", "/issue", 201). An empty method or route and status 0 match
// everything.
func (s *Server) Count(method, pattern string, status int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for i := range s.log {
		q := &s.log[i]
		if (method == "" || q.Method == method) && (pattern == "" || q.Route == pattern) && (status == 0 || q.Status == status) {
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
	return maps.Clone(s.hits)
}

// Sometimes returns how often each fault was injected (as "fault/NAME") and
// each rare path was taken. A long test asserts that none it relies on is zero.
func (s *Server) Sometimes() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.sometimes)
}
