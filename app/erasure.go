package app

import (
	"context"
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

type eraser interface {
	Erase(ctx context.Context, by domain.Attribution, subject domain.Subject, key string, fields []string) (int, error)
	UpdateMeasure(ctx context.Context, scope domain.Scope, key domain.MeasureKey, version int64, by domain.Attribution, change func(*domain.Measure) error) (domain.Measure, error)
	UpdateIncident(ctx context.Context, scope domain.Scope, key domain.IncidentKey, version int64, by domain.Attribution,
		change func(i *domain.Incident, measures func() ([]domain.Measure, error)) error) (domain.Incident, error)
	UpdateReview(ctx context.Context, scope domain.Scope, key domain.IncidentKey, version int64, by domain.Attribution,
		change func(r *domain.Review, i domain.Incident, plan func() ([]domain.Measure, []domain.Message, error)) (*domain.ReviewDocument, error)) (domain.Review, error)
	UpdatePerson(ctx context.Context, by domain.Attribution, id domain.PersonID, version int64, change func(*domain.Person) error) (domain.Person, error)
}

// Erasure names texts to be erased from the present and from the history.
type Erasure struct {
	Subject domain.Subject // measure, incident, review or person
	Key     string         // of a review the incident's
	// Fields of a measure, incident or review; of a person everything goes.
	Fields []string
	Reason string
}

// Erase takes texts away for good, now and in the history. The log keeps that
// they were there, how many, and why they went; every proof stays valid. Packs
// that were handed out before cannot be called back.
func (s *Evidence) Erase(ctx context.Context, by domain.Actor, e Erasure) (int, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return 0, err
	}
	if strings.TrimSpace(e.Reason) == "" || len(e.Reason) > 500 {
		return 0, domain.Invalid("reason", "has %d characters; say in 1 to 500 on which ground it is erased, and not what", len(e.Reason))
	}
	attribution := domain.By(by, e.Reason)
	var err error
	switch e.Subject {
	case domain.SubjectMeasure:
		if err = erasable(e.Fields, "title", "description", "closure_note", "external_owner", "reason"); err == nil {
			_, err = s.Store.UpdateMeasure(ctx, by.Scope, domain.MeasureKey(e.Key), 0, attribution, func(m *domain.Measure) error {
				m.Erase(e.Fields)
				return nil
			})
		}
	case domain.SubjectIncident:
		if err = erasable(e.Fields, "title", "summary", "reason"); err == nil {
			_, err = s.Store.UpdateIncident(ctx, by.Scope, domain.IncidentKey(e.Key), 0, attribution, func(i *domain.Incident, _ func() ([]domain.Measure, error)) error {
				i.Erase(e.Fields)
				return nil
			})
		}
	case domain.SubjectReview:
		if err = erasable(e.Fields, "summary", "communication", "teamwork", "reason", domain.EntryField+"ID", domain.MessageField+"ID"); err == nil {
			_, err = s.Store.UpdateReview(ctx, by.Scope, domain.IncidentKey(e.Key), 0, attribution, func(r *domain.Review, _ domain.Incident,
				_ func() ([]domain.Measure, []domain.Message, error)) (*domain.ReviewDocument, error) {
				r.Erase(e.Fields)
				return nil, nil //nolint:nilnil // nothing is published
			})
		}
	case domain.SubjectPerson:
		e.Fields = nil
		_, err = s.Store.UpdatePerson(ctx, attribution, domain.PersonID(e.Key), 0, func(p *domain.Person) error {
			p.Name, p.Email, p.Disabled = domain.ErasedText, "", true
			return nil
		})
	default:
		return 0, domain.Invalid("subject", "%q cannot be erased; use measure, incident, review or person", e.Subject)
	}
	if err != nil {
		return 0, err
	}
	return s.Store.Erase(ctx, attribution, e.Subject, e.Key, e.Fields)
}

// erasable refuses fields that are not known; one that is known as entry/ID
// stands for the entry of any id.
func erasable(fields []string, known ...string) error {
	if len(fields) == 0 {
		return domain.Invalid("fields", "are missing; name one or more of %s", strings.Join(known, ", "))
	}
	for _, f := range fields {
		form := f
		if prefix, id, ok := strings.Cut(f, "/"); ok && id != "" && len(id) <= 80 && !strings.Contains(id, "/") {
			form = prefix + "/ID"
		}
		if !slices.Contains(known, form) {
			return domain.Invalid("fields", "%q holds no text of its own; use %s", f, strings.Join(known, ", "))
		}
	}
	return nil
}
