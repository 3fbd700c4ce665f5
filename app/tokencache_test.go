package app

import (
	"testing"
	"time"
)

// TestTokenCache: what was looked up before the cache was emptied may be what
// was true before, and is not kept.
func TestTokenCache(t *testing.T) {
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	c := newTokenCache(time.Second)
	mark := c.mark()
	c.forget()
	c.put([32]byte{1}, Session{}, now, mark)
	if _, ok := c.get([32]byte{1}, now); ok {
		t.Error("a look-up from before the revocation is kept")
	}
	c.put([32]byte{1}, Session{}, now, c.mark())
	if _, ok := c.get([32]byte{1}, now); !ok {
		t.Error("a fresh look-up is not kept")
	}
	if _, ok := c.get([32]byte{1}, now.Add(time.Second)); ok {
		t.Error("a look-up is kept for too long")
	}
	off := newTokenCache(0)
	off.put([32]byte{1}, Session{}, now, off.mark())
	if _, ok := off.get([32]byte{1}, now); ok {
		t.Error("kept although the cache is off")
	}
	if !c.due("k", now) {
		t.Error("the first use is not written down")
	}
	if c.due("k", now.Add(time.Second)) || !c.due("k", now.Add(touchEvery)) {
		t.Error("the use of a token is written down at the wrong times")
	}
}
