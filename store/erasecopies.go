package store

import (
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// eraseCopies takes the texts out of what holds them beside the history, and
// adds to counts what the history never had.
func (tx *txn) eraseCopies(subject domain.Subject, key string, fields []string, counts map[string]int) error {
	switch subject {
	case domain.SubjectMeasure:
		if err := tx.eraseSynchronised(key, fields); err != nil {
			return err
		}
	case domain.SubjectReview:
		if err := tx.eraseMessages(key, fields, counts); err != nil {
			return err
		}
	case domain.SubjectIncident:
	default:
		return nil
	}
	return tx.eraseDocuments(subject, key, fields)
}

// eraseSynchronised empties what was kept for the synchronisation.
func (tx *txn) eraseSynchronised(key string, fields []string) error {
	if err := tx.Exec("UPDATE conflicts SET base = '', ours = '', theirs = '', winner = '' WHERE measure = ? AND field IN ? AND resolved_at IS NOT NULL", key, fields).Error; err != nil {
		return err
	}
	return tx.Exec("DELETE FROM deliveries WHERE state <> 'stored' AND tracker IN (SELECT tracker FROM links WHERE measure = ?)", key).Error
}

// eraseMessages takes out who said what. The digest goes too: a short message
// could be guessed from it.
func (tx *txn) eraseMessages(key string, fields []string, counts map[string]int) error {
	for _, field := range fields {
		id, ok := strings.CutPrefix(field, domain.MessageField)
		if !ok {
			continue
		}
		var rows []reviewMessageRow
		if err := tx.Where("incident = ? AND id = ? AND statement <> ?", key, id, domain.ErasedText).Find(&rows).Error; err != nil {
			return err
		}
		for _, row := range rows {
			m := row.message()
			m.Erase()
			err := tx.Exec("UPDATE review_messages SET sender = ?, statement = ?, diverges = ?, digest = ? WHERE id = ?", m.Sender, m.Statement, m.Diverges, "erased "+m.ID, m.ID).Error
			if err != nil {
				return err
			}
			counts[field]++
		}
	}
	return nil
}

// eraseDocuments takes the texts out of published reviews. That is the only way
// a published version ever changes; its row says when.
func (tx *txn) eraseDocuments(subject domain.Subject, key string, fields []string) error {
	var rows []reviewVersionRow
	find := tx.Where("incident = ?", key)
	if subject == domain.SubjectMeasure {
		find = tx.Where("document LIKE ?", `%"`+key+`"%`)
	}
	if err := find.Order("incident, number").Find(&rows).Error; err != nil {
		return err
	}
	for _, row := range rows {
		v, err := row.version()
		if err != nil {
			return err
		}
		if before := toJSON(v.Document); !v.Document.Erase(subject, key, fields) || toJSON(v.Document) == before {
			continue
		}
		err = tx.Exec("UPDATE review_versions SET document = ?, erased_at = ? WHERE incident = ? AND number = ?", toJSON(v.Document), newInstant(tx.now), row.Incident, row.Number).Error
		if err != nil {
			return err
		}
		// Rows come in the order of their numbers: the words of the last one stay, which readers search.
		if err := tx.Exec("UPDATE reviews SET published_words = ? WHERE incident = ?", v.Document.Review.Words(), row.Incident).Error; err != nil {
			return err
		}
	}
	return nil
}
