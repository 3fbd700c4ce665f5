package store

import (
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// What is old and done with goes; ids of deliveries and what waits stay.
func TestPrune(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		for id, state := range map[string]domain.DeliveryState{"waits": "", "done": domain.DeliveryDone, "ignored": domain.DeliveryIgnored, "fresh": domain.DeliveryDone} {
			at := testNow.Add(-payloadKept - time.Hour)
			if id == "fresh" {
				at = testNow.Add(-payloadKept + time.Hour)
			}
			if err := db.StoreDelivery(t.Context(), domain.Delivery{Tracker: "a", ID: id, ReceivedAt: at, Body: []byte("{}")}); err != nil {
				t.Fatal(err)
			}
			if state != "" {
				if err := db.FinishDelivery(t.Context(), "a", id, state, ""); err != nil {
					t.Fatal(err)
				}
			}
		}
		for n, ends := range []time.Time{testNow.Add(-time.Second), testNow.Add(time.Hour)} {
			if err := db.SaveSession(t.Context(), domain.Session{Hash: [32]byte{byte(n + 1)}, ExpiresAt: ends}); err != nil {
				t.Fatal(err)
			}
		}
		by := ana()
		by.Idempotency = domain.Idempotency{Key: "k", BodyHash: "h"}
		must[domain.Measure](t)(db.CreateMeasure(t.Context(), domain.Everything(), by, newMeasure(nil)))
		now := db.now
		prune := func(after time.Duration, keys, bodies int64) {
			t.Helper()
			db.now = func() time.Time { return now().Add(after) }
			if err := db.Prune(t.Context()); err != nil {
				t.Fatal(err)
			}
			for query, want := range map[string]int64{"deliveries": 4, "deliveries WHERE length(body) > 0": bodies, "idempotency": keys} {
				if n := count(t, db, "SELECT count(*) FROM "+query); n != want {
					t.Errorf("%d %s are left, want %d", n, query, want)
				}
			}
		}
		prune(0, 1, 2)
		if n := count(t, db, "SELECT count(*) FROM sessions"); n != 1 {
			t.Errorf("%d sessions are left, want the one that has not expired", n)
		}
		prune(idempotencyKept+time.Minute, 0, 1) // what waits keeps its content
	})
}
