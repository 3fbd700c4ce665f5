package jirasim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// call is one request inside the simulator. Handlers run under the lock.
type call struct {
	*Server
	method  string
	path    string // escaped, below the base path
	version string // of the API: 2 or 3
	query   url.Values
	header  http.Header
	body    []byte
	params  map[string]string
	route   *route
	who     *user
	token   *token
	now     time.Time
	effect  *Effect
}

// reply is what a handler answers. A nil value means no body.
type reply struct {
	status int
	header http.Header
	value  any
	raw    []byte
	kind   string // content type of raw
}

func ok(v any) *reply { return &reply{status: http.StatusOK, value: v} }

func noContent() *reply { return &reply{status: http.StatusNoContent} }

func (r *reply) set(key, value string) *reply {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(key, value)
	return r
}

// where says on which flavor a route exists.
type where int

const (
	both where = iota
	onCloud
	onDC
)

// route is one row of the table of endpoints.
type route struct {
	method   string
	pattern  string
	segments []string
	root     bool // not below /rest/api/N
	open     bool // answered without authentication
	on       where
	issue    bool // the handler gets an issue the user can see
	write    bool // counts for the limit on writes to an issue
	handle   func(*call) *reply
	handleI  func(*call, *issue) *reply
}

func (s *Server) table() []route {
	api := func(method, pattern string, on where, h func(*call) *reply) route {
		return route{method: method, pattern: pattern, on: on, handle: h}
	}
	on := func(method, pattern string, w where, h func(*call, *issue) *reply) route {
		return route{method: method, pattern: "/issue/{issue}" + pattern, on: w, issue: true, handleI: h, write: method != http.MethodGet}
	}
	t := []route{
		{method: "GET", pattern: "/serverInfo", open: true, handle: (*call).serverInfo},
		api("GET", "/myself", both, (*call).myself),
		api("GET", "/mypermissions", both, (*call).myPermissions),
		api("POST", "/search/jql", onCloud, (*call).searchJQL),
		api("GET", "/search/jql", onCloud, (*call).searchJQL),
		api("POST", "/search", both, (*call).search),
		api("GET", "/search", both, (*call).search),
		api("POST", "/issue/bulkfetch", onCloud, (*call).bulkFetch),
		api("POST", "/issue", both, (*call).createIssue),
		on("GET", "", both, (*call).getIssue),
		on("PUT", "", both, (*call).editIssue),
		on("GET", "/transitions", both, (*call).getTransitions),
		on("POST", "/transitions", both, (*call).doTransition),
		on("POST", "/comment", both, (*call).addComment),
	}
	t = append(t, s.moreRoutes()...)
	for i := range t {
		t[i].segments = strings.Split(strings.Trim(t[i].pattern, "/"), "/")
	}
	return t
}

// match finds the route of a request. Literal segments win over parameters.
func (c *call) match() (known bool) {
	path, root := c.path, true
	for _, v := range []string{"2", "3", "latest"} {
		if rest, ok := strings.CutPrefix(c.path, "/rest/api/"+v+"/"); ok {
			path, root, c.version = rest, false, v
		}
	}
	if c.version == "latest" {
		c.version = "2"
		if c.cloud() {
			c.version = "3"
		}
	}
	if c.version == "3" && !c.cloud() {
		return false
	}
	segments := strings.Split(strings.Trim(path, "/"), "/")
	best := -1
	for i := range c.routes {
		r := &c.routes[i]
		if r.root != root || len(r.segments) != len(segments) || r.on == onCloud && !c.cloud() || r.on == onDC && c.cloud() {
			continue
		}
		params, literals, ok := r.fits(segments)
		if !ok || literals < best {
			continue
		}
		known = true
		if r.method == c.method && (literals > best || c.route == nil) {
			c.route, c.params, best = r, params, literals
		}
	}
	return known
}

func (r *route) fits(segments []string) (params map[string]string, literals int, ok bool) {
	for i, want := range r.segments {
		if !strings.HasPrefix(want, "{") {
			if want != segments[i] {
				return nil, 0, false
			}
			literals++
			continue
		}
		value, err := url.PathUnescape(segments[i])
		if err != nil || value == "" {
			return nil, 0, false
		}
		if params == nil {
			params = map[string]string{}
		}
		params[strings.Trim(want, "{}")] = value
	}
	return params, literals, true
}

// bind decodes the JSON body into v. Jira refuses bodies that are not sent as
// JSON with 415.
func (c *call) bind(v any) *reply {
	if ct := c.header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
		c.count("wrong_content_type")
		return c.fail(http.StatusUnsupportedMediaType, "")
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		c.count("bad_json")
		return c.fail(http.StatusBadRequest, "Invalid request payload. Refer to the REST API documentation and try again.")
	}
	return nil
}

func (c *call) intParam(name string, missing int) int {
	n, err := strconv.Atoi(c.query.Get(name))
	if err != nil {
		return missing
	}
	return n
}

func (c *call) boolParam(name string, missing bool) bool {
	b, err := strconv.ParseBool(c.query.Get(name))
	if err != nil {
		return missing
	}
	return b
}

// list reads a parameter that may be given several times or with commas.
func (c *call) list(name string) []string {
	var out []string
	for _, v := range c.query[name] {
		out = append(out, splitList(v)...)
	}
	return out
}

func splitList(v string) []string {
	var out []string
	for part := range strings.SplitSeq(v, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
