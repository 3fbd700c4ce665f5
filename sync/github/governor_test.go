package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// limitShelf keeps limits as the database does: per credential, for every process.
type limitShelf struct {
	mu   sync.Mutex
	kept map[string]domain.Limits
}

func (l *limitShelf) UpdateLimits(_ context.Context, credential string, change func(*domain.Limits)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	limits := l.kept[credential]
	change(&limits)
	l.kept[credential] = limits
	return nil
}

// governed is a site behind the governor, in bubble time.
func governed(t *testing.T, change ...func(*githubsim.Options)) (*site, *limitShelf) {
	t.Helper()
	s := newSite(t, append(change, func(o *githubsim.Options) { o.Now = time.Now })...)
	shelf := &limitShelf{kept: map[string]domain.Limits{}}
	s.govern(shelf, "one")
	s.config = func(c *github.Config) { c.Now = time.Now }
	return s, shelf
}

// govern puts a governor of a new process below the adapters made from now on.
func (s *site) govern(shelf *limitShelf, credential string) {
	s.transport = &tracksync.Governor{Next: s.sent, Credential: credential, Kind: domain.GitHub, Classify: github.Classify, Limits: shelf, Now: time.Now, Spacing: time.Second}
}

// T20, T21, T26, T31: after a limit nothing leaves before the time that was told
// or 60 seconds, doubling, whichever process asks; another credential goes on.
func TestT21NothingLeavesDuringAPause(t *testing.T) {
	for name, effect := range map[string]githubsim.Effect{"403": githubsim.SecondaryLimit(403, ""), "429": githubsim.SecondaryLimit(429, ""), "a date": githubsim.SecondaryLimitUntil(429, time.Minute)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, shelf := governed(t)
				made, err := s.adapter(t).Create(t.Context(), draft())
				must(t, err)
				for strike, least := range []time.Duration{time.Minute, 2 * time.Minute} {
					if name == "a date" {
						least = time.Minute
					}
					s.once("GET", effect)
					_, err = s.adapter(t).Fetch(t.Context(), made.Ref)
					wantKind(t, err, domain.ErrLimited)
					s.govern(shelf, "one") // a restart, or another replica
					s.sent.take()
					start := time.Now()
					for time.Since(start) < least-time.Second {
						_, err = s.adapter(t).Fetch(t.Context(), made.Ref)
						wantKind(t, err, domain.ErrLimited)
						if !domain.RetryAt(err).After(time.Now()) {
							t.Errorf("told to come back at %v", domain.RetryAt(err))
						}
						time.Sleep(7 * time.Second)
					}
					if all := s.sent.take(); len(all) > 0 {
						t.Errorf("strike %d: %v left during the pause", strike, methods(all))
					}
					time.Sleep(time.Until(domain.RetryAt(err)))
				}
				fetch(t, s.adapter(t), made.Ref)
				s.once("GET", effect)
				_, err = s.adapter(t).Fetch(t.Context(), made.Ref)
				wantKind(t, err, domain.ErrLimited)
				s.govern(shelf, "two")
				fetch(t, s.adapter(t), made.Ref)
			})
		})
	}
}

// T24, T25: a backfill stays below GitHub's limits on content, with its headers
// and without, so that a limit is never met: a second between writes, 60 creates
// a minute and 400 an hour.
func TestT24BackfillMeetsNoLimit(t *testing.T) {
	for name, enterprise := range map[string]string{"github.com": "", "ghes without headers": "3.19.0"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := governed(t, func(o *githubsim.Options) { o.Enterprise = enterprise; o.Limits.Enforce = enterprise == "" })
				tracker := s.adapter(t)
				start := time.Now()
				for n := range 450 {
					d := draft()
					d.Nonce = fmt.Sprint("n", n)
					_, err := tracker.Create(t.Context(), d)
					for errors.Is(err, domain.ErrLimited) {
						time.Sleep(time.Until(domain.RetryAt(err)))
						_, err = tracker.Create(t.Context(), d)
					}
					must(t, err)
				}
				sometimes := s.Sometimes()
				if sometimes["secondary_limit"]+sometimes["primary_limit"]+sometimes["asked_while_limited"] > 0 {
					t.Errorf("limits were met: %v", sometimes)
				}
				var last time.Time
				for _, r := range s.Server.Requests() {
					if r.Method == http.MethodPost {
						if gap := r.At.Sub(last); gap < time.Second {
							t.Errorf("two writes within %v", gap)
						}
						last = r.At
					}
				}
				if took := time.Since(start); took < time.Hour || took > 61*time.Minute {
					t.Errorf("450 creates took %v; 400 an hour leave 50 for the next", took)
				}
			})
		})
	}
}

// T22, P10: where limits are tight, every wait that is told is kept, and all of
// the work gets done.
func TestTightLimitsAreObeyed(t *testing.T) {
	for name, limits := range map[string]githubsim.Limits{
		"hourly":    {Enforce: true, PerHour: 30},
		"secondary": {Enforce: true, PointsPerMinute: 40},
		"as 429":    {Enforce: true, PointsPerMinute: 40, Status: 429},
		"silent":    {Enforce: true, PointsPerMinute: 40, NoRetryAfter: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := governed(t)
				tracker := s.adapter(t)
				made, err := tracker.Create(t.Context(), draft())
				must(t, err)
				on := fetch(t, tracker, made.Ref)
				s.SetLimits(limits)
				for n := range 40 {
					p := pushOf(on, map[domain.Field]string{domain.FieldTitle: fmt.Sprint("title ", n)})
					pushed, err := tracker.Push(t.Context(), p)
					for errors.Is(err, domain.ErrLimited) {
						time.Sleep(time.Until(domain.RetryAt(err)))
						pushed, err = tracker.Push(t.Context(), p)
					}
					must(t, err)
					on = pushed.Snapshot
				}
				if n := s.Sometimes()["asked_while_limited"]; n > 0 {
					t.Errorf("%d requests before the time that was told", n)
				}
				if got := s.state(t, made.Ref).Title; got != "title 39" {
					t.Errorf("title %q", got)
				}
			})
		})
	}
}

// T23: the search limit of a GHES says nothing about ours.
func TestT23SearchLimitDoesNotPauseUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := governed(t, func(o *githubsim.Options) { o.Enterprise = "3.19.0" })
		made, err := s.adapter(t).Create(t.Context(), draft())
		must(t, err)
		s.spoil(func(_ *http.Request, resp *http.Response, body []byte) []byte {
			resp.Header.Set("X-RateLimit-Limit", "30")
			resp.Header.Set("X-RateLimit-Remaining", "0")
			resp.Header.Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
			resp.Header.Set("X-RateLimit-Resource", "search")
			return body
		})
		s.transport = &tracksync.Governor{Next: s.transport, Credential: "one", Kind: domain.GitHub, Classify: github.Classify, Limits: shelf, Now: time.Now, Spacing: time.Second}
		tracker := s.adapter(t)
		for range 3 {
			fetch(t, tracker, made.Ref)
		}
		if q := shelf.kept["one"].Quota; q.Limit == 30 {
			t.Errorf("the search quota is taken for ours: %+v", q)
		}
	})
}
