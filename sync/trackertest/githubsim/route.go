package githubsim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// route is one row of the table of endpoints.
type route struct {
	method   string
	pattern  string
	segments []string
	handle   func(*call) *reply
	kind     routeKind
}

// routeKind says how the limits count a route.
type routeKind int

const (
	reads   routeKind = iota
	writes            // changes something
	creates           // makes content, which has its own secondary limit
	free              // not counted at all
)

// call is one request inside the simulator. Handlers run under the lock.
type call struct {
	*Server
	method string
	path   string
	query  url.Values
	header http.Header
	body   []byte
	params map[string]string
	route  *route
	who    *actor
	now    time.Time
	past   int64 // the commit a stale read sees, negative for the present
	drop   bool  // drop the members that need push access, as without it
}

// reply is what a handler answers.
type reply struct {
	status int
	header http.Header
	value  any
	raw    []byte
}

func ok(v any) *reply { return &reply{status: http.StatusOK, value: v} }

// rendered answers JSON that is ready. It is clipped, because faults append.
func rendered(b []byte) *reply { return &reply{status: http.StatusOK, raw: slices.Clip(b)} }

func (r *reply) set(key, value string) *reply {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(key, value)
	return r
}

func (s *Server) table() []route {
	var t []route
	add := func(kind routeKind, method, pattern string, h func(*call) *reply) {
		t = append(t, route{method, pattern, split(pattern), h, kind})
	}
	// inRepo adds the route under both addresses of a repository.
	inRepo := func(kind routeKind, method, rest string, h func(*call) *reply) {
		add(kind, method, "/repos/{owner}/{repo}"+rest, h)
		add(kind, method, "/repositories/{id}"+rest, h)
	}
	inRepo(reads, "GET", "", (*call).getRepo)
	inRepo(reads, "GET", "/issues", (*call).listIssues)
	inRepo(creates, "POST", "/issues", (*call).createIssue)
	inRepo(reads, "GET", "/issues/{number}", (*call).getIssue)
	inRepo(writes, "PATCH", "/issues/{number}", (*call).patchIssue)
	inRepo(reads, "GET", "/issues/{number}/labels", (*call).listIssueLabels)
	inRepo(writes, "POST", "/issues/{number}/labels", (*call).addIssueLabels)
	inRepo(writes, "DELETE", "/issues/{number}/labels/{name}", (*call).removeIssueLabel)
	inRepo(reads, "GET", "/labels", (*call).listLabels)
	inRepo(writes, "POST", "/labels", (*call).createLabel)
	inRepo(reads, "GET", "/labels/{name}", (*call).getLabel)
	inRepo(reads, "GET", "/assignees", (*call).listAssignees)
	inRepo(reads, "GET", "/assignees/{login}", (*call).checkAssignee)
	inRepo(reads, "GET", "/issues/{number}/comments", (*call).listComments)
	inRepo(creates, "POST", "/issues/{number}/comments", (*call).createComment)
	inRepo(reads, "GET", "/issues/comments/{comment}", (*call).getComment)
	inRepo(reads, "GET", "/issues/{number}/timeline", (*call).timeline)
	inRepo(reads, "GET", "/issues/{number}/events", (*call).issueEvents)
	inRepo(reads, "GET", "/issues/{number}/issue-field-values", (*call).listFieldValues)
	inRepo(writes, "POST", "/issues/{number}/issue-field-values", (*call).addFieldValues)
	inRepo(writes, "PUT", "/issues/{number}/issue-field-values", (*call).setFieldValues)
	inRepo(writes, "DELETE", "/issues/{number}/issue-field-values/{field}", (*call).clearFieldValue)
	inRepo(reads, "GET", "/installation", (*call).repoInstallation)
	add(reads, "GET", "/orgs/{org}/issue-fields", (*call).listFields)
	add(reads, "GET", "/app", (*call).getApp)
	add(reads, "GET", "/app/installations", (*call).listInstallations)
	add(reads, "GET", "/app/installations/{installation}", (*call).getInstallation)
	add(writes, "POST", "/app/installations/{installation}/access_tokens", (*call).createInstallationToken)
	add(reads, "GET", "/installation/repositories", (*call).installationRepos)
	hookRoutes(add)
	add(reads, "GET", "/user", (*call).getMe)
	add(reads, "GET", "/users/{login}", (*call).getUser)
	add(reads, "GET", "/user/{account}", (*call).getUserByID)
	add(free, "GET", "/rate_limit", (*call).getRateLimit)
	return t
}

func split(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// find returns the route for an escaped path below the base path. The second
// result tells whether another method is served there.
func (s *Server) find(method, escaped string) (found *route, params map[string]string, known bool) {
	segments := split(escaped)
	for n := range s.routes {
		r := &s.routes[n]
		p, match := r.match(segments)
		if !match {
			continue
		}
		known = true
		if r.method == method {
			return r, p, true
		}
	}
	return nil, nil, known
}

func (r *route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	var params map[string]string
	for i, want := range r.segments {
		if want != "" && want[0] == '{' {
			value, err := url.PathUnescape(segments[i])
			if err != nil || value == "" {
				return nil, false
			}
			if params == nil {
				params = make(map[string]string, 4)
			}
			params[want[1:len(want)-1]] = value
			continue
		}
		if want != segments[i] {
			return nil, false
		}
	}
	return params, true
}

// repo finds the repository a call is about. A non-nil reply is the answer
// instead: not found, or a redirect to where it is now.
func (c *call) repo() (*repo, *reply) {
	var r *repo
	if raw, given := c.params["id"]; given {
		id, _ := strconv.ParseInt(raw, 10, 64)
		r = c.reposByID[id]
	} else {
		name := fold(c.params["owner"] + "/" + c.params["repo"])
		r = c.repos[name]
		if old := c.reposByID[c.moved[name]]; r == nil && old != nil && !old.deleted && c.mayRead(old) {
			return nil, c.redirectRepo(old)
		}
	}
	if r == nil || r.deleted || !c.mayRead(r) {
		return nil, c.notFound()
	}
	return r, nil
}

func (c *call) redirectRepo(r *repo) *reply {
	c.count("redirect_renamed")
	rest := strings.SplitN(strings.TrimPrefix(c.path, "/"), "/", 4)
	target := "/repositories/" + strconv.FormatInt(r.id, 10)
	if len(rest) == 4 {
		target += "/" + rest[3]
	}
	if q := c.query.Encode(); q != "" {
		target += "?" + q
	}
	status := http.StatusMovedPermanently
	if c.method != http.MethodGet {
		status = c.opts.RedirectWrites
	}
	return c.redirect(status, c.api(target))
}

func (c *call) redirect(status int, target string) *reply {
	message := "Moved Permanently"
	if status == http.StatusTemporaryRedirect {
		message = "Temporary Redirect"
	}
	return (&reply{status: status, value: map[string]any{
		"message":           message,
		"url":               target,
		"documentation_url": docs + "guides/best-practices-for-using-the-rest-api#follow-redirects",
	}}).set("Location", target)
}

// issue finds the issue of a call in r, or the answer instead.
func (c *call) issue(r *repo) (*issue, *reply) {
	if !r.hasIssues {
		return nil, c.issuesDisabled()
	}
	n, err := strconv.Atoi(c.params["number"])
	if err != nil {
		return nil, c.notFound()
	}
	i := r.numbers[n]
	if i == nil {
		return nil, c.notFound()
	}
	v := c.see(i)
	switch {
	case v == nil:
		return nil, c.notFound()
	case v.deleted:
		c.count("issue_deleted")
		return nil, c.fail(http.StatusGone, "This issue was deleted", "issues/issues#get-an-issue")
	case v.movedTo != nil:
		return nil, c.redirectIssue(v.movedTo)
	}
	return i, nil
}

// see returns the revision this call may know of: the present one, or an older
// one for a stale read.
func (c *call) see(i *issue) *revision {
	if c.past >= 0 {
		return i.at(c.past)
	}
	return i.cur()
}

func (c *call) redirectIssue(to *issue) *reply {
	c.count("redirect_transferred")
	if !c.mayRead(to.repo) {
		return c.notFound()
	}
	status := http.StatusMovedPermanently
	if c.method != http.MethodGet {
		status = c.opts.TransferredWrites
	}
	if status == http.StatusNotFound {
		return c.notFound()
	}
	target := "/repositories/" + strconv.FormatInt(to.repo.id, 10) + "/issues/" + strconv.Itoa(to.number)
	if tail := c.route.pattern[strings.Index(c.route.pattern, "{number}")+len("{number}"):]; tail != "" {
		target += strings.NewReplacer("{name}", url.PathEscape(c.params["name"])).Replace(tail)
	}
	return c.redirect(status, c.api(target))
}

// decode reads a JSON object body. GitHub answers 400 to anything else.
func (c *call) decode(into any) *reply {
	if err := json.Unmarshal(c.body, into); err != nil {
		message := "Problems parsing JSON"
		if json.Valid(c.body) {
			message = "Body should be a JSON object"
		}
		return c.fail(http.StatusBadRequest, message, "")
	}
	return nil
}
