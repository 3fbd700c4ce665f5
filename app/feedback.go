package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

type feedbackStore interface {
	ReviewByFeedback(ctx context.Context, hash string) (domain.Review, error)
	AddAnswer(ctx context.Context, key domain.IncidentKey, id string, answer domain.FeedbackAnswer) error
}

// feedbackHash is what is kept of the secret of a form.
func feedbackHash(secret string) string {
	sum := sha256.Sum256([]byte("feedback form\x00" + secret))
	return hex.EncodeToString(sum[:])
}

// OpenFeedback opens the anonymous form and returns the secret of its address,
// which is shown once. Opening it again makes the former address useless.
func (s *Reviews) OpenFeedback(ctx context.Context, by domain.Actor, key domain.IncidentKey) (string, error) {
	secret := strings.ToLower(rand.Text())
	_, err := s.change(ctx, by, key, 0, "", func(r *domain.Review, _ domain.Incident) error {
		return r.OpenFeedback(feedbackHash(secret), s.Now())
	})
	return secret, err
}

// CloseFeedback ends the form; with five answers or more all are shown.
func (s *Reviews) CloseFeedback(ctx context.Context, by domain.Actor, key domain.IncidentKey) (domain.Review, error) {
	return s.change(ctx, by, key, 0, "", func(r *domain.Review, _ domain.Incident) error { return r.CloseFeedback(s.Now()) })
}

// FeedbackForm finds the open form of a secret. It asks for no identity, and
// tells nothing about the incident but its title.
func (s *Reviews) FeedbackForm(ctx context.Context, secret string) (domain.Incident, error) {
	r, err := s.Store.ReviewByFeedback(ctx, feedbackHash(secret))
	if err != nil {
		return domain.Incident{}, err
	}
	if r.Feedback != domain.FeedbackOpen {
		return domain.Incident{}, domain.Errorf(domain.ErrGone, "the feedback form is closed; thank you all the same")
	}
	i, err := s.Store.Incident(ctx, domain.Everything(), r.Incident)
	return domain.Incident{Key: i.Key, Title: i.Title}, err
}

// GiveFeedback stores an anonymous answer.
func (s *Reviews) GiveFeedback(ctx context.Context, secret string, answer domain.FeedbackAnswer) error {
	i, err := s.FeedbackForm(ctx, secret)
	if err != nil {
		return err
	}
	if err := answer.Check(); err != nil {
		return err
	}
	return s.Store.AddAnswer(ctx, i.Key, newID("f_"), answer)
}
