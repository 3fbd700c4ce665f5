package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// RotateKey makes a new key that signs the log from now on, and returns its
// public half. The present key signs, as its last act, the leaf that names the
// new one, so whoever trusts the old key need not take our word. It can be
// repeated after an interruption and goes on where it stopped.
func (s *Evidence) RotateKey(ctx context.Context, by domain.Actor, reason string) (string, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return "", err
	}
	if reason == "" || len(reason) > 500 {
		return "", domain.Invalid("reason", "has %d characters; say in 1 to 500 why the key is changed", len(reason))
	}
	if _, err := s.sign(ctx); err != nil { // refuses a log that does not continue what was signed
		return "", err
	}
	if err := s.Store.AnnounceKey(ctx, reason); err != nil {
		return "", err
	}
	last, err := s.sign(ctx)
	if err != nil {
		return "", err
	}
	if err := s.Store.ReplaceKey(ctx, last.Note); err != nil {
		return "", err
	}
	if err := s.Sign(ctx); err != nil {
		return "", err
	}
	head, err := s.Store.LogHead(ctx)
	return head.Key, err
}
