package jirasim_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

func TestCreateReadEditTransition(t *testing.T) {
	for name, o := range flavors() {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, o)
			id := s.create("Add an alarm", m{
				"description": "h2. Why\n\n* it *burns*", "priority": m{"id": "2"}, "duedate": "2026-03-31",
				"assignee": s.who(s.bob), "labels": []string{"b", "a"}, s.fields["metric"]: "p95 < 2 s",
			})
			got := s.issue(id)
			want := jirasim.Issue{
				Summary: "Add an alarm", Description: "h2. Why\n\n* it *burns*", Priority: "High", DueDate: "2026-03-31",
				Assignee: s.id(s.bob), Labels: []string{"a", "b"}, Custom: m{s.fields["metric"]: "p95 < 2 s"}, Status: "To Do",
			}
			if diff := cmp.Diff(want, jirasim.Issue{
				Summary: got.Summary, Description: got.Description, Priority: got.Priority, DueDate: got.DueDate,
				Assignee: got.Assignee, Labels: got.Labels, Custom: got.Custom, Status: got.Status,
			}); diff != "" {
				t.Error(diff)
			}

			s.do("PUT", "/issue/"+id, m{
				"fields": m{"summary": "Add two alarms", "duedate": nil, "assignee": nil, "transition": m{"id": "31"}},
				"update": m{"labels": []m{{"add": "c"}, {"remove": "a"}}},
			}, 400) // transition is no field
			s.do("PUT", "/issue/"+id, m{
				"fields":     m{"summary": "Add two alarms", "duedate": nil, "assignee": nil},
				"update":     m{"labels": []m{{"add": "c"}, {"remove": "a"}}},
				"transition": m{"id": "31"}, // ignored
			}, 204)
			var tr struct {
				Transitions []struct {
					ID string
					To struct{ ID string }
				}
			}
			s.do("GET", "/issue/"+id+"/transitions", nil, 200).decode(t, &tr)
			if len(tr.Transitions) != 3 {
				t.Fatalf("transitions %+v, want 3", tr)
			}
			got = s.issue(id)
			if got.Status != "To Do" {
				t.Errorf("PUT moved the issue to %s", got.Status)
			}
			s.do("POST", "/issue/"+id+"/transitions", m{"transition": m{"id": "31"}}, 204)
			got = s.issue(id)
			if got.Status != "Done" || got.Resolution != "Done" || got.Assignee != "" || got.DueDate != "" || strings.Join(got.Labels, " ") != "b c" {
				t.Errorf("after edit and transition: %+v", got)
			}
		})
	}
}
