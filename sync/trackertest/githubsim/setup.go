package githubsim

import (
	"fmt"
	"time"
)

// AddUser creates a person. The login must be new.
func (s *Server) AddUser(login string) int64 { return s.addUser(login, "User") }

// AddOrg creates an organisation.
func (s *Server) AddOrg(login string) int64 { return s.addUser(login, "Organization") }

func (s *Server) addUser(login, kind string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newUser(login, kind).id
}

func (s *Server) newUser(login, kind string) *user {
	if s.users[fold(login)] != nil {
		panic("githubsim: there already is a user " + login)
	}
	u := &user{id: s.id(), login: login, kind: kind, since: s.now()}
	s.users[fold(login)], s.usersByID[u.id] = u, u
	return u
}

// RepoOptions configure AddRepo. The zero value is a public repository with
// issues.
type RepoOptions struct {
	Private        bool
	IssuesDisabled bool
}

// AddRepo creates a repository by its full name. An owner that does not exist
// yet is created as a person.
func (s *Server) AddRepo(full string, o RepoOptions) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	login, name := splitName(full)
	owner := s.users[fold(login)]
	if owner == nil {
		owner = s.newUser(login, "User")
	}
	if s.repos[fold(full)] != nil {
		panic("githubsim: there already is a repository " + full)
	}
	r := &repo{
		id: s.id(), owner: owner, name: name, private: o.Private, hasIssues: !o.IssuesDisabled, created: s.now(),
		updated: s.now(), numbers: map[int]*issue{}, labels: map[string]*label{}, roles: map[int64]Role{},
	}
	s.repos[fold(full)], s.reposByID[r.id] = r, r
	delete(s.moved, fold(full))
	s.tick()
	return r.id
}

// Grant gives a user a role in a repository. RoleNone takes it away.
func (s *Server) Grant(full, login string, role Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustRepo(full).roles[s.mustUser(login).id] = role
	s.tick()
}

// TokenOptions restrict a personal access token.
type TokenOptions struct {
	// Expires is when the token stops working; zero means never.
	Expires time.Time
	// ReadOnly refuses every write with 403.
	ReadOnly bool
	// Repos limits the token to these repositories; nil means all.
	Repos []string
}

// Token makes a personal access token for a user, who is created if need be.
func (s *Server) Token(login string, o TokenOptions) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[fold(login)]
	if u == nil {
		u = s.newUser(login, "User")
	}
	t := &token{value: s.secret("ghp_"), user: u, expires: o.Expires, readOnly: o.ReadOnly}
	if o.Repos != nil {
		t.repos = map[int64]bool{}
		for _, full := range o.Repos {
			t.repos[s.mustRepo(full).id] = true
		}
	}
	s.tokens[t.value] = t
	return t.value
}

// SetTokenValue lets a token be used under a fixed value, for configuration
// files written before the server started. It replaces the old value.
func (s *Server) SetTokenValue(old, fixed string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens[old]
	if t == nil {
		panic("githubsim: there is no token of the old value")
	}
	delete(s.tokens, old)
	t.value = fixed
	s.tokens[fixed] = t
}

// RevokeToken makes a token answer 401 from now on.
func (s *Server) RevokeToken(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, value)
}

func (s *Server) secret(prefix string) string {
	return fmt.Sprintf("%s%016x%016x", prefix, s.rand.Uint64(), s.rand.Uint64())
}

func (s *Server) mustRepo(full string) *repo {
	if r := s.repos[fold(full)]; r != nil {
		return r
	}
	if r := s.reposByID[s.moved[fold(full)]]; r != nil {
		return r
	}
	panic("githubsim: there is no repository " + full)
}

func (s *Server) mustUser(login string) *user {
	if u := s.users[fold(login)]; u != nil {
		return u
	}
	panic("githubsim: there is no user " + login)
}
