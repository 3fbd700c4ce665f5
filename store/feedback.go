package store

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// ReviewByFeedback finds the review that a feedback form belongs to by the hash
// of the form's secret.
func (db *DB) ReviewByFeedback(ctx context.Context, hash string) (domain.Review, error) {
	var row reviewRow
	if err := db.point(ctx).Where("feedback_hash = ?", hash).Take(&row).Error; err != nil {
		return domain.Review{}, asDomain(found(err, "feedback form", "of this address"))
	}
	return row.review()
}

// AddAnswer stores an anonymous answer. It writes no history: a row with a time
// for every answer would tell who gave it. The answers of the group are written
// again with it, in the order of their random ids: what a database keeps beside a
// row, its place and the transaction it is from, is then the same for all of them.
func (db *DB) AddAnswer(ctx context.Context, key domain.IncidentKey, id string, answer domain.FeedbackAnswer) error {
	return db.write(ctx, func(tx *txn) error {
		if _, err := tx.lockIncident(domain.Everything(), key); err != nil {
			return err
		}
		r, err := reviewOf(tx.DB, key)
		if err != nil {
			return err
		}
		if r.Feedback != domain.FeedbackOpen {
			return domain.Errorf(domain.ErrGone, "the feedback form is closed; thank you all the same")
		}
		var n int64
		if err := tx.Raw("SELECT count(*) FROM review_answers WHERE incident = ?", string(key)).Scan(&n).Error; err != nil {
			return err
		}
		if n >= domain.MaxFeedback {
			return domain.Errorf(domain.ErrGone, "the feedback form has %d answers already and takes no more", domain.MaxFeedback)
		}
		batch := n / domain.FeedbackFloor
		var group []reviewAnswerRow
		if err := tx.Where("incident = ? AND batch = ?", string(key), batch).Find(&group).Error; err != nil {
			return err
		}
		group = append(group, reviewAnswerRow{id, string(key), batch, toJSON(answer)})
		slices.SortFunc(group, func(a, b reviewAnswerRow) int { return strings.Compare(a.ID, b.ID) })
		if err := tx.Where("incident = ? AND batch = ?", string(key), batch).Delete(&reviewAnswerRow{}).Error; err != nil {
			return err
		}
		return tx.Create(&group).Error
	})
}

func answersOf(g *gorm.DB, key domain.IncidentKey) (map[int][]domain.FeedbackAnswer, error) {
	var rows []reviewAnswerRow
	if err := g.Where("incident = ?", string(key)).Order("id").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := map[int][]domain.FeedbackAnswer{}
	for _, row := range rows {
		answer, err := fromJSON[domain.FeedbackAnswer](row.Body, "answer")
		if err != nil {
			return nil, err
		}
		out[int(row.Batch)] = append(out[int(row.Batch)], answer)
	}
	return out, nil
}
