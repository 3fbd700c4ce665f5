package github

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/trackertest/contract"
)

// TestRecordedIssuesDecode reads every issue, label and account in the recorded
// exchanges through the adapter's own types: ten years of real answers.
func TestRecordedIssuesDecode(t *testing.T) {
	root := filepath.Dir(contract.SharedFile(t, "github-rest", "observed-errors.json"))
	tracker := plainTracker(t)
	seen := map[string]int{}
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var document any
		if err := json.Unmarshal(data, &document); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		walk(document, func(object map[string]any) { decodeObject(t, tracker, filepath.Base(path), object, seen) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for what, least := range map[string]int{"issue": 70, "pull": 50, "label": 50, "account": 200, "repository": 5, "hook": 5} {
		if seen[what] < least {
			t.Errorf("only %d of kind %s were decoded: %v", seen[what], what, seen)
		}
	}
}

// walk visits every JSON object of a document.
func walk(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(v)
		for _, member := range v {
			walk(member, visit)
		}
	case []any:
		for _, element := range v {
			walk(element, visit)
		}
	}
}

// decodeObject recognises an object by its members and decodes it.
func decodeObject(t *testing.T, tracker *Tracker, file string, object map[string]any, seen map[string]int) {
	t.Helper()
	raw, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	has := func(names ...string) bool {
		for _, n := range names {
			if _, ok := object[n]; !ok {
				return false
			}
		}
		return true
	}
	decode := func(what string, v any) {
		seen[what]++
		if err := json.Unmarshal(raw, v); err != nil {
			t.Errorf("%s: a %s: %v", file, what, err)
		}
	}
	switch {
	case has("number", "title", "labels_url", "comments_url", "updated_at"):
		decodeIssue(t, tracker, file, raw, object, seen)
	case has("name", "color", "url") && !has("number"):
		var l label
		decode("label", &l)
		if l.Name != object["name"] {
			t.Errorf("%s: label %v became %q", file, object["name"], l.Name)
		}
	case has("login", "id", "avatar_url"):
		var a account
		decode("account", &a)
		if id, ok := object["id"].(float64); ok && a.ID != int64(id) || a.Login != object["login"] {
			t.Errorf("%s: account %v became %+v", file, object["login"], a)
		}
	case has("full_name", "private", "owner"):
		var r repository
		decode("repository", &r)
		if r.Private == nil || *r.Private != object["private"] || r.FullName != object["full_name"] {
			t.Errorf("%s: repository %v became %+v", file, object["full_name"], r)
		}
	case has("events", "config", "active"):
		var h wireHook
		decode("hook", &h)
	}
}

func decodeIssue(t *testing.T, tracker *Tracker, file string, raw []byte, object map[string]any, seen map[string]int) {
	t.Helper()
	var i issue
	if err := json.Unmarshal(raw, &i); err != nil {
		t.Errorf("%s: issue %v: %v", file, object["number"], err)
		return
	}
	if i.pull() {
		seen["pull"]++
		return
	}
	if _, old := object["node_id"]; !old {
		seen["issue without an id"]++
		if i.complete() == nil {
			t.Errorf("%s: issue %v has no node id and is taken", file, object["number"])
		}
		i.NodeID = "I_old" // recorded before node ids; everything else counts
	}
	if err := i.complete(); err != nil {
		t.Errorf("%s: issue %v: %v", file, object["number"], err)
		return
	}
	seen["issue"]++
	s := tracker.snapshot(i, "1", time.Time{}, time.Time{})
	title, _ := object["title"].(string)
	if got := s.Fields[domain.FieldTitle]; got.Raw != title || got.Value != domain.NormalTitle(title) {
		t.Errorf("%s: title %q became %+v", file, title, got)
	}
	body, _ := object["body"].(string)
	if got := s.Fields[domain.FieldDescription]; strings.TrimSpace(got.Raw) != strings.TrimSpace(domain.NormalText(body)) {
		t.Errorf("%s: body %q became %q", file, body, got.Raw)
	}
	for f, v := range s.Fields { // nothing that was read is written back differently
		if put := tracker.Put(f, v.Value, s); v.State == domain.FieldFine && put != v {
			t.Errorf("%s: %s %+v would be written as %+v", file, f, v, put)
		}
	}
}

func plainTracker(t testing.TB) *Tracker {
	t.Helper()
	tracker, err := New(Config{
		Tracker: domain.Tracker{ID: "a", BaseURL: "https://api.github.com", Repository: "acme/platform"}, Secrets: domain.Secrets{Credential: "token"},
		Transport: unreachable{}, Now: func() time.Time { return time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return tracker
}
