package github_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/contract"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

const (
	secretA = "first-secret-of-at-least-32-characters"
	secretB = "other-secret-of-at-least-32-characters"
	address = "https://followthrough.example/hooks/github/acme-platform"
)

// inbox keeps what a receiver got and answers with a status.
type inbox struct {
	all    []githubsim.Delivery
	status int
}

func (b *inbox) take(_ context.Context, d githubsim.Delivery) (int, error) {
	b.all = append(b.all, d)
	if b.status != 0 {
		return b.status, nil
	}
	return http.StatusAccepted, nil
}

func sign(body []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func headers(event, signature string) http.Header {
	h := http.Header{}
	h.Set("X-GitHub-Event", event)
	h.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
	if signature != "" {
		h.Set("X-Hub-Signature-256", signature)
	}
	return h
}

// T78: only SHA-256 over the raw body counts, with one of up to two secrets,
// and an empty secret signs nothing.
func TestT78Signatures(t *testing.T) {
	body := []byte(`{"action":"opened"}`)
	both := []string{secretA, secretB}
	old := hmac.New(sha1.New, []byte(secretA))
	old.Write(body)
	for name, test := range map[string]struct {
		header  http.Header
		body    []byte
		secrets []string
		want    bool
	}{
		"first secret":       {headers("issues", sign(body, secretA)), body, both, true},
		"second secret":      {headers("issues", sign(body, secretB)), body, both, true},
		"GitHub's example":   {headers("x", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"), []byte("Hello, World!"), []string{"It's a Secret to Everybody"}, true},
		"secret of nobody":   {headers("issues", sign(body, "x")), body, both, false},
		"another body":       {headers("issues", sign(body, secretA)), []byte(`{"action":"opened"} `), both, false},
		"unsigned":           {headers("issues", ""), body, both, false},
		"no secret":          {headers("issues", sign(body, "")), body, nil, false},
		"empty secret":       {headers("issues", sign(body, "")), body, []string{""}, false},
		"unsigned, empty":    {headers("issues", ""), body, []string{""}, false},
		"SHA-1 only":         {http.Header{"X-Hub-Signature": {"sha1=" + hex.EncodeToString(old.Sum(nil))}}, body, both, false},
		"SHA-1 as SHA-256":   {headers("issues", "sha1="+hex.EncodeToString(old.Sum(nil))), body, both, false},
		"no prefix":          {headers("issues", strings.TrimPrefix(sign(body, secretA), "sha256=")), body, both, false},
		"shortened":          {headers("issues", sign(body, secretA)[:40]), body, both, false},
		"prefix only":        {headers("issues", "sha256="), body, both, false},
		"not hexadecimal":    {headers("issues", "sha256="+strings.Repeat("zz", 32)), body, both, false},
		"two signatures":     {http.Header{"X-Hub-Signature-256": {sign(body, secretA), sign(body, "x")}}, body, both, false},
		"listed in one line": {headers("issues", sign(body, "x")+","+sign(body, secretA)), body, both, false},
	} {
		if got := github.VerifySignature(test.header, test.body, test.secrets); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestRecordedDeliveries reads every recorded payload, signed as GitHub does:
// none is an error, each issue event says which issue, and other repositories'
// events are ignored.
func TestRecordedDeliveries(t *testing.T) {
	index, err := os.ReadFile(contract.SharedFile(t, "github-webhooks", "index.json"))
	must(t, err)
	root := filepath.Dir(contract.SharedFile(t, "github-webhooks", "index.json"))
	var files []struct{ File, Event, Action string }
	must(t, json.Unmarshal(index, &files))
	kinds := map[string]int{}
	for _, f := range files {
		t.Run(f.File, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join(root, f.File))
			must(t, err)
			h := headers(f.Event, sign(body, secretB))
			if !github.VerifySignature(h, body, []string{secretA, secretB}) || github.VerifySignature(h, append(body, '\n'), []string{secretA, secretB}) {
				t.Fatal("the signature is not judged over the raw body")
			}
			var payload struct {
				Issue      *struct{ Title, Body, State, NodeID string }
				Changes    map[string]struct{ From any }
				Repository struct {
					FullName string `json:"full_name"`
				}
			}
			must(t, json.Unmarshal(body, &payload))
			s := newSite(t)
			other, err := s.adapter(t).ParseWebhook(h, body)
			if err != nil || !other.Ignored {
				t.Errorf("of another repository: %+v, %v", other, err)
			}
			if payload.Repository.FullName == "" {
				kinds["without a repository"]++
				return
			}
			s.config = func(c *github.Config) { c.Tracker.Repository = payload.Repository.FullName }
			e, err := s.adapter(t).ParseWebhook(h, body)
			must(t, err)
			kinds[kindOf(e)]++
			if f.Event != "issues" {
				if !e.Ignored {
					t.Errorf("%s is not ignored: %+v", f.Event, e)
				}
				return
			}
			if e.Snapshot != nil {
				if diff := cmp.Diff([]string{payload.Issue.Title, strings.ReplaceAll(payload.Issue.Body, "\r", "")},
					[]string{e.Snapshot.Fields[domain.FieldTitle].Value, e.Snapshot.Fields[domain.FieldDescription].Value}); diff != "" {
					t.Errorf("the issue:\n%s", diff)
				}
				if e.Snapshot.Ref != e.Ref || e.Snapshot.Revision.IsZero() || e.Actor == "" || e.Snapshot.Actor != e.Actor {
					t.Errorf("incomplete: %+v", e)
				}
			}
			if from, ok := payload.Changes["title"]; ok && f.Event == "issues" && e.Before[domain.FieldTitle] != from.From {
				t.Errorf("the title before is %q, want %v", e.Before[domain.FieldTitle], from.From)
			}
			if !e.Ignored && (e.Ref.ID == "" || e.Ref.Number == 0 || e.Ref.Place == "") {
				t.Errorf("which issue? %+v", e.Ref)
			}
			if f.Action == "transferred" && (e.Moved == nil || e.Moved.Number == 0 || e.Moved.Place == "" || e.Moved.ID == "") {
				t.Errorf("T63: where to? %+v", e.Moved)
			}
			if (f.Action == "deleted") != e.Gone {
				t.Errorf("gone is %v", e.Gone)
			}
		})
	}
	for _, kind := range []string{"snapshot", "gone", "moved", "read again", "ignored", "without a repository"} {
		if kinds[kind] == 0 {
			t.Errorf("no delivery was %s: %v", kind, kinds)
		}
	}
}

func kindOf(e domain.Event) string {
	switch {
	case e.Ignored:
		return "ignored"
	case e.Gone:
		return "gone"
	case e.Moved != nil:
		return "moved"
	case e.Snapshot != nil:
		return "snapshot"
	}
	return "read again"
}

// T77, T83: what is new is taken and ignored; only what no GitHub sends is an error.
func TestT77UnknownDeliveries(t *testing.T) {
	box := &inbox{}
	s := newSite(t, func(o *githubsim.Options) { o.Sender = box.take })
	s.AddRepoHook(repo, githubsim.HookOptions{URL: address, Secret: secretA})
	tracker := s.adapter(t)
	for _, event := range []string{"sub_issues", "issue_dependencies", "of_the_future", "label", "milestone", "repository", "star"} {
		s.As("cleo").Emit(repo, event, "renamed_again", map[string]any{"issue": 7, "new": []int{1}})
	}
	s.As("cleo").Emit(repo, "issues", "field_added", map[string]any{"issue": map[string]any{"node_id": "I_1", "number": 1, "title": "x"}})
	s.DeliverAll(t.Context())
	if len(box.all) != 8 {
		t.Fatalf("%d deliveries", len(box.all))
	}
	for _, d := range box.all {
		if !github.VerifySignature(d.Header, d.Body, []string{secretB, secretA}) {
			t.Errorf("%s: the simulator's signature does not count", d.Event)
		}
		e, err := tracker.ParseWebhook(d.Header, d.Body)
		must(t, err)
		if d.Event == "issues" && (e.Ref.ID != "I_1" || e.Snapshot != nil || e.Ignored) || d.Event != "issues" && !e.Ignored {
			t.Errorf("%s: %+v", d.Event, e)
		}
		if e.Delivery != d.GUID {
			t.Errorf("delivery %q, want %q", e.Delivery, d.GUID)
		}
	}
	for name, test := range map[string]struct {
		header http.Header
		body   string
	}{
		"a form": {headers("issues", ""), "payload=%7B%7D"}, "nothing": {headers("issues", ""), ""}, "half": {headers("issues", ""), `{"action":`},
		"no event": {headers("", ""), "{}"}, "odd event": {headers("Issues\n", ""), "{}"}, "no delivery": {http.Header{"X-Github-Event": {"issues"}}, "{}"},
	} {
		if _, err := tracker.ParseWebhook(test.header, []byte(test.body)); domain.KindOf(err) != domain.ErrInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What people do reaches us complete: the snapshot of a delivery is the one a
// read would give, and an edit says what was there before.
func TestDeliveriesAreWhatReadsSay(t *testing.T) {
	box := &inbox{}
	s := newSite(t, func(o *githubsim.Options) { o.Sender = box.take })
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	on = push(t, tracker, on, map[domain.Field]string{domain.FieldDescription: "Ask @ana about #12."}).Snapshot
	s.AddRepoHook(repo, githubsim.HookOptions{URL: address, Secret: secretA})
	for _, step := range []map[domain.Field]string{
		{domain.FieldTitle: "By a person"}, {domain.FieldDescription: "By a person"}, {domain.FieldDueOn: "2026-09-09"}, {domain.FieldMetric: "pages"},
		{domain.FieldPriority: "P0"}, {domain.FieldOwner: "p_ben"}, {domain.FieldStatus: "in_progress"}, {domain.FieldStatus: "done"}, {domain.FieldStatus: "open"},
	} {
		before := fetch(t, tracker, on.Ref)
		box.all = nil
		s.Edit(t, on.Ref, step)
		s.DeliverAll(t.Context())
		now := fetch(t, tracker, on.Ref)
		if len(box.all) == 0 {
			t.Fatalf("%v: no delivery", step)
		}
		last := box.all[len(box.all)-1]
		e, err := tracker.ParseWebhook(last.Header, last.Body)
		must(t, err)
		if e.Snapshot == nil || e.Snapshot.Hash != now.Hash || !e.Snapshot.Revision.Equal(now.Revision) || e.Actor != "cleo" {
			t.Errorf("%v: the delivery says %+v", step, e)
			continue
		}
		if diff := cmp.Diff(now.Fields, e.Snapshot.Fields); diff != "" {
			t.Errorf("%v: fields:\n%s", step, diff)
		}
		for f, was := range e.Before {
			if was != before.Fields[f].Value {
				t.Errorf("%v: %s was %q, the delivery says %q", step, f, before.Fields[f].Value, was)
			}
		}
		for _, f := range []domain.Field{domain.FieldTitle, domain.FieldDescription, domain.FieldDueOn, domain.FieldMetric} {
			if _, changed := step[f]; changed {
				if _, said := e.Before[f]; !said {
					t.Errorf("%v: what %s was is not said: %v", step, f, e.Before)
				}
			}
		}
	}
}

// T62, T63: deletes and transfers are told apart; where an issue went is read
// from the delivery, which the library drops.
func TestT63TransferDelivery(t *testing.T) {
	box := &inbox{}
	s := newSite(t, func(o *githubsim.Options) { o.Sender = box.take })
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	s.AddRepoHook(repo, githubsim.HookOptions{URL: address, Secret: secretA, Events: []string{"issues"}})
	to, err := s.As("cleo").Transfer(repo, 1, "other/private")
	must(t, err)
	s.DeliverAll(t.Context())
	var moved *domain.RemoteRef
	for _, d := range box.all {
		e, err := tracker.ParseWebhook(d.Header, d.Body)
		must(t, err)
		if e.Ref.ID != on.Ref.ID {
			t.Errorf("%s is about %+v", e.Name, e.Ref)
		}
		if e.Moved != nil {
			moved = e.Moved
		}
	}
	if moved == nil || moved.Key != fmt.Sprint("other/private#", to) || moved.Number != to {
		t.Errorf("moved to %+v", moved)
	}
}

// A delivery of a repository that has our name, but is another one, is not ours.
func TestDeliveriesGoById(t *testing.T) {
	box := &inbox{}
	s := newSite(t, func(o *githubsim.Options) { o.Sender = box.take })
	tracker := s.adapter(t)
	create(t, s, tracker)
	s.AddRepoHook(repo, githubsim.HookOptions{URL: address, Secret: secretA})
	must(t, s.As("admin").RenameRepo(repo, "core"))
	must(t, s.As("cleo").Retitle("acme/core", 1, "still ours"))
	s.AddRepo(repo, githubsim.RepoOptions{Private: true})
	s.Grant(repo, "cleo", githubsim.RoleWrite)
	s.AddRepoHook(repo, githubsim.HookOptions{URL: address, Secret: secretA})
	must(t, func() error { _, err := s.As("cleo").Create(repo, "stranger", ""); return err }())
	s.DeliverAll(t.Context())
	var ours []string
	for _, d := range box.all {
		e, err := tracker.ParseWebhook(d.Header, d.Body)
		must(t, err)
		if d.Event == "issues" && !e.Ignored {
			ours = append(ours, e.Snapshot.Fields[domain.FieldTitle].Value)
		}
	}
	if diff := cmp.Diff([]string{"still ours"}, ours); diff != "" {
		t.Errorf("what counts as ours:\n%s", diff)
	}
}
