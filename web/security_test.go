package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func mustURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// T11: what another site makes a browser send is refused.
func TestForeignRequestsAreRefused(t *testing.T) {
	w := newWorld(t)
	b := w.as("member")
	for site, want := range map[string]int{"cross-site": http.StatusForbidden, "same-site": http.StatusForbidden, "same-origin": http.StatusSeeOther} {
		got := b.do(http.MethodPost, "/account", strings.NewReader("language=de"), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", site)
		got.want(want)
	}
	b.do(http.MethodPost, "/account", strings.NewReader("language=de"), "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example").want(http.StatusForbidden)
}

// T19: an encoded path opens nothing and leads nowhere else.
func TestStrangePaths(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for _, path := range []string{"/static/../app.css", "/static/%2e%2e/server.go", "/static/app.css%2fx", "/%09/evil.example/", "/%6deasures%2fx", "//evil.example/", "/static/", "/nothing"} {
		got := b.do(http.MethodGet, path, nil)
		if got.status != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404 (Location %q)", path, got.status, got.header.Get("Location"))
		}
	}
}

func TestHeaders(t *testing.T) {
	w := newWorld(t)
	a := w.as("member").get("/account").want(http.StatusOK)
	for name, want := range map[string]string{
		"Content-Security-Policy":      pagePolicy,
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"X-Frame-Options":              "DENY",
		"Cache-Control":                "no-store",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Content-Type":                 "text/html; charset=UTF-8",
		"Content-Language":             "en",
		"Strict-Transport-Security":    "", // plain http
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if strings.Contains(string(a.body), " style=") || strings.Contains(string(a.body), "onclick=") {
		t.Error("the page has inline style or script")
	}
	css := w.browser().get("/static/app.css?v=" + w.pages.assets).want(http.StatusOK)
	if got := css.header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("style sheet: Cache-Control %q", got)
	}
}

// The cookie of a session travels over TLS only where there is TLS.
func TestCookie(t *testing.T) {
	w := newWorld(t)
	a := w.browser().post("/sign-in", "email", "member@example.org", "password", password).want(http.StatusSeeOther)
	cookie := a.header.Get("Set-Cookie")
	for _, part := range []string{"session=", "Path=/", "HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q lacks %q", cookie, part)
		}
	}
	secure := newSessions(w.app.Access, w.now, true)
	if secure.Cookie.Name != "__Host-session" || !secure.Cookie.Secure {
		t.Errorf("behind https the cookie is %+v", secure.Cookie)
	}
}
