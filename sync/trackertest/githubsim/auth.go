package githubsim

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// actor is who a request acts for.
type actor struct {
	user    *user // nil when anonymous and for an app itself
	install *installation
	app     *app // set when an app acts with its own JWT
	token   *token
}

// bucket is the key of the rate limit: limits belong to users and
// installations, not to tokens.
func (a *actor) bucket() string {
	switch {
	case a.install != nil:
		return fmt.Sprintf("installation %d", a.install.id)
	case a.app != nil:
		return fmt.Sprintf("app %d", a.app.id)
	case a.user != nil:
		return "user " + a.user.login
	}
	return "anonymous"
}

// credential is what answers may differ by, and what ETags are bound to.
func (a *actor) credential() string {
	if a.token != nil {
		return a.token.value
	}
	return a.bucket()
}

// authenticate resolves the Authorization header. A non-nil reply refuses it.
func (c *call) authenticate() *reply {
	c.who = &actor{}
	value := c.header.Get("Authorization")
	if value == "" {
		return nil
	}
	secret := bearer(value)
	if strings.Count(secret, ".") == 2 {
		return c.authenticateApp(secret)
	}
	t := c.tokens[secret]
	if t == nil || (!t.expires.IsZero() && !c.now.Before(t.expires)) {
		c.count("bad_credentials")
		return c.fail(http.StatusUnauthorized, "Bad credentials", "")
	}
	if t.install != nil && t.install.suspended {
		return c.fail(http.StatusForbidden, "This installation has been suspended", "")
	}
	c.who = &actor{user: t.user, install: t.install, token: t}
	return nil
}

func bearer(value string) string {
	scheme, rest, found := strings.Cut(value, " ")
	if !found {
		return ""
	}
	switch strings.ToLower(scheme) {
	case "bearer", "token":
		return strings.TrimSpace(rest)
	case "basic":
		plain, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return ""
		}
		_, password, _ := strings.Cut(string(plain), ":")
		return password
	}
	return ""
}

// role is what the actor may do in r.
func (c *call) role(r *repo) Role {
	a := c.who
	switch {
	case a.install != nil:
		return installRole(a.install, r)
	case a.user == nil:
		return visitor(r)
	case a.token != nil && a.token.repos != nil && !a.token.repos[r.id]:
		return visitor(r)
	}
	role := r.role(a.user)
	if a.token != nil && a.token.readOnly && role > RoleRead {
		return RoleRead
	}
	return role
}

func installRole(in *installation, r *repo) Role {
	if in.account != r.owner || (in.repos != nil && !in.repos[r.id]) {
		return visitor(r)
	}
	switch in.issues {
	case "write":
		return RoleWrite
	case "read":
		return RoleRead
	}
	return visitor(r)
}

func visitor(r *repo) Role {
	if r.private {
		return RoleNone
	}
	return RoleRead
}

func (r *repo) role(u *user) Role {
	if u == r.owner {
		return RoleAdmin
	}
	return max(r.roles[u.id], visitor(r))
}

func (c *call) mayRead(r *repo) bool { return c.role(r) >= RoleRead }

// mayPush reports what GitHub calls push access, without which labels,
// assignees, milestone and type are dropped silently.
func (c *call) mayPush(r *repo) bool { return c.role(r) >= RoleTriage && !c.drop }

// needWriter refuses writes by callers who cannot write at all.
func (c *call) needWriter(r *repo) *reply {
	if c.who.user == nil && c.who.install == nil {
		return c.fail(http.StatusUnauthorized, "Requires authentication", "")
	}
	if r.archived {
		return c.archived()
	}
	if c.who.install != nil && c.role(r) < RoleWrite {
		return c.forbidden()
	}
	if c.who.token != nil && c.who.token.readOnly {
		c.count("forbidden")
		return c.fail(http.StatusForbidden, "Resource not accessible by personal access token", "")
	}
	return nil
}

// login names the person or bot a change is made by.
func (c *call) actingUser() *user { return c.who.user }

func (c *call) actingApp() *app {
	if c.who.install != nil {
		return c.who.install.app
	}
	return nil
}

// expiry is the value of GitHub-Authentication-Token-Expiration.
func expiry(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
