package githubsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// FuzzRequests sends anything to the simulator. It must answer with a status
// below 500 and, if it answers a body, with JSON.
func FuzzRequests(f *testing.F) {
	f.Add("GET", "/repos/acme/shop/issues?state=all&sort=updated&page=2&after=x", "")
	f.Add("POST", "/repos/acme/shop/issues", `{"title":1,"labels":[{"name":"a"},"b"],"assignees":["ann"],"milestone":"1"}`)
	f.Add("PATCH", "/repos/acme/shop/issues/1", `{"title":null,"body":7,"state":"closed","state_reason":null,"labels":null,"issue_field_values":[{}]}`)
	f.Add("POST", "/repos/acme/shop/issues/1/labels", `["a",{"name":""}]`)
	f.Add("DELETE", "/repos/acme/shop/issues/1/labels/a%2Fb", "")
	f.Add("POST", "/repos/acme/shop/hooks", `{"config":{"url":"https://x.example/"},"events":null}`)
	f.Add("POST", "/repositories/0/issues/1/comments", `{"body":"x"}`)
	f.Add("PUT", "/repos/acme/shop/issues/1/issue-field-values", `{"issue_field_values":null}`)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		u, err := url.Parse("https://api.github.com/" + strings.TrimPrefix(path, "/"))
		if err != nil || u.Host != "api.github.com" {
			t.Skip("not an address")
		}
		s, bot, _ := world(githubsim.Options{})
		s.Grant("acme/shop", "bot", githubsim.RoleAdmin)
		s.AddField("acme", "Target date", "date")
		if _, err := s.As("ann").Create("acme/shop", "one", "text", "a"); err != nil {
			t.Fatal(err)
		}
		r := (&http.Request{Method: method, URL: u, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}).WithContext(t.Context())
		r.Header.Set("Authorization", "Bearer "+bot)
		resp, err := s.Transport().RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		got, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode >= 500 || len(got) > 0 && !json.Valid(got) {
			t.Errorf("%s %s answered %d %q, %v", method, u, resp.StatusCode, got, err)
		}
	})
}
