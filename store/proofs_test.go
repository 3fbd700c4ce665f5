package store

import (
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

func TestEvidence(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m := addMeasure(t, db, nil)
		want := full[domain.Evidence]()
		want.Measure = m.Key
		same(t, "added", want, must[domain.Evidence](t)(db.AddEvidence(t.Context(), domain.Everything(), ana(), want)))
		older := domain.Evidence{ID: "older", Measure: m.Key, Title: "T", URL: "https://x", ReceivedAt: testNow.Add(-time.Hour)}
		must[domain.Evidence](t)(db.AddEvidence(t.Context(), domain.Everything(), ana(), older))
		same(t, "listed", []domain.Evidence{older, want}, must[[]domain.Evidence](t)(db.EvidenceOf(t.Context(), domain.Everything(), m.Key)))
		got := must[domain.Measure](t)(db.Measure(t.Context(), domain.Everything(), m.Key))
		if got.EvidenceCount != 2 || got.Version != 3 {
			t.Errorf("the measure counts %d, version %d", got.EvidenceCount, got.Version)
		}
		refused(t, "the same id", second(db.AddEvidence(t.Context(), domain.Everything(), ana(), want)), domain.ErrConflict)
		h := changesOf(t, db, domain.SubjectMeasure, string(m.Key))
		if len(h) != 3 || h[1].Kind != domain.ChangeEvidence || h[1].To != want.Title+" "+want.URL {
			t.Errorf("history: %+v", h)
		}
	})
}

func TestObservations(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m, other := addMeasure(t, db, nil), addMeasure(t, db, nil)
		want := full[domain.Observation]()
		want.Measure = m.Key
		earlier := domain.Observation{ID: "earlier", Measure: m.Key, At: testNow.Add(-time.Hour), Value: -1.5}
		elsewhere := domain.Observation{ID: "elsewhere", Measure: other.Key, At: testNow}
		if err := db.AddObservation(t.Context(), domain.Everything(), ana(), []domain.Observation{want, elsewhere, earlier}); err != nil {
			t.Fatal(err)
		}
		same(t, "listed by time", []domain.Observation{earlier, want}, must[[]domain.Observation](t)(db.ObservationsOf(t.Context(), domain.Everything(), m.Key)))
		if h := changesOf(t, db, domain.SubjectMeasure, string(m.Key)); len(h) != 3 || h[2].Kind != domain.ChangeObservation {
			t.Errorf("history: %+v", h)
		}
		err := db.AddObservation(t.Context(), domain.Everything(), ana(),
			[]domain.Observation{{ID: "good", Measure: m.Key, At: testNow}, {ID: "lost", Measure: "M-99", At: testNow}})
		refused(t, "one of an unknown measure", err, domain.ErrNotFound)
		if n := count(t, db, "SELECT count(*) FROM observations"); n != 3 {
			t.Errorf("%d observations, want all or none", n)
		}
		if err := db.AddObservation(t.Context(), domain.Everything(), ana(), nil); err != nil {
			t.Errorf("none at all: %v", err)
		}
	})
}

func TestPolicyVersions(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		same(t, "shipped", domain.DefaultPolicy(), must[domain.Policy](t)(db.Policy(t.Context())))
		want := full[domain.Policy]()
		saved := must[domain.Policy](t)(db.SavePolicy(t.Context(), ana(), want))
		want.Version, want.From = 2, testNow
		same(t, "saved", want, saved)
		same(t, "current", want, must[domain.Policy](t)(db.Policy(t.Context())))
		results := make(chan error, 8)
		for range 8 {
			go func() { results <- second(db.SavePolicy(t.Context(), ana(), domain.DefaultPolicy())) }()
		}
		for range 8 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if v := must[domain.Policy](t)(db.Policy(t.Context())).Version; v != 10 {
			t.Errorf("after nine savings the version is %d", v)
		}
		same(t, "an earlier version", want, must[domain.Policy](t)(db.PolicyVersion(t.Context(), 2)))
		same(t, "the shipped version", domain.DefaultPolicy(), must[domain.Policy](t)(db.PolicyVersion(t.Context(), 1)))
		refused(t, "a version of the future", second(db.PolicyVersion(t.Context(), 11)), domain.ErrNotFound)
		if h := changesOf(t, db, domain.SubjectPolicy, "2"); len(h) != 1 || h[0].Kind != domain.ChangeConfig {
			t.Errorf("history: %+v", h)
		}
	})
}
