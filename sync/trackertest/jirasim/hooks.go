package jirasim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Webhook is a registered webhook.
type Webhook struct {
	ID      string
	Name    string
	URL     string
	Events  []string // jira:issue_created and so on
	JQL     string   // only issues that match, empty for all
	Secret  string   // signs admin webhooks; empty leaves them unsigned
	Expires time.Time
}

type hook struct {
	Webhook
	n         int64
	owner     *user
	excluded  bool   // body left out
	dynamic   bool   // registered by an OAuth app
	client    string // of a dynamic one
	signature string // client secret for the JWT of a dynamic one
	match     matcher
	deleted   bool
	updated   time.Time
}

// AddWebhook registers an admin webhook by hand and returns its id.
func (s *Server) AddWebhook(by string, w Webhook) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &hook{Webhook: w, owner: s.mustUser(by)}
	if err := s.register(h); err != nil {
		panic("jirasim: webhook filter: " + err.Error())
	}
	return h.ID
}

func (s *Server) register(h *hook) error {
	if h.JQL != "" {
		c := &call{Server: s, who: h.owner, now: s.now()}
		p, err := c.plan(h.JQL)
		if err != nil {
			return err
		}
		h.match = p.match
	}
	h.n = s.next("hook") - 9999
	h.ID = strconv.FormatInt(h.n, 10)
	h.updated = s.now()
	s.hooks = append(s.hooks, h)
	return nil
}

func (s *Server) hookRoutes() []route {
	api := func(method, pattern string, h func(*call) *reply) route {
		return route{method: method, pattern: pattern, on: onCloud, handle: h}
	}
	root := func(method, pattern string, h func(*call) *reply) route {
		return route{method: method, pattern: pattern, root: true, handle: h}
	}
	path := "/rest/webhooks/1.0/webhook"
	if s.newHooks() {
		path = "/rest/jira-webhook/1.0/webhooks"
	}
	login := root("GET", "/login.jsp", (*call).loginPage)
	login.open = true
	token := root("POST", s.opts.TokenPath, (*call).oauthToken)
	token.open = true
	return []route{
		api("GET", "/webhook", (*call).listDynamic),
		api("POST", "/webhook", (*call).addDynamic),
		api("DELETE", "/webhook", (*call).dropDynamic),
		api("PUT", "/webhook/refresh", (*call).refreshDynamic),
		root("GET", path, (*call).listHooks),
		root("POST", path, (*call).addHook),
		root("GET", path+"/{hook}", (*call).getHook),
		root("DELETE", path+"/{hook}", (*call).dropHook),
		login, token,
	}
}

// newHooks reports a Data Center of version 10 or later.
func (s *Server) newHooks() bool {
	major, _, _ := strings.Cut(s.opts.Version, ".")
	n, err := strconv.Atoi(major)
	return !s.cloud() && err == nil && n >= 10
}

func (c *call) loginPage() *reply {
	c.count("login_page")
	return &reply{status: http.StatusOK, kind: "text/html;charset=UTF-8", raw: []byte(htmlPage("Log in - Jira"))}
}

func (c *call) hookAdmin() *reply {
	if !c.may(c.who, nil, Admin) {
		return c.fail(http.StatusForbidden, "You do not have permission to manage webhooks.")
	}
	return nil
}

func (c *call) hookBody(h *hook) object {
	if c.newHooks() {
		return object{
			"id": h.n, "name": h.Name, "url": h.URL, "events": h.Events, "active": true, "scopeType": "global",
			"configuration": object{"EXCLUDE_BODY": strconv.FormatBool(h.excluded), "FILTERS": h.JQL},
		}
	}
	o := object{
		"name": h.Name, "url": h.URL, "excludeBody": h.excluded, "events": h.Events, "enabled": true,
		"filters": object{"issue-related-events-section": h.JQL}, "self": c.base.String() + "/rest/webhooks/1.0/webhook/" + h.ID,
		"lastUpdatedUser": c.userID(h.owner), "lastUpdatedDisplayName": h.owner.DisplayName, "lastUpdated": h.updated.UnixMilli(),
	}
	if c.cloud() {
		o["isSigned"] = h.Secret != ""
	}
	return o
}

func (c *call) listHooks() *reply {
	if refusal := c.hookAdmin(); refusal != nil {
		return refusal
	}
	list := []object{}
	for _, h := range c.hooks {
		if !h.deleted && !h.dynamic {
			list = append(list, c.hookBody(h))
		}
	}
	return ok(list)
}

func (c *call) findHook() *hook {
	for _, h := range c.hooks {
		if h.ID == c.params["hook"] && !h.deleted && !h.dynamic {
			return h
		}
	}
	return nil
}

func (c *call) getHook() *reply {
	if refusal := c.hookAdmin(); refusal != nil {
		return refusal
	}
	h := c.findHook()
	if h == nil {
		return c.fail(http.StatusNotFound, "Webhook not found.")
	}
	return ok(c.hookBody(h))
}

func (c *call) dropHook() *reply {
	if refusal := c.hookAdmin(); refusal != nil {
		return refusal
	}
	h := c.findHook()
	if h == nil {
		return c.fail(http.StatusNotFound, "Webhook not found.")
	}
	h.deleted = true
	return noContent()
}

func (c *call) addHook() *reply {
	if refusal := c.hookAdmin(); refusal != nil {
		return refusal
	}
	var in struct {
		Name, URL, Secret string
		Events            []string
		ExcludeBody       bool
		Filters           map[string]string
		Configuration     map[string]any
	}
	if refusal := c.bind(&in); refusal != nil {
		return refusal
	}
	if in.Name == "" || in.URL == "" {
		return c.fail(http.StatusBadRequest, "The name and the url of a webhook are required.")
	}
	h := &hook{owner: c.who, excluded: in.ExcludeBody}
	h.Webhook = Webhook{Name: in.Name, URL: in.URL, Events: in.Events, JQL: in.Filters["issue-related-events-section"]}
	switch {
	case c.cloud():
		h.Secret = in.Secret
	case c.newHooks():
		// Only the configuration counts here; a secret beside it is ignored.
		h.Secret, _ = in.Configuration["SECRET"].(string)
		h.JQL, _ = in.Configuration["FILTERS"].(string)
		flag, _ := in.Configuration["EXCLUDE_BODY"].(string)
		h.excluded = flag == "true"
		if in.Secret != "" && h.Secret == "" {
			c.count("hook_secret_ignored")
		}
	}
	if err := c.register(h); err != nil {
		return c.fail(http.StatusBadRequest, err.Error())
	}
	return &reply{status: http.StatusCreated, value: c.hookBody(h)}
}

func (c *call) onlyApps() *reply {
	if !c.token.oauth {
		return c.fail(http.StatusForbidden, "Only Connect and OAuth 2.0 apps can use this operation.")
	}
	return nil
}

// dynamicLife is how long dynamic webhooks live unless refreshed.
const dynamicLife = 30 * 24 * time.Hour

func (c *call) listDynamic() *reply {
	if refusal := c.onlyApps(); refusal != nil {
		return refusal
	}
	list := []object{}
	for _, h := range c.hooks {
		if h.dynamic && h.client == c.token.client && !h.deleted {
			list = append(list, object{
				"id": h.n, "url": h.URL, "jqlFilter": h.JQL, "events": h.Events,
				"expirationDate": h.Expires.UnixMilli(),
			})
		}
	}
	rows, start, limit := c.cut(list)
	return ok(object{"startAt": start, "maxResults": limit, "total": len(list), "isLast": start+len(rows) >= len(list), "values": rows})
}

func (c *call) addDynamic() *reply {
	if refusal := c.onlyApps(); refusal != nil {
		return refusal
	}
	var in struct {
		URL      string
		Webhooks []struct {
			Events    []string
			JQLFilter string
		}
	}
	if refusal := c.bind(&in); refusal != nil {
		return refusal
	}
	results := []object{}
	for _, w := range in.Webhooks {
		h := &hook{owner: c.who, dynamic: true, client: c.token.client, signature: c.token.secret}
		h.Webhook = Webhook{Name: "dynamic", URL: in.URL, Events: w.Events, JQL: w.JQLFilter, Expires: c.now.Add(dynamicLife)}
		if err := c.register(h); err != nil {
			results = append(results, object{"errors": []string{err.Error()}})
			continue
		}
		results = append(results, object{"createdWebhookId": h.n})
	}
	return ok(object{"webhookRegistrationResult": results})
}

// ownDynamic runs f on the caller's webhooks among the ids in the body.
func (c *call) ownDynamic(f func(*hook)) *reply {
	if refusal := c.onlyApps(); refusal != nil {
		return refusal
	}
	var in struct {
		WebhookIDs []json.Number `json:"webhookIds"`
	}
	if refusal := c.bind(&in); refusal != nil {
		return refusal
	}
	for _, h := range c.hooks {
		if h.dynamic && h.client == c.token.client && !h.deleted && slices.Contains(in.WebhookIDs, json.Number(h.ID)) {
			f(h)
		}
	}
	return nil
}

func (c *call) dropDynamic() *reply {
	if refusal := c.ownDynamic(func(h *hook) { h.deleted = true }); refusal != nil {
		return refusal
	}
	return &reply{status: http.StatusAccepted}
}

func (c *call) refreshDynamic() *reply {
	until := c.now.Add(dynamicLife)
	if refusal := c.ownDynamic(func(h *hook) { h.Expires = until }); refusal != nil {
		return refusal
	}
	return ok(object{"expirationDate": until.UnixMilli()})
}
