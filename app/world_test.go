package app_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/store"
)

var _ app.Store = (*store.DB)(nil)

// world is the operations on a real store in a temporary file.
type world struct {
	*app.App
	t  *testing.T
	db *store.DB
	at time.Time
}

// The people of a world: ana and ben are members of team t_a, bea of t_b.
var (
	admin   = actor("p_admin", domain.Admin)
	ana     = actor("p_ana", domain.Member, "t_a")
	ben     = actor("p_ben", domain.Member, "t_a")
	bea     = actor("p_bea", domain.Member, "t_b")
	viewer  = actor("p_vic", domain.Viewer, "t_a")
	auditor = actor("p_aud", domain.Auditor)
)

func actor(id string, role domain.Role, teams ...domain.TeamID) domain.Actor {
	return domain.Actor{ID: id, Role: role, Scope: domain.ScopeOf(role, teams), Source: domain.FromUser}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, at: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return w.at }
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite://test.db", DataDir: t.TempDir(), SecretKey: bytes.Repeat([]byte{7}, 32), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.db = db
	w.App = app.New(app.Options{Store: db, Now: now, Zone: time.UTC, Hosts: domain.HostList{"api.github.com"}})
	for _, id := range []domain.TeamID{"t_a", "t_b"} {
		must(w.People.CreateTeam(t.Context(), domain.System(), domain.Team{ID: id, Name: "Team " + string(id)}))(t)
	}
	for _, a := range []domain.Actor{admin, ana, ben, bea, viewer, auditor} {
		must(w.People.Create(t.Context(), domain.System(), domain.Person{ID: domain.PersonID(a.ID), Name: a.ID, Role: a.Role, Teams: a.Scope.Teams}))(t)
	}
	return w
}

// must stops the test on an error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// measure creates a measure of team t_a that is ready to be accepted.
func (w *world) measure(change func(*domain.NewMeasure)) domain.Measure {
	w.t.Helper()
	n := domain.NewMeasure{Title: "Alert on replication lag", Kind: domain.Detect, Priority: domain.P1, Owner: "p_ana", Team: "t_a",
		Metric: domain.Metric{NotMeasurable: "a one-off clean-up"}}
	if change != nil {
		change(&n)
	}
	return must(w.Measures.Create(w.t.Context(), ana, n))(w.t)
}

func (w *world) incident(edit domain.IncidentEdit) domain.Incident {
	w.t.Helper()
	if !edit.Title.Set {
		edit.Title = domain.Some("Database down")
	}
	if !edit.Team.Set {
		edit.Team = domain.Some(domain.TeamID("t_a"))
	}
	return must(w.Incidents.Create(w.t.Context(), ana, edit))(w.t)
}

// to moves a measure along; evidence is added where it is needed.
func (w *world) to(key domain.MeasureKey, by domain.Actor, edit domain.MeasureEdit) (domain.Measure, error) {
	w.t.Helper()
	return w.Measures.Edit(w.t.Context(), by, key, 0, app.MeasurePatch{MeasureEdit: edit})
}

func status(s domain.Status) domain.MeasureEdit { return domain.MeasureEdit{Status: domain.Some(s)} }

func verdict(v domain.Verdict) domain.MeasureEdit {
	return domain.MeasureEdit{Status: domain.Some(domain.Verified), Verdict: domain.Some(v)}
}

func cancelled(reason domain.ClosureReason, why string) domain.MeasureEdit {
	return domain.MeasureEdit{Status: domain.Some(domain.Cancelled), ClosureReason: domain.Some(reason), Reason: why}
}

// duplicate closes as a duplicate of a new measure without an incident.
func (w *world) duplicate() domain.MeasureEdit {
	w.t.Helper()
	e := cancelled(domain.Duplicate, "")
	e.DuplicateOf = domain.Some(w.measure(func(n *domain.NewMeasure) { n.Title = "The one that goes on" }).Key)
	return e
}

// done takes a measure to done with evidence.
func (w *world) done(key domain.MeasureKey) domain.Measure {
	w.t.Helper()
	must(w.to(key, ana, status(domain.Accepted)))(w.t)
	must(w.Measures.AddEvidence(w.t.Context(), ana, domain.Evidence{Measure: key, Title: "Runbook", URL: "https://example.org/runbook"}))(w.t)
	return must(w.to(key, ana, status(domain.Done)))(w.t)
}

func (w *world) seq() int64 {
	w.t.Helper()
	return must(w.db.LastSeq(w.t.Context()))(w.t)
}
