package jirasim

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// token is a credential.
type token struct {
	value    string
	user     *user
	expires  time.Time
	oauth    bool
	revoked  bool
	readOnly bool
	client   string
	secret   string
}

// AddToken gives a user an API token (Cloud, used with Basic and the e-mail
// address) or a personal access token (Data Center, used with Bearer). If
// value is empty one is made up. A zero expires means never.
func (s *Server) AddToken(userRef, value string, expires time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value == "" {
		value = s.secret("token")
	}
	s.tokens[value] = &token{value: value, user: s.mustUser(userRef), expires: expires}
	return value
}

// AddReadOnlyToken gives a user a token whose scopes allow no writes: those
// are answered with 403 on Data Center and 401 "scope does not match" on Cloud.
func (s *Server) AddReadOnlyToken(userRef, value string) string {
	value = s.AddToken(userRef, value, time.Time{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[value].readOnly = true
	return value
}

// RevokeToken makes a token useless, as rotation does.
func (s *Server) RevokeToken(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokens[value]; t != nil {
		t.revoked = true
	}
	if t := s.refresh[value]; t != nil {
		t.revoked = true
	}
}

func (s *Server) secret(kind string) string {
	return fmt.Sprintf("%s-%d-%016x%016x", kind, s.next("secret"), s.rand.Uint64(), s.rand.Uint64())
}

// authenticate finds out who asks. Without credentials the caller is
// anonymous, which is not an error here.
func (c *call) authenticate() *reply {
	h := c.header.Get("Authorization")
	if h == "" {
		return nil
	}
	scheme, rest, _ := strings.Cut(h, " ")
	var t *token
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		if t = c.tokens[rest]; t != nil && c.cloud() && !t.oauth {
			t = nil // API tokens are not bearer tokens
		}
	case strings.EqualFold(scheme, "Basic"):
		t = c.basic(rest)
	}
	if t == nil || t.revoked || t.user.Inactive || !t.expires.IsZero() && !c.now.Before(t.expires) {
		c.count("unauthorized")
		return c.unauthorized()
	}
	if t.readOnly && c.method != http.MethodGet && (c.route == nil || !strings.HasPrefix(c.route.pattern, "/search")) {
		c.count("scope")
		if c.cloud() {
			return &reply{status: http.StatusUnauthorized, value: map[string]any{"code": 401, "message": "Unauthorized; scope does not match"}}
		}
		return c.fail(http.StatusForbidden, "You do not have the permission to see the specified issue.")
	}
	c.who, c.token = t.user, t
	return nil
}

func (c *call) basic(encoded string) *token {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil
	}
	name, secret, _ := strings.Cut(string(raw), ":")
	t := c.tokens[secret]
	switch {
	case t == nil || t.oauth:
		return nil
	case c.cloud() && strings.EqualFold(t.user.Email, name):
		return t
	case !c.cloud() && c.opts.PasswordLogin && t.user.Name == name:
		return t
	}
	return nil
}

func (c *call) unauthorized() *reply {
	r := &reply{status: http.StatusUnauthorized, value: map[string]any{
		"message": "Client must be authenticated to access this resource.", "status-code": 401,
	}}
	if c.header.Get("Authorization") != "" {
		r.set("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")
	}
	return r.set("WWW-Authenticate", `OAuth realm="`+strings.ReplaceAll(c.base.String(), ":", "%3A")+`"`)
}
