package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type setupStore interface {
	HasPeople(ctx context.Context) (bool, error)
	CreateSetup(ctx context.Context, hash [32]byte, expires time.Time) error
	UseSetup(ctx context.Context, hash [32]byte, now time.Time, create func() domain.Person) (domain.Person, error)
}

// setupLife is how long the link to create the administrator works.
const setupLife = 24 * time.Hour

// NewSetup makes the one-time secret with which the first administrator is
// created. It is refused once there is anybody; ok is then false.
func (s *Access) NewSetup(ctx context.Context) (secret string, ok bool, err error) {
	has, err := s.Store.HasPeople(ctx)
	if err != nil || has {
		return "", false, err
	}
	secret = rand.Text()
	err = s.Store.CreateSetup(ctx, sha256.Sum256([]byte(secret)), s.Now().Add(setupLife))
	return secret, err == nil, err
}

// UseSetup creates the first administrator. The secret works once, whoever
// comes first.
func (s *Access) UseSetup(ctx context.Context, secret, name, email string) (domain.Person, error) {
	now := s.Now()
	name = strings.TrimSpace(name)
	admin := domain.Person{ID: domain.PersonID(nameID("p_", name)), Name: name, Email: email, Role: domain.Admin,
		CreatedAt: now, UpdatedAt: now, Version: 1}
	if err := admin.Check(); err != nil {
		return domain.Person{}, err
	}
	return s.Store.UseSetup(ctx, sha256.Sum256([]byte(secret)), now, func() domain.Person { return admin })
}

// SetUp creates the first administrator and a token to come in with, whose
// secret is shown once. Should the token fail although the administrator was
// made, the command line makes another.
func (s *Access) SetUp(ctx context.Context, secret, name, email string) (domain.Person, domain.Token, string, error) {
	admin, err := s.UseSetup(ctx, secret, name, email)
	if err != nil {
		return domain.Person{}, domain.Token{}, "", err
	}
	token, shown, err := s.CreateToken(ctx, ActorOf(admin), domain.Token{Name: "set-up of " + clipName(admin.Name), Role: domain.Admin, Person: admin.ID})
	return admin, token, shown, err
}

// clipName keeps the name of a token within its limit.
func clipName(name string) string {
	if r := []rune(name); len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return name
}
