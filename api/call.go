package api

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
)

// maxBody is the largest body of the API.
const maxBody = 1 << 20

// maxFile is the largest file that a route takes unless it says otherwise.
const maxFile = imports.MaxObservationBytes

// call is one request on its way through a handler.
type call struct {
	echo.Context
	route   *route
	session app.Session
	query   url.Values
	body    []byte
	// version is the one If-Match names; 0 when any will do.
	version int64
	// bad collects refused query parameters.
	bad []fault
}

func (c *call) actor() domain.Actor { return c.session.Actor }

// readQuery accepts the route's own parameters, each at most once.
func (c *call) readQuery() error {
	raw := c.Request().URL.RawQuery
	if raw == "" {
		return nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return badRequest("the query of the address cannot be read; escape special characters", nil)
	}
	var faults []fault
	for name, given := range values {
		place := "query." + clip(name, 60)
		switch known := slices.ContainsFunc(c.route.query, func(p param) bool { return p.name == name }); {
		case !known:
			faults = append(faults, fault{place, "is not known" + c.knownQuery()})
		case len(given) > 1:
			faults = append(faults, fault{place, "is given " + strconv.Itoa(len(given)) + " times; give it once"})
		case len(given[0]) > 2000:
			faults = append(faults, fault{place, "is longer than 2000 characters"})
		}
	}
	if len(faults) > 0 {
		slices.SortFunc(faults, func(a, b fault) int { return strings.Compare(a.location, b.location) })
		return badRequest(sentence(faults), faults)
	}
	c.query = values
	return nil
}

func (c *call) knownQuery() string {
	if len(c.route.query) == 0 {
		return "; this address takes no parameters"
	}
	names := make([]string, len(c.route.query))
	for n, p := range c.route.query {
		names[n] = p.name
	}
	return "; use one of " + strings.Join(names, ", ")
}

// readBody reads a JSON body, and nothing but JSON where the route names no other type.
func (c *call) readBody() error {
	r := c.Request()
	if c.route.takes != "" {
		return c.readFile()
	}
	if r.Header.Get("Content-Encoding") != "" {
		return refuse(http.StatusUnsupportedMediaType, "compressed bodies are not accepted; send plain JSON")
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if asError(err, &tooLarge) {
			return refuse(http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB")
		}
		return badRequest("the body could not be read to its end", nil)
	}
	if c.route.in == nil {
		if len(body) > 0 && strings.TrimSpace(string(body)) != "{}" {
			return badRequest("this address takes no body", nil)
		}
		return nil
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" && (media != "application/merge-patch+json" || r.Method != http.MethodPatch) {
		return refuse(http.StatusUnsupportedMediaType, "send the body as Content-Type: application/json")
	}
	c.body = body
	return nil
}

// readFile reads a body of the type that the route takes.
func (c *call) readFile() error {
	r := c.Request()
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != c.route.takes || r.Header.Get("Content-Encoding") != "" {
		return refuse(http.StatusUnsupportedMediaType, "send the file as Content-Type: "+c.route.takes+", not compressed")
	}
	most := c.route.most
	if most == 0 {
		most = maxFile
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, most))
	var tooLarge *http.MaxBytesError
	switch {
	case asError(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "the file is larger than "+strconv.FormatInt(most>>20, 10)+" MiB; split it")
	case err != nil:
		return badRequest("the body could not be read to its end", nil)
	}
	c.body = body
	return nil
}

// readMatch reads If-Match where the route insists on it. The part of a tag
// before the dash is the version; the rest tells representations apart.
func (c *call) readMatch() error {
	header := c.Request().Header.Values("If-Match")
	if !c.route.match {
		return nil
	}
	if len(header) == 0 {
		return &refusal{status: http.StatusPreconditionRequired, detail: "send If-Match with the ETag of what you have seen, so that nobody's change is overwritten",
			faults: []fault{{"header.If-Match", "is missing"}}}
	}
	tag := strings.TrimSpace(strings.Join(header, ","))
	if tag == "*" {
		return nil
	}
	text := strings.TrimPrefix(tag, "W/")
	if len(text) > 2 && text[0] == '"' && text[len(text)-1] == '"' {
		number, _, _ := strings.Cut(text[1:len(text)-1], "-")
		if v, err := strconv.ParseInt(number, 10, 64); err == nil && v > 0 {
			c.version = v
			return nil
		}
	}
	return &refusal{status: http.StatusBadRequest, detail: "If-Match is not an ETag of ours; send one back as it came, in quotes",
		faults: []fault{{"header.If-Match", "is not one ETag"}}}
}

// measure, incident and the like read path parameters. An impossible key is
// simply not found, before anything is asked.
func (c *call) measureKey() (domain.MeasureKey, error) {
	key, err := c.key("M-", "measure")
	return domain.MeasureKey(key), err
}

func (c *call) incidentKey() (domain.IncidentKey, error) {
	key, err := c.key("INC-", "incident")
	return domain.IncidentKey(key), err
}

func (c *call) key(prefix, what string) (string, error) { return c.numbered("key", prefix, what) }

func (c *call) numbered(param, prefix, what string) (string, error) {
	key := c.Param(param)
	number, ok := strings.CutPrefix(key, prefix)
	if n, err := strconv.ParseUint(number, 10, 31); !ok || err != nil || number != strconv.FormatUint(n, 10) || n == 0 {
		return "", domain.Errorf(domain.ErrNotFound, "%s %q is not known", what, clip(key, 40))
	}
	return key, nil
}

// id reads a path parameter that is an id of ours.
func (c *call) id(name, what string) (string, error) {
	id := c.Param(name)
	if id == "" || len(id) > 80 || strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}) {
		return "", domain.Errorf(domain.ErrNotFound, "%s %q is not known", what, clip(id, 40))
	}
	return id, nil
}

func (c *call) number(name, what string) (int64, error) { return c.whole(name, what, 1) }

// index reads a path parameter that counts from 0.
func (c *call) index(what string) (int64, error) { return c.whole(what, what, 0) }

func (c *call) whole(name, what string, least int64) (int64, error) {
	n, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || n < least || strconv.FormatInt(n, 10) != c.Param(name) {
		return 0, domain.Errorf(domain.ErrNotFound, "%s %q is not known", what, clip(c.Param(name), 40))
	}
	return n, nil
}

// page reads limit, cursor, sort and total.
func (c *call) page() domain.Page {
	p := domain.Page{Limit: 50, Cursor: c.query.Get("cursor")}
	if c.query.Has("limit") {
		n, err := strconv.Atoi(c.query.Get("limit"))
		if err != nil || n < 1 || n > 200 {
			c.refuse("limit", "%q is not accepted; use 1 to 200")
		} else {
			p.Limit = n
		}
	}
	if s := c.query.Get("sort"); s != "" {
		p.Sort = strings.Split(s, ",")
	}
	if total := c.flag("total"); total != nil {
		p.WithTotal = *total
	}
	return p
}

// refuse notes a query parameter that cannot be accepted; %q is its value.
func (c *call) refuse(name, format string) {
	message := strings.Replace(format, "%q", `"`+clip(c.query.Get(name), 60)+`"`, 1)
	c.bad = append(c.bad, fault{"query." + name, message})
}

// refused is the error of everything noted by refuse.
func (c *call) refused() error {
	if len(c.bad) == 0 {
		return nil
	}
	return badRequest(sentence(c.bad), c.bad)
}

func (c *call) flag(name string) *bool {
	switch c.query.Get(name) {
	case "":
		return nil
	case "true":
		yes := true
		return &yes
	case "false":
		no := false
		return &no
	}
	c.refuse(name, "%q is not accepted; use true or false")
	return nil
}

func (c *call) day(name string) domain.Date {
	d, err := domain.ParseDate(c.query.Get(name))
	if err != nil {
		c.refuse(name, "%q is not a date; write YYYY-MM-DD, for example 2026-12-08")
	}
	return d
}

func (c *call) moment(name string) time.Time {
	v := c.query.Get(name)
	if v == "" {
		return time.Time{}
	}
	if d, err := domain.ParseDate(v); err == nil {
		return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
	}
	if problem := checkTime(isInstant, v); problem != "" {
		c.refuse(name, "%q is not a date or an instant; write 2026-12-08 or 2026-12-08T09:30:00Z")
		return time.Time{}
	}
	at, _ := time.Parse(time.RFC3339, v) // checked above
	return at.UTC()
}

// several reads a list separated by commas whose values come from a fixed set.
func several[T ~string](c *call, name string, accepted []T) []T {
	var out []T
	for _, v := range c.words(name) {
		if !slices.Contains(accepted, T(v)) {
			all := make([]string, len(accepted))
			for n, a := range accepted {
				all[n] = string(a)
			}
			c.bad = append(c.bad, fault{"query." + name, `"` + clip(v, 60) + `" is not accepted; use one of ` + strings.Join(all, ", ")})
			continue
		}
		out = append(out, T(v))
	}
	return out
}

func (c *call) words(name string) []string {
	v := c.query.Get(name)
	if v == "" {
		return nil
	}
	return strings.Split(v, ",")
}
