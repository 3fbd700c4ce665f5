package store

import (
	"errors"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// Everything that takes a scope finds nothing of another team, and answers as
// if it did not exist.
func TestOtherTeamsAreNotFound(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		addTeam(t, db, "t_b", "p_bob")
		i := addIncident(t, db, func(i *domain.Incident) { i.Team, i.ExternalID = "t_a", "x" })
		m := addMeasure(t, db, func(m *domain.Measure) { m.Team, m.Incident = "t_a", i.Key })
		tracker := addTracker(t, db, "a", func(tr *domain.Tracker) { tr.Team = "t_a" })
		open := addTracker(t, db, "open", nil)
		link := addLink(t, db, m.Key, tracker.ID, "R1")
		conflict := openConflict(t, db, link.ID, domain.FieldTitle)
		free := addMeasure(t, db, nil)

		for name, scope := range map[string]domain.Scope{"another team": {Teams: []domain.TeamID{"t_b"}}, "no team": {}} {
			before := count(t, db, "SELECT value FROM sequences WHERE name = 'history'")
			for what, err := range map[string]error{
				"Incident":             second(db.Incident(t.Context(), scope, i.Key)),
				"IncidentByExternalID": second(db.IncidentByExternalID(t.Context(), scope, "x")),
				"UpdateIncident":       second(db.UpdateIncident(t.Context(), scope, i.Key, 0, ana(), incidentTo(i))),
				"Measure":              second(db.Measure(t.Context(), scope, m.Key)),
				"UpdateMeasure":        second(db.UpdateMeasure(t.Context(), scope, m.Key, 0, ana(), retitle("stolen"))),
				"History of a measure": second(db.History(t.Context(), scope, domain.SubjectMeasure, string(m.Key), domain.Page{})),
				"History of incident":  second(db.History(t.Context(), scope, domain.SubjectIncident, string(i.Key), domain.Page{})),
				"History of a tracker": second(db.History(t.Context(), scope, domain.SubjectTracker, "a", domain.Page{})),
				"History of a person":  second(db.History(t.Context(), scope, domain.SubjectPerson, "p_ana", domain.Page{})),
				"CreateLink measure":   second(db.CreateLink(t.Context(), scope, ana(), newLink("L9", m.Key, open.ID, "R9"))),
				"CreateLink tracker":   second(db.CreateLink(t.Context(), scope, ana(), newLink("L8", free.Key, tracker.ID, "R8"))),
				"DetachLink":           second(db.DetachLink(t.Context(), scope, ana(), m.Key, tracker.ID)),
				"TrackerByID":          second(db.TrackerByID(t.Context(), scope, tracker.ID)),
				"Conflict":             second(db.Conflict(t.Context(), scope, conflict.ID)),
				"ResolveConflict": second(db.ResolveConflict(t.Context(), scope, ana(), conflict.ID, 0, func(*domain.Conflict, *domain.Measure) error {
					t.Error("a conflict out of sight was decided")
					return nil
				})),
				"AddEvidence":    second(db.AddEvidence(t.Context(), scope, ana(), domain.Evidence{ID: "e", Measure: m.Key, ReceivedAt: testNow})),
				"EvidenceOf":     second(db.EvidenceOf(t.Context(), scope, m.Key)),
				"AddObservation": db.AddObservation(t.Context(), scope, ana(), []domain.Observation{{ID: "o", Measure: m.Key, At: testNow}}),
				"ObservationsOf": second(db.ObservationsOf(t.Context(), scope, m.Key)),
			} {
				if !errors.Is(err, domain.ErrNotFound) {
					t.Errorf("%s, %s: got %v, want not found", name, what, err)
				}
			}
			for what, err := range map[string]error{
				"measure of the team":     second(db.CreateMeasure(t.Context(), scope, ana(), newMeasure(func(m *domain.Measure) { m.Team = "t_a" }))),
				"measure of the incident": second(db.CreateMeasure(t.Context(), scope, ana(), newMeasure(func(m *domain.Measure) { m.Incident = i.Key }))),
				"move to the incident": second(db.UpdateMeasure(t.Context(), scope, free.Key, 0, ana(), func(m *domain.Measure) error {
					m.Incident = i.Key
					return nil
				})),
			} {
				refused(t, name+", "+what, err, domain.ErrInvalid)
			}
			if after := count(t, db, "SELECT value FROM sequences WHERE name = 'history'"); after != before {
				t.Errorf("%s: %d history rows were written", name, after-before)
			}
			for what, n := range map[string]int{
				"Measures": len(must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), scope, domain.MeasureFilter{}, domain.Page{})).Items) - 1, // the free one
				"Measures by team": len(must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), scope,
					domain.MeasureFilter{Team: []domain.TeamID{"t_a"}}, domain.Page{})).Items),
				"Measures by word": len(must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), scope,
					domain.MeasureFilter{Query: string(m.Key)}, domain.Page{})).Items),
				"MeasuresByKey":   len(must[[]domain.Measure](t)(db.MeasuresByKey(t.Context(), scope, []domain.MeasureKey{m.Key}))),
				"Incidents":       len(must[domain.List[domain.Incident]](t)(db.Incidents(t.Context(), scope, domain.IncidentFilter{Query: "inc"}, domain.Page{})).Items),
				"LinksOf":         len(must[map[domain.MeasureKey][]domain.Link](t)(db.LinksOf(t.Context(), scope, []domain.MeasureKey{m.Key}))),
				"TrackersInScope": len(must[[]domain.Tracker](t)(db.TrackersInScope(t.Context(), scope))) - 1, // the open one
				"Conflicts":       len(must[domain.List[domain.Conflict]](t)(db.Conflicts(t.Context(), scope, domain.ConflictFilter{}, domain.Page{})).Items),
				"Rollups": len(must[map[domain.IncidentKey]domain.Rollup](t)(db.Rollups(t.Context(), scope,
					[]domain.IncidentKey{i.Key}, domain.MustDate("2026-12-01")))),
			} {
				if n != 0 {
					t.Errorf("%s, %s: %d rows of another team", name, what, n)
				}
			}
			seen := 0
			if err := errors.Join(
				db.EachMeasure(t.Context(), scope, func(m domain.Measure) error { seen += b2i(m.Team != ""); return nil }),
				db.EachIncident(t.Context(), scope, func(i domain.Incident) error { seen += b2i(i.Team != ""); return nil }),
				db.EachChange(t.Context(), scope, 0, func(c domain.Change) error { seen += b2i(c.Key != string(free.Key) && c.Key != "open"); return nil }),
			); err != nil {
				t.Error(err)
			}
			if seen != 0 {
				t.Errorf("%s: an export shows %d rows of another team", name, seen)
			}
		}
		// Its own team sees all of it.
		own := domain.Scope{Teams: []domain.TeamID{"t_a"}}
		if _, err := db.Measure(t.Context(), own, m.Key); err != nil {
			t.Errorf("its own team: %v", err)
		}
		if got := must[domain.List[domain.Conflict]](t)(db.Conflicts(t.Context(), own, domain.ConflictFilter{}, domain.Page{})); len(got.Items) != 1 {
			t.Errorf("its own team sees %d conflicts", len(got.Items))
		}
	})
}

// second is the error of two results.
func second[T any](_ T, err error) error { return err }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
