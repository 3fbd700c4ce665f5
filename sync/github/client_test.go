package github_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// exercise uses everything an adapter can do once.
func exercise(t *testing.T, s *site) {
	t.Helper()
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	drain(t, tracker, nil, nil)
	push(t, tracker, on, map[domain.Field]string{domain.FieldTitle: "New", domain.FieldPriority: "P0", domain.FieldOwner: "p_ben"})
	_, err := tracker.Find(t.Context(), domain.Probe{Nonce: "n0nce", Since: on.CreatedAt})
	must(t, err)
	_, err = tracker.Sweep(t.Context(), []domain.RemoteRef{on.Ref})
	must(t, err)
	_, err = tracker.Check(t.Context())
	must(t, err)
	_, err = tracker.CreateLabels(t.Context())
	must(t, err)
	_, err = tracker.Resolve(t.Context(), repo+"#1")
	must(t, err)
}

// T4, T11, T17: every request goes to the one host, carries the credential and
// no key that would make Go repeat it, and has only numeric ids in its path.
func TestT11WhatRequestsCarry(t *testing.T) {
	for name, change := range map[string]func(*githubsim.Options){"github.com": func(*githubsim.Options) {}, "ghes": func(o *githubsim.Options) { o.Enterprise = "3.19.0" }} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, change)
			base, err := url.Parse(s.BaseURL())
			must(t, err)
			exercise(t, s)
			all := s.sent.take()
			if len(all) < 12 {
				t.Fatalf("only %d requests", len(all))
			}
			for _, r := range all {
				if !strings.HasPrefix(r.Path, strings.TrimSuffix(base.Path, "/")+"/") {
					t.Errorf("%s leaves the API", r.Path)
				}
				if r.Header.Get("Authorization") != "Bearer "+s.token {
					t.Errorf("%s %s has no credential", r.Method, r.Path)
				}
				for _, key := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
					if _, there := r.Header[key]; there {
						t.Errorf("%s %s may be repeated by Go", r.Method, r.Path)
					}
				}
				if r.Header.Get("Accept") != "application/vnd.github+json" || r.Header.Get("X-GitHub-Api-Version") == "" || r.Header.Get("User-Agent") == "" {
					t.Errorf("%s %s: headers %v", r.Method, r.Path, r.Header)
				}
			}
		})
	}
}

// T17: what comes in as an id is a number or goes nowhere.
func TestT17OddReferences(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	s.sent.take()
	for _, ref := range []domain.RemoteRef{{Number: 0}, {Number: -1}, {Number: 1, Place: "../../user"}, {Number: 1, Place: "1?x=y"}, {Number: 1, Place: "%2e%2e"}} {
		_, err := tracker.Fetch(t.Context(), ref)
		for _, r := range s.sent.take() {
			if r.Path != "/repositories/"+on.Ref.Place+"/issues/1" {
				t.Errorf("%+v asked for %s", ref, r.Path)
			}
		}
		if ref.Number <= 0 {
			wantKind(t, err, domain.ErrInvalid)
		}
	}
}

// T15: answers are read and closed, so that failures do not cost connections.
func TestT15ConnectionsAreReused(t *testing.T) {
	s := newSite(t)
	on := create(t, s, s.adapter(t))
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(s.Server)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	s.SetURLs(server.URL+"/", server.URL+"/")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	s.transport = transport
	s.Inject(githubsim.Rule{Method: "PATCH", Effect: githubsim.ServerError(502, false)})
	tracker := s.adapter(t)
	for range 10 {
		_, err := tracker.Push(t.Context(), pushOf(on, map[domain.Field]string{domain.FieldTitle: "New"}))
		wantKind(t, err, domain.ErrUnavailable)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 10 failing writes", n)
	}
}

// T74, T12: without a guarded transport, a clock, a credential or a usable
// address there is no adapter.
func TestNewRefuses(t *testing.T) {
	good := func() github.Config {
		s := newSite(t)
		return github.Config{Tracker: domain.Tracker{ID: "a", BaseURL: s.BaseURL(), Repository: repo}, Secrets: domain.Secrets{Credential: s.token}, Transport: s.transport, Now: s.clock.now}
	}
	if _, err := github.New(good()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*github.Config){
		"no transport":             func(c *github.Config) { c.Transport = nil },
		"no clock":                 func(c *github.Config) { c.Now = nil },
		"no credential":            func(c *github.Config) { c.Secrets.Credential = "" },
		"no address":               func(c *github.Config) { c.Tracker.BaseURL = "" },
		"address with a user":      func(c *github.Config) { c.Tracker.BaseURL = "https://x@api.github.com" },
		"another scheme":           func(c *github.Config) { c.Tracker.BaseURL = "file:///etc" },
		"no repository":            func(c *github.Config) { c.Tracker.Repository = "acme" },
		"a path as a repository":   func(c *github.Config) { c.Tracker.Repository = "acme/.." },
		"a query as a repository":  func(c *github.Config) { c.Tracker.Repository = "acme/x?y" },
		"a token as an app's key":  func(c *github.Config) { c.Tracker.AppID = 7 },
		"nonsense as an app's key": func(c *github.Config) { c.Tracker.AppID, c.Secrets.Credential = 7, "-----BEGIN RSA PRIVATE KEY-----" },
	} {
		c := good()
		spoil(&c)
		if _, err := github.New(c); domain.KindOf(err) != domain.ErrInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
