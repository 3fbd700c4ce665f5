package githubsim_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/sync/trackertest/contract"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

func accept(context.Context, githubsim.Delivery) (int, error) { return 202, nil }

// inbox keeps what a receiver got.
type inbox struct{ got []githubsim.Delivery }

func (b *inbox) take(_ context.Context, d githubsim.Delivery) (int, error) {
	b.got = append(b.got, d)
	return 202, nil
}

// newer are members GitHub has added since the payload schema was published.
var newer = []string{"sub_issues_summary", "issue_dependencies_summary", "issue_field_values"}

func payloadSchemas(t *testing.T) *contract.Schemas {
	t.Helper()
	schemas, err := contract.LoadSchemas(contract.SharedFile(t, "contracts", "github", "webhooks.issue-events.jsonschema.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return schemas
}

func TestPayloadsAgainstSchemaAndRecordings(t *testing.T) {
	schemas := payloadSchemas(t)
	var box inbox
	s, bot, _ := world(githubsim.Options{Sender: box.take})
	s.AddRepoHook("acme/shop", githubsim.HookOptions{URL: "https://app.example/h", Secret: "hush"})
	liveEveryEvent(t, s, bot)
	s.Deliver(t.Context())
	seen := map[string]bool{}
	for _, d := range box.got {
		name := d.Event + "$" + d.Action
		if d.Event == "repository" {
			continue // the schema file leaves these out; recordings cover them below
		}
		seen[name] = true
		if err := schemas.Check(name, without(t, d.Body)); err != nil {
			t.Errorf("%s: %v\n%.400s", name, err, d.Body)
		}
	}
	for _, want := range []string{
		"issues$opened", "issues$edited", "issues$closed", "issues$reopened", "issues$assigned", "issues$unassigned",
		"issues$labeled", "issues$unlabeled", "issues$milestoned", "issues$demilestoned", "issues$locked",
		"issues$unlocked", "issues$transferred", "issues$deleted", "issue_comment$created", "label$created",
		"label$edited", "label$deleted",
	} {
		if !seen[want] {
			t.Errorf("nobody sent %s", want)
		}
	}
	compareWithRecorded(t, box.got, "issues", "label", "repository", "issue_comment")
}

// liveEveryEvent makes each kind of change once.
func liveEveryEvent(t *testing.T, s *githubsim.Server, bot string) {
	t.Helper()
	s.AddRepo("acme/attic", githubsim.RepoOptions{})
	s.Grant("acme/attic", "ann", githubsim.RoleAdmin)
	ann := s.As("ann")
	m := ann.AddMilestone("acme/shop", "spring", nil)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(ann.CreateLabel("acme/shop", "p1", "ff0000"))
	n, err := ann.Create("acme/shop", "one", "text", "p1")
	must(err)
	none, zero := []string{}, 0
	must(ann.SetAssignees("acme/shop", n, "bot"))
	must(ann.Edit("acme/shop", n, githubsim.Edit{Assignees: &none, Milestone: &m}))
	must(ann.Edit("acme/shop", n, githubsim.Edit{Labels: &none, Milestone: &zero}))
	title, body := "two", "other"
	must(ann.Edit("acme/shop", n, githubsim.Edit{Title: &title, Body: &body}))
	must(ann.Close("acme/shop", n, "not_planned"))
	must(ann.Reopen("acme/shop", n))
	must(ann.Lock("acme/shop", n, "spam"))
	must(ann.Unlock("acme/shop", n))
	must(ann.Comment("acme/shop", n, "a comment"))
	_, err = ann.Transfer("acme/shop", n, "acme/attic")
	must(err)
	n, err = ann.Create("acme/shop", "three", "")
	must(err)
	must(ann.Delete("acme/shop", n))
	must(ann.RenameLabel("acme/shop", "p1", "urgent"))
	must(ann.DeleteLabel("acme/shop", "urgent"))
	must(ann.SetVisibility("acme/shop", true))
	must(ann.SetVisibility("acme/shop", false))
	must(ann.RenameRepo("acme/shop", "store"))
	s.AddOrg("other")
	must(ann.TransferRepo("acme/store", "other"))
	newClient(t, s, bot).do("GET", "/repos/other/store", nil).want(t, 200)
}

func without(t *testing.T, body []byte) []byte {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	strip(v)
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func strip(v map[string]any) {
	for _, name := range newer {
		delete(v, name)
	}
	for _, member := range v {
		if object, isObject := member.(map[string]any); isObject {
			strip(object)
		}
	}
}

func compareWithRecorded(t *testing.T, got []githubsim.Delivery, events ...string) {
	t.Helper()
	root := filepath.Dir(contract.SharedFile(t, "github-webhooks", "index.json"))
	compared := map[string]int{}
	for _, d := range got {
		files, err := filepath.Glob(filepath.Join(root, d.Event, d.Event+"."+d.Action+".*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			recorded, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			differ, err := contract.SameTypes(recorded, d.Body)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range differ {
				if strings.Contains(line, "$.installation.created_at") || strings.Contains(line, "$.installation.updated_at") {
					continue // recorded in both forms
				}
				t.Errorf("%s against %s: %s", d.Action, filepath.Base(file), line)
			}
			compared[d.Event]++
		}
	}
	for _, event := range events {
		if compared[event] == 0 {
			t.Errorf("no recorded %s payload was compared", event)
		}
	}
}

func TestDeliveriesAreSigned(t *testing.T) {
	var box inbox
	s, _, _ := world(githubsim.Options{Sender: box.take})
	id := s.AddRepoHook("acme/shop", githubsim.HookOptions{URL: "https://app.example/h", Secret: "hush", Events: []string{"issues"}})
	if _, err := s.As("ann").Create("acme/shop", "one", ""); err != nil {
		t.Fatal(err)
	}
	if n := s.Deliver(t.Context()); n != 1 {
		t.Fatalf("%d deliveries, want 1", n)
	}
	d := box.got[0]
	m := hmac.New(sha256.New, []byte("hush"))
	m.Write(d.Body)
	want := map[string]string{
		"X-Hub-Signature-256": "sha256=" + hex.EncodeToString(m.Sum(nil)), "X-Github-Event": "issues",
		"X-Github-Delivery": d.GUID, "X-Github-Hook-Id": fmt.Sprint(id), "Content-Type": "application/json",
	}
	for name, value := range want {
		if got := d.Header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

func TestPlanLosesDoublesAndReordersBySeed(t *testing.T) {
	run := func(seed uint64) ([]string, map[string]int) {
		var box inbox
		s, _, _ := world(githubsim.Options{Seed: seed, Sender: box.take, Hooks: githubsim.HookPlan{
			Loss: 0.2, Duplicate: 0.2, Reorder: 0.3, MaxDelay: time.Minute,
		}})
		s.AddRepoHook("acme/shop", githubsim.HookOptions{URL: "https://app.example/h", Secret: "hush"})
		for n := range 60 {
			if _, err := s.As("ann").Create("acme/shop", fmt.Sprint(n), ""); err != nil {
				t.Fatal(err)
			}
		}
		s.DeliverAll(t.Context())
		var order []string
		for _, d := range box.got {
			order = append(order, d.GUID)
		}
		return order, s.Sometimes()
	}
	first, counts := run(1)
	again, _ := run(1)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("one seed, two runs: %s", diff)
	}
	if other, _ := run(2); cmp.Equal(first, other) {
		t.Error("two seeds gave the same run")
	}
	for _, name := range []string{"hook_lost", "hook_duplicated", "hook_reordered"} {
		if counts[name] == 0 {
			t.Errorf("%s never happened", name)
		}
	}
	if want := 60 - counts["hook_lost"] + counts["hook_duplicated"]; len(first) != want {
		t.Errorf("%d arrived, want %d", len(first), want)
	}
}

func TestRunDeliversWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		arrived := make(chan time.Duration, 10)
		s, _, _ := world(githubsim.Options{Now: time.Now, Hooks: githubsim.HookPlan{MinDelay: 90 * time.Second}, Sender: func(context.Context, githubsim.Delivery) (int, error) {
			arrived <- time.Since(start)
			return 202, nil
		}})
		s.AddRepoHook("acme/shop", githubsim.HookOptions{URL: "https://app.example/h"})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		if _, err := s.As("ann").Create("acme/shop", "one", ""); err != nil {
			t.Fatal(err)
		}
		if got := <-arrived; got != 90*time.Second {
			t.Errorf("delivered after %v, want 90s", got)
		}
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
}
