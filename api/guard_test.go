package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
)

// TestHeaders: every answer, whatever it is, carries the headers that keep
// browsers from doing anything with it.
func TestHeaders(t *testing.T) {
	w := newWorld(t)
	want := map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Content-Security-Policy": dataPolicy}
	for _, path := range []string{"/api/v1/me", "/api/v1/nothing", "/nothing", "/healthz", "/readyz", "/api/openapi.json"} {
		a := w.get("viewer", path)
		for name, value := range want {
			if got := a.header.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", path, name, got, value)
			}
		}
		if a.header.Get("X-Request-Id") == "" || a.header.Get("Server") != "" || a.header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: headers %v", path, a.header)
		}
	}
}

// TestPages: the two pages load nothing from elsewhere and their policy says so.
func TestPages(t *testing.T) {
	w := newWorld(t)
	for path, policy := range map[string]string{"/api/docs": docsPolicy, "/setup": setupPolicy} {
		a := w.get("", path).want(200)
		if a.header.Get("Content-Security-Policy") != policy || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: headers %v", path, a.header)
		}
		for file := range strings.SplitSeq(string(a.body), `"`) {
			switch {
			case strings.Contains(file, "://"):
				t.Errorf("%s names %q", path, file)
			case strings.HasSuffix(file, ".js") || strings.HasSuffix(file, ".css") || strings.HasSuffix(file, ".png"):
				w.get("", file).want(200)
			}
		}
		if strings.Contains(string(a.body), "<script>") || strings.Contains(string(a.body), " style=") || strings.Contains(string(a.body), " onclick=") {
			t.Errorf("%s has an inline script or style, which its policy forbids", path)
		}
	}
	w.get("", "/api/openapi.yaml").want(200)
	var doc struct{ OpenAPI string }
	if err := json.Unmarshal(w.get("", "/api/openapi.json").want(200).body, &doc); err != nil || doc.OpenAPI != "3.1.0" {
		t.Errorf("document says %q, %v", doc.OpenAPI, err)
	}
}

// TestRouting: what Echo answers itself is a problem like any other.
func TestRouting(t *testing.T) {
	w := newWorld(t)
	key, _ := w.measure(nil)
	big := `{"description":"` + strings.Repeat("x", maxBody) + `"}`
	tests := map[string]struct {
		r      request
		status int
		says   string
	}{
		"nothing here":         {request{as: "viewer", method: "GET", path: "/api/v1/nothing"}, 404, "there is nothing at this address"},
		"no such measure":      {request{as: "viewer", method: "GET", path: "/api/v1/measures/M-99"}, 404, `measure "M-99" does not exist`},
		"no possible measure":  {request{as: "viewer", method: "GET", path: "/api/v1/measures/1=1"}, 404, `measure "1=1" is not known`},
		"leading zero":         {request{as: "viewer", method: "GET", path: "/api/v1/measures/M-01"}, 404, `measure "M-01" is not known`},
		"method":               {request{as: "member", method: "PUT", path: "/api/v1/measures/" + key, body: object{}}, 405, "this address does not take this method; see the Allow header"},
		"delete a measure":     {request{as: "admin", method: "DELETE", path: "/api/v1/measures/" + key}, 405, "this address does not take this method; see the Allow header"},
		"trace":                {request{method: "TRACE", path: "/"}, 405, "this address does not take this method; see the Allow header"},
		"too large":            {request{as: "member", method: "POST", path: "/api/v1/measures", body: big}, 413, "the body is larger than 1 MiB"},
		"form":                 {request{as: "member", method: "POST", path: "/api/v1/measures", body: "title=x", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415, "send the body as Content-Type: application/json"},
		"no type":              {request{as: "member", method: "POST", path: "/api/v1/measures", body: "{}", header: map[string]string{"Content-Type": ""}}, 415, "send the body as Content-Type: application/json"},
		"merge patch on POST":  {request{as: "member", method: "POST", path: "/api/v1/measures", body: "{}", header: map[string]string{"Content-Type": "application/merge-patch+json"}}, 415, "send the body as Content-Type: application/json"},
		"compressed":           {request{as: "member", method: "POST", path: "/api/v1/measures", body: "{}", header: map[string]string{"Content-Encoding": "gzip"}}, 415, "compressed bodies are not accepted; send plain JSON"},
		"encoded dot":          {request{as: "viewer", method: "GET", path: "/api/docs/assets/%2e%2e/%2e%2e/etc/passwd"}, 404, "there is nothing at this address"},
		"encoded slash":        {request{as: "viewer", method: "GET", path: "/api%2fv1/measures"}, 404, "there is nothing at this address"},
		"encoded letter":       {request{method: "GET", path: "/%61pi/v1/nothing"}, 404, "there is nothing at this address"},
		"other host":           {request{method: "GET", path: "/%09/evil.example/"}, 404, "there is nothing at this address"},
		"two slashes":          {request{method: "GET", path: "//evil.example/%2f.."}, 404, "there is nothing at this address"},
		"profiler":             {request{method: "GET", path: "/debug/pprof/"}, 404, "there is nothing at this address"},
		"metrics":              {request{method: "GET", path: "/metrics"}, 404, "there is nothing at this address"},
		"body where none goes": {request{as: "admin", method: "POST", path: "/api/v1/trackers/platform/check", body: object{"x": 1}}, 400, "this address takes no body"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := w.rows()
			a := w.do(tt.r)
			if a.status != tt.status || a.header.Get("Content-Type") != "application/problem+json" || a.text("detail") != tt.says || a.text("title") != http.StatusText(tt.status) || a.text("type") != "about:blank" {
				t.Errorf("got %d %s %s, want %d %q", a.status, a.header.Get("Content-Type"), a.body, tt.status, tt.says)
			}
			if a.header.Get("Location") != "" {
				t.Errorf("redirects to %s", a.header.Get("Location"))
			}
			if tt.status == 405 && a.header.Get("Allow") == "" {
				t.Errorf("the Allow header is missing: %v", a.header)
			}
			if w.rows() != before {
				t.Error("something was written")
			}
		})
	}
}

// TestForeignPages: what a page of another site makes a browser send is
// refused, with a token and with a cookie (T11).
func TestForeignPages(t *testing.T) {
	w := newWorld(t)
	for site, status := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 201, "none": 201, "": 201} {
		before := w.rows()
		a := w.do(request{as: "member", method: "POST", path: "/api/v1/measures", body: object{"title": "x", "team": "t_a", "kind": "detect", "priority": "P1"},
			header: map[string]string{"Sec-Fetch-Site": site, "Cookie": "__Host-session=abc"}})
		if a.status != status || (w.rows() == before) != (status == 403) {
			t.Errorf("%q: %d, want %d: %s", site, a.status, status, a.body)
		}
	}
	a := w.do(request{as: "member", method: "POST", path: "/api/v1/measures", body: object{"title": "x"}, header: map[string]string{"Origin": "https://evil.example"}})
	if a.status != 403 {
		t.Errorf("foreign origin: %d", a.status)
	}
	if a := w.do(request{method: "GET", path: "/api/v1/me", header: map[string]string{"Cookie": "__Host-session=abc"}}); a.status != 401 {
		t.Errorf("a cookie alone: %d", a.status)
	}
}

// TestReadingChangesNothing walks every GET of the table.
func TestReadingChangesNothing(t *testing.T) {
	w := newWorld(t)
	key, _ := w.measure(nil)
	w.platform(nil).want(201)
	before := w.rows()
	fill := strings.NewReplacer("{key}", key, "{id}", "platform", "{tracker}", "platform", "{version}", "1")
	for _, r := range w.server.table {
		if r.method == http.MethodGet {
			w.get("admin", prefix+fill.Replace(r.path))
		}
	}
	if w.rows() != before {
		t.Errorf("%d rows of history were written by reading", w.rows()-before)
	}
}

// TestPanic: a fault of the program is a 500 that says nothing, and one line of
// the log that says everything, found by the id in the answer.
func TestPanic(t *testing.T) {
	w := newWorld(t)
	w.server.echo.GET("/boom", func(echo.Context) error { panic("a secret detail") })
	w.server.echo.GET("/fail", func(echo.Context) error { return fmt.Errorf("a secret detail: %w", errors.New("SELECT * FROM tokens")) })
	w.server.echo.GET("/abort", func(echo.Context) error { panic(http.ErrAbortHandler) })
	for _, path := range []string{"/boom", "/fail"} {
		w.log.Reset()
		a := w.get("", path).want(500)
		id := a.header.Get("X-Request-Id")
		if a.text("detail") != "something went wrong on our side; the log names this request "+id || a.text("instance") != "urn:request:"+id {
			t.Errorf("%s: %s", path, a.body)
		}
		log := w.log.String()
		if strings.Count(log, "request failed") != 1 || !strings.Contains(log, id) || !strings.Contains(log, "a secret detail") {
			t.Errorf("%s: log is %q", path, log)
		}
		if strings.Contains(string(a.body), "secret") || strings.Contains(string(a.body), "SELECT") {
			t.Errorf("%s leaks: %s", path, a.body)
		}
	}
	defer func() {
		if r := recover(); r != http.ErrAbortHandler {
			t.Errorf("recovered %v, want the abort to go on", r)
		}
	}()
	w.get("", "/abort")
}

// TestWrongTokens: ten tries, then a pause; a right token always opens. A
// header that anybody can write does not make another address.
func TestWrongTokens(t *testing.T) {
	w := newWorld(t)
	for n := range 20 {
		a := w.do(request{method: "GET", path: "/api/v1/me", header: map[string]string{"Authorization": "Bearer ft_wrong", "X-Forwarded-For": fmt.Sprintf("10.0.0.%d", n)}})
		want := 401
		if n >= maxFailures {
			want = 429
		}
		if a.status != want {
			t.Fatalf("try %d: %d, want %d", n+1, a.status, want)
		}
		if want == 429 && a.header.Get("Retry-After") != "60" || want == 401 && !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("try %d: headers %v", n+1, a.header)
		}
	}
	w.get("viewer", "/api/v1/me").want(200)
	w.advance(time.Minute)
	w.do(request{method: "GET", path: "/api/v1/me", header: map[string]string{"Authorization": "Bearer ft_wrong"}}).want(401)
}

// TestNoToken: every refusal to open reads the same.
func TestNoToken(t *testing.T) {
	w := newWorld(t)
	_, expired, err := w.app.Access.CreateToken(t.Context(), domain.System(), domain.Token{Name: "short", Role: domain.Viewer, ExpiresAt: w.now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	w.advance(2 * time.Hour)
	var first string
	for name, header := range map[string]string{"unknown": "Bearer ft_nobody", "expired": "Bearer " + expired, "foreign kind": "Bearer ghp_1234", "long": "Bearer ft_" + strings.Repeat("x", 500)} {
		a := w.do(request{method: "GET", path: "/api/v1/me", header: map[string]string{"Authorization": header}}).want(401)
		if first == "" {
			first = a.text("detail")
		}
		if a.text("detail") != first {
			t.Errorf("%s: %q, others %q", name, a.text("detail"), first)
		}
	}
	for _, header := range []string{"", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz"} {
		a := w.do(request{method: "GET", path: "/api/v1/me", header: map[string]string{"Authorization": header}}).want(401)
		if a.text("detail") != "send Authorization: Bearer TOKEN" {
			t.Errorf("%q: %s", header, a.body)
		}
	}
}

// TestSetUp: the one-time link works once, for one, and within its time.
func TestSetUp(t *testing.T) {
	w := newEmptyWorld(t)
	secret, _, err := w.app.Access.NewSetup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.post("", "/api/v1/setup", object{"secret": secret, "name": " "}).want(422) // does not use it up
	w.post("", "/api/v1/setup", object{"secret": "WRONG", "name": "Eve"}).want(401)
	made := w.post("", "/api/v1/setup", object{"secret": secret, "name": "Ana Roth", "email": "ana@example.org"}).want(201).json()
	token := made["token"].(object)["secret"].(string)
	w.tokens["ana"] = token
	me := w.get("ana", "/api/v1/me").want(200).json()
	if me["role"] != "admin" || me["all_teams"] != true || me["person"].(object)["name"] != "Ana Roth" {
		t.Errorf("me = %v", me)
	}
	again := w.post("", "/api/v1/setup", object{"secret": secret, "name": "Eve"}).want(401)
	if again.text("detail") != "this set-up link is not valid any more; start the program again to get a new one" {
		t.Errorf("used again: %s", again.body)
	}
	for range maxFailures {
		w.post("", "/api/v1/setup", object{"secret": "WRONG", "name": "Eve"})
	}
	w.post("", "/api/v1/setup", object{"secret": "WRONG", "name": "Eve"}).want(429)
	if _, ok, err := w.app.Access.NewSetup(t.Context()); ok || err != nil {
		t.Errorf("a second link although there is somebody: %v, %v", ok, err)
	}
	if strings.Contains(w.log.String(), secret) || strings.Contains(w.log.String(), token) {
		t.Error("the log holds a secret")
	}

	late := newEmptyWorld(t)
	secret, _, err = late.app.Access.NewSetup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	late.advance(25 * time.Hour)
	late.post("", "/api/v1/setup", object{"secret": secret, "name": "Ana"}).want(401)
}

// TestOneAdministrator: of many who use the link at once, one comes in.
func TestOneAdministrator(t *testing.T) {
	w := newEmptyWorld(t)
	secret, _, err := w.app.Access.NewSetup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made := make(chan error, 50)
	for n := range cap(made) {
		go func() {
			_, _, _, err := w.app.Access.SetUp(context.WithoutCancel(t.Context()), secret, fmt.Sprintf("Person %d", n), "")
			made <- err
		}()
	}
	won := 0
	for range cap(made) {
		if <-made == nil {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d administrators were made", won)
	}
}

// TestReady: health is told apart from readiness.
func TestReady(t *testing.T) {
	w := newWorld(t)
	w.get("", "/healthz").want(200)
	w.get("", "/readyz").want(200)
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	w.get("", "/healthz").want(200)
	a := w.get("", "/readyz").want(503)
	if strings.Contains(string(a.body), "sql") {
		t.Errorf("readyz leaks: %s", a.body)
	}
}

// TestTrustedProxies: an address written by a client counts only when a named
// proxy passed it on, and everybody is not a proxy.
func TestTrustedProxies(t *testing.T) {
	w := newWorld(t)
	everybody := &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}
	if _, err := New(Options{App: w.app, TrustedProxies: []*net.IPNet{everybody}}); err == nil {
		t.Error("everybody was accepted as a proxy")
	}
	_, proxies, err := net.ParseCIDR("192.0.2.0/24")
	if err != nil {
		t.Fatal(err)
	}
	for remote, want := range map[string]string{"192.0.2.7:1234": "198.51.100.9", "203.0.113.5:1234": "203.0.113.5"} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "10.1.1.1, 198.51.100.9")
		r.Header.Set("X-Forwarded-Proto", "https")
		if got := clientIP([]*net.IPNet{proxies})(r); got != want {
			t.Errorf("%s: address %s, want %s", remote, got, want)
		}
		if got := scheme([]*net.IPNet{proxies})(r); (got == "https") != (want == "198.51.100.9") {
			t.Errorf("%s: scheme %s", remote, got)
		}
	}
	if networkOf("2001:db8::1") != networkOf("2001:db8::ffff") || networkOf("2001:db8:0:1::1") == networkOf("2001:db8::1") || networkOf("::ffff:10.0.0.1") != "10.0.0.1" {
		t.Error("addresses are not grouped as they should be")
	}
}
