package sync

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestRetryAfter: the governor reads both forms of Retry-After, the date by the
// tracker's own clock, and bounds what it says (T22, T49).
func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for name, tt := range map[string]struct {
		retry, date string
		want        time.Duration
		told        bool
	}{
		"nothing":                  {"", "", 0, false},
		"seconds":                  {"30", "", 30 * time.Second, true},
		"a date":                   {date(90 * time.Second), date(0), 90 * time.Second, true},
		"a date, clocks differ":    {date(5*time.Minute + 90*time.Second), date(5 * time.Minute), 90 * time.Second, true},
		"a date, no clock is told": {date(90 * time.Second), "", 90 * time.Second, true},
		"a date that is over":      {date(-time.Hour), date(0), time.Second, true},
		"no seconds at all":        {"0", "", time.Second, true},
		"a week":                   {"604800", "", time.Hour, true},
		"words":                    {"soon", "", 0, false},
	} {
		h := http.Header{}
		h.Set("Retry-After", tt.retry)
		h.Set("Date", tt.date)
		if got, told := RetryAfter(h, now); got != tt.want || told != tt.told {
			t.Errorf("%s: %s, %t, want %s, %t", name, got, told, tt.want, tt.told)
		}
	}
}

// limitsInMemory is one credential's budget.
type limitsInMemory struct{ domain.Limits }

func (l *limitsInMemory) UpdateLimits(_ context.Context, _ string, change func(*domain.Limits)) error {
	change(&l.Limits)
	return nil
}

// answering answers every request alike.
type answering struct {
	status int
	header http.Header
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: a.header.Clone(), Body: http.NoBody, Request: r}, nil
}

// TestPauseByDate: a limit whose end is a date pauses the credential until then.
func TestPauseByDate(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	for _, kind := range []domain.TrackerKind{domain.GitHub, domain.Jira} {
		limits := &limitsInMemory{}
		g := &Governor{Next: answering{http.StatusTooManyRequests, http.Header{"Retry-After": {now.Add(7 * time.Minute).Format(http.TimeFormat)}, "Date": {now.Format(http.TimeFormat)}}},
			Kind: kind, Limits: limits, Now: func() time.Time { return now }, Jitter: func(time.Duration) time.Duration { return 0 },
			Classify: func(*http.Request) domain.Call { return domain.Call{Class: domain.CallRead} }}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://tracker.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := g.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if until, _ := limits.Blocked(domain.Call{Class: domain.CallRead}, now); !until.Equal(now.Add(7 * time.Minute)) {
			t.Errorf("%s: paused until %s", kind, until)
		}
	}
}
