package jirasim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// moreRoutes is the rest of the table of endpoints.
func (s *Server) moreRoutes() []route {
	api := func(method, pattern string, on where, h func(*call) *reply) route {
		return route{method: method, pattern: pattern, on: on, handle: h}
	}
	on := func(method, pattern string, w where, h func(*call, *issue) *reply) route {
		return route{method: method, pattern: "/issue/{issue}" + pattern, on: w, issue: true, handleI: h, write: method != http.MethodGet}
	}
	t := []route{
		on("DELETE", "", both, (*call).deleteIssue),
		on("PUT", "/assignee", both, (*call).assign),
		on("GET", "/editmeta", both, (*call).editMeta),
		on("GET", "/changelog", onCloud, (*call).changelogPage),
		on("GET", "/properties", both, (*call).propertyKeys),
		on("GET", "/properties/{key}", both, (*call).getProperty),
		on("PUT", "/properties/{key}", both, (*call).putProperty),
		on("DELETE", "/properties/{key}", both, (*call).deleteProperty),
		on("GET", "/remotelink", both, (*call).getLinks),
		on("POST", "/remotelink", both, (*call).postLink),
		on("DELETE", "/remotelink", both, (*call).deleteLink),
		api("GET", "/issue/createmeta/{project}/issuetypes", both, (*call).createMetaTypes),
		api("GET", "/issue/createmeta/{project}/issuetypes/{type}", both, (*call).createMetaFields),
		api("GET", "/user", both, (*call).getUser),
		api("GET", "/user/assignable/search", both, (*call).assignableUsers),
		api("GET", "/project", both, (*call).listProjects),
		api("GET", "/project/search", onCloud, (*call).searchProjects),
		api("GET", "/project/{project}", both, (*call).getProject),
		api("GET", "/project/{project}/statuses", both, (*call).projectStatuses),
		api("GET", "/status", both, (*call).listStatuses),
		api("GET", "/priority", both, (*call).listPriorities),
		api("GET", "/resolution", both, (*call).listResolutions),
		api("GET", "/field", both, (*call).listFields),
	}
	return append(t, s.hookRoutes()...)
}

func (c *call) serverInfo() *reply {
	o := object{
		"baseUrl": c.base.String(), "version": "1001.0.0-SNAPSHOT", "versionNumbers": []int{1001, 0, 0}, "deploymentType": "Cloud",
		"buildNumber": 100_290, "buildDate": "2026-01-05T00:00:00.000+0000", "scmInfo": "2f0d5b1c3c1c4d8d9b1c",
		"serverTitle": "Jira", "serverTime": c.view().stamp(c.now),
	}
	if !c.cloud() {
		o["version"], o["deploymentType"] = c.opts.Version, "Server"
		numbers := []int{}
		for part := range strings.SplitSeq(c.opts.Version, ".") {
			n, _ := strconv.Atoi(part)
			numbers = append(numbers, n)
		}
		o["versionNumbers"] = numbers
	}
	return ok(o)
}

func (c *call) myself() *reply {
	c.charge(1)
	o, _ := c.view().user(c.who).(object)
	o["locale"] = "en_US"
	o["groups"] = object{"size": 1, "items": []any{}}
	o["applicationRoles"] = object{"size": 1, "items": []any{}}
	o["expand"] = "groups,applicationRoles"
	return ok(o)
}

func (c *call) myPermissions() *reply {
	asked := c.list("permissions")
	if len(asked) == 0 && c.cloud() {
		return c.fail(http.StatusBadRequest, "The 'permissions' query parameter is required.")
	}
	if len(asked) == 0 {
		asked = permissions()
	}
	var p *project
	if id := c.query.Get("projectId") + c.query.Get("projectKey"); id != "" {
		if p = c.project(id); p == nil || !c.may(c.who, p, Browse) {
			return c.noProject(id)
		}
	}
	if ref := c.query.Get("issueId") + c.query.Get("issueKey"); ref != "" {
		i := c.find(ref)
		if i == nil || !c.sees(c.who, i.cur()) {
			return c.noIssue()
		}
		p = i.cur().project
	}
	out := object{}
	for n, key := range asked {
		if !slices.Contains(permissions(), key) {
			return c.fail(http.StatusBadRequest, "Unrecognized permission: "+key)
		}
		kind := "PROJECT"
		if key == Admin {
			kind = "GLOBAL"
		}
		name := strings.ReplaceAll(strings.ToLower(key), "_", " ")
		out[key] = object{
			"id": strconv.Itoa(n + 10), "key": key, "name": strings.ToUpper(name[:1]) + name[1:], "type": kind,
			"description": "", "havePermission": c.may(c.who, p, key), "deprecatedKey": false,
		}
	}
	return ok(object{"permissions": out})
}

func (c *call) getUser() *reply {
	ref, param := c.query.Get("accountId"), "accountId"
	if !c.cloud() {
		ref, param = c.query.Get("username"), "username"
	} else if c.query.Has("username") {
		return c.gdpr()
	}
	for _, u := range c.users {
		if ref != "" && c.userID(u) == ref {
			c.charge(2)
			return ok(c.view().user(u))
		}
	}
	return c.fail(http.StatusNotFound, "The user with the "+param+" '"+ref+"' does not exist")
}

// gdpr refuses user names, which Cloud no longer knows.
func (c *call) gdpr() *reply {
	c.count("gdpr_refused")
	return c.fail(http.StatusBadRequest, "The query parameter 'username' is not supported in GDPR strict mode.")
}

func (c *call) assignableUsers() *reply {
	q := c.query
	if c.cloud() && q.Has("username") {
		return c.gdpr()
	}
	p := c.project(q.Get("project"))
	if ref := q.Get("issueKey") + q.Get("issueId"); ref != "" {
		if i := c.find(ref); i != nil && c.sees(c.who, i.cur()) {
			p = i.cur().project
		}
	}
	switch {
	case p == nil && q.Get("project")+q.Get("issueKey")+q.Get("issueId") == "":
		return c.fail(http.StatusBadRequest, "Either a project or an issue must be specified.")
	case p == nil || !c.may(c.who, p, Browse):
		return c.noProject(q.Get("project"))
	}
	matches := c.matchUser(q)
	start, limit := c.intParam("startAt", 0), min(c.intParam("maxResults", 50), 1000)
	w, list := c.view(), []any{}
	for _, u := range c.users {
		if !matches(u) || !c.assignable(u, p) {
			continue
		}
		if start--; start >= 0 {
			continue
		}
		if len(list) < limit {
			list = append(list, w.user(u))
		}
	}
	c.charge(2 * len(list))
	return ok(list)
}

func (c *call) matchUser(q url.Values) func(*user) bool {
	if c.cloud() {
		id, text := q.Get("accountId"), strings.ToLower(q.Get("query"))
		return func(u *user) bool {
			if id != "" {
				return u.AccountID == id
			}
			return hasPrefixWord(u.DisplayName, text) || text != "" && strings.HasPrefix(strings.ToLower(u.Email), text)
		}
	}
	text := strings.ToLower(q.Get("username"))
	return func(u *user) bool {
		return strings.HasPrefix(strings.ToLower(u.Name), text) || hasPrefixWord(u.DisplayName, text) || strings.HasPrefix(strings.ToLower(u.Email), text)
	}
}

func hasPrefixWord(name, text string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, text) || strings.Contains(name, " "+text)
}

// visibleProject finds the project in the path if the caller may see it.
func (c *call) visibleProject() (*project, *reply) {
	p := c.project(c.params["project"])
	if p == nil || !c.may(c.who, p, Browse) {
		return nil, c.noProject(c.params["project"])
	}
	return p, nil
}

func (c *call) fullProject(p *project) object {
	w := c.view()
	o := w.project(p)
	types := []object{}
	for _, t := range p.types {
		types = append(types, w.issueType(t))
	}
	o["issueTypes"], o["components"], o["versions"], o["description"] = types, []any{}, []any{}, ""
	o["assigneeType"], o["roles"], o["archived"] = "UNASSIGNED", object{}, p.archived
	o["expand"] = "description,lead,issueTypes,url,projectKeys,permissions,insight"
	if p.lead != nil {
		o["lead"] = w.user(p.lead)
	}
	if c.cloud() {
		o["style"], o["isPrivate"], o["properties"] = "classic", false, object{}
	}
	return o
}

func (c *call) getProject() *reply {
	p, refusal := c.visibleProject()
	if refusal != nil {
		return refusal
	}
	return ok(c.fullProject(p))
}

func (c *call) visibleProjects() []object {
	list := []object{}
	for _, p := range c.projects {
		if !p.deleted && c.may(c.who, p, Browse) {
			list = append(list, c.view().project(p))
		}
	}
	return list
}

func (c *call) listProjects() *reply { return ok(c.visibleProjects()) }

func (c *call) searchProjects() *reply {
	list := c.visibleProjects()
	start, limit := max(0, c.intParam("startAt", 0)), min(c.intParam("maxResults", 50), 100)
	end := min(len(list), start+limit)
	return ok(object{"startAt": start, "maxResults": limit, "total": len(list), "isLast": end == len(list), "values": list[min(start, end):end]})
}

func (c *call) projectStatuses() *reply {
	p, refusal := c.visibleProject()
	if refusal != nil {
		return refusal
	}
	w, out := c.view(), []object{}
	for _, t := range p.types {
		list := []object{}
		for _, st := range p.workflows[t.id].statuses {
			list = append(list, w.status(st))
		}
		out = append(out, object{"self": w.self("/issuetype/" + t.id), "id": t.id, "name": t.name, "subtask": t.subtask, "statuses": list})
	}
	return ok(out)
}

func (c *call) listStatuses() *reply {
	out := []object{}
	for _, st := range c.statuses {
		out = append(out, c.view().status(st))
	}
	return ok(out)
}

func (c *call) listPriorities() *reply {
	out := []any{}
	for _, p := range c.priorities {
		o, _ := c.view().priority(p).(object)
		o["description"], o["statusColor"] = p.description, p.color
		if c.cloud() {
			o["isDefault"] = p.name == "Medium"
		}
		out = append(out, o)
	}
	return ok(out)
}

func (c *call) listResolutions() *reply {
	out := []any{}
	for _, r := range c.resolutions {
		out = append(out, c.view().resolution(r))
	}
	return ok(out)
}
