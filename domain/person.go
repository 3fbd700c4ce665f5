package domain

import (
	"net/mail"
	"strings"
	"time"
)

// PersonID names a person, for example p_ana.
type PersonID string

// TeamID names a team, for example t_storage.
type TeamID string

// Person is somebody who owns, edits or verifies measures.
type Person struct {
	ID       PersonID
	Name     string
	Email    string
	Language string // "en" or "de"; empty means the organisation's
	Role     Role
	Teams    []TeamID
	Deputy   PersonID
	Disabled bool

	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// Check refuses a person that cannot be stored.
func (p Person) Check() error {
	var bad problems
	if strings.TrimSpace(p.Name) == "" {
		bad.add("name", "is empty; give the name people know")
	}
	checkText(&bad, "name", p.Name, MaxName)
	if p.Email != "" {
		if a, err := mail.ParseAddress(p.Email); err != nil || a.Address != p.Email {
			bad.add("email", "%q is not a mail address; write name@example.org", p.Email)
		}
	}
	checkEnum(&bad, "language", p.Language, []string{"en", "de"}, true)
	checkEnum(&bad, "role", p.Role, Roles(), false)
	if p.Deputy != "" && p.Deputy == p.ID {
		bad.add("deputy", "is the person itself; choose somebody else")
	}
	return bad.err()
}

// Team is a group of people; incidents and measures belong to one team or to none.
type Team struct {
	ID   TeamID
	Name string
	Lead PersonID

	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// Check refuses a team that cannot be stored.
func (t Team) Check() error {
	var bad problems
	if strings.TrimSpace(t.Name) == "" {
		bad.add("name", "is empty; give the team's name")
	}
	checkText(&bad, "name", t.Name, MaxName)
	return bad.err()
}

// Identity ties a person to an account in one tracker. Account is the
// immutable id (GitHub user id, Jira accountId or name), Login what people see.
type Identity struct {
	Tracker TrackerID
	Person  PersonID
	Account string
	Login   string
}

// Check refuses an identity that could never match.
func (i Identity) Check() error {
	var bad problems
	if i.Tracker == "" {
		bad.add("tracker", "is empty; name the tracker the account belongs to")
	}
	if i.Account == "" && i.Login == "" {
		bad.add("login", "is empty; give the login or the account id")
	}
	if strings.ContainsAny(i.Account+i.Login, " \t\r\n/?#%") {
		bad.add("login", "%q has characters that no login or account id has", i.Account+i.Login)
	}
	return bad.err()
}

// Slug turns a name into the readable part of an id: lower-case ASCII letters,
// digits and dashes, at most 40 characters.
func Slug(name string) string {
	var b strings.Builder
	replaced := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "Ä", "ae", "Ö", "oe", "Ü", "ue").Replace(name)
	for _, r := range strings.ToLower(replaced) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 40 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}
