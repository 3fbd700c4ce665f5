package jira_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/jira"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// TestT72TokensOnly: an API token with its address on Cloud, a personal access
// token on Data Center; a password is never sent.
func TestT72TokensOnly(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		w := s.watch()
		s.made(t, s.adapter(t))
		want := "Bearer " + s.token
		if s.cloud() {
			want = "Basic " + base64.StdEncoding.EncodeToString([]byte(s.sync.Email+":"+s.token))
		}
		for _, x := range w.take() {
			if got := x.header.Values("Authorization"); len(got) != 1 || got[0] != want {
				t.Errorf("sent %q, want %q", got, want)
			}
		}
	})
	for name, change := range map[string]func(*jira.Config){
		"no token":       func(c *jira.Config) { c.Secrets.Credential = " " },
		"no address":     func(c *jira.Config) { c.Tracker.Account = "" },
		"odd credential": func(c *jira.Config) { c.Secrets.Credential = `{"client_id":"x"}` },
		"no place for it": func(c *jira.Config) {
			c.Secrets.Credential = `{"client_id":"x","client_secret":"y","refresh_token":"z"}`
		},
		"no transport": func(c *jira.Config) { c.Transport = nil },
		"no clock":     func(c *jira.Config) { c.Now = nil },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := newSite(t, cloud()).settings()
			change(&cfg)
			_, err := jira.New(cfg)
			wantKind(t, err, domain.ErrInvalid)
		})
	}
}

// oauthSite is a Cloud reached by an OAuth app. Saved holds the credentials in
// the order in which they were saved.
type oauthSite struct {
	*site
	saved   []string
	refuse  error // of the next save
	refresh int   // requests for a token
}

func newOAuthSite(t *testing.T) *oauthSite {
	t.Helper()
	o := &oauthSite{site: newSite(t, fixture{options: func(o *jirasim.Options) { o.AccessTokenLife = 10 * time.Minute }})}
	app := o.AddApp(o.sync.Email, jirasim.App{})
	next := o.transport
	o.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "auth.atlassian.com" {
			o.refresh++
			if r.Header.Get("Authorization") != "" {
				t.Error("the token service was sent an access token")
			}
			return o.Server.Transport().RoundTrip(r)
		}
		return next.RoundTrip(r)
	})
	first, err := json.Marshal(jira.OAuthCredential{ClientID: app.ClientID, ClientSecret: app.ClientSecret, RefreshToken: app.RefreshToken, Site: o.BaseURL()})
	must(t, err)
	o.saved = []string{string(first)}
	o.config = func(c *jira.Config) {
		c.Tracker.BaseURL = "https://api.atlassian.com/ex/jira/11111111-2222-4333-8444-555555555555"
		c.Secrets.Credential = o.saved[len(o.saved)-1]
		c.SaveCredential = func(_ context.Context, credential string) error {
			if o.refuse != nil {
				return o.refuse
			}
			o.saved = append(o.saved, credential)
			return nil
		}
	}
	return o
}

// TestOAuthRefresh: the access token is refreshed when it ends, once, and the
// replaced refresh token is saved before it is used (K13).
func TestOAuthRefresh(t *testing.T) {
	o := newOAuthSite(t)
	tracker := o.adapter(t)
	on := o.made(t, tracker)
	if o.refresh != 1 || len(o.saved) != 2 || o.saved[0] == o.saved[1] {
		t.Fatalf("%d refreshes, %d saved", o.refresh, len(o.saved)-1)
	}
	if want := o.BaseURL() + "/browse/" + on.Ref.Key; on.Ref.URL != want {
		t.Errorf("the address for people is %q, want %q", on.Ref.URL, want)
	}
	got, err := tracker.Resolve(t.Context(), on.Ref.URL)
	must(t, err)
	if got.Ref.ID != on.Ref.ID {
		t.Error("the address leads elsewhere")
	}
	o.clock.add(10 * time.Minute)
	o.read(t, tracker, on.Ref)
	if o.refresh != 2 || len(o.saved) != 3 {
		t.Errorf("after it ended: %d refreshes, %d saved", o.refresh, len(o.saved)-1)
	}
	// A restart uses what was saved last; the refresh tokens before it are spent.
	o.read(t, o.adapter(t), on.Ref)
	if o.refresh != 3 {
		t.Errorf("%d refreshes", o.refresh)
	}
}

// TestOAuthSavesBeforeUse: what cannot be saved is not used, and not lost
// while the process lives.
func TestOAuthSavesBeforeUse(t *testing.T) {
	o := newOAuthSite(t)
	ref := o.Open(t, "x", "")
	tracker := o.adapter(t)
	o.refuse = errors.New("disk full")
	before := o.Requests()
	_, err := tracker.Fetch(t.Context(), ref)
	wantKind(t, err, domain.ErrUnavailable)
	if n := o.Requests() - before; n != 1 {
		t.Errorf("%d requests, want the one for the token", n)
	}
	_, err = tracker.Create(t.Context(), draft("n"))
	wantKind(t, err, domain.ErrUnavailable) // certainly not sent, so not uncertain
	o.refuse = nil
	o.read(t, tracker, ref)
	if len(o.saved) != 2 {
		t.Errorf("%d saved", len(o.saved)-1)
	}
}

// TestOAuthRejected: a revoked access token is replaced once; one that was
// fetched a moment ago is not the cause. A refused refresh token needs consent.
func TestOAuthRejected(t *testing.T) {
	o := newOAuthSite(t)
	ref := o.Open(t, "x", "")
	tracker := o.adapter(t)
	o.read(t, tracker, ref)
	o.clock.add(2 * time.Minute)
	o.Fault(ruleFor("GET", "/rest/api/2/issue/*", jirasim.Fail(401, "Unauthorized")))
	_, err := tracker.Fetch(t.Context(), ref)
	wantKind(t, err, domain.ErrUnavailable)
	o.read(t, tracker, ref)
	o.Fault(ruleFor("GET", "/rest/api/2/issue/*", jirasim.Fail(401, "Unauthorized")))
	_, err = tracker.Fetch(t.Context(), ref)
	wantCode(t, err, domain.ErrUnauthorized, "auth_broken")
	for status, want := range map[int]domain.Kind{403: domain.ErrUnauthorized, 400: domain.ErrUnauthorized, 500: domain.ErrUnavailable, 429: domain.ErrUnavailable} {
		o.Fault(ruleFor("POST", "/oauth/token", jirasim.Fail(status, "no")))
		_, err = o.adapter(t).Fetch(t.Context(), ref)
		wantKind(t, err, want)
	}
	o.Fault(ruleFor("POST", "/oauth/token", jirasim.HTMLBody(false)))
	_, err = o.adapter(t).Fetch(t.Context(), ref)
	wantKind(t, err, domain.ErrUnavailable)
	_, err = tracker.InstallHook(t.Context(), "https://followthrough.example/hooks/jira/x", hookSecret)
	wantKind(t, err, domain.ErrForbidden)
	if !strings.Contains(err.Error(), "administrator") {
		t.Errorf("the message does not say what to do: %v", err)
	}
}
