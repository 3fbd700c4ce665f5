package jirasim_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// inbox is a webhook receiver that keeps what it gets.
type inbox struct {
	status  []int // answers, the last one for the rest
	headers []http.Header
	bodies  [][]byte
	at      []time.Time
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.headers, b.bodies, b.at = append(b.headers, r.Header), append(b.bodies, body), append(b.at, time.Now())
	status := http.StatusOK
	if len(b.status) > 0 {
		if status = b.status[0]; len(b.status) > 1 {
			b.status = b.status[1:]
		}
	}
	w.WriteHeader(status)
}

// events are the summaries in the order received.
func (b *inbox) summaries(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, body := range b.bodies {
		var p struct {
			Issue struct{ Fields struct{ Summary string } }
		}
		if err := json.Unmarshal(body, &p); err != nil {
			t.Fatal(err)
		}
		out = append(out, p.Issue.Fields.Summary)
	}
	return out
}

func signature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func TestRegisteredHooksAreSigned(t *testing.T) {
	events := []string{"jira:issue_created"}
	for name, tc := range map[string]struct {
		options jirasim.Options
		path    string
		body    m
		status  int
		signed  bool
	}{
		"cloud":                         {jirasim.Options{}, "/rest/webhooks/1.0/webhook", m{"secret": "s3"}, 201, true},
		"cloud, no secret":              {jirasim.Options{}, "/rest/webhooks/1.0/webhook", m{}, 201, false},
		"cloud, other projects":         {jirasim.Options{}, "/rest/webhooks/1.0/webhook", m{"filters": m{"issue-related-events-section": "project = NONE"}}, 400, false},
		"data center 10":                {jirasim.Options{Flavor: jirasim.DataCenter}, "/rest/jira-webhook/1.0/webhooks", m{"configuration": m{"SECRET": "s3"}}, 201, true},
		"data center 10, secret beside": {jirasim.Options{Flavor: jirasim.DataCenter}, "/rest/jira-webhook/1.0/webhooks", m{"secret": "s3"}, 201, false},
		"data center 10, old path":      {jirasim.Options{Flavor: jirasim.DataCenter}, "/rest/webhooks/1.0/webhook", m{}, 404, false},
		"data center 9":                 {jirasim.Options{Flavor: jirasim.DataCenter, Version: "9.12.1"}, "/rest/webhooks/1.0/webhook", m{"secret": "s3"}, 201, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := &inbox{}
			tc.options.Sender = jirasim.ToHandler(in)
			s := newSite(t, tc.options)
			body := m{"name": "w", "url": "https://app.example/hooks/jira/1", "events": events}
			maps.Copy(body, tc.body)
			if tc.status == 201 {
				s.do("POST", tc.path, body, 403)
			}
			s.sim.Grant(s.ada.Email, "", jirasim.Admin)
			s.do("POST", tc.path, body, tc.status)
			if tc.status != 201 {
				return
			}
			s.create("x", nil)
			if n := s.sim.Deliver(t.Context()); n != 1 {
				t.Fatalf("%d deliveries, want 1", n)
			}
			got := in.headers[0].Get("X-Hub-Signature")
			if want := signature("s3", in.bodies[0]); tc.signed && got != want || !tc.signed && got != "" {
				t.Errorf("signature %q, signed should be %v", got, tc.signed)
			}
			if in.headers[0].Get("X-Atlassian-Webhook-Identifier") == "" {
				t.Error("the delivery has no identifier")
			}
			var list []map[string]any
			s.do("GET", tc.path, nil, 200).decode(t, &list)
			s.do("DELETE", tc.path+"/1", nil, 204)
			s.create("y", nil)
			if n := s.sim.Deliver(t.Context()); n != 0 || len(list) != 1 {
				t.Errorf("%d deliveries after the end, %d hooks listed before", n, len(list))
			}
		})
	}
}

func TestCloudRetriesAndDataCenterDoesNot(t *testing.T) {
	for name, tc := range map[string]struct {
		flavor   jirasim.Flavor
		answers  []int
		attempts int
		state    jirasim.DeliveryState
	}{
		"cloud recovers":      {jirasim.Cloud, []int{503, 429, 200}, 3, jirasim.Delivered},
		"cloud gives up":      {jirasim.Cloud, []int{500}, 6, jirasim.GaveUp},
		"cloud takes a no":    {jirasim.Cloud, []int{400}, 1, jirasim.GaveUp},
		"data center forgets": {jirasim.DataCenter, []int{503, 200}, 1, jirasim.GaveUp},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := &inbox{status: tc.answers}
				s := newSite(t, jirasim.Options{Flavor: tc.flavor, Now: time.Now, Sender: jirasim.ToHandler(in)})
				s.sim.AddWebhook(s.ada.Email, jirasim.Webhook{URL: "https://app.example/", Events: []string{"jira:issue_created"}})
				ctx, cancel := context.WithCancel(t.Context())
				go s.sim.Run(ctx)
				s.create("x", nil)
				time.Sleep(3 * time.Hour)
				cancel()
				synctest.Wait()
				d := s.sim.Deliveries()[0]
				if len(in.bodies) != tc.attempts || d.State != tc.state || d.Attempts != tc.attempts {
					t.Errorf("%d requests, delivery %s after %d attempts", len(in.bodies), d.State, d.Attempts)
				}
				for i := 1; i < len(in.at); i++ {
					if wait := in.at[i].Sub(in.at[i-1]); wait < 5*time.Minute || wait > 15*time.Minute {
						t.Errorf("retry %d after %s", i, wait)
					}
					if in.headers[i].Get("X-Atlassian-Webhook-Identifier") != d.ID || in.headers[i].Get("X-Atlassian-Webhook-Retry") == "" {
						t.Errorf("headers of retry %d: %v", i, in.headers[i])
					}
				}
			})
		})
	}
}

func TestHookPlans(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	run := func(t *testing.T, o jirasim.Options) (*site, []string) {
		t.Helper()
		in := &inbox{}
		o.Sender = jirasim.ToHandler(in)
		s := newSite(t, o)
		s.sim.AddWebhook(s.ada.Email, jirasim.Webhook{URL: "https://app.example/", Events: []string{"jira:issue_created"}})
		for _, n := range names {
			s.create(n, nil)
		}
		s.sim.Flush(t.Context())
		return s, in.summaries(t)
	}
	t.Run("in order", func(t *testing.T) {
		_, got := run(t, jirasim.Options{})
		if diff := cmp.Diff(names, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("loss", func(t *testing.T) {
		s, got := run(t, jirasim.Options{Hooks: jirasim.HookPlan{Loss: 0.5}})
		if lost := s.sim.Sometimes()["hook_lost"]; lost == 0 || lost+len(got) != len(names) {
			t.Errorf("%d lost, %d arrived", lost, len(got))
		}
	})
	t.Run("duplicates", func(t *testing.T) {
		s, got := run(t, jirasim.Options{Hooks: jirasim.HookPlan{Duplicate: 0.5}})
		if twice := s.sim.Sometimes()["hook_duplicated"]; twice == 0 || len(got) != len(names)+twice {
			t.Errorf("%d duplicated, %d arrived", twice, len(got))
		}
	})
	for name, p := range map[string]jirasim.HookPlan{"shuffled": {Shuffle: true}, "delayed": {MaxDelay: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			_, got := run(t, jirasim.Options{Hooks: p})
			if slices.Equal(got, names) {
				t.Error("arrived in order")
			}
			slices.Sort(got)
			if diff := cmp.Diff(names, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("full queue", func(t *testing.T) {
		s, got := run(t, jirasim.Options{Flavor: jirasim.DataCenter, Hooks: jirasim.HookPlan{QueueLimit: 3}})
		if diff := cmp.Diff(names[:3], got); diff != "" || s.sim.Sometimes()["hook_dropped"] != 5 {
			t.Errorf("%s, counters %v", diff, s.sim.Sometimes())
		}
	})
	t.Run("same seed, same story", func(t *testing.T) {
		p := jirasim.Options{Seed: 7, Hooks: jirasim.HookPlan{Loss: 0.3, Duplicate: 0.3, Shuffle: true}}
		_, a := run(t, p)
		_, b := run(t, p)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Error(diff)
		}
	})
}

func TestHookFilters(t *testing.T) {
	in := &inbox{}
	s := newSite(t, jirasim.Options{Sender: jirasim.ToHandler(in)})
	s.sim.AddProject("WEB", "Web site")
	s.sim.AddWebhook(s.ada.Email, jirasim.Webhook{URL: "https://app.example/", Events: []string{"jira:issue_created"}, JQL: "project = WEB"})
	id := s.create("here", nil)
	s.create("there", m{"project": m{"key": "WEB"}})
	s.do("PUT", "/issue/"+id, m{"fields": m{"summary": "edited"}}, 204)
	s.sim.Deliver(t.Context())
	if diff := cmp.Diff([]string{"there"}, in.summaries(t)); diff != "" {
		t.Error(diff)
	}
}

func TestDynamicHooksCarryATokenAndExpire(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	in := &inbox{}
	s := newSite(t, jirasim.Options{Now: func() time.Time { return now }, Sender: jirasim.ToHandler(in)})
	basic := s.auth
	appTour(s, true) // registers and deletes one
	s.do("POST", "/webhook", m{"url": "https://app.example/", "webhooks": []m{{"events": []string{"jira:issue_created"}, "jqlFilter": "project = OPS"}}}, 200)
	s.auth = basic
	s.create("in time", nil)
	s.sim.Deliver(t.Context())
	if len(in.headers) != 1 || strings.Count(in.headers[0].Get("Authorization"), ".") != 2 || in.headers[0].Get("X-Hub-Signature") != "" {
		t.Errorf("deliveries %v, want one with a JWT", in.headers)
	}
	now = now.Add(30 * 24 * time.Hour)
	s.create("too late", nil)
	if n := s.sim.Deliver(t.Context()); n != 0 {
		t.Errorf("%d deliveries from an expired webhook", n)
	}
}
