package app

import (
	"sync"
	"time"
)

// touchEvery is how often the last use of a token is written down.
const touchEvery = time.Minute

// tokenCache remembers who tokens belong to for a moment, and when their use
// was last written down. It is emptied by every change of tokens, people or
// teams, so that a revocation counts from the next request on.
type tokenCache struct {
	keep time.Duration

	mu      sync.Mutex
	known   map[[32]byte]cached
	touched map[string]time.Time
	// changes counts the times the cache was emptied. A look-up that began
	// before the last one may carry what was true before and is not kept.
	changes int
}

type cached struct {
	session Session
	until   time.Time
}

func newTokenCache(keep time.Duration) *tokenCache {
	return &tokenCache{keep: keep, known: map[[32]byte]cached{}, touched: map[string]time.Time{}}
}

func (c *tokenCache) get(hash [32]byte, now time.Time) (Session, bool) {
	if c.keep == 0 {
		return Session{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.known[hash]
	return entry.session, ok && now.Before(entry.until)
}

// mark is taken before a look-up and given to put.
func (c *tokenCache) mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changes
}

func (c *tokenCache) put(hash [32]byte, session Session, now time.Time, mark int) {
	if c.keep == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != mark {
		return
	}
	if len(c.known) > 10_000 {
		clear(c.known)
	}
	c.known[hash] = cached{session, now.Add(c.keep)}
}

func (c *tokenCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	clear(c.known)
}

// due reports whether the token's use is to be written down now.
func (c *tokenCache) due(id string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last, ok := c.touched[id]; ok && now.Sub(last) < touchEvery {
		return false
	}
	if len(c.touched) > 10_000 {
		clear(c.touched)
	}
	c.touched[id] = now
	return true
}
