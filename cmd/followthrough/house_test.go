package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// The trackers of a house.
const (
	onGitHub  = domain.TrackerID("acme-platform")
	onCloud   = domain.TrackerID("acme-cloud")
	onServer  = domain.TrackerID("acme-server")
	houseRepo = "acme/platform"
)

// house is the whole program on a real database with three simulated trackers
// reached through their wire formats.
type house struct {
	*program
	t     testing.TB
	clock *demoClock
	gh    *githubsim.Server
	jira  map[domain.TrackerID]*jirasim.Server
	// accounts holds, per Jira, the account of each person.
	accounts map[domain.TrackerID]map[string]string
	field    map[domain.TrackerID]string // the success metric's field
	boss     domain.Actor
}

// eachEngine runs a case on SQLite and on PostgreSQL.
func eachEngine(t *testing.T, f func(t *testing.T, databaseURL string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, "sqlite://test.db") })
	t.Run("postgres", func(t *testing.T) { f(t, newPostgres(t)) })
}

// newPostgres creates a database for one test.
func newPostgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("FOLLOWTHROUGH_TEST_POSTGRES")
	if server == "" {
		if os.Getenv("FOLLOWTHROUGH_REQUIRE_POSTGRES") == "1" {
			t.Fatal("FOLLOWTHROUGH_TEST_POSTGRES is not set; start the tests with scripts/with-postgres.sh")
		}
		t.Skip("FOLLOWTHROUGH_TEST_POSTGRES is not set; scripts/with-postgres.sh provides a server")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	name := "house_" + strings.ToLower(rand.Text())
	admin := func(statement string) {
		ctx := context.WithoutCancel(t.Context())
		conn, err := pgx.Connect(ctx, server)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(ctx) }()
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	admin("CREATE DATABASE " + name)
	t.Cleanup(func() { admin("DROP DATABASE " + name + " WITH (FORCE)") })
	u.Path = "/" + name
	return u.String()
}

// byHost answers requests in process, each host by its own simulator.
type byHost map[string]http.RoundTripper

func (b byHost) RoundTrip(r *http.Request) (*http.Response, error) {
	next, ok := b[r.URL.Host]
	if !ok {
		return nil, fmt.Errorf("no simulator for %s", r.URL.Host)
	}
	return next.RoundTrip(r)
}

// newHouse opens a program with its trackers and people.
func newHouse(t testing.TB, databaseURL string) *house {
	t.Helper()
	h := &house{t: t, clock: &demoClock{}, jira: map[domain.TrackerID]*jirasim.Server{}, accounts: map[domain.TrackerID]map[string]string{}, field: map[domain.TrackerID]string{}}
	h.clock.moveTo(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	h.gh = githubsim.New(githubsim.Options{Now: h.clock.now, Seed: 1})
	h.gh.AddOrg("acme")
	h.gh.AddRepo(houseRepo, githubsim.RepoOptions{Private: true})
	h.jira[onCloud] = jirasim.New(jirasim.Options{Now: h.clock.now, Seed: 1})
	h.jira[onServer] = jirasim.New(jirasim.Options{Flavor: jirasim.DataCenter, Version: "9.12.4", Now: h.clock.now, Seed: 1})
	h.openProgram(databaseURL)
	h.settle()
	return h
}

// openProgram opens the program of the house, also a second time.
func (h *house) openProgram(databaseURL string) {
	h.t.Helper()
	folder := h.t.TempDir()
	cfg := Config{DatabaseURL: databaseURL, DataDir: folder, SecretKeyFile: filepath.Join(folder, "secret.key"), Listen: "127.0.0.1:0", PublicURL: "https://followthrough.example",
		TrackerHosts: domain.HostList{"api.github.com", "*.atlassian.net", "jira.example"}, PollInterval: time.Minute, Zone: time.UTC, Language: "en", Migrate: true}
	p, err := openDemo(h.t.Context(), cfg, slog.New(slog.DiscardHandler), h.clock)
	if err != nil {
		h.t.Fatal(err)
	}
	p.transport = byHost{"api.github.com": h.gh.Transport(), "acme.atlassian.net": h.jira[onCloud].Transport(), "jira.example": h.jira[onServer].Transport()}
	h.program = p
	h.t.Cleanup(func() {
		if err := p.Close(); err != nil {
			h.t.Error(err)
		}
	})
}

// settle configures trackers and people.
func (h *house) settle() {
	h.t.Helper()
	ctx := h.t.Context()
	h.gh.AddUser("sync-bot")
	h.gh.Grant(houseRepo, "sync-bot", githubsim.RoleWrite)
	token := h.gh.Token("sync-bot", githubsim.TokenOptions{Repos: []string{houseRepo}})
	hooks := []string{demoHookSecret}
	h.must(h.app.Trackers.Create(ctx, operator(), domain.Tracker{ID: onGitHub, Kind: domain.GitHub, Flavor: domain.DotCom, BaseURL: "https://api.github.com", Repository: houseRepo},
		domain.Secrets{Credential: token, WebhookSecrets: hooks}))
	for id, flavor := range map[domain.TrackerID]domain.Flavor{onCloud: domain.Cloud, onServer: domain.DataCenter} {
		sim := h.jira[id]
		sim.AddProject("OPS", "Operations")
		cancelled := sim.AddStatus("Cancelled", jirasim.CategoryDone)
		sim.SetWorkflow("OPS", "", jirasim.Workflow{Initial: "10000", Steps: []jirasim.Step{{ID: "11", Name: "To Do", To: "10000"}, {ID: "21", Name: "In Progress", To: "3"},
			{ID: "31", Name: "Done", To: "10001", Sets: "Done"}, {ID: "41", Name: "Cancel", To: cancelled, Sets: "Won't Do"}}})
		h.field[id] = sim.AddField("Success metric", jirasim.Paragraph)
		bot := sim.AddUser(jirasim.User{DisplayName: "Sync", Email: "sync@acme.example"})
		h.must(h.app.Trackers.Create(ctx, operator(), domain.Tracker{ID: id, Kind: domain.Jira, Flavor: flavor, BaseURL: sim.BaseURL(), Project: "OPS", Account: jiraAccount(flavor),
			Mapping: domain.Mapping{IssueType: "Task", MetricField: h.field[id], Statuses: map[domain.Projection][]string{domain.ProjectionOpen: {"10000"},
				domain.ProjectionInProgress: {"3"}, domain.ProjectionDone: {"10001"}, domain.ProjectionCancelled: {cancelled}}}},
			domain.Secrets{Credential: sim.AddToken(nameOn(flavor, bot), "", time.Time{}), WebhookSecrets: hooks}))
		h.accounts[id] = map[string]string{}
	}
	for _, name := range []string{"ana", "ben", "cleo"} {
		person := h.must(h.app.People.Create(ctx, operator(), domain.Person{ID: domain.PersonID("p_" + name), Name: strings.ToUpper(name[:1]) + name[1:], Role: domain.Admin})).(domain.Person)
		account := strconv.FormatInt(h.gh.AddUser(name), 10)
		h.gh.Grant(houseRepo, name, githubsim.RoleWrite)
		h.identify(domain.Identity{Tracker: onGitHub, Person: person.ID, Account: account, Login: name})
		for id, flavor := range map[domain.TrackerID]domain.Flavor{onCloud: domain.Cloud, onServer: domain.DataCenter} {
			h.accounts[id][name] = nameOn(flavor, h.jira[id].AddUser(jirasim.User{DisplayName: person.Name, Name: name}))
			h.identify(domain.Identity{Tracker: id, Person: person.ID, Account: h.accounts[id][name]})
		}
		if name == "ana" {
			h.boss = app.ActorOf(person)
		}
	}
	// Somebody whom no person is mapped to.
	h.gh.AddUser("zoe")
	h.gh.Grant(houseRepo, "zoe", githubsim.RoleWrite)
}

func jiraAccount(f domain.Flavor) string {
	if f == domain.Cloud {
		return "sync@acme.example"
	}
	return ""
}

func nameOn(f domain.Flavor, u jirasim.User) string {
	if f == domain.Cloud {
		return u.AccountID
	}
	return u.Name
}

func (h *house) identify(i domain.Identity) {
	h.t.Helper()
	if err := h.app.People.SetIdentity(h.t.Context(), operator(), i); err != nil {
		h.t.Fatal(err)
	}
}

// must ends the test on an error and returns the value.
func (h *house) must(v any, err error) any {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

// pass does one pass over every tracker, a little later than the last thing.
func (h *house) pass() {
	h.t.Helper()
	for _, id := range []domain.TrackerID{onGitHub, onCloud, onServer} {
		h.later(5 * time.Second)
		pass, err := h.app.Trackers.Sync(h.t.Context(), operator(), id)
		if err != nil {
			h.t.Fatalf("%s: %v", id, err)
		}
		if pass.Failed > 0 {
			h.t.Errorf("%s: %d links could not be brought to rest: %v", id, pass.Failed, pass.Problems)
		}
	}
}

func (h *house) later(d time.Duration) { h.clock.moveTo(h.clock.now().Add(d)) }

// writes counts the requests that changed something, at every tracker.
func (h *house) writes() int {
	n := 0
	for _, r := range h.gh.Requests() {
		if r.Method != http.MethodGet {
			n++
		}
	}
	for _, sim := range h.jira {
		for _, r := range sim.Requests() {
			if r.Method != http.MethodGet && !strings.Contains(r.Route, "search") && !strings.Contains(r.Route, "bulkfetch") {
				n++
			}
		}
	}
	return n
}

// realActions imports the real incidents and returns the keys of what was made.
func (h *house) realActions() []domain.MeasureKey {
	h.t.Helper()
	folder := sharedFolder(h.t, "data", "incidents")
	var files []imports.File
	for _, name := range []string{"incidents.csv", "actions.csv"} {
		f, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			h.t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		files = append(files, imports.File{Name: name, Data: f})
	}
	read, err := imports.Read(files, imports.Options{Now: h.clock.now()})
	if err != nil {
		h.t.Fatal(err)
	}
	result, err := h.app.Imports.Run(h.t.Context(), operator(), read.Batch, false)
	if err != nil {
		h.t.Fatal(err)
	}
	if len(result.Incidents) != 143 || len(result.Measures) != 511 {
		h.t.Fatalf("imported %d incidents and %d measures, want 143 and 511", len(result.Incidents), len(result.Measures))
	}
	return result.Measures
}

// sharedFolder finds the recorded material beside the project, or skips.
func sharedFolder(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("FOLLOWTHROUGH_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	folder := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("FOLLOWTHROUGH_REQUIRE_SHARED") == "1" {
			t.Fatalf("the recorded material is required: %v", err)
		}
		t.Skipf("the recorded material is not beside the project (%s)", folder)
	}
	return folder
}
