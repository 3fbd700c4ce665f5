package jira_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/jira"
	"github.com/followthrough/followthrough/sync/trackertest"
	"github.com/followthrough/followthrough/sync/trackertest/contract"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

var _ tracksync.Tracker = (*jira.Tracker)(nil)

// clock is the time of a test, ours and Jira's.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// site is a simulated Jira with one configured project.
type site struct {
	*jirasim.Server
	options                   jirasim.Options
	clock                     *clock
	ana, ben, cleo, sync      jirasim.User
	token                     string
	metric                    string // the custom field, when there is one
	cancelled                 string // the status that means cancelled
	transport                 http.RoundTripper
	config                    func(*jira.Config)
	faulty                    atomic.Bool
	checked                   *checker
	place                     string
	copyProperties, plainJira bool
	warm                      func(*jira.Tracker)
}

// fixture alters a site before its first request.
type fixture struct {
	options func(*jirasim.Options)
	// noMetric leaves the success metric without a field of its own.
	noMetric bool
	after    func(*site)
}

func cloud() fixture { return fixture{} }

func dataCenter() fixture {
	return fixture{options: func(o *jirasim.Options) { o.Flavor, o.Version = jirasim.DataCenter, "9.12.4" }}
}

// workflow has a step from everywhere to everywhere, and a status that means cancelled.
func workflow(cancelled string) jirasim.Workflow {
	return jirasim.Workflow{Initial: "10000", Steps: []jirasim.Step{
		{ID: "11", Name: "To Do", To: "10000"},
		{ID: "21", Name: "In Progress", To: "3"},
		{ID: "31", Name: "Done", To: "10001", Sets: "Done"},
		{ID: "41", Name: "Cancel", To: cancelled, Sets: "Won't Do"},
	}}
}

func newSite(t testing.TB, f fixture) *site {
	t.Helper()
	c := newClock()
	s := &site{clock: c, options: jirasim.Options{Now: c.now, Seed: 7}, config: func(*jira.Config) {}}
	if f.options != nil {
		f.options(&s.options)
	}
	s.Server = jirasim.New(s.options)
	s.ana = s.AddUser(jirasim.User{DisplayName: "Ana Diaz"})
	s.ben = s.AddUser(jirasim.User{DisplayName: "Ben Okri"})
	s.cleo = s.AddUser(jirasim.User{DisplayName: "Cleo", Name: "cleo", TimeZone: "America/New_York"})
	s.sync = s.AddUser(jirasim.User{DisplayName: "Sync Account", TimeZone: "Asia/Kolkata"})
	s.place = s.AddProject("OPS", "Operations")
	s.AddProject("OTHER", "Elsewhere")
	s.cancelled = s.AddStatus("Cancelled", jirasim.CategoryDone)
	s.SetWorkflow("OPS", "", workflow(s.cancelled))
	if !f.noMetric {
		s.metric = s.AddField("Success metric", jirasim.Paragraph)
	}
	s.token = s.AddToken(s.sync.Email, "secret-api-token", time.Time{})
	s.transport = s.contracted(t)
	if f.after != nil {
		f.after(s)
	}
	return s
}

func (s *site) cloud() bool { return s.options.Flavor == jirasim.Cloud }

// account is what the flavor calls a person.
func (s *site) account(u jirasim.User) string {
	if s.cloud() {
		return u.AccountID
	}
	return u.Name
}

func (s *site) settings() jira.Config {
	flavor := domain.DataCenter
	if s.cloud() {
		flavor = domain.Cloud
	}
	cfg := jira.Config{
		Tracker: domain.Tracker{ID: "acme-ops", Kind: domain.Jira, Flavor: flavor, BaseURL: s.BaseURL(), Project: "OPS", Account: s.sync.Email,
			Mapping: domain.Mapping{IssueType: "Task", ExtraLabels: []string{"followthrough"}, MetricField: s.metric, Statuses: map[domain.Projection][]string{
				domain.ProjectionOpen: {"10000"}, domain.ProjectionInProgress: {"3"}, domain.ProjectionDone: {"10001"}, domain.ProjectionCancelled: {s.cancelled}}}},
		Secrets: domain.Secrets{Credential: s.token, WebhookSecrets: []string{strings.Repeat("k", 40)}},
		Identities: []domain.Identity{
			{Tracker: "acme-ops", Person: "p_ana", Account: s.account(s.ana), Login: s.ana.Name},
			{Tracker: "acme-ops", Person: "p_ben", Account: s.account(s.ben), Login: s.ben.Name},
		},
		Transport: s.transport, Now: s.clock.now,
	}
	s.config(&cfg)
	return cfg
}

func (s *site) adapter(t testing.TB) *jira.Tracker {
	t.Helper()
	tracker, err := jira.New(s.settings())
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return tracker
}

func (s *site) Tracker(t testing.TB) tracksync.Tracker {
	t.Helper()
	tracker := s.adapter(t)
	if s.warm != nil {
		s.warm(tracker)
	}
	return tracker
}

func (s *site) People() (domain.PersonID, domain.PersonID, string) {
	return "p_ana", "p_ben", map[bool]string{true: "Cleo", false: "cleo"}[s.cloud()]
}

func (s *site) Requests() int { return len(s.Server.Requests()) }

func (s *site) Wait(testing.TB) {
	s.clock.add(3*time.Second + s.options.IndexLag + s.options.IndexJitter)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) ref(x jirasim.Issue) domain.RemoteRef {
	return domain.RemoteRef{ID: x.ID, Key: x.Key, Place: s.place, URL: s.BaseURL() + "/browse/" + x.Key}
}

func (s *site) state(t testing.TB, ref domain.RemoteRef) jirasim.Issue {
	t.Helper()
	x, ok := s.Issue(ref.ID)
	if !ok {
		t.Fatalf("there is no issue %s", ref.ID)
	}
	return x
}

func (s *site) Open(t testing.TB, title, text string) domain.RemoteRef {
	t.Helper()
	x, err := s.CreateIssue(s.cleo.Email, "OPS", "Task", jirasim.Values{"summary": title, "description": text})
	must(t, err)
	return s.ref(x)
}

func (s *site) Edit(t testing.TB, ref domain.RemoteRef, values map[domain.Field]string) {
	t.Helper()
	for _, f := range domain.SyncedFields() {
		if v, ok := values[f]; ok {
			s.edit(t, ref, f, v)
		}
	}
}

// spelled is the wiki form of the Markdown the suite uses.
func spelled(markdown string) string {
	return strings.NewReplacer("`code`", "{{code}}", "**bold**", "*bold*").Replace(markdown)
}

func (s *site) edit(t testing.TB, ref domain.RemoteRef, f domain.Field, v string) {
	t.Helper()
	set := func(field string, value any) {
		t.Helper()
		must(t, s.EditIssue(s.cleo.Email, ref.ID, jirasim.Values{field: value}))
	}
	switch f {
	case domain.FieldTitle:
		set("summary", v)
	case domain.FieldDescription:
		_, block := cut(s.state(t, ref).Description)
		set("description", strings.TrimSpace(spelled(v)+"\n\n"+block))
	case domain.FieldPriority:
		set("priority", map[string]string{"P0": "Highest", "P1": "High", "P2": "Medium", "P3": "Low", "P4": "Lowest"}[v])
	case domain.FieldStatus:
		goal := map[string]string{"open": "10000", "in_progress": "3", "done": "10001", "cancelled": s.cancelled}[v]
		must(t, s.TransitionIssue(s.cleo.Email, ref.ID, goal, ""))
	case domain.FieldOwner:
		who := map[string]string{"p_ana": s.ana.Email, "p_ben": s.ben.Email}[v]
		if strings.HasPrefix(v, domain.ExternalPrefix) {
			who = s.cleo.Email
		}
		set("assignee", who)
	case domain.FieldDueOn:
		if s.plainJira {
			s.typeLine(t, ref, "Due", v)
			return
		}
		set("duedate", v)
	case domain.FieldMetric:
		if s.metric == "" || s.plainJira {
			s.typeLine(t, ref, "Success metric", v)
			return
		}
		set(s.metric, v)
	case domain.FieldIncident:
		t.Fatalf("nobody edits %s", f)
	}
}

var blockStart = regexp.MustCompile(`(?m)^----\r?\n\*Tracked measure\*`)

// cut separates what people wrote from the block, as Jira stores them.
func cut(description string) (text, block string) {
	at := blockStart.FindStringIndex(description)
	if at == nil {
		return description, ""
	}
	return description[:at[0]], description[at[0]:]
}

// typeLine is a person typing over a line of the block.
func (s *site) typeLine(t testing.TB, ref domain.RemoteRef, name, value string) {
	t.Helper()
	text := s.state(t, ref).Description
	line := regexp.MustCompile(`(?m)^(\* \*` + name + `:\*).*?(\r?)$`)
	if !line.MatchString(text) {
		t.Fatalf("the block has no line %q:\n%s", name, text)
	}
	value = strings.ReplaceAll(value, "$", "$$")
	must(t, s.EditIssue(s.cleo.Email, ref.ID, jirasim.Values{"description": line.ReplaceAllString(text, "$1 "+value+"$2")}))
}

func (s *site) Append(t testing.TB, ref domain.RemoteRef, line string) {
	t.Helper()
	text, block := cut(s.state(t, ref).Description)
	must(t, s.EditIssue(s.cleo.Email, ref.ID, jirasim.Values{"description": strings.TrimRight(text, "\r\n") + "\n\n" + line + "\n\n" + block}))
}

func (s *site) Text(t testing.TB, ref domain.RemoteRef) string {
	t.Helper()
	text, _ := cut(s.state(t, ref).Description)
	return text
}

func (s *site) Label(t testing.TB, ref domain.RemoteRef, name string) {
	t.Helper()
	must(t, s.EditIssue(s.cleo.Email, ref.ID, jirasim.Values{"labels": append(s.state(t, ref).Labels, name)}))
}

func (s *site) Labels(t testing.TB, ref domain.RemoteRef) []string {
	t.Helper()
	return s.state(t, ref).Labels
}

func (s *site) Delete(t testing.TB, ref domain.RemoteRef) {
	t.Helper()
	s.DeleteIssue(s.cleo.Email, ref.ID)
}

func (s *site) Move(t testing.TB, ref domain.RemoteRef) {
	t.Helper()
	s.MoveIssue(s.cleo.Email, ref.ID, "OTHER")
}

func (s *site) Copy(t testing.TB, ref domain.RemoteRef) domain.RemoteRef {
	t.Helper()
	return s.ref(s.CloneIssue(s.cleo.Email, ref.ID, s.copyProperties))
}

func (s *site) Issues(t testing.TB, nonce string) []domain.RemoteRef {
	t.Helper()
	var out []domain.RemoteRef
	for _, x := range s.Oracle() {
		carries := strings.Contains(x.Description, "-"+nonce+"}")
		for _, p := range x.Properties {
			carries = carries || strings.Contains(string(p), `"`+nonce+`"`)
		}
		if carries && !x.Deleted {
			out = append(out, s.ref(x))
		}
	}
	return out
}

func (s *site) Foreign() []string {
	base := s.BaseURL()
	return []string{"OTHER-1", base + "/browse/OTHER-1", "https://evil.example/browse/OPS-1", strings.Replace(base, "https://", "http://", 1) + "/browse/OPS-1",
		strings.Replace(base, "https://", "https://user@", 1) + "/browse/OPS-1", strings.Replace(base, "https://", "https://evil.", 1) + "/browse/OPS-1",
		base + "/browse/OPS-1/../../rest/api/2/myself", base + "/browse/", base + "/rest/api/2/issue/OPS-1", "OPS-", "OPS-1x", "ops-1", "OPS-1?x=y", "OPS-1/../../myself",
		"", "42", "OPS-99999999999", "javascript:alert(1)", base + ".evil.example/browse/OPS-1", base + ":8443/browse/OPS-1"}
}

func (s *site) Fail(t testing.TB, class domain.CallClass, fault trackertest.Fault) {
	t.Helper()
	limited := jirasim.TooManyRequests(jirasim.ReasonBurst, 90*time.Second)
	if !s.cloud() {
		limited = jirasim.TooManyRequestsDC(90 * time.Second)
	}
	effect, ok := map[trackertest.Fault]jirasim.Effect{
		trackertest.Refused: jirasim.Fail(401, "Client must be authenticated to access this resource."), trackertest.Limited: limited,
		trackertest.Down: jirasim.ServerError(502, false), trackertest.DownAfter: jirasim.ServerError(503, true),
		trackertest.Lost: jirasim.Reset(true), trackertest.Empty: jirasim.EmptyBody(), trackertest.Page: jirasim.HTMLBody(true),
		trackertest.Hidden:    jirasim.Fail(404, "Issue does not exist or you do not have permission to see it."),
		trackertest.Forbidden: jirasim.Fail(403, "You do not have permission to edit issues in this project."),
	}[fault]
	if !ok {
		t.Fatalf("there is no fault %q", fault)
	}
	r := jirasim.Rule{Do: effect}
	switch class {
	case domain.CallCreate:
		r.Method, r.Path = "POST", "/rest/api/2/issue"
	case domain.CallWrite:
		r.Method, r.Path = "PUT", "/rest/api/2/issue/*"
	case domain.CallRead, domain.CallProbe:
	}
	s.Fault(r)
}

// Fault arms a fault; from then on answers need not be Jira's.
func (s *site) Fault(r jirasim.Rule) {
	s.faulty.Store(true)
	s.Server.Fault(r)
}

// wantKind fails the test unless the error is of the kind.
func wantKind(t testing.TB, err error, want domain.Kind) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != want {
		t.Fatalf("error %v (kind %q), want kind %q", err, domain.KindOf(err), want)
	}
}

// wantCode fails the test unless the error is of the kind and has the code.
func wantCode(t testing.TB, err error, want domain.Kind, code string) {
	t.Helper()
	wantKind(t, err, want)
	var e *domain.Error
	if errors.As(err, &e); e.Code != code {
		t.Fatalf("error %v has code %q, want %q", err, e.Code, code)
	}
}

// contracted holds the exchanges with a Cloud to the published description,
// where that is at hand. There is no description of Data Center.
func (s *site) contracted(t testing.TB) http.RoundTripper {
	t.Helper()
	root := os.Getenv("FOLLOWTHROUGH_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	file := filepath.Join(root, "data", "contracts", "jira", "jira-cloud-platform.v2.2025-11.issues.openapi.json.gz")
	if _, err := os.Stat(file); err != nil && os.Getenv("FOLLOWTHROUGH_REQUIRE_SHARED") == "1" {
		t.Fatalf("shared data is required but %v", err)
	} else if err != nil || !s.cloud() {
		return s.Transport()
	}
	s.checked = &checker{t: t, d: description(t, file), base: s.Transport(), faulty: &s.faulty}
	return s.checked
}

var descriptions sync.Map

// description loads a description once for all tests.
func description(t testing.TB, file string) *contract.Description {
	t.Helper()
	once, _ := descriptions.LoadOrStore(file, sync.OnceValues(func() (*contract.Description, error) { return contract.Load(file) }))
	d, err := once.(func() (*contract.Description, error))()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// checker holds each exchange against the description, after bringing it into
// the form the description has in mind where recorded answers are known to
// differ from it: members are null although nothing is described as nullable,
// time zones have no colon, and empty answers are said to carry JSON.
type checker struct {
	t      testing.TB
	d      *contract.Description
	base   http.RoundTripper
	faulty *atomic.Bool
	n      atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (c *checker) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.faulty.Load() {
		return c.base.RoundTrip(r)
	}
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := c.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(got))
	c.n.Add(1)
	h, seen := resp.Header.Clone(), tidy(c.t, got)
	if len(got) == 0 {
		h.Set("Content-Type", "application/json")
		seen = []byte("{}")
	}
	asked := r.Clone(r.Context())
	asked.GetBody = nil // or the untidied body would be checked
	x := contract.Exchange{Request: asked, RequestBody: tidy(c.t, sent), Status: resp.StatusCode, Header: h, ResponseBody: seen}
	o := contract.Options{AllowStatus: []int{400, 401, 403, 404, 410},
		Undocumented: func(r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/rest/webhooks/") || strings.Contains(r.URL.Path, "/oauth/")
		}}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/ex/jira/"); ok {
		cloudID, _, _ := strings.Cut(rest, "/")
		o.BasePath = "/ex/jira/" + cloudID
	}
	for _, violation := range c.d.Check(x, o) {
		c.t.Errorf("contract: %v\nrequest: %s\nanswer: %.1500s", violation, sent, got)
	}
	return resp, nil
}

func tidy(t testing.TB, body []byte) []byte {
	var v any
	if len(body) == 0 || json.Unmarshal(body, &v) != nil {
		return body
	}
	out, err := json.Marshal(clean(v))
	if err != nil {
		t.Fatal(err)
	}
	return zone.ReplaceAll(out, []byte("$1$2:$3"))
}

var zone = regexp.MustCompile(`(T\d\d:\d\d:\d\d\.\d{3})([+-]\d\d)(\d\d)`)

func clean(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x == nil || slices.Contains([]string{"fromString", "toString"}, k) { // lost in this copy of the description
				delete(v, k)
				continue
			}
			v[k] = clean(x)
		}
	case []any:
		for i := range v {
			v[i] = clean(v[i])
		}
	}
	return v
}
