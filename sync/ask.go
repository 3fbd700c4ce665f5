package sync

import (
	"context"
	"errors"

	"github.com/followthrough/followthrough/domain"
)

// Resolve reads the issue behind an address that a person gave.
func (e *Engine) Resolve(ctx context.Context, id domain.TrackerID, address string) (domain.Snapshot, error) {
	_, tracker, err := e.open(ctx, id)
	if err != nil {
		return domain.Snapshot{}, err
	}
	return tracker.Resolve(ctx, address)
}

// commenter is a tracker that takes comments.
type commenter interface {
	Comment(ctx context.Context, issue, text string) (url string, err error)
}

// Comment writes a comment into an issue that a person named, and returns its address.
func (e *Engine) Comment(ctx context.Context, id domain.TrackerID, issue, text string) (string, error) {
	_, tracker, err := e.open(ctx, id)
	if err != nil {
		return "", err
	}
	c, ok := tracker.(commenter)
	if !ok {
		return "", domain.Errorf(domain.ErrInvalid, "tracker %s takes no comments", id)
	}
	return c.Comment(ctx, issue, text)
}

// Check runs the mapping check of a tracker.
func (e *Engine) Check(ctx context.Context, id domain.TrackerID) (domain.MappingReport, error) {
	_, tracker, err := e.open(ctx, id)
	if err != nil {
		return domain.MappingReport{}, err
	}
	return tracker.Check(ctx)
}

// Adapter returns the opened adapter of a tracker, for what only one kind of
// tracker can do, such as registering a webhook.
func (e *Engine) Adapter(ctx context.Context, id domain.TrackerID) (domain.TrackerView, Tracker, error) {
	return e.open(ForPerson(ctx), id)
}

// Try opens a tracker with a configuration that is not stored and runs its
// mapping check. Without a credential the stored one is used.
func (e *Engine) Try(ctx context.Context, t domain.Tracker, secrets domain.Secrets) (domain.MappingReport, error) {
	if secrets.Credential == "" {
		stored, err := e.Store.Tracker(ctx, t.ID)
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return domain.MappingReport{}, err
		}
		secrets = stored.Secrets
	}
	tracker, err := e.Open(domain.TrackerView{Tracker: t, Secrets: secrets})
	if err != nil {
		return domain.MappingReport{}, err
	}
	return tracker.Check(ctx)
}
