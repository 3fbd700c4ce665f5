package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports/chat"
	"github.com/followthrough/followthrough/store"
)

// start is the time all tests begin at: a Wednesday.
var start = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

const password = "correct horse battery"

// world is one installation: a real store on a temporary file and the real
// pages on a loopback port.
type world struct {
	t     testing.TB
	db    *store.DB
	app   *app.App
	pages *Server
	http  *httptest.Server
	clock atomic.Int64
	log   bytes.Buffer
}

func (w *world) now() time.Time { return time.Unix(0, w.clock.Load()).UTC() }

func (w *world) advance(d time.Duration) { w.clock.Add(int64(d)) }

// newWorld starts an installation with two teams and people of every role;
// everybody's mail address is ROLE@example.org.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := newEmptyWorld(t)
	w.people(t.Context())
	return w
}

// newEmptyWorld starts an installation nobody has been to.
func newEmptyWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t}
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
	w.app = app.New(app.Options{Store: db, Now: w.now, Zone: time.UTC, Hosts: domain.HostList{"api.github.com", "*.atlassian.net"}, ProbeHosts: domain.HostList{"metrics.example"}})
	w.app.Evidence.Patience = time.Minute // on a busy machine too
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	if w.pages, err = New(Options{App: w.app, Now: w.now, Zone: time.UTC, Language: "en", PublicURL: "http://127.0.0.1", Log: log, Version: "test", ReadChat: chat.Read}); err != nil {
		t.Fatal(err)
	}
	w.http = httptest.NewServer(w.pages)
	t.Cleanup(w.http.Close)
	return w
}

func (w *world) people(ctx context.Context) {
	system := domain.System()
	for _, team := range []domain.Team{{ID: "t_a", Name: "Storage"}, {ID: "t_b", Name: "Network"}} {
		if _, err := w.app.People.CreateTeam(ctx, system, team); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, p := range []struct {
		name, shown string
		role        domain.Role
		team        domain.TeamID
	}{{"admin", "Ana Admin", domain.Admin, "t_a"}, {"auditor", "Otto Prüfer", domain.Auditor, ""}, {"member", "Mia Becker", domain.Member, "t_a"},
		{"viewer", "Vera Blick", domain.Viewer, "t_a"}, {"foreign", "Finn Fremd", domain.Member, "t_b"}} {
		person := domain.Person{ID: domain.PersonID("p_" + p.name), Name: p.shown, Role: p.role, Email: p.name + "@example.org"}
		if p.team != "" {
			person.Teams = []domain.TeamID{p.team}
		}
		if _, err := w.app.People.Create(ctx, system, person); err != nil {
			w.t.Fatal(err)
		}
		if err := w.app.Access.SetPassword(ctx, system, person.ID, password); err != nil {
			w.t.Fatal(err)
		}
	}
}

// browser is a client that keeps its cookies and does not follow redirects.
type browser struct {
	t      testing.TB
	base   string
	client *http.Client
	header map[string]string
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{t: w.t, base: w.http.URL, header: map[string]string{}, client: &http.Client{Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as is a browser signed in as a role.
func (w *world) as(role string) *browser {
	w.t.Helper()
	b := w.browser()
	b.post("/sign-in", "email", role+"@example.org", "password", password).want(http.StatusSeeOther)
	return b
}

type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

func (b *browser) do(method, path string, body io.Reader, header ...string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, value := range b.header {
		r.Header.Set(name, value)
	}
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{b.t, resp.StatusCode, resp.Header, content}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

// post sends a form of names and values, as a browser does from our own page.
func (b *browser) post(path string, pairs ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for n := 0; n+1 < len(pairs); n += 2 {
		form.Add(pairs[n], pairs[n+1])
	}
	return b.do(http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d\n%s", a.status, status, a.text())
	}
	return a
}

// leads checks where a redirect goes.
func (a answer) leads(location string) answer {
	a.t.Helper()
	a.want(http.StatusSeeOther)
	if got := a.header.Get("Location"); got != location {
		a.t.Fatalf("leads to %q, want %q", got, location)
	}
	return a
}

func (a answer) doc() *goquery.Document {
	a.t.Helper()
	d, err := goquery.NewDocumentFromReader(bytes.NewReader(a.body))
	if err != nil {
		a.t.Fatal(err)
	}
	return d
}

// text is the page's main part in words.
func (a answer) text() string {
	return strings.Join(strings.Fields(a.doc().Find("main").Text()), " ")
}

func (a answer) says(words ...string) answer {
	a.t.Helper()
	text := a.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			a.t.Fatalf("the page does not say %q:\n%s", w, text)
		}
	}
	return a
}

func (w *world) actor(role string) domain.Actor {
	w.t.Helper()
	p, err := w.app.People.Get(w.t.Context(), domain.System(), domain.PersonID("p_"+role))
	if err != nil {
		w.t.Fatal(err)
	}
	return app.ActorOf(p)
}

// incident and newMeasure make what a test needs.
func (w *world) incident(title string) domain.Incident {
	w.t.Helper()
	i, err := w.app.Incidents.Create(w.t.Context(), w.actor("admin"), domain.IncidentEdit{Title: domain.Some(title), Severity: domain.Some(domain.SEV2),
		StartedAt: domain.Some(w.now().Add(-48 * time.Hour)), DetectedAt: domain.Some(w.now().Add(-47 * time.Hour)),
		Services: domain.Some([]string{"database"}), Causes: domain.Some([]string{"capacity"}), Team: domain.Some(domain.TeamID("t_a"))})
	if err != nil {
		w.t.Fatal(err)
	}
	return i
}

func (w *world) newMeasure(n domain.NewMeasure) domain.Measure {
	w.t.Helper()
	if n.Team == "" {
		n.Team = "t_a"
	}
	m, err := w.app.Measures.Create(w.t.Context(), w.actor("admin"), n)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}
