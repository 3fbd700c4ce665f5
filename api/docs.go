package api

import (
	_ "embed" // the page of the documentation
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"
)

//go:embed docs/index.html
var docsPage []byte

//go:embed docs/start.js
var docsStart []byte

//go:embed docs/page.css
var docsStyle []byte

// docsPolicy lets the page load its own scripts and nothing from elsewhere.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// serveDocs serves the OpenAPI document and a page to browse it. The index
// page is our own: the one that comes with the viewer has inline scripts.
func (s *Server) serveDocs() {
	blob := func(contentType string, body []byte) echo.HandlerFunc {
		return func(c echo.Context) error { return c.Blob(http.StatusOK, contentType, body) }
	}
	s.echo.GET("/api/openapi.json", blob("application/json", s.spec.json))
	s.echo.GET("/api/openapi.yaml", blob("application/yaml", s.spec.yaml))
	page := func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", docsPolicy)
		return c.HTMLBlob(http.StatusOK, docsPage)
	}
	s.echo.GET("/api/docs", page)
	s.echo.GET("/api/docs/", page)
	s.echo.GET("/api/docs/start.js", blob("text/javascript; charset=utf-8", docsStart))
	s.echo.GET("/api/docs/page.css", blob("text/css; charset=utf-8", docsStyle))
	assets := v5emb.New("Followthrough", "/api/openapi.json", "/api/docs/assets/")
	for _, name := range []string{"swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"} {
		s.echo.GET("/api/docs/assets/"+name, func(c echo.Context) error {
			c.Response().Header().Set("Cache-Control", "private, max-age=86400")
			r := c.Request().Clone(c.Request().Context())
			r.URL.Path = strings.TrimSuffix(r.URL.Path, "/")
			assets.ServeHTTP(c.Response(), r)
			return nil
		})
	}
}
