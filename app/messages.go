package app

import (
	"context"
	"fmt"

	"github.com/followthrough/followthrough/domain"
)

type messageStore interface {
	Messages(ctx context.Context, scope domain.Scope, key domain.IncidentKey) ([]domain.Message, error)
	AddMessages(ctx context.Context, scope domain.Scope, key domain.IncidentKey, by domain.Attribution, file string, messages []domain.Message) (domain.MessageImport, error)
	UpdateMessages(ctx context.Context, scope domain.Scope, key domain.IncidentKey, by domain.Attribution, id, channel string, edit domain.MessageEdit) (int, error)
	History(ctx context.Context, scope domain.Scope, subject domain.Subject, key string, page domain.Page) (domain.List[domain.Change], error)
}

// Messages returns what was said during an incident, in the order of time.
func (s *Reviews) Messages(ctx context.Context, by domain.Actor, key domain.IncidentKey) ([]domain.Message, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	return s.Store.Messages(ctx, by.Scope, key)
}

// AddMessages stores messages that a person entered (file is empty) or that
// were read from a file: all of them or none. What is stored already is skipped.
func (s *Reviews) AddMessages(ctx context.Context, by domain.Actor, key domain.IncidentKey, file string, messages []domain.Message) (domain.MessageImport, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.MessageImport{}, err
	}
	if len(messages) == 0 {
		return domain.MessageImport{}, domain.Invalid("messages", "is empty; give at least one message")
	}
	if len(messages) > domain.MaxMessages {
		return domain.MessageImport{}, domain.Invalid("messages", "has %d entries; at most %d are accepted", len(messages), domain.MaxMessages)
	}
	now := s.Now()
	for n := range messages {
		messages[n].ID = newID("c_")
		if err := messages[n].Check(now); err != nil {
			if len(messages) == 1 {
				return domain.MessageImport{}, err
			}
			return domain.MessageImport{}, domain.Invalid(fmt.Sprintf("messages[%d]", n), "%s", err.Error())
		}
	}
	review, err := s.Store.Review(ctx, by.Scope, key)
	if err != nil {
		return domain.MessageImport{}, err
	}
	if !review.Editable() {
		return domain.MessageImport{}, domain.Errorf(domain.ErrConflict, "the review of %s is %s; take it back to draft before you change it", key, review.State)
	}
	who := creation(ctx, by, "")
	if file != "" {
		who.External = file
	}
	result, err := s.Store.AddMessages(ctx, by.Scope, key, who, file, messages)
	if _, again := replayed(err); again {
		return domain.MessageImport{File: file, Skipped: len(messages)}, nil
	}
	return result, err
}

// EditMessage says whom a message informed, or that it diverges from others.
func (s *Reviews) EditMessage(ctx context.Context, by domain.Actor, key domain.IncidentKey, id string, edit domain.MessageEdit) error {
	return s.editMessages(ctx, by, key, id, "", edit)
}

// EditChannel says whom all messages of a channel informed.
func (s *Reviews) EditChannel(ctx context.Context, by domain.Actor, key domain.IncidentKey, channel, audience string) error {
	return s.editMessages(ctx, by, key, "", channel, domain.MessageEdit{Audience: domain.Some(audience)})
}

func (s *Reviews) editMessages(ctx context.Context, by domain.Actor, key domain.IncidentKey, id, channel string, edit domain.MessageEdit) error {
	if err := by.Require(domain.CanEdit); err != nil {
		return err
	}
	if err := edit.Check(); err != nil {
		return err
	}
	review, err := s.Store.Review(ctx, by.Scope, key)
	if err != nil {
		return err
	}
	if !review.Editable() {
		return domain.Errorf(domain.ErrConflict, "the review of %s is %s; take it back to draft before you change it", key, review.State)
	}
	_, err = s.Store.UpdateMessages(ctx, by.Scope, key, attribution(ctx, by, ""), id, channel, edit)
	return err
}
