package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/chart"
	"github.com/followthrough/followthrough/web/document"
	"github.com/followthrough/followthrough/web/i18n"
)

//go:embed static
var staticFiles embed.FS

// Options is what the pages are built from.
type Options struct {
	App *app.App
	// Now is the clock; Zone the organisation's time zone.
	Now  func() time.Time
	Zone *time.Location
	// Language is the organisation's, en or de: for whoever names no other.
	Language string
	// PublicURL is the address people reach the pages at; https makes the cookie
	// of a session travel over TLS only.
	PublicURL string
	Log       *slog.Logger
	Version   string
	// ReadChat reads the export of a chat.
	ReadChat ReadChat
	// ClientIP says which address a request comes from; nil takes the peer's.
	ClientIP func(*http.Request) string
}

// ReadChat reads an export of a chat or mailbox; name is what people see.
type ReadChat func(name string, data io.ReaderAt, size int64, o domain.ChatOptions) (domain.Chat, error)

// Server is the pages.
type Server struct {
	app       *app.App
	now       func() time.Time
	zone      *time.Location
	language  string
	publicURL string
	readChat  ReadChat
	documents *document.Author
	secure    bool
	log       *slog.Logger
	version   string
	ip        func(*http.Request) string

	markdown  *markdown
	texts     *i18n.Bundle
	sessions  *scs.SessionManager
	failures  *failures
	directory *directory
	assets    string
	echo      *echo.Echo
	origins   *http.CrossOriginProtection
}

// New builds the pages; mount the result on "/".
func New(o Options) (*Server, error) {
	s := &Server{app: o.App, now: o.Now, zone: o.Zone, language: o.Language, publicURL: strings.TrimRight(o.PublicURL, "/"), readChat: o.ReadChat,
		secure: strings.HasPrefix(o.PublicURL, "https://"), log: o.Log, version: o.Version, ip: o.ClientIP,
		failures: newFailures(), markdown: newMarkdown(), directory: &directory{app: o.App, now: o.Now}, echo: echo.New(), origins: http.NewCrossOriginProtection()}
	if s.zone == nil {
		s.zone = time.UTC
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.ip == nil {
		s.ip = peer
	}
	var err error
	if s.texts, err = i18n.New(); err != nil {
		return nil, err
	}
	s.documents = &document.Author{Reviews: o.App.Reviews, People: o.App.People, Texts: s.texts, Zone: s.zone, Now: s.now, Language: s.language}
	if s.assets, err = versionOf(staticFiles); err != nil {
		return nil, err
	}
	s.sessions = newSessions(o.App.Access, s.now, s.secure)
	s.sessions.ErrorFunc = s.sessionFailed
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = s.fail
	s.echo.Pre(s.guard)
	s.echo.Use(middleware.GzipWithConfig(middleware.GzipConfig{Level: 5, MinLength: 1024}), middleware.BodyLimit("8M"))
	s.echo.GET("/static/:file", s.static)
	s.routes()
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// routes is every address of the pages. What is not in the group in the middle
// is reachable without a session.
func (s *Server) routes() {
	session := echo.WrapMiddleware(s.sessions.LoadAndSave)
	open := s.echo.Group("", session)
	open.GET("/sign-in", s.open(s.signInPage))
	open.POST("/sign-in", s.open(s.signIn))
	open.GET("/setup", s.open(s.setupPage))
	open.POST("/setup", s.open(s.setUp))
	open.GET("/invitation", s.open(s.invitationPage))
	open.POST("/invitation", s.open(s.acceptInvitation))
	s.echo.GET("/feedback/:secret", s.open(s.feedbackPage))
	s.echo.POST("/feedback/:secret", s.open(s.giveFeedback))
	s.echo.GET("/calendar/:file", s.open(s.calendar))
	s.echo.GET("/reminders/stop/:key", s.open(s.stopPage))
	s.echo.POST("/reminders/stop/:key", s.open(s.stop))

	in := s.echo.Group("", session)
	get := func(path string, h handler) { in.GET(path, s.signedIn(h)) }
	post := func(path string, h handler) { in.POST(path, s.signedIn(h)) }
	for _, part := range []func(get, post register){ // one a line: rooms are added side by side
		s.dashboardRoutes,
		s.statisticsRoutes,
		s.measureRoutes,
		s.inlineRoutes,
		s.importRoutes,
		s.incidentRoutes,
		s.recurrenceRoutes,
		s.reviewRoutes,
		s.conflictRoutes,
		s.exportRoutes,
		s.trackerRoutes,
		s.peopleRoutes,
		s.tokenRoutes,
		s.policyRoutes, s.serviceRoutes, s.evidenceRoutes,
		s.checkRoutes,
		s.reminderRoutes,
		s.accountRoutes,
		s.viewRoutes,
	} {
		part(get, post)
	}
}

type register func(path string, h handler)

// versionOf is a short hash of the static files: a changed file has a new
// address, so that it may be kept forever.
func versionOf(files embed.FS) (string, error) {
	hash := sha256.New()
	err := fs.WalkDir(files, "static", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(hash, "%s %d %s", path, len(content), content)
		return err
	})
	hash.Write([]byte(chart.Stylesheet()))
	return hex.EncodeToString(hash.Sum(nil))[:12], err
}

func (s *Server) static(c echo.Context) error {
	types := map[string]string{"app.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8", "inline.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"}
	name := c.Param("file")
	if name == "chart.css" { // the style sheet of the pictures lives with them
		s.cacheable(c)
		return c.Blob(http.StatusOK, "text/css; charset=utf-8", []byte(chart.Stylesheet()))
	}
	contentType, ok := types[name]
	if !ok {
		return echo.ErrNotFound
	}
	content, err := staticFiles.ReadFile("static/" + name)
	if err != nil {
		return err
	}
	s.cacheable(c)
	return c.Blob(http.StatusOK, contentType, content)
}

// cacheable lets a browser keep a file whose address names this version of it.
func (s *Server) cacheable(c echo.Context) {
	if c.QueryParam("v") == s.assets {
		c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
}

func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
