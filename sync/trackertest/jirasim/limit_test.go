package jirasim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

func TestCloudLimits(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 30, 0, 0, time.UTC)
	limited := func(l jirasim.Limits) *site {
		l.Enforce = true
		return newSite(t, jirasim.Options{Now: func() time.Time { return now }, Limits: l})
	}
	t.Run("quota", func(t *testing.T) {
		s := limited(jirasim.Limits{PointsPerHour: 5, QuotaForAll: true, QuotaReason: jirasim.ReasonQuotaGlobal})
		s.create("x", nil)               // 2 points
		s.searched("project = OPS", nil) // 1, and 1 for the row
		s.do("GET", "/status", nil, 200)
		a := s.do("GET", "/status", nil, 429)
		if a.header.Get("RateLimit-Reason") != "jira-quota-global-based" || a.header.Get("Retry-After") != "1800" || a.header.Get("X-RateLimit-Reset") != "2026-01-05T10:00Z" {
			t.Errorf("headers %v, want the next hour", a.header)
		}
		if a.header.Get("X-RateLimit-NearLimit") != "true" {
			t.Error("an exhausted quota is not near its limit")
		}
		now = now.Add(30 * time.Minute)
		s.do("GET", "/status", nil, 200)
	})
	t.Run("API tokens have no quota", func(t *testing.T) {
		s := limited(jirasim.Limits{PointsPerHour: 1})
		s.do("GET", "/status", nil, 200)
		s.do("GET", "/status", nil, 200)
	})
	t.Run("burst", func(t *testing.T) {
		s := limited(jirasim.Limits{Burst: 2})
		s.do("GET", "/status", nil, 200)
		s.do("GET", "/status", nil, 200)
		a := s.do("GET", "/status", nil, 429)
		if a.header.Get("RateLimit-Reason") != "jira-burst-based" || a.header.Get("Retry-After") != "1" || a.header.Get("X-RateLimit-Remaining") != "0" {
			t.Errorf("headers %v", a.header)
		}
		s.do("GET", "/priority", nil, 200) // another endpoint
		now = now.Add(time.Second)
		s.do("GET", "/status", nil, 200)
	})
	t.Run("writes to one issue", func(t *testing.T) {
		s := limited(jirasim.Limits{IssueWrites2s: 2, IssueWrites30s: 3})
		a, b := s.create("a", nil), s.create("b", nil)
		n := 0
		write := func(id string, want int) answer {
			n++
			return s.do("PUT", "/issue/"+id, m{"fields": m{"summary": fmt.Sprint(n)}}, want)
		}
		write(a, 204)
		write(a, 204)
		if got := write("OPS-1", 429).header.Get("RateLimit-Reason"); got != "jira-per-issue-on-write" {
			t.Errorf("reason %q", got)
		}
		write(b, 204)
		s.do("GET", "/issue/"+a, nil, 200)
		now = now.Add(2 * time.Second)
		write(a, 204)
		if got := write(a, 429).header.Get("Retry-After"); got != "28" {
			t.Errorf("retry after %s s, want 28", got)
		}
		now = now.Add(28 * time.Second)
		write(a, 204)
	})
}

func TestDataCenterBucket(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 30, 0, 0, time.UTC)
	s := newSite(t, jirasim.Options{
		Flavor: jirasim.DataCenter, Now: func() time.Time { return now },
		Limits: jirasim.Limits{Enforce: true, Bucket: 3, Fill: 1, Interval: 10 * time.Second},
	})
	for i, remaining := range []string{"2", "1", "0"} {
		if got := s.do("GET", "/status", nil, 200).header.Get("X-RateLimit-Remaining"); got != remaining {
			t.Errorf("request %d leaves %s, want %s", i, got, remaining)
		}
	}
	if got := s.do("GET", "/status", nil, 429).header.Get("Retry-After"); got != "10" {
		t.Errorf("retry after %s s, want 10", got)
	}
	now = now.Add(10 * time.Second)
	s.do("GET", "/status", nil, 200)
	s.do("GET", "/status", nil, 429)
	now = now.Add(time.Hour)
	if got := s.do("GET", "/status", nil, 200).header.Get("X-RateLimit-Remaining"); got != "2" {
		t.Errorf("a bucket fills to %s above its size", got)
	}
}
