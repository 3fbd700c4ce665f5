package jirasim_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

func TestRefusedFields(t *testing.T) {
	for name, o := range flavors() {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, o)
			s.sim.HideField("OPS", jirasim.CreateScreen, "duedate", s.fields["target"])
			s.sim.SetPriorities("OPS", "High", "Low")
			gone := s.sim.AddUser(jirasim.User{DisplayName: "Gone Away", Inactive: true})
			for name, tc := range map[string]struct {
				fields m
				want   map[string]string // field to a part of its message
			}{
				"off the screen":  {m{"duedate": "2026-01-01", s.fields["target"]: "2026-01-01"}, map[string]string{"duedate": "Field 'duedate' cannot be set. It is not on the appropriate screen, or unknown.", s.fields["target"]: "appropriate screen"}},
				"unknown field":   {m{"customfield_99999": 1}, map[string]string{"customfield_99999": "appropriate screen"}},
				"read-only field": {m{"status": m{"id": "3"}}, map[string]string{"status": "appropriate screen"}},
				"no summary":      {m{"summary": " "}, map[string]string{"summary": "must specify a summary"}},
				"two lines":       {m{"summary": "a\nb"}, map[string]string{"summary": "newline characters"}},
				"256 characters":  {m{"summary": strings.Repeat("x", 256)}, map[string]string{"summary": "255 characters"}},
				"256 units":       {m{"summary": strings.Repeat("🔥", 128)}, map[string]string{"summary": "255 characters"}},
				"long text":       {m{"description": strings.Repeat("x", 32_768)}, map[string]string{"description": "32,767 characters"}},
				"text, not wiki":  {m{"description": m{"type": "doc"}}, map[string]string{"description": "must be a string"}},
				"bad label":       {m{"labels": []string{"a b"}}, map[string]string{"labels": "contains spaces"}},
				"other scheme":    {m{"priority": m{"id": "1"}}, map[string]string{"priority": "invalid"}},
				"inactive":        {m{"assignee": s.who(gone)}, map[string]string{"assignee": "cannot be assigned"}},
				"nobody":          {m{"assignee": m{"accountId": "x", "name": "x"}}, map[string]string{"assignee": ""}},
				"two at a time":   {m{"summary": "", "labels": []string{"a b"}}, map[string]string{"summary": "", "labels": ""}},
				"no type":         {m{"issuetype": m{"name": "Epic"}}, map[string]string{"issuetype": "invalid"}},
				"no project":      {m{"project": m{"key": "NONE"}}, map[string]string{"project": "valid project is required"}},
			} {
				t.Run(name, func(t *testing.T) {
					fields := m{"project": m{"key": "OPS"}, "issuetype": m{"name": "Task"}, "summary": "x"}
					maps.Copy(fields, tc.fields)
					got := s.do("POST", "/issue", m{"fields": fields}, 400).errs(t)
					for field, part := range tc.want {
						if got[field] == "" || !strings.Contains(got[field], part) {
							t.Errorf("%s: %q, want %q", field, got[field], part)
						}
						delete(got, field)
					}
					if len(got) > 0 {
						t.Errorf("unexpected messages %v", got)
					}
				})
			}
			if n := len(s.sim.Oracle()); n != 0 {
				t.Errorf("%d issues were created by refused requests", n)
			}
			s.create(strings.Repeat("🔥", 127), m{"priority": m{"name": "Low"}})
		})
	}
}

func TestRefusedEdits(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	id := s.create("x", m{"labels": []string{"a"}})
	s.sim.HideField("OPS", jirasim.EditScreen, "duedate")
	both := m{"fields": m{"labels": []string{"b"}}, "update": m{"labels": []m{{"add": "c"}}}}
	if got := s.do("PUT", "/issue/"+id, both, 400).errs(t)["labels"]; !strings.Contains(got, "both 'fields' and 'update'") {
		t.Errorf("message %q", got)
	}
	s.do("PUT", "/issue/"+id, m{"fields": m{"duedate": "2026-01-01"}}, 400)
	s.do("PUT", "/issue/"+id, m{"update": m{"summary": []m{{"add": "c"}}}}, 400)
	s.do("PUT", "/issue/"+id+"?notifyUsers=false", m{"fields": m{"summary": "y"}}, 403)
	s.sim.Grant(s.ada.Email, "OPS", jirasim.AdminProjects)
	s.do("PUT", "/issue/"+id+"?notifyUsers=false", m{"fields": m{"summary": "y"}}, 204)
	got := s.issue(id)
	if got.Summary != "y" || strings.Join(got.Labels, "") != "a" || got.Changes != 1 {
		t.Errorf("issue is %+v, want one change of the summary", got)
	}
	before := s.issue(id).Updated
	s.do("PUT", "/issue/"+id, m{"fields": m{"summary": "y"}}, 204)
	if got := s.issue(id); got.Changes != 1 || !got.Updated.Equal(before) {
		t.Errorf("an edit that changes nothing was recorded: %+v", got)
	}
}

func TestClassicWorkflow(t *testing.T) {
	for name, o := range flavors() {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, o)
			s.sim.SetWorkflow("OPS", "Task", jirasim.ClassicWorkflow())
			id := s.create("x", nil)
			path := "/issue/" + id + "/transitions"
			ids := func() string {
				var out struct {
					Transitions []struct {
						ID     string
						Fields map[string]struct{ Required bool }
					}
				}
				s.do("GET", path+"?expand=transitions.fields", nil, 200).decode(t, &out)
				var list []string
				for _, tr := range out.Transitions {
					if tr.Fields["resolution"].Required {
						tr.ID += "!"
					}
					list = append(list, tr.ID)
				}
				return strings.Join(list, " ")
			}
			if got := ids(); got != "4 5! 2!" {
				t.Errorf("transitions of an open issue: %s", got)
			}
			s.do("POST", path, m{"transition": m{"id": "4"}}, 204)
			s.do("POST", path, m{"transition": m{"id": "4"}}, 400) // it is gone once taken
			if got := ids(); got != "301 5! 2!" {
				t.Errorf("transitions of a started issue: %s", got)
			}
			if got := s.do("POST", path, m{"transition": m{"id": "5"}}, 400).errs(t)["resolution"]; got == "" {
				t.Error("resolved without a resolution")
			}
			s.do("POST", path, m{"transition": m{"id": "5"}, "fields": m{"resolution": m{"name": "No such"}}}, 400)
			s.do("POST", path, m{"transition": m{"id": "5"}, "fields": m{"resolution": m{"name": "Won't Do"}}}, 204)
			if got := s.issue(id); got.Status != "Resolved" || got.Resolution != "Won't Do" {
				t.Errorf("resolved issue: %+v", got)
			}
			refused := m{"transition": m{"id": "3"}, "fields": m{"resolution": m{"name": "Done"}}}
			if got := s.do("POST", path, refused, 400).errs(t)["resolution"]; !strings.Contains(got, "cannot be set") {
				t.Errorf("reopening with a resolution: %q", got)
			}
			s.do("POST", path, m{"transition": m{"id": "3"}}, 204)
			if got := s.issue(id); got.Status != "Reopened" || got.Resolution != "" {
				t.Errorf("reopened issue: %+v", got)
			}
			s.sim.Deny(s.ada.Email, "OPS", jirasim.Transition)
			if got := ids(); got != "" {
				t.Errorf("transitions without permission: %s", got)
			}
		})
	}
}

func TestUnlistedResolution(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	s.sim.SetWorkflow("OPS", "", jirasim.Workflow{Initial: "To Do", Steps: []jirasim.Step{
		{ID: "9", Name: "Finish", To: "Done", Resolution: jirasim.Required, Unlisted: true},
	}})
	id := s.create("x", nil)
	a := s.do("GET", "/issue/"+id+"/transitions?expand=transitions.fields", nil, 200)
	if strings.Contains(string(a.body), `"resolution"`) {
		t.Errorf("the resolution is listed: %s", a.body)
	}
	s.do("POST", "/issue/"+id+"/transitions", m{"transition": m{"id": "9"}}, 400)
	s.do("POST", "/issue/"+id+"/transitions", m{"transition": m{"id": "9"}, "fields": m{"resolution": m{"name": "Done"}}}, 204)
}

func TestMoveCloneDelete(t *testing.T) {
	for name, o := range flavors() {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, o)
			s.sim.AddProject("WEB", "Web site")
			id := s.create("x", m{"labels": []string{"a"}})
			s.do("PUT", "/issue/"+id+"/properties/app.sync", m{"nonce": "n"}, 201)
			if key := s.sim.MoveIssue(s.bob.Email, "OPS-1", "WEB"); key != "WEB-1" {
				t.Fatalf("moved to %s", key)
			}
			var i struct {
				ID, Key string
				Fields  struct{ Project struct{ Key string } }
			}
			s.do("GET", "/issue/OPS-1", nil, 200).decode(t, &i)
			if i.ID != id || i.Key != "WEB-1" || i.Fields.Project.Key != "WEB" {
				t.Errorf("by its old key: %+v", i)
			}
			if got := s.searched("project = OPS", nil); len(got) != 0 {
				t.Errorf("still found in the old project: %v", got)
			}
			clone := s.sim.CloneIssue(s.bob.Email, id, true)
			if clone.Summary != "CLONE - x" || len(clone.Properties) != 1 || len(clone.Labels) != 1 || clone.Key != "WEB-2" {
				t.Errorf("clone: %+v", clone)
			}
			s.sim.DeleteIssue(s.bob.Email, id)
			s.do("GET", "/issue/"+id, nil, 404)
			s.do("PUT", "/issue/"+id, m{"fields": m{"summary": "y"}}, 404)
			if got := s.searched("project = WEB", nil); len(got) != 1 || got[0] != clone.ID {
				t.Errorf("search finds %v, want the clone", got)
			}
			if all := s.sim.Oracle(); len(all) != 2 || !all[0].Deleted || all[0].CreatedWith != "secret" || all[1].CreatedWith != "" {
				t.Errorf("oracle: %+v", all)
			}
		})
	}
}

func TestRenamedProject(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	id := s.create("x", nil)
	before := s.issue(id).Updated
	s.sim.RenameProject("OPS", "RUN")
	s.do("GET", "/issue/OPS-1", nil, 200)
	if got := s.issue("RUN-1"); got.ID != id || !got.Updated.Equal(before) {
		t.Errorf("after the rename: %+v", got)
	}
}

func TestPermissions(t *testing.T) {
	for name, o := range flavors() {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, o)
			id := s.create("x", nil)
			edit := m{"fields": m{"summary": "y"}}

			s.sim.Deny(s.ada.Email, "OPS", jirasim.EditIssues)
			s.do("PUT", "/issue/"+id, edit, 403)
			var p struct {
				Permissions map[string]struct{ HavePermission bool }
			}
			s.do("GET", "/mypermissions?projectKey=OPS&permissions=EDIT_ISSUES,BROWSE_PROJECTS", nil, 200).decode(t, &p)
			if p.Permissions["EDIT_ISSUES"].HavePermission || !p.Permissions["BROWSE_PROJECTS"].HavePermission {
				t.Errorf("permissions %+v", p)
			}
			s.sim.Grant(s.ada.Email, "OPS", jirasim.EditIssues)
			s.sim.ArchiveProject("OPS", true)
			s.do("PUT", "/issue/"+id, edit, 403)
			s.do("GET", "/issue/"+id, nil, 200)
			s.sim.ArchiveProject("OPS", false)
			s.do("PUT", "/issue/"+id, edit, 204)

			missing := s.do("GET", "/issue/424242", nil, 404).body
			s.sim.HideIssue(id, s.ada.Email, true)
			if hidden := s.do("GET", "/issue/"+id, nil, 404).body; string(hidden) != string(missing) {
				t.Errorf("hidden %s and missing %s can be told apart", hidden, missing)
			}
			s.sim.HideIssue(id, s.ada.Email, false)
			s.sim.Deny(s.ada.Email, "", jirasim.Browse)
			s.do("GET", "/issue/"+id, nil, 404)
			s.do("GET", "/project/OPS", nil, 404)
		})
	}
}

func TestCredentials(t *testing.T) {
	for name, o := range flavors() {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, o)
			good := s.auth
			id := s.create("x", nil)
			s.auth = ""
			s.do("GET", "/serverInfo", nil, 200)
			s.do("GET", "/myself", nil, 401)
			s.do("GET", "/issue/"+id, nil, 404)
			for _, bad := range []string{"Bearer nonsense", "Basic bm9uZQ==", "Basic !", "secret"} {
				s.auth = bad
				a := s.do("GET", "/myself", nil, 401)
				if a.header.Get("X-Seraph-LoginReason") == "" || !strings.Contains(string(a.body), "Client must be authenticated") {
					t.Errorf("%s: %v %s", bad, a.header, a.body)
				}
			}
			s.auth = good
			s.do("GET", "/myself", nil, 200)
			s.sim.RevokeToken("secret")
			s.do("GET", "/myself", nil, 401)
			if n := s.sim.Sometimes()["unauthorized"]; n != 5 {
				t.Errorf("%d refused credentials counted, want 5", n)
			}
		})
	}
}

func TestTokensExpire(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	s := newSite(t, jirasim.Options{Flavor: jirasim.DataCenter, Now: func() time.Time { return now }})
	s.auth = "Bearer " + s.sim.AddToken(s.bob.Name, "", now.Add(time.Hour))
	s.do("GET", "/myself", nil, 200)
	now = now.Add(time.Hour)
	s.do("GET", "/myself", nil, 401)
	s.auth = "Bearer " + s.sim.AddReadOnlyToken(s.bob.Name, "")
	s.do("POST", "/search", m{"jql": ""}, 200)
	s.do("POST", "/issue", m{}, 403)
}

func TestRefreshTokensRotate(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	s := newSite(t, jirasim.Options{Now: func() time.Time { return now }})
	app := s.sim.AddApp(s.ada.Email, jirasim.App{})
	type pair struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int    `json:"expires_in"`
	}
	refresh := func(token string, want int) pair {
		var p pair
		s.auth = ""
		s.do("POST", "/oauth/token", m{"grant_type": "refresh_token", "client_id": app.ClientID, "client_secret": app.ClientSecret, "refresh_token": token}, want).decode(t, &p)
		s.auth = "Bearer " + p.Access
		return p
	}
	first := refresh(app.RefreshToken, 200)
	s.do("GET", "/myself", nil, 200)
	s.do("GET", "/rest/api/3/myself", nil, 200)
	refresh(app.RefreshToken, 403) // used up
	second := refresh(first.Refresh, 200)
	s.do("GET", "/myself", nil, 200)
	now = now.Add(time.Duration(second.Expires) * time.Second)
	s.do("GET", "/myself", nil, 401)

	third := refresh(second.Refresh, 200)
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://api.atlassian.com/ex/jira/11111111-2222-4333-8444-555555555555/rest/api/2/myself", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+third.Access)
	resp, err := s.rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("through the gateway: %d", resp.StatusCode)
	}
}

func TestUsersByFlavor(t *testing.T) {
	cloud := newSite(t, jirasim.Options{})
	cloud.do("GET", "/user/assignable/search?project=OPS&username=ada", nil, 400)
	dc := newSite(t, jirasim.Options{Flavor: jirasim.DataCenter})
	for name, tc := range map[string]struct {
		s     *site
		query string
		want  []string
	}{
		"cloud, words":      {cloud, "query=sto", []string{"Bob Stone"}},
		"cloud, by id":      {cloud, "accountId=" + cloud.ada.AccountID, []string{"Ada Byron"}},
		"cloud, by mail":    {cloud, "query=ada.byron%40example.com", []string{"Ada Byron"}},
		"cloud, nobody":     {cloud, "query=zzz", nil},
		"server, name":      {dc, "username=ada", []string{"Ada Byron"}},
		"server, no query":  {dc, "query=zzz", []string{"Ada Byron", "Bob Stone"}}, // query is ignored
		"server, plus sign": {dc, "username=a%2Bb%40x", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var users []struct{ DisplayName, AccountID, Name string }
			tc.s.do("GET", "/user/assignable/search?project=OPS&"+tc.query, nil, 200).decode(t, &users)
			var got []string
			for _, u := range users {
				got = append(got, u.DisplayName)
				if (u.AccountID == "") != (tc.s == dc) || (u.Name == "") != (tc.s == cloud) {
					t.Errorf("identity %+v does not fit the flavor", u)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCreateMetaByFlavor(t *testing.T) {
	type page struct {
		IssueTypes, Fields, Values []map[string]any
		Total                      int
		IsLast                     *bool
	}
	for name, o := range flavors() {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, o)
			s.sim.HideField("OPS", jirasim.CreateScreen, "duedate")
			var types, fields page
			s.do("GET", "/issue/createmeta/OPS/issuetypes", nil, 200).decode(t, &types)
			s.do("GET", "/issue/createmeta/OPS/issuetypes/10002?maxResults=3", nil, 200).decode(t, &fields)
			rows := fields.Fields
			if o.Flavor == jirasim.DataCenter {
				rows = fields.Values
				if types.Values == nil || types.IsLast == nil || fields.IsLast == nil || *fields.IsLast {
					t.Errorf("types %+v, fields %+v", types, fields)
				}
			} else if types.IssueTypes == nil || types.IsLast != nil {
				t.Errorf("types %+v", types)
			}
			if len(rows) != 3 || fields.Total != 10 { // 9 system fields without duedate, 2 custom ones
				t.Errorf("%d of %d fields", len(rows), fields.Total)
			}
		})
	}
}

func TestRemoteLinksAreUpserts(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	id := s.create("x", nil)
	link := func(object m, want int) {
		s.do("POST", "/issue/"+id+"/remotelink", m{"globalId": "app:1", "object": object}, want)
	}
	link(m{"url": "https://x.example/1", "title": "One", "summary": "s"}, 201)
	link(m{"url": "https://x.example/1", "title": "Two"}, 200)
	link(m{"url": "https://x.example/1"}, 400)
	var got struct{ Object map[string]any }
	s.do("GET", "/issue/"+id+"/remotelink?globalId=app:1", nil, 200).decode(t, &got)
	if diff := cmp.Diff(m{"url": "https://x.example/1", "title": "Two"}, got.Object); diff != "" {
		t.Errorf("what the second request left out should be gone: %s", diff)
	}
	var list []any
	s.do("GET", "/issue/"+id+"/remotelink", nil, 200).decode(t, &list)
	if len(list) != 1 {
		t.Errorf("%d links, want 1", len(list))
	}
}

func TestPathsAreNotCleaned(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	s.create("x", nil)
	for _, path := range []string{"/issue/OPS-1%2F..%2F..%2Fx", "/issue/OPS-1/nothing", "/nothing"} {
		s.do("GET", path, nil, 404)
	}
	s.do("PATCH", "/issue/OPS-1", m{}, 405)
}

func TestPropertyLimits(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	id := s.create("x", nil)
	s.do("PUT", "/issue/"+id+"/properties/p", strings.Repeat("x", 32_766), 201) // with its quotes
	s.do("PUT", "/issue/"+id+"/properties/p", strings.Repeat("x", 32_767), 400)
	s.do("DELETE", "/issue/"+id+"/properties/p", nil, 204)
	s.do("DELETE", "/issue/"+id+"/properties/p", nil, 404)
}
