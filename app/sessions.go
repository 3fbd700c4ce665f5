package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type sessionStore interface {
	SaveSession(ctx context.Context, session domain.Session) error
	SessionByHash(ctx context.Context, hash [32]byte, now time.Time) (domain.Session, error)
	DeleteSession(ctx context.Context, hash [32]byte) error
	DeleteSessionsOf(ctx context.Context, person domain.PersonID) error
}

// A browser's session and an invitation are both kept as a hash; the word in
// front keeps one from being used as the other.
func sessionHash(secret string) [32]byte    { return sha256.Sum256([]byte("session\x00" + secret)) }
func invitationHash(secret string) [32]byte { return sha256.Sum256([]byte("invitation\x00" + secret)) }

// SaveSession keeps a browser's session under its secret, which only the
// browser holds in clear.
func (s *Access) SaveSession(ctx context.Context, secret string, session domain.Session) error {
	session.Hash = sessionHash(secret)
	return s.Store.SaveSession(ctx, session)
}

// Session returns the session of a secret; ErrNotFound when there is none.
func (s *Access) Session(ctx context.Context, secret string) (domain.Session, error) {
	return s.Store.SessionByHash(ctx, sessionHash(secret), s.Now())
}

// EndSession signs one browser out.
func (s *Access) EndSession(ctx context.Context, secret string) error {
	return s.Store.DeleteSession(ctx, sessionHash(secret))
}

// EndSessions signs a person out everywhere.
func (s *Access) EndSessions(ctx context.Context, by domain.Actor, person domain.PersonID) error {
	if by.ID != string(person) {
		if err := by.Require(domain.CanManage); err != nil {
			return err
		}
	}
	return s.Store.DeleteSessionsOf(ctx, person)
}

// invitationLife is how long a link to choose a password works.
const invitationLife = 7 * 24 * time.Hour

// Invite makes a one-time secret with which a person chooses a password.
func (s *Access) Invite(ctx context.Context, by domain.Actor, person domain.PersonID) (string, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return "", err
	}
	if _, err := s.Store.Person(ctx, person); err != nil {
		return "", err
	}
	secret := rand.Text()
	return secret, s.Store.SaveSession(ctx, domain.Session{Hash: invitationHash(secret), Person: person, ExpiresAt: s.Now().Add(invitationLife)})
}

// AcceptInvitation gives the invited person the password they chose. The
// secret works once: setting a password ends every session and invitation.
func (s *Access) AcceptInvitation(ctx context.Context, secret, password string) (domain.Person, error) {
	invitation, err := s.Store.SessionByHash(ctx, invitationHash(secret), s.Now())
	if domain.KindOf(err) == domain.ErrNotFound {
		return domain.Person{}, domain.Errorf(domain.ErrUnauthorized, "this invitation is not valid any more; ask an administrator for a new one")
	}
	if err != nil {
		return domain.Person{}, err
	}
	person, err := s.Store.Person(ctx, invitation.Person)
	if err != nil {
		return domain.Person{}, err
	}
	if person.Disabled {
		return domain.Person{}, domain.Errorf(domain.ErrUnauthorized, "this invitation is not valid any more; ask an administrator for a new one")
	}
	return person, s.SetPassword(ctx, ActorOf(person), person.ID, password)
}

// calendarLife is how long the address of a calendar feed works.
const calendarLife = 400 * 24 * time.Hour

func calendarHash(secret string) [32]byte { return sha256.Sum256([]byte("calendar\x00" + secret)) }

// CalendarLink makes a secret that opens the due dates of a person to calendar
// programs, which cannot sign in. Signing out everywhere ends it as well.
func (s *Access) CalendarLink(ctx context.Context, by domain.Actor) (string, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return "", err
	}
	secret := rand.Text()
	return secret, s.Store.SaveSession(ctx, domain.Session{Hash: calendarHash(secret), Person: domain.PersonID(by.ID), ExpiresAt: s.Now().Add(calendarLife)})
}

// CalendarPerson returns whose calendar a secret opens.
func (s *Access) CalendarPerson(ctx context.Context, secret string) (domain.Person, error) {
	session, err := s.Store.SessionByHash(ctx, calendarHash(secret), s.Now())
	if err != nil {
		return domain.Person{}, err
	}
	person, err := s.Store.Person(ctx, session.Person)
	if err == nil && person.Disabled {
		err = domain.Errorf(domain.ErrNotFound, "this calendar is not known")
	}
	return person, err
}
