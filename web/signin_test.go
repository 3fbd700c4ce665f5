package web

import (
	"net/http"
	"testing"
)

func TestFirstStart(t *testing.T) {
	w := newEmptyWorld(t)
	secret, ok, err := w.app.Access.NewSetup(t.Context())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	b := w.browser()
	b.get("/").leads("/sign-in")
	b.get("/setup").want(http.StatusOK).says("Create the administrator")
	b.post("/setup", "secret", "wrong", "name", "Ana", "email", "ana@example.org", "password", password).want(http.StatusUnauthorized)
	b.post("/setup", "secret", secret, "name", "Ana", "email", "ana@example.org", "password", "short").want(http.StatusUnprocessableEntity).says("has 5 characters")
	b.post("/setup", "secret", secret, "name", "Ana", "email", "ana@example.org", "password", password).leads("/")
	b.get("/account").want(http.StatusOK).says("ana@example.org")
	// The link works once.
	w.browser().post("/setup", "secret", secret, "name", "Eve", "email", "eve@example.org", "password", password).want(http.StatusUnauthorized)
}

func TestSignInAndOut(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.get("/measures?q=x").leads("/sign-in?next=%2Fmeasures%3Fq%3Dx")
	b.post("/sign-in", "email", "member@example.org", "password", "wrong", "next", "/measures").want(http.StatusUnauthorized).says("the mail address or the password is wrong")
	b.post("/sign-in", "email", "nobody@example.org", "password", password).want(http.StatusUnauthorized).says("the mail address or the password is wrong")
	b.post("/sign-in", "email", "Member@example.org", "password", password, "next", "/measures?q=x").leads("/measures?q=x")
	other := w.as("member")
	b.get("/account").want(http.StatusOK)
	b.post("/account/sign-out-everywhere").want(http.StatusSeeOther)
	b.get("/account").want(http.StatusSeeOther)
	other.get("/account").want(http.StatusSeeOther)
}

// A session id that a stranger planted opens nothing after the sign-in.
func TestSessionIsRenewed(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.post("/sign-in", "email", "member@example.org", "password", password).want(http.StatusSeeOther)
	before := b.client.Jar.Cookies(mustURL(t, w.http.URL))[0].Value
	b.post("/sign-in", "email", "member@example.org", "password", password).want(http.StatusSeeOther)
	after := b.client.Jar.Cookies(mustURL(t, w.http.URL))[0].Value
	if before == after {
		t.Fatal("the session kept its id over a sign-in")
	}
	old := w.browser()
	old.header["Cookie"] = "session=" + before
	old.get("/account").want(http.StatusSeeOther)
}

func TestWrongPasswordsAreSlowedDown(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for range maxFailures {
		b.post("/sign-in", "email", "member@example.org", "password", "wrong").want(http.StatusUnauthorized)
	}
	b.post("/sign-in", "email", "member@example.org", "password", password).want(http.StatusServiceUnavailable).says("wait a quarter of an hour")
	w.advance(failureWindow)
	b.post("/sign-in", "email", "member@example.org", "password", password).want(http.StatusSeeOther)
}

func TestChangePassword(t *testing.T) {
	w := newWorld(t)
	b, other := w.as("member"), w.as("member")
	b.post("/account/password", "old_password", "wrong", "password", "another long password").want(http.StatusUnprocessableEntity).says("is wrong")
	b.post("/account/password", "old_password", password, "password", "another long password").leads("/account?done=password")
	b.get("/account?done=password").want(http.StatusOK).says("The password was changed")
	other.get("/account").want(http.StatusSeeOther)
}

func TestOwnPath(t *testing.T) {
	for next, want := range map[string]string{
		"/measures?q=a+b": "/measures?q=a+b", "": "/", "/": "/", "//evil.example": "/", `/\evil.example`: "/", "/%5cevil.example": "/",
		"/\t/evil.example": "/", "https:evil.example": "/", "https://evil.example": "/", "javascript:alert(1)": "/", "/%2fevil.example": "/",
		"/%09/evil.example": "/", "///evil": "/", "evil": "/", "/ok#frag": "/ok", "http:///evil": "/", "/\r\nSet-Cookie:x": "/",
	} {
		if got := ownPath(next); got != want {
			t.Errorf("ownPath(%q) = %q, want %q", next, got, want)
		}
	}
}
