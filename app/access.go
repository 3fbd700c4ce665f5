package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type accessStore interface {
	CreateToken(ctx context.Context, by domain.Attribution, token domain.Token, hash [32]byte) (domain.Token, error)
	TokenByHash(ctx context.Context, hash [32]byte) (domain.Token, domain.Person, error)
	Tokens(ctx context.Context) ([]domain.Token, error)
	RevokeToken(ctx context.Context, by domain.Attribution, id string) error
	TouchToken(ctx context.Context, id string, at time.Time) error
	Person(ctx context.Context, id domain.PersonID) (domain.Person, error)
	Team(ctx context.Context, id domain.TeamID) (domain.Team, error)
	setupStore
	passwordStore
	sessionStore
}

// Access are the operations that open the door: tokens and signing in with one.
type Access struct {
	Store accessStore
	Now   func() time.Time
	cache *tokenCache
}

// tokenPrefix lets people and scanners recognise a token of ours.
const tokenPrefix = "ft_"

// CreateToken makes an API token and returns its secret, which is shown once:
// only its hash is kept. Repeating the call under one idempotency key cannot
// show it again and is refused.
func (s *Access) CreateToken(ctx context.Context, by domain.Actor, t domain.Token) (domain.Token, string, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return domain.Token{}, "", err
	}
	now := s.Now()
	secret := tokenPrefix + rand.Text()
	t.ID, t.Name = newID("k_"), strings.TrimSpace(t.Name)
	t.Hint, t.CreatedAt, t.RevokedAt, t.UsedAt = hint(secret), now, time.Time{}, time.Time{}
	if err := t.Check(now); err != nil {
		return domain.Token{}, "", err
	}
	if t.Person != "" {
		if _, err := s.Store.Person(ctx, t.Person); err != nil {
			return domain.Token{}, "", unknown("person", string(t.Person), err)
		}
	}
	for _, team := range t.Teams {
		if _, err := s.Store.Team(ctx, team); err != nil {
			return domain.Token{}, "", unknown("teams", string(team), err)
		}
	}
	made, err := s.Store.CreateToken(ctx, creation(ctx, by, ""), t, sha256.Sum256([]byte(secret)))
	if id, ok := replayed(err); ok {
		return domain.Token{}, "", domain.Errorf(domain.ErrConflict,
			"token %s was already made under this idempotency key; its secret was shown then and cannot be shown again", id)
	}
	if err != nil {
		return domain.Token{}, "", err
	}
	return made, secret, nil
}

// Tokens lists every token, revoked ones included.
func (s *Access) Tokens(ctx context.Context, by domain.Actor) ([]domain.Token, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return nil, err
	}
	return s.Store.Tokens(ctx)
}

// Token returns one token.
func (s *Access) Token(ctx context.Context, by domain.Actor, id string) (domain.Token, error) {
	all, err := s.Tokens(ctx, by)
	if err != nil {
		return domain.Token{}, err
	}
	for _, t := range all {
		if t.ID == id {
			return t, nil
		}
	}
	return domain.Token{}, domain.Errorf(domain.ErrNotFound, "token %s is not known", id)
}

// RevokeToken ends a token; the next request with it is refused.
func (s *Access) RevokeToken(ctx context.Context, by domain.Actor, id string) error {
	if err := by.Require(domain.CanManage); err != nil {
		return err
	}
	defer s.Forget()
	return s.Store.RevokeToken(ctx, attribution(ctx, by, ""), id)
}

// Session is who came in, by which token.
type Session struct {
	Actor  domain.Actor
	Person domain.Person // zero for a token that belongs to nobody
	Token  domain.Token
}

// SignIn returns who a token belongs to. Every reason for refusing it reads
// the same to the caller.
func (s *Access) SignIn(ctx context.Context, secret string) (Session, error) {
	now := s.Now()
	hash := sha256.Sum256([]byte(secret))
	session, ok := s.cache.get(hash, now)
	if !ok {
		mark := s.cache.mark()
		var err error
		if session, err = s.lookUp(ctx, secret, hash); err != nil {
			return Session{}, err
		}
		s.cache.put(hash, session, now, mark)
	}
	if !session.Token.Live(now) || session.Person.Disabled {
		return Session{}, refused()
	}
	if s.cache.due(session.Token.ID, now) {
		if err := s.Store.TouchToken(ctx, session.Token.ID, now); err != nil {
			return Session{}, err
		}
	}
	return session, nil
}

func (s *Access) lookUp(ctx context.Context, secret string, hash [32]byte) (Session, error) {
	if !strings.HasPrefix(secret, tokenPrefix) || len(secret) > 100 {
		return Session{}, refused()
	}
	token, person, err := s.Store.TokenByHash(ctx, hash)
	if domain.KindOf(err) == domain.ErrNotFound {
		return Session{}, refused()
	}
	if err != nil {
		return Session{}, err
	}
	return Session{Actor: actorOf(token, person), Person: person, Token: token}, nil
}

func refused() error {
	return domain.Errorf(domain.ErrUnauthorized, "the token is unknown, expired or revoked; ask an administrator for a new one")
}

// Forget empties the cache of tokens.
func (s *Access) Forget() { s.cache.forget() }

// ActorOf is what a person may do and see, without a token: for a session of
// the web pages.
func ActorOf(p domain.Person) domain.Actor {
	return domain.Actor{ID: string(p.ID), Role: p.Role, Scope: domain.ScopeOf(p.Role, p.Teams), Source: domain.FromUser}
}

// actorOf is what a token opens: never more than the person it belongs to may.
func actorOf(t domain.Token, p domain.Person) domain.Actor {
	if t.Person == "" {
		return domain.Actor{ID: "token:" + t.ID, Role: t.Role, Scope: domain.ScopeOf(t.Role, t.Teams), Source: domain.FromUser}
	}
	role := lesser(t.Role, p.Role)
	teams := p.Teams
	if len(t.Teams) > 0 {
		teams = nil
		for _, team := range t.Teams {
			if domain.ScopeOf(p.Role, p.Teams).Allows(team) {
				teams = append(teams, team)
			}
		}
	}
	return domain.Actor{ID: string(p.ID), Role: role, Scope: domain.ScopeOf(role, teams), Source: domain.FromUser}
}

// lesser is the role that may no more than either of two.
func lesser(a, b domain.Role) domain.Role {
	for _, role := range []domain.Role{domain.Admin, domain.Auditor, domain.Member} {
		if within := mayAll(role, a) && mayAll(role, b); within {
			return role
		}
	}
	return domain.Viewer
}

// mayAll reports whether everything the role may is allowed by the other too.
func mayAll(role, other domain.Role) bool {
	for _, p := range []domain.Permission{domain.CanRead, domain.CanEdit, domain.CanManage, domain.CanAudit} {
		if role.May(p) && !other.May(p) {
			return false
		}
	}
	return true
}
