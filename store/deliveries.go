package store

import (
	"context"

	"gorm.io/gorm/clause"

	"github.com/followthrough/followthrough/domain"
)

// HookWork is the kind of the work that reads stored deliveries; its key is
// "hook:" and the tracker's id.
const HookWork = "hook"

type deliveryRow struct {
	Num        int64 `gorm:"primaryKey;autoIncrement:false"`
	Tracker    string
	ID         string
	Event      string
	Headers    string
	Body       []byte
	State      string
	Note       string
	ReceivedAt instant
}

// TableName implements schema.Tabler.
func (deliveryRow) TableName() string { return "deliveries" }

func (r deliveryRow) delivery() (domain.Delivery, error) {
	headers, err := fromJSON[map[string]string](r.Headers, "headers of delivery "+r.ID)
	return domain.Delivery{Tracker: domain.TrackerID(r.Tracker), ID: r.ID, Event: r.Event, Header: headers, Body: r.Body,
		ReceivedAt: r.ReceivedAt.time(), State: domain.DeliveryState(r.State), Note: r.Note}, err
}

// StoreDelivery keeps a delivery and wakes its tracker's hook work in the same
// transaction. A delivery that is known already is not stored again; one that
// failed waits for processing again.
func (db *DB) StoreDelivery(ctx context.Context, d domain.Delivery) error {
	row := deliveryRow{Tracker: string(d.Tracker), ID: d.ID, Event: d.Event, Headers: toJSON(d.Header), Body: d.Body,
		State: string(domain.DeliveryStored), ReceivedAt: newInstant(d.ReceivedAt)}
	if row.Body == nil {
		row.Body = []byte{}
	}
	return db.write(ctx, func(tx *txn) error {
		if err := tx.liveTracker(domain.Everything(), d.Tracker); err != nil {
			return err
		}
		var known []deliveryRow
		if err := tx.forUpdate().Omit("body").Where("tracker = ? AND id = ?", row.Tracker, row.ID).Find(&known).Error; err != nil {
			return err
		}
		if len(known) == 0 {
			num, err := tx.next("delivery", 1)
			if err != nil {
				return err
			}
			stored := row
			stored.Num = num
			done := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tracker"}, {Name: "id"}}, DoNothing: true}).Create(&stored)
			if done.Error != nil {
				return done.Error
			}
			return tx.wakeHooks(d.Tracker)
		}
		if known[0].State != string(domain.DeliveryFailed) {
			return nil
		}
		if err := tx.Exec("UPDATE deliveries SET state = ?, note = '' WHERE num = ?", row.State, known[0].Num).Error; err != nil {
			return err
		}
		return tx.wakeHooks(d.Tracker)
	})
}

func (tx *txn) wakeHooks(tracker domain.TrackerID) error {
	return tx.enqueue(HookWork, map[string]string{HookWork + ":" + string(tracker): string(tracker)})
}

// deliveryBytes is what one batch of deliveries may hold in memory; a larger
// delivery comes alone.
const deliveryBytes = 32 << 20

// StoredDeliveries returns the oldest deliveries of a tracker that wait for
// processing, in the order they came in.
func (db *DB) StoredDeliveries(ctx context.Context, tracker domain.TrackerID, limit int) ([]domain.Delivery, error) {
	var sizes []struct{ Num, Size int64 }
	err := db.read(ctx).Raw("SELECT num, length(body) AS size FROM deliveries WHERE tracker = ? AND state = 'stored' ORDER BY num LIMIT ?", string(tracker), limit).Scan(&sizes).Error
	if err != nil || len(sizes) == 0 {
		return nil, asDomain(err)
	}
	last, total := sizes[0].Num, int64(0)
	for _, s := range sizes {
		if total += s.Size; total > deliveryBytes {
			break
		}
		last = s.Num
	}
	var rows []deliveryRow
	err = db.read(ctx).Where("tracker = ? AND state = 'stored' AND num <= ?", string(tracker), last).Order("num").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, asDomain(err)
	}
	deliveries := make([]domain.Delivery, len(rows))
	for n, row := range rows {
		if deliveries[n], err = row.delivery(); err != nil {
			return nil, err
		}
	}
	return deliveries, nil
}

// FinishDelivery records what became of a delivery, and why.
func (db *DB) FinishDelivery(ctx context.Context, tracker domain.TrackerID, id string, state domain.DeliveryState, note string) error {
	return db.write(ctx, func(tx *txn) error {
		return one(tx.Exec("UPDATE deliveries SET state = ?, note = ? WHERE tracker = ? AND id = ?", string(state), note, string(tracker), id), "delivery", id)
	})
}
