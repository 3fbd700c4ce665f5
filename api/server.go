package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// Intake takes webhook deliveries. The sync engine's adapters implement it:
// the signature is checked over the raw bytes before anything else is done
// with them, and the delivery is stored before it returns.
type Intake interface {
	Intake(ctx context.Context, kind, tracker string, header http.Header, body []byte) error
}

// Options is what the server is built from.
type Options struct {
	App *app.App
	// Intake takes webhooks; nil answers 404 to all of them.
	Intake Intake
	// Ready reports whether the database can be reached and its schema is current.
	Ready func(ctx context.Context) error
	// ReadChat reads an export of a chat or mailbox; name is what people see.
	ReadChat func(name string, data io.ReaderAt, size int64, o domain.ChatOptions) (domain.Chat, error)
	// Document writes the document of a review.
	Document func(ctx context.Context, by domain.Actor, r domain.DocumentRequest) (domain.DocumentFile, error)
	Log      *slog.Logger
	// TrustedProxies are the networks whose X-Forwarded headers are believed;
	// none means that they are never looked at.
	TrustedProxies []*net.IPNet
	// Version is the program's, for the OpenAPI document.
	Version string
}

// Server is the HTTP face. Pages may be mounted on Echo before it serves.
type Server struct {
	// PageError may show an error outside the API as a page; false leaves it to
	// the API's own form.
	PageError func(c echo.Context, status int, detail string) bool

	app      *app.App
	intake   Intake
	ready    func(context.Context) error
	readChat func(string, io.ReaderAt, int64, domain.ChatOptions) (domain.Chat, error)
	document func(context.Context, domain.Actor, domain.DocumentRequest) (domain.DocumentFile, error)
	log      *slog.Logger
	now      func() time.Time
	echo     *echo.Echo
	table    []route
	failures *failures
	// hookMemory bounds what deliveries hold in memory.
	hookMemory hookMemory
	spec       specification
	// origin refuses what a page of another site makes somebody's browser send.
	origin *http.CrossOriginProtection
}

// New builds the server.
func New(o Options) (*Server, error) {
	for _, network := range o.TrustedProxies {
		if ones, _ := network.Mask.Size(); ones == 0 {
			return nil, fmt.Errorf("trusted proxies: %s is everybody; name the network of your proxy, for example 10.0.0.0/24", network)
		}
	}
	s := &Server{app: o.App, intake: o.Intake, ready: o.Ready, readChat: o.ReadChat, document: o.Document, log: o.Log, now: o.App.Now, echo: echo.New(), failures: newFailures(),
		origin: http.NewCrossOriginProtection()}
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = s.fail
	s.echo.IPExtractor = clientIP(o.TrustedProxies)
	s.echo.SchemeExtractor = scheme(o.TrustedProxies)
	s.echo.Pre(s.guard)
	s.table = s.routes()
	for n := range s.table {
		s.serve(&s.table[n])
	}
	var err error
	if s.spec, err = specify(s.table, o.Version); err != nil {
		return nil, err
	}
	s.serveDocs()
	s.serveSetup()
	s.serveHealth()
	s.echo.POST("/hooks/:kind/:tracker", s.hook)
	return s, nil
}

// Echo returns the router, so that pages can be mounted on it.
func (s *Server) Echo() *echo.Echo { return s.echo }

// Handler returns everything as one handler.
func (s *Server) Handler() http.Handler { return s.echo }

// HTTPServer returns a server with the limits of this service around a
// handler; addr and TLS are the caller's.
func HTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// requestID is the random name of a request, in the answer and in the log.
func requestID(c echo.Context) string {
	id, _ := c.Get("request").(string)
	return id
}

// guard is around everything: it names the request, sets the headers that
// every answer carries, refuses TRACE and what foreign pages send, and turns a
// panic into an ordinary 500.
func (s *Server) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		id := rand.Text()[:16]
		c.Set("request", id)
		s.setHeaders(c, id)
		if c.Request().Method == http.MethodTrace {
			c.Response().Header().Set("Allow", "GET, POST, PATCH, DELETE")
			return echo.ErrMethodNotAllowed
		}
		if err := s.origin.Check(c.Request()); err != nil {
			return refuse(http.StatusForbidden, "a page of another site sent this; changes are taken from our own pages and from programs only")
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

// policy of what a page may load: nothing at all for data. Pages set their own.
const dataPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (s *Server) setHeaders(c echo.Context, id string) {
	h := c.Response().Header()
	h["X-Request-Id"] = []string{id}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	h["Cache-Control"] = []string{"no-store"}
	h["Content-Security-Policy"] = []string{dataPolicy}
	h["Referrer-Policy"] = []string{"no-referrer"}
	h["X-Frame-Options"] = []string{"DENY"}
	h["Cross-Origin-Opener-Policy"] = []string{"same-origin"}
	h["Cross-Origin-Resource-Policy"] = []string{"same-origin"}
	h["Permissions-Policy"] = []string{"camera=(), geolocation=(), microphone=()"}
	if c.Scheme() == "https" {
		h["Strict-Transport-Security"] = []string{"max-age=31536000; includeSubDomains"}
	}
}

func clientIP(proxies []*net.IPNet) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, network := range proxies {
		trust = append(trust, echo.TrustIPRange(network))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// scheme believes X-Forwarded-Proto from the named proxies and nobody else.
func scheme(proxies []*net.IPNet) echo.SchemeExtractor {
	return func(r *http.Request) string {
		if r.TLS != nil {
			return "https"
		}
		if len(proxies) > 0 && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
			host, _, _ := net.SplitHostPort(r.RemoteAddr)
			peer := net.ParseIP(host)
			for _, network := range proxies {
				if peer != nil && network.Contains(peer) {
					return "https"
				}
			}
		}
		return "http"
	}
}
