package store

import (
	"context"
	"crypto/rand"
	"strings"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/evidence"
)

// beginLog makes the log when there is none yet. Its first leaf seals every
// history row that was written before.
func (db *DB) beginLog(ctx context.Context) error {
	var n int64
	if err := db.point(ctx).Raw("SELECT count(*) FROM logs").Scan(&n).Error; err != nil || n > 0 {
		return asDomain(err)
	}
	return db.write(ctx, func(tx *txn) error {
		if _, err := tx.next("history", 0); err != nil { // take the sequencer: one process begins
			return err
		}
		if err := tx.Raw("SELECT count(*) FROM logs").Scan(&n).Error; err != nil || n > 0 {
			return err
		}
		sealed := &evidence.Range{}
		if err := eachSealed(tx.DB, func(row changeRow) error { sealed.AddSealed(row.sealed()); return nil }); err != nil {
			return err
		}
		row := logRow{Name: "followthrough/" + strings.ToLower(rand.Text()[:16]), Edges: []byte{}}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		_, _, err := tx.appendLog(evidence.KindSeal, evidence.SealData(sealed)...)
		return err
	})
}

// eachSealed calls f for the rows from before the log, in order.
func eachSealed(g *gorm.DB, f func(changeRow) error) error {
	const batch = 1000
	for last := int64(0); ; {
		var rows []changeRow
		if err := g.Where("seq > ? AND leaf IS NULL", last).Order("seq").Limit(batch).Find(&rows).Error; err != nil {
			return err
		}
		for _, row := range rows {
			if err := f(row); err != nil {
				return err
			}
			last = row.Seq
		}
		if len(rows) < batch {
			return nil
		}
	}
}

// sealed is what the seal covers of the row; an erased row keeps it as its salt.
func (r changeRow) sealed() []byte {
	if r.ErasedAt != 0 {
		return r.Salt
	}
	return evidence.SealedRow(r.change(), r.Salt)
}
