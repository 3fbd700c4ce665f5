package store

import (
	"errors"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// A view is seen by its owner and by whom it is shared with, and every change
// of it is one row of history.
func TestSavedViews(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		ctx, by := t.Context(), domain.Attribution{Source: domain.FromUser, Actor: "p_a"}
		must[domain.Team](t)(db.CreateTeam(ctx, by, domain.Team{ID: "t_a", Name: "A", CreatedAt: testNow, UpdatedAt: testNow}))
		for _, v := range []domain.SavedView{{ID: "v_own", Name: "own", Share: domain.ShareNone}, {ID: "v_team", Name: "team", Share: domain.ShareTeam, Team: "t_a"}, {ID: "v_all", Name: "all", Share: domain.ShareOrganisation}} {
			v.Page, v.Owner, v.CreatedAt, v.UpdatedAt = domain.ViewMeasures, "p_a", testNow, testNow
			must[domain.SavedView](t)(db.CreateSavedView(ctx, by, v))
		}
		for _, c := range []struct {
			actor domain.Actor
			want  int
		}{{domain.Actor{ID: "p_a"}, 3}, {domain.Actor{ID: "p_b"}, 1}, {domain.Actor{ID: "p_b", Scope: domain.Scope{Teams: []domain.TeamID{"t_a"}}}, 2},
			{domain.Actor{ID: "p_b", Scope: domain.Everything()}, 2}} {
			views := must[[]domain.SavedView](t)(db.SavedViews(ctx, c.actor))
			if len(views) != c.want {
				t.Errorf("%+v sees %d views, want %d", c.actor, len(views), c.want)
			}
			for _, v := range views {
				if !v.VisibleTo(c.actor) {
					t.Errorf("%+v sees %s against the rule", c.actor, v.ID)
				}
			}
		}
		if _, err := db.SavedView(ctx, domain.Actor{ID: "p_b"}, "v_own"); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("another one's view: %v", err)
		}
		rename := func(v *domain.SavedView) error { v.Name = "renamed"; return nil }
		if v := must[domain.SavedView](t)(db.UpdateSavedView(ctx, by, "v_own", 1, rename)); v.Version != 2 || v.Name != "renamed" {
			t.Errorf("updated = %+v", v)
		}
		if _, err := db.UpdateSavedView(ctx, by, "v_own", 1, rename); !errors.Is(err, domain.ErrStale) {
			t.Errorf("a stale change: %v", err)
		}
		refuse := func(domain.SavedView) error { return domain.ErrForbidden }
		if err := db.RemoveSavedView(ctx, by, "v_own", 0, refuse); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("a forbidden removal: %v", err)
		}
		if err := db.RemoveSavedView(ctx, by, "v_own", 2, func(domain.SavedView) error { return nil }); err != nil {
			t.Fatal(err)
		}
		rows := must[domain.List[domain.Change]](t)(db.History(ctx, domain.Everything(), domain.SubjectView, "v_own", domain.Page{Limit: 10}))
		if len(rows.Items) != 3 {
			t.Errorf("history has %d rows, want created, renamed, removed", len(rows.Items))
		}
	})
}

// The number of views of one owner is bounded.
func TestSavedViewsAreBounded(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		by := domain.Attribution{Source: domain.FromUser, Actor: "p_a"}
		for n := range domain.MaxViews {
			must[domain.SavedView](t)(db.CreateSavedView(t.Context(), by, domain.SavedView{ID: "v_" + string(rune('a'+n%26)) + string(rune('a'+n/26)), Owner: "p_a", Share: domain.ShareNone, CreatedAt: testNow, UpdatedAt: testNow}))
		}
		if _, err := db.CreateSavedView(t.Context(), by, domain.SavedView{ID: "v_more", Owner: "p_a", CreatedAt: testNow, UpdatedAt: testNow}); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("one too many: %v", err)
		}
	})
}
