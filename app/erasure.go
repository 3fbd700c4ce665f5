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
	UpdatePerson(ctx context.Context, by domain.Attribution, id domain.PersonID, version int64, change func(*domain.Person) error) (domain.Person, error)
}

// erasedText stands where a text must be.
const erasedText = "[erased]"

// Erasure names texts to be erased from the present and from the history.
type Erasure struct {
	Subject domain.Subject // measure, incident or person
	Key     string
	// Fields of a measure or incident; of a person everything goes.
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
				blank(e.Fields, "title", &m.Title, erasedText)
				blank(e.Fields, "description", &m.Description, "")
				blank(e.Fields, "closure_note", &m.ClosureNote, erasedText)
				blank(e.Fields, "external_owner", &m.ExternalOwner, "")
				return nil
			})
		}
	case domain.SubjectIncident:
		if err = erasable(e.Fields, "title", "summary", "reason"); err == nil {
			_, err = s.Store.UpdateIncident(ctx, by.Scope, domain.IncidentKey(e.Key), 0, attribution, func(i *domain.Incident, _ func() ([]domain.Measure, error)) error {
				blank(e.Fields, "title", &i.Title, erasedText)
				blank(e.Fields, "summary", &i.Summary, "")
				return nil
			})
		}
	case domain.SubjectPerson:
		e.Fields = nil
		_, err = s.Store.UpdatePerson(ctx, attribution, domain.PersonID(e.Key), 0, func(p *domain.Person) error {
			p.Name, p.Email, p.Disabled = erasedText, "", true
			return nil
		})
	default:
		return 0, domain.Invalid("subject", "%q cannot be erased; use measure, incident or person", e.Subject)
	}
	if err != nil {
		return 0, err
	}
	return s.Store.Erase(ctx, attribution, e.Subject, e.Key, e.Fields)
}

func blank(fields []string, name string, text *string, instead string) {
	if slices.Contains(fields, name) && *text != "" {
		*text = instead
	}
}

func erasable(fields []string, known ...string) error {
	if len(fields) == 0 {
		return domain.Invalid("fields", "are missing; name one or more of %s", strings.Join(known, ", "))
	}
	for _, f := range fields {
		if !slices.Contains(known, f) {
			return domain.Invalid("fields", "%q holds no text of its own; use %s", f, strings.Join(known, ", "))
		}
	}
	return nil
}
