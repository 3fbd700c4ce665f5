package jira

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// TestT4PinnedToOnePlace: scheme, host, port and path must be the configured
// ones, or the credential stays at home and nothing is sent.
func TestT4PinnedToOnePlace(t *testing.T) {
	for base, places := range map[string]map[string]bool{
		"https://jira.example/ctx/": {
			"https://jira.example/ctx/rest/api/2/myself": true, "https://JIRA.example:443/ctx/rest/api/2/myself": true,
			"http://jira.example/ctx/rest/api/2/myself": false, "https://jira.example:8443/ctx/rest/api/2/myself": false,
			"https://jira.example.evil.example/ctx/rest": false, "https://evil.example/ctx/rest": false, "https://jira.example/other/rest": false,
		},
		"http://127.0.0.1:8080/": {"http://127.0.0.1:8080/rest": true, "http://127.0.0.1/rest": false, "https://127.0.0.1:8080/rest": false},
	} {
		at, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		for place, allowed := range places {
			sent := ""
			p := &pinned{base: at, auth: fixed("Bearer secret"), next: roundTripper(func(r *http.Request) (*http.Response, error) {
				sent = r.Header.Get("Authorization")
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
			})}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, place, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := p.RoundTrip(r)
			if err == nil {
				_ = resp.Body.Close()
			}
			if (sent != "") != allowed || (err == nil) != allowed {
				t.Errorf("%s below %s: sent %q, %v", place, base, sent, err)
			}
			if !allowed && domain.KindOf(err) != domain.ErrForbidden {
				t.Errorf("%s: %v", place, err)
			}
			if r.Header.Get("Authorization") != "" {
				t.Error("the caller's request was changed")
			}
		}
	}
}

// roundTripper is a transport made of a function.
type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
