package githubsim_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// signer makes an app's JWTs.
type signer struct {
	t   *testing.T
	key *rsa.PrivateKey
}

func (g signer) jwt(alg string, claims map[string]any) string {
	g.t.Helper()
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			g.t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	text := part(map[string]string{"alg": alg, "typ": "JWT"}) + "." + part(claims)
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, g.key, crypto.SHA256, digest[:])
	if err != nil {
		g.t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func newSigner(t *testing.T) signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return signer{t, key}
}

func TestAppsActThroughInstallations(t *testing.T) {
	at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	var box inbox
	s, _, _ := world(githubsim.Options{Now: func() time.Time { return at }, Sender: box.take})
	s.AddRepo("acme/other", githubsim.RepoOptions{Private: true})
	g := newSigner(t)
	appID := s.AddApp("follow", "acme", &g.key.PublicKey)
	s.SetAppHook(appID, githubsim.HookOptions{URL: "https://app.example/h", Secret: "hush"})
	id := s.Install(appID, "acme", githubsim.InstallOptions{Repos: []string{"acme/shop"}})
	claims := func() map[string]any {
		return map[string]any{"iss": fmt.Sprint(appID), "iat": at.Unix() - 30, "exp": at.Unix() + 90}
	}
	c := newClient(t, s, g.jwt("RS256", claims()))
	c.do("GET", "/app", nil).want(t, 200)
	c.do("GET", "/app/installations", nil).want(t, 200)
	c.do("GET", fmt.Sprintf("/app/installations/%d", id), nil).want(t, 200)
	c.do("GET", "/repos/acme/shop/installation", nil).want(t, 200)
	tokens := fmt.Sprintf("/app/installations/%d/access_tokens", id)
	var made struct {
		Token     string
		ExpiresAt time.Time `json:"expires_at"`
	}
	c.do("POST", tokens, nil).want(t, 201).into(t, &made)
	if !made.ExpiresAt.Equal(at.Add(time.Hour)) {
		t.Errorf("the token expires at %v", made.ExpiresAt)
	}
	bot := c.as(made.Token)
	r := bot.do("POST", "/repos/acme/shop/issues", map[string]any{"title": "by the app", "labels": []string{"p1"}}).want(t, 201)
	var i struct {
		issue
		User struct{ Login, Type string }
		App  struct{ Slug string } `json:"performed_via_github_app"`
	}
	r.into(t, &i)
	if i.User.Login != "follow[bot]" || i.User.Type != "Bot" || i.App.Slug != "follow" || i.labels() != "p1" {
		t.Errorf("created as %+v", i)
	}
	bot.do("GET", "/installation/repositories", nil).want(t, 200)
	bot.do("GET", "/repos/acme/other", nil).want(t, 404)
	bot.do("GET", "/user", nil).want(t, 403)
	s.SetInstallation(id, "read", false)
	bot.do("POST", "/repos/acme/shop/issues", map[string]any{"title": "x"}).want(t, 403)
	s.SetInstallation(id, "write", true)
	bot.do("GET", "/repos/acme/shop", nil).want(t, 403)
	s.SetInstallation(id, "write", false)
	at = at.Add(time.Hour)
	bot.do("GET", "/repos/acme/shop", nil).want(t, 401)
	c.do("POST", tokens, nil).want(t, 401) // the JWT has expired, too
	c.as(g.jwt("RS256", claims())).do("POST", tokens, nil).want(t, 201)
	s.SetInstallationRepos(id, "acme/other")
	s.Uninstall(id)
	s.Deliver(t.Context())
	schemas := payloadSchemas(t)
	var events []string
	for _, d := range box.got {
		var payload struct{ Installation struct{ ID int64 } }
		if err := json.Unmarshal(d.Body, &payload); err != nil || payload.Installation.ID != id {
			t.Errorf("%s names installation %d, want %d (%v)", d.Event, payload.Installation.ID, id, err)
		}
		events = append(events, d.Event+"."+d.Action)
		if d.Event == "installation" {
			if err := schemas.Check(d.Event+"$"+d.Action, d.Body); err != nil {
				t.Errorf("%s: %v", d.Action, err)
			}
		}
	}
	compareWithRecorded(t, box.got, "installation", "installation_repositories", "issues")
	const want = "installation.created issues.opened issues.labeled installation.suspend installation.unsuspend " +
		"installation_repositories.added installation_repositories.removed installation.deleted"
	if got := strings.Join(events, " "); got != want {
		t.Errorf("the app heard %s, want %s", got, want)
	}
}

func TestBadAppTokensAreRefused(t *testing.T) {
	at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	s, _, _ := world(githubsim.Options{Now: func() time.Time { return at }})
	g, stranger := newSigner(t), newSigner(t)
	appID := s.AddApp("follow", "acme", &g.key.PublicKey)
	claims := func(iss any, iat, exp int64) map[string]any {
		return map[string]any{"iss": iss, "iat": at.Unix() + iat, "exp": at.Unix() + exp}
	}
	c := newClient(t, s, "")
	for name, tc := range map[string]struct {
		jwt    string
		status int
	}{
		"good":            {g.jwt("RS256", claims(fmt.Sprint(appID), -30, 90)), 200},
		"numeric issuer":  {g.jwt("RS256", claims(appID, -30, 90)), 200},
		"another key":     {stranger.jwt("RS256", claims(appID, -30, 90)), 401},
		"another app":     {g.jwt("RS256", claims(7, -30, 90)), 401},
		"unsigned":        {g.jwt("none", claims(appID, -30, 90)), 401},
		"expired":         {g.jwt("RS256", claims(appID, -90, 0)), 401},
		"from the future": {g.jwt("RS256", claims(appID, 31, 90)), 401},
		"lives too long":  {g.jwt("RS256", claims(appID, -30, 601)), 401},
		"no JWT at all":   {"a.b.c", 401},
	} {
		t.Run(name, func(t *testing.T) {
			c.as(tc.jwt).do("GET", "/app", nil).want(t, tc.status)
		})
	}
}

func TestTokensExpireRotateAndLimit(t *testing.T) {
	at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	s, bot, _ := world(githubsim.Options{Now: func() time.Time { return at }})
	c := newClient(t, s, s.Token("bot", githubsim.TokenOptions{Expires: at.Add(time.Hour)}))
	if got := c.do("GET", "/user", nil).want(t, 200).header.Get("GitHub-Authentication-Token-Expiration"); got != "2026-01-05 10:00:00 UTC" {
		t.Errorf("expiration header %q", got)
	}
	at = at.Add(time.Hour)
	c.do("GET", "/user", nil).want(t, 401)
	c = c.as(bot)
	c.do("GET", "/user", nil).want(t, 200)
	s.RevokeToken(bot)
	c.do("GET", "/user", nil).want(t, 401)
	c = c.as(s.Token("bot", githubsim.TokenOptions{ReadOnly: true}))
	c.do("GET", "/repos/acme/shop", nil).want(t, 200)
	r := c.do("POST", "/repos/acme/shop/issues", map[string]any{"title": "x"}).want(t, 403)
	if !strings.Contains(string(r.body), "not accessible by personal access token") {
		t.Errorf("refused with %s", r.body)
	}
	s.SetTokenValue(s.Token("bot", githubsim.TokenOptions{}), "fixed")
	c.as("fixed").do("GET", "/user", nil).want(t, 200)
}
