package api

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// problemJSON is the one shape of errors, RFC 9457.
type problemJSON struct {
	Type   string `json:"type" doc:"about:blank: the status says the kind"`
	Title  string `json:"title" doc:"the status in words"`
	Status int    `json:"status"`
	Detail string `json:"detail" doc:"what was wrong and what to do, for people"`
	// Instance names this occurrence; the log has the same id.
	Instance string      `json:"instance" doc:"the request, as the log names it"`
	Code     string      `json:"code,omitempty" doc:"a short reason for programs, where the status says too little"`
	Errors   []faultJSON `json:"errors,omitempty" nullable:"false" doc:"every refused input"`
}

type faultJSON struct {
	Location string `json:"location" doc:"for example body.title, query.sort, header.If-Match"`
	Message  string `json:"message"`
}

// fault is one refused input.
type fault struct{ location, message string }

// refusal is an error of the HTTP layer itself; errors of the operations are
// domain errors.
type refusal struct {
	status int
	detail string
	faults []fault
	header map[string]string
}

// Error implements error.
func (r *refusal) Error() string { return r.detail }

func badRequest(detail string, faults []fault) error {
	return &refusal{status: http.StatusBadRequest, detail: detail, faults: faults}
}

func unprocessable(faults []fault) error {
	return &refusal{status: http.StatusUnprocessableEntity, detail: sentence(faults), faults: faults}
}

func refuse(status int, detail string) error { return &refusal{status: status, detail: detail} }

// sentence joins faults the way domain errors read.
func sentence(faults []fault) string {
	parts := make([]string, len(faults))
	for n, f := range faults {
		_, field, ok := strings.Cut(f.location, ".")
		if !ok {
			field = f.location
		}
		parts[n] = field + ": " + f.message
	}
	return strings.Join(parts, "; ")
}

// statusOf is the table from error kinds to HTTP.
func statusOf(e *domain.Error) int {
	if e.Code == app.CodeMismatch {
		return http.StatusUnprocessableEntity
	}
	switch e.Kind {
	case domain.ErrNotFound:
		return http.StatusNotFound
	case domain.ErrConflict:
		return http.StatusConflict
	case domain.ErrInvalid:
		return http.StatusUnprocessableEntity
	case domain.ErrForbidden:
		return http.StatusForbidden
	case domain.ErrUnauthorized:
		return http.StatusUnauthorized
	case domain.ErrStale:
		return http.StatusPreconditionFailed
	case domain.ErrUnavailable, domain.ErrLimited:
		return http.StatusServiceUnavailable
	case domain.ErrUncertain:
		return http.StatusBadGateway
	case domain.ErrGone:
		return http.StatusGone
	}
	return http.StatusInternalServerError
}

// describe turns any error into a problem. Only errors made for people say
// what they are; everything else is a 500 whose text is in the log alone.
func (s *Server) describe(c echo.Context, err error) (problemJSON, map[string]string) {
	id := requestID(c)
	p := problemJSON{Type: "about:blank", Instance: "urn:request:" + id}
	var header map[string]string
	var r *refusal
	var d *domain.Error
	var h *echo.HTTPError
	switch {
	case errors.As(err, &r):
		p.Status, p.Detail, header = r.status, r.detail, r.header
		for _, f := range r.faults {
			p.Errors = append(p.Errors, faultJSON{f.location, f.message})
		}
	case errors.As(err, &d):
		p.Status, p.Detail, p.Code = statusOf(d), d.Error(), d.Code
		for _, f := range d.Fields {
			p.Errors = append(p.Errors, faultJSON{"body." + f.Field, f.Message})
		}
		if d.Code == app.CodeMismatch {
			p.Errors = []faultJSON{{"header.Idempotency-Key", d.Error()}}
		}
		if !d.RetryAt.IsZero() {
			header = map[string]string{"Retry-After": strconv.Itoa(max(1, int(d.RetryAt.Sub(s.now())/time.Second)))}
		}
	case errors.As(err, &h) && h.Code < 500:
		p.Status, p.Detail = h.Code, routingText(h.Code)
	default:
		p.Status = http.StatusInternalServerError
	}
	if p.Status == http.StatusUnauthorized {
		header = map[string]string{"WWW-Authenticate": `Bearer realm="followthrough", error="invalid_token"`}
	}
	if p.Status == http.StatusInternalServerError {
		p.Detail = "something went wrong on our side; the log names this request " + id
		p.Errors, p.Code = nil, ""
		s.log.LogAttrs(c.Request().Context(), slog.LevelError, "request failed",
			slog.String("request", id), slog.String("method", c.Request().Method), slog.String("route", c.Path()), slog.Any("error", err))
	}
	p.Title = http.StatusText(p.Status)
	return p, header
}

func routingText(status int) string {
	switch status {
	case http.StatusNotFound:
		return "there is nothing at this address"
	case http.StatusMethodNotAllowed:
		return "this address does not take this method; see the Allow header"
	}
	return http.StatusText(status)
}

// fail writes any error as a problem.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p, header := s.describe(c, err)
	if s.PageError != nil && !isAPI(c.Request().URL.Path) && s.PageError(c, p.Status, p.Detail) {
		return
	}
	for name, value := range header {
		c.Response().Header().Set(name, value)
	}
	body, _ := json.Marshal(p) // plain texts and numbers always encode
	c.Response().Header()["Content-Type"] = []string{"application/problem+json"}
	c.Response().WriteHeader(p.Status)
	if c.Request().Method != http.MethodHead {
		_, _ = c.Response().Write(body) // the client may be gone; there is nobody left to tell
	}
}

func isAPI(path string) bool {
	return strings.HasPrefix(path, "/api/") || path == "/api" || strings.HasPrefix(path, "/hooks/")
}
