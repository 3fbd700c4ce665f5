package jirasim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// App is an OAuth 2.0 (3LO) app that a user has given consent to.
type App struct {
	ClientID, ClientSecret string
	RefreshToken           string
}

// AddApp lets a user consent to an app and returns the first refresh token.
// Missing ids and secrets are made up.
func (s *Server) AddApp(userRef string, a App) App {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range []*string{&a.ClientID, &a.ClientSecret, &a.RefreshToken} {
		if *f == "" {
			*f = s.secret("oauth")
		}
	}
	s.refresh[a.RefreshToken] = &token{value: a.RefreshToken, user: s.mustUser(userRef), client: a.ClientID, secret: a.ClientSecret}
	return a
}

// oauthToken exchanges a refresh token for an access token and the next
// refresh token. The old one is used up: presented again it revokes nothing
// but is refused, as in Jira after its short leeway.
func (c *call) oauthToken() *reply {
	var in struct {
		GrantType    string `json:"grant_type"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		RefreshToken string `json:"refresh_token"`
	}
	if strings.HasPrefix(c.header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return oauthError(http.StatusBadRequest, "invalid_request", "The body is not a form.")
		}
		in.GrantType, in.ClientID = form.Get("grant_type"), form.Get("client_id")
		in.ClientSecret, in.RefreshToken = form.Get("client_secret"), form.Get("refresh_token")
	} else if json.Unmarshal(c.body, &in) != nil {
		return oauthError(http.StatusBadRequest, "invalid_request", "The body is not JSON.")
	}
	old := c.refresh[in.RefreshToken]
	switch {
	case in.GrantType != "refresh_token":
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", "Only refresh_token is simulated.")
	case old == nil || old.revoked:
		c.count("refresh_token_refused")
		return oauthError(http.StatusForbidden, "unauthorized_client", "refresh_token is invalid")
	case old.client != in.ClientID || old.secret != in.ClientSecret:
		return oauthError(http.StatusUnauthorized, "access_denied", "Unauthorized")
	}
	old.revoked = true
	next := *old
	next.value, next.revoked = c.secret("refresh"), false
	c.refresh[next.value] = &next
	access := &token{
		value: c.secret("access"), user: old.user, oauth: true, expires: c.now.Add(c.opts.AccessTokenLife),
		client: old.client, secret: old.secret,
	}
	c.tokens[access.value] = access
	c.count("token_refreshed")
	return ok(object{
		"access_token": access.value, "refresh_token": next.value, "token_type": "Bearer",
		"expires_in": int(c.opts.AccessTokenLife.Seconds()), "scope": "read:jira-work write:jira-work offline_access",
	})
}

func oauthError(status int, code, description string) *reply {
	return &reply{status: status, value: object{"error": code, "error_description": description}}
}
