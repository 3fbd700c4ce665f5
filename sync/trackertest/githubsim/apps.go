package githubsim

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AddApp registers a GitHub App whose JWTs are signed with the private half of
// key, and returns its id. It acts as the bot "slug[bot]".
func (s *Server) AddApp(slug, owner string, key *rsa.PublicKey) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &app{id: s.rand.Int64N(900_000) + 100_000, slug: slug, owner: s.mustUser(owner), key: key, at: s.now()}
	a.bot = s.newUser(slug+"[bot]", "Bot")
	s.apps[a.id] = a
	return a.id
}

// InstallOptions say what an installation may do.
type InstallOptions struct {
	// Repos limits it to these repositories; nil means all of the account.
	Repos []string
	// Issues is none, read or write; empty means write.
	Issues string
	// Hooks lets it manage webhooks.
	Hooks bool
}

// Install installs an app on an account and returns the installation's id.
func (s *Server) Install(appID int64, account string, o InstallOptions) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := &installation{
		id: s.rand.Int64N(90_000_000) + 10_000_000, app: s.mustApp(appID), account: s.mustUser(account),
		issues: cmpOr(o.Issues, "write"), hooks: o.Hooks, at: s.now(),
	}
	if o.Repos != nil {
		in.repos = map[int64]bool{}
		for _, full := range o.Repos {
			in.repos[s.mustRepo(full).id] = true
		}
	}
	s.installs[in.id] = in
	s.emitInstallation(in, "created")
	return in.id
}

// SetInstallation changes the issues permission and the suspension of an
// installation.
func (s *Server) SetInstallation(id int64, issues string, suspended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.installs[id]
	if in == nil {
		panic(fmt.Sprintf("githubsim: there is no installation %d", id))
	}
	was := in.suspended
	in.issues, in.suspended = issues, suspended
	if suspended && !was {
		s.emitInstallation(in, "suspend")
	}
	if !suspended && was {
		s.emitInstallation(in, "unsuspend")
	}
	s.tick()
}

// SetInstallationRepos changes which repositories an installation covers; none
// means all of the account. The app hears which were added and removed.
func (s *Server) SetInstallationRepos(id int64, repos ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.installs[id]
	if in == nil {
		panic(fmt.Sprintf("githubsim: there is no installation %d", id))
	}
	before := s.installedRepos(in)
	in.repos = nil
	if len(repos) > 0 {
		in.repos = map[int64]bool{}
		for _, full := range repos {
			in.repos[s.mustRepo(full).id] = true
		}
	}
	after := s.installedRepos(in)
	s.emitRepositories(in, "added", minus(after, before))
	s.emitRepositories(in, "removed", minus(before, after))
	s.tick()
}

func (s *Server) emitRepositories(in *installation, action string, list []*repo) {
	if len(list) == 0 {
		return
	}
	members := map[string]any{"installation": s.hookInstallation(in), "repository_selection": in.selection(), "requester": nil}
	members["repositories_added"], members["repositories_removed"] = []any{}, []any{}
	members["repositories_"+action] = wireBriefly(list)
	s.postToApp(in, "installation_repositories", action, members)
}

// Uninstall removes an installation and its tokens.
func (s *Server) Uninstall(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.installs[id]
	if in == nil {
		return
	}
	s.emitInstallation(in, "deleted")
	delete(s.installs, id)
	for value, t := range s.tokens {
		if t.install == in {
			delete(s.tokens, value)
		}
	}
}

func (s *Server) mustApp(id int64) *app {
	if a := s.apps[id]; a != nil {
		return a
	}
	panic(fmt.Sprintf("githubsim: there is no app %d", id))
}

func (s *Server) emitInstallation(in *installation, action string) {
	s.postToApp(in, "installation", action, map[string]any{
		"installation": s.hookInstallation(in), "repositories": wireBriefly(s.installedRepos(in)),
	})
}

// hookInstallation is an installation as webhooks carry it. Its times have been
// recorded as numbers and as text; numbers are the form clients trip over.
func (s *Server) hookInstallation(in *installation) map[string]any {
	w := s.wireInstallation(in)
	w["created_at"], w["updated_at"] = in.at.Unix(), in.at.Unix()
	return w
}

func wireBriefly(repos []*repo) []map[string]any {
	list := []map[string]any{}
	for _, r := range repos {
		list = append(list, map[string]any{
			"id": r.id, "node_id": nodeID("R_kgDO", r.id), "name": r.name, "full_name": r.full(), "private": r.private,
		})
	}
	return list
}

// postToApp sends an event about an installation to the hook of its app.
func (s *Server) postToApp(in *installation, event, action string, members map[string]any) {
	for _, h := range s.sortedHooks() {
		if h.app == in.app {
			s.post(h, nil, in, event, action, in.account, maps.Clone(members))
		}
	}
}

func (s *Server) installedRepos(in *installation) []*repo {
	var list []*repo
	for _, r := range s.reposByID {
		if r.owner == in.account && !r.deleted && (in.repos == nil || in.repos[r.id]) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *repo) int { return int(a.id - b.id) })
	return list
}

// authenticateApp checks an app's JWT: RS256, issued by a registered app, not
// expired, not from the future, and not valid for more than ten minutes.
func (c *call) authenticateApp(jwt string) *reply {
	refuse := func(message string) *reply {
		c.count("bad_jwt")
		return c.fail(http.StatusUnauthorized, message, "")
	}
	parts := strings.Split(jwt, ".")
	var head struct{ Alg string }
	var claims struct {
		Iss      json.RawMessage
		Iat, Exp float64
	}
	if !segment(parts[0], &head) || !segment(parts[1], &claims) || head.Alg != "RS256" {
		return refuse("A JSON web token could not be decoded")
	}
	id, _ := strconv.ParseInt(strings.Trim(string(claims.Iss), `"`), 10, 64)
	a := c.apps[id]
	if a == nil {
		return refuse("Integration must generate a public key")
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || a.key == nil || rsa.VerifyPKCS1v15(a.key, crypto.SHA256, digest[:], signature) != nil {
		return refuse("A JSON web token could not be decoded")
	}
	now := float64(c.now.Unix())
	switch {
	case claims.Exp <= now:
		return refuse("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	case claims.Exp > now+600:
		return refuse("'Expiration time' claim ('exp') is too far in the future")
	case claims.Iat > now:
		return refuse("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	}
	c.who = &actor{app: a}
	return nil
}

func segment(part string, into any) bool {
	plain, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(plain, into) == nil
}

// needApp refuses calls that only an app itself may make.
func (c *call) needApp() *reply {
	if c.who.app == nil {
		return c.fail(http.StatusUnauthorized, "A JSON web token could not be decoded", "apps/apps")
	}
	return nil
}

func (c *call) getApp() *reply {
	if other := c.needApp(); other != nil {
		return other
	}
	return ok(c.wireApp(c.who.app))
}

// ownInstallation finds an installation of the calling app.
func (c *call) ownInstallation() (*installation, *reply) {
	if other := c.needApp(); other != nil {
		return nil, other
	}
	id, _ := strconv.ParseInt(c.params["installation"], 10, 64)
	in := c.installs[id]
	if in == nil || in.app != c.who.app {
		return nil, c.notFound()
	}
	return in, nil
}

func (c *call) getInstallation() *reply {
	in, other := c.ownInstallation()
	if other != nil {
		return other
	}
	return ok(c.wireInstallation(in))
}

func (c *call) listInstallations() *reply {
	if other := c.needApp(); other != nil {
		return other
	}
	var list []*installation
	for _, in := range c.installs {
		if in.app == c.who.app {
			list = append(list, in)
		}
	}
	slices.SortFunc(list, func(a, b *installation) int { return int(a.id - b.id) })
	rows := make([]map[string]any, 0, len(list))
	for _, in := range list {
		rows = append(rows, c.wireInstallation(in))
	}
	return cut(c, rows)
}

func (c *call) repoInstallation() *reply {
	if other := c.needApp(); other != nil {
		return other
	}
	for _, in := range c.installs {
		for _, r := range c.installedRepos(in) {
			if in.app == c.who.app && fold(r.full()) == fold(c.params["owner"]+"/"+c.params["repo"]) {
				return ok(c.wireInstallation(in))
			}
		}
	}
	return c.notFound()
}

func (c *call) installationRepos() *reply {
	if c.who.install == nil {
		return c.fail(http.StatusForbidden, "You must authenticate with an installation access token in order to list repositories for an installation.", "apps/installations")
	}
	repos := c.installedRepos(c.who.install)
	rows := make([]wireRepo, 0, len(repos))
	for _, r := range repos {
		rows = append(rows, c.wireRepo(r))
	}
	page := cut(c, rows)
	page.value = map[string]any{"total_count": len(repos), "repositories": page.value}
	return page
}

// createInstallationToken is G11. Tokens last an hour and do not replace each
// other.
func (c *call) createInstallationToken() *reply {
	in, other := c.ownInstallation()
	if other != nil {
		return other
	}
	if in.suspended {
		return c.fail(http.StatusForbidden, "This installation has been suspended", "apps/apps")
	}
	t := &token{value: c.secret("ghs_"), user: in.app.bot, install: in, expires: c.now.Add(time.Hour)}
	c.tokens[t.value] = t
	c.count("installation_token")
	return &reply{status: http.StatusCreated, value: map[string]any{
		"token": t.value, "expires_at": stamp(t.expires), "permissions": in.permissions(), "repository_selection": in.selection(),
	}}
}

func (in *installation) permissions() map[string]string {
	p := map[string]string{"metadata": "read"}
	if in.issues != "none" {
		p["issues"] = in.issues
	}
	if in.hooks {
		p["repository_hooks"] = "write"
	}
	return p
}

func (in *installation) selection() string {
	if in.repos == nil {
		return "all"
	}
	return "selected"
}

func (s *Server) wireInstallation(in *installation) map[string]any {
	id := strconv.FormatInt(in.id, 10)
	w := map[string]any{
		"id": in.id, "account": s.wireUser(in.account), "repository_selection": in.selection(),
		"access_tokens_url": s.api("/app/installations/" + id + "/access_tokens"),
		"repositories_url":  s.api("/installation/repositories"), "html_url": s.html("/settings/installations/" + id),
		"app_id": in.app.id, "app_slug": in.app.slug, "target_id": in.account.id, "target_type": in.account.kind,
		"permissions": in.permissions(), "events": []string{"issues", "label", "repository"},
		"created_at": stamp(in.at), "updated_at": stamp(in.at), "single_file_name": nil,
		"has_multiple_single_files": false, "single_file_paths": []string{}, "suspended_by": nil, "suspended_at": nil,
	}
	if in.suspended {
		w["suspended_by"], w["suspended_at"] = s.wireUser(in.account), stamp(s.now())
	}
	return w
}
