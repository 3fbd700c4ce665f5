package store

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/followthrough/followthrough/evidence"
)

// formerKeyRow is a public key that signed the log before.
type formerKeyRow struct {
	Num          int64 `gorm:"primaryKey;autoIncrement:false"`
	PublicKey    string
	Announcement string
	ReplacedAt   instant
}

// TableName implements schema.Tabler.
func (formerKeyRow) TableName() string { return "log_keys" }

func (db *DB) formerKeys(ctx context.Context) ([]evidence.FormerKey, error) {
	var rows []formerKeyRow
	if err := db.point(ctx).Order("num").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	var out []evidence.FormerKey
	for _, r := range rows {
		out = append(out, evidence.FormerKey{Key: r.PublicKey, Announcement: r.Announcement})
	}
	return out, nil
}

// AnnounceKey makes the next key and names it in a leaf. The present key goes
// on signing until ReplaceKey. A key that is announced already stays the next.
func (db *DB) AnnounceKey(ctx context.Context, reason string) error {
	return db.write(ctx, func(tx *txn) error {
		if _, err := tx.next("history", 0); err != nil { // the sequencer first, like every writer
			return err
		}
		var row logRow
		if err := tx.forUpdate().Take(&row).Error; err != nil || row.NextKey != "" {
			return err
		}
		secret, public, err := note.GenerateKey(rand.Reader, row.Name)
		if err != nil {
			return err
		}
		sealed, err := db.seal.seal(public+"\n"+secret, place("logs", row.Name, "next_key"))
		if err != nil {
			return err
		}
		if err := tx.Exec("UPDATE logs SET next_key = ?", sealed).Error; err != nil {
			return err
		}
		_, _, err = tx.appendLog(evidence.KindKey, evidence.Datum("before", row.PublicKey), evidence.Datum("key", public), evidence.Datum("reason", reason))
		return err
	})
}

// ReplaceKey lets the announced key sign from now on. The announcement is the
// head in which the present key signed its leaf; the present secret is gone then.
func (db *DB) ReplaceKey(ctx context.Context, announcement []byte) error {
	return db.write(ctx, func(tx *txn) error {
		var row logRow
		if err := tx.forUpdate().Take(&row).Error; err != nil {
			return err
		}
		next, err := db.seal.open(row.NextKey, place("logs", row.Name, "next_key"))
		if err != nil {
			return err
		}
		public, secret, ok := strings.Cut(next, "\n")
		if !ok {
			return errors.New("the next key of the evidence log cannot be read")
		}
		sealed, err := db.seal.seal(secret, place("logs", row.Name, "signing_key"))
		if err != nil {
			return err
		}
		var before int64
		if err := tx.Model(&formerKeyRow{}).Count(&before).Error; err != nil {
			return err
		}
		former := formerKeyRow{Num: before + 1, PublicKey: row.PublicKey, Announcement: string(announcement), ReplacedAt: newInstant(tx.now)}
		if err := tx.Create(&former).Error; err != nil {
			return err
		}
		return tx.Exec("UPDATE logs SET signing_key = ?, public_key = ?, next_key = ''", sealed, public).Error
	})
}
