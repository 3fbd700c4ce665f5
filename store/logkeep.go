package store

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/note"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// checkpointRow is one signed head of the log.
type checkpointRow struct {
	Origin   string `gorm:"primaryKey"`
	Size     int64  `gorm:"primaryKey;autoIncrement:false"`
	Note     string
	SignedAt instant
}

// TableName implements schema.Tabler.
func (checkpointRow) TableName() string { return "checkpoints" }

// witnessRow says that somebody outside has seen a head.
type witnessRow struct {
	Origin    string `gorm:"primaryKey"`
	Size      int64  `gorm:"primaryKey;autoIncrement:false"`
	Kind      string `gorm:"primaryKey"`
	Place     string `gorm:"primaryKey"`
	Reference string
	At        instant
}

// TableName implements schema.Tabler.
func (witnessRow) TableName() string { return "witnesses" }

// LogKey returns the secret key that signs checkpoints, NAME+HASH+KEY with a
// prefix, and makes it on its first use.
func (db *DB) LogKey(ctx context.Context) (string, error) {
	var row logRow
	if err := db.point(ctx).Take(&row).Error; err != nil {
		return "", asDomain(err)
	}
	if row.SigningKey == "" {
		if err := db.newLogKey(ctx, row.Name); err != nil {
			return "", err
		}
		if err := db.point(ctx).Take(&row).Error; err != nil {
			return "", asDomain(err)
		}
	}
	return db.seal.open(row.SigningKey, place("logs", row.Name, "signing_key"))
}

// newLogKey makes the key unless another process was first.
func (db *DB) newLogKey(ctx context.Context, name string) error {
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	sealed, err := db.seal.seal(secret, place("logs", name, "signing_key"))
	if err != nil {
		return err
	}
	return db.write(ctx, func(tx *txn) error {
		return tx.Exec("UPDATE logs SET signing_key = ?, public_key = ? WHERE signing_key = ''", sealed, public).Error
	})
}

// AppendLog adds a leaf about the log itself and returns its number and bytes.
func (db *DB) AppendLog(ctx context.Context, kind string, data []evidence.Field) (num int64, body []byte, err error) {
	err = db.write(ctx, func(tx *txn) error {
		num, body, err = tx.appendLog(kind, data...)
		return err
	})
	return num, body, err
}

// BeginEpoch writes a leaf that says what was lost, and raises the epoch.
func (db *DB) BeginEpoch(ctx context.Context, epoch int64, data []evidence.Field) error {
	return db.write(ctx, func(tx *txn) error {
		num, _, err := tx.appendLog(evidence.KindEpoch, data...)
		if err != nil {
			return err
		}
		begun := tx.Exec("UPDATE logs SET epoch = ?, epoch_leaf = ? WHERE epoch < ?", epoch, num, epoch)
		if begun.Error == nil && begun.RowsAffected != 1 {
			return domain.Errorf(domain.ErrConflict, "epoch %d of the log has begun meanwhile; look whether another one is needed", epoch)
		}
		return begun.Error
	})
}

// SaveCheckpoint stores a signed head. Of a day's heads only the last one and
// those that somebody has seen are kept.
func (db *DB) SaveCheckpoint(ctx context.Context, c evidence.Checkpoint, today time.Time) error {
	return db.write(ctx, func(tx *txn) error {
		row := checkpointRow{Origin: c.Origin, Size: c.Size, Note: string(c.Note), SignedAt: newInstant(tx.now)}
		if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error; err != nil { // a new key signs the same head again
			return err
		}
		return tx.Exec("DELETE FROM checkpoints WHERE origin = ? AND size < ? AND signed_at >= ? AND NOT EXISTS "+
			"(SELECT 1 FROM witnesses w WHERE w.origin = checkpoints.origin AND w.size = checkpoints.size)", c.Origin, c.Size, newInstant(today)).Error
	})
}

// Checkpoints returns signed heads, newest first.
func (db *DB) Checkpoints(ctx context.Context, limit int) ([]evidence.Signed, error) {
	var rows []checkpointRow
	if err := db.read(ctx).Order("signed_at DESC, size DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := make([]evidence.Signed, len(rows))
	for n, r := range rows {
		out[n] = evidence.Signed{Origin: r.Origin, Size: r.Size, Note: r.Note, At: r.SignedAt.time()}
	}
	return out, nil
}

// SaveWitness notes that somebody outside has seen a head.
func (db *DB) SaveWitness(ctx context.Context, w evidence.Witnessed) error {
	return db.write(ctx, func(tx *txn) error {
		row := witnessRow{Origin: w.Origin, Size: w.Size, Kind: w.Kind, Place: w.Place, Reference: w.Reference, At: newInstant(w.At)}
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error
	})
}

// LastWitnessed returns what each kind of witness saw last, newest first.
func (db *DB) LastWitnessed(ctx context.Context) ([]evidence.Witnessed, error) {
	var rows []witnessRow
	err := db.read(ctx).Where("at = (SELECT MAX(w.at) FROM witnesses w WHERE w.kind = witnesses.kind)").Order("at DESC").Find(&rows).Error
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, asDomain(err)
	}
	out := make([]evidence.Witnessed, len(rows))
	for n, r := range rows {
		out[n] = evidence.Witnessed{Origin: r.Origin, Size: r.Size, Kind: r.Kind, Place: r.Place, Reference: r.Reference, At: r.At.time()}
	}
	return out, nil
}
