package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// The catalogue holds one entry for a name however it is written, tells teams
// their own, and every change of it is a row of history.
func TestServices(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		ctx, by := t.Context(), ana()
		for _, id := range []domain.TeamID{"t_a", "t_b"} {
			must[domain.Team](t)(db.CreateTeam(ctx, by, domain.Team{ID: id, Name: string(id), CreatedAt: testNow, UpdatedAt: testNow}))
		}
		entry := domain.Service{ID: "s_pay", Name: "Payments API", Since: domain.MustDate("2025-03-01"), Team: "t_a", CreatedAt: testNow, UpdatedAt: testNow}
		made := must[domain.Service](t)(db.CreateService(ctx, by, entry))
		entry.Version = 1
		if diff := cmp.Diff(entry, made); diff != "" {
			t.Errorf("made (-want +got):\n%s", diff)
		}
		again := domain.Service{ID: "s_other", Name: "payments  api", CreatedAt: testNow, UpdatedAt: testNow}
		if _, err := db.CreateService(ctx, by, again); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("the same name in another spelling: %v", err)
		}
		if _, err := db.CreateService(ctx, by, domain.Service{ID: "s_x", Name: "x", Team: "t_none", CreatedAt: testNow, UpdatedAt: testNow}); domain.KindOf(err) != domain.ErrInvalid {
			t.Errorf("a team that is not there: %v", err)
		}
		all, own, other := domain.Everything(), domain.Scope{Teams: []domain.TeamID{"t_a"}}, domain.Scope{Teams: []domain.TeamID{"t_b"}}
		for _, c := range []struct {
			scope domain.Scope
			want  int
		}{{all, 1}, {own, 1}, {other, 0}} {
			if got := must[[]domain.Service](t)(db.Services(ctx, c.scope)); len(got) != c.want {
				t.Errorf("%+v sees %d entries, want %d", c.scope, len(got), c.want)
			}
		}
		retire := func(s *domain.Service) error { s.Retired = domain.MustDate("2026-05-31"); return nil }
		if _, err := db.UpdateService(ctx, other, by, "s_pay", 0, retire); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("another team's entry: %v", err)
		}
		if s := must[domain.Service](t)(db.UpdateService(ctx, own, by, "s_pay", 1, retire)); s.Version != 2 || s.Retired.String() != "2026-05-31" {
			t.Errorf("updated = %+v", s)
		}
		if _, err := db.UpdateService(ctx, own, by, "s_pay", 1, retire); !errors.Is(err, domain.ErrStale) {
			t.Errorf("a stale change: %v", err)
		}
		if s := must[domain.Service](t)(db.UpdateService(ctx, own, by, "s_pay", 0, retire)); s.Version != 2 {
			t.Errorf("a change of nothing made version %d", s.Version)
		}
		seen := 0
		if err := db.EachChange(ctx, other, 0, func(c domain.Change) error {
			if c.Subject == domain.SubjectService {
				seen++
			}
			return nil
		}); err != nil || seen != 0 {
			t.Errorf("another team reads %d rows of the history, %v", seen, err)
		}
		if _, err := db.History(ctx, other, domain.SubjectService, "s_pay", domain.Page{}); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("another team's history: %v", err)
		}
		if err := db.RemoveService(ctx, other, by, "s_pay", 2); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("another team's removal: %v", err)
		}
		if err := db.RemoveService(ctx, own, by, "s_pay", 2); err != nil {
			t.Fatal(err)
		}
		var fields []string
		for _, row := range must[domain.List[domain.Change]](t)(db.History(ctx, all, domain.SubjectService, "s_pay", domain.Page{Limit: 10})).Items {
			fields = append(fields, row.Field+"="+row.To)
		}
		if diff := cmp.Diff([]string{`={"name":"Payments API","since":"2025-03-01","team":"t_a"}`, "retired=2026-05-31", "removed=true"}, fields); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
	})
}

// What incidents name is counted by spelling, and only where it may be seen.
func TestNamedServices(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		must[domain.Team](t)(db.CreateTeam(t.Context(), ana(), domain.Team{ID: "t_a", Name: "A", CreatedAt: testNow, UpdatedAt: testNow}))
		for n, names := range [][]string{{"api", "db"}, {"API"}, {"db"}} {
			addIncident(t, db, func(i *domain.Incident) {
				i.Services, i.StartedAt = names, testNow.Add(-time.Duration(n+1)*time.Hour)
				if n == 1 {
					i.Team = "t_a"
				}
			})
		}
		want := []domain.UnlistedService{{Name: "db", Incidents: 2, First: testNow.Add(-3 * time.Hour)}, {Name: "API", Incidents: 1, First: testNow.Add(-2 * time.Hour)},
			{Name: "api", Incidents: 1, First: testNow.Add(-time.Hour)}}
		if diff := cmp.Diff(want, must[[]domain.UnlistedService](t)(db.NamedServices(t.Context(), domain.Everything()))); diff != "" {
			t.Errorf("all (-want +got):\n%s", diff)
		}
		if got := must[[]domain.UnlistedService](t)(db.NamedServices(t.Context(), domain.Scope{})); len(got) != 2 {
			t.Errorf("without a team: %+v", got)
		}
		unlisted := domain.Unlisted([]domain.Service{{Name: "Db"}}, want)
		if diff := cmp.Diff([]domain.UnlistedService{{Name: "API", Incidents: 2, First: testNow.Add(-2 * time.Hour)}}, unlisted); diff != "" {
			t.Errorf("unlisted (-want +got):\n%s", diff)
		}
	})
}
