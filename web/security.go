package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

// pagePolicy lets a page load our own files and post to us, and nothing else:
// no inline script or style, no foreign host.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard is around every request: it sets the headers every answer carries,
// refuses what another site makes a browser send, and turns a panic into a 500.
func (s *Server) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		id := c.Response().Header().Get("X-Request-Id")
		if id == "" {
			id = rand.Text()[:16]
		}
		h := c.Response().Header()
		h.Set("X-Request-Id", id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if s.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		if err := s.origins.Check(c.Request()); err != nil {
			return domain.Errorf(domain.ErrForbidden, "the request came from another site and was refused")
		}
		defer func() {
			r := recover()
			if r == nil {
				return
			}
			if e, ok := r.(error); ok && errors.Is(e, http.ErrAbortHandler) {
				panic(r)
			}
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}()
		return next(c)
	}
}

// fail shows an error as a page. Only errors made for people say what they
// are; everything else is a 500 whose text is in the log alone.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		s.log.ErrorContext(c.Request().Context(), "answer broken off", "error", err)
		return
	}
	id := c.Response().Header().Get("X-Request-Id")
	status := statusOf(err)
	var text string
	p, ok := c.Get("page").(*templates.Page)
	if !ok {
		p = s.newPage(c, "")
	}
	p.Done, p.Problem, p.Form = "", nil, ""
	var spoken *domain.Error
	switch {
	case errors.As(err, &spoken):
		text = p.Say(spoken)
	case status == http.StatusInternalServerError:
		text = p.T("failure.internal")
		s.log.ErrorContext(c.Request().Context(), "request failed", "request", id, "method", c.Request().Method, "path", c.Request().URL.Path, "error", err)
	default:
		text = p.T("failure.not_here")
	}
	p.Title = p.T("failure.title", "Status", status)
	if err := s.render(c, status, p, templates.Failure(p, status, text, id)); err != nil {
		s.log.ErrorContext(c.Request().Context(), "error page failed", "request", id, "error", err)
	}
}

// statusOf is the table from errors to HTTP.
func statusOf(err error) int {
	if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		return h.Code
	}
	switch domain.KindOf(err) {
	case domain.ErrNotFound:
		return http.StatusNotFound
	case domain.ErrConflict, domain.ErrStale:
		return http.StatusConflict
	case domain.ErrInvalid:
		return http.StatusUnprocessableEntity
	case domain.ErrForbidden:
		return http.StatusForbidden
	case domain.ErrUnauthorized:
		return http.StatusUnauthorized
	case domain.ErrUnavailable, domain.ErrLimited:
		return http.StatusServiceUnavailable
	case domain.ErrUncertain:
		return http.StatusBadGateway
	case domain.ErrGone:
		return http.StatusGone
	}
	return http.StatusInternalServerError
}

// ownPath returns next when it is a page of ours, and "/" for everything else:
// a sign-in never leads to another site (T20).
func ownPath(next string) string {
	for _, r := range next {
		if r <= ' ' || r == '\\' || r == 0x7f {
			return "/"
		}
	}
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.Opaque != "" || u.User != nil ||
		!strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(u.Path, "\\\t\r\n") {
		return "/"
	}
	clean := url.URL{Path: u.Path, RawQuery: u.RawQuery}
	return clean.String()
}
