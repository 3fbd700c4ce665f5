package app

import (
	"context"
	"crypto/rand"
	"strings"
	"sync/atomic"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type reminderStore interface {
	roundStore
	noticeStore
	letterStore
	snoozeStore
	noticeSettingsStore
}

type noticeStore interface {
	Notice(ctx context.Context, id string) (domain.Notice, error)
	NoticeByStop(ctx context.Context, stop string) (domain.Notice, error)
	Notices(ctx context.Context, filter domain.NoticeFilter, page domain.Page) (domain.List[domain.Notice], error)
	RetryNotice(ctx context.Context, id string) (domain.Notice, error)
	NoticeCounts(ctx context.Context) (map[domain.NoticeState]int, error)
}

type snoozeStore interface {
	Snooze(ctx context.Context, scope domain.Scope, key domain.MeasureKey) (domain.Snooze, error)
	Snoozes(ctx context.Context, from domain.Date) (map[domain.MeasureKey]domain.Snooze, error)
	SaveSnooze(ctx context.Context, scope domain.Scope, by domain.Attribution, snooze domain.Snooze) error
}

type noticeSettingsStore interface {
	NoticeSettings(ctx context.Context, person domain.PersonID) (domain.NoticeSettings, error)
	AllNoticeSettings(ctx context.Context) (map[domain.PersonID]domain.NoticeSettings, error)
	SaveNoticeSettings(ctx context.Context, by domain.Attribution, settings domain.NoticeSettings) (domain.NoticeSettings, error)
}

// Ways are the ways letters can take; without any, none are written.
type Ways struct {
	Mail  bool
	Chats []domain.ChatChannel
}

// Reminders are the operations on reminders and the weekly digest: who is told
// what on a day, and what has become of it. Sending is not theirs.
type Reminders struct {
	Store    reminderStore
	Policies *Policies
	Now      func() time.Time
	Zone     *time.Location
	// Language is the organisation's, for chats and for people who chose none.
	Language string
	Ways     Ways

	last atomic.Pointer[previewed]
}

func (s *Reminders) today() domain.Date { return domain.DateOf(s.Now().In(s.Zone)) }

// Snoozed returns until when nobody is reminded of a measure.
func (s *Reminders) Snoozed(ctx context.Context, by domain.Actor, key domain.MeasureKey) (domain.Snooze, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Snooze{}, err
	}
	z, err := s.Store.Snooze(ctx, by.Scope, key)
	if err == nil && !z.Active(s.today()) {
		z = domain.Snooze{Measure: key}
	}
	return z, err
}

// Snooze holds the reminders of a measure up until a day, for a reason.
// Escalations go out all the same.
func (s *Reminders) Snooze(ctx context.Context, by domain.Actor, key domain.MeasureKey, until domain.Date, reason string) (domain.Snooze, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Snooze{}, err
	}
	z := domain.Snooze{Measure: key, Until: until, Reason: domain.NormalText(reason)}
	if err := z.Check(s.today()); err != nil {
		return domain.Snooze{}, err
	}
	if err := s.Store.SaveSnooze(ctx, by.Scope, attribution(ctx, by, z.Reason), z); err != nil {
		return domain.Snooze{}, err
	}
	return s.Store.Snooze(ctx, by.Scope, key)
}

// Unsnooze lets the reminders of a measure go out again.
func (s *Reminders) Unsnooze(ctx context.Context, by domain.Actor, key domain.MeasureKey) error {
	if err := by.Require(domain.CanEdit); err != nil {
		return err
	}
	return s.Store.SaveSnooze(ctx, by.Scope, attribution(ctx, by, ""), domain.Snooze{Measure: key})
}

// Settings returns what a person wants to be told: their own, or anybody's for
// administrators.
func (s *Reminders) Settings(ctx context.Context, by domain.Actor, person domain.PersonID) (domain.NoticeSettings, error) {
	if err := own(by, person); err != nil {
		return domain.NoticeSettings{}, err
	}
	if _, err := s.Store.Person(ctx, person); err != nil {
		return domain.NoticeSettings{}, err
	}
	return s.Store.NoticeSettings(ctx, person)
}

// SaveSettings stores what a person wants to be told. Version 0 overwrites
// whatever is there.
func (s *Reminders) SaveSettings(ctx context.Context, by domain.Actor, n domain.NoticeSettings) (domain.NoticeSettings, error) {
	if err := own(by, n.Person); err != nil {
		return domain.NoticeSettings{}, err
	}
	if err := n.Check(); err != nil {
		return domain.NoticeSettings{}, err
	}
	return s.Store.SaveNoticeSettings(ctx, attribution(ctx, by, ""), n)
}

// own refuses to look into somebody else's settings.
func own(by domain.Actor, person domain.PersonID) error {
	if by.ID == string(person) {
		return by.Require(domain.CanRead)
	}
	return by.Require(domain.CanManage)
}

// StopOf returns the letter that a stop key came with.
func (s *Reminders) StopOf(ctx context.Context, stop string) (domain.Notice, error) {
	n, err := s.Store.NoticeByStop(ctx, stop)
	if err == nil && n.Channel != domain.ByMail {
		err = domain.Errorf(domain.ErrNotFound, "this letter is not known")
	}
	return n, err
}

// Stop ends one kind of letter for the person a stop key was sent to. The key
// opens nothing else.
func (s *Reminders) Stop(ctx context.Context, stop string) (domain.Notice, error) {
	n, err := s.StopOf(ctx, stop)
	if err != nil {
		return n, err
	}
	person := domain.PersonID(n.Target)
	settings, err := s.Store.NoticeSettings(ctx, person)
	if err != nil {
		return n, err
	}
	switch n.Kind {
	case domain.NoticeReminder:
		settings.Reminders = false
	case domain.NoticeDigest:
		settings.Digest = false
	}
	by := domain.Actor{ID: string(person), Source: domain.FromUser}
	_, err = s.Store.SaveNoticeSettings(ctx, attribution(ctx, by, "stopped from a mail"), settings)
	return n, err
}

// Notices lists letters, newest first: all for administrators, their own for
// everybody else.
func (s *Reminders) Notices(ctx context.Context, by domain.Actor, filter domain.NoticeFilter, page domain.Page) (domain.List[domain.Notice], error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.List[domain.Notice]{}, err
	}
	if err := checkPage(page, nil); err != nil {
		return domain.List[domain.Notice]{}, err
	}
	if !by.Role.May(domain.CanManage) {
		filter.Person = domain.PersonID(by.ID)
	}
	return s.Store.Notices(ctx, filter, page)
}

// Retry makes a letter that was given up due again.
func (s *Reminders) Retry(ctx context.Context, by domain.Actor, id string) (domain.Notice, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return domain.Notice{}, err
	}
	return s.Store.RetryNotice(ctx, id)
}

// Counts counts the letters by state.
func (s *Reminders) Counts(ctx context.Context) (map[domain.NoticeState]int, error) {
	return s.Store.NoticeCounts(ctx)
}

// newNotice is a letter to be written down.
func (s *Reminders) newNotice(kind domain.NoticeKind, channel domain.NoticeChannel, target, period string, items []domain.NoticeItem) domain.Notice {
	now := s.Now()
	return domain.Notice{ID: newID("n_"), Kind: kind, Channel: channel, Target: target, Period: period, Items: items,
		State: domain.NoticeWaiting, Stop: strings.ToLower(rand.Text()), CreatedAt: now, UpdatedAt: now}
}
