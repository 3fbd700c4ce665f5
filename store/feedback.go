package store

import (
	"context"

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
// for every answer would tell who gave it.
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
		row := reviewAnswerRow{id, string(key), n / domain.FeedbackFloor, toJSON(answer)}
		return tx.Create(&row).Error
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
