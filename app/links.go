package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type linkStore interface {
	Measure(ctx context.Context, scope domain.Scope, key domain.MeasureKey) (domain.Measure, error)
	LinksOf(ctx context.Context, scope domain.Scope, keys []domain.MeasureKey) (map[domain.MeasureKey][]domain.Link, error)
	CreateLink(ctx context.Context, scope domain.Scope, by domain.Attribution, link domain.Link) (domain.Link, error)
	DetachLink(ctx context.Context, scope domain.Scope, by domain.Attribution, measure domain.MeasureKey, tracker domain.TrackerID) (domain.Link, error)
	ResumeLink(ctx context.Context, scope domain.Scope, by domain.Attribution, measure domain.MeasureKey, tracker domain.TrackerID) (domain.Link, error)
	TrackerByID(ctx context.Context, scope domain.Scope, id domain.TrackerID) (domain.Tracker, error)
}

// Links are the operations on the ties between measures and issues.
type Links struct {
	Store  linkStore
	Remote Remote
	Now    func() time.Time
}

// Of returns the links of several measures at once.
func (s *Links) Of(ctx context.Context, by domain.Actor, keys []domain.MeasureKey) (map[domain.MeasureKey][]domain.Link, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, nil
	}
	return s.Store.LinksOf(ctx, by.Scope, keys)
}

// List returns the links of one measure.
func (s *Links) List(ctx context.Context, by domain.Actor, key domain.MeasureKey) ([]domain.Link, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	if _, err := s.Store.Measure(ctx, by.Scope, key); err != nil {
		return nil, err
	}
	all, err := s.Store.LinksOf(ctx, by.Scope, []domain.MeasureKey{key})
	return all[key], err
}

// Get returns the link of a measure with a tracker.
func (s *Links) Get(ctx context.Context, by domain.Actor, key domain.MeasureKey, tracker domain.TrackerID) (domain.Link, error) {
	links, err := s.List(ctx, by, key)
	if err != nil {
		return domain.Link{}, err
	}
	for _, link := range links {
		if link.Tracker == tracker && link.State != domain.LinkDetached {
			return link, nil
		}
	}
	return domain.Link{}, domain.Errorf(domain.ErrNotFound, "measure %s has no link with tracker %s", key, tracker)
}

// Add links a measure with a tracker. Without an address an issue is created,
// later and surely; with one the existing issue is adopted: it is read now, so
// that a wrong address is refused at once, and merged like any other.
func (s *Links) Add(ctx context.Context, by domain.Actor, key domain.MeasureKey, tracker domain.TrackerID, address string) (domain.Link, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Link{}, err
	}
	measure, err := s.Store.Measure(ctx, by.Scope, key)
	if err != nil {
		return domain.Link{}, err
	}
	if tracker == "" {
		return domain.Link{}, domain.Invalid("tracker", "is empty; name the tracker to link with")
	}
	if _, err := s.Store.TrackerByID(ctx, by.Scope, tracker); err != nil {
		return domain.Link{}, unknown("tracker", string(tracker), err)
	}
	now := s.Now()
	link := domain.Link{ID: domain.LinkID(newID("l_")), Measure: key, Tracker: tracker, CreatedAt: now, UpdatedAt: now, Version: 1}
	if address = strings.TrimSpace(address); address == "" {
		link.State = domain.LinkCreating
		link.Create = &domain.CreateOp{Nonce: newID("n"), State: domain.CreateQueued}
	} else if err := s.adopt(ctx, &link, measure, address); err != nil {
		return domain.Link{}, err
	}
	made, err := s.Store.CreateLink(ctx, by.Scope, creation(ctx, by, ""), link)
	if _, ok := replayed(err); ok {
		return s.Get(ctx, by, key, tracker)
	}
	return made, err
}

func (s *Links) adopt(ctx context.Context, link *domain.Link, measure domain.Measure, address string) error {
	if len(address) > domain.MaxURL {
		return domain.Invalid("url", "is longer than %d characters", domain.MaxURL)
	}
	if s.Remote == nil {
		return noRemote()
	}
	snapshot, err := s.Remote.Resolve(ctx, link.Tracker, address)
	switch domain.KindOf(err) {
	case domain.ErrNotFound, domain.ErrGone:
		return domain.Invalid("url", "%q is not an issue that tracker %s can read", address, link.Tracker)
	default:
	}
	if err != nil {
		return renamed(fromTracker(err), "address", "url")
	}
	if snapshot.MeasureID != "" && snapshot.MeasureID != measure.ID {
		return domain.Errorf(domain.ErrConflict, "url: %s already carries another measure; unlink it there first", snapshot.Ref.Key)
	}
	link.State, link.Remote, link.Snapshot = domain.LinkPending, snapshot.Ref, &snapshot
	return nil
}

// renamed gives the refused field of an ErrInvalid the name it has here.
func renamed(err error, from, to string) error {
	var e *domain.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != from {
		return err
	}
	return domain.Invalid(to, "%s", e.Fields[0].Message)
}

// Detach ends a link. The issue stays, and so does the measure.
func (s *Links) Detach(ctx context.Context, by domain.Actor, key domain.MeasureKey, tracker domain.TrackerID) (domain.Link, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Link{}, err
	}
	return s.Store.DetachLink(ctx, by.Scope, attribution(ctx, by, ""), key, tracker)
}

// Resume sets a link going again that was stopped because two sides set each
// other's values back.
func (s *Links) Resume(ctx context.Context, by domain.Actor, key domain.MeasureKey, tracker domain.TrackerID) (domain.Link, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Link{}, err
	}
	return s.Store.ResumeLink(ctx, by.Scope, attribution(ctx, by, ""), key, tracker)
}
