package jirasim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/followthrough/followthrough/sync/trackertest/contract"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// tour asks every endpoint a client needs, good requests and bad ones.
func tour(s *site, adf bool) {
	text := func(x string) any {
		if !adf {
			return x
		}
		return m{"type": "doc", "version": 1, "content": []m{{"type": "paragraph", "content": []m{{"type": "text", "text": x}}}}}
	}
	s.do("GET", "/serverInfo", nil, 200)
	s.do("GET", "/myself", nil, 200)
	s.do("GET", "/mypermissions?projectKey=OPS&permissions=BROWSE_PROJECTS,EDIT_ISSUES,ADMINISTER", nil, 200)
	s.do("GET", "/mypermissions?permissions=NONSENSE", nil, 400)
	s.do("GET", "/project/OPS", nil, 200)
	s.do("GET", "/project/NONE", nil, 404)
	s.do("GET", "/project/OPS/statuses", nil, 200)
	for _, path := range []string{"/status", "/priority", "/resolution", "/field"} {
		s.do("GET", path, nil, 200)
	}
	s.do("GET", "/issue/createmeta/OPS/issuetypes?maxResults=2", nil, 200)
	s.do("GET", "/issue/createmeta/OPS/issuetypes/10002", nil, 200)
	s.do("GET", "/user/assignable/search?project=OPS&query=bo", nil, 200)
	s.do("GET", "/user/assignable/search?project=OPS&username=bo", nil, 400)
	id := s.create("Contract", m{"description": text("one"), "assignee": s.who(s.bob), "duedate": "2026-03-31", s.fields["target"]: "2026-04-01"})
	s.do("POST", "/issue", m{"fields": m{"project": m{"key": "OPS"}, "issuetype": m{"id": "10002"}}, "properties": []m{{"key": "a", "value": 1}}}, 400)
	s.do("GET", "/issue/"+id+"?expand=transitions,changelog,editmeta,names&properties=p", nil, 200)
	s.do("GET", "/issue/1", nil, 404)
	s.do("PUT", "/issue/"+id, m{"fields": m{"summary": "Contract, edited", "assignee": nil, "priority": m{"id": "1"}}, "update": m{"labels": []m{{"add": "x"}}}}, 204)
	s.do("PUT", "/issue/"+id+"?returnIssue=true", m{"fields": m{"description": text("two")}}, 200)
	s.do("PUT", "/issue/"+id, m{"fields": m{"status": m{"id": "3"}}}, 400)
	s.do("GET", "/issue/"+id+"/transitions?expand=transitions.fields", nil, 200)
	s.do("POST", "/issue/"+id+"/transitions", m{"transition": m{"id": "31"}}, 204)
	s.do("POST", "/issue/"+id+"/transitions", m{"transition": m{"id": "99"}}, 400)
	s.do("POST", "/issue/"+id+"/comment", m{"body": text("seen")}, 201)
	s.do("GET", "/issue/"+id+"/editmeta", nil, 200)
	s.do("GET", "/issue/"+id+"/changelog", nil, 200)
	s.do("PUT", "/issue/"+id+"/properties/p", m{"n": 1}, 201)
	s.do("PUT", "/issue/"+id+"/properties/p", m{"n": 2}, 200)
	s.do("GET", "/issue/"+id+"/properties/p", nil, 200)
	s.do("GET", "/issue/"+id+"/properties/q", nil, 404)
	link := m{"globalId": "app:measure:1", "object": m{"url": "https://x.example/m/1", "title": "Measure", "status": m{"resolved": false}}}
	s.do("POST", "/issue/"+id+"/remotelink", link, 201)
	s.do("POST", "/issue/"+id+"/remotelink", link, 200)
	s.do("GET", "/issue/"+id+"/remotelink?globalId=app:measure:1", nil, 200)
	s.do("PUT", "/issue/"+id+"/assignee", s.who(s.bob), 204)
	s.do("GET", "/search?jql=project=OPS", nil, 410)
	s.do("GET", "/webhook", nil, 403) // only for apps
	s.do("DELETE", "/issue/"+id, nil, 204)
}

// newerTour asks the endpoints that came after the description of early 2024.
func newerTour(s *site) {
	a := s.create("Found", nil)
	s.create("Found, too", nil)
	s.do("POST", "/search/jql", m{"jql": "project = OPS ORDER BY updated ASC", "fields": []string{"*all"}, "maxResults": 1, "properties": []string{"p"}}, 200)
	s.do("GET", "/search/jql?jql=project%3DOPS", nil, 200)
	s.do("POST", "/search/jql", m{"jql": "ORDER BY updated"}, 400)
	s.do("POST", "/issue/bulkfetch", m{"issueIdsOrKeys": []string{a, "OPS-77"}, "fields": []string{"summary", "status"}}, 200)
	s.do("POST", "/issue/bulkfetch", m{"issueIdsOrKeys": []string{}}, 400)
}

// appTour asks what only OAuth apps may ask.
func appTour(s *site, newer bool) {
	app := s.sim.AddApp(s.ada.Email, jirasim.App{})
	var out struct {
		Access string `json:"access_token"`
	}
	checked := s.rt
	s.rt = s.sim.Transport() // the token endpoint is not part of the description
	s.do("POST", "/oauth/token", m{
		"grant_type": "refresh_token", "client_id": app.ClientID, "client_secret": app.ClientSecret, "refresh_token": app.RefreshToken,
	}, 200).decode(s.t, &out)
	s.rt, s.auth = checked, "Bearer "+out.Access
	s.do("POST", "/webhook", m{"url": "https://x.example/hook", "webhooks": []m{{"events": []string{"jira:issue_updated"}, "jqlFilter": "project = OPS"}}}, 200)
	if newer { // the older description has no url in this list
		s.do("GET", "/webhook", nil, 200)
	}
	s.do("PUT", "/webhook/refresh", m{"webhookIds": []int{1}}, 200)
	s.do("DELETE", "/webhook", m{"webhookIds": []int{1}}, 202)
}

func TestCloudKeepsToTheDescriptions(t *testing.T) {
	for name, tc := range map[string]struct {
		file, api string
		newer     bool
		cut       []string // members that this copy of the description lost
	}{
		"v2 of 2024-02":      {"jira-cloud-platform.v2.2024-02.issues.openapi.json.gz", "/rest/api/2", false, nil},
		"v2 of 2025-11":      {"jira-cloud-platform.v2.2025-11.issues.openapi.json.gz", "/rest/api/2", true, []string{"fromString", "toString"}},
		"v3 of 2025-09":      {"jira-cloud-platform.v3.2025-09.issues.openapi.json.gz", "/rest/api/3", true, nil},
		"v3 of 2025-09 full": {"jira-cloud-platform.v3.2025-09.full.openapi.json.gz", "/rest/api/3", true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := contract.LoadShared(t, "contracts", "jira", tc.file)
			s := newSite(t, jirasim.Options{})
			s.api = tc.api
			checked := &checker{t: t, d: d, base: s.rt, cut: tc.cut}
			s.rt = checked
			tour(s, tc.api == "/rest/api/3")
			if tc.newer {
				newerTour(s)
			}
			appTour(s, tc.newer)
			if checked.n < 40 {
				t.Errorf("only %d exchanges were checked", checked.n)
			}
		})
	}
}

// checker holds each exchange against the description, after bringing it into
// the form the description has in mind where recorded answers are known to
// differ from it: members are null although nothing is described as nullable,
// time zones have no colon, and empty answers are said to carry JSON.
type checker struct {
	t    testing.TB
	d    *contract.Description
	base http.RoundTripper
	cut  []string
	n    int
}

func (c *checker) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := c.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(got))
	c.n++
	h, seen := resp.Header.Clone(), c.tidy(got)
	if len(got) == 0 {
		h.Set("Content-Type", "application/json")
		seen = []byte("{}")
	}
	asked := r.Clone(r.Context())
	asked.GetBody = nil // or the untidied body would be checked
	x := contract.Exchange{Request: asked, RequestBody: c.tidy(sent), Status: resp.StatusCode, Header: h, ResponseBody: seen}
	// Bad requests are refused by the server; the description need not allow
	// them, nor does it list every refusal.
	o := contract.Options{AllowStatus: []int{400, 410}, SkipRequests: resp.StatusCode == 400}
	for _, violation := range c.d.Check(x, o) {
		c.t.Errorf("contract: %v\nrequest: %s\nanswer: %.1500s", violation, sent, got)
	}
	return resp, nil
}

func (c *checker) tidy(body []byte) []byte {
	var v any
	if len(body) == 0 || json.Unmarshal(body, &v) != nil {
		return body
	}
	out, err := json.Marshal(c.clean(v))
	if err != nil {
		c.t.Fatal(err)
	}
	return zone.ReplaceAll(out, []byte("$1$2:$3"))
}

var zone = regexp.MustCompile(`(T\d\d:\d\d:\d\d\.\d{3})([+-]\d\d)(\d\d)`)

func (c *checker) clean(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x == nil || slices.Contains(c.cut, k) {
				delete(v, k)
				continue
			}
			v[k] = c.clean(x)
		}
	case []any:
		for i := range v {
			v[i] = c.clean(v[i])
		}
	}
	return v
}
