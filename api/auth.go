package api

import (
	"net/http"
	"net/netip"
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
	if domain.KindOf(err) == domain.ErrUnauthorized && s.failures.count(c.RealIP(), s.now()) {
		return tooMany("too many wrong tokens from your address; wait a minute")
	}
	return err
}

func tooMany(detail string) error {
	return &refusal{status: http.StatusTooManyRequests, detail: detail, header: map[string]string{"Retry-After": "60"}}
}

// maxFailures is how many wrong tokens or set-up links an address may send in
// a minute before it is told to wait. A right token always opens, so that a
// neighbour behind the same address is not locked out.
const maxFailures = 10

// failures counts wrong secrets by address.
type failures struct {
	mu    sync.Mutex
	since time.Time
	seen  map[string]int
}

func newFailures() *failures { return &failures{seen: map[string]int{}} }

// count notes one wrong secret and reports whether it was one too many.
func (f *failures) count(address string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.age(now)
	network := networkOf(address)
	f.seen[network]++
	return f.seen[network] > maxFailures
}

// locked reports whether the address has to wait.
func (f *failures) locked(address string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.age(now)
	return f.seen[networkOf(address)] >= maxFailures
}

func (f *failures) age(now time.Time) {
	if now.Sub(f.since) >= time.Minute || len(f.seen) > 100_000 {
		f.since = now
		clear(f.seen)
	}
}

// networkOf is what counts as one address: one of IPv4, and of IPv6 the /64
// that a single household has.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}
