package jirasim

import (
	"fmt"
	"strings"
	"time"
)

// User is a person or app in the simulated Jira. Cloud knows people by
// AccountID, Data Center by Name (and an internal Key).
type User struct {
	AccountID    string
	Name         string
	Key          string
	DisplayName  string
	Email        string
	TimeZone     string // IANA name; empty means Etc/UTC
	EmailVisible bool   // whether others see the address, as on old sites
	App          bool   // accountType app instead of atlassian
	Inactive     bool
	Unassignable bool
}

type user struct {
	User
	zone *time.Location
}

// AddUser adds a person. Missing identifiers are made up from the display
// name. It returns the completed record.
func (s *Server) AddUser(u User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	slug := strings.ToLower(strings.ReplaceAll(u.DisplayName, " ", "."))
	n := s.next("user")
	if u.AccountID == "" {
		u.AccountID = fmt.Sprintf("712020:%08x-0000-4000-8000-%012x", s.opts.Seed&0xffffffff, n)
	}
	if u.Name == "" {
		u.Name = slug
	}
	if u.Key == "" {
		u.Key = fmt.Sprintf("JIRAUSER%d", n)
	}
	if u.Email == "" {
		u.Email = slug + "@example.com"
	}
	if u.TimeZone == "" {
		u.TimeZone = "Etc/UTC"
	}
	zone, err := time.LoadLocation(u.TimeZone)
	if err != nil {
		panic(fmt.Sprintf("jirasim: user %s has the unknown time zone %s: %v", u.DisplayName, u.TimeZone, err))
	}
	s.users = append(s.users, &user{User: u, zone: zone})
	return u
}

// UpdateUser lets f change the record of a user, for example to make them
// inactive or to rename them. No issue is touched.
func (s *Server) UpdateUser(ref string, f func(*User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.mustUser(ref)
	f(&u.User)
	if zone, err := time.LoadLocation(u.TimeZone); err == nil {
		u.zone = zone
	}
}

// user finds a person by account id, name, key or e-mail address.
func (s *Server) user(ref string) *user {
	for _, u := range s.users {
		if u.AccountID == ref || u.Name == ref || u.Key == ref || u.Email == ref {
			return u
		}
	}
	return nil
}

func (s *Server) mustUser(ref string) *user {
	u := s.user(ref)
	if u == nil {
		panic(fmt.Sprintf("jirasim: no user %q: give an account id, name, key or e-mail address", ref))
	}
	return u
}

// id is the identifier the flavor uses in changelogs and requests.
func (s *Server) userID(u *user) string {
	if s.cloud() {
		return u.AccountID
	}
	return u.Name
}

// The permission keys the simulator knows.
const (
	Browse         = "BROWSE_PROJECTS"
	CreateIssues   = "CREATE_ISSUES"
	EditIssues     = "EDIT_ISSUES"
	Transition     = "TRANSITION_ISSUES"
	AssignIssues   = "ASSIGN_ISSUES"
	Assignable     = "ASSIGNABLE_USER"
	ResolveIssues  = "RESOLVE_ISSUES"
	ScheduleIssues = "SCHEDULE_ISSUES"
	MoveIssues     = "MOVE_ISSUES"
	DeleteIssues   = "DELETE_ISSUES"
	LinkIssues     = "LINK_ISSUES"
	AddComments    = "ADD_COMMENTS"
	AdminProjects  = "ADMINISTER_PROJECTS"
	Admin          = "ADMINISTER"
)

// permissions lists all known keys; the last two are not given to everybody.
func permissions() []string {
	return []string{
		Browse, CreateIssues, EditIssues, Transition, AssignIssues, Assignable, ResolveIssues, ScheduleIssues,
		MoveIssues, DeleteIssues, LinkIssues, AddComments, AdminProjects, Admin,
	}
}

type grant struct {
	user    *user
	project *project
	perm    string
}

type hide struct {
	user  *user
	issue *issue
}

// Grant gives a user permissions in a project, or in all of them if
// projectKey is empty. Everybody has every permission except AdminProjects
// and Admin from the start.
func (s *Server) Grant(userRef, projectKey string, perms ...string) {
	s.setPermissions(userRef, projectKey, perms, true)
}

// Deny takes permissions from a user in a project, or in all of them if
// projectKey is empty.
func (s *Server) Deny(userRef, projectKey string, perms ...string) {
	s.setPermissions(userRef, projectKey, perms, false)
}

func (s *Server) setPermissions(userRef, projectKey string, perms []string, allow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := grant{user: s.mustUser(userRef)}
	if projectKey != "" {
		g.project = s.mustProject(projectKey)
	}
	for _, p := range perms {
		g.perm = p
		delete(s.denied, g)
		delete(s.granted, g)
		if allow {
			s.granted[g] = true
		} else {
			s.denied[g] = true
		}
	}
}

// HideIssue makes one issue invisible to a user, as issue security does, or
// visible again.
func (s *Server) HideIssue(idOrKey, userRef string, hidden bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := hide{s.mustUser(userRef), s.mustIssue(idOrKey)}
	if hidden {
		s.hidden[h] = true
	} else {
		delete(s.hidden, h)
	}
}

// may reports whether u has the permission in p. A setting for the project
// beats one for all projects.
func (s *Server) may(u *user, p *project, perm string) bool {
	if u == nil || u.Inactive {
		return false
	}
	for _, g := range []grant{{u, p, perm}, {u, nil, perm}} {
		if s.denied[g] {
			return false
		}
		if s.granted[g] {
			return true
		}
	}
	return perm != AdminProjects && perm != Admin
}

func (s *Server) sees(u *user, v *revision) bool {
	return v != nil && !v.deleted && s.may(u, v.project, Browse) && (len(s.hidden) == 0 || !s.hidden[hide{u, v.issue}])
}

func (s *Server) assignable(u *user, p *project) bool {
	return !u.Inactive && !u.Unassignable && !u.App && s.may(u, p, Assignable) && s.may(u, p, Browse)
}
