package sync_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/store"
	tracksync "github.com/followthrough/followthrough/sync"
)

// openStore is a new, empty database on a clock that the test moves.
func openStore(t *testing.T, now func() time.Time) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite://test.db", DataDir: t.TempDir(), SecretKey: []byte(strings.Repeat("k", 32)), Now: now, App: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// TestScheduledDuringARun: a row that is scheduled while it is being worked on
// runs once more. Periodic rows live on that, and so does a wake-up that comes
// in the middle of a poll.
func TestScheduledDuringARun(t *testing.T) {
	at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	for name, after := range map[string]time.Duration{"woken now": 0, "planned for later": time.Minute} {
		t.Run(name, func(t *testing.T) {
			now := at
			db := openStore(t, func() time.Time { return now })
			if err := db.ScheduleAt(t.Context(), "poll:gh", tracksync.KindPoll, now); err != nil {
				t.Fatal(err)
			}
			claim := func() int {
				t.Helper()
				works, err := db.ClaimWork(t.Context(), "me", []string{tracksync.KindPoll}, 1, 30*time.Second, now)
				if err != nil {
					t.Fatal(err)
				}
				for _, w := range works {
					if err := db.ScheduleAt(t.Context(), "poll:gh", tracksync.KindPoll, now.Add(after)); err != nil {
						t.Fatal(err)
					}
					if err := db.FinishWork(t.Context(), w.Lease, domain.WorkResult{}, now); err != nil {
						t.Fatal(err)
					}
				}
				return len(works)
			}
			for range 3 {
				if n := claim(); n != 1 {
					t.Fatalf("at %s: %d rows to work on, want 1", now.Sub(at), n)
				}
				if n := claim(); after > 0 && n != 0 {
					t.Fatalf("at %s: %d rows before they are due", now.Sub(at), n)
				}
				now = now.Add(after)
			}
		})
	}
}

// TestFailureOfATakenKey: a key that somebody took although it was not due, as
// a webhook and the sweep do, is tried again after a failure.
func TestFailureOfATakenKey(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	db := openStore(t, func() time.Time { return now })
	for n, result := range []domain.WorkResult{{}, {Err: errors.New("the tracker is down"), RetryAt: now.Add(time.Hour)}} {
		work, ok, err := db.ClaimKey(t.Context(), "me", "link:1", tracksync.KindLink, 30*time.Second, now)
		if err != nil || !ok {
			t.Fatalf("claim %d: %t, %v", n, ok, err)
		}
		if err := db.FinishWork(t.Context(), work.Lease, result, now); err != nil {
			t.Fatal(err)
		}
	}
	for at, want := range map[time.Duration]int{59 * time.Minute: 0, time.Hour: 1} {
		works, err := db.ClaimWork(t.Context(), "other", []string{tracksync.KindLink}, 1, time.Second, now.Add(at))
		if err != nil || len(works) != want {
			t.Errorf("after %s: %d rows to work on (%v), want %d", at, len(works), err, want)
		}
	}
}
