package domain_test

import (
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestQueueETA: the end of a queue follows from the budgets: GitHub takes 400
// creations an hour, writes go a second apart, pauses are waited for.
func TestQueueETA(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	spent := domain.Limits{}
	for n := range 400 {
		spent.Creates = append(spent.Creates, now.Add(time.Duration(n-400)*time.Second))
	}
	tight := domain.Limits{Quota: domain.Quota{Limit: 1000, Remaining: 210, ResetAt: now.Add(10 * time.Minute)}}
	for name, tt := range map[string]struct {
		queue  domain.Queue
		kind   domain.TrackerKind
		limits domain.Limits
		want   time.Duration
	}{
		"nothing waits":                    {domain.Queue{Deliveries: 7, Due: 3}, domain.GitHub, domain.Limits{}, -1},
		"writes":                           {domain.Queue{Pushes: 30}, domain.GitHub, domain.Limits{}, 30 * time.Second},
		"a long backfill of GitHub":        {domain.Queue{Creates: 2001}, domain.GitHub, domain.Limits{}, 5*time.Hour + time.Second},
		"Jira has no creation bucket":      {domain.Queue{Creates: 2001}, domain.Jira, domain.Limits{}, 2001 * time.Second},
		"the bucket is empty":              {domain.Queue{Creates: 1}, domain.GitHub, spent, time.Hour - 400*time.Second + time.Second},
		"the tracker asked to wait":        {domain.Queue{Pushes: 1}, domain.Jira, domain.Limits{PauseUntil: now.Add(time.Hour)}, time.Hour + time.Second},
		"within the share left":            {domain.Queue{Pushes: 5}, domain.GitHub, tight, 5 * time.Second},
		"the share of this hour is used":   {domain.Queue{Pushes: 6}, domain.GitHub, tight, 10 * time.Minute},
		"the share of the next is as well": {domain.Queue{Pushes: 410}, domain.GitHub, tight, 70 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			got := tt.queue.ETA(tt.kind, tt.limits, now)
			if tt.want < 0 && !got.IsZero() || tt.want >= 0 && !got.Equal(now.Add(tt.want)) {
				t.Errorf("written out after %s, want %s", got.Sub(now), tt.want)
			}
		})
	}
}

// TestExpiry: the end of a credential is announced 30, 7 and 1 days ahead.
func TestExpiry(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for left, want := range map[time.Duration]domain.Expiry{
		31 * 24 * time.Hour: "", 30 * 24 * time.Hour: domain.ExpiryMonth, 169 * time.Hour: domain.ExpiryMonth, 168 * time.Hour: domain.ExpiryWeek,
		25 * time.Hour: domain.ExpiryWeek, 24 * time.Hour: domain.ExpiryDay, time.Second: domain.ExpiryDay, 0: domain.Expired, -time.Hour: domain.Expired,
	} {
		got, days := domain.Tracker{CredentialExpires: now.Add(left)}.Expiry(now)
		if got != want || days != max(0, int(left.Hours())/24) {
			t.Errorf("%s left: %q, %d days, want %q", left, got, days, want)
		}
	}
	if got, _ := (domain.Tracker{}).Expiry(now); got != "" {
		t.Errorf("an unknown end warns: %q", got)
	}
}
