package store

import (
	"errors"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// What is read in bulk is what the history of one measure shows.
func TestHistoryReadInBulk(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		by := full[domain.Attribution]()
		by.Idempotency = domain.Idempotency{}
		m := must[domain.Measure](t)(db.CreateMeasure(t.Context(), domain.Everything(), by, newMeasure(nil)))
		must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("other")))
		addTracker(t, db, "a", nil)
		link := addLink(t, db, m.Key, "a", "R1")
		c := openConflict(t, db, link.ID, domain.FieldTitle)
		must[domain.Conflict](t)(db.ResolveConflict(t.Context(), domain.Everything(), by, c.ID, 0, func(c *domain.Conflict, _ *domain.Measure) error {
			c.Winner, c.ResolvedAt = "ours", testNow
			return nil
		}))
		want := changesOf(t, db, domain.SubjectMeasure, string(m.Key))
		if want[0].Attribution != by || !want[len(want)-1].Overwritten {
			t.Fatalf("the history: %+v", want)
		}
		var all, brief []domain.Change
		err := errors.Join(
			db.EachChange(t.Context(), domain.Everything(), 0, func(c domain.Change) error {
				if c.Subject == domain.SubjectMeasure {
					all = append(all, c)
				}
				return nil
			}),
			db.EachHistory(t.Context(), domain.Everything(), domain.SubjectMeasure, func(_ string, rows []domain.Change) error {
				brief = append(brief, rows...)
				return nil
			}))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "in log order", want, all)
		for n := range want {
			want[n].SubjectSeq, want[n].OnBehalf, want[n].External, want[n].Request, want[n].Reason = 0, "", "", "", ""
		}
		same(t, "measure by measure", want, brief)
	})
}
