package jira_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/jira"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

func checked(t *testing.T, s *site) domain.MappingReport {
	t.Helper()
	r, err := s.adapter(t).Check(t.Context())
	must(t, err)
	return r
}

func rowOf(t *testing.T, r domain.MappingReport, f domain.Field, value string) domain.MappingRow {
	t.Helper()
	for _, row := range r.Rows {
		if row.Field == f && row.Value == value {
			return row
		}
	}
	t.Fatalf("no row for %s %q", f, value)
	return domain.MappingRow{}
}

func TestCheckOfAGoodMapping(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Open(t, "so that there is an edit screen", "")
		w := s.watch()
		r := checked(t, s)
		if r.Loses() || !r.CanWrite || r.Place != s.place || !strings.Contains(r.Account, "Sync Account") {
			t.Errorf("report %+v", r)
		}
		for _, x := range w.take() {
			if x.method != "GET" && !strings.Contains(x.path, "/search") {
				t.Errorf("the check wrote: %s %s", x.method, x.path)
			}
		}
		for value, want := range map[string]domain.Loss{"proposed": domain.Sticky, "accepted": domain.Sticky, "blocked": domain.Sticky, "verified": domain.Sticky,
			"in_progress": domain.Lossless, "done": domain.Lossless, "cancelled": domain.Lossless} {
			if row := rowOf(t, r, domain.FieldStatus, value); row.Loss != want || row.Remote == "" {
				t.Errorf("status %s: %+v", value, row)
			}
		}
		for n, p := range domain.Priorities() {
			want := domain.MappingRow{Field: domain.FieldPriority, Value: string(p), Remote: []string{"Highest", "High", "Medium", "Low", "Lowest"}[n], Back: string(p), Loss: domain.Lossless}
			if diff := cmp.Diff(want, rowOf(t, r, domain.FieldPriority, string(p))); diff != "" {
				t.Error(diff)
			}
		}
		for _, f := range []domain.Field{domain.FieldTitle, domain.FieldDescription, domain.FieldDueOn, domain.FieldMetric, domain.FieldIncident, domain.FieldOwner} {
			if !slices.ContainsFunc(r.Rows, func(row domain.MappingRow) bool { return row.Field == f && row.Loss == domain.Lossless }) {
				t.Errorf("no lossless row for %s", f)
			}
		}
	})
}

// TestCheckSuggests: from an empty mapping to a complete one, by ids, and the
// suggestion passes the check itself.
func TestCheckSuggests(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.config = func(c *jira.Config) { c.Tracker.Mapping = domain.Mapping{} }
		r := checked(t, s)
		want := domain.Mapping{
			IssueType: "10002", DueField: "duedate", MetricField: s.metric,
			Statuses:    map[domain.Projection][]string{"open": {"10000"}, "in_progress": {"3"}, "done": {"10001"}, "cancelled": {s.cancelled}},
			Priorities:  map[domain.Priority]string{"P0": "1", "P1": "2", "P2": "3", "P3": "4", "P4": "5"},
			Resolutions: map[domain.Projection]string{"done": "10000", "cancelled": "10001"}, WontDo: []string{"10002"},
		}
		if diff := cmp.Diff(want, r.Suggested); diff != "" {
			t.Error(diff)
		}
		s.config = func(c *jira.Config) { c.Tracker.Mapping = r.Suggested }
		if again := checked(t, s); again.Loses() {
			t.Errorf("the suggestion loses: %+v", again)
		} else if diff := cmp.Diff(want, again.Suggested); diff != "" {
			t.Errorf("a complete mapping was changed: %s", diff)
		}
	})
}

// TestCheckFindsWhatIsWrong: each fault of a mapping or a project has a row or
// a sentence, and nothing wrong is called lossless.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	mapping := func(f func(*domain.Mapping)) func(*site) {
		return func(s *site) { s.config = func(c *jira.Config) { f(&c.Tracker.Mapping) } }
	}
	for name, tc := range map[string]struct {
		spoil   func(*site)
		field   domain.Field
		value   string
		loss    domain.Loss
		problem string
		note    string
	}{
		"no status for cancelled": {func(s *site) {
			s.SetWorkflow("OPS", "", jirasim.SimpleWorkflow())
			s.config = func(c *jira.Config) { c.Tracker.Mapping.Statuses = nil }
		}, domain.FieldStatus, "cancelled", domain.Unreachable, "", ""},
		"mapped status is not in the workflow": {mapping(func(m *domain.Mapping) {
			m.Statuses = map[domain.Projection][]string{"open": {"10000"}, "in_progress": {"4"}, "done": {"10001"}}
		}), domain.FieldStatus, "in_progress", domain.Unreachable, "", "status id 4"},
		"one status for two things": {mapping(func(m *domain.Mapping) {
			m.Statuses = map[domain.Projection][]string{"open": {"10000"}, "in_progress": {"10000"}, "done": {"10001"}, "cancelled": {"10001"}}
		}), domain.FieldStatus, "in_progress", domain.Unreachable, "", ""},
		"done and cancelled share a status, no resolution": {mapping(func(m *domain.Mapping) {
			m.Statuses = map[domain.Projection][]string{"open": {"10000"}, "in_progress": {"3"}, "done": {"10001"}, "cancelled": {"10001"}}
		}), domain.FieldStatus, "cancelled", domain.Unreachable, "", ""},
		"done and cancelled told apart by the resolution": {mapping(func(m *domain.Mapping) {
			m.Statuses = map[domain.Projection][]string{"open": {"10000"}, "in_progress": {"3"}, "done": {"10001"}, "cancelled": {"10001"}}
			m.Resolutions = map[domain.Projection]string{"cancelled": "10001"}
		}), domain.FieldStatus, "cancelled", domain.Lossless, "", ""},
		"unknown resolution": {mapping(func(m *domain.Mapping) { m.Resolutions = map[domain.Projection]string{"done": "999"} }), domain.FieldStatus, "done", domain.Unreachable, "", ""},
		"two priorities share one": {mapping(func(m *domain.Mapping) {
			m.Priorities = map[domain.Priority]string{"P0": "1", "P1": "2", "P2": "3", "P3": "4", "P4": "4"}
		}), domain.FieldPriority, "P4", domain.Sticky, "", "Lowest (id 5) is not mapped"},
		"a priority without one":          {mapping(func(m *domain.Mapping) { m.Priorities = map[domain.Priority]string{"P0": "1"} }), domain.FieldPriority, "P3", domain.Unreachable, "", ""},
		"priority of another scheme":      {func(s *site) { s.SetPriorities("OPS", "1", "3", "5") }, domain.FieldPriority, "P1", domain.Unreachable, "", ""},
		"priority not on the edit screen": {func(s *site) { s.HideField("OPS", jirasim.EditScreen, "priority") }, domain.FieldPriority, "P0", domain.Unreachable, "", "priority"},
		"assignee on no screen": {func(s *site) {
			s.HideField("OPS", jirasim.EditScreen, "assignee")
			s.HideField("OPS", jirasim.CreateScreen, "assignee")
		}, domain.FieldOwner, "p_ana", domain.Unreachable, "", "assignee is on no screen"},
		"may not assign":     {func(s *site) { s.Deny(s.sync.Email, "OPS", jirasim.AssignIssues) }, domain.FieldOwner, "p_ana", domain.Unreachable, "", ""},
		"cannot be assigned": {func(s *site) { s.UpdateUser(s.ben.Email, func(u *jirasim.User) { u.Unassignable = true }) }, domain.FieldOwner, "p_ben", domain.Unreachable, "", ""},
		"due date on no screen": {func(s *site) {
			s.HideField("OPS", jirasim.EditScreen, "duedate")
			s.HideField("OPS", jirasim.CreateScreen, "duedate")
		}, domain.FieldDueOn, "2026-03-31", domain.Lossless, "", "kept in the description"},
		"description on no screen": {func(s *site) {
			s.HideField("OPS", jirasim.EditScreen, "description")
			s.HideField("OPS", jirasim.CreateScreen, "description")
		}, domain.FieldDescription, "Page the owner.\n\n- both regions", domain.Unreachable, "", ""},
		"may not transition":   {func(s *site) { s.Deny(s.sync.Email, "OPS", jirasim.Transition) }, "", "", "", "may not transition issues", ""},
		"may not create":       {func(s *site) { s.Deny(s.sync.Email, "OPS", jirasim.CreateIssues) }, "", "", "", "may not create issues", ""},
		"may not schedule":     {func(s *site) { s.Deny(s.sync.Email, "OPS", jirasim.ScheduleIssues) }, "", "", "", "", "may not schedule"},
		"may not link":         {func(s *site) { s.Deny(s.sync.Email, "OPS", jirasim.LinkIssues) }, "", "", "", "", "may not link"},
		"archived":             {func(s *site) { s.ArchiveProject("OPS", true) }, "", "", "", "archived", ""},
		"no such type":         {mapping(func(m *domain.Mapping) { m.IssueType = "Epic" }), "", "", "", `no issue type "Epic"`, ""},
		"a type for sub-tasks": {mapping(func(m *domain.Mapping) { m.IssueType = "Sub-task" }), "", "", "", "need a parent", ""},
		"a demanded field": {func(s *site) {
			id := s.AddField("Cost centre", jirasim.TextField)
			s.RequireField("OPS", id, true)
		}, "", "", "", "demands the field Cost centre", ""},
		"a due date is demanded": {func(s *site) { s.RequireField("OPS", "duedate", true) }, "", "", "", "demands the field Due date", ""},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *site) {
				s.Open(t, "so that there is an edit screen", "")
				tc.spoil(s)
				r := checked(t, s)
				if tc.field != "" {
					row := rowOf(t, r, tc.field, tc.value)
					if row.Loss != tc.loss || tc.loss != domain.Lossless && row.Note == "" {
						t.Errorf("row %+v, want %s", row, tc.loss)
					}
					if tc.loss == domain.Unreachable && !r.Loses() {
						t.Error("the report hides it")
					}
				}
				if text := strings.Join(r.Problems, "\n"); !strings.Contains(text, tc.problem) || tc.problem == "" && text != "" {
					t.Errorf("problems %q, want one with %q", text, tc.problem)
				}
				if text := strings.Join(r.Notes, "\n"); !strings.Contains(text, tc.note) {
					t.Errorf("notes %q, want one with %q", text, tc.note)
				}
				for _, row := range r.Rows {
					if row.Loss == domain.Lossless && row.Back != row.Value {
						t.Errorf("%+v is called lossless", row)
					}
				}
			})
		})
	}
}

// TestCheckNotesSteps: transitions of the newest issue tell what a step needs.
func TestCheckNotesSteps(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.SetWorkflow("OPS", "", jirasim.ClassicWorkflow())
		s.config = func(c *jira.Config) {
			c.Tracker.Mapping.Statuses = map[domain.Projection][]string{"open": {"1", "4"}, "in_progress": {"3"}, "done": {"5"}, "cancelled": {"6"}}
		}
		s.Open(t, "x", "")
		r := checked(t, s)
		if row := rowOf(t, r, domain.FieldStatus, "done"); !strings.Contains(row.Note, "asks for a resolution") {
			t.Errorf("done: %+v", row)
		}
		must(t, s.TransitionIssue(s.cleo.Email, "OPS-1", "5", "Done"))
		r = checked(t, s)
		if row := rowOf(t, r, domain.FieldStatus, "in_progress"); !strings.Contains(row.Note, "no single transition") {
			t.Errorf("in progress: %+v", row)
		}
	})
}

// TestT68PeopleAreMapped: Cloud refuses user names; each mapped account is
// asked about by its exact id, and nobody is guessed from a similar name.
func TestT68PeopleAreMapped(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.AddUser(jirasim.User{DisplayName: "Ana Diazotti", Name: "ana.diazotti"})
		s.config = func(c *jira.Config) {
			c.Identities = append(c.Identities, domain.Identity{Tracker: "acme-ops", Person: "p_dora", Account: "ana.dia", Login: "ana.dia"},
				domain.Identity{Tracker: "other", Person: "p_eve", Account: "x", Login: "x"})
		}
		w := s.watch()
		r := checked(t, s)
		for _, x := range w.take() {
			if strings.Contains(x.path, "/user/") && (strings.Contains(x.query, "username=") == s.cloud() || strings.Contains(x.query, "query=")) {
				t.Errorf("asked for people with %s", x.query)
			}
		}
		if row := rowOf(t, r, domain.FieldOwner, "p_dora"); row.Loss != domain.Unreachable {
			t.Errorf("a name that only begins like Ana's: %+v", row)
		}
		for _, row := range r.Rows {
			if row.Value == "p_eve" {
				t.Error("an identity of another tracker was used")
			}
		}
		if put := s.adapter(t).Put(domain.FieldOwner, "p_nobody", domain.Snapshot{}); put.State != domain.FieldFailed {
			t.Errorf("an unmapped person: %+v", put)
		}
	})
}

// TestT69NamesAreEscaped: an account with special characters arrives as it is.
func TestT69NamesAreEscaped(t *testing.T) {
	s := newSite(t, dataCenter())
	odd := s.AddUser(jirasim.User{DisplayName: "Odd One", Name: "a+b c&d#e%@x"})
	s.config = func(c *jira.Config) {
		c.Identities = append(c.Identities, domain.Identity{Tracker: "acme-ops", Person: "p_odd", Account: odd.Name, Login: odd.Name})
	}
	if row := rowOf(t, checked(t, s), domain.FieldOwner, "p_odd"); row.Loss != domain.Lossless {
		t.Errorf("row %+v", row)
	}
	tracker := s.adapter(t)
	on := s.made(t, tracker)
	pushed(t, tracker, on, map[domain.Field]string{domain.FieldOwner: "p_odd"})
	if got := s.state(t, on.Ref).Assignee; got != odd.Name {
		t.Errorf("assigned to %q", got)
	}
}
