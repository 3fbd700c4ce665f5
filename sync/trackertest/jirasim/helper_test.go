package jirasim_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// site is a simulated Jira with two people, one project and a client.
type site struct {
	t      testing.TB
	sim    *jirasim.Server
	rt     http.RoundTripper
	auth   string
	ada    jirasim.User // the client acts as her
	bob    jirasim.User
	api    string // /rest/api/2
	fields map[string]string
}

func newSite(t testing.TB, o jirasim.Options) *site {
	t.Helper()
	s := &site{t: t, sim: jirasim.New(o), api: "/rest/api/2", fields: map[string]string{}}
	s.ada = s.sim.AddUser(jirasim.User{DisplayName: "Ada Byron", TimeZone: "Europe/Berlin"})
	s.bob = s.sim.AddUser(jirasim.User{DisplayName: "Bob Stone"})
	s.sim.AddProject("OPS", "Operations")
	s.fields["metric"] = s.sim.AddField("Success metric", jirasim.Paragraph)
	s.fields["target"] = s.sim.AddField("Target date", jirasim.Date)
	token := s.sim.AddToken(s.ada.Email, "secret", time.Time{})
	s.auth = "Basic " + base64.StdEncoding.EncodeToString([]byte(s.ada.Email+":"+token))
	if o.Flavor == jirasim.DataCenter {
		s.auth = "Bearer " + token
	}
	s.rt = s.sim.Transport()
	return s
}

// who is how requests of the flavor name a user.
func (s *site) who(u jirasim.User) map[string]any {
	if strings.HasPrefix(s.auth, "Bearer") {
		return map[string]any{"name": u.Name}
	}
	return map[string]any{"accountId": u.AccountID}
}

// id is how the simulator's snapshots name a user.
func (s *site) id(u jirasim.User) string {
	for _, v := range s.who(u) {
		return v.(string)
	}
	return ""
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) decode(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("answer %d %q: %v", a.status, a.body, err)
	}
}

// errs returns the messages of an error answer, by field.
func (a answer) errs(t testing.TB) map[string]string {
	t.Helper()
	var p struct {
		ErrorMessages []string
		Errors        map[string]string
	}
	a.decode(t, &p)
	if p.Errors == nil {
		p.Errors = map[string]string{}
	}
	if len(p.ErrorMessages) > 0 {
		p.Errors[""] = strings.Join(p.ErrorMessages, "; ")
	}
	return p.Errors
}

func (s *site) try(method, path string, body any) (answer, error) {
	s.t.Helper()
	var r io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	if !strings.HasPrefix(path, "/rest") && !strings.HasPrefix(path, "/oauth") {
		path = s.api + path
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.sim.BaseURL()+path, r)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	if s.auth != "" {
		req.Header.Set("Authorization", s.auth)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.rt.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, raw}, err
}

// do sends a request and fails the test unless the status is as wanted.
func (s *site) do(method, path string, body any, want int) answer {
	s.t.Helper()
	a, err := s.try(method, path, body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.status != want {
		s.t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.status, want, a.body)
	}
	return a
}

type m = map[string]any

// create makes an issue through the API and returns its id.
func (s *site) create(summary string, more m) string {
	s.t.Helper()
	fields := m{"project": m{"key": "OPS"}, "issuetype": m{"name": "Task"}, "summary": summary}
	maps.Copy(fields, more)
	var out struct{ ID, Key, Self string }
	s.do("POST", "/issue", m{"fields": fields}, 201).decode(s.t, &out)
	return out.ID
}

func (s *site) issue(idOrKey string) jirasim.Issue {
	s.t.Helper()
	x, ok := s.sim.Issue(idOrKey)
	if !ok {
		s.t.Fatalf("no issue %s", idOrKey)
	}
	return x
}

// searched runs a search of the flavor and returns the ids in order.
func (s *site) searched(jql string, more m) []string {
	s.t.Helper()
	path := "/search/jql"
	if strings.HasPrefix(s.auth, "Bearer") {
		path = "/search"
	}
	body := m{"jql": jql, "fields": []string{"summary", "updated"}, "maxResults": 100}
	maps.Copy(body, more)
	var out struct{ Issues []struct{ ID string } }
	s.do("POST", path, body, 200).decode(s.t, &out)
	ids := []string{}
	for _, i := range out.Issues {
		ids = append(ids, i.ID)
	}
	return ids
}

func flavors() map[string]jirasim.Options {
	return map[string]jirasim.Options{"cloud": {}, "data center": {Flavor: jirasim.DataCenter}}
}
