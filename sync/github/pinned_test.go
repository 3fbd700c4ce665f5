package github

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// counting answers every request and counts them.
type counting struct{ n *int }

func (c counting) RoundTrip(*http.Request) (*http.Response, error) {
	*c.n++
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}}, nil
}

// T4: whatever asks, a credential is only added for the one configured scheme,
// host and port.
func TestT4CredentialsStayOnTheHost(t *testing.T) {
	base, err := url.Parse("https://ghe.example/api/v3/")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"https://ghe.example/api/v3/user": true, "https://GHE.example:443/x": true, "http://ghe.example/api/v3/user": false, "https://ghe.example:8443/x": false,
		"https://ghe.example.evil.example/x": false, "https://evil.example/?https://ghe.example/": false, "https://api.ghe.example/": false,
	} {
		sent := 0
		p := pinned{base: base, next: bearer{token: "secret", next: counting{&sent}}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := p.RoundTrip(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		if (err == nil) != want || (sent == 1) != want || !want && domain.KindOf(err) != domain.ErrForbidden {
			t.Errorf("%s: sent %d times, %v", address, sent, err)
		}
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s: the caller's request was changed", address)
		}
	}
}
