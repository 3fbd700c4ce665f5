package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

// sessionLife is how long a browser stays signed in.
const sessionLife = 7 * 24 * time.Hour

// newSessions keeps sessions in the database, so that a person can be signed
// out everywhere and a restart signs nobody out. Only sign-in and sign-out
// write: a page that is looked at changes nothing.
func newSessions(access *app.Access, now func() time.Time, secure bool) *scs.SessionManager {
	m := scs.New()
	m.Store = sessionStore{access, now}
	m.Lifetime = sessionLife
	m.Cookie.Name, m.Cookie.Path, m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Secure = "session", "/", true, http.SameSiteLaxMode, secure
	if secure {
		m.Cookie.Name = "__Host-session"
	}
	return m
}

// sessionStore is the store of the session manager.
type sessionStore struct {
	access *app.Access
	now    func() time.Time
}

// FindCtx implements scs.CtxStore.
func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	session, err := s.access.Session(ctx, token)
	if domain.KindOf(err) == domain.ErrNotFound {
		return nil, false, nil
	}
	return session.Data, err == nil, err
}

// CommitCtx implements scs.CtxStore. The life of a session is measured by our
// own clock.
func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, _ time.Time) error {
	_, values, err := scs.GobCodec{}.Decode(data)
	if err != nil {
		return err
	}
	person, _ := values["person"].(string)
	return s.access.SaveSession(ctx, token, domain.Session{Person: domain.PersonID(person), Data: data, ExpiresAt: s.now().Add(sessionLife)})
}

// DeleteCtx implements scs.CtxStore.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.access.EndSession(ctx, token)
}

var errNeedsContext = fmt.Errorf("sessions are reached with a context")

// Find implements scs.Store; the manager calls FindCtx.
func (sessionStore) Find(string) ([]byte, bool, error) { return nil, false, errNeedsContext }

// Commit implements scs.Store; the manager calls CommitCtx.
func (sessionStore) Commit(string, []byte, time.Time) error { return errNeedsContext }

// Delete implements scs.Store; the manager calls DeleteCtx.
func (sessionStore) Delete(string) error { return errNeedsContext }

func (s *Server) sessionFailed(w http.ResponseWriter, r *http.Request, err error) {
	s.log.ErrorContext(r.Context(), "session failed", "error", err)
	http.Error(w, "The session could not be read. Try again in a moment.", http.StatusServiceUnavailable)
}

// handler answers one request for a page.
type handler func(c echo.Context, p *templates.Page) error

// open serves a page that needs no session.
func (s *Server) open(h handler) echo.HandlerFunc {
	return func(c echo.Context) error {
		p := s.newPage(c, "")
		c.Set("page", p)
		return h(c, p)
	}
}

// signedIn serves a page to people with a session and sends others to sign in.
func (s *Server) signedIn(h handler) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		id := domain.PersonID(s.sessions.GetString(ctx, "person"))
		if id == "" {
			return s.askToSignIn(c)
		}
		byID, err := s.directory.peopleByID(ctx)
		if err != nil {
			return err
		}
		me, ok := byID[id]
		if !ok || me.Disabled {
			if err := s.sessions.Destroy(ctx); err != nil {
				return err
			}
			return s.askToSignIn(c)
		}
		p := s.newPage(c, me.Language)
		p.Me, p.Actor, p.People = me, app.ActorOf(me), byID
		c.Set("page", p)
		if c.Request().Method == http.MethodPost {
			defer s.directory.forget()
		}
		if p.Teams, err = s.directory.teamsFor(ctx, p.Actor); err != nil {
			return err
		}
		return h(c, p)
	}
}

func (s *Server) askToSignIn(c echo.Context) error {
	r := c.Request()
	if r.Method != http.MethodGet || r.URL.Path == "/" {
		return c.Redirect(http.StatusSeeOther, "/sign-in")
	}
	return c.Redirect(http.StatusSeeOther, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()))
}
