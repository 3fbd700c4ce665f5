package jirasim_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/sync/trackertest/contract"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

func recorded(t *testing.T, elem ...string) []byte {
	t.Helper()
	raw, err := os.ReadFile(contract.SharedFile(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// same compares our document with a recorded one: members both have must be of
// one type, and members we lack must be in allowed.
func same(t *testing.T, theirs, ours []byte, allowed func(path string) bool) {
	t.Helper()
	types, err := contract.SameTypes(theirs, ours)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range types {
		t.Error(line)
	}
	gone, err := contract.Missing(theirs, ours)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range gone {
		if !allowed(path) {
			t.Errorf("recorded but not in ours: %s", path)
		}
	}
}

// foreign reports members that belong to fields the simulator has not: custom
// fields of the recorded site, and what plug-ins and old versions added.
func foreign(path string) bool {
	for _, part := range []string{
		"customfield_", ".timetracking.", ".comment", ".worklog", ".progress.percent", ".aggregateprogress.percent",
		".issuerestriction", ".entityId",
	} {
		if strings.Contains(path, part) {
			return true
		}
	}
	return false
}

// oldCloud reports what Cloud payloads of 2018 to 2020 had and newer ones have
// not, before people's names and addresses were taken out.
func oldCloud(path string) bool {
	return foreign(path) || strings.HasSuffix(path, ".name") && strings.Contains(path, "user") ||
		slices.ContainsFunc([]string{".user", ".creator", ".reporter", ".assignee"}, func(p string) bool {
			return strings.HasSuffix(path, p+".name") || strings.HasSuffix(path, p+".key") || strings.HasSuffix(path, p+".emailAddress")
		})
}

// story makes webhook payloads of one kind by letting people work.
func story(t *testing.T, o jirasim.Options, work func(s *site, id string)) []jirasim.Delivery {
	t.Helper()
	s := newSite(t, o)
	s.sim.Grant(s.ada.Email, "", jirasim.Admin)
	s.sim.AddWebhook(s.ada.Email, jirasim.Webhook{
		Name: "w", URL: "https://x.example/hook", Events: []string{"jira:issue_created", "jira:issue_updated", "jira:issue_deleted"},
	})
	x, err := s.sim.CreateIssue(s.ada.Email, "OPS", "Task", jirasim.Values{"summary": "Alarm", "description": "text", "assignee": s.bob.Email})
	if err != nil {
		t.Fatal(err)
	}
	work(s, x.ID)
	return s.sim.Deliveries()
}

func TestHooksLookRecorded(t *testing.T) {
	dc := jirasim.Options{Flavor: jirasim.DataCenter}
	edit := func(v jirasim.Values) func(*site, string) {
		return func(s *site, id string) {
			if err := s.sim.EditIssue(s.ada.Email, id, v); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	press := func(target string) func(*site, string) {
		return func(s *site, id string) {
			if err := s.sim.TransitionIssue(s.ada.Email, id, target, ""); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	for name, tc := range map[string]struct {
		file    string
		options jirasim.Options
		work    func(*site, string)
		allowed func(string) bool
		fields  []string // of the changelog
		kind    string
	}{
		"created, 2026":    {"zulip/cloud-2026-issue_created-custom-fields.json", jirasim.Options{}, func(*site, string) {}, foreign, []string{"Status", "priority", "summary"}, "issue_created"},
		"created, 2019":    {"mattermost/webhook-issue-created.json", jirasim.Options{}, func(*site, string) {}, oldCloud, []string{"Status", "priority", "summary"}, "issue_created"},
		"renamed":          {"mattermost/webhook-issue-updated-renamed.json", jirasim.Options{}, edit(jirasim.Values{"summary": "Alarms"}), oldCloud, []string{"summary"}, "issue_updated"},
		"description":      {"mattermost/webhook-issue-updated-edited.json", jirasim.Options{}, edit(jirasim.Values{"description": "more"}), oldCloud, []string{"description"}, "issue_updated"},
		"labels":           {"mattermost/webhook-issue-updated-labels.json", jirasim.Options{}, edit(jirasim.Values{"labels": []string{"a"}}), oldCloud, []string{"labels"}, "issue_updated"},
		"priority":         {"mattermost/webhook-issue-updated-lowered-priority.json", jirasim.Options{}, edit(jirasim.Values{"priority": "Low"}), oldCloud, []string{"priority"}, "issue_updated"},
		"unassigned":       {"mattermost/webhook-issue-updated-assigned-nobody.json", jirasim.Options{}, edit(jirasim.Values{"assignee": ""}), oldCloud, []string{"assignee"}, "issue_assigned"},
		"resolved":         {"mattermost/webhook-issue-updated-resolved.json", jirasim.Options{}, press("Done"), oldCloud, []string{"resolution", "status"}, "issue_generic"},
		"started":          {"mattermost/webhook-issue-updated-started-working.json", jirasim.Options{}, press("In Progress"), oldCloud, []string{"status"}, "issue_generic"},
		"deleted":          {"mattermost/webhook-issue-deleted.json", jirasim.Options{}, func(s *site, id string) { s.sim.DeleteIssue(s.ada.Email, id) }, oldCloud, nil, ""},
		"server, assigned": {"mattermost/webhook-issue-updated-assigned-on-server.json", dc, edit(jirasim.Values{"assignee": "ada.byron"}), foreign, []string{"assignee"}, "issue_assigned"},
		"server, started":  {"mattermost/webhook-server-issue-updated-in-progress.json", dc, press("In Progress"), foreign, []string{"status"}, "issue_generic"},
		"server, resolved": {"mattermost/webhook-server-issue-updated-resolved.json", dc, press("Done"), foreign, []string{"resolution", "status"}, "issue_generic"},
	} {
		t.Run(name, func(t *testing.T) {
			theirs := recorded(t, append([]string{"jira-webhooks"}, strings.Split(tc.file, "/")...)...)
			all := story(t, tc.options, tc.work)
			d := all[len(all)-1]
			same(t, theirs, d.Body, tc.allowed)
			var got, want struct {
				WebhookEvent string
				Kind         string `json:"issue_event_type_name"`
				Changelog    struct{ Items []struct{ Field string } }
			}
			if err := json.Unmarshal(d.Body, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(theirs, &want); err != nil {
				t.Fatal(err)
			}
			if got.WebhookEvent != want.WebhookEvent || got.Kind != tc.kind {
				t.Errorf("event %s of kind %s, recorded is %s", got.WebhookEvent, got.Kind, want.WebhookEvent)
			}
			fields := map[string]bool{}
			for _, it := range got.Changelog.Items {
				fields[it.Field] = true
			}
			if diff := cmp.Diff(tc.fields, slices.Sorted(maps.Keys(fields))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnswersLookRecorded(t *testing.T) {
	for name, tc := range map[string]struct {
		file, path string
		flavor     jirasim.Flavor
		allowed    []string
		pick       func([]byte) []byte
	}{
		"priorities":  {"all_priorities.json", "/priority", jirasim.DataCenter, nil, nil},
		"statuses":    {"all_statuses.json", "/status", jirasim.DataCenter, nil, nil},
		"myself":      {"test.UserService_GetSelf.json", "/myself", jirasim.DataCenter, []string{".groups.items[0]"}, nil},
		"search":      {"test.IssueService_Search.json", "/search?jql=project%3DOPS", jirasim.DataCenter, []string{".timetracking", "customfield_"}, nil},
		"project":     {"project.json", "/project/OPS", jirasim.DataCenter, []string{"$.components", "$.versions", "$.roles", "$.url", "$.projectCategory", ".avatarUrls"}, nil},
		"fields":      {"all_fields.json", "/field", jirasim.DataCenter, nil, nil},
		"changelog":   {"test.IssueService_Get_Fields_Changelog.json", "/issue/OPS-1?fields=none&expand=changelog", jirasim.DataCenter, nil, nil},
		"transitions": {"transitions.json", "/issue/OPS-1/transitions?expand=transitions.fields", jirasim.DataCenter, []string{".fields.summary", ".fields.colour"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			theirs := recorded(t, "jira-rest", "go-jira", tc.file)
			s := newSite(t, jirasim.Options{Flavor: tc.flavor})
			id := s.create("Alarm", nil)
			s.do("PUT", "/issue/"+id, m{"fields": m{"summary": "Alarms"}}, 204)
			ours := s.do("GET", tc.path, nil, 200).body
			same(t, theirs, ours, func(path string) bool {
				return slices.ContainsFunc(tc.allowed, func(p string) bool { return strings.Contains(path, p) })
			})
		})
	}
}

// TestErrorsLookObserved compares with the messages people have quoted.
func TestErrorsLookObserved(t *testing.T) {
	var observed []struct {
		Status  int
		Kind    string
		Body    map[string]any
		Headers map[string]string
	}
	if err := json.Unmarshal(recorded(t, "jira-rest", "observed-errors.json"), &observed); err != nil {
		t.Fatal(err)
	}
	for _, o := range observed {
		switch {
		case strings.Contains(o.Kind, "create screen"):
			s := newSite(t, jirasim.Options{Flavor: jirasim.DataCenter})
			s.sim.HideField("OPS", jirasim.CreateScreen, "summary", "description", "priority")
			a := s.do("POST", "/issue", m{"fields": m{
				"project": m{"key": "OPS"}, "issuetype": m{"name": "Task"}, "summary": "x", "description": "y", "priority": m{"id": "1"},
			}}, o.Status)
			equalJSON(t, o.Body, a.body)
		case o.Status == http.StatusGone && o.Body != nil:
			s := newSite(t, jirasim.Options{})
			s.api = "/rest/api/3"
			equalJSON(t, o.Body, s.do("GET", "/search?jql=project%3DOPS", nil, o.Status).body)
		case strings.Contains(o.Kind, "Data Center rate limit"):
			s := newSite(t, jirasim.Options{Flavor: jirasim.DataCenter, Limits: jirasim.Limits{Enforce: true, Bucket: 1, Fill: 1}})
			s.do("GET", "/priority", nil, 200)
			a := s.do("GET", "/priority", nil, o.Status)
			if !strings.HasPrefix(string(a.body), `<!doctype html><html lang="en"><head><title>HTTP Status 429`) {
				t.Errorf("limited answer %q", a.body)
			}
			for k := range o.Headers {
				if a.header.Get(k) == "" {
					t.Errorf("limited answer has no %s", k)
				}
			}
		}
	}
}

func equalJSON(t *testing.T, want map[string]any, body []byte) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
