package store

import (
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

func TestPersonRoundTrip(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		if must[bool](t)(db.HasPeople(t.Context())) {
			t.Error("an empty database has people")
		}
		addTeam(t, db, "t_b", "p_bob")
		addTeam(t, db, "t_a", "p_ana")
		want := full[domain.Person]()
		want.ID, want.Teams, want.Deputy, want.Version = "p_full", []domain.TeamID{"t_a", "t_b"}, "p_bob", 1
		given := want
		given.Teams = []domain.TeamID{"t_b", "t_a", "t_b"}
		same(t, "created", want, must[domain.Person](t)(db.CreatePerson(t.Context(), ana(), given)))
		same(t, "read", want, must[domain.Person](t)(db.Person(t.Context(), "p_full")))
		same(t, "by mail", want, must[domain.Person](t)(db.PersonByEmail(t.Context(), "TEXT"+want.Email[4:])))
		people := must[[]domain.Person](t)(db.People(t.Context()))
		if len(people) != 3 || people[0].ID != "p_ana" || people[0].Teams[0] != "t_a" {
			t.Errorf("people: %+v", people)
		}
		if !must[bool](t)(db.HasPeople(t.Context())) {
			t.Error("there are people")
		}
		if _, err := db.PersonByEmail(t.Context(), ""); err == nil {
			t.Error("somebody has the empty mail address")
		}
		for what, p := range map[string]domain.Person{
			"id": {ID: "p_full", Name: "x"}, "mail": {ID: "p_new", Name: "x", Email: want.Email},
		} {
			p.CreatedAt, p.UpdatedAt = testNow, testNow
			refused(t, "a second "+what, second(db.CreatePerson(t.Context(), ana(), p)), domain.ErrConflict)
		}
		for what, p := range map[string]domain.Person{
			"team": {ID: "p_new", Teams: []domain.TeamID{"t_none"}}, "deputy": {ID: "p_new", Deputy: "p_none"},
		} {
			p.CreatedAt, p.UpdatedAt = testNow, testNow
			refused(t, "an unknown "+what, second(db.CreatePerson(t.Context(), ana(), p)), domain.ErrInvalid)
		}
		if n := count(t, db, "SELECT count(*) FROM people"); n != 3 {
			t.Errorf("a refused person was stored: %d", n)
		}
	})
}

func TestUpdatePerson(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		addTeam(t, db, "t_b", "p_bob")
		session := domain.Session{Hash: [32]byte{1}, Person: "p_ana", Data: []byte("x"), ExpiresAt: testNow.Add(time.Hour)}
		if err := db.SaveSession(t.Context(), session); err != nil {
			t.Fatal(err)
		}
		move := func(p *domain.Person) error {
			p.Teams, p.Role = []domain.TeamID{"t_b"}, domain.Admin
			return nil
		}
		got := must[domain.Person](t)(db.UpdatePerson(t.Context(), ana(), "p_ana", 1, move))
		if got.Version != 2 || got.Role != domain.Admin {
			t.Errorf("got %+v", got)
		}
		same(t, "teams", []domain.TeamID{"t_b"}, must[domain.Person](t)(db.Person(t.Context(), "p_ana")).Teams)
		_, err := db.UpdatePerson(t.Context(), ana(), "p_ana", 1, move)
		refused(t, "an older version", err, domain.ErrStale)
		_, err = db.UpdatePerson(t.Context(), ana(), "p_none", 0, move)
		refused(t, "an unknown person", err, domain.ErrNotFound)
		_, err = db.UpdatePerson(t.Context(), ana(), "p_ana", 0, func(p *domain.Person) error { p.Teams = []domain.TeamID{"t_none"}; return nil })
		refused(t, "an unknown team", err, domain.ErrInvalid)
		h := changesOf(t, db, domain.SubjectPerson, "p_ana")
		if len(h) != 3 || h[1].Field != "role" || h[2].Field != "teams" || h[2].From != "t_a" || h[2].To != "t_b" {
			t.Errorf("history: %+v", h)
		}
		if _, err := db.SessionByHash(t.Context(), session.Hash, testNow); err != nil {
			t.Errorf("an edit ended the session: %v", err)
		}
		must[domain.Person](t)(db.UpdatePerson(t.Context(), ana(), "p_ana", 0, func(p *domain.Person) error { p.Disabled = true; return nil }))
		_, err = db.SessionByHash(t.Context(), session.Hash, testNow)
		refused(t, "the session of somebody disabled", err, domain.ErrNotFound)
	})
}

func TestTeams(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		want := full[domain.Team]()
		want.ID, want.Lead, want.Version = "t_full", "p_ana", 1
		same(t, "created", want, must[domain.Team](t)(db.CreateTeam(t.Context(), ana(), want)))
		same(t, "read", want, must[domain.Team](t)(db.Team(t.Context(), "t_full")))
		if n := len(must[[]domain.Team](t)(db.Teams(t.Context()))); n != 2 {
			t.Errorf("%d teams", n)
		}
		refused(t, "the same id", second(db.CreateTeam(t.Context(), ana(), want)), domain.ErrConflict)
		lost := want
		lost.ID, lost.Lead = "t_new", "p_none"
		refused(t, "an unknown lead", second(db.CreateTeam(t.Context(), ana(), lost)), domain.ErrInvalid)
		refused(t, "an unknown team", second(db.Team(t.Context(), "t_none")), domain.ErrNotFound)
		rename := func(tm *domain.Team) error { tm.Name, tm.Lead = "New", ""; return nil }
		if got := must[domain.Team](t)(db.UpdateTeam(t.Context(), ana(), "t_full", 1, rename)); got.Version != 2 || got.Name != "New" || got.Lead != "" {
			t.Errorf("got %+v", got)
		}
		refused(t, "an older version", second(db.UpdateTeam(t.Context(), ana(), "t_full", 1, rename)), domain.ErrStale)
		if h := changesOf(t, db, domain.SubjectTeam, "t_full"); len(h) != 3 {
			t.Errorf("history: %+v", h)
		}
	})
}

func TestTokens(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		want := full[domain.Token]()
		want.Person, want.RevokedAt = "p_ana", time.Time{}
		same(t, "created", want, must[domain.Token](t)(db.CreateToken(t.Context(), ana(), want, [32]byte{1})))
		token, person, err := db.TokenByHash(t.Context(), [32]byte{1})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "by hash", want, token)
		if person.ID != "p_ana" || len(person.Teams) != 1 {
			t.Errorf("its person: %+v", person)
		}
		_, _, err = db.TokenByHash(t.Context(), [32]byte{2})
		refused(t, "an unknown hash", err, domain.ErrNotFound)
		lost := want
		lost.ID, lost.Person = "k_new", "p_none"
		refused(t, "an unknown person", second(db.CreateToken(t.Context(), ana(), lost, [32]byte{3})), domain.ErrInvalid)
		later := testNow.Add(time.Hour)
		if err := db.TouchToken(t.Context(), want.ID, later); err != nil {
			t.Fatal(err)
		}
		refused(t, "touching nothing", db.TouchToken(t.Context(), "none", later), domain.ErrNotFound)
		for range 2 { // the second time changes nothing
			if err := db.RevokeToken(t.Context(), ana(), want.ID); err != nil {
				t.Fatal(err)
			}
		}
		refused(t, "revoking nothing", db.RevokeToken(t.Context(), ana(), "none"), domain.ErrNotFound)
		want.UsedAt, want.RevokedAt = later, testNow
		same(t, "revoked", []domain.Token{want}, must[[]domain.Token](t)(db.Tokens(t.Context())))
		if h := changesOf(t, db, domain.SubjectToken, want.ID); len(h) != 2 || h[1].Field != "revoked" {
			t.Errorf("history: %+v", h)
		}
	})
}

func TestSetup(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		admin := func(id domain.PersonID) func() domain.Person {
			return func() domain.Person {
				return domain.Person{ID: id, Name: "Admin", Role: domain.Admin, CreatedAt: testNow, UpdatedAt: testNow}
			}
		}
		use := func(hash byte, now time.Time, id domain.PersonID) error {
			return second(db.UseSetup(t.Context(), [32]byte{hash}, now, admin(id)))
		}
		expires := testNow.Add(time.Hour)
		for _, hash := range []byte{1, 2} {
			if err := db.CreateSetup(t.Context(), [32]byte{hash}, expires); err != nil {
				t.Fatal(err)
			}
		}
		refused(t, "the former link", use(1, testNow, "p_1"), domain.ErrUnauthorized)
		refused(t, "an expired link", use(2, expires, "p_1"), domain.ErrUnauthorized)
		// Sixteen at once: one administrator.
		results := make(chan error, 16)
		for n := range 16 {
			go func() { results <- use(2, testNow, domain.PersonID(rune('a'+n))) }()
		}
		won := 0
		for range 16 {
			if err := <-results; err == nil {
				won++
			} else {
				refused(t, "the others", err, domain.ErrUnauthorized)
			}
		}
		if n := len(must[[]domain.Person](t)(db.People(t.Context()))); won != 1 || n != 1 {
			t.Errorf("%d won, %d people", won, n)
		}
		if err := db.CreateSetup(t.Context(), [32]byte{3}, expires); err != nil {
			t.Fatal(err)
		}
		refused(t, "a link when there are people", use(3, testNow, "p_2"), domain.ErrUnauthorized)
	})
}

func TestPasswordsAndSessions(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		addTeam(t, db, "t_b", "p_bob")
		save := func(hash byte, person domain.PersonID, expires time.Time) domain.Session {
			s := domain.Session{Hash: [32]byte{hash}, Person: person, Data: []byte{hash}, ExpiresAt: expires}
			if err := db.SaveSession(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			return s
		}
		find := func(hash byte) error { return second(db.SessionByHash(t.Context(), [32]byte{hash}, testNow)) }
		hour := testNow.Add(time.Hour)
		save(1, "", hour)
		want := save(1, "p_ana", hour)
		same(t, "session", want, must[domain.Session](t)(db.SessionByHash(t.Context(), [32]byte{1}, testNow)))
		save(2, "p_ana", hour)
		save(3, "p_bob", hour)
		save(4, "p_bob", testNow)
		refused(t, "an expired session", find(4), domain.ErrNotFound)
		if err := db.DeleteSession(t.Context(), [32]byte{2}); err != nil {
			t.Fatal(err)
		}
		refused(t, "a deleted session", find(2), domain.ErrNotFound)

		if err := db.SetPassword(t.Context(), ana(), "p_ana", "argon"); err != nil {
			t.Fatal(err)
		}
		refused(t, "a session from before the new password", find(1), domain.ErrNotFound)
		if err := find(3); err != nil {
			t.Errorf("somebody else's session: %v", err)
		}
		if hash := must[string](t)(db.PasswordHash(t.Context(), "p_ana")); hash != "argon" {
			t.Errorf("the hash is %q", hash)
		}
		if err := db.SetPassword(t.Context(), ana(), "p_ana", ""); err != nil {
			t.Fatal(err)
		}
		if hash := must[string](t)(db.PasswordHash(t.Context(), "p_ana")); hash != "" {
			t.Errorf("the removed hash is %q", hash)
		}
		refused(t, "an unknown person", db.SetPassword(t.Context(), ana(), "p_none", "x"), domain.ErrNotFound)
		for _, c := range changesOf(t, db, domain.SubjectPerson, "p_ana") {
			if c.From == "argon" || c.To == "argon" {
				t.Errorf("the history shows the hash: %+v", c)
			}
		}
		if err := db.DeleteSessionsOf(t.Context(), "p_bob"); err != nil {
			t.Fatal(err)
		}
		refused(t, "after signing out everywhere", find(3), domain.ErrNotFound)
	})
}
