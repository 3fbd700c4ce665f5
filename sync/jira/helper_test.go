package jira_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/jira"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

const (
	measureID  = "01JA0000000000000000000001"
	measureURL = "https://followthrough.example/measures/M-7"
)

// draft is a measure with a value in every field.
func draft(nonce string) domain.Draft {
	return domain.Draft{
		MeasureID: measureID, MeasureURL: measureURL, Nonce: nonce,
		IncidentURL: "https://followthrough.example/incidents/INC-3", IncidentTitle: "Replica lag went unnoticed",
		Values: map[domain.Field]string{
			domain.FieldTitle: "Alert on replica lag", domain.FieldDescription: "Page the owner.\n\n- both regions", domain.FieldStatus: "open",
			domain.FieldPriority: "P1", domain.FieldOwner: "p_ana", domain.FieldDueOn: "2026-03-31",
			domain.FieldMetric: "pages per week; target at_most 2", domain.FieldIncident: "INC-3",
		},
	}
}

// made creates the draft and reads it back.
func (s *site) made(t testing.TB, tracker *jira.Tracker) domain.Snapshot {
	t.Helper()
	created, err := tracker.Create(t.Context(), draft("nonce1"))
	must(t, err)
	s.Wait(t)
	return s.read(t, tracker, created.Ref)
}

func (s *site) read(t testing.TB, tracker *jira.Tracker, ref domain.RemoteRef) domain.Snapshot {
	t.Helper()
	got, err := tracker.Fetch(t.Context(), ref)
	must(t, err)
	return got
}

// write is a push of some values on a snapshot.
func write(on domain.Snapshot, values map[domain.Field]string) domain.Push {
	p := domain.Push{Draft: draft(""), On: on}
	for f, v := range on.Fields {
		p.Values[f] = v.Value
	}
	for _, f := range domain.SyncedFields() {
		if v, ok := values[f]; ok {
			p.Values[f] = v
			p.Fields = append(p.Fields, f)
		}
	}
	return p
}

// pushed writes values and fails the test on an error.
func pushed(t testing.TB, tracker *jira.Tracker, on domain.Snapshot, values map[domain.Field]string) domain.Pushed {
	t.Helper()
	got, err := tracker.Push(t.Context(), write(on, values))
	must(t, err)
	return got
}

// exchange is one request as it left and its answer.
type exchange struct {
	method, path, query, body string
	header                    http.Header
	status                    int
}

// json reads the body of the request.
func (x exchange) json(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(x.body), &v); err != nil {
		t.Fatalf("%s %s has the body %q: %v", x.method, x.path, x.body, err)
	}
	return v
}

// spy notes the requests that pass.
type spy struct {
	next http.RoundTripper
	mu   sync.Mutex
	sent []exchange
}

// RoundTrip implements http.RoundTripper.
func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchange{method: r.Method, path: r.URL.Path, query: r.URL.RawQuery, header: r.Header.Clone()}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		x.body = string(body)
		r.Body = io.NopCloser(strings.NewReader(x.body))
	}
	resp, err := s.next.RoundTrip(r)
	if err == nil {
		x.status = resp.StatusCode
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, x)
	return resp, err
}

// watch puts a spy into a site.
func (s *site) watch() *spy {
	w := &spy{next: s.transport}
	s.transport = w
	return w
}

// take returns what passed since the last call.
func (s *spy) take() []exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.sent
	s.sent = nil
	return out
}

// lines are the requests as METHOD path, ids left out.
func lines(xs []exchange) []string {
	out := []string{}
	for _, x := range xs {
		_, path, _ := strings.Cut(x.path, "/rest/")
		parts := strings.Split("/rest/"+path, "/")
		for i, p := range parts {
			if p != "" && p != "2" && strings.Trim(p, "0123456789") == "" {
				parts[i] = "{id}"
			}
		}
		out = append(out, x.method+" "+strings.TrimPrefix(strings.Join(parts, "/"), "/rest/api/2"))
	}
	return out
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer is a canned response.
func answer(r *http.Request, status int, header http.Header, body string) *http.Response {
	if header == nil {
		header = http.Header{"Content-Type": {"application/json"}}
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r, ContentLength: -1}
}

// canned is a tracker whose every request gets the same answer.
func canned(t testing.TB, f fixture, status int, header http.Header, body string) *jira.Tracker {
	t.Helper()
	s := newSite(t, f)
	s.transport = roundTrip(func(r *http.Request) (*http.Response, error) { return answer(r, status, header, body), nil })
	return s.adapter(t)
}

// flavors are the two products.
func flavors() map[string]fixture {
	return map[string]fixture{"cloud": cloud(), "data center": dataCenter()}
}

// each runs a test on both products.
func each(t *testing.T, f func(t *testing.T, s *site)) {
	for name, x := range flavors() {
		t.Run(name, func(t *testing.T) { f(t, newSite(t, x)) })
	}
}

// ruleFor strikes the next request of a route.
func ruleFor(method, path string, do jirasim.Effect) jirasim.Rule {
	return jirasim.Rule{Method: method, Path: path, Do: do}
}
