package githubsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// hookRoutes are G10.
func hookRoutes(add func(kind routeKind, method, pattern string, h func(*call) *reply)) {
	for _, root := range []string{"/repos/{owner}/{repo}/hooks", "/repositories/{id}/hooks", "/orgs/{org}/hooks"} {
		add(reads, "GET", root, (*call).listHooks)
		add(writes, "POST", root, (*call).createHook)
		add(reads, "GET", root+"/{hook}", (*call).getHook)
		add(writes, "DELETE", root+"/{hook}", (*call).deleteHook)
		add(writes, "POST", root+"/{hook}/pings", (*call).pingHook)
		add(reads, "GET", root+"/{hook}/deliveries", (*call).listDeliveries)
		add(reads, "GET", root+"/{hook}/deliveries/{delivery}", (*call).getDelivery)
		add(writes, "POST", root+"/{hook}/deliveries/{delivery}/attempts", (*call).redeliver)
	}
	add(reads, "GET", "/app/hook/deliveries", (*call).listDeliveries)
	add(reads, "GET", "/app/hook/deliveries/{delivery}", (*call).getDelivery)
	add(writes, "POST", "/app/hook/deliveries/{delivery}/attempts", (*call).redeliver)
}

// hookScope finds whose hooks a call is about. Who may not manage them is told
// that there are none.
func (c *call) hookScope() (*repo, *user, *reply) {
	if login, given := c.params["org"]; given {
		org := c.users[fold(login)]
		if org == nil || org.kind != "Organization" || c.who.user == nil || !c.ownsHooks(org) {
			return nil, nil, c.notFound()
		}
		return nil, org, nil
	}
	r, other := c.repo()
	if other != nil {
		return nil, nil, other
	}
	if c.role(r) < RoleAdmin && !c.ownsHooks(r.owner) {
		return nil, nil, c.notFound()
	}
	return r, nil, nil
}

// ownsHooks reports installations with the hooks permission, and people who
// administer a repository of the account.
func (c *call) ownsHooks(account *user) bool {
	if in := c.who.install; in != nil {
		return in.account == account && in.hooks
	}
	for _, r := range c.reposByID {
		if r.owner == account && c.role(r) == RoleAdmin {
			return true
		}
	}
	return false
}

// hook finds the hook of a call.
func (c *call) hook() (*hook, *reply) {
	if strings.HasPrefix(c.route.pattern, "/app/") {
		if c.who.app == nil {
			return nil, c.fail(http.StatusUnauthorized, "A JSON web token could not be decoded", "")
		}
		for _, h := range c.hooks {
			if h.app == c.who.app {
				return h, nil
			}
		}
		return nil, c.notFound()
	}
	r, org, other := c.hookScope()
	if other != nil {
		return nil, other
	}
	id, _ := strconv.ParseInt(c.params["hook"], 10, 64)
	h := c.hooks[id]
	if h == nil || h.repo != r || h.org != org {
		return nil, c.notFound()
	}
	return h, nil
}

func (c *call) listHooks() *reply {
	r, org, other := c.hookScope()
	if other != nil {
		return other
	}
	list := []map[string]any{}
	for _, h := range c.sortedHooks() {
		if h.app == nil && h.repo == r && h.org == org {
			list = append(list, c.wireHook(h))
		}
	}
	return cut(c, list)
}

func (c *call) getHook() *reply {
	h, other := c.hook()
	if other != nil {
		return other
	}
	return ok(c.wireHook(h))
}

func (c *call) createHook() *reply {
	r, org, other := c.hookScope()
	if other != nil {
		return other
	}
	var in struct {
		Name   string
		Active *bool
		Events []string
		Config struct {
			URL         string
			ContentType string `json:"content_type"`
			Secret      string
		}
	}
	if other := c.decode(&in); other != nil {
		return other
	}
	const page = "repos/webhooks#create-a-repository-webhook"
	if !strings.HasPrefix(in.Config.URL, "http://") && !strings.HasPrefix(in.Config.URL, "https://") {
		return c.invalid(page, fieldProblem{Resource: "Hook", Field: "url", Code: "custom", Message: "url is missing a scheme"})
	}
	for _, h := range c.hooks {
		if h.repo == r && h.org == org && h.url == in.Config.URL && slices.Equal(h.events, in.Events) {
			return c.invalid(page, fieldProblem{Resource: "Hook", Code: "custom", Message: "Hook already exists on this repository"})
		}
	}
	if len(in.Events) == 0 {
		in.Events = []string{"push"}
	}
	h := c.addHook(&hook{repo: r, org: org}, HookOptions{URL: in.Config.URL, Secret: in.Config.Secret, Events: in.Events})
	h.active = in.Active == nil || *in.Active
	if in.Config.ContentType != "" {
		h.content = in.Config.ContentType
	}
	c.ping(h)
	rep := ok(c.wireHook(h))
	rep.status = http.StatusCreated
	return rep.set("Location", c.hookURL(h))
}

func (c *call) deleteHook() *reply {
	h, other := c.hook()
	if other != nil {
		return other
	}
	delete(c.hooks, h.id)
	return &reply{status: http.StatusNoContent}
}

func (c *call) pingHook() *reply {
	h, other := c.hook()
	if other != nil {
		return other
	}
	c.ping(h)
	return &reply{status: http.StatusNoContent}
}

func (c *call) ping(h *hook) {
	payload := map[string]any{"zen": "Keep it logically awesome.", "hook_id": h.id, "hook": c.wireHook(h)}
	if h.repo != nil {
		payload["repository"] = c.hookRepo(h.repo)
	}
	if h.org != nil {
		payload["organization"] = c.wireOrg(h.org)
	}
	c.post(h, h.repo, nil, "ping", "", c.who.user, payload)
}

func (s *Server) hookURL(h *hook) string {
	id := strconv.FormatInt(h.id, 10)
	if h.org != nil {
		return s.api("/orgs/" + h.org.login + "/hooks/" + id)
	}
	return s.repoURL(h.repo) + "/hooks/" + id
}

func (s *Server) wireHook(h *hook) map[string]any {
	at := s.hookURL(h)
	last := map[string]any{"code": nil, "status": "unused", "message": nil}
	if h.last != nil {
		last = map[string]any{"code": h.last.status, "status": "active", "message": h.last.text}
	}
	config := map[string]any{"content_type": h.content, "insecure_ssl": "0", "url": h.url}
	if h.secret != "" {
		config["secret"] = "********"
	}
	w := map[string]any{
		"type": "Repository", "id": h.id, "name": "web", "active": h.active, "events": h.events, "config": config,
		"updated_at": stamp(h.created), "created_at": stamp(h.created), "url": at, "ping_url": at + "/pings",
		"deliveries_url": at + "/deliveries", "last_response": last,
	}
	if h.org != nil {
		w["type"] = "Organization"
	} else {
		w["test_url"] = at + "/test"
	}
	return w
}

// listDeliveries is paged by cursor, newest first.
func (c *call) listDeliveries() *reply {
	h, other := c.hook()
	if other != nil {
		return other
	}
	per, _ := pageOf(c.query)
	before := int64(1 << 62)
	if raw := c.query.Get("cursor"); raw != "" {
		n, err := strconv.ParseInt(strings.TrimPrefix(raw, "v1_"), 10, 64)
		if err != nil {
			return c.fail(http.StatusBadRequest, "Invalid cursor", "")
		}
		before = n
	}
	rows := []map[string]any{}
	var last int64
	more := false
	for _, d := range slices.Backward(c.deliveries) {
		if d.hook != h || d.id >= before {
			continue
		}
		if len(rows) == per {
			more = true
			break
		}
		rows = append(rows, wireDelivery(d))
		last = d.id
	}
	rep := ok(rows)
	if more {
		q := c.queryWithout("cursor")
		q.Set("cursor", "v1_"+strconv.FormatInt(last, 10))
		rep.set("Link", "<"+c.api(c.path)+"?"+q.Encode()+`>; rel="next"`)
	}
	return rep
}

func wireDelivery(d *delivery) map[string]any {
	w := map[string]any{
		"id": d.id, "guid": d.guid, "delivered_at": stamp(d.at), "redelivery": d.redelivery, "duration": 0.1,
		"status": d.text, "status_code": d.status, "event": d.event, "action": nil, "installation_id": nil,
		"repository_id": nil, "throttled_at": nil,
	}
	if d.action != "" {
		w["action"] = d.action
	}
	if d.install != nil {
		w["installation_id"] = d.install.id
	}
	if d.repo != nil {
		w["repository_id"] = d.repo.id
	}
	return w
}

func (c *call) delivery() (*delivery, *reply) {
	h, other := c.hook()
	if other != nil {
		return nil, other
	}
	id, _ := strconv.ParseInt(c.params["delivery"], 10, 64)
	for _, d := range c.deliveries {
		if d.hook == h && d.id == id {
			return d, nil
		}
	}
	return nil, c.notFound()
}

func (c *call) getDelivery() *reply {
	d, other := c.delivery()
	if other != nil {
		return other
	}
	w := wireDelivery(d)
	headers := map[string]string{}
	for k := range d.header {
		headers[k] = d.header.Get(k)
	}
	w["url"] = d.hook.url
	w["request"] = map[string]any{"headers": headers, "payload": json.RawMessage(d.body)}
	w["response"] = map[string]any{"headers": map[string]any{}, "payload": nil}
	return ok(w)
}

// redeliver sends a past delivery again, under the same guid.
func (c *call) redeliver() *reply {
	d, other := c.delivery()
	if other != nil {
		return other
	}
	again := *d
	again.redelivery, again.lost, again.due = true, false, c.now
	c.queue = append(c.queue, &again)
	c.count("hook_redelivered")
	c.wake()
	return &reply{status: http.StatusAccepted, value: map[string]any{}}
}
