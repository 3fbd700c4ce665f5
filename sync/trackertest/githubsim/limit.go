package githubsim

import (
	"net/http"
	"strconv"
	"time"
)

// Limits are GitHub's rate limits. Counters and headers exist whether or not
// they are enforced, except on an Enterprise server, whose limits are off and
// whose headers are absent until enforced.
type Limits struct {
	// Enforce answers 403 once a limit is reached.
	Enforce bool
	// Status is the status of a limited answer, 403 or 429; zero means 403.
	Status int
	// PerHour is the primary limit; zero means 5,000, and 60 if anonymous.
	PerHour int
	// PointsPerMinute is the secondary limit on requests, where a read is one
	// point and a write five; zero means 900.
	PointsPerMinute int
	// CreatesPerMinute and CreatesPerHour are the secondary limits on content
	// creation; zero means 80 and 500.
	CreatesPerMinute int
	CreatesPerHour   int
	// NoRetryAfter leaves Retry-After out of secondary limit answers.
	NoRetryAfter bool
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&l.Status, http.StatusForbidden)
	set(&l.PerHour, 5000)
	set(&l.PointsPerMinute, 900)
	set(&l.CreatesPerMinute, 80)
	set(&l.CreatesPerHour, 500)
	return l
}

// bucket counts the requests of one user or installation.
type bucket struct {
	limit   int
	used    int
	reset   time.Time
	points  []spent
	creates []time.Time
	until   time.Time // secondary limit in force
}

type spent struct {
	at time.Time
	n  int
}

// SetLimits changes the limits of a running server.
func (s *Server) SetLimits(l Limits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Limits = l.withDefaults()
	s.buckets = map[string]*bucket{}
}

func (c *call) bucket() *bucket {
	key := c.who.bucket()
	b := c.buckets[key]
	if b == nil {
		b = &bucket{limit: c.opts.Limits.PerHour}
		if key == "anonymous" {
			b.limit = min(60, b.limit)
		}
		c.buckets[key] = b
	}
	if !c.now.Before(b.reset) {
		b.used, b.reset = 0, c.now.Add(time.Hour).Truncate(time.Second)
	}
	return b
}

// limit charges the request and refuses it if a limit is reached.
func (c *call) limit() *reply {
	if c.route != nil && c.route.kind == free {
		return nil
	}
	b := c.bucket()
	l := c.opts.Limits
	if l.Enforce {
		if c.now.Before(b.until) {
			c.count("asked_while_limited")
			return c.secondary(b)
		}
		if b.used >= b.limit {
			c.count("primary_limit")
			return c.primary(b)
		}
	}
	b.used++
	c.spend(b)
	if l.Enforce && b.over(l) {
		c.count("secondary_limit")
		b.until = c.now.Add(time.Minute)
		return c.secondary(b)
	}
	return nil
}

func (c *call) spend(b *bucket) {
	n := 1
	if c.method != http.MethodGet {
		n = 5
	}
	b.points = append(b.points, spent{c.now, n})
	for len(b.points) > 0 && c.now.Sub(b.points[0].at) >= time.Minute {
		b.points = b.points[1:]
	}
	if c.route != nil && c.route.kind == creates {
		b.creates = append(b.creates, c.now)
	}
	for len(b.creates) > 0 && c.now.Sub(b.creates[0]) >= time.Hour {
		b.creates = b.creates[1:]
	}
}

func (b *bucket) over(l Limits) bool {
	points := 0
	for _, p := range b.points {
		points += p.n
	}
	minute := 0
	for i := len(b.creates) - 1; i >= 0 && b.creates[len(b.creates)-1].Sub(b.creates[i]) < time.Minute; i-- {
		minute++
	}
	return points > l.PointsPerMinute || minute > l.CreatesPerMinute || len(b.creates) > l.CreatesPerHour
}

func (c *call) primary(*bucket) *reply {
	who := "user ID 1"
	if c.who.user != nil {
		who = "user ID " + strconv.FormatInt(c.who.user.id, 10)
	}
	if c.who.install != nil {
		who = "installation ID " + strconv.FormatInt(c.who.install.id, 10)
	}
	return c.fail(c.opts.Limits.Status, "API rate limit exceeded for "+who+".", "overview/rate-limits-for-the-rest-api")
}

const secondaryMessage = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."

func (c *call) secondary(b *bucket) *reply {
	r := c.fail(c.opts.Limits.Status, secondaryMessage, "overview/rate-limits-for-the-rest-api#about-secondary-rate-limits")
	if !c.opts.Limits.NoRetryAfter {
		wait := int(b.until.Sub(c.now).Seconds()) + 1
		r.set("Retry-After", strconv.Itoa(min(wait, 60)))
	}
	return r
}

// refund gives back what a conditional read that changed nothing had cost.
func (c *call) refund() {
	if c.route != nil && c.route.kind != free {
		c.bucket().used--
	}
}

func (c *call) limitHeaders(h http.Header) {
	if c.opts.Enterprise != "" && !c.opts.Limits.Enforce {
		return
	}
	b := c.bucket()
	h.Set("X-RateLimit-Limit", strconv.Itoa(b.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, b.limit-b.used)))
	h.Set("X-RateLimit-Used", strconv.Itoa(b.used))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(b.reset.Unix(), 10))
	h.Set("X-RateLimit-Resource", "core")
}

func (c *call) getRateLimit() *reply {
	if c.opts.Enterprise != "" && !c.opts.Limits.Enforce {
		return c.fail(http.StatusNotFound, "Rate limiting is not enabled.", "rate-limit")
	}
	b := c.bucket()
	core := map[string]any{"limit": b.limit, "used": b.used, "remaining": max(0, b.limit-b.used), "reset": b.reset.Unix()}
	search := map[string]any{"limit": 30, "used": 0, "remaining": 30, "reset": c.now.Add(time.Minute).Unix()}
	return ok(map[string]any{"resources": map[string]any{"core": core, "search": search}, "rate": core})
}
