package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// The service removes by itself what is kept for a while only.
func TestServicePrunes(t *testing.T) {
	h := newHouse(t, "sqlite://test.db")
	old := domain.Session{Hash: [32]byte{7}, ExpiresAt: h.now().Add(-time.Hour)}
	if err := h.db.SaveSession(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { h.prune(ctx); close(ended) }()
	gone := func() bool {
		_, err := h.db.SessionByHash(t.Context(), old.Hash, old.ExpiresAt.Add(-time.Minute))
		return errors.Is(err, domain.ErrNotFound)
	}
	for end := time.Now().Add(10 * time.Second); !gone() && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	<-ended
	if !gone() {
		t.Error("an expired session is still there")
	}
}
