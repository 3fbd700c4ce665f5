package api

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports/chat"
	"github.com/followthrough/followthrough/store"
)

var _ app.Store = (*store.DB)(nil)

// start is the time all tests begin at: a Wednesday.
var start = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// world is one installation: a real store on a temporary file, the real
// handler, and a token for every role.
type world struct {
	t       testing.TB
	db      *store.DB
	app     *app.App
	server  *Server
	handler http.Handler
	clock   atomic.Int64
	log     bytes.Buffer
	tokens  map[string]string
	// served are the operations that have answered with success.
	served   map[string]bool
	trackers *trackers
}

func (w *world) now() time.Time { return time.Unix(0, w.clock.Load()).UTC() }

func (w *world) advance(d time.Duration) { w.clock.Add(int64(d)) }

// newWorld starts an installation with two teams and these tokens: admin,
// auditor, member (of t_a), viewer (of t_a), foreign (a member of t_b).
func newWorld(t testing.TB) *world {
	t.Helper()
	w := newEmptyWorld(t)
	w.people(t.Context())
	return w
}

// newEmptyWorld starts an installation that nobody has come to yet.
func newEmptyWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, tokens: map[string]string{}, served: map[string]bool{}}
	w.clock.Store(start.UnixNano())
	ctx := t.Context()
	db, err := store.Open(ctx, store.Options{URL: "sqlite://test.db", DataDir: t.TempDir(), SecretKey: bytes.Repeat([]byte{7}, 32), Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	w.db = db
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.trackers = newTrackers(w, log)
	w.app = app.New(app.Options{Store: db, Now: w.now, Zone: time.UTC, Hosts: domain.HostList{"api.github.com", "*.atlassian.net"}, ProbeHosts: domain.HostList{"prom.example"}, Remote: w.trackers, TokenCache: time.Minute})
	if w.server, err = New(Options{App: w.app, Intake: w.trackers, Log: log, Ready: db.Ready, ReadChat: chat.Read, Document: documents(t, w.app, w.now).Write, Version: "test"}); err != nil {
		t.Fatal(err)
	}
	w.handler = w.server.Handler()
	return w
}

func (w *world) people(ctx context.Context) {
	system := domain.System()
	for _, id := range []domain.TeamID{"t_a", "t_b"} {
		if _, err := w.app.People.CreateTeam(ctx, system, domain.Team{ID: id, Name: "Team " + string(id)}); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, p := range []struct {
		name string
		role domain.Role
		team domain.TeamID
	}{{"admin", domain.Admin, "t_a"}, {"auditor", domain.Auditor, ""}, {"member", domain.Member, "t_a"}, {"viewer", domain.Viewer, "t_a"}, {"foreign", domain.Member, "t_b"}} {
		person := domain.Person{ID: domain.PersonID("p_" + p.name), Name: strings.ToUpper(p.name), Role: p.role}
		if p.team != "" {
			person.Teams = []domain.TeamID{p.team}
		}
		if _, err := w.app.People.Create(ctx, system, person); err != nil {
			w.t.Fatal(err)
		}
		_, secret, err := w.app.Access.CreateToken(ctx, system, domain.Token{Name: p.name, Role: p.role, Person: person.ID})
		if err != nil {
			w.t.Fatal(err)
		}
		w.tokens[p.name] = secret
	}
}

// request is one request of a test; body may be a string, which is sent as it
// is, or anything that encodes to JSON.
type request struct {
	as           string
	method, path string
	body         any
	header       map[string]string
}

type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

func (w *world) do(r request) answer {
	w.t.Helper()
	var body []byte
	switch b := r.body.(type) {
	case nil:
	case string:
		body = []byte(b)
	default:
		var err error
		if body, err = json.Marshal(b); err != nil {
			w.t.Fatal(err)
		}
	}
	req := httptest.NewRequestWithContext(w.t.Context(), r.method, r.path, bytes.NewReader(body))
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if secret, ok := w.tokens[r.as]; ok {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
		if value == "" {
			req.Header.Del(name)
		}
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, req)
	if op := described(w.t, req, body, rec); rec.Code < 300 {
		w.served[op] = true
	}
	return answer{w.t, rec.Code, rec.Header(), rec.Body.Bytes()}
}

func (w *world) get(as, path string) answer {
	w.t.Helper()
	return w.do(request{as: as, method: http.MethodGet, path: path})
}

func (w *world) post(as, path string, body any) answer {
	w.t.Helper()
	return w.do(request{as: as, method: http.MethodPost, path: path, body: body})
}

func (w *world) patch(as, path, match string, body any) answer {
	w.t.Helper()
	return w.do(request{as: as, method: http.MethodPatch, path: path, body: body, header: map[string]string{"If-Match": match}})
}

// want stops the test unless the answer has the status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

type object = map[string]any

func (a answer) json() object {
	a.t.Helper()
	var out object
	if err := json.Unmarshal(a.body, &out); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
	return out
}

func (a answer) etag() string { return a.header.Get("ETag") }

// text reads a member of the answer.
func (a answer) text(name string) string {
	a.t.Helper()
	s, _ := a.json()[name].(string)
	return s
}

// rows counts everything that is stored, by way of the history: every write
// leaves a row there.
func (w *world) rows() int64 {
	w.t.Helper()
	n, err := w.db.LastSeq(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// measure makes a measure in team t_a and returns its key and ETag.
func (w *world) measure(more object) (key, etag string) {
	w.t.Helper()
	body := object{"title": "Alert on replication lag", "team": "t_a", "kind": "detect", "priority": "P1"}
	maps.Copy(body, more)
	a := w.post("member", "/api/v1/measures", body).want(http.StatusCreated)
	return a.text("key"), a.etag()
}
