package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// dbTime is the clock that leases run by: the store's own on SQLite, the
// server's on PostgreSQL.
func dbTime(t testing.TB, db *DB) time.Time {
	t.Helper()
	clock, args := db.dbNow(testNow)
	return instant(count(t, db, "SELECT "+clock, args...)).time()
}

func claim(t testing.TB, db *DB, owner string) []domain.Work {
	t.Helper()
	return must[[]domain.Work](t)(db.ClaimWork(t.Context(), owner, []string{"k"}, 10, time.Minute, testNow))
}

func TestWorkIsClaimedOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		if err := errors.Join(db.Enqueue(t.Context(), "k:1", "k", "args"), db.Enqueue(t.Context(), "other:1", "other", "")); err != nil {
			t.Fatal(err)
		}
		works := claim(t, db, "w1")
		if len(works) != 1 || works[0].Args != "args" || works[0].Lease.Key != "k:1" || works[0].Attempt != 1 || works[0].Kind != "k" {
			t.Fatalf("got %+v", works)
		}
		if again := claim(t, db, "w2"); len(again) != 0 {
			t.Errorf("a second worker got %+v", again)
		}
		_, ok, err := db.ClaimKey(t.Context(), "w2", "k:1", "k", time.Minute, testNow)
		if ok || err != nil {
			t.Errorf("a held key was claimed: %v %v", ok, err)
		}
		if err := db.FinishWork(t.Context(), works[0].Lease, domain.WorkResult{}, testNow); err != nil {
			t.Fatal(err)
		}
		if again := claim(t, db, "w2"); len(again) != 0 {
			t.Errorf("finished work was given out again: %+v", again)
		}
	})
}

// A wake-up that comes while the key is being worked on is work of its own.
func TestWakeUpDuringARunIsNotLost(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		for name, result := range map[string]domain.WorkResult{"success": {}, "failure": {Err: errors.New("x"), RetryAt: dbTime(t, db)}} {
			key := "k:" + name
			wake := func() {
				if err := db.Enqueue(t.Context(), key, "k", ""); err != nil {
					t.Fatal(err)
				}
			}
			wake()
			first := claim(t, db, "w")
			if len(first) != 1 {
				t.Fatalf("%s: claimed %d", name, len(first))
			}
			wake()
			wake()
			if err := db.FinishWork(t.Context(), first[0].Lease, result, testNow); err != nil {
				t.Fatal(err)
			}
			again := claim(t, db, "w")
			if len(again) != 1 {
				t.Fatalf("%s: the wake-up was lost", name)
			}
			if err := db.FinishWork(t.Context(), again[0].Lease, domain.WorkResult{}, testNow); err != nil {
				t.Fatal(err)
			}
			if more := claim(t, db, "w"); len(more) != 0 {
				t.Errorf("%s: two wake-ups were worked on three times", name)
			}
		}
	})
}

func TestLeaseIsFenced(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		if err := db.Enqueue(t.Context(), "k:1", "k", ""); err != nil {
			t.Fatal(err)
		}
		old := must[[]domain.Work](t)(db.ClaimWork(t.Context(), "w1", []string{"k"}, 1, 0, testNow))[0] // a lease that is over at once
		fresh := claim(t, db, "w2")
		if len(fresh) != 1 || fresh[0].Lease.Token <= old.Lease.Token || fresh[0].Attempt != 2 {
			t.Fatalf("taken over: %+v after %+v", fresh, old)
		}
		for what, err := range map[string]error{
			"Heartbeat": db.Heartbeat(t.Context(), old.Lease, time.Minute, testNow),
			"finish":    db.FinishWork(t.Context(), old.Lease, domain.WorkResult{}, testNow),
			"fail":      db.FinishWork(t.Context(), old.Lease, domain.WorkResult{Err: errors.New("x")}, testNow),
		} {
			refused(t, what+" with a lost lease", err, domain.ErrStale)
		}
		before := must[[]WorkState](t)(db.Works(t.Context(), WorkFilter{}))[0]
		if err := db.Heartbeat(t.Context(), fresh[0].Lease, time.Hour, testNow); err != nil {
			t.Fatal(err)
		}
		if after := must[[]WorkState](t)(db.Works(t.Context(), WorkFilter{}))[0]; !after.LeaseUntil.After(before.LeaseUntil.Add(50 * time.Minute)) {
			t.Errorf("the lease went from %s to %s", before.LeaseUntil, after.LeaseUntil)
		}
	})
}

func TestCommitNeedsTheLease(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m, link := linked(t, db)
		lost := must[[]domain.Work](t)(db.ClaimWork(t.Context(), "w1", []string{LinkWork}, 1, 0, testNow))[0]
		held := must[[]domain.Work](t)(db.ClaimWork(t.Context(), "w2", []string{LinkWork}, 1, time.Hour, testNow))[0]
		view := must[domain.LinkView](t)(db.Link(t.Context(), link.ID))
		commit := domain.LinkCommit{Link: view.Link, MeasureVersion: 1, By: fromGitHub(), Now: testNow, Lease: lost.Lease,
			Receive: []domain.FieldUpdate{{Field: domain.FieldTitle, Value: "lost"}}}
		_, err := db.CommitLink(t.Context(), commit)
		refused(t, "a lost lease", err, domain.ErrStale)
		if got := must[domain.Measure](t)(db.Measure(t.Context(), domain.Everything(), m.Key)); got.Version != 1 {
			t.Errorf("the measure is %q, version %d", got.Title, got.Version)
		}
		commit.Lease = held.Lease
		must[domain.LinkView](t)(db.CommitLink(t.Context(), commit))
	})
}

func TestFailuresAndDeadLetters(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		now := dbTime(t, db)
		state := func() WorkState { return must[[]WorkState](t)(db.Works(t.Context(), WorkFilter{Prefix: "k:1"}))[0] }
		run := func(result domain.WorkResult) {
			t.Helper()
			works := claim(t, db, "w")
			if len(works) != 1 {
				t.Fatalf("claimed %d", len(works))
			}
			if err := db.FinishWork(t.Context(), works[0].Lease, result, now); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Enqueue(t.Context(), "k:1", "k", ""); err != nil {
			t.Fatal(err)
		}
		run(domain.WorkResult{Err: errors.New("first"), RetryAt: now})
		run(domain.WorkResult{Err: errors.New("limited"), RetryAt: now, Free: true})
		if s := state(); s.Attempt != 1 || s.LastError != "limited" || !s.Pending() {
			t.Errorf("after one failure and one free one: %+v", s)
		}
		run(domain.WorkResult{Err: errors.New("last"), RetryAt: now, Dead: true})
		if s := state(); !s.Dead || s.Attempt != 2 {
			t.Errorf("parked: %+v", s)
		}
		if works := claim(t, db, "w"); len(works) != 0 {
			t.Errorf("a dead letter was given out: %+v", works)
		}
		if dead := must[[]WorkState](t)(db.Works(t.Context(), WorkFilter{Dead: true})); len(dead) != 1 {
			t.Errorf("%d dead letters are shown", len(dead))
		}
		if err := db.Rearm(t.Context(), "k:1"); err != nil {
			t.Fatal(err)
		}
		if s := state(); s.Dead || s.Attempt != 0 {
			t.Errorf("armed again: %+v", s)
		}
		run(domain.WorkResult{Dead: true, Err: errors.New("again")})
		if err := db.Enqueue(t.Context(), "k:1", "k", ""); err != nil {
			t.Fatal(err)
		}
		if s := state(); s.Dead || s.Attempt != 0 {
			t.Errorf("a new wake-up leaves it dead: %+v", s)
		}
		run(domain.WorkResult{})
		if s := state(); s.Pending() || s.LastError != "" || s.Attempt != 0 {
			t.Errorf("after success: %+v", s)
		}
		refused(t, "an unknown key", db.Rearm(t.Context(), "k:none"), domain.ErrNotFound)
		if err := db.RemoveWork(t.Context(), "k:1"); err != nil || len(must[[]WorkState](t)(db.Works(t.Context(), WorkFilter{}))) != 0 {
			t.Errorf("removed: %v", err)
		}
	})
}

func TestSchedule(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		now := dbTime(t, db)
		at := func(when time.Time) time.Time {
			t.Helper()
			if err := db.ScheduleAt(t.Context(), "k:1", "k", when); err != nil {
				t.Fatal(err)
			}
			return must[[]WorkState](t)(db.Works(t.Context(), WorkFilter{Prefix: "k:1"}))[0].RunAt
		}
		for _, c := range []struct {
			what       string
			when, want time.Time
		}{
			{"first", now.Add(time.Hour), now.Add(time.Hour)},
			{"earlier", now.Add(time.Minute), now.Add(time.Minute)},
			{"later", now.Add(2 * time.Hour), now.Add(time.Minute)},
		} {
			if got := at(c.when); !got.Equal(c.want.Truncate(time.Microsecond)) {
				t.Errorf("%s: due %s, want %s", c.what, got, c.want)
			}
		}
		if works := claim(t, db, "w"); len(works) != 0 {
			t.Errorf("work of the future was given out: %+v", works)
		}
		work, ok, err := db.ClaimKey(t.Context(), "w", "k:1", "k", time.Minute, now)
		if !ok || err != nil {
			t.Fatalf("a key taken on demand: %v %v", ok, err)
		}
		next := now.Add(3 * time.Hour)
		if err := db.FinishWork(t.Context(), work.Lease, domain.WorkResult{Again: next}, now); err != nil {
			t.Fatal(err)
		}
		s := must[[]WorkState](t)(db.Works(t.Context(), WorkFilter{Kind: "k", Pending: true}))
		if len(s) != 1 || !s[0].RunAt.Equal(next.Truncate(time.Microsecond)) {
			t.Errorf("the next round: %+v", s)
		}
		fresh, ok, err := db.ClaimKey(t.Context(), "w", "k:new", "k", time.Minute, now)
		if !ok || err != nil || fresh.Lease.Key != "k:new" {
			t.Errorf("a key that did not exist: %+v %v %v", fresh, ok, err)
		}
	})
}

// Many wakers and many workers: no key is worked on twice at once, and after
// the last wake-up of each key there is a run that began later.
func TestWorkUnderLoad(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		const keys, wakes, workers = 5, 40, 4
		var mu sync.Mutex // guards running, woken, seen
		running, woken, seen := map[string]bool{}, map[string]int{}, map[string]int{}
		var wakers, group sync.WaitGroup
		done := make(chan struct{})
		for k := range keys {
			wakers.Go(func() {
				key := fmt.Sprint("k:", k)
				for range wakes {
					mu.Lock()
					woken[key]++
					mu.Unlock()
					if err := db.Enqueue(t.Context(), key, "k", ""); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for w := range workers {
			group.Go(func() {
				for {
					works, err := db.ClaimWork(t.Context(), fmt.Sprint("w", w), []string{"k"}, 2, time.Hour, testNow)
					if err != nil {
						t.Error(err)
						return
					}
					for _, work := range works {
						mu.Lock()
						if running[work.Lease.Key] {
							t.Errorf("%s is worked on twice at once", work.Lease.Key)
						}
						running[work.Lease.Key] = true
						seen[work.Lease.Key] = woken[work.Lease.Key]
						running[work.Lease.Key] = false
						mu.Unlock()
						if err := db.FinishWork(t.Context(), work.Lease, domain.WorkResult{}, testNow); err != nil {
							t.Error(err)
						}
					}
					select {
					case <-done:
						if len(works) == 0 {
							return
						}
					default:
					}
				}
			})
		}
		wakers.Wait()
		close(done)
		group.Wait()
		same(t, "wake-ups that a run has seen", woken, seen)
	})
}

func TestWakeupsSignal(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		wake := db.Wakeups(t.Context())
		for { // PostgreSQL's listener may still be connecting
			if err := db.Enqueue(t.Context(), "k:1", "k", ""); err != nil {
				t.Fatal(err)
			}
			select {
			case <-wake:
				return
			case <-t.Context().Done():
				t.Fatal("no signal")
			default:
			}
		}
	})
}
