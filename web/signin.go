package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) signInPage(c echo.Context, p *templates.Page) error {
	return s.showSignIn(c, p, ownPath(c.QueryParam("next")))
}

func (s *Server) showSignIn(c echo.Context, p *templates.Page, next string) error {
	p.Title = p.T("signin.title")
	return s.show(c, p, templates.SignIn(p, next))
}

func (s *Server) signIn(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	next := ownPath(form.Get("next"))
	address, account := "ip:"+s.ip(c.Request()), "account:"+strings.ToLower(strings.TrimSpace(form.Get("email")))
	if s.failures.locked(s.now(), address, account) {
		return s.refuseSignIn(c, p, next, domain.Errorf(domain.ErrLimited, "too many wrong passwords; wait a quarter of an hour"))
	}
	person, err := s.app.Access.SignInWithPassword(c.Request().Context(), form.Get("email"), form.Get("password"))
	if domain.KindOf(err) == domain.ErrUnauthorized {
		s.failures.add(s.now(), address, account)
		return s.refuseSignIn(c, p, next, err)
	}
	if err != nil {
		return err
	}
	s.failures.succeed(account)
	if err := s.begin(c, person); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, next)
}

func (s *Server) refuseSignIn(c echo.Context, p *templates.Page, next string, err error) error {
	form := c.Request().PostForm
	form.Del("password")
	if err := refused(p, "signin", form, err); err != nil {
		return err
	}
	return s.showSignIn(c, p, next)
}

// begin starts a fresh session for a person: an id that was known before the
// sign-in opens nothing after it.
func (s *Server) begin(c echo.Context, person domain.Person) error {
	ctx := c.Request().Context()
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, "person", string(person.ID))
	return nil
}

func (s *Server) signOut(c echo.Context, _ *templates.Page) error {
	if err := s.sessions.Destroy(c.Request().Context()); err != nil {
		return err
	}
	return done(c, "/sign-in", "signed_out")
}

func (s *Server) setupPage(c echo.Context, p *templates.Page) error {
	p.Title = p.T("setup.title")
	return s.show(c, p, templates.Setup(p, app.MinPassword))
}

func (s *Server) setUp(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	ctx, address := c.Request().Context(), "ip:"+s.ip(c.Request())
	person, err := domain.Person{}, app.CheckPassword(form.Get("password"))
	if s.failures.locked(s.now(), address) {
		err = domain.Errorf(domain.ErrLimited, "too many wrong links; wait a quarter of an hour")
	}
	if err == nil && form.Get("email") == "" {
		err = domain.Invalid("email", "is empty; it is what you sign in with")
	}
	if err == nil {
		person, err = s.app.Access.UseSetup(ctx, strings.TrimSpace(form.Get("secret")), form.Get("name"), strings.TrimSpace(form.Get("email")))
	}
	if domain.KindOf(err) == domain.ErrUnauthorized {
		s.failures.add(s.now(), address)
	}
	if err != nil {
		form.Del("password")
		if err := refused(p, "setup", form, err); err != nil {
			return err
		}
		return s.setupPage(c, p)
	}
	if err := s.app.Access.SetPassword(ctx, app.ActorOf(person), person.ID, form.Get("password")); err != nil {
		return err
	}
	if err := s.begin(c, person); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/")
}

func (s *Server) invitationPage(c echo.Context, p *templates.Page) error {
	p.Title = p.T("invitation.title")
	return s.show(c, p, templates.Invitation(p, app.MinPassword))
}

func (s *Server) acceptInvitation(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	address := "ip:" + s.ip(c.Request())
	person := domain.Person{}
	if s.failures.locked(s.now(), address) {
		err = domain.Errorf(domain.ErrLimited, "too many wrong links; wait a quarter of an hour")
	} else {
		person, err = s.app.Access.AcceptInvitation(c.Request().Context(), strings.TrimSpace(form.Get("secret")), form.Get("password"))
	}
	if domain.KindOf(err) == domain.ErrUnauthorized {
		s.failures.add(s.now(), address)
	}
	if err != nil {
		form.Del("password")
		if err := refused(p, "invitation", form, err); err != nil {
			return err
		}
		return s.invitationPage(c, p)
	}
	if err := s.begin(c, person); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/")
}
