package web

import (
	"sync"
	"time"
)

// maxFailures is how many wrong passwords an address or an account may see
// within failureWindow before both have to wait.
const (
	maxFailures   = 10
	failureWindow = 15 * time.Minute
)

// failures counts wrong sign-ins. It forgets everything after the window, so
// that it stays small and nobody is locked out for long.
type failures struct {
	mu    sync.Mutex
	since time.Time
	count map[string]int
}

func newFailures() *failures { return &failures{count: map[string]int{}} }

// locked reports whether one of the names has failed too often.
func (f *failures) locked(now time.Time, names ...string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget(now)
	for _, name := range names {
		if f.count[name] >= maxFailures {
			return true
		}
	}
	return false
}

func (f *failures) add(now time.Time, names ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget(now)
	for _, name := range names {
		f.count[name]++
	}
}

// succeed clears an account, so that its owner's typing errors do not add up.
func (f *failures) succeed(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.count, name)
}

func (f *failures) forget(now time.Time) {
	if now.Sub(f.since) >= failureWindow || len(f.count) > 100_000 {
		f.since = now
		clear(f.count)
	}
}
