package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/followthrough/followthrough/domain"
)

// Messages returns what was said during an incident, in the order of time;
// those without a time come last.
func (db *DB) Messages(ctx context.Context, scope domain.Scope, key domain.IncidentKey) ([]domain.Message, error) {
	if _, err := db.Incident(ctx, scope, key); err != nil {
		return nil, err
	}
	return messagesOf(db.read(ctx), key)
}

func messagesOf(g *gorm.DB, key domain.IncidentKey) ([]domain.Message, error) {
	var rows []reviewMessageRow
	if err := g.Where("incident = ?", string(key)).Order("at IS NULL, at, digest").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := make([]domain.Message, len(rows))
	for n, row := range rows {
		out[n] = row.message()
	}
	return out, nil
}

// AddMessages stores messages that are not there yet. The history gets one row
// for each that was entered, and one row with their count and a hash over all
// of them for a file: a chat of thousands is one decision of one person.
func (db *DB) AddMessages(ctx context.Context, scope domain.Scope, key domain.IncidentKey, by domain.Attribution, file string, messages []domain.Message) (domain.MessageImport, error) {
	result := domain.MessageImport{File: file}
	err := db.write(ctx, func(tx *txn) error {
		result = domain.MessageImport{File: file}
		if err := tx.repeated(by); err != nil {
			return err
		}
		if _, err := tx.lockIncident(scope, key); err != nil {
			return err
		}
		var known []string
		if err := tx.Raw("SELECT digest FROM review_messages WHERE incident = ?", string(key)).Scan(&known).Error; err != nil {
			return err
		}
		seen := make(map[string]bool, len(known))
		for _, digest := range known {
			seen[digest] = true
		}
		var rows []reviewMessageRow
		sum := sha256.New()
		for _, m := range messages {
			m.Incident, m.Source = key, file
			row := newReviewMessageRow(m)
			if seen[row.Digest] {
				result.Skipped++
				continue
			}
			seen[row.Digest] = true
			sum.Write([]byte(row.Digest))
			rows = append(rows, row)
		}
		if len(known)+len(rows) > domain.MaxMessages {
			return domain.Invalid("messages", "%s has %d messages and would have %d more; at most %d are kept", key, len(known), len(rows), domain.MaxMessages)
		}
		result.Added, result.Digest = len(rows), hex.EncodeToString(sum.Sum(nil))
		for chunk := range slices.Chunk(rows, 500) {
			if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(chunk).Error; err != nil {
				return err
			}
		}
		if err := tx.history(domain.SubjectReview, string(key), by, messageEntries(file, rows, result)); err != nil {
			return err
		}
		return tx.remember(by, domain.SubjectReview, string(key))
	})
	return result, err
}

func messageEntries(file string, rows []reviewMessageRow, result domain.MessageImport) []entry {
	if len(rows) == 0 {
		return nil
	}
	if file != "" {
		return entries(domain.FieldChange{Kind: domain.ChangeField, Field: "messages", To: fmt.Sprintf("%s: %d messages, sha256 %s", file, result.Added, result.Digest)})
	}
	var out []domain.FieldChange
	for _, row := range rows {
		out = append(out, domain.FieldChange{Kind: domain.ChangeField, Field: domain.MessageField + row.ID, To: toJSON(row.message())})
	}
	return entries(out...)
}

// UpdateMessages changes the messages that match: one by its id, or all of a
// channel. It returns how many there were.
func (db *DB) UpdateMessages(ctx context.Context, scope domain.Scope, key domain.IncidentKey, by domain.Attribution, id, channel string, edit domain.MessageEdit) (int, error) {
	n := 0
	err := db.write(ctx, func(tx *txn) error {
		if _, err := tx.lockIncident(scope, key); err != nil {
			return err
		}
		column, value, field := "id", id, domain.MessageField+id
		if id == "" {
			column, value, field = "channel", channel, "channel/"+channel
		}
		var rows []reviewMessageRow
		match := tx.Where("incident = ?", string(key)).Where(clause.Eq{Column: clause.Column{Name: column}, Value: value})
		if err := match.Find(&rows).Error; err != nil {
			return err
		}
		if n = len(rows); n == 0 {
			return notFound("message", value)
		}
		var changes []domain.FieldChange
		for _, part := range []struct {
			column string
			edit   domain.Opt[string]
			was    string
		}{{"audience", edit.Audience, rows[0].Audience}, {"diverges", edit.Diverges, rows[0].Diverges}} {
			if !part.edit.Set || n == 1 && part.edit.Value == part.was {
				continue
			}
			done := tx.Model(&reviewMessageRow{}).Where("incident = ?", string(key)).Where(clause.Eq{Column: clause.Column{Name: column}, Value: value}).
				Update(part.column, part.edit.Value)
			if done.Error != nil {
				return done.Error
			}
			changes = append(changes, domain.FieldChange{Kind: domain.ChangeField, Field: field + "/" + part.column, From: part.was, To: part.edit.Value})
		}
		return tx.history(domain.SubjectReview, string(key), by, entries(changes...))
	})
	return n, err
}
