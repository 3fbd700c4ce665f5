package jira_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/jira"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

type m = map[string]any

// TestT57OnlyWhatChanged: a body holds the changed fields and nothing else,
// clearing is an explicit null (T58), and labels are only ever added (T53).
func TestT57OnlyWhatChanged(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		who := map[bool]string{true: "accountId", false: "name"}[s.cloud()]
		for name, tc := range map[string]struct {
			values map[domain.Field]string
			want   m
		}{
			"title":        {map[domain.Field]string{domain.FieldTitle: "new"}, m{"summary": "new"}},
			"due date":     {map[domain.Field]string{domain.FieldDueOn: "2026-12-31"}, m{"duedate": "2026-12-31"}}, // T33
			"no due date":  {map[domain.Field]string{domain.FieldDueOn: ""}, m{"duedate": nil}},
			"owner":        {map[domain.Field]string{domain.FieldOwner: "p_ben"}, m{"assignee": m{who: s.account(s.ben)}}},
			"no owner":     {map[domain.Field]string{domain.FieldOwner: ""}, m{"assignee": m{who: nil}}},
			"priority":     {map[domain.Field]string{domain.FieldPriority: "P0"}, m{"priority": m{"id": "1"}}},
			"metric":       {map[domain.Field]string{domain.FieldMetric: "x"}, m{s.metric: "x"}},
			"no metric":    {map[domain.Field]string{domain.FieldMetric: ""}, m{s.metric: nil}},
			"two at once":  {map[domain.Field]string{domain.FieldTitle: "new", domain.FieldPriority: "P4"}, m{"summary": "new", "priority": m{"id": "5"}}},
			"what it is":   {map[domain.Field]string{domain.FieldTitle: "Alert on replica lag", domain.FieldOwner: "p_ana"}, nil},
			"its own form": {map[domain.Field]string{domain.FieldDescription: "Page the owner.\n\n* both regions"}, nil}, // a formatting difference is no edit
		} {
			t.Run(name, func(t *testing.T) {
				x := newSite(t, map[bool]fixture{true: cloud(), false: dataCenter()}[s.cloud()])
				w := x.watch()
				tracker := x.adapter(t)
				on := x.made(t, tracker)
				w.take()
				want, _ := json.Marshal(tc.want)
				want = []byte(strings.NewReplacer(s.metric, x.metric, s.account(s.ben), x.account(x.ben)).Replace(string(want)))
				pushed(t, tracker, on, tc.values)
				sent := w.take()
				if tc.want == nil {
					if len(sent) != 0 {
						t.Errorf("sent %v", lines(sent))
					}
					return
				}
				if len(sent) != 1 {
					t.Fatalf("sent %v", lines(sent))
				}
				body := sent[0].json(t)
				got, _ := json.Marshal(body["fields"])
				if string(got) != string(want) || len(body) != 1 {
					t.Errorf("sent %s, want the fields %s", sent[0].body, want)
				}
				if strings.Contains(sent[0].query, "notifyUsers") { // false needs the right of a project admin
					t.Errorf("the query is %s", sent[0].query)
				}
			})
		}
	})
}

// TestT53LabelsAreAdded: on creation labels are added; afterwards they belong
// to people.
func TestT53LabelsAreAdded(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		w := s.watch()
		s.config = func(c *jira.Config) { c.Tracker.Mapping.ExtraLabels = []string{"follow up", "x"} }
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		body := w.take()[0].json(t)
		if diff := cmp.Diff(any([]any{m{"add": "follow-up"}, m{"add": "x"}}), body["update"].(m)["labels"]); diff != "" {
			t.Error(diff)
		}
		if _, twice := body["fields"].(m)["labels"]; twice {
			t.Error("labels are in fields and in update")
		}
		s.Label(t, on.Ref, "mine")
		pushed(t, tracker, s.read(t, tracker, on.Ref), map[domain.Field]string{domain.FieldTitle: "x", domain.FieldStatus: "done"})
		if diff := cmp.Diff([]string{"follow-up", "mine", "x"}, s.Labels(t, on.Ref)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestT59ScreensDiffer: a refused optional field is left out; due date and
// metric move to the block, everything else is reported, and the rest is written.
func TestT59ScreensDiffer(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		w := s.watch()
		tracker := s.adapter(t)
		s.HideField("OPS", jirasim.CreateScreen, "duedate", "priority", "labels", s.metric)
		s.HideField("OPS", jirasim.EditScreen, "duedate", "priority", s.metric)
		made, err := tracker.Create(t.Context(), draft("n1"))
		must(t, err)
		if got := lines(w.take()); len(got) != 2 {
			t.Errorf("the first create took %v", got)
		}
		s.Wait(t)
		on := s.read(t, tracker, made.Ref)
		for f, v := range map[domain.Field]string{domain.FieldDueOn: "2026-03-31", domain.FieldMetric: "pages per week; target at_most 2", domain.FieldOwner: "p_ana", domain.FieldTitle: "Alert on replica lag"} {
			if on.Fields[f].Value != v {
				t.Errorf("%s is %+v, want %q", f, on.Fields[f], v)
			}
		}
		w.take()
		if _, err = tracker.Create(t.Context(), draft("n2")); err != nil {
			t.Fatal(err)
		}
		if got := lines(w.take()); len(got) != 1 { // the screens are known now
			t.Errorf("the second create took %v", got)
		}
		// Editing: a due date in the block stays there.
		got := pushed(t, tracker, on, map[domain.Field]string{domain.FieldDueOn: "2026-04-30", domain.FieldPriority: "P0", domain.FieldTitle: "new"})
		if got.Refused[domain.FieldPriority] == "" || len(got.Refused) != 1 {
			t.Errorf("refused %v, want the priority only", got.Refused)
		}
		s.Wait(t)
		now := s.read(t, tracker, on.Ref)
		if now.Fields[domain.FieldDueOn].Value != "2026-04-30" || now.Fields[domain.FieldTitle].Value != "new" {
			t.Errorf("after the edit: %+v", now.Fields)
		}
		if x := s.state(t, on.Ref); x.DueDate != "" || !strings.Contains(x.Description, "* *Due:* 2026-04-30") {
			t.Errorf("due %q, description %q", x.DueDate, x.Description)
		}
	})
}

// TestT59BareCreateScreen: a create screen without a description takes the
// title alone; the marker is then the property, and the rest follows by edits.
func TestT59BareCreateScreen(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.HideField("OPS", jirasim.CreateScreen, "description", "duedate", "priority", "assignee", "labels", s.metric)
		w := s.watch()
		tracker := s.adapter(t)
		for n, want := range []int{2, 1} {
			nonce := fmt.Sprint("n", n)
			w.take()
			made, err := tracker.Create(t.Context(), draft(nonce))
			must(t, err)
			if got := w.take(); len(got) != want {
				t.Errorf("create %d took %v", n, lines(got))
			}
			x := s.state(t, made.Ref)
			if x.Description != "" || x.Summary == "" || !strings.Contains(string(x.Properties["followthrough.sync"]), nonce) {
				t.Errorf("created %+v", x)
			}
			s.Wait(t)
			on := s.read(t, tracker, made.Ref)
			got := pushed(t, tracker, on, map[domain.Field]string{domain.FieldDescription: "text", domain.FieldDueOn: "2026-03-31", domain.FieldOwner: "p_ana"})
			if len(got.Refused) > 0 {
				t.Errorf("the edit was refused: %v", got.Refused)
			}
		}
		// After a day the screens are looked at afresh.
		s.ShowField("OPS", jirasim.CreateScreen, "description", "duedate", "priority", "assignee", "labels", s.metric)
		s.clock.add(25 * time.Hour)
		made, err := tracker.Create(t.Context(), draft("later"))
		must(t, err)
		if x := s.state(t, made.Ref); x.DueDate != "2026-03-31" || x.Assignee == "" || x.Description == "" {
			t.Errorf("created %+v", x)
		}
		// What is not optional is a refusal, whatever else it names.
		s.RequireField("OPS", "reporter", true)
		s.HideField("OPS", jirasim.CreateScreen, "duedate")
		d := draft("never")
		d.Values[domain.FieldTitle] = ""
		_, err = tracker.Create(t.Context(), d)
		wantKind(t, err, domain.ErrInvalid)
	})
}

// TestResolutionAlone: done and cancelled share a status; going from one to
// the other changes the resolution, which Jira may not allow.
func TestResolutionAlone(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.SetWorkflow("OPS", "", jirasim.Workflow{Initial: "10000", Steps: []jirasim.Step{
			{ID: "31", Name: "Close", From: []string{"10000"}, To: "10001", Resolution: jirasim.Required}, {ID: "11", Name: "Reopen", From: []string{"10001"}, To: "10000"}}})
		s.config = func(c *jira.Config) {
			c.Tracker.Mapping.Statuses = map[domain.Projection][]string{"open": {"10000"}, "done": {"10001"}, "cancelled": {"10001"}}
			c.Tracker.Mapping.Resolutions = map[domain.Projection]string{"done": "10000", "cancelled": "10001"}
		}
		w := s.watch()
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		pushed(t, tracker, on, map[domain.Field]string{domain.FieldStatus: "done"})
		s.Wait(t)
		on = s.read(t, tracker, on.Ref)
		if on.Fields[domain.FieldStatus].Value != "done" {
			t.Fatalf("status %+v", on.Fields[domain.FieldStatus])
		}
		w.take()
		got := pushed(t, tracker, on, map[domain.Field]string{domain.FieldStatus: "cancelled"})
		if !strings.Contains(got.Refused[domain.FieldStatus], "reopen the issue first") {
			t.Errorf("refused %v", got.Refused)
		}
		s.faulty.Store(true)
		next := w.next
		w.next = roundTrip(func(r *http.Request) (*http.Response, error) { // a site that has the resolution on its edit screen
			if r.Method == http.MethodPut {
				return answer(r, http.StatusNoContent, nil, ""), nil
			}
			return next.RoundTrip(r)
		})
		w.take()
		got = pushed(t, tracker, on, map[domain.Field]string{domain.FieldStatus: "cancelled"})
		sent := w.take()
		if len(got.Refused) != 0 || len(sent) != 1 || sent[0].body != `{"fields":{"resolution":{"id":"10001"}}}`+"\n" {
			t.Errorf("refused %v, sent %v", got.Refused, sent)
		}
	})
}

// TestT59EditScreen: the field is on the create screen and gone from the edit
// screen; the value moves to the block once the field is empty.
func TestT59EditScreen(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		d := draft("n")
		d.Values[domain.FieldDueOn], d.Values[domain.FieldMetric] = "", ""
		made, err := tracker.Create(t.Context(), d)
		must(t, err)
		s.HideField("OPS", jirasim.EditScreen, "duedate", s.metric)
		s.Wait(t)
		on := s.read(t, tracker, made.Ref)
		got := pushed(t, tracker, on, map[domain.Field]string{domain.FieldDueOn: "2026-04-30", domain.FieldMetric: "m"})
		if len(got.Refused) != 0 {
			t.Errorf("refused %v", got.Refused)
		}
		s.Wait(t)
		now := s.read(t, tracker, made.Ref)
		if v := now.Fields[domain.FieldDueOn]; v.Value != "2026-04-30" || v.State != domain.FieldDegraded || v.Problem == "" {
			t.Errorf("due date %+v", v)
		}
		if v := now.Fields[domain.FieldMetric]; v.Value != "m" || v.State != domain.FieldDegraded {
			t.Errorf("metric %+v", v)
		}
		// A value that is in the field cannot be changed then, and says so.
		s.ShowField("OPS", jirasim.EditScreen, "duedate")
		must(t, s.EditIssue(s.cleo.Email, made.Ref.ID, jirasim.Values{"duedate": "2026-05-01"}))
		s.HideField("OPS", jirasim.EditScreen, "duedate")
		s.Wait(t)
		on = s.read(t, tracker, made.Ref)
		if on.Fields[domain.FieldDueOn].Value != "2026-05-01" {
			t.Fatalf("the field beats the line: %+v", on.Fields[domain.FieldDueOn])
		}
		got = pushed(t, tracker, on, map[domain.Field]string{domain.FieldDueOn: "2026-06-01"})
		if got.Refused[domain.FieldDueOn] == "" {
			t.Error("a date that Jira refuses beside one that stays was taken for written")
		}
	})
}

// TestT60Classic: the step is found by where it leads, although its id depends
// on the status; resolving asks for a resolution and reopening refuses one.
func TestT60Classic(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.SetWorkflow("OPS", "", jirasim.ClassicWorkflow())
		s.config = func(c *jira.Config) {
			c.Tracker.Mapping.Statuses = map[domain.Projection][]string{domain.ProjectionOpen: {"1", "4"}, domain.ProjectionInProgress: {"3"}, domain.ProjectionDone: {"5", "6"}}
			c.Tracker.Mapping.Resolutions = map[domain.Projection]string{domain.ProjectionDone: "10000", domain.ProjectionCancelled: "10001"}
			c.Tracker.Mapping.WontDo = []string{"10002"}
		}
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		for _, step := range []struct{ to, status, resolution string }{
			{"in_progress", "3", ""}, {"open", "1", ""}, {"done", "5", "Done"}, {"open", "4", ""}, {"in_progress", "3", ""}, {"cancelled", "5", "Won't Do"},
		} {
			got := pushed(t, tracker, on, map[domain.Field]string{domain.FieldStatus: step.to})
			s.Wait(t)
			if x := s.state(t, on.Ref); x.StatusID != step.status || x.Resolution != step.resolution {
				t.Fatalf("%s led to %s with %q, want %s with %q (refused %v)", step.to, x.StatusID, x.Resolution, step.status, step.resolution, got.Refused)
			}
			on = s.read(t, tracker, on.Ref)
			if on.Fields[domain.FieldStatus].Value != step.to {
				t.Fatalf("%s reads as %+v", step.to, on.Fields[domain.FieldStatus])
			}
		}
		// From resolved, in progress is two steps away: that is left to people.
		got := pushed(t, tracker, on, map[domain.Field]string{domain.FieldStatus: "in_progress"})
		if !strings.Contains(got.Refused[domain.FieldStatus], "no transition leads") {
			t.Errorf("refused %v", got.Refused)
		}
		// A duplicate is cancelled, too, and done may not be set over it silently.
		must(t, s.TransitionIssue(s.cleo.Email, on.Ref.ID, "4", ""))
		must(t, s.TransitionIssue(s.cleo.Email, on.Ref.ID, "5", "Duplicate"))
		if v := s.read(t, tracker, on.Ref).Fields[domain.FieldStatus]; v.Value != "cancelled" || v.Closure != domain.Duplicate {
			t.Errorf("a duplicate is %+v", v)
		}
	})
}

// TestT60PreferredStatus: of several statuses that mean the same, the first
// mapped one that a step leads to is taken, whatever the order of the steps.
func TestT60PreferredStatus(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.SetWorkflow("OPS", "", jirasim.ClassicWorkflow())
		for _, tc := range []struct {
			done []string
			want string
		}{{[]string{"5", "6"}, "5"}, {[]string{"6", "5"}, "6"}, {[]string{"99", "6"}, "6"}} {
			s.config = func(c *jira.Config) {
				c.Tracker.Mapping.Statuses = map[domain.Projection][]string{"open": {"1"}, "in_progress": {"3"}, "done": tc.done}
				c.Tracker.Mapping.Resolutions = map[domain.Projection]string{"done": "10000"}
			}
			tracker := s.adapter(t)
			made, err := tracker.Create(t.Context(), draft("n"+tc.want))
			must(t, err)
			s.Wait(t)
			on := s.read(t, tracker, made.Ref)
			pushed(t, tracker, on, map[domain.Field]string{domain.FieldStatus: "done"})
			if x := s.state(t, on.Ref); x.StatusID != tc.want {
				t.Errorf("done, mapped to %v, led to %s", tc.done, x.StatusID)
			}
		}
	})
}

// TestT60ResolutionScreens: the screens that list the resolution, hide it,
// demand it or refuse it.
func TestT60ResolutionScreens(t *testing.T) {
	for name, tc := range map[string]struct {
		step        jirasim.Step
		resolutions map[domain.Projection]string
		target      string
		posts       int
		status      string
		refused     string
	}{
		"demanded and mapped":      {jirasim.Step{Resolution: jirasim.Required}, map[domain.Projection]string{"done": "10000"}, "done", 1, "10001", ""},
		"demanded, not listed":     {jirasim.Step{Resolution: jirasim.Required, Unlisted: true}, map[domain.Projection]string{"done": "10000"}, "done", 1, "10001", ""},
		"demanded, not mapped":     {jirasim.Step{Resolution: jirasim.Required}, nil, "done", 1, "10000", "asks for a resolution"},
		"refused":                  {jirasim.Step{Resolution: jirasim.Forbidden}, map[domain.Projection]string{"done": "10000"}, "done", 2, "10001", ""},
		"allowed":                  {jirasim.Step{Resolution: jirasim.Allowed}, map[domain.Projection]string{"done": "10000"}, "done", 1, "10001", ""},
		"refused, means something": {jirasim.Step{Resolution: jirasim.Forbidden}, map[domain.Projection]string{"cancelled": "10001"}, "cancelled", 1, "10000", "does not take the resolution"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *site) {
				tc.step.ID, tc.step.Name, tc.step.To = "31", "Close", "10001"
				s.SetWorkflow("OPS", "", jirasim.Workflow{Initial: "10000", Steps: []jirasim.Step{{ID: "11", Name: "To Do", To: "10000"}, tc.step}})
				s.config = func(c *jira.Config) {
					c.Tracker.Mapping.Statuses = map[domain.Projection][]string{"open": {"10000"}, "done": {"10001"}}
					c.Tracker.Mapping.Resolutions = tc.resolutions
				}
				w := s.watch()
				tracker := s.adapter(t)
				on := s.made(t, tracker)
				w.take()
				got := pushed(t, tracker, on, map[domain.Field]string{domain.FieldStatus: tc.target})
				posts := w.take()
				if len(posts) != tc.posts {
					t.Errorf("took %v, want %d posts", lines(posts), tc.posts)
				}
				if x := s.state(t, on.Ref); x.StatusID != tc.status || !strings.Contains(got.Refused[domain.FieldStatus], tc.refused) || (tc.refused == "") != (len(got.Refused) == 0) {
					t.Errorf("status %s, refused %v; want %s, %q", x.StatusID, got.Refused, tc.status, tc.refused)
				}
				if name != "refused" {
					return
				}
				// What the screen does not take is remembered.
				s.Wait(t)
				pushed(t, tracker, s.read(t, tracker, on.Ref), map[domain.Field]string{domain.FieldStatus: "open"})
				s.Wait(t)
				again := s.read(t, tracker, on.Ref)
				w.take()
				pushed(t, tracker, again, map[domain.Field]string{domain.FieldStatus: "done"})
				if posts := w.take(); len(posts) != 1 {
					t.Errorf("the second time took %v", lines(posts))
				}
			})
		})
	}
}

// TestT60OrderOfWrites: fields go before a step that closes, because screens
// may lock them then; a reopening goes first.
func TestT60OrderOfWrites(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		w := s.watch()
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		for _, tc := range []struct {
			to   string
			want []string
		}{
			{"done", []string{"PUT /issue/{id}", "POST /issue/{id}/transitions"}},
			{"open", []string{"POST /issue/{id}/transitions", "PUT /issue/{id}"}},
			{"cancelled", []string{"PUT /issue/{id}", "POST /issue/{id}/transitions"}},
			{"in_progress", []string{"POST /issue/{id}/transitions", "PUT /issue/{id}"}},
		} {
			w.take()
			pushed(t, tracker, on, map[domain.Field]string{domain.FieldTitle: "now " + tc.to, domain.FieldStatus: tc.to})
			if diff := cmp.Diff(tc.want, lines(w.take())); diff != "" {
				t.Errorf("%s: %s", tc.to, diff)
			}
			s.Wait(t)
			on = s.read(t, tracker, on.Ref)
		}
	})
}

// TestT61StepIsGone: somebody took the step meanwhile, or two at once; what is
// there already is success, and another way to the goal is taken.
func TestT61StepIsGone(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.SetWorkflow("OPS", "", jirasim.Workflow{Initial: "10000", Steps: []jirasim.Step{
			{ID: "21", Name: "Start", From: []string{"10000"}, To: "3"}, {ID: "31", Name: "Finish", From: []string{"10000"}, To: "10001"},
			{ID: "32", Name: "Finish", From: []string{"3"}, To: "10001"},
		}})
		tracker := s.adapter(t)
		there := s.made(t, tracker)
		must(t, s.TransitionIssue(s.cleo.Email, there.Ref.ID, "10001", ""))
		got := pushed(t, tracker, there, map[domain.Field]string{domain.FieldStatus: "done"})
		if len(got.Refused) != 0 {
			t.Errorf("it is done already, and refused: %v", got.Refused)
		}
		other, err := tracker.Create(t.Context(), draft("n2"))
		must(t, err)
		s.Wait(t)
		on := s.read(t, tracker, other.Ref)
		must(t, s.TransitionIssue(s.cleo.Email, on.Ref.ID, "3", ""))
		got = pushed(t, tracker, on, map[domain.Field]string{domain.FieldStatus: "done"})
		if x := s.state(t, on.Ref); x.StatusID != "10001" || len(got.Refused) != 0 {
			t.Errorf("status %s, refused %v", x.StatusID, got.Refused)
		}
		third, err := tracker.Create(t.Context(), draft("n3"))
		must(t, err)
		s.Wait(t)
		on = s.read(t, tracker, third.Ref)
		s.Fault(ruleFor("POST", "/rest/api/2/issue/*/transitions", jirasim.Fail(409, "The issue is being transitioned.")))
		got = pushed(t, tracker, on, map[domain.Field]string{domain.FieldStatus: "in_progress"})
		if x := s.state(t, on.Ref); x.StatusID != "3" || len(got.Refused) != 0 {
			t.Errorf("after a 409: status %s, refused %v", x.StatusID, got.Refused)
		}
		// K9: the step was taken and the answer lost; the repetition finds it done.
		s.Wait(t)
		on = s.read(t, tracker, third.Ref)
		s.Fault(ruleFor("POST", "/rest/api/2/issue/*/transitions", jirasim.Reset(true)))
		_, err = tracker.Push(t.Context(), write(on, map[domain.Field]string{domain.FieldStatus: "done"}))
		wantKind(t, err, domain.ErrUnavailable)
		got = pushed(t, tracker, on, map[domain.Field]string{domain.FieldStatus: "done"})
		if len(got.Refused) != 0 {
			t.Errorf("after a lost answer: refused %v", got.Refused)
		}
	})
}

// TestStickyStatus: a status that already means the same is never corrected,
// nor is a resolution that means the same.
func TestStickyStatus(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		review := s.AddStatus("In Review", jirasim.CategoryIndeterminate)
		w := workflow(s.cancelled)
		w.Steps = append(w.Steps, jirasim.Step{ID: "51", Name: "Review", To: review})
		s.SetWorkflow("OPS", "", w)
		watch := s.watch()
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		must(t, s.TransitionIssue(s.cleo.Email, on.Ref.ID, review, ""))
		on = s.read(t, tracker, on.Ref)
		if on.Fields[domain.FieldStatus].Value != "in_progress" { // by its category
			t.Fatalf("in review is %+v", on.Fields[domain.FieldStatus])
		}
		watch.take()
		pushed(t, tracker, on, map[domain.Field]string{domain.FieldStatus: "in_progress"})
		if got := watch.take(); len(got) != 0 {
			t.Errorf("a status that says the same was corrected: %v", lines(got))
		}
	})
}

// TestT67MovedIssues: by its id an issue is found wherever it went, under a
// new key; a project that is not ours pauses, and nothing is written there.
func TestT67MovedIssues(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		s.Move(t, on.Ref)
		s.Wait(t)
		got, err := tracker.Fetch(t.Context(), on.Ref)
		wantCode(t, err, domain.ErrGone, "moved_out")
		if got.Ref.ID != on.Ref.ID || got.Ref.Key != "OTHER-1" {
			t.Errorf("it is at %+v", got.Ref)
		}
		seen, err := tracker.Sweep(t.Context(), []domain.RemoteRef{on.Ref})
		must(t, err)
		if len(seen) != 1 || seen[0].Presence != domain.MovedOut || seen[0].MovedTo == nil || seen[0].MovedTo.Key != "OTHER-1" {
			t.Errorf("sweep says %+v", seen)
		}
		_, err = tracker.Push(t.Context(), write(on, map[domain.Field]string{domain.FieldTitle: "x"}))
		wantCode(t, err, domain.ErrGone, "moved_out")
		if !s.cloud() && s.state(t, on.Ref).Summary == "x" { // a Cloud shows it in its answer, a Data Center is looked at first
			t.Error("a foreign project was written to")
		}
		_, err = tracker.Push(t.Context(), write(on, map[domain.Field]string{domain.FieldStatus: "done"}))
		if err == nil {
			t.Log("the status was already checked with the issue's own workflow")
		}
	})
}

// TestT88StalePlans: a list of a Data Center may be older than the issue, and
// its answer to an edit does not show what was overwritten. A plan made on
// something else is not carried out.
func TestT88StalePlans(t *testing.T) {
	s := newSite(t, dataCenter())
	tracker := s.adapter(t)
	on := s.made(t, tracker)
	s.SetIndexLag(time.Second, 0)
	s.Edit(t, on.Ref, map[domain.Field]string{domain.FieldTitle: "typed just now"})
	rows, _, c := drained(t, tracker, nil)
	if rows[0].Fields[domain.FieldTitle].Value != "Alert on replica lag" {
		t.Fatal("the list does not lag behind")
	}
	_, err := tracker.Push(t.Context(), write(rows[0], map[domain.Field]string{domain.FieldTitle: "ours"}))
	wantKind(t, err, domain.ErrStale)
	if got := s.state(t, on.Ref).Summary; got != "typed just now" {
		t.Errorf("an edit that the list did not show yet was overwritten with %q", got)
	}
	s.clock.add(5 * time.Second)
	rows, _, _ = drained(t, tracker, c)
	pushed(t, tracker, rows[0], map[domain.Field]string{domain.FieldTitle: "ours"})
	if got := s.state(t, on.Ref).Summary; got != "ours" {
		t.Errorf("the title is %q", got)
	}
}

// TestT70OwnerCannotBeAssigned: the owner is reported, the other fields are written.
func TestT70OwnerCannotBeAssigned(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		s.UpdateUser(s.ben.Email, func(u *jirasim.User) { u.Unassignable = true })
		got := pushed(t, tracker, on, map[domain.Field]string{domain.FieldTitle: "new", domain.FieldOwner: "p_ben"})
		if !strings.HasPrefix(got.Refused[domain.FieldOwner], "owner_unassignable") || len(got.Refused) != 1 {
			t.Errorf("refused %v", got.Refused)
		}
		if x := s.state(t, on.Ref); x.Summary != "new" || x.Assignee != s.account(s.ana) {
			t.Errorf("title %q, assignee %q", x.Summary, x.Assignee)
		}
		d := draft("n2")
		d.Values[domain.FieldOwner] = "p_ben"
		made, err := tracker.Create(t.Context(), d)
		must(t, err)
		if x := s.state(t, made.Ref); x.Assignee != "" || x.Summary == "" {
			t.Errorf("created with assignee %q", x.Assignee)
		}
	})
}

// TestT71ReadOnly: an archived project and a missing permission park the
// write, without any effect; reading goes on.
func TestT71ReadOnly(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		for name, lock := range map[string]func(bool){
			"archived": func(on bool) { s.ArchiveProject("OPS", on) },
			"no right to edit": func(on bool) {
				if on {
					s.Deny(s.sync.Email, "OPS", jirasim.EditIssues)
				} else {
					s.Grant(s.sync.Email, "OPS", jirasim.EditIssues)
				}
			},
		} {
			lock(true)
			_, err := tracker.Push(t.Context(), write(on, map[domain.Field]string{domain.FieldTitle: name}))
			wantKind(t, err, domain.ErrForbidden)
			s.read(t, tracker, on.Ref)
			report, err := tracker.Check(t.Context())
			must(t, err)
			if len(report.Problems) == 0 {
				t.Errorf("%s: the check has nothing to say", name)
			}
			lock(false)
		}
		if s.state(t, on.Ref).Summary != on.Fields[domain.FieldTitle].Value {
			t.Error("a refused write had an effect")
		}
	})
	s := newSite(t, dataCenter())
	s.token = s.AddReadOnlyToken(s.sync.Email, "")
	_, err := s.adapter(t).Create(t.Context(), draft("n"))
	wantKind(t, err, domain.ErrForbidden)
	s = newSite(t, cloud())
	s.faulty.Store(true) // the gateway answers, which the description does not know
	s.token = s.AddReadOnlyToken(s.sync.Email, "")
	_, err = s.adapter(t).Create(t.Context(), draft("n"))
	wantCode(t, err, domain.ErrForbidden, "scope") // not a broken credential
}

// TestT84OpaqueTextIsFrozen: what Jira shows in part only is never written.
// A Data Center keeps what it was given, so there the block may change around it.
func TestT84OpaqueTextIsFrozen(t *testing.T) {
	f := cloud()
	f.noMetric = true
	g := dataCenter()
	g.noMetric = true
	for name, f := range map[string]fixture{"cloud": f, "data center": g} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, f)
			tracker := s.adapter(t)
			on := s.made(t, tracker)
			_, block := cut(s.state(t, on.Ref).Description)
			text := "||a||b||\n|c|d|\n\nsee !shot.png|thumbnail!\n\n"
			must(t, s.EditIssue(s.cleo.Email, on.Ref.ID, jirasim.Values{"description": text + block}))
			s.Wait(t)
			on = s.read(t, tracker, on.Ref)
			if v := on.Fields[domain.FieldDescription]; v.State != domain.FieldOpaque || v.Problem == "" {
				t.Fatalf("the text is %+v", v)
			}
			got := pushed(t, tracker, on, map[domain.Field]string{domain.FieldTitle: "new", domain.FieldMetric: "m2"})
			if now := s.Text(t, on.Ref); now != text {
				t.Errorf("the text changed: %s", cmp.Diff(text, now))
			}
			if refused := got.Refused[domain.FieldMetric] != ""; refused != s.cloud() {
				t.Errorf("refused %v", got.Refused)
			}
			if x := s.state(t, on.Ref); x.Summary != "new" {
				t.Error("the title was held up by the text")
			}
			s.Wait(t)
			on = s.read(t, tracker, on.Ref)
			if put := tracker.Put(domain.FieldDescription, "our own", on); put.Raw != on.Fields[domain.FieldDescription].Raw {
				t.Errorf("opaque text would be overwritten with %q", put.Raw)
			}
		})
	}
}

// TestT84BaseIsWhatJiraKept: Cloud rewrites texts; what counts is what comes
// back, and it settles at once (P1).
func TestT84BaseIsWhatJiraKept(t *testing.T) {
	s := newSite(t, fixture{options: func(o *jirasim.Options) { o.LossyText = true }, noMetric: true})
	w := s.watch()
	tracker := s.adapter(t)
	on := s.made(t, tracker)
	text := "One\n\n- a\n- b\n\n```go\n- x\n```\n\n**b** `c`"
	got := pushed(t, tracker, on, map[domain.Field]string{domain.FieldDescription: text})
	if v := got.Snapshot.Fields[domain.FieldDescription]; v.Value != "One\n\n- a\n- b\n\n```go\n- x\n```\n\n**b** `c`" {
		t.Errorf("the answer reads %q", v.Value)
	}
	w.take()
	pushed(t, tracker, got.Snapshot, map[domain.Field]string{domain.FieldDescription: text})
	if sent := w.take(); len(sent) != 0 {
		t.Errorf("the same text was sent again: %v", lines(sent))
	}
}

// TestT85TextIsOursOnlyWhenChanged: writing other fields never sends the
// description, not even in a better spelling; with the block in it, the text
// around stays to the byte, CRLF and all (T86, P7).
func TestT85TextIsOursOnlyWhenChanged(t *testing.T) {
	g := dataCenter()
	g.noMetric = true
	for name, text := range map[string]string{"odd spelling": "- a\n-  b\n\n\n\nbq. x  \n\n", "CRLF": "a\r\n\r\n* b\r\n", "mixed ends": "a\r\nb\nc\n\n", "trailing blanks": "a   \n\n\n", "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, g)
			w := s.watch()
			tracker := s.adapter(t)
			on := s.made(t, tracker)
			_, block := cut(s.state(t, on.Ref).Description)
			must(t, s.EditIssue(s.cleo.Email, on.Ref.ID, jirasim.Values{"description": text + block + "\n\ntyped below  "}))
			s.Wait(t)
			on = s.read(t, tracker, on.Ref)
			w.take()
			pushed(t, tracker, on, map[domain.Field]string{domain.FieldTitle: "x", domain.FieldPriority: "P3"})
			if sent := w.take(); len(sent) != 1 || strings.Contains(sent[0].body, "description") {
				t.Errorf("sent %v", sent)
			}
			pushed(t, tracker, on, map[domain.Field]string{domain.FieldMetric: "another"})
			now := s.state(t, on.Ref).Description
			if !strings.HasPrefix(now, text+"----") || !strings.HasSuffix(now, "another\n\ntyped below  ") && !strings.HasSuffix(now, "another\r\n\n\ntyped below  ") {
				t.Errorf("around the block: %q", now)
			}
		})
	}
	s := newSite(t, fixture{options: func(o *jirasim.Options) { o.Flavor, o.CRLF = jirasim.DataCenter, true }})
	tracker := s.adapter(t)
	on := s.made(t, tracker)
	s.Append(t, on.Ref, "typed in a browser")
	s.Wait(t)
	on = s.read(t, tracker, on.Ref)
	pushed(t, tracker, on, map[domain.Field]string{domain.FieldDescription: "one\n\ntwo"})
	if now := s.state(t, on.Ref).Description; strings.Contains(strings.ReplaceAll(now, "\r\n", ""), "\n") {
		t.Errorf("the side's line ends were not kept: %q", now)
	}
}

// TestT87NothingIsDecorated: no key, no prefix, no suffix in what crosses.
func TestT87NothingIsDecorated(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		for range 3 {
			on = s.read(t, tracker, on.Ref)
			pushed(t, tracker, on, map[domain.Field]string{domain.FieldTitle: on.Fields[domain.FieldTitle].Value, domain.FieldDescription: on.Fields[domain.FieldDescription].Value})
			s.Wait(t)
		}
		x := s.state(t, on.Ref)
		text, _ := cut(x.Description)
		if x.Summary != "Alert on replica lag" || strings.TrimSpace(text) != "Page the owner.\n\n* both regions" {
			t.Errorf("title %q, text %q", x.Summary, text)
		}
	})
}

// TestT95NobodyIsCalled: a mention in Jira's markup that came in as plain text
// must not become one.
func TestT95NobodyIsCalled(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		for _, text := range []string{"ask [~ana] and [~accountid:5b1]", "@ana closes #12", "see [^log.txt] !shot.png!", "{color:red}x{color} {code}"} {
			pushed(t, tracker, on, map[domain.Field]string{domain.FieldDescription: text})
			s.Wait(t)
			on = s.read(t, tracker, on.Ref)
			if got := on.Fields[domain.FieldDescription]; got.Value != text {
				t.Errorf("%q came back as %q (%s)", text, got.Value, got.State)
			}
			raw, _ := cut(s.state(t, on.Ref).Description)
			bare := strings.NewReplacer(`\[`, "", `\{`, "", `\!`, "").Replace(raw)
			if !strings.HasPrefix(raw, "{code:markdown}") && strings.ContainsAny(bare, "[{") {
				t.Errorf("%q is markup in Jira: %q", text, raw)
			}
		}
	})
}

// TestUnicodeAndLength: what Jira limits is cut on its side only; the measure
// keeps the whole text.
func TestUnicodeAndLength(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		for name, values := range map[string]map[domain.Field]string{
			"long title":    {domain.FieldTitle: strings.Repeat("🙂", 200)},
			"long text":     {domain.FieldDescription: strings.TrimSpace(strings.Repeat("word ü *x* ", 5000))},
			"long metric":   {domain.FieldMetric: strings.Repeat("m", 2000)},
			"title limit":   {domain.FieldTitle: strings.Repeat("a", 254)},
			"lines in it":   {domain.FieldTitle: "one\ntwo\r\nthree"},
			"text of lines": {domain.FieldDescription: strings.Repeat("- x\n", 9000)},
		} {
			got := pushed(t, tracker, on, values)
			if len(got.Refused) > 0 {
				t.Errorf("%s: refused %v", name, got.Refused)
			}
			s.Wait(t)
			on = s.read(t, tracker, on.Ref)
			for f, v := range values {
				put := tracker.Put(f, v, domain.Snapshot{})
				if on.Fields[f].Raw != put.Raw {
					t.Errorf("%s: Put promised %.40q (%d), Jira has %.40q (%d)", name, put.Raw, len(put.Raw), on.Fields[f].Raw, len(on.Fields[f].Raw))
				}
				if again := tracker.Put(f, v, on); again.Raw != on.Fields[f].Raw {
					t.Errorf("%s: the cut text would be written again", name)
				}
			}
		}
	})
}

// TestShortMetricField: a text field of one line holds 255 characters; a
// longer metric lives in the block.
func TestShortMetricField(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		short := s.AddField("Short metric", jirasim.TextField)
		s.config = func(c *jira.Config) { c.Tracker.Mapping.MetricField = short }
		tracker := s.adapter(t)
		d := draft("n")
		long := strings.Repeat("m", 400)
		d.Values[domain.FieldMetric] = long
		made, err := tracker.Create(t.Context(), d)
		must(t, err)
		s.Wait(t)
		on := s.read(t, tracker, made.Ref)
		if v := on.Fields[domain.FieldMetric]; v.Value != long || v.State != domain.FieldDegraded {
			t.Errorf("metric %.20q %s", v.Value, v.State)
		}
		d.Values[domain.FieldMetric], d.Nonce = "fits", "n2"
		made, err = tracker.Create(t.Context(), d)
		must(t, err)
		if got := s.state(t, made.Ref).Custom[short]; got != "fits" {
			t.Errorf("a metric that fits is not in its field: %v", got)
		}
	})
}

// TestRemoteLink: the way back to the incident is one remote link, however
// often it is written, and a Jira that does not allow it still has the line.
func TestRemoteLink(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		for n := range 3 {
			p := write(on, map[domain.Field]string{domain.FieldIncident: fmt.Sprint("INC-", n+10)})
			_, err := tracker.Push(t.Context(), p)
			must(t, err)
			s.Wait(t)
			on = s.read(t, tracker, on.Ref)
		}
		if x := s.state(t, on.Ref); len(x.LinkIDs) != 1 {
			t.Errorf("remote links %v", x.LinkIDs)
		}
		s.Deny(s.sync.Email, "OPS", jirasim.LinkIssues)
		got := pushed(t, tracker, on, map[domain.Field]string{domain.FieldIncident: "INC-99"})
		s.Wait(t)
		if v := s.read(t, tracker, on.Ref).Fields[domain.FieldIncident]; v.Value != "INC-99" || len(got.Refused) != 0 {
			t.Errorf("incident %+v, refused %v", v, got.Refused)
		}
	})
}

// TestOddBlocks: A3 to A5. People edit the block, break it, double it.
func TestOddBlocks(t *testing.T) {
	g := dataCenter()
	g.noMetric = true
	g.after = func(s *site) {
		s.HideField("OPS", jirasim.EditScreen, "duedate")
		s.HideField("OPS", jirasim.CreateScreen, "duedate")
	}
	s := newSite(t, g)
	tracker := s.adapter(t)
	on := s.made(t, tracker)
	whole := s.state(t, on.Ref).Description
	foreign := "----\n*Tracked measure* [https://followthrough.example/measures/M-9]{anchor:m-01JB0000000000000000000009-zz}\n* *Due:* 2020-01-01\n\n"
	// A poll of a Data Center does not show the property; there the id in the
	// block tells whose it is.
	must(t, s.EditIssue(s.cleo.Email, on.Ref.ID, jirasim.Values{"description": "intro\n\n" + foreign + whole}))
	s.Wait(t)
	rows, _, _ := drained(t, tracker, nil)
	for who, want := range map[string]string{measureID: "2026-03-31", "01JB0000000000000000000009": "2020-01-01", "01JC": "2020-01-01", "": "2020-01-01"} {
		if got := tracker.For(rows[0], who).Fields[domain.FieldDueOn].Value; got != want {
			t.Errorf("for %q the due date is %q, want %q", who, got, want)
		}
	}
	before := s.state(t, on.Ref).Description
	pushed(t, tracker, rows[0], map[domain.Field]string{domain.FieldDueOn: "2026-09-09"})
	if now := s.state(t, on.Ref).Description; now != strings.Replace(before, "2026-03-31", "2026-09-09", 1) {
		t.Errorf("more than our line changed: %s", cmp.Diff(before, now))
	}
	for name, tc := range map[string]struct {
		text        string
		due, metric string
		dueState    domain.FieldState
		dueKnown    bool
	}{
		"as it was":             {whole, "2026-03-31", "pages per week; target at_most 2", "", true},
		"a line is gone":        {strings.Replace(whole, "* *Due:* 2026-03-31\n", "", 1), "", "pages per week; target at_most 2", "", false},
		"a dash clears":         {strings.Replace(whole, "2026-03-31", "—", 1), "", "pages per week; target at_most 2", "", true},
		"nothing clears":        {strings.Replace(whole, " 2026-03-31", "", 1), "", "pages per week; target at_most 2", "", true},
		"nonsense is shown":     {strings.Replace(whole, "2026-03-31", "next week", 1), "", "pages per week; target at_most 2", domain.FieldFailed, true},
		"edited in place":       {strings.Replace(whole, "2026-03-31", "2026-08-01", 1), "2026-08-01", "pages per week; target at_most 2", "", true},
		"another measure's too": {foreign + whole, "2026-03-31", "pages per week; target at_most 2", "", true},
		"the block is gone":     {"just text", "", "", "", false},
		"dash bullets":          {strings.ReplaceAll(whole, "\n* *", "\n- *"), "2026-03-31", "pages per week; target at_most 2", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, s.EditIssue(s.cleo.Email, on.Ref.ID, jirasim.Values{"description": tc.text}))
			got := tracker.For(s.read(t, tracker, on.Ref), measureID)
			due, known := got.Fields[domain.FieldDueOn]
			if tc.dueState == "" && due.State == domain.FieldDegraded {
				due.State = "" // the field can be seen, it cannot be set
			}
			if known && due.Value != tc.due || due.State != tc.dueState {
				t.Errorf("due date %+v, want %q %q", due, tc.due, tc.dueState)
			}
			if metric, ok := got.Fields[domain.FieldMetric]; metric.Value != tc.metric || ok != (tc.metric != "") {
				t.Errorf("metric %+v, want %q", metric, tc.metric)
			}
			before := s.state(t, on.Ref).Description
			pushed(t, tracker, s.read(t, tracker, on.Ref), map[domain.Field]string{domain.FieldTitle: "title " + name})
			if now := s.state(t, on.Ref).Description; now != before {
				t.Errorf("the block was repaired without a reason: %s", cmp.Diff(before, now))
			}
		})
	}
}

// TestUnlinkForgets: the marker and the block go, the rest stays.
func TestUnlinkForgets(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		before := s.state(t, on.Ref)
		_, err := tracker.Push(t.Context(), domain.Push{Draft: draft(""), On: on, Unlink: true})
		must(t, err)
		after := s.state(t, on.Ref)
		if strings.Contains(after.Description, "Tracked measure") || after.Summary != before.Summary || after.DueDate != before.DueDate || !slices.Equal(after.Labels, before.Labels) {
			t.Errorf("after: %+v", after)
		}
		s.Wait(t)
		again := s.read(t, tracker, on.Ref)
		if again.MeasureID != "" || again.Nonce != "" {
			t.Errorf("the marker is still %q %q", again.MeasureID, again.Nonce)
		}
	})
}

// TestWebhookSnapshotKeepsTheMarker: a snapshot from a delivery does not show
// the property; writing on it must not erase the nonce.
func TestWebhookSnapshotKeepsTheMarker(t *testing.T) {
	s := newSite(t, cloud())
	tracker := s.adapter(t)
	on := s.made(t, tracker)
	s.AddWebhook(s.sync.Email, jirasim.Webhook{Name: "w", URL: "https://x.example/h", Events: []string{"jira:issue_updated"}})
	s.Edit(t, on.Ref, map[domain.Field]string{domain.FieldTitle: "by hand"})
	body := s.Deliveries()[0].Body
	event, err := tracker.ParseWebhook(http.Header{}, body)
	must(t, err)
	if event.Snapshot == nil || event.Snapshot.Hash != s.read(t, tracker, on.Ref).Hash {
		t.Fatal("the delivery and the issue disagree")
	}
	got := pushed(t, tracker, *event.Snapshot, map[domain.Field]string{domain.FieldTitle: "ours"})
	if got.Snapshot.MeasureID != measureID {
		t.Errorf("the confirmed snapshot is of measure %q", got.Snapshot.MeasureID)
	}
	s.Wait(t)
	if now := s.read(t, tracker, on.Ref); now.Nonce != "nonce1" || now.MeasureID != measureID {
		t.Errorf("the marker is %q %q", now.MeasureID, now.Nonce)
	}
}

// TestAuthors: who created an issue is the same account on every way of
// reading it, and tells our own twin from a person's copy (T62).
func TestAuthors(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		s.AddWebhook(s.sync.Email, jirasim.Webhook{Name: "w", URL: "https://x.example/h", Events: []string{"jira:issue_updated"}})
		on := s.made(t, tracker)
		theirs := s.Copy(t, on.Ref)
		s.Edit(t, on.Ref, map[domain.Field]string{domain.FieldTitle: "edited by somebody else"})
		s.Wait(t)
		e, err := tracker.ParseWebhook(http.Header{}, s.Deliveries()[0].Body)
		must(t, err)
		swept, err := tracker.Sweep(t.Context(), []domain.RemoteRef{on.Ref})
		must(t, err)
		rows, _, _ := drained(t, tracker, nil)
		ways := []domain.Snapshot{on, *e.Snapshot, *swept[0].Snapshot, rows[slices.IndexFunc(rows, func(r domain.Snapshot) bool { return r.Ref.ID == on.Ref.ID })]}
		for n, got := range ways {
			if got.Author != s.account(s.sync) {
				t.Errorf("way %d: author %q, want %q", n, got.Author, s.account(s.sync))
			}
		}
		if got := s.read(t, tracker, theirs).Author; got != s.account(s.cleo) {
			t.Errorf("the copy is by %q", got)
		}
	})
}

// TestBudget is section D of the request budget, for the rows of Jira.
func TestBudget(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		w := s.watch()
		tracker := s.adapter(t)
		spent := func(what string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, lines(w.take())); diff != "" {
				t.Errorf("%s: %s", what, diff)
			}
		}
		search, bulk := "POST /search", "POST /search"
		if s.cloud() {
			search, bulk = "POST /search/jql", "POST /issue/bulkfetch"
		}
		created, err := tracker.Create(t.Context(), draft("n"))
		must(t, err)
		spent("create", "POST /issue")
		s.Wait(t)
		_, _, c := drained(t, tracker, nil)
		spent("first poll", "GET /project/OPS", search)
		_, _, c = drained(t, tracker, c)
		spent("idle poll", search)
		rows, _, _ := drained(t, tracker, c)
		w.take()
		polled := rows[0]
		if polled.Ref.ID != created.Ref.ID {
			t.Fatal("the poll shows another issue")
		}
		everything := map[domain.Field]string{domain.FieldTitle: "t", domain.FieldDescription: "d", domain.FieldPriority: "P0", domain.FieldOwner: "p_ben", domain.FieldDueOn: "2026-12-24", domain.FieldMetric: "m"}
		got := pushed(t, tracker, polled, everything)
		if s.cloud() {
			spent("edit of everything", "PUT /issue/{id}")
		} else { // a list may lag behind, and the answer to the edit shows nothing
			spent("edit of everything", "GET /issue/{id}", "PUT /issue/{id}")
		}
		if !s.cloud() {
			s.Wait(t)
			got.Snapshot = s.read(t, tracker, polled.Ref)
			w.take()
		}
		if got.Snapshot.Hash == "" || got.Snapshot.Fields[domain.FieldTitle].Value != "t" {
			t.Error("the answer does not confirm the edit")
		}
		both := maps.Clone(everything)
		both[domain.FieldTitle], both[domain.FieldStatus] = "t2", "in_progress"
		w.take()
		pushed(t, tracker, got.Snapshot, both)
		want := []string{"POST /issue/{id}/transitions", "PUT /issue/{id}"}
		if s.cloud() { // the steps of this place are asked for once
			want = append([]string{"GET /issue/{id}/transitions"}, want...)
		}
		spent("edit with status", want...)
		s.Wait(t)
		second, err := tracker.Create(t.Context(), draft("n2"))
		must(t, err)
		on := s.read(t, tracker, second.Ref)
		w.take()
		pushed(t, tracker, on, map[domain.Field]string{domain.FieldStatus: "in_progress"})
		spent("status change", "POST /issue/{id}/transitions")
		_, err = tracker.Fetch(t.Context(), on.Ref)
		must(t, err)
		spent("read", "GET /issue/{id}")
		var refs []domain.RemoteRef
		for range 100 {
			refs = append(refs, on.Ref)
		}
		_, err = tracker.Sweep(t.Context(), refs)
		must(t, err)
		spent("sweep of 100", bulk)
		_, err = tracker.Find(t.Context(), domain.Probe{Nonce: "n", Since: s.clock.now().Add(-time.Hour), AfterNumber: 2})
		must(t, err)
		if s.cloud() {
			spent("probe", search, bulk)
		} else {
			spent("probe", search)
		}
	})
}
