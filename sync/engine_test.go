package sync_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/store"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

const repo = "acme/platform"

// bench is an engine on a database and a simulated GitHub, with one measure
// that is linked. It lives in a bubble: time is virtual.
type bench struct {
	t      *testing.T
	db     *store.DB
	app    *app.App
	engine *tracksync.Engine
	github *githubsim.Server
	cleo   githubsim.Person
	key    domain.MeasureKey
	// before and after run around each request to GitHub.
	before, after func(*http.Request)
	// down says that nothing answers.
	down func() bool
}

var ana = domain.Actor{ID: "p_ana", Role: domain.Admin, Scope: domain.Everything(), Source: domain.FromUser}

// RoundTrip is the network between the engine and GitHub.
func (b *bench) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.before != nil {
		b.before(r)
	}
	if b.down != nil && b.down() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	resp, err := b.github.Transport().RoundTrip(r)
	if b.after != nil {
		b.after(r)
	}
	return resp, err
}

func now() time.Time { return time.Now().UTC() }

// inBubble plays a test with a bench of its own.
func inBubble(t *testing.T, play func(*bench)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(26 * 365 * 24 * time.Hour)
		b := &bench{t: t, db: openStore(t, now), github: githubsim.New(githubsim.Options{Now: now, Seed: 1, LFInBrowser: true})}
		b.setUp()
		play(b)
	})
}

func (b *bench) setUp() {
	ids := map[string]string{}
	b.github.AddOrg("acme")
	b.github.AddRepo(repo, githubsim.RepoOptions{Private: true})
	for _, login := range []string{"ana", "cleo", "robot"} {
		ids[login] = strconv.FormatInt(b.github.AddUser(login), 10)
		b.github.Grant(repo, login, githubsim.RoleWrite)
	}
	b.cleo = b.github.As("cleo")
	hosts := domain.HostList{"https://api.github.com"}
	b.app = app.New(app.Options{Store: b.db, Now: now, Hosts: hosts})
	b.engine = tracksync.New(tracksync.Config{Store: b.db, Schedule: b.db, Inbox: b.db, Open: b.open, Now: now, Owner: "me", Log: slog.New(slog.DiscardHandler),
		Hooks:       map[domain.TrackerKind]tracksync.HookReader{domain.GitHub: {Verify: github.VerifySignature, Headers: []string{"X-GitHub-Event", "X-GitHub-Delivery"}}},
		MeasureURL:  func(k domain.MeasureKey) string { return "https://followthrough.example/measures/" + string(k) },
		IncidentURL: func(k domain.IncidentKey) string { return "https://followthrough.example/incidents/" + string(k) }})
	ctx := b.t.Context()
	_, err := b.app.People.CreateTeam(ctx, ana, domain.Team{ID: "t_ops", Name: "Operations"})
	b.must(err)
	_, err = b.app.People.Create(ctx, ana, domain.Person{ID: "p_ana", Name: "Ana", Email: "ana@example.com", Role: domain.Admin})
	b.must(err)
	_, err = b.app.Trackers.Create(ctx, ana, domain.Tracker{ID: "gh", Kind: domain.GitHub, Flavor: domain.DotCom, BaseURL: hosts[0], Repository: repo, Team: "t_ops"},
		domain.Secrets{Credential: b.github.Token("robot", githubsim.TokenOptions{Repos: []string{repo}}), WebhookSecrets: []string{strings.Repeat("s", 40)}})
	b.must(err)
	b.must(b.app.People.SetIdentity(ctx, ana, domain.Identity{Tracker: "gh", Person: "p_ana", Account: ids["ana"], Login: "ana"}))
	m, err := b.app.Measures.Create(ctx, ana, domain.NewMeasure{Title: "Alert on lag", Description: "First line", Kind: domain.Prevent, Priority: domain.P2, Status: domain.Accepted,
		Owner: "p_ana", Team: "t_ops", DueOn: domain.DateOf(now()).AddDays(30), Metric: domain.ParseMetric("pages per week; target at_most 2")})
	b.must(err)
	b.key = m.Key
	_, err = b.app.Links.Add(ctx, ana, b.key, "gh", "")
	b.must(err)
}

func (b *bench) open(view domain.TrackerView) (tracksync.Tracker, error) {
	return github.New(github.Config{Tracker: view.Tracker, Secrets: view.Secrets, Identities: view.Identities, Now: now,
		Transport: &tracksync.Governor{Next: b, Credential: "gh", Kind: domain.GitHub, Classify: github.Classify, Limits: b.db, Now: now}})
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// pass is one pass over the tracker; what a link's work ends with is its own.
func (b *bench) pass() {
	b.t.Helper()
	time.Sleep(3 * time.Second)
	_, err := b.engine.Pass(b.t.Context(), "gh")
	b.must(err)
}

// work runs what is due.
func (b *bench) work() {
	b.t.Helper()
	for range 20 {
		works, err := b.db.ClaimWork(b.t.Context(), "me", []string{tracksync.KindLink}, 1, 30*time.Second, now())
		b.must(err)
		if len(works) == 0 {
			return
		}
		b.engine.Do(b.t.Context(), works[0])
	}
}

func (b *bench) edit(e domain.MeasureEdit) {
	b.t.Helper()
	_, err := b.app.Measures.Edit(context.WithoutCancel(b.t.Context()), ana, b.key, 0, app.MeasurePatch{MeasureEdit: e})
	b.must(err)
}

func (b *bench) measure() domain.Measure {
	b.t.Helper()
	m, err := b.db.Measure(b.t.Context(), domain.Everything(), b.key)
	b.must(err)
	return m
}

func (b *bench) link() domain.Link {
	b.t.Helper()
	links, err := b.db.LinksOf(b.t.Context(), domain.Everything(), []domain.MeasureKey{b.key})
	b.must(err)
	return links[b.key][0]
}

func (b *bench) issue() githubsim.Issue {
	b.t.Helper()
	i, ok := b.github.Issue(repo, 1)
	if !ok {
		b.t.Fatal("there is no issue")
	}
	return i
}

// once runs f at the first request of a method.
func once(method string, f func()) func(*http.Request) {
	return func(r *http.Request) {
		if r.Method == method && f != nil {
			run := f
			f = nil
			run()
		}
	}
}

// TestEditDuringACreate: the ids of an issue are kept although its measure is
// changed while the request is on its way.
func TestEditDuringACreate(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.after = once(http.MethodPost, func() { b.edit(domain.MeasureEdit{Title: domain.Some("Alert on replica lag")}) })
		b.work()
		if link := b.link(); link.Creating() || link.Remote.Number != 1 {
			t.Fatalf("the link is %s with issue %d; the answer named it", link.State, link.Remote.Number)
		}
		b.pass()
		if got := b.issue().Title; got != "Alert on replica lag" {
			t.Errorf("the issue's title is %q", got)
		}
	})
}

// TestEditDuringAPush: a write is recorded although the measure is changed
// while it is on its way; the next one is planned on its answer.
func TestEditDuringAPush(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.work()
		b.edit(domain.MeasureEdit{Title: domain.Some("Second title")})
		patches := 0
		second := once(http.MethodPatch, func() { b.edit(domain.MeasureEdit{Priority: domain.Some(domain.P1)}) })
		b.after = func(r *http.Request) {
			if r.Method == http.MethodPatch {
				patches++
			}
			second(r)
		}
		b.pass()
		if patches != 1 {
			t.Errorf("%d PATCHes for one change of the title, want 1: labels have verbs of their own", patches)
		}
		if i := b.issue(); i.Title != "Second title" || strings.Join(i.Labels, " ") != "priority: P1" {
			t.Errorf("the issue says %q %q", i.Title, i.Labels)
		}
	})
}

// TestReadButNotStored: what was read and could not be stored is read again
// before anything is written.
func TestReadButNotStored(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.work()
		b.edit(domain.MeasureEdit{Description: domain.Some("First line\n\nours")})
		time.Sleep(time.Minute)
		b.must(b.cleo.Rewrite(repo, 1, "theirs\n\n"+b.issue().Body))
		b.after = once(http.MethodGet, func() { b.edit(domain.MeasureEdit{Priority: domain.Some(domain.P1)}) })
		b.work()
		const both = "theirs\n\nFirst line\n\nours"
		if got := b.issue().Body; !strings.HasPrefix(got, both) {
			t.Errorf("an edit that had been read was overwritten:\n%s", got)
		}
		if got := b.measure().Description; got != both {
			t.Errorf("the description is %q", got)
		}
	})
}

// TestReopenedThere: a reopened issue makes its measure in progress, and the
// issue says so in the same run.
func TestReopenedThere(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.work()
		for _, step := range []func() error{func() error { return b.cleo.Close(repo, 1, "completed") }, func() error { return b.cleo.Reopen(repo, 1) }} {
			time.Sleep(time.Minute)
			b.must(step())
			b.must(b.engine.Poll(b.t.Context(), "gh", nil))
			b.work()
		}
		if got := b.measure().Status; got != domain.InProgress {
			t.Errorf("the measure is %s", got)
		}
		if got := strings.Join(b.issue().Labels, " "); !strings.Contains(got, "status: in progress") {
			t.Errorf("the issue has the labels %q", got)
		}
	})
}
