package jirasim

import (
	"net/http"
	"strconv"
	"time"
)

// The values of the RateLimit-Reason header.
const (
	ReasonQuotaTenant = "jira-quota-tenant-based"
	ReasonQuotaGlobal = "jira-quota-global-based"
	ReasonBurst       = "jira-burst-based"
	ReasonIssueWrites = "jira-per-issue-on-write"
)

// Limits are the rate limits; they count always and refuse only if enforced.
type Limits struct {
	// Enforce answers 429 once a limit is reached.
	Enforce bool

	// PointsPerHour is the quota of a Cloud app, reset on the hour; zero means
	// 65,000. A request costs one point and one per issue returned.
	PointsPerHour int
	// QuotaForAll applies the quota to API tokens, too, and not only to OAuth.
	QuotaForAll bool
	// QuotaReason is the reason given; empty means ReasonQuotaTenant.
	QuotaReason string
	// Burst is the number of GET or POST requests per second to one endpoint
	// of a Cloud; zero means 100. PUT and DELETE get half of it.
	Burst int
	// IssueWrites2s and IssueWrites30s are the writes to one issue of a Cloud
	// in 2 and 30 seconds; zero means 20 and 100.
	IssueWrites2s, IssueWrites30s int

	// Bucket, Fill and Interval are the token bucket of each user of a Data
	// Center; zero means 5 tokens, 5 more every second.
	Bucket, Fill int
	Interval     time.Duration
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&l.PointsPerHour, 65_000)
	set(&l.Burst, 100)
	set(&l.IssueWrites2s, 20)
	set(&l.IssueWrites30s, 100)
	set(&l.Bucket, 5)
	set(&l.Fill, 5)
	if l.Interval == 0 {
		l.Interval = time.Second
	}
	if l.QuotaReason == "" {
		l.QuotaReason = ReasonQuotaTenant
	}
	return l
}

// SetLimits changes the limits of a running server and forgets what was used.
func (s *Server) SetLimits(l Limits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Limits = l.withDefaults()
	clear(s.buckets)
}

// bucket counts the use of one limit. What n means depends on the limit.
type bucket struct {
	since time.Time
	n     int
	times []time.Time
}

func (s *Server) bucket(key string) *bucket {
	b := s.buckets[key]
	if b == nil {
		b = &bucket{}
		s.buckets[key] = b
	}
	return b
}

// Points returns how many points the quota has been charged this hour.
func (s *Server) Points() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bucket("quota").n
}

// limit refuses the request if a limit is reached.
func (c *call) limit() *reply {
	if c.route != nil && c.route.pattern == c.opts.TokenPath {
		return nil
	}
	if !c.cloud() {
		return c.limitDC()
	}
	q := c.bucket("quota")
	if hour := c.now.Truncate(time.Hour); !hour.Equal(q.since) {
		q.since, q.n = hour, 0
	}
	l := c.opts.Limits
	if l.Enforce && q.n >= l.PointsPerHour && (l.QuotaForAll || c.token != nil && c.token.oauth) {
		return c.tooMany(l.QuotaReason, q.since.Add(time.Hour).Sub(c.now))
	}
	q.n++
	b := c.bucket("burst " + c.method + " " + c.routeName())
	if second := c.now.Truncate(time.Second); !second.Equal(b.since) {
		b.since, b.n = second, 0
	}
	b.n++
	if l.Enforce && b.n > l.burst(c.method) {
		return c.tooMany(ReasonBurst, time.Second)
	}
	if l.Enforce && c.route != nil && c.route.write {
		return c.limitIssue()
	}
	return nil
}

func (l Limits) burst(method string) int {
	if method == http.MethodGet || method == http.MethodPost {
		return l.Burst
	}
	return max(1, l.Burst/2)
}

func (c *call) routeName() string {
	if c.route == nil {
		return "unknown"
	}
	return c.route.pattern
}

func (c *call) issueBucket() *bucket {
	ref := c.params["issue"]
	if i := c.find(ref); i != nil {
		ref = i.sid()
	}
	return c.bucket("issue " + ref)
}

func (c *call) limitIssue() *reply {
	b, l := c.issueBucket(), c.opts.Limits
	for len(b.times) > 0 && c.now.Sub(b.times[0]) >= 30*time.Second {
		b.times = b.times[1:]
	}
	short := 0
	for _, t := range b.times {
		if c.now.Sub(t) < 2*time.Second {
			short++
		}
	}
	switch {
	case len(b.times) >= l.IssueWrites30s:
		return c.tooMany(ReasonIssueWrites, b.times[0].Add(30*time.Second).Sub(c.now))
	case short >= l.IssueWrites2s:
		return c.tooMany(ReasonIssueWrites, 2*time.Second)
	}
	return nil
}

func (c *call) chargeIssue() {
	if c.cloud() {
		b := c.issueBucket()
		b.times = append(b.times, c.now)
		if len(b.times) > 200 {
			b.times = b.times[100:]
		}
	}
}

// charge adds points for the objects an answer contains.
func (c *call) charge(points int) { c.bucket("quota").n += points }

func (c *call) tooMany(reason string, wait time.Duration) *reply {
	c.count("limited/" + reason)
	r := c.fail(http.StatusTooManyRequests, "Rate limit exceeded.")
	r.set("RateLimit-Reason", reason)
	r.set("Retry-After", strconv.Itoa(ceilSeconds(wait)))
	r.set("X-RateLimit-Reset", c.now.Add(wait).UTC().Format("2006-01-02T15:04Z"))
	return r
}

func ceilSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func (c *call) bucketDC() *bucket {
	key := "anonymous"
	if c.who != nil {
		key = c.who.Name
	}
	b, l := c.bucket("user "+key), c.opts.Limits
	if b.since.IsZero() {
		b.since, b.n = c.now, l.Bucket
	}
	for !c.now.Before(b.since.Add(l.Interval)) {
		if b.n >= l.Bucket {
			b.since = c.now
			break
		}
		b.since = b.since.Add(l.Interval)
		b.n = min(l.Bucket, b.n+l.Fill)
	}
	return b
}

func (c *call) limitDC() *reply {
	if !c.opts.Limits.Enforce {
		return nil
	}
	b := c.bucketDC()
	if b.n > 0 {
		b.n--
		return nil
	}
	c.count("limited/dc")
	wait := b.since.Add(c.opts.Limits.Interval).Sub(c.now)
	r := &reply{status: http.StatusTooManyRequests, raw: []byte(tomcat429), kind: "text/html;charset=utf-8"}
	return r.set("Retry-After", strconv.Itoa(int(wait.Seconds())))
}

func (c *call) limitHeaders(h http.Header) {
	l := c.opts.Limits
	if c.cloud() {
		b := c.bucket("burst " + c.method + " " + c.routeName())
		limit := l.burst(c.method)
		h.Set("X-RateLimit-Limit", strconv.Itoa(limit))
		h.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, limit-b.n)))
		if q := c.bucket("quota").n; q*5 > l.PointsPerHour*4 {
			h.Set("X-RateLimit-NearLimit", "true")
		}
		return
	}
	if !l.Enforce {
		return
	}
	h.Set("X-RateLimit-Limit", strconv.Itoa(l.Bucket))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(c.bucketDC().n))
	h.Set("X-RateLimit-FillRate", strconv.Itoa(l.Fill))
	h.Set("X-RateLimit-Interval-Seconds", strconv.Itoa(int(l.Interval.Seconds())))
}
