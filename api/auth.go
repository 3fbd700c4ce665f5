package api

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// authenticate finds out who is asking. Cookies do not open the API, so a
// foreign page cannot use somebody's session on it.
func (s *Server) authenticate(c *call) error {
	header := c.Request().Header.Get("Authorization")
	scheme, secret, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return &refusal{status: http.StatusUnauthorized, detail: "send Authorization: Bearer TOKEN",
			faults: []fault{{"header.Authorization", "is missing or not a bearer token"}}}
	}
	session, err := s.app.Access.SignIn(c.ctx(), secret)
	if err == nil {
		c.session = session
		return nil
	}
	if domain.KindOf(err) == domain.ErrUnauthorized && s.failures.tooMany(c.RealIP(), s.now()) {
		return &refusal{status: http.StatusTooManyRequests, detail: "too many wrong tokens from your address; wait a minute",
			header: map[string]string{"Retry-After": "60"}}
	}
	return err
}

// maxFailures is how many wrong tokens an address may send in a minute before
// it is told to wait. A right token always opens, so that a neighbour behind
// the same address is not locked out.
const maxFailures = 10

// failures counts wrong tokens by address.
type failures struct {
	mu    sync.Mutex
	since time.Time
	count map[string]int
}

func newFailures() *failures { return &failures{count: map[string]int{}} }

func (f *failures) tooMany(address string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.since) >= time.Minute || len(f.count) > 100_000 {
		f.since = now
		clear(f.count)
	}
	f.count[address]++
	return f.count[address] > maxFailures
}
