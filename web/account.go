package web

import (
	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) accountRoutes(get, post register) {
	post("/sign-out", s.signOut)
	get("/account", s.account)
	post("/account", s.saveAccount)
	post("/account/password", s.changePassword)
	post("/account/sign-out-everywhere", s.signOutEverywhere)
	post("/account/calendar", s.makeCalendar)
}

func (s *Server) account(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("nav.account"), "account"
	settings, err := s.app.Reminders.Settings(c.Request().Context(), p.Actor, p.Me.ID)
	if err != nil {
		return err
	}
	return s.show(c, p, templates.Account(p, settings))
}

// saveAccount changes what a person may say of themselves: the language. It
// is done in the name of the program, because only administrators edit people.
func (s *Server) saveAccount(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	by := domain.System()
	by.ID, by.Source = string(p.Me.ID), domain.FromUser
	_, err = s.app.People.Edit(c.Request().Context(), by, p.Me.ID, 0, "", func(person *domain.Person) {
		person.Language = form.Get("language")
	})
	if err != nil {
		if err := refused(p, "account", form, err); err != nil {
			return err
		}
		return s.account(c, p)
	}
	return done(c, "/account", "saved")
}

func (s *Server) changePassword(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	account := "change:" + string(p.Me.ID)
	if s.failures.locked(s.now(), account) {
		err = domain.Errorf(domain.ErrLimited, "too many wrong passwords; wait a quarter of an hour")
	} else if err = s.app.Access.ChangePassword(c.Request().Context(), p.Actor, form.Get("old_password"), form.Get("password")); err != nil {
		s.failures.add(s.now(), account)
	}
	if err != nil {
		if err := refused(p, "password", nil, err); err != nil {
			return err
		}
		return s.account(c, p)
	}
	if err := s.begin(c, p.Me); err != nil { // the old session ended with the old password
		return err
	}
	return done(c, "/account", "password")
}

func (s *Server) signOutEverywhere(c echo.Context, p *templates.Page) error {
	if err := s.app.Access.EndSessions(c.Request().Context(), p.Actor, p.Me.ID); err != nil {
		return err
	}
	return s.signOut(c, p)
}
