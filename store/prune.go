package store

import (
	"context"
	"time"
)

// What is kept for a while only: answers that a repeated request gets again, and
// what trackers sent (security.md C.7).
const (
	idempotencyKept = 30 * 24 * time.Hour
	payloadKept     = 396 * 24 * time.Hour // 13 months
)

// Prune removes old idempotency keys, expired sessions, and the content of old
// deliveries that are worked off. Their ids stay for ever: a delivery that is
// replayed later must still be known.
func (db *DB) Prune(ctx context.Context) error {
	return db.write(ctx, func(tx *txn) error {
		if err := tx.Exec("DELETE FROM idempotency WHERE created_at < ?", newInstant(tx.now.Add(-idempotencyKept))).Error; err != nil {
			return err
		}
		err := tx.Exec("UPDATE deliveries SET headers = '{}', body = ? WHERE received_at < ? AND state <> 'stored' AND length(body) > 0",
			[]byte{}, newInstant(tx.now.Add(-payloadKept))).Error
		if err != nil {
			return err
		}
		return tx.Exec("DELETE FROM sessions WHERE expires_at < ?", newInstant(tx.now)).Error
	})
}
