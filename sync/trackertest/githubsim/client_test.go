package githubsim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/sync/trackertest/contract"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// client speaks to a simulator through a contract-checking transport.
type client struct {
	t     *testing.T
	s     *githubsim.Server
	http  *http.Client
	token string
	base  string
}

// checks are where the simulator and the trimmed description differ on
// purpose: aliases the description leaves out, and statuses any route has.
func checks(s *githubsim.Server) contract.Options {
	o := contract.Options{
		AllowStatus: []int{307, 410, 400, 401, 403, 404, 422, 429, 500, 502, 503},
		// The account in this list is described as a user and an enterprise at
		// once; the single installation is described, and checked, properly.
		Exempt: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/app/installations") },
		Rewrite: func(path string) string {
			if rest, found := strings.CutPrefix(path, "/repositories/"); found {
				_, tail, _ := strings.Cut(rest, "/")
				return strings.TrimSuffix("/repos/o/r/"+tail, "/")
			}
			if id, found := strings.CutPrefix(path, "/user/"); found && !strings.Contains(id, "/") {
				return "/users/" + id
			}
			return path
		},
	}
	if strings.Contains(s.BaseURL(), "/api/v3") {
		o.BasePath = "/api/v3"
	}
	return o
}

func newClient(t *testing.T, s *githubsim.Server, token string) *client {
	t.Helper()
	return newClientWith(t, s, token, "api.github.com.issues.openapi.json.gz", checks(s))
}

func newClientWith(t *testing.T, s *githubsim.Server, token, description string, o contract.Options) *client {
	t.Helper()
	d := contract.LoadShared(t, "contracts", "github", description)
	return &client{
		t: t, s: s, token: token, base: strings.TrimSuffix(s.BaseURL(), "/"),
		http: &http.Client{
			Transport:     contract.NewTransport(t, d, s.Transport(), o),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// as returns the client with another credential.
func (c *client) as(token string) *client {
	other := *c
	other.token = token
	return &other
}

type result struct {
	status int
	header http.Header
	body   []byte
}

func (r result) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		t.Fatalf("answer %d %s: %v", r.status, r.body, err)
	}
}

func (c *client) do(method, path string, body any, headers ...string) result {
	c.t.Helper()
	var in io.Reader
	if body != nil {
		data, isText := body.(string)
		if !isText {
			encoded, err := json.Marshal(body)
			if err != nil {
				c.t.Fatal(err)
			}
			data = string(encoded)
		}
		in = bytes.NewReader([]byte(data))
	}
	target := path
	if !strings.HasPrefix(path, "https://") {
		target = c.base + path
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, target, in)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	r.Header.Set("Accept", "application/vnd.github+json")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return result{resp.StatusCode, resp.Header, got}
}

// want fails the test unless the answer has the status.
func (r result) want(t *testing.T, status int) result {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

type issue struct {
	ID          int64
	NodeID      string `json:"node_id"`
	Number      int
	Title       string
	Body        *string
	State       string
	StateReason *string `json:"state_reason"`
	Labels      []struct{ Name string }
	Assignees   []struct{ Login string }
	Milestone   *struct{ Number int }
	UpdatedAt   string                `json:"updated_at"`
	PullRequest *struct{ URL string } `json:"pull_request"`
	Fields      []struct {
		ID    int64 `json:"issue_field_id"`
		Value any
	} `json:"issue_field_values"`
}

func (i issue) labels() string {
	var names []string
	for _, l := range i.Labels {
		names = append(names, l.Name)
	}
	return strings.Join(names, ",")
}

func (i issue) assignees() string {
	var names []string
	for _, u := range i.Assignees {
		names = append(names, u.Login)
	}
	return strings.Join(names, ",")
}

// world is a server with a repository acme/shop, a writer, a bot with push
// access and a reader without.
func world(o githubsim.Options) (s *githubsim.Server, bot, reader string) {
	s = githubsim.New(o)
	s.AddOrg("acme")
	s.AddRepo("acme/shop", githubsim.RepoOptions{})
	s.AddUser("ann")
	bot = s.Token("bot", githubsim.TokenOptions{})
	reader = s.Token("rita", githubsim.TokenOptions{})
	s.Grant("acme/shop", "ann", githubsim.RoleAdmin)
	s.Grant("acme/shop", "bot", githubsim.RoleWrite)
	return s, bot, reader
}

// decode reads a JSON answer that no contract is checked on.
func decode(t interface{ Fatal(...any) }, resp *http.Response, v any) {
	if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
		t.Fatal(resp.Status, err)
	}
}
