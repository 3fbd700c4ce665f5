package contract_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/sync/trackertest/contract"
)

// spy records failures instead of failing the test it wraps.
type spy struct {
	testing.TB
	failures []string
}

func (s *spy) Errorf(format string, args ...any) {
	s.failures = append(s.failures, fmt.Sprintf(format, args...))
}

type canned struct {
	status int
	body   string
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: c.status,
		Header:     http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		Body:       io.NopCloser(strings.NewReader(c.body)),
		Request:    r,
	}, nil
}

const label = `{"id":1,"node_id":"x","url":"https://h/labels/a","name":"a","description":null,"color":"ededed","default":false}`

func TestTransportReportsViolations(t *testing.T) {
	d := contract.LoadShared(t, "contracts", "github", "api.github.com.issues.openapi.json.gz")
	for name, tc := range map[string]struct {
		method, path, body string
		answer             canned
		options            contract.Options
		want               string
	}{
		"good answer":             {"POST", "/repos/o/r/labels", `{"name":"a"}`, canned{201, label}, contract.Options{}, ""},
		"escaped segment":         {"GET", "/repos/o/r/labels/a%2Fb", "", canned{200, label}, contract.Options{}, ""},
		"base path":               {"GET", "/api/v3/repos/o/r/labels/a", "", canned{200, label}, contract.Options{BasePath: "/api/v3/"}, ""},
		"member of a wrong type":  {"GET", "/repos/o/r/labels/a", "", canned{200, strings.Replace(label, `"id":1`, `"id":"1"`, 1)}, contract.Options{}, "value must be an integer"},
		"member missing":          {"GET", "/repos/o/r/labels/a", "", canned{200, strings.Replace(label, `"default":false`, `"x":0`, 1)}, contract.Options{}, `"default" is missing`},
		"request without a name":  {"POST", "/repos/o/r/labels", `{"color":"ffffff"}`, canned{201, label}, contract.Options{}, `"name" is missing`},
		"unchecked request":       {"POST", "/repos/o/r/labels", `{"color":"ffffff"}`, canned{201, label}, contract.Options{SkipRequests: true}, ""},
		"status never announced":  {"GET", "/repos/o/r/labels/a", "", canned{429, `{}`}, contract.Options{}, "status is not supported"},
		"status allowed by hand":  {"GET", "/repos/o/r/labels/a", "", canned{429, `{}`}, contract.Options{AllowStatus: []int{429}}, ""},
		"path never announced":    {"GET", "/repos/o/r/nothing", "", canned{200, `{}`}, contract.Options{}, "has no GET /repos/o/r/nothing"},
		"exempted by hand":        {"GET", "/repos/o/r/labels/a", "", canned{200, `{}`}, contract.Options{Exempt: func(*http.Request) bool { return true }}, ""},
		"alias that is rewritten": {"GET", "/repositories/7/labels/a", "", canned{200, label}, contract.Options{Rewrite: alias}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &spy{TB: t}
			c := contract.NewTransport(s, d, tc.answer, tc.options)
			r, err := http.NewRequestWithContext(t.Context(), tc.method, "https://any.example"+tc.path, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			resp, err := c.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != tc.answer.body {
				t.Errorf("the answer was not handed on unchanged: %q, %v", body, err)
			}
			got := strings.Join(s.failures, "\n")
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("violations:\n%s\nwant one about %q", got, tc.want)
			}
			if c.Checked() != 1 {
				t.Errorf("checked %d exchanges, want 1", c.Checked())
			}
		})
	}
}

func alias(path string) string { return strings.Replace(path, "/repositories/7/", "/repos/o/r/", 1) }

func TestSchemasCheckOneDefinition(t *testing.T) {
	s, err := contract.LoadSchemas(contract.SharedFile(t, "contracts", "github", "webhooks.issue-events.jsonschema.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := os.ReadFile(contract.SharedFile(t, "github-webhooks", "label", "label.edited.api.github.com.05.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check("label$edited", payload); err != nil {
		t.Errorf("a recorded payload was refused: %v", err)
	}
	if err := s.Check("label$created", payload); err == nil {
		t.Error("an edited payload was accepted as a created one")
	}
}

func TestShapes(t *testing.T) {
	recorded := []byte(`{"a":1,"b":{"c":"x","d":null},"e":[{"f":true}],"g":"h"}`)
	ours := []byte(`{"a":"1","b":{"c":2,"d":{}},"e":[{"f":1},{}]}`)
	types, err := contract.SameTypes(recorded, ours)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"$.a is number when recorded and string in ours",
		"$.b.c is string when recorded and number in ours",
		"$.e[0].f is boolean when recorded and number in ours",
	}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Error(diff)
	}
	gone, err := contract.Missing(recorded, ours)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"$.g"}, gone); diff != "" {
		t.Error(diff)
	}
}
