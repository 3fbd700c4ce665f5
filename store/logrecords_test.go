package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// The leaves of a few subjects are those that reading the whole log finds.
func TestRecordsOf(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		var keys []string
		for range 3 {
			m := addMeasure(t, db, nil)
			keys = append(keys, string(m.Key))
			for _, title := range []string{"One", "Two"} {
				must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle(title)))
			}
		}
		asked := []string{keys[0], keys[2]}
		want, got := map[string][]evidence.Record{}, map[string][]evidence.Record{}
		head := must[evidence.LogHead](t)(db.LogHead(t.Context()))
		if err := db.EachLeaf(t.Context(), 0, head.Size, func(row evidence.LogRow) error {
			r, err := evidence.RecordOf(row)
			if key := r.Leaf.Key; r.Leaf.Subject == "measure" && key != keys[1] {
				want[key] = append(want[key], r)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.RecordsOf(t.Context(), domain.SubjectMeasure, asked, func(r *evidence.Record) error {
			got[r.Leaf.Key] = append(got[r.Leaf.Key], *r)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got[keys[0]]) != 3 {
			t.Errorf("(-whole log +these):\n%s", diff)
		}
	})
}
