package domain

import (
	"slices"
	"time"
)

// Role says what somebody may do.
type Role string

// The roles. An auditor sees everything and changes nothing; a viewer sees
// the own teams; a member edits there; an admin does everything.
const (
	Viewer  Role = "viewer"
	Member  Role = "member"
	Admin   Role = "admin"
	Auditor Role = "auditor"
)

// Roles lists every role.
func Roles() []Role { return []Role{Viewer, Member, Admin, Auditor} }

// Permission is one thing a role may or may not do.
type Permission string

// The permissions.
const (
	CanRead   Permission = "read"
	CanEdit   Permission = "edit"   // incidents, measures, links, conflicts
	CanManage Permission = "manage" // trackers, people, teams, tokens, policies
	CanAudit  Permission = "audit"  // see every team, export evidence
)

// May reports whether the role has the permission.
func (r Role) May(p Permission) bool {
	switch p {
	case CanRead:
		return slices.Contains(Roles(), r)
	case CanEdit:
		return r == Member || r == Admin
	case CanManage:
		return r == Admin
	case CanAudit:
		return r == Admin || r == Auditor
	}
	return false
}

// Scope limits every query to what the caller may see. The zero Scope sees
// only rows without a team.
type Scope struct {
	// All sees every team.
	All bool
	// Teams are seen beside the rows that belong to no team.
	Teams []TeamID
}

// Everything is the scope of the program itself.
func Everything() Scope { return Scope{All: true} }

// Allows reports whether a row of the team is in scope.
func (s Scope) Allows(team TeamID) bool {
	return s.All || team == "" || slices.Contains(s.Teams, team)
}

// Source says which side a change came from.
type Source string

// The sources.
const (
	FromUser   Source = "user"
	FromGitHub Source = "github"
	FromJira   Source = "jira"
	FromImport Source = "import"
	FromSystem Source = "system"
)

// Actor is who does something, with what they may do and see.
type Actor struct {
	// ID is the person's id, a tracker account as "github:octocat", or "system".
	ID    string
	Role  Role
	Scope Scope
	// Source is where the actor's changes come from.
	Source Source
}

// System is the program acting on its own.
func System() Actor {
	return Actor{ID: "system", Role: Admin, Scope: Everything(), Source: FromSystem}
}

// Require refuses an actor whose role lacks the permission.
func (a Actor) Require(p Permission) error {
	if a.Role.May(p) {
		return nil
	}
	return Errorf(ErrForbidden, "your role %q may not %s here; ask an administrator", a.Role, p)
}

// RequireTeam refuses to place a row in a team outside the actor's scope.
func (a Actor) RequireTeam(team TeamID) error {
	if a.Scope.Allows(team) {
		return nil
	}
	return Errorf(ErrInvalid, "team: %q is not one of your teams", team)
}

// ScopeOf returns what a person with this role and these teams may see.
func ScopeOf(role Role, teams []TeamID) Scope {
	if role.May(CanAudit) {
		return Everything()
	}
	return Scope{Teams: teams}
}

// Token is an API token; its secret is shown once and only its hash is kept.
type Token struct {
	ID        string
	Name      string
	Role      Role
	Person    PersonID
	Teams     []TeamID
	Hint      string // the last four characters
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time
	UsedAt    time.Time
}

// Check refuses a token that cannot be created.
func (t Token) Check(now time.Time) error {
	var bad problems
	if t.Name == "" {
		bad.add("name", "is empty; say what the token is for")
	}
	checkText(&bad, "name", t.Name, MaxName)
	checkEnum(&bad, "role", t.Role, Roles(), false)
	if !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(now) {
		bad.add("expires_at", "lies in the past; give a time to come")
	}
	return bad.err()
}

// Live reports whether the token still opens the door.
func (t Token) Live(now time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}

// Session is a signed-in browser, or an invitation to choose a password; its
// secret exists in clear only with the person.
type Session struct {
	Hash      [32]byte
	Person    PersonID // empty before the sign-in
	Data      []byte
	ExpiresAt time.Time
}
