package api

import (
	_ "embed" // the page of the set-up link
	"net/http"
	"reflect"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
)

//go:embed setup/index.html
var setupPage []byte

//go:embed setup/page.js
var setupScript []byte

//go:embed setup/page.css
var setupStyle []byte

// setupPolicy lets the page load its own two files and post to this server.
const setupPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// serveSetup serves the page that the one-time link of the first start leads
// to. It is the same for everybody; the secret decides.
func (s *Server) serveSetup() {
	s.echo.GET("/setup", func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", setupPolicy)
		return c.HTMLBlob(http.StatusOK, setupPage)
	})
	s.echo.GET("/setup/page.js", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "text/javascript; charset=utf-8", setupScript)
	})
	s.echo.GET("/setup/page.css", func(c echo.Context) error { return c.Blob(http.StatusOK, "text/css; charset=utf-8", setupStyle) })
}

type setupInput struct {
	Secret opt[string] `json:"secret" doc:"what stands behind the # of the one-time link"`
	Name   opt[string] `json:"name"`
	Email  opt[string] `json:"email,omitempty"`
}

type setupJSON struct {
	Person personJSON `json:"person"`
	Token  tokenJSON  `json:"token" doc:"with its secret, which is shown once"`
}

func (s *Server) setupRoutes() []route {
	return []route{
		withBody(route{method: http.MethodPost, path: "/setup", id: "set-up", summary: "Become the first administrator with the one-time link", tag: "tokens",
			open: true, status: http.StatusCreated, out: reflect.TypeFor[setupJSON]()}, s.setUp),
	}
}

func (s *Server) setUp(c *call, in *setupInput) (reply, error) {
	if s.failures.locked(c.RealIP(), s.now()) {
		return reply{}, tooMany("too many wrong set-up links from your address; wait a minute")
	}
	person, token, secret, err := s.app.Access.SetUp(c.ctx(), in.Secret.value, in.Name.value, in.Email.value)
	if domain.KindOf(err) == domain.ErrUnauthorized {
		s.failures.count(c.RealIP(), s.now())
	}
	if err != nil {
		return reply{}, err
	}
	out := setupJSON{Person: personOf(person), Token: tokenOf(token)}
	out.Token.Secret = &secret
	return reply{body: out}, nil
}
