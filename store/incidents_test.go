package store

import (
	"errors"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

func TestIncidentRoundTrip(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		first := addIncident(t, db, nil)
		want := full[domain.Incident]()
		want.RecurrenceOf, want.Team, want.Version = first.Key, "t_a", 1
		made := addIncident(t, db, func(i *domain.Incident) { want.Key = i.Key; *i = want })
		same(t, "created", want, made)
		same(t, "read", want, must[domain.Incident](t)(db.Incident(t.Context(), domain.Everything(), made.Key)))
		same(t, "by external id", want, must[domain.Incident](t)(db.IncidentByExternalID(t.Context(), domain.Everything(), want.ExternalID)))
		same(t, "without anything", first, must[domain.Incident](t)(db.Incident(t.Context(), domain.Everything(), first.Key)))

		changed := full[domain.Incident]()
		changed.ID, changed.Key, changed.CreatedAt, changed.RecurrenceOf, changed.Team, changed.Version = first.ID, first.Key, first.CreatedAt, "", "t_a", 2
		changed.ExternalID = "another one"
		got := must[domain.Incident](t)(db.UpdateIncident(t.Context(), domain.Everything(), first.Key, 1, ana(), incidentTo(changed)))
		same(t, "changed", changed, got)
		same(t, "changed and read", changed, must[domain.Incident](t)(db.Incident(t.Context(), domain.Everything(), first.Key)))
	})
}

func incidentTo(want domain.Incident) func(*domain.Incident, func() ([]domain.Measure, error)) error {
	return func(i *domain.Incident, _ func() ([]domain.Measure, error)) error {
		*i = want
		return nil
	}
}

func TestUpdateIncident(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		i := addIncident(t, db, func(i *domain.Incident) { i.Services = []string{"web"} })
		m := addMeasure(t, db, func(m *domain.Measure) { m.Incident = i.Key })
		_, err := db.UpdateIncident(t.Context(), domain.Everything(), i.Key, 1, ana(), func(i *domain.Incident, measures func() ([]domain.Measure, error)) error {
			same(t, "its measures", []domain.Measure{m}, must[[]domain.Measure](t)(measures()))
			i.Title, i.Services[0] = "Other", "api"
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.UpdateIncident(t.Context(), domain.Everything(), i.Key, 1, ana(), incidentTo(i))
		refused(t, "an older version", err, domain.ErrStale)
		got := must[domain.Incident](t)(db.Incident(t.Context(), domain.Everything(), i.Key))
		if got.Version != 2 || got.Title != "Other" || got.Services[0] != "api" {
			t.Errorf("got %+v", got)
		}
		h := changesOf(t, db, domain.SubjectIncident, string(i.Key))
		if len(h) != 3 || h[1].Field != "title" || h[2].Field != "services" || h[2].From != "web" || h[2].To != "api" || h[2].SubjectSeq != 3 || h[2].Attribution != ana() {
			t.Errorf("history: %+v", h)
		}
		nothing := must[domain.Incident](t)(db.UpdateIncident(t.Context(), domain.Everything(), i.Key, 0, ana(), incidentTo(got)))
		if nothing.Version != 2 || len(changesOf(t, db, domain.SubjectIncident, string(i.Key))) != 3 {
			t.Errorf("a change of nothing: version %d", nothing.Version)
		}
		refusal := errors.New("no")
		if _, err := db.UpdateIncident(t.Context(), domain.Everything(), i.Key, 0, ana(), func(i *domain.Incident, _ func() ([]domain.Measure, error)) error {
			i.Title = "Never"
			return refusal
		}); !errors.Is(err, refusal) {
			t.Errorf("got %v, want the refusal", err)
		}
		if again := must[domain.Incident](t)(db.Incident(t.Context(), domain.Everything(), i.Key)); again.Title != "Other" {
			t.Errorf("the refused change left %q", again.Title)
		}
	})
}

func TestIncidentReferences(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		early := addIncident(t, db, func(i *domain.Incident) { i.StartedAt, i.ExternalID = testNow.Add(-time.Hour), "x-1" })
		foreign := addIncident(t, db, func(i *domain.Incident) { i.StartedAt, i.Team = testNow.Add(-time.Hour), "t_a" })
		nobody := domain.Scope{Teams: []domain.TeamID{"t_b"}}
		for name, c := range map[string]struct {
			scope domain.Scope
			edit  func(*domain.Incident)
			kind  domain.Kind
		}{
			"team":              {domain.Everything(), func(i *domain.Incident) { i.Team = "t_none" }, domain.ErrInvalid},
			"foreign team":      {nobody, func(i *domain.Incident) { i.Team = "t_a" }, domain.ErrInvalid},
			"recurrence":        {domain.Everything(), func(i *domain.Incident) { i.RecurrenceOf = "INC-99" }, domain.ErrInvalid},
			"unseen recurrence": {nobody, func(i *domain.Incident) { i.RecurrenceOf = foreign.Key }, domain.ErrInvalid},
			"later recurrence": {domain.Everything(), func(i *domain.Incident) {
				i.RecurrenceOf, i.StartedAt = early.Key, testNow.Add(-2*time.Hour)
			}, domain.ErrInvalid},
			"external id": {domain.Everything(), func(i *domain.Incident) { i.ExternalID = "x-1" }, domain.ErrConflict},
		} {
			_, err := db.CreateIncident(t.Context(), c.scope, ana(), func(key domain.IncidentKey) (domain.Incident, error) {
				i := domain.Incident{ID: "id " + name, Key: key, Title: "T", Status: domain.IncidentNew, CreatedAt: testNow, UpdatedAt: testNow}
				c.edit(&i)
				return i, nil
			})
			refused(t, name, err, c.kind)
		}
		if n := count(t, db, "SELECT count(*) FROM incidents"); n != 2 {
			t.Errorf("got %d incidents, want 2", n)
		}
		_, err := db.UpdateIncident(t.Context(), nobody, early.Key, 0, ana(), func(i *domain.Incident, _ func() ([]domain.Measure, error)) error {
			i.RecurrenceOf = foreign.Key
			return nil
		})
		refused(t, "an edit to an unseen recurrence", err, domain.ErrInvalid)
	})
}

func TestIncidentTermsFollow(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		i := addIncident(t, db, func(i *domain.Incident) {
			i.Services, i.Causes, i.Tags = []string{"web"}, []string{"dns"}, []string{"q3"}
		})
		addIncident(t, db, func(i *domain.Incident) { i.Tags = []string{"web"} })
		find := func(f domain.IncidentFilter) int {
			return len(must[domain.List[domain.Incident]](t)(db.Incidents(t.Context(), domain.Everything(), f, domain.Page{})).Items)
		}
		if n := find(domain.IncidentFilter{Service: "web", Cause: "dns", Tag: "q3"}); n != 1 {
			t.Errorf("all three terms: found %d, want 1", n)
		}
		must[domain.Incident](t)(db.UpdateIncident(t.Context(), domain.Everything(), i.Key, 0, ana(), func(i *domain.Incident, _ func() ([]domain.Measure, error)) error {
			i.Services = []string{"api"}
			return nil
		}))
		if n := find(domain.IncidentFilter{Service: "web"}); n != 0 {
			t.Errorf("the former service: found %d, want 0", n)
		}
		if n := find(domain.IncidentFilter{Service: "api", Cause: "dns"}); n != 1 {
			t.Errorf("the new service: found %d, want 1", n)
		}
	})
}

func TestRollups(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		i, other := addIncident(t, db, nil), addIncident(t, db, nil)
		addIncident(t, db, func(again *domain.Incident) { again.RecurrenceOf = i.Key })
		today := domain.MustDate("2026-12-01")
		for _, edit := range []func(*domain.Measure){
			func(m *domain.Measure) { m.DueOn, m.OriginalDueOn = today.AddDays(-1), today.AddDays(-1) }, // late
			func(m *domain.Measure) { m.DueOn, m.OriginalDueOn = today, today.AddDays(-1) },             // due today is not late
			func(m *domain.Measure) { m.StatusUnknown = true },
			func(m *domain.Measure) { m.Status = domain.Done },
			func(m *domain.Measure) { m.Status, m.Verdict = domain.Verified, domain.Effective },
			func(m *domain.Measure) { m.Status, m.Verdict = domain.Verified, domain.Ineffective },
			func(m *domain.Measure) { m.Status, m.ClosureReason = domain.Cancelled, domain.WontDo },
			func(m *domain.Measure) { m.Status, m.ClosureReason = domain.Cancelled, domain.Duplicate },
			func(m *domain.Measure) { m.Team = "t_a" },
		} {
			addMeasure(t, db, func(m *domain.Measure) { m.Incident = i.Key; edit(m) })
		}
		completion, no := 3.0/7, false
		want := domain.Rollup{Total: 8, Done: 3, Verified: 2, Effective: 1, Cancelled: 1, Open: 3, Overdue: 1, PastPromise: 2, WithoutDue: 5, Unknown: 1, Excluded: 1,
			Completion: &completion, FollowedThrough: &no, VerifiedThrough: &no, Recurrences: 1}
		got := must[map[domain.IncidentKey]domain.Rollup](t)(db.Rollups(t.Context(), domain.Everything(), []domain.IncidentKey{i.Key, other.Key, "INC-99"}, today))
		same(t, "rollups", map[domain.IncidentKey]domain.Rollup{i.Key: want, other.Key: {}}, got)
		scoped := must[map[domain.IncidentKey]domain.Rollup](t)(db.Rollups(t.Context(), domain.Scope{Teams: []domain.TeamID{"t_b"}}, []domain.IncidentKey{i.Key}, today))
		if got := scoped[i.Key]; got.Total != 7 || got.Open != 2 {
			t.Errorf("without the other team's measure: %+v", got)
		}
	})
}
