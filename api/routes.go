package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// prefix is where the API lives.
const prefix = "/api/v1"

// route is one row of the table of the API: it is served, documented and
// tested from here.
type route struct {
	method, path     string // path in OpenAPI's form, below the prefix
	id, summary, tag string
	// needs is the permission the operation asks for. It is asked for here, before
	// the input is looked at, and again in app, which the pages call as well.
	needs domain.Permission
	// open says that no token is asked for; the body itself proves who is asking.
	open  bool
	query []param
	// match says that If-Match must be sent.
	match bool
	// repeatable says that Idempotency-Key is honoured.
	repeatable bool
	// status is the answer's status on success; 0 means 200.
	status int
	// tagged says that the answer carries an ETag.
	tagged bool
	// csv says that the answer can be had as a table.
	csv bool
	// media are the types of an answer that is a file and not JSON, with spaces between.
	media string
	// takes is the type of a body that is a file and not JSON, most its largest
	// number of bytes; 0 means maxFile.
	most    int64
	takes   string
	in, out reflect.Type
	shape   *shape
	run     func(*call) (reply, error)
}

// param is a query parameter.
type param struct {
	name, doc string
	// kind is string, integer, boolean, date or date-time; list means commas between values.
	kind string
	list bool
	enum []string
}

// reply is what a handler answers with.
type reply struct {
	body any
	// version makes an ETag; 0 means none.
	version int64
	// location is the address of what was made.
	location string
	// raw is sent instead of body, as media.
	raw   []byte
	media string
}

// withBody completes a row with a handler that takes a body of type T.
func withBody[T any](r route, f func(*call, *T) (reply, error)) route {
	r.in = reflect.TypeFor[T]()
	r.shape = shapeOf(r.in)
	r.run = func(c *call) (reply, error) {
		var in T
		if err := decode(c.body, r.shape, &in); err != nil {
			return reply{}, err
		}
		return f(c, &in)
	}
	return r
}

// routes is the whole table.
func (s *Server) routes() []route {
	var all []route
	for _, part := range [][]route{s.incidentRoutes(), s.measureRoutes(), s.proofRoutes(), s.probeRoutes(), s.linkRoutes(), s.conflictRoutes(),
		s.trackerRoutes(), s.peopleRoutes(), s.teamRoutes(), s.serviceRoutes(), s.tokenRoutes(), s.setupRoutes(), s.policyRoutes(),
		s.recurrenceRoutes(), s.checkRoutes(), s.effectRoutes(), s.reminderRoutes(), s.statsRoutes(), s.evidenceRoutes(), s.viewRoutes(),
		s.reviewRoutes(), s.messageRoutes()} {
		all = append(all, part...)
	}
	return all
}

// echoPath writes a path of the document the way Echo does.
func echoPath(path string) string { return strings.NewReplacer("{", ":", "}", "").Replace(path) }

// serve registers a row with Echo.
func (s *Server) serve(r *route) {
	s.echo.Add(r.method, prefix+echoPath(r.path), func(ec echo.Context) error {
		c := &call{Context: ec, route: r}
		if err := s.enter(c); err != nil {
			return err
		}
		out, err := r.run(c)
		if err != nil {
			return err
		}
		return s.answer(c, out)
	})
}

// enter checks everything that comes before the operation, cheapest and most
// telling first: who is asking, then what is asked.
func (s *Server) enter(c *call) error {
	if !c.route.open {
		if err := s.authenticate(c); err != nil {
			return err
		}
		if err := c.actor().Require(c.route.needs); err != nil {
			return err
		}
	}
	if err := c.readQuery(); err != nil {
		return err
	}
	if err := c.readMatch(); err != nil {
		return err
	}
	if c.Request().Method != http.MethodGet {
		if err := c.readBody(); err != nil {
			return err
		}
	}
	request := app.Request{ID: requestID(c)}
	if c.route.repeatable {
		key, err := idempotencyKey(c)
		if err != nil {
			return err
		}
		request.Idempotency = key
	}
	c.SetRequest(c.Request().WithContext(app.WithRequest(c.Request().Context(), request)))
	return nil
}

// idempotencyKey reads the header; the hash covers where the body went, so
// that one key cannot stand for two different creates.
func idempotencyKey(c *call) (domain.Idempotency, error) {
	key := c.Request().Header.Get("Idempotency-Key")
	if key == "" {
		return domain.Idempotency{}, nil
	}
	if len(key) > 200 || strings.ContainsFunc(key, func(r rune) bool { return r < 0x21 || r > 0x7e }) {
		return domain.Idempotency{}, badRequest("Idempotency-Key is not accepted; use 1 to 200 visible ASCII characters",
			[]fault{{"header.Idempotency-Key", "is not 1 to 200 visible ASCII characters"}})
	}
	h := sha256.New()
	for _, part := range []string{c.Request().Method, c.Request().URL.Path} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	h.Write(c.body)
	return domain.Idempotency{Key: key, BodyHash: hex.EncodeToString(h.Sum(nil))}, nil
}

func (c *call) ctx() context.Context { return c.Request().Context() }

func asError[T error](err error, target *T) bool { return errors.As(err, target) }

// listQuery are the parameters of every list.
func listQuery(sorts []string, more ...param) []param {
	out := append([]param{}, more...)
	out = append(out,
		param{name: "limit", kind: "integer", doc: "rows per page, 1 to 200; 50 when absent"},
		param{name: "cursor", kind: "string", doc: "next_cursor of the page before"})
	if len(sorts) > 0 {
		out = append(out, param{name: "sort", kind: "string", list: true, doc: "fields from " + strings.Join(sorts, ", ") + "; - in front for descending"})
	}
	return append(out, param{name: "total", kind: "boolean", doc: "also count all rows"})
}

func names[T ~string](values []T) []string {
	out := make([]string, len(values))
	for n, v := range values {
		out[n] = string(v)
	}
	return out
}
