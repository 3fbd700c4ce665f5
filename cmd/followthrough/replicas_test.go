package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// replica is a process of its own that works on the house's database.
type replica struct {
	*exec.Cmd
	address string
}

// TestTwoReplicas: two processes share the work of one PostgreSQL. One of them
// is killed, stopped past its lease, or cut off from the database in the middle
// of its work: the other one finishes it, no key is worked on twice at once, no
// issue is doubled and no edit lost.
func TestTwoReplicas(t *testing.T) {
	tests := map[string]func(h *house, victim *replica, cut func()){
		"killed": func(_ *house, victim *replica, _ func()) { _ = victim.Process.Kill() },
		"stopped past its lease": func(h *house, victim *replica, _ func()) {
			_ = victim.Process.Signal(syscall.SIGSTOP)
			h.t.Cleanup(func() { _ = victim.Process.Signal(syscall.SIGCONT) })
			time.AfterFunc(5*time.Second, func() { _ = victim.Process.Signal(syscall.SIGCONT) })
		},
		"cut off from the database": func(_ *house, _ *replica, cut func()) { cut() },
	}
	for name, harm := range tests {
		t.Run(name, func(t *testing.T) {
			databaseURL := newPostgres(t)
			h := newHouse(t, databaseURL)
			h.clock.moveTo(time.Now())
			watch := &watch{next: h.gh, at: map[string]int{}}
			github := httptest.NewServer(watch)
			t.Cleanup(github.Close)
			quiet := httptest.NewServer(http.NotFoundHandler()) // the Jiras play no part here
			t.Cleanup(quiet.Close)
			servers := map[string]string{"api.github.com": github.Listener.Addr().String(), "acme.atlassian.net": quiet.Listener.Addr().String(), "jira.example": quiet.Listener.Addr().String()}
			for _, id := range []domain.TrackerID{onCloud, onServer} {
				if err := h.app.Trackers.Remove(t.Context(), operator(), id, 0); err != nil {
					t.Fatal(err)
				}
			}
			want := map[domain.MeasureKey]string{}
			for n := range 12 {
				title := fmt.Sprintf("Measure %d", n)
				want[h.measureOn(onGitHub, title)] = title
			}
			through, cut := h.proxy(databaseURL)
			victim := h.replica(childOrders{DatabaseURL: through, Servers: servers, Serve: true})
			h.replica(childOrders{DatabaseURL: databaseURL, Servers: servers, Serve: true})
			h.until("the first issues", func() bool { return len(h.gh.Oracle()) >= 5 })
			harm(h, victim, cut)
			for key := range want {
				want[key] += ", edited"
				h.edit(h.measure(key), domain.MeasureEdit{Title: domain.Some(want[key])})
			}
			h.until("everything to be in step", func() bool { return h.inStep(want) })
			if n := len(h.gh.Oracle()); n != len(want) {
				t.Errorf("there are %d issues for %d measures", n, len(want))
			}
			if at := watch.twice(); at != "" {
				t.Errorf("%s was worked on twice at once", at)
			}
		})
	}
}

// inStep reports whether every measure has its title on its issue.
func (h *house) inStep(want map[domain.MeasureKey]string) bool {
	there := map[string]bool{}
	for _, i := range h.gh.Oracle() {
		there[i.Title] = true
	}
	for _, title := range want {
		if !there[title] {
			return false
		}
	}
	return true
}

// until waits for a state that processes of their own bring about.
func (h *house) until(what string, reached func() bool) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 180*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !reached() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			h.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// replica starts a process and waits until it serves.
func (h *house) replica(o childOrders) *replica {
	h.t.Helper()
	o.DataDir = h.cfg.DataDir
	text, err := json.Marshal(o)
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.CommandContext(h.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	out, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it works on until somebody ends it
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "serving\n" {
		h.t.Fatalf("the replica said %q: %v", line, err)
	}
	return &replica{cmd, o.Listen}
}

// proxy leads to the database until it is cut.
func (h *house) proxy(databaseURL string) (through string, cut func()) {
	h.t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		h.t.Fatal(err)
	}
	target := u.Host
	listener, err := (&net.ListenConfig{}).Listen(h.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", target)
			if err != nil {
				_ = near.Close()
				continue
			}
			mu.Lock()
			open = append(open, near, far)
			mu.Unlock()
			pipe := func(to, from net.Conn) {
				_, _ = io.Copy(to, from)
				_ = to.Close() // who dies at one end is gone at the other
			}
			go pipe(far, near)
			go pipe(near, far)
		}
	}()
	cut = func() {
		_ = listener.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			_ = c.Close()
		}
	}
	h.t.Cleanup(cut)
	u.Host = listener.Addr().String()
	return u.String(), cut
}

// watch counts the writes to one issue that are under way at once.
type watch struct {
	next http.Handler

	mu      sync.Mutex
	at      map[string]int
	doubled string
}

func (w *watch) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && strings.Contains(r.URL.Path, "/issues/") {
		w.mu.Lock()
		w.at[r.URL.Path]++
		if w.at[r.URL.Path] > 1 {
			w.doubled = r.URL.Path
		}
		w.mu.Unlock()
		time.Sleep(20 * time.Millisecond) // a write takes its time, so that two of them would meet
		defer func() {
			w.mu.Lock()
			w.at[r.URL.Path]--
			w.mu.Unlock()
		}()
	}
	w.next.ServeHTTP(rw, r)
}

func (w *watch) twice() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.doubled
}
