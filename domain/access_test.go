package domain_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// TestRoles: viewer, member, admin and auditor, and nobody else.
func TestRoles(t *testing.T) {
	type may struct{ Read, Edit, Manage, Audit bool }
	for role, want := range map[domain.Role]may{
		domain.Viewer: {Read: true}, domain.Member: {Read: true, Edit: true}, domain.Admin: {true, true, true, true},
		domain.Auditor: {Read: true, Audit: true}, "": {}, "root": {}, "Admin": {},
	} {
		got := may{role.May(domain.CanRead), role.May(domain.CanEdit), role.May(domain.CanManage), role.May(domain.CanAudit)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", role, diff)
		}
		if role.May("delete") {
			t.Errorf("%q may do what nobody may", role)
		}
		err := domain.Actor{Role: role}.Require(domain.CanManage)
		if (err == nil) != want.Manage || err != nil && !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("%q: %v", role, err)
		}
	}
}

// TestScope: everybody sees what belongs to no team, members their own teams,
// admins and auditors all.
func TestScope(t *testing.T) {
	for name, c := range map[string]struct {
		scope           domain.Scope
		none, own, them bool
	}{
		"nothing given":     {domain.Scope{}, true, false, false},
		"own team":          {domain.Scope{Teams: []domain.TeamID{"own"}}, true, true, false},
		"everything":        {domain.Everything(), true, true, true},
		"viewer":            {domain.ScopeOf(domain.Viewer, []domain.TeamID{"own"}), true, true, false},
		"member":            {domain.ScopeOf(domain.Member, []domain.TeamID{"own"}), true, true, false},
		"admin":             {domain.ScopeOf(domain.Admin, nil), true, true, true},
		"auditor":           {domain.ScopeOf(domain.Auditor, nil), true, true, true},
		"unknown role":      {domain.ScopeOf("root", nil), true, false, false},
		"empty team is not": {domain.Scope{Teams: []domain.TeamID{""}}, true, false, false},
	} {
		if got := [3]bool{c.scope.Allows(""), c.scope.Allows("own"), c.scope.Allows("them")}; got != [3]bool{c.none, c.own, c.them} {
			t.Errorf("%s: none, own, theirs = %v", name, got)
		}
	}
}

// TestTeamOutOfScope: nobody moves a row to where he cannot see it.
func TestTeamOutOfScope(t *testing.T) {
	by := person(ana)
	by.Role, by.Scope = domain.Member, domain.Scope{Teams: []domain.TeamID{"own"}}
	_, err := edit(t, measure(t), domain.MeasureEdit{Team: domain.Some(domain.TeamID("them"))}, by)
	if err == nil || !strings.Contains(err.Error(), `team: "them" is not one of your teams`) {
		t.Errorf("err = %v", err)
	}
	_, err = edit(t, measure(t), domain.MeasureEdit{Team: domain.Some(domain.TeamID("own"))}, by)
	refused(t, err)
	if _, err := domain.NewIncident("i", domain.IncidentEdit{Title: domain.Some("x"), Team: domain.Some(domain.TeamID("them"))}, by, now()); err == nil {
		t.Error("an incident is placed in a foreign team")
	}
	if _, err := (domain.NewMeasure{Title: "x", Team: "them"}).Create("m", by, domain.DefaultPolicy(), now(), time.UTC); err == nil {
		t.Error("a measure is placed in a foreign team")
	}
}

func TestTokens(t *testing.T) {
	for name, c := range map[string]struct {
		token domain.Token
		want  []string
	}{
		"for ever":     {domain.Token{Name: "ci", Role: domain.Member}, nil},
		"with an end":  {domain.Token{Name: "ci", Role: domain.Member, ExpiresAt: now().Add(time.Hour)}, nil},
		"no name":      {domain.Token{Role: domain.Member}, []string{"name: is empty; say what the token is for"}},
		"no role":      {domain.Token{Name: "ci"}, []string{`role: "" is not accepted; use one of viewer, member, admin, auditor`}},
		"ended before": {domain.Token{Name: "ci", Role: domain.Member, ExpiresAt: now()}, []string{"expires_at: lies in the past"}},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.token.Check(now()), c.want...) })
	}
	live := domain.Token{ExpiresAt: now()}
	if !live.Live(now().Add(-time.Nanosecond)) || live.Live(now()) {
		t.Error("a token ends at its end")
	}
	if (domain.Token{RevokedAt: now()}).Live(now().Add(-time.Hour)) {
		t.Error("a revoked token is live")
	}
}

func TestPeople(t *testing.T) {
	for name, c := range map[string]struct {
		check interface{ Check() error }
		want  []string
	}{
		"person":            {domain.Person{ID: ana, Name: "Ana", Role: domain.Member, Email: "ana@example.org", Language: "de"}, nil},
		"nameless":          {domain.Person{Name: " ", Role: domain.Member}, []string{"name: give the name people know"}},
		"mail with a name":  {domain.Person{Name: "Ana", Role: domain.Member, Email: "Ana <ana@example.org>"}, []string{"email: write name@example.org"}},
		"mail with a line":  {domain.Person{Name: "Ana", Role: domain.Member, Email: "ana@example.org\nBcc: x@example.org"}, []string{"email: write name@example.org"}},
		"language":          {domain.Person{Name: "Ana", Role: domain.Member, Language: "fr"}, []string{`language: "fr" is not accepted; use one of en, de`}},
		"own deputy":        {domain.Person{ID: ana, Name: "Ana", Role: domain.Member, Deputy: ana}, []string{"deputy: is the person itself"}},
		"team":              {domain.Team{Name: "Storage"}, nil},
		"nameless team":     {domain.Team{}, []string{"name: give the team's name"}},
		"login":             {domain.Identity{Tracker: "ops", Login: "octocat"}, nil},
		"login as a path":   {domain.Identity{Tracker: "ops", Login: "../x"}, []string{"login: characters that no login"}},
		"identity of none":  {domain.Identity{Tracker: "ops"}, []string{"login: give the login or the account id"}},
		"identity anywhere": {domain.Identity{Login: "octocat"}, []string{"tracker: name the tracker"}},
		"evidence":          {domain.Evidence{Title: "Run", URL: "https://ci.example/1"}, nil},
		"evidence in words": {domain.Evidence{Title: "Run", URL: "see wiki"}, []string{"url: is not a web address"}},
		"evidence, script":  {domain.Evidence{Title: "Run", URL: "javascript:alert(1)"}, []string{"url: is not a web address"}},
		"evidence untitled": {domain.Evidence{URL: "https://ci.example/1"}, []string{"title: say what the link shows"}},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.check.Check(), c.want...) })
	}
}

func TestObservations(t *testing.T) {
	for name, c := range map[string]struct {
		o    domain.Observation
		want []string
	}{
		"now":         {domain.Observation{At: now(), Value: 5}, nil},
		"no instant":  {domain.Observation{Value: 5}, []string{"at: is empty"}},
		"to come":     {domain.Observation{At: now().Add(2 * time.Minute)}, []string{"at: lies in the future"}},
		"out of hand": {domain.Observation{At: now(), Value: 2e12}, []string{"value: is not a number between -1e12 and 1e12"}},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.o.Check(now()), c.want...) })
	}
}

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"Ana Beispiel": "ana-beispiel", "Jörg Müßig": "joerg-muessig", " -- ": "", "a//b": "a-b", "../../etc": "etc", "李": "",
		strings.Repeat("x", 100): strings.Repeat("x", 40),
	} {
		if got := domain.Slug(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}
