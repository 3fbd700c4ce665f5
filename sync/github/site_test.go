package github_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest"
	"github.com/followthrough/followthrough/sync/trackertest/contract"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

var _ tracksync.Tracker = (*github.Tracker)(nil)

const repo = "acme/platform"

// clock is the time of a test, ours and GitHub's.
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

// site is a simulated GitHub with one configured repository.
type site struct {
	*githubsim.Server
	clock     *clock
	token     string
	transport http.RoundTripper
	sent      *recorder
	config    func(*github.Config)
	ids       map[string]string
	faulty    atomic.Bool
}

// newSite makes a site; change may alter the simulator before it starts.
func newSite(t testing.TB, change ...func(*githubsim.Options)) *site {
	t.Helper()
	c := newClock()
	o := githubsim.Options{Now: c.now, Seed: 7}
	for _, f := range change {
		f(&o)
	}
	s := &site{Server: githubsim.New(o), clock: c, ids: map[string]string{}, config: func(*github.Config) {}}
	s.AddOrg("acme")
	s.AddRepo(repo, githubsim.RepoOptions{Private: true})
	s.AddRepo("other/private", githubsim.RepoOptions{Private: true})
	for _, login := range []string{"ana", "ben", "cleo", "sync-user"} {
		s.ids[login] = strconv.FormatInt(s.AddUser(login), 10)
		s.Grant(repo, login, githubsim.RoleWrite)
		s.Grant("other/private", login, githubsim.RoleWrite)
	}
	s.AddUser("admin")
	s.Grant(repo, "admin", githubsim.RoleAdmin)
	s.token = s.Token("sync-user", githubsim.TokenOptions{Repos: []string{repo}})
	s.sent = &recorder{next: checked(t, s.Server, o.Enterprise, &s.faulty)}
	s.transport = s.sent
	return s
}

// sent is one request as it left us.
type sent struct {
	Method, Path string
	Query        url.Values
	Header       http.Header
	Body         string
}

// recorder keeps what was sent.
type recorder struct {
	next http.RoundTripper
	mu   sync.Mutex
	all  []sent
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body := []byte{}
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	r.mu.Lock()
	r.all = append(r.all, sent{req.Method, req.URL.EscapedPath(), req.URL.Query(), req.Header.Clone(), string(body)})
	r.mu.Unlock()
	return r.next.RoundTrip(req)
}

// take returns what was sent since the last call.
func (r *recorder) take() []sent {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.all
	r.all = nil
	return all
}

// methods names requests briefly: "PATCH issues/1".
func methods(all []sent) []string {
	out := []string{}
	for _, s := range all {
		path := regexp.MustCompile(`^/(api/v3/)?(repos/[^/]+/[^/]+|repositories/\d+)/?`).ReplaceAllString(s.Path, "")
		out = append(out, strings.TrimSpace(s.Method+" "+path))
	}
	return out
}

// checked wraps the simulator's transport with the published description where
// that is at hand.
func checked(t testing.TB, s *githubsim.Server, enterprise string, faulty *atomic.Bool) http.RoundTripper {
	root := os.Getenv("FOLLOWTHROUGH_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	name := "api.github.com"
	if enterprise != "" {
		name = "ghes-" + strings.TrimSuffix(enterprise, ".0")
	}
	file := filepath.Join(root, "data", "contracts", "github", name+".issues.openapi.json.gz")
	if _, err := os.Stat(file); err != nil {
		if os.Getenv("FOLLOWTHROUGH_REQUIRE_SHARED") == "1" {
			t.Fatalf("shared data is required but %v", err)
		}
		return s.Transport()
	}
	o := contract.Options{
		AllowStatus: []int{301, 302, 307, 410, 400, 401, 403, 404, 422, 429, 500, 502, 503},
		Rewrite: func(path string) string {
			if rest, found := strings.CutPrefix(path, "/repositories/"); found {
				_, tail, _ := strings.Cut(rest, "/")
				return strings.TrimSuffix("/repos/o/r/"+tail, "/")
			}
			if id, found := strings.CutPrefix(path, "/user/"); found {
				return "/users/" + id
			}
			return path
		},
	}
	if enterprise != "" {
		o.BasePath = "/api/v3"
	}
	return faultTolerant{plain: s.Transport(), faulty: faulty, checked: contract.NewTransport(t, description(t, file), s.Transport(), o)}
}

// faultTolerant checks exchanges as long as no fault was injected: a spoiled
// answer breaks the description on purpose.
type faultTolerant struct {
	faulty         *atomic.Bool
	plain, checked http.RoundTripper
}

func (f faultTolerant) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.faulty.Load() {
		return f.plain.RoundTrip(r)
	}
	return f.checked.RoundTrip(r)
}

// Inject adds faults; from then on answers need not be GitHub's.
func (s *site) Inject(rules ...githubsim.Rule) {
	s.faulty.Store(true)
	s.Server.Inject(rules...)
}

// once lets the next request with the method go wrong.
func (s *site) once(method string, e githubsim.Effect) {
	s.Inject(githubsim.Rule{Method: method, Nth: 1, Effect: e})
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

func (s *site) adapter(t testing.TB) *github.Tracker {
	t.Helper()
	cfg := github.Config{
		Tracker: domain.Tracker{ID: "acme-platform", Kind: domain.GitHub, Flavor: domain.DotCom, BaseURL: s.BaseURL(), Repository: repo,
			Mapping: domain.Mapping{ExtraLabels: []string{"followthrough"}}},
		Secrets: domain.Secrets{Credential: s.token},
		Identities: []domain.Identity{
			{Tracker: "acme-platform", Person: "p_ana", Account: s.ids["ana"], Login: "ana"},
			{Tracker: "acme-platform", Person: "p_ben", Account: s.ids["ben"]},
		},
		Transport: s.transport, Now: s.clock.now,
	}
	s.config(&cfg)
	tracker, err := github.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return tracker
}

func (s *site) Tracker(t testing.TB) tracksync.Tracker { return s.adapter(t) }

func (s *site) People() (domain.PersonID, domain.PersonID, string) { return "p_ana", "p_ben", "cleo" }

func (s *site) Requests() int { return len(s.Server.Requests()) }

func (s *site) Wait(testing.TB) { s.clock.add(3 * time.Second) }

// ref reads the true address of an issue.
func (s *site) ref(t testing.TB, number int) domain.RemoteRef {
	t.Helper()
	i, ok := s.Issue(repo, number)
	if !ok {
		t.Fatalf("there is no issue %d", number)
	}
	return domain.RemoteRef{ID: i.NodeID, Key: repo + "#" + strconv.Itoa(number), Number: number, Place: strconv.FormatInt(i.RepoID, 10)}
}

func (s *site) state(t testing.TB, ref domain.RemoteRef) githubsim.Issue {
	t.Helper()
	i, ok := s.Issue(repo, ref.Number)
	if !ok {
		t.Fatalf("there is no issue %d", ref.Number)
	}
	return i
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) Open(t testing.TB, title, text string) domain.RemoteRef {
	t.Helper()
	n, err := s.As("cleo").Create(repo, title, text)
	must(t, err)
	return s.ref(t, n)
}

func (s *site) Edit(t testing.TB, ref domain.RemoteRef, values map[domain.Field]string) {
	t.Helper()
	for _, f := range domain.SyncedFields() {
		if v, ok := values[f]; ok {
			s.edit(t, ref, f, v)
		}
	}
}

func (s *site) edit(t testing.TB, ref domain.RemoteRef, f domain.Field, v string) {
	t.Helper()
	who, i := s.As("cleo"), s.state(t, ref)
	switch f {
	case domain.FieldTitle:
		must(t, who.Retitle(repo, ref.Number, v))
	case domain.FieldDescription:
		_, block := cut(i.Body)
		must(t, who.Rewrite(repo, ref.Number, v+"\n\n"+block))
	case domain.FieldDueOn:
		s.typeLine(t, ref, "Due", v)
	case domain.FieldMetric:
		s.typeLine(t, ref, "Success metric", v)
	case domain.FieldPriority:
		s.relabel(t, ref, "priority: ", v)
	case domain.FieldStatus:
		s.setStatus(t, ref, domain.Projection(v))
	case domain.FieldOwner:
		login := map[string]string{"p_ana": "ana", "p_ben": "ben"}[v]
		if external, ok := strings.CutPrefix(v, domain.ExternalPrefix); ok {
			login = external
		}
		logins := []string{}
		if login != "" {
			logins = append(logins, login)
		}
		must(t, who.SetAssignees(repo, ref.Number, logins...))
	case domain.FieldIncident:
		t.Fatalf("nobody edits %s", f)
	}
}

// cut separates what people wrote from the block, as the tracker stores them.
func cut(body string) (text, block string) {
	at := strings.Index(body, "<!-- m:begin")
	if at < 0 {
		return body, ""
	}
	return body[:at], body[at:]
}

// typeLine is a person typing over a line of the block.
func (s *site) typeLine(t testing.TB, ref domain.RemoteRef, name, value string) {
	t.Helper()
	body := s.state(t, ref).Body
	line := regexp.MustCompile(`(?m)^(- \*\*` + name + `:\*\*).*?(\r?)$`)
	if !line.MatchString(body) {
		t.Fatalf("the block has no line %q:\n%s", name, body)
	}
	value = strings.ReplaceAll(value, "$", "$$")
	must(t, s.As("cleo").Rewrite(repo, ref.Number, line.ReplaceAllString(body, "$1 "+value+"$2")))
}

func (s *site) relabel(t testing.TB, ref domain.RemoteRef, prefix, value string) {
	t.Helper()
	labels := slices.DeleteFunc(s.state(t, ref).Labels, func(l string) bool { return strings.HasPrefix(l, prefix) })
	if value != "" {
		labels = append(labels, prefix+value)
	}
	must(t, s.As("cleo").SetLabels(repo, ref.Number, labels...))
}

func (s *site) setStatus(t testing.TB, ref domain.RemoteRef, want domain.Projection) {
	t.Helper()
	who := s.As("cleo")
	reason := map[domain.Projection]string{domain.ProjectionDone: "completed", domain.ProjectionCancelled: "not_planned"}[want]
	if reason != "" {
		must(t, who.Close(repo, ref.Number, reason))
		return
	}
	if s.state(t, ref).State == "closed" {
		must(t, who.Reopen(repo, ref.Number))
	}
	s.relabel(t, ref, "status: ", map[domain.Projection]string{domain.ProjectionInProgress: "in progress"}[want])
}

func (s *site) Append(t testing.TB, ref domain.RemoteRef, line string) {
	t.Helper()
	text, block := cut(s.state(t, ref).Body)
	must(t, s.As("cleo").Rewrite(repo, ref.Number, strings.TrimRight(text, "\r\n")+"\n"+line+"\n\n"+block))
}

func (s *site) Text(t testing.TB, ref domain.RemoteRef) string {
	t.Helper()
	text, _ := cut(s.state(t, ref).Body)
	return text
}

func (s *site) Label(t testing.TB, ref domain.RemoteRef, name string) {
	t.Helper()
	must(t, s.As("cleo").SetLabels(repo, ref.Number, append(s.state(t, ref).Labels, name)...))
}

func (s *site) Labels(t testing.TB, ref domain.RemoteRef) []string {
	t.Helper()
	return s.state(t, ref).Labels
}

func (s *site) Delete(t testing.TB, ref domain.RemoteRef) {
	t.Helper()
	must(t, s.As("cleo").Delete(repo, ref.Number))
}

func (s *site) Move(t testing.TB, ref domain.RemoteRef) {
	t.Helper()
	_, err := s.As("cleo").Transfer(repo, ref.Number, "other/private")
	must(t, err)
}

func (s *site) Copy(t testing.TB, ref domain.RemoteRef) domain.RemoteRef {
	t.Helper()
	i := s.state(t, ref)
	return s.Open(t, i.Title, i.Body)
}

func (s *site) Issues(t testing.TB, nonce string) []domain.RemoteRef {
	t.Helper()
	var out []domain.RemoteRef
	for _, i := range s.Oracle() {
		if strings.Contains(i.Body, " n="+nonce+" ") && !i.Deleted {
			out = append(out, domain.RemoteRef{ID: i.NodeID, Number: i.Number})
		}
	}
	return out
}

func (s *site) Foreign() []string {
	return []string{"other/private#1", "https://github.com/other/private/issues/1", "https://github.evil.example/acme/platform/issues/1",
		"https://user@github.com/acme/platform/issues/1", "http://github.com/acme/platform/issues/1", "https://github.com:8443/acme/platform/issues/1",
		"acme/platform#1/../../user", "acme/platform#0", "acme/platform#-1", "acme/platform", "https://github.com/acme/platform/pull/1",
		"https://github.com/acme/platform/issues/1/../../../../user", "https://github.com/acme%2Fplatform/x/issues/1", "", "acme/platform#99999999999", "javascript:alert(1)"}
}

func (s *site) Fail(t testing.TB, class domain.CallClass, fault trackertest.Fault) {
	t.Helper()
	effect, ok := map[trackertest.Fault]githubsim.Effect{
		trackertest.Refused: githubsim.Unauthorized(), trackertest.Limited: githubsim.SecondaryLimit(403, "90"),
		trackertest.Down: githubsim.ServerError(502, false), trackertest.DownAfter: githubsim.ServerError(503, true),
		trackertest.Lost: githubsim.Reset(true), trackertest.Empty: githubsim.EmptyBody(), trackertest.Page: githubsim.HTML(),
		trackertest.Hidden: githubsim.NotFound(), trackertest.Forbidden: githubsim.SSO(),
	}[fault]
	if !ok {
		t.Fatalf("there is no fault %q", fault)
	}
	method := map[domain.CallClass]string{domain.CallRead: "GET", domain.CallProbe: "GET", domain.CallCreate: "POST", domain.CallWrite: "PATCH"}[class]
	s.once(method, effect)
}

// wantKind fails the test unless the error is of the kind.
func wantKind(t testing.TB, err error, want domain.Kind) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != want {
		t.Fatalf("error %v (kind %q), want kind %q", err, domain.KindOf(err), want)
	}
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*domain.Error](err); ok {
		return e.Code
	}
	return ""
}

// spoiler changes answers on their way.
type spoiler struct {
	next http.RoundTripper
	// change may alter the answer; it gets the body that was read.
	change func(*http.Request, *http.Response, []byte) []byte
}

func (s spoiler) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	body = s.change(r, resp, body)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Del("Content-Length")
	return resp, nil
}

// spoil lets a function change every answer from now on, for adapters made later.
func (s *site) spoil(change func(*http.Request, *http.Response, []byte) []byte) {
	s.transport = spoiler{next: s.sent, change: change}
}
