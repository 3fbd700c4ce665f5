package githubsim

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// hook is a webhook of a repository, an organisation or an app.
type hook struct {
	id      int64
	repo    *repo
	org     *user
	app     *app
	url     string
	secret  string
	content string
	events  []string
	active  bool
	created time.Time
	last    *delivery
}

// HookOptions describe a webhook made without the API.
type HookOptions struct {
	URL    string
	Secret string
	// Events are the events to send; none means all of them.
	Events []string
}

// AddRepoHook adds a webhook to a repository, without the ping that the API
// sends, and returns its id.
func (s *Server) AddRepoHook(full string, o HookOptions) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addHook(&hook{repo: s.mustRepo(full)}, o).id
}

// AddOrgHook adds a webhook to an organisation and returns its id.
func (s *Server) AddOrgHook(login string, o HookOptions) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addHook(&hook{org: s.mustUser(login)}, o).id
}

// SetAppHook sets the webhook of an app, which covers all its installations,
// and returns its id.
func (s *Server) SetAppHook(appID int64, o HookOptions) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.mustApp(appID)
	for id, h := range s.hooks {
		if h.app == a {
			delete(s.hooks, id)
		}
	}
	return s.addHook(&hook{app: a}, o).id
}

func (s *Server) addHook(h *hook, o HookOptions) *hook {
	h.id, h.url, h.secret, h.events = s.id(), o.URL, o.Secret, o.Events
	if len(h.events) == 0 {
		h.events = []string{"*"}
	}
	h.content, h.active, h.created = "json", true, s.now()
	s.hooks[h.id] = h
	return h
}

// covers reports whether the hook hears of events in r, and through which
// installation if it is an app's.
func (s *Server) covers(h *hook, r *repo) (*installation, bool) {
	switch {
	case h.repo != nil:
		return nil, h.repo == r
	case h.org != nil:
		return nil, h.org == r.owner
	}
	for _, in := range s.installs {
		if in.app == h.app && in.account == r.owner && !in.suspended && (in.repos == nil || in.repos[r.id]) {
			return in, true
		}
	}
	return nil, false
}

func (s *Server) emitIssue(i *issue, action string, by *user, extra map[string]any) {
	if len(s.hooks) == 0 {
		return
	}
	members := map[string]any{"issue": s.wireIssue(i.cur(), true)}
	maps.Copy(members, extra)
	s.emit(i.repo, "issues", action, by, members)
}

// emit sends an event of a repository to every hook that listens.
func (s *Server) emit(r *repo, event, action string, by *user, members map[string]any) {
	for _, h := range s.sortedHooks() {
		in, covered := s.covers(h, r)
		if !covered {
			continue
		}
		payload := map[string]any{"repository": s.hookRepo(r)}
		if r.owner.kind == "Organization" {
			payload["organization"] = s.wireOrg(r.owner)
		}
		if in != nil {
			payload["installation"] = map[string]any{"id": in.id, "node_id": nodeID("MDIz", in.id)}
		}
		maps.Copy(payload, members)
		s.post(h, r, in, event, action, by, payload)
	}
}

func (s *Server) sortedHooks() []*hook {
	list := make([]*hook, 0, len(s.hooks))
	for _, h := range s.hooks {
		list = append(list, h)
	}
	slices.SortFunc(list, func(a, b *hook) int { return int(a.id - b.id) })
	return list
}

// post completes a payload and queues its delivery.
func (s *Server) post(h *hook, r *repo, in *installation, event, action string, by *user, payload map[string]any) {
	if !h.active || event != "ping" && !slices.Contains(h.events, "*") && !slices.Contains(h.events, event) {
		return
	}
	if action != "" {
		payload["action"] = action
	}
	if by != nil {
		payload["sender"] = s.wireUser(by)
	}
	d := &delivery{
		guid: s.guid(), hook: h, event: event, action: action, body: encode(payload), repo: r, install: in,
	}
	d.header = s.hookHeader(d)
	s.schedule(d)
}

func (s *Server) guid() string {
	a, b := s.rand.Uint64(), s.rand.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

func (s *Server) hookHeader(d *delivery) http.Header {
	h := http.Header{}
	h.Set("Accept", "*/*")
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "GitHub-Hookshot/simulated")
	h.Set("X-GitHub-Delivery", d.guid)
	h.Set("X-GitHub-Event", d.event)
	h.Set("X-GitHub-Hook-ID", strconv.FormatInt(d.hook.id, 10))
	kind, target := "repository", int64(0)
	switch {
	case d.hook.repo != nil:
		target = d.hook.repo.id
	case d.hook.org != nil:
		kind, target = "organization", d.hook.org.id
	case d.hook.app != nil:
		kind, target = "integration", d.hook.app.id
	}
	h.Set("X-GitHub-Hook-Installation-Target-Type", kind)
	h.Set("X-GitHub-Hook-Installation-Target-ID", strconv.FormatInt(target, 10))
	if s.opts.Enterprise != "" {
		h.Set("X-GitHub-Enterprise-Version", s.opts.Enterprise)
		h.Set("X-GitHub-Enterprise-Host", s.web.Host)
	}
	if d.hook.secret != "" {
		h.Set("X-Hub-Signature", "sha1="+sign(sha1.New, d.hook.secret, d.body))
		h.Set("X-Hub-Signature-256", "sha256="+sign(sha256.New, d.hook.secret, d.body))
	}
	return h
}

func sign(h func() hash.Hash, secret string, body []byte) string {
	m := hmac.New(h, []byte(secret))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// hookRepo is a repository as webhook payloads carry it.
func (s *Server) hookRepo(r *repo) wireRepo {
	w := s.wireRepo(r)
	w["custom_properties"] = map[string]any{}
	return w
}

func (s *Server) wireOrg(u *user) map[string]any {
	at := s.api("/orgs/" + u.login)
	return map[string]any{
		"login": u.login, "id": u.id, "node_id": nodeID("O_kgDO", u.id), "url": at, "repos_url": at + "/repos",
		"events_url": at + "/events", "hooks_url": at + "/hooks", "issues_url": at + "/issues",
		"members_url": at + "/members{/member}", "public_members_url": at + "/public_members{/member}",
		"avatar_url": s.html("/avatars/u/" + strconv.FormatInt(u.id, 10) + "?v=4"), "description": "",
	}
}
