package store

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"github.com/followthrough/followthrough/domain"
)

// Delivery is one webhook delivery as it came in: its signature was checked,
// nothing of it was read yet.
type Delivery struct {
	ID      string // ours
	Tracker domain.TrackerID
	// Delivery is the tracker's id of it, unique per tracker.
	Delivery   string
	Headers    map[string]string
	Body       []byte
	State      DeliveryState
	LastError  string
	ReceivedAt time.Time
}

// DeliveryState says how far a delivery has come.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryNew    DeliveryState = "new"
	DeliveryDone   DeliveryState = "done"
	DeliveryFailed DeliveryState = "failed"
)

type deliveryRow struct {
	ID         string `gorm:"primaryKey"`
	Tracker    string
	Delivery   string
	Headers    string
	Body       []byte
	State      string
	LastError  string
	ReceivedAt instant
}

// TableName implements schema.Tabler.
func (deliveryRow) TableName() string { return "deliveries" }

// StoreDelivery keeps a delivery and enqueues work of the kind with the key
// "kind:ID" in the same transaction. A delivery that is known already is not
// stored again and reports false; one that failed is armed again.
func (db *DB) StoreDelivery(ctx context.Context, d Delivery, kind string) (fresh bool, err error) {
	row := deliveryRow{ID: d.ID, Tracker: string(d.Tracker), Delivery: d.Delivery, Headers: toJSON(d.Headers), Body: d.Body,
		State: string(DeliveryNew), ReceivedAt: newInstant(d.ReceivedAt)}
	if row.Body == nil {
		row.Body = []byte{}
	}
	err = db.write(ctx, func(tx *txn) error {
		if _, err := tx.liveTracker(domain.Everything(), d.Tracker); err != nil {
			return err
		}
		done := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tracker"}, {Name: "delivery"}}, DoNothing: true}).Create(&row)
		if done.Error != nil {
			return done.Error
		}
		if fresh = done.RowsAffected == 1; fresh {
			return tx.enqueue(kind, map[string]string{kind + ":" + row.ID: row.ID})
		}
		var known deliveryRow
		if err := tx.Where("tracker = ? AND delivery = ?", row.Tracker, row.Delivery).Take(&known).Error; err != nil {
			return err
		}
		if known.State != string(DeliveryFailed) {
			return nil
		}
		if err := tx.Exec("UPDATE deliveries SET state = ? WHERE id = ?", string(DeliveryNew), known.ID).Error; err != nil {
			return err
		}
		return tx.enqueue(kind, map[string]string{kind + ":" + known.ID: known.ID})
	})
	return fresh, err
}

// Delivery returns one delivery by our id.
func (db *DB) Delivery(ctx context.Context, id string) (Delivery, error) {
	var row deliveryRow
	if err := db.point(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return Delivery{}, asDomain(found(err, "delivery", id))
	}
	headers, err := fromJSON[map[string]string](row.Headers, "headers of delivery "+id)
	return Delivery{ID: row.ID, Tracker: domain.TrackerID(row.Tracker), Delivery: row.Delivery, Headers: headers, Body: row.Body,
		State: DeliveryState(row.State), LastError: row.LastError, ReceivedAt: row.ReceivedAt.time()}, err
}

// FinishDelivery records how a delivery ended.
func (db *DB) FinishDelivery(ctx context.Context, id string, state DeliveryState, problem string) error {
	return db.write(ctx, func(tx *txn) error {
		return one(tx.Exec("UPDATE deliveries SET state = ?, last_error = ? WHERE id = ?", string(state), problem, id), "delivery", id)
	})
}
