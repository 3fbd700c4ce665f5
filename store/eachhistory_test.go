package store

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// TestEachHistory: every history comes whole, once and in order, over the ends
// of the batches it is read in, and only of what the caller may see.
func TestEachHistory(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		for _, team := range []domain.TeamID{"t_a", "t_b"} {
			if _, err := db.CreateTeam(t.Context(), ana(), domain.Team{ID: team, Name: string(team), CreatedAt: testNow, UpdatedAt: testNow}); err != nil {
				t.Fatal(err)
			}
		}
		want := map[string]int{}
		for n := range 12 {
			team := domain.TeamID("t_a")
			if n%4 == 3 {
				team = "t_b"
			}
			m := addMeasure(t, db, func(m *domain.Measure) { m.Team = team })
			for e := range n * 20 {
				if _, err := db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle(fmt.Sprintf("Title %d", e))); err != nil {
					t.Fatal(err)
				}
			}
			want[string(m.Key)] = 1 + n*20
		}
		read := func(scope domain.Scope) map[string]int {
			got := map[string]int{}
			err := db.EachHistory(t.Context(), scope, domain.SubjectMeasure, func(key string, rows []domain.Change) error {
				if _, twice := got[key]; twice {
					t.Errorf("%s came twice", key)
				}
				for n, row := range rows {
					if row.Key != key || (n == 0) != (row.Kind == domain.ChangeCreate) || n > 0 && rows[n-1].Seq >= row.Seq {
						t.Errorf("row %d of %s is a %s of %s", n, key, row.Kind, row.Key)
					}
				}
				got[key] = len(rows)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if diff := cmp.Diff(want, read(domain.Everything())); diff != "" {
			t.Errorf("everything (-want +got):\n%s", diff)
		}
		if got := read(domain.Scope{Teams: []domain.TeamID{"t_b"}}); len(got) != 3 || got["M-4"] != want["M-4"] {
			t.Errorf("team t_b sees %v", got)
		}
		if err := db.EachHistory(t.Context(), domain.Scope{}, domain.SubjectPerson, nil); domain.KindOf(err) != domain.ErrNotFound {
			t.Errorf("people's history without the right to it: %v", err)
		}
	})
}
