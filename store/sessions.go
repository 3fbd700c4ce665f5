package store

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"github.com/followthrough/followthrough/domain"
)

type sessionRow struct {
	Hash      string `gorm:"primaryKey"`
	Person    ref
	Data      []byte
	ExpiresAt instant
}

// TableName implements schema.Tabler.
func (sessionRow) TableName() string { return "sessions" }

// Session is a signed-in browser.
type Session = domain.Session

// SaveSession stores a session, new or known.
func (db *DB) SaveSession(ctx context.Context, s Session) error {
	row := sessionRow{Hash: hexHash(s.Hash), Person: ref(s.Person), Data: s.Data, ExpiresAt: newInstant(s.ExpiresAt)}
	if row.Data == nil {
		row.Data = []byte{}
	}
	return db.write(ctx, func(tx *txn) error {
		return tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "hash"}},
			DoUpdates: clause.AssignmentColumns([]string{"person", "data", "expires_at"})}).Create(&row).Error
	})
}

// SessionByHash returns a session that has not expired at now.
func (db *DB) SessionByHash(ctx context.Context, hash [32]byte, now time.Time) (Session, error) {
	var row sessionRow
	if err := db.point(ctx).Where("hash = ? AND expires_at > ?", hexHash(hash), newInstant(now)).Take(&row).Error; err != nil {
		return Session{}, asDomain(found(err, "session", "of this browser"))
	}
	return Session{Hash: hash, Person: domain.PersonID(row.Person), Data: row.Data, ExpiresAt: row.ExpiresAt.time()}, nil
}

// DeleteSession ends one session.
func (db *DB) DeleteSession(ctx context.Context, hash [32]byte) error {
	return db.write(ctx, func(tx *txn) error { return tx.Exec("DELETE FROM sessions WHERE hash = ?", hexHash(hash)).Error })
}

// DeleteSessionsOf ends every session of a person.
func (db *DB) DeleteSessionsOf(ctx context.Context, person domain.PersonID) error {
	return db.write(ctx, func(tx *txn) error { return tx.Exec("DELETE FROM sessions WHERE person = ?", string(person)).Error })
}
