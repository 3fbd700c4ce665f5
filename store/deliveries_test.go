package store

import (
	"errors"
	"fmt"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

func TestDeliveries(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		addTracker(t, db, "b", nil)
		want := full[domain.Delivery]()
		want.Tracker, want.State, want.Note = "a", domain.DeliveryStored, ""
		if err := errors.Join(db.StoreDelivery(t.Context(), want), db.StoreDelivery(t.Context(), want)); err != nil {
			t.Fatal(err)
		}
		second, elsewhere := want, want
		second.ID, elsewhere.Tracker = "2", "b"
		if err := errors.Join(db.StoreDelivery(t.Context(), second), db.StoreDelivery(t.Context(), elsewhere)); err != nil {
			t.Fatal(err)
		}
		stored := func(limit int) []domain.Delivery {
			return must[[]domain.Delivery](t)(db.StoredDeliveries(t.Context(), "a", limit))
		}
		same(t, "stored, oldest first", []domain.Delivery{want, second}, stored(10))
		same(t, "limited", []domain.Delivery{want}, stored(1))
		hooks := func() int {
			return len(must[[]WorkState](t)(db.Works(t.Context(), WorkFilter{Prefix: "hook:a", Pending: true})))
		}
		if hooks() != 1 {
			t.Error("a delivery wakes nobody")
		}
		settle(t, db)
		if err := db.FinishDelivery(t.Context(), "a", want.ID, domain.DeliveryDone, ""); err != nil {
			t.Fatal(err)
		}
		if err := db.FinishDelivery(t.Context(), "a", "2", domain.DeliveryFailed, "why"); err != nil {
			t.Fatal(err)
		}
		if left := stored(10); len(left) != 0 {
			t.Errorf("%d are left", len(left))
		}
		// A repeated delivery changes nothing, except that a failed one waits again.
		if err := db.StoreDelivery(t.Context(), want); err != nil || len(stored(10)) != 0 || hooks() != 0 {
			t.Errorf("a repeated delivery: %v, %d wait, %d wake", err, len(stored(10)), hooks())
		}
		if err := db.StoreDelivery(t.Context(), second); err != nil || hooks() != 1 {
			t.Errorf("a repeated failed delivery: %v, %d wake", err, hooks())
		}
		same(t, "armed again", []domain.Delivery{second}, stored(10))
		refused(t, "an unknown tracker", db.StoreDelivery(t.Context(), domain.Delivery{Tracker: "none", ID: "x"}), domain.ErrNotFound)
		refused(t, "an unknown delivery", db.FinishDelivery(t.Context(), "a", "none", domain.DeliveryDone, ""), domain.ErrNotFound)

		empty := domain.Delivery{Tracker: "a", ID: "empty", ReceivedAt: testNow, State: domain.DeliveryStored}
		if err := db.StoreDelivery(t.Context(), empty); err != nil {
			t.Errorf("without body and headers: %v", err)
		}
		same(t, "in order", []domain.Delivery{second, empty}, stored(10))
	})
}

// TestDeliveryBatches: a batch holds no more than its bytes; a delivery above
// that comes alone, and none is passed over.
func TestDeliveryBatches(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		for n, size := range []int{10, deliveryBytes / 2, deliveryBytes / 2, 10, deliveryBytes + 1, 10} {
			if err := db.StoreDelivery(t.Context(), domain.Delivery{Tracker: "a", ID: fmt.Sprint(n), Body: make([]byte, size), ReceivedAt: testNow}); err != nil {
				t.Fatal(err)
			}
		}
		var batches []string
		for {
			ids := ""
			for _, d := range must[[]domain.Delivery](t)(db.StoredDeliveries(t.Context(), "a", 100)) {
				ids += d.ID
				if err := db.FinishDelivery(t.Context(), "a", d.ID, domain.DeliveryDone, ""); err != nil {
					t.Fatal(err)
				}
			}
			if ids == "" {
				break
			}
			batches = append(batches, ids)
		}
		same(t, "batches", []string{"01", "23", "4", "5"}, batches)
	})
}

func TestSameDeliveryAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		results := make(chan error, 16)
		for n := range 16 {
			go func() {
				results <- db.StoreDelivery(t.Context(), domain.Delivery{Tracker: "a", ID: "d", Body: fmt.Append(nil, n), ReceivedAt: testNow})
			}()
		}
		for range 16 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if n := len(must[[]domain.Delivery](t)(db.StoredDeliveries(t.Context(), "a", 100))); n != 1 {
			t.Errorf("one delivery was stored %d times", n)
		}
	})
}
