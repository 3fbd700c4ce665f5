package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// childOrders tell a child process what to do. The child is this test binary.
type childOrders struct {
	DatabaseURL, DataDir string
	// Servers maps hosts to the loopback addresses of the parent's simulators.
	Servers map[string]string
	// Behind is how far the clock is behind the computer's.
	Behind time.Duration
	// KillAt is the moment at which the child kills itself, counted over every
	// remote request and database step, before and after each; 0 never does.
	KillAt int64
	// Listen answers HTTP at an address until the process is ended.
	Listen string
	// Serve works on until the process is ended, instead of doing one pass.
	Serve bool
	// SMTPURL sends letters from a service that works on.
	SMTPURL string
	// Command is run instead of all that, as from a shell.
	Command []string
}

const childVariable = "FOLLOWTHROUGH_TEST_CHILD"

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		if err := runChild(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runChild does one pass over every tracker and kills itself on the way.
func runChild(text string) error {
	var o childOrders
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	ctx := context.Background()
	if len(o.Command) > 0 {
		os.Exit(run(ctx, o.Command, nil, strings.NewReader(""), os.Stdout, os.Stderr))
	}
	clock := &demoClock{}
	clock.behind.Store(int64(o.Behind))
	cfg := Config{DatabaseURL: o.DatabaseURL, DataDir: o.DataDir, SecretKeyFile: filepath.Join(o.DataDir, "secret.key"), PublicURL: "https://followthrough.example",
		TrackerHosts: domain.HostList{"api.github.com", "*.atlassian.net", "jira.example"}, PollInterval: time.Second, Zone: time.UTC, Language: "en", Migrate: true}
	p, err := openStore(ctx, cfg, slog.New(slog.DiscardHandler), beside)
	if err != nil {
		return err
	}
	bomb := &bomb{at: o.KillAt}
	p.now, p.writeSpacing = clock.now, time.Microsecond
	p.transport = rerouted{o.Servers, bomb}
	p.between = func(s tracksync.Store) tracksync.Store { return explosive{s, bomb} }
	if o.Listen != "" {
		p.wire()
		p.cfg.Listen = o.Listen
		s, err := p.listen(ctx)
		if err != nil {
			return err
		}
		fmt.Println("serving")
		return s.serve()
	}
	if o.Serve {
		p.pace = tracksync.Settings{Lease: 2 * time.Second, Settle: []time.Duration{time.Second, time.Second}}
		if p.cfg.SMTPURL, p.cfg.MailFrom = o.SMTPURL, "noreply@example.org"; p.cfg.completeWays() != nil {
			return errors.New("the mail server is not understood")
		}
		p.wire()
		fmt.Println("serving")
		go func() { _ = p.letters.Run(ctx) }()
		return errors.Join(p.engine.Run(ctx), p.Close())
	}
	p.pace.Lease = time.Second
	p.wire()
	for _, id := range []domain.TrackerID{onGitHub, onCloud, onServer} {
		if _, err := p.app.Trackers.Sync(ctx, operator(), id); err != nil && !errors.Is(err, domain.ErrUnavailable) {
			return err
		}
	}
	if text, err := os.ReadFile("/proc/self/status"); err == nil {
		fmt.Println("peak", peakOf(string(text)))
	}
	return p.Close()
}

// bomb kills the process at its n-th tick, as a power failure would.
type bomb struct{ at, ticks int64 }

func (b *bomb) tick() {
	if atomic.AddInt64(&b.ticks, 1) == b.at {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way; nothing more may happen
	}
}

// rerouted sends requests to the parent's simulators.
type rerouted struct {
	servers map[string]string
	bomb    *bomb
}

func (r rerouted) RoundTrip(req *http.Request) (*http.Response, error) {
	r.bomb.tick()
	to := req.Clone(req.Context())
	to.URL.Scheme, to.URL.Host, to.Host = "http", r.servers[req.URL.Host], req.URL.Host
	resp, err := http.DefaultTransport.RoundTrip(to)
	r.bomb.tick()
	return resp, err
}

// explosive is a store around whose commits the process may die.
type explosive struct {
	tracksync.Store
	bomb *bomb
}

func (e explosive) CommitLink(ctx context.Context, c domain.LinkCommit) (domain.LinkView, error) {
	e.bomb.tick()
	defer e.bomb.tick()
	return e.Store.CommitLink(ctx, c)
}

func (e explosive) StorePage(ctx context.Context, p domain.PageCommit) error {
	e.bomb.tick()
	defer e.bomb.tick()
	return e.Store.StorePage(ctx, p)
}

// TestKill kills the process with SIGKILL at every commit and around every
// remote call of create, push and pull, and starts it again: no issue is
// doubled and no edit is lost.
func TestKill(t *testing.T) {
	eachEngine(t, func(t *testing.T, databaseURL string) {
		h := newHouse(t, databaseURL)
		servers := map[string]string{}
		for host, handler := range map[string]http.Handler{"api.github.com": h.gh, "acme.atlassian.net": h.jira[onCloud], "jira.example": h.jira[onServer]} {
			server := httptest.NewServer(handler)
			t.Cleanup(server.Close)
			servers[host] = server.Listener.Addr().String()
		}
		step := int64(1)
		if testing.Short() {
			step = 7
		}
		deaths := 0
		for at := int64(1); ; at += step {
			keys := h.workForKill(at)
			died := h.child(childOrders{DatabaseURL: databaseURL, Servers: servers, KillAt: at})
			for n := 0; n < 20 && (n == 0 || h.busy()); n++ { // an uncertain create is looked for several times before it is sent again
				if died && n > 0 && databaseURL != "sqlite://test.db" {
					<-time.After(150 * time.Millisecond) // PostgreSQL's own clock ends the lease of the dead
				}
				h.later(11 * time.Minute)
				h.child(childOrders{DatabaseURL: databaseURL, Servers: servers})
			}
			h.checkKill(at, keys)
			if t.Failed() {
				return
			}
			if !died {
				break
			}
			deaths++
		}
		t.Logf("killed %d times", deaths)
		if deaths < 5 {
			t.Errorf("killed only %d times; the bomb does not tick where the work is done", deaths)
		}
	})
}

// killRound is what one round wants to see on both sides in the end.
type killRound struct {
	created map[domain.TrackerID]domain.MeasureKey
	pushed  map[domain.TrackerID]domain.MeasureKey
	pulled  domain.MeasureKey
	title   string
}

// workForKill prepares one create, one push and one pull.
func (h *house) workForKill(n int64) killRound {
	h.t.Helper()
	round := killRound{created: map[domain.TrackerID]domain.MeasureKey{}, pushed: map[domain.TrackerID]domain.MeasureKey{}, title: fmt.Sprintf("Round %d", n)}
	for _, id := range []domain.TrackerID{onGitHub, onCloud, onServer} {
		round.pushed[id] = h.measureOn(id, "To be pushed")
	}
	round.pulled = h.measureOn(onGitHub, "To be pulled")
	h.pass()
	h.later(5 * time.Minute)
	for id, key := range round.pushed {
		h.edit(h.measure(key), domain.MeasureEdit{Title: domain.Some(round.title + " pushed"), Priority: domain.Some(domain.P1)})
		round.created[id] = h.measureOn(id, round.title+" created")
	}
	title, labels := round.title+" pulled", []string{"priority: P0"}
	if err := h.gh.As("ana").Edit(houseRepo, h.issue(round.pulled).Number, githubsim.Edit{Title: &title, Labels: &labels}); err != nil {
		h.t.Fatal(err)
	}
	return round
}

// child runs one pass in a process of its own and reports whether it died.
func (h *house) child(o childOrders) bool {
	h.t.Helper()
	_, died := h.passInChild(o)
	return died
}

// childOutput runs one pass in a process of its own and returns what it said.
func (h *house) childOutput(o childOrders) string {
	h.t.Helper()
	out, died := h.passInChild(o)
	if died {
		h.t.Fatal("the child was killed")
	}
	return out
}

func (h *house) passInChild(o childOrders) (said string, died bool) {
	h.t.Helper()
	o.DataDir, o.Behind = h.cfg.DataDir, time.Duration(h.clock.behind.Load())
	text, err := json.Marshal(o)
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.CommandContext(h.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return string(out), false
	case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled():
		return "", true
	}
	h.t.Fatalf("the child failed: %v\n%s", err, out)
	return "", false
}

// busy reports whether any link is not at rest yet.
func (h *house) busy() bool {
	h.t.Helper()
	for _, id := range []domain.TrackerID{onGitHub, onCloud, onServer} {
		links, err := h.db.PendingLinks(h.t.Context(), id, h.clock.now().Add(time.Hour), 1)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(links) > 0 {
			return true
		}
	}
	return false
}

// checkKill looks at every issue with a person's eyes.
func (h *house) checkKill(at int64, round killRound) {
	h.t.Helper()
	seen := map[string]int{}
	for _, i := range h.gh.Oracle() {
		seen[string(onGitHub)+i.Title]++
	}
	for id, sim := range h.jira {
		for _, i := range sim.Oracle() {
			seen[string(id)+i.Summary]++
		}
	}
	for _, id := range []domain.TrackerID{onGitHub, onCloud, onServer} {
		for _, what := range []string{" created", " pushed"} {
			if n := seen[string(id)+round.title+what]; n != 1 {
				h.t.Errorf("killed at %s: %s has %d issues %q, want 1", strconv.FormatInt(at, 10), id, n, round.title+what)
			}
		}
		if m := h.measure(round.pushed[id]); m.Title != round.title+" pushed" || m.Priority != domain.P1 {
			h.t.Errorf("killed at %d: the edit of %s is lost: %q %s", at, m.Key, m.Title, m.Priority)
		}
	}
	if m := h.measure(round.pulled); m.Title != round.title+" pulled" || m.Priority != domain.P0 {
		h.t.Errorf("killed at %d: the edit made in GitHub is lost here: %q %s", at, m.Title, m.Priority)
	}
}
