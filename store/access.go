package store

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

type tokenRow struct {
	ID        string `gorm:"primaryKey"`
	Name      string
	Role      string
	Person    ref
	Teams     string
	Hint      string
	Hash      string
	CreatedAt instant `gorm:"autoCreateTime:false"`
	ExpiresAt instant
	RevokedAt instant
	UsedAt    instant
}

// TableName implements schema.Tabler.
func (tokenRow) TableName() string { return "tokens" }

func newTokenRow(t domain.Token, hash [32]byte) tokenRow {
	return tokenRow{ID: t.ID, Name: t.Name, Role: string(t.Role), Person: ref(t.Person), Teams: toJSON(t.Teams), Hint: t.Hint, Hash: hexHash(hash),
		CreatedAt: newInstant(t.CreatedAt), ExpiresAt: newInstant(t.ExpiresAt), RevokedAt: newInstant(t.RevokedAt), UsedAt: newInstant(t.UsedAt)}
}

func (r tokenRow) token() (domain.Token, error) {
	teams, err := fromJSON[[]domain.TeamID](r.Teams, "teams of token "+r.ID)
	return domain.Token{ID: r.ID, Name: r.Name, Role: domain.Role(r.Role), Person: domain.PersonID(r.Person), Teams: teams, Hint: r.Hint,
		CreatedAt: r.CreatedAt.time(), ExpiresAt: r.ExpiresAt.time(), RevokedAt: r.RevokedAt.time(), UsedAt: r.UsedAt.time()}, err
}

func hexHash(hash [32]byte) string { return hex.EncodeToString(hash[:]) }

// CreateToken stores an API token by the hash of its secret.
func (db *DB) CreateToken(ctx context.Context, by domain.Attribution, token domain.Token, hash [32]byte) (domain.Token, error) {
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		row := newTokenRow(token, hash)
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		var err error
		if token, err = row.token(); err != nil {
			return err
		}
		created := createdFields([]domain.FieldChange{{Field: "name", To: row.Name}, {Field: "role", To: row.Role},
			{Field: "person", To: string(row.Person)}, {Field: "teams", To: strings.Join(texts(token.Teams), "\n")}})
		if err := tx.history(domain.SubjectToken, row.ID, by, entries(created)); err != nil {
			return err
		}
		return tx.remember(by, domain.SubjectToken, row.ID)
	})
	if errors.Is(err, gorm.ErrForeignKeyViolated) {
		return domain.Token{}, domain.Invalid("person", "there is no person %q", token.Person)
	}
	if err != nil {
		return domain.Token{}, err
	}
	return token, nil
}

// TokenByHash finds a token by its secret's hash, with the person it belongs
// to, if any. Whether it still opens the door is for the caller to judge.
func (db *DB) TokenByHash(ctx context.Context, hash [32]byte) (domain.Token, domain.Person, error) {
	var row tokenRow
	if err := db.point(ctx).Where("hash = ?", hexHash(hash)).Take(&row).Error; err != nil {
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return domain.Token{}, domain.Person{}, domain.Errorf(domain.ErrNotFound, "the token does not exist")
		}
		return domain.Token{}, domain.Person{}, asDomain(err)
	}
	token, err := row.token()
	if err != nil || token.Person == "" {
		return token, domain.Person{}, err
	}
	person, err := db.Person(ctx, token.Person)
	return token, person, err
}

// Tokens lists all tokens, newest first, without their hashes.
func (db *DB) Tokens(ctx context.Context) ([]domain.Token, error) {
	var rows []tokenRow
	if err := db.read(ctx).Order("created_at DESC, id").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	tokens := make([]domain.Token, len(rows))
	for n, row := range rows {
		var err error
		if tokens[n], err = row.token(); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

// RevokeToken ends a token. Revoking it again changes nothing.
func (db *DB) RevokeToken(ctx context.Context, by domain.Attribution, id string) error {
	return db.write(ctx, func(tx *txn) error {
		var row tokenRow
		if err := tx.forUpdate().Where("id = ?", id).Take(&row).Error; err != nil {
			return found(err, "token", id)
		}
		if row.RevokedAt != 0 {
			return nil
		}
		if err := tx.Exec("UPDATE tokens SET revoked_at = ? WHERE id = ?", newInstant(tx.now), id).Error; err != nil {
			return err
		}
		return tx.history(domain.SubjectToken, id, by, entries(domain.FieldChange{Kind: domain.ChangeConfig, Field: "revoked", To: "true"}))
	})
}

// TouchToken remembers when a token was last used.
func (db *DB) TouchToken(ctx context.Context, id string, at time.Time) error {
	return db.write(ctx, func(tx *txn) error {
		return one(tx.Exec("UPDATE tokens SET used_at = ? WHERE id = ?", newInstant(at), id), "token", id)
	})
}

type setupRow struct {
	Hash      string `gorm:"primaryKey"`
	ExpiresAt instant
	UsedAt    instant
}

// TableName implements schema.Tabler.
func (setupRow) TableName() string { return "setups" }

// CreateSetup stores the hash of a one-time link; earlier links end.
func (db *DB) CreateSetup(ctx context.Context, hash [32]byte, expires time.Time) error {
	return db.write(ctx, func(tx *txn) error {
		if err := tx.Exec("DELETE FROM setups WHERE used_at IS NULL").Error; err != nil {
			return err
		}
		row := setupRow{Hash: hexHash(hash), ExpiresAt: newInstant(expires)}
		return tx.Create(&row).Error
	})
}

// UseSetup creates the first person with a one-time link. One conditional
// update decides who comes first.
func (db *DB) UseSetup(ctx context.Context, hash [32]byte, now time.Time, create func() domain.Person) (domain.Person, error) {
	var p domain.Person
	err := db.write(ctx, func(tx *txn) error {
		done := tx.Exec("UPDATE setups SET used_at = ? WHERE hash = ? AND used_at IS NULL AND expires_at > ? AND NOT EXISTS (SELECT 1 FROM people)",
			newInstant(now), hexHash(hash), newInstant(now))
		if done.Error != nil {
			return done.Error
		}
		if done.RowsAffected != 1 {
			return domain.Errorf(domain.ErrUnauthorized, "this set-up link is not valid any more; start the program again to get a new one")
		}
		var err error
		person := create()
		p, err = tx.insertPerson(person, domain.Attribution{Source: domain.FromSystem, Actor: "system", Reason: "set-up link"})
		return err
	})
	if err != nil {
		return domain.Person{}, err
	}
	return p, nil
}

type passwordRow struct {
	Person    string `gorm:"primaryKey"`
	Hash      string
	UpdatedAt instant `gorm:"autoUpdateTime:false"`
}

// TableName implements schema.Tabler.
func (passwordRow) TableName() string { return "passwords" }

// SetPassword stores the hash of a person's password and ends their sessions.
// An empty hash removes it.
func (db *DB) SetPassword(ctx context.Context, by domain.Attribution, person domain.PersonID, hash string) error {
	err := db.write(ctx, func(tx *txn) error {
		for _, statement := range []string{"DELETE FROM passwords WHERE person = ?", "DELETE FROM sessions WHERE person = ?"} {
			if err := tx.Exec(statement, string(person)).Error; err != nil {
				return err
			}
		}
		change := domain.FieldChange{Kind: domain.ChangeConfig, Field: "password", To: "removed"}
		if hash != "" {
			change.To = "set"
			row := passwordRow{Person: string(person), Hash: hash, UpdatedAt: newInstant(tx.now)}
			if err := tx.Create(&row).Error; err != nil {
				return err
			}
		}
		return tx.history(domain.SubjectPerson, string(person), by, entries(change))
	})
	if errors.Is(err, gorm.ErrForeignKeyViolated) {
		return notFound("person", string(person))
	}
	return err
}

// PasswordHash returns the hash of a person's password; empty when there is none.
func (db *DB) PasswordHash(ctx context.Context, person domain.PersonID) (string, error) {
	var hash string
	err := db.point(ctx).Raw("SELECT hash FROM passwords WHERE person = ?", string(person)).Scan(&hash).Error
	return hash, asDomain(err)
}
