package jira

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// fixed is a header that never changes: an API token with its e-mail address
// (Cloud) or a personal access token (Data Center). Passwords are not offered:
// a wrong one locks the account behind a CAPTCHA (T72).
type fixed string

func (f fixed) header(context.Context) (string, error) { return string(f), nil }
func (fixed) rejected() bool                           { return false }

func basic(mail, token string) fixed {
	return fixed("Basic " + base64.StdEncoding.EncodeToString([]byte(mail+":"+token)))
}

// OAuthCredential is what Secrets.Credential holds, as JSON, for a Cloud site
// reached through OAuth 2.0 (three-legged). The refresh token is replaced at
// each use.
type OAuthCredential struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RefreshToken string `json:"refresh_token"`
	// Site is the address people use, https://SITE.atlassian.net.
	Site string `json:"site,omitempty"`
}

// tokenURL is Atlassian's token endpoint; it is no setting, so that nobody can
// have the secrets sent elsewhere.
const tokenURL = "https://auth.atlassian.com/oauth/token"

// oauth keeps an access token fresh. Only one refresh runs at a time, and the
// new refresh token is saved before the access token is used (K13).
type oauth struct {
	next http.RoundTripper
	now  func() time.Time
	save func(context.Context, string) error

	mu         sync.Mutex
	credential OAuthCredential
	access     string
	fetched    time.Time
	expires    time.Time
}

func (o *oauth) header(ctx context.Context) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.access == "" || !o.now().Before(o.expires.Add(-time.Minute)) {
		if err := o.refresh(ctx); err != nil {
			return "", err
		}
	}
	return "Bearer " + o.access, nil
}

// rejected drops the access token; a fresh one may help unless it was fresh.
func (o *oauth) rejected() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	old := o.access != "" && o.now().Sub(o.fetched) > time.Minute
	o.access = ""
	return old
}

func (o *oauth) refresh(ctx context.Context) error {
	c := o.credential
	body, err := json.Marshal(map[string]string{"grant_type": "refresh_token", "client_id": c.ClientID, "client_secret": c.ClientSecret, "refresh_token": c.RefreshToken})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(withClass(ctx, domain.CallRead), http.MethodPost, tokenURL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	resp, err := o.next.RoundTrip(req)
	if err != nil {
		return &domain.Error{Kind: domain.ErrUnavailable, Message: "Atlassian's token service did not answer", Err: err}
	}
	defer func() { _ = resp.Body.Close() }() // it was read as far as it is used
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if resp.StatusCode >= 400 && resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests {
		return &domain.Error{Kind: domain.ErrUnauthorized, Code: codeAuthBroken, Message: "Atlassian no longer takes the refresh token; connect the site again"}
	}
	var granted struct {
		AccessToken  string      `json:"access_token"`
		RefreshToken string      `json:"refresh_token"`
		ExpiresIn    json.Number `json:"expires_in"`
	}
	if err == nil {
		err = decode(raw, &granted)
	}
	if resp.StatusCode != http.StatusOK || err != nil || granted.AccessToken == "" {
		return &domain.Error{Kind: domain.ErrUnavailable, Message: fmt.Sprintf("Atlassian's token service answered %d without a token", resp.StatusCode), Err: err}
	}
	return o.keep(ctx, granted.AccessToken, granted.RefreshToken, granted.ExpiresIn)
}

func (o *oauth) keep(ctx context.Context, access, refresh string, expires json.Number) error {
	if refresh != "" && refresh != o.credential.RefreshToken {
		next := o.credential
		next.RefreshToken = refresh
		text, err := json.Marshal(next)
		if err != nil {
			return err
		}
		// The old refresh token is spent: losing the new one needs a new consent.
		o.credential = next
		if err := o.save(context.WithoutCancel(ctx), string(text)); err != nil {
			return &domain.Error{Kind: domain.ErrUnavailable, Message: "the new refresh token could not be saved; it is not used before", Err: err}
		}
	}
	seconds, err := expires.Int64()
	if err != nil || seconds <= 0 {
		seconds = 300
	}
	o.access, o.fetched = access, o.now()
	o.expires = o.fetched.Add(time.Duration(seconds) * time.Second)
	return nil
}
