package github_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// appKey makes an app's key, in the PEM form GitHub hands out.
func appKey(t testing.TB) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// appSite is a site whose adapters act as an installed GitHub App.
func appSite(t testing.TB, key *rsa.PrivateKey, secret string, change ...func(*githubsim.Options)) (*site, int64) {
	t.Helper()
	s := newSite(t, change...)
	// Apps sign with the machine's clock, so the simulated GitHub lives in the same time.
	s.clock.mu.Lock()
	s.clock.at = time.Now().UTC().Truncate(time.Second)
	s.clock.mu.Unlock()
	appID := s.AddApp("followthrough", "acme", &key.PublicKey)
	installation := s.Install(appID, "acme", githubsim.InstallOptions{Repos: []string{repo}, Hooks: true})
	s.config = func(c *github.Config) {
		c.Tracker.AppID, c.Tracker.InstallationID, c.Secrets.Credential = appID, installation, secret
	}
	return s, installation
}

// TestConformanceAsApp: an app's installation is as good as a token.
func TestConformanceAsApp(t *testing.T) {
	key, secret := appKey(t)
	for name, change := range map[string]func(*githubsim.Options){"github.com": func(*githubsim.Options) {}, "ghes": func(o *githubsim.Options) { o.Enterprise = "3.19.0" }} {
		t.Run(name, func(t *testing.T) {
			trackertest.Run(t, func(t testing.TB) trackertest.Site {
				s, _ := appSite(t, key, secret, change)
				// A first look fetches the token, so that the suite's faults meet what they are meant for.
				return warm{s}
			})
		})
	}
}

// warm is a site whose adapters have their token already.
type warm struct{ *site }

func (w warm) Tracker(t testing.TB) tracksync.Tracker {
	tracker := w.adapter(t)
	_, err := tracker.Check(t.Context())
	must(t, err)
	return tracker
}

// T27: one token serves its whole hour, and the app's key is sent nowhere but
// to the exchange.
func TestAppTokensAreReused(t *testing.T) {
	key, secret := appKey(t)
	s, _ := appSite(t, key, secret)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	for range 5 {
		fetch(t, tracker, on.Ref)
	}
	exchanges := 0
	for _, r := range s.sent.take() {
		exchange := strings.HasSuffix(r.Path, "/access_tokens")
		if exchange {
			exchanges++
		}
		if jwt := strings.Count(r.Header.Get("Authorization"), ".") == 2; jwt != exchange {
			t.Errorf("%s %s carries the app's signature: %v", r.Method, r.Path, jwt)
		}
	}
	if exchanges != 1 {
		t.Errorf("%d tokens for 8 requests", exchanges)
	}
	if got := s.state(t, on.Ref); got.App != "followthrough" {
		t.Errorf("the issue was made by app %q", got.App)
	}
}

// T49, T72: a key or a clock GitHub refuses breaks the credential; a GitHub that
// is down, limited or in the way does not, and nothing is in doubt.
func TestAppTokenFailures(t *testing.T) {
	key, secret := appKey(t)
	other, _ := appKey(t)
	const exchange = "/app/installations/{installation}/access_tokens"
	for name, test := range map[string]struct {
		spoil func(*site, int64)
		want  domain.Kind
	}{
		"clock too fast": {func(s *site, _ int64) { s.SetClockOffset(-time.Hour) }, domain.ErrUnauthorized},
		"clock too slow": {func(s *site, _ int64) { s.SetClockOffset(time.Hour) }, domain.ErrUnauthorized},
		"uninstalled":    {func(s *site, id int64) { s.Uninstall(id) }, domain.ErrUnauthorized},
		"suspended":      {func(s *site, id int64) { s.SetInstallation(id, "write", true) }, domain.ErrUnauthorized},
		"another key": {func(s *site, id int64) {
			appID := s.AddApp("elsewhere", "acme", &other.PublicKey)
			s.config = func(c *github.Config) {
				c.Tracker.AppID, c.Tracker.InstallationID, c.Secrets.Credential = appID, id, secret
			}
		}, domain.ErrUnauthorized},
		"down": {func(s *site, _ int64) {
			s.Inject(githubsim.Rule{Path: exchange, Effect: githubsim.ServerError(502, false)})
		}, domain.ErrUnavailable},
		"reset": {func(s *site, _ int64) { s.Inject(githubsim.Rule{Path: exchange, Effect: githubsim.Reset(true)}) }, domain.ErrUnavailable},
		"limited": {func(s *site, _ int64) {
			s.Inject(githubsim.Rule{Path: exchange, Effect: githubsim.SecondaryLimit(403, "60")})
		}, domain.ErrLimited},
		"redirected": {func(s *site, _ int64) {
			s.Inject(githubsim.Rule{Path: exchange, Effect: githubsim.Redirect(307, "https://evil.example/")})
		}, domain.ErrUnavailable},
		"half": {func(s *site, _ int64) { s.Inject(githubsim.Rule{Path: exchange, Effect: githubsim.Truncated(10)}) }, domain.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s, id := appSite(t, key, secret)
			s.faulty.Store(true)
			test.spoil(s, id)
			_, err := s.adapter(t).Create(t.Context(), draft())
			wantKind(t, err, test.want)
			if strings.Contains(err.Error(), secret) {
				t.Error("the error carries the key")
			}
			if n := len(s.Oracle()); n != 0 {
				t.Errorf("%d issues exist", n)
			}
			for _, r := range s.sent.take() {
				if !strings.HasSuffix(r.Path, "/access_tokens") {
					t.Errorf("%s %s was sent without a token", r.Method, r.Path)
				}
			}
		})
	}
}

// T50: an app without the permission is told before anything is written.
func TestAppPermissions(t *testing.T) {
	key, secret := appKey(t)
	s, id := appSite(t, key, secret)
	report, err := s.adapter(t).Check(t.Context())
	must(t, err)
	if !report.CanWrite || len(report.Problems) > 0 || !strings.HasPrefix(report.Account, "app ") {
		t.Errorf("report %+v", report)
	}
	s.SetInstallation(id, "read", false)
	report, err = s.adapter(t).Check(t.Context())
	must(t, err)
	if report.CanWrite || len(report.Problems) == 0 {
		t.Errorf("report %+v", report)
	}
}

// An app manages the repository's webhook with its own permission.
func TestAppInstallsHook(t *testing.T) {
	key, secret := appKey(t)
	s, _ := appSite(t, key, secret)
	made, err := s.adapter(t).InstallHook(t.Context(), address, secretA)
	must(t, err)
	if made.ID == 0 || !made.Active {
		t.Errorf("made %+v", made)
	}
}
