package jira

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/trackertest/contract"
)

func recording(t *testing.T, elem ...string) []byte {
	t.Helper()
	raw, err := os.ReadFile(contract.SharedFile(t, append([]string{"jira-rest"}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// plainTracker is a tracker that never asks.
func plainTracker(t *testing.T, flavor domain.Flavor, project string, transport http.RoundTripper) *Tracker {
	t.Helper()
	tracker, err := New(Config{Tracker: domain.Tracker{ID: "a", Kind: domain.Jira, Flavor: flavor, BaseURL: "https://jira.example", Project: project, Account: "a@b.example"},
		Secrets: domain.Secrets{Credential: "token"}, Transport: transport, Now: func() time.Time { return time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	return tracker
}

// TestRecordedIssues: issues as real servers answered them. The library's
// samples leave out what a server always sends; such a row is set aside with a
// reason and its identity, never misread.
func TestRecordedIssues(t *testing.T) {
	index := contract.SharedFile(t, "jira-rest", "go-jira", "index.json")
	files, err := filepath.Glob(filepath.Join(filepath.Dir(index), "test.IssueService_*.json"))
	if err != nil || len(files) < 8 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	read := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			ID     string            `json:"id"`
			Fields json.RawMessage   `json:"fields"`
			Issues []json.RawMessage `json:"issues"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			t.Fatal(err)
		}
		if page.Fields != nil {
			page.Issues = append(page.Issues, raw)
		}
		for _, issue := range page.Issues {
			tracker := plainTracker(t, domain.DataCenter, "EX", nowhere{t})
			read++
			s, broken := tracker.snapshot(issue, answer{})
			if broken != nil {
				if broken.Ref.ID == "" || broken.Reason == "" {
					t.Errorf("%s: set aside as %+v", filepath.Base(file), broken)
				}
				continue
			}
			for f, v := range s.Fields {
				if v.State == domain.FieldFailed {
					t.Errorf("%s: %s: %s", filepath.Base(file), f, v.Problem)
				}
			}
		}
	}
	if read < 5 {
		t.Errorf("only %d issues were read", read)
	}
}

// TestRecordedEmptyPage: a page that counts six issues and shows none is no end (T43).
func TestRecordedEmptyPage(t *testing.T) {
	body := recording(t, "go-jira", "test.IssueService_SearchPages_EmptyResult.json")
	tracker := plainTracker(t, domain.DataCenter, "EX", fixedAnswer{200, string(body)})
	_, err := tracker.Changed(t.Context(), domain.Cursor(`{"v":1,"project":"10000"}`), nil)
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// fixedAnswer gives every request the same answer.
type fixedAnswer struct {
	status int
	body   string
}

// RoundTrip implements http.RoundTripper.
func (f fixedAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: f.status, Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}}, Body: io.NopCloser(strings.NewReader(f.body)), Request: r}, nil
}

// TestRecordedTransitions: steps, fields and numeric category ids decode.
func TestRecordedTransitions(t *testing.T) {
	var page struct {
		Transitions []transition `json:"transitions"`
	}
	if err := decode(recording(t, "go-jira", "transitions.json"), &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Transitions) < 2 {
		t.Fatalf("%d transitions", len(page.Transitions))
	}
	for _, tr := range page.Transitions {
		if tr.ID == "" || tr.To.ID == "" || tr.To.Category.Key == "" || tr.Fields == nil {
			t.Errorf("transition %+v", tr)
		}
	}
}

// TestRecordedLists: the value lists a check reads, as real servers answer them.
func TestRecordedLists(t *testing.T) {
	var priorities, statuses []named
	for file, into := range map[string]*[]named{"all_priorities.json": &priorities, "all_statuses.json": &statuses} {
		if err := decode(recording(t, "go-jira", file), into); err != nil {
			t.Fatal(err)
		}
		for _, x := range *into {
			if x.ID == "" || x.Name == "" {
				t.Errorf("%s: %+v", file, x)
			}
		}
	}
	got := suggestPriorities(nil, priorities)
	for _, p := range domain.Priorities() {
		if got[p] == "" {
			t.Errorf("no suggestion for %s among %+v", p, priorities)
		}
	}
	if len(suggestStatuses(nil, statuses)) == 0 {
		t.Error("no suggestion of statuses")
	}
	var project projectRow
	if err := decode(recording(t, "go-jira", "project.json"), &project); err != nil || project.ID != "12310505" || project.Key != "ABDERA" {
		t.Errorf("project %+v, %v", project, err)
	}
	for _, file := range []string{"test.UserService_GetSelf.json", "test.UserService_Get_Success.json"} {
		var u userRow
		if err := decode(recording(t, "go-jira", file), &u); err != nil || u.account(false) != "fred" {
			t.Errorf("%s: %+v, %v", file, u, err)
		}
	}
	var users []userRow
	if err := decode(recording(t, "go-jira", "test.UserService_Find_Success.json"), &users); err != nil || len(users) == 0 {
		t.Errorf("users %+v, %v", users, err)
	}
}

// TestRecordedCreateScreens: fields of create screens of Cloud and Server.
func TestRecordedCreateScreens(t *testing.T) {
	for _, file := range []string{"cloud-get-create-issue-metadata-for-project.json", "cloud-get-create-issue-metadata-for-project-many-fields.json",
		"server-get-create-issue-metadata-for-project.json", "server-get-create-issue-metadata-for-project-many-fields.json"} {
		var meta struct {
			Types    []typeRow `json:"issue_types_with_statuses"`
			Projects []struct {
				Types []struct {
					Fields map[string]fieldRow `json:"fields"`
				} `json:"issuetypes"`
			} `json:"projects"`
		}
		if err := decode(recording(t, "mattermost", file), &meta); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(meta.Types) == 0 || len(meta.Projects) == 0 || len(meta.Projects[0].Types) == 0 {
			t.Fatalf("%s: nothing in it", file)
		}
		for _, typ := range meta.Types {
			if typ.ID == "" || len(typ.Statuses) == 0 {
				t.Errorf("%s: %+v", file, typ)
			}
		}
		fields := 0
		for _, typ := range meta.Projects[0].Types {
			s := survey{Create: typ.Fields}
			s.narrowPriorities()
			if _, ok := typ.Fields["priority"]; ok && len(s.Priorities) == 0 {
				t.Errorf("%s: the priorities of the screen were not read", file)
			}
			for id, f := range typ.Fields {
				fields++
				if f.Name == "" || f.Schema.Type == "" || strings.HasPrefix(id, "customfield_") && f.kind() == "" {
					t.Errorf("%s: field %s is %+v", file, id, f)
				}
			}
		}
		if fields < 5 {
			t.Errorf("%s: %d fields", file, fields)
		}
	}
}

// TestObservedErrors: refusals as they were quoted from real sites.
func TestObservedErrors(t *testing.T) {
	var list []struct {
		Status  int               `json:"status"`
		Kind    string            `json:"kind"`
		Body    json.RawMessage   `json:"body"`
		Headers map[string]string `json:"headers"`
	}
	if err := json.Unmarshal(recording(t, "observed-errors.json"), &list); err != nil {
		t.Fatal(err)
	}
	tracker := plainTracker(t, domain.Cloud, "EX", nowhere{t})
	seen := map[int]int{}
	for _, x := range list {
		if x.Status == 0 {
			continue
		}
		a := answer{status: x.Status, body: x.Body, header: http.Header{}}
		for k, v := range x.Headers {
			a.header.Set(k, v)
		}
		r := request{method: http.MethodPost, path: "rest/api/2/issue", class: domain.CallWrite}
		err := tracker.client.classify(r, a)
		var e *domain.Error
		if !errors.As(err, &e) || e.Message == "" {
			t.Fatalf("%s: %v", x.Kind, err)
		}
		want := map[int]domain.Kind{400: domain.ErrInvalid, 410: domain.ErrForbidden, 429: domain.ErrLimited}[x.Status]
		if e.Kind != want {
			t.Errorf("%s: kind %s, want %s", x.Kind, e.Kind, want)
		}
		if x.Status == 429 && !e.RetryAt.After(tracker.now()) {
			t.Errorf("%s: no time to wait", x.Kind)
		}
		if _, said := statusOf(err); x.Status == 400 && len(said.Fields) != 3 {
			t.Errorf("%s: fields %v", x.Kind, said.Fields)
		}
		seen[x.Status]++
	}
	if seen[400]+seen[410]+seen[429] < 4 {
		t.Errorf("seen %v", seen)
	}
}
