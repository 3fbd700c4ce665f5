package web

import (
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) serviceRoutes(get, post register) {
	get("/services", s.services)
	post("/services", s.createService)
	post("/services/:id", s.editService)
	post("/services/:id/remove", s.removeService)
}

// services shows the catalogue and what it lacks; ?name= begins an entry.
func (s *Server) services(c echo.Context, p *templates.Page) error {
	ctx := c.Request().Context()
	p.Title, p.Section = p.T("nav.services"), "services"
	listed, err := s.app.Services.List(ctx, p.Actor)
	if err != nil {
		return err
	}
	unlisted, err := s.app.Services.Unlisted(ctx, p.Actor)
	if err != nil {
		return err
	}
	return s.show(c, p, templates.Services(p, listed, unlisted, p.Query.Get("name")))
}

// fillService reads the form of an entry.
func fillService(entry *domain.Service, form url.Values) error {
	since, err := dateOf("since", form.Get("since"))
	if err != nil {
		return err
	}
	retired, err := dateOf("retired", form.Get("retired"))
	if err != nil {
		return err
	}
	entry.Name, entry.Since, entry.Retired, entry.Team = form.Get("name"), since, retired, domain.TeamID(form.Get("team"))
	return nil
}

func (s *Server) createService(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	var entry domain.Service
	if err = fillService(&entry, form); err == nil {
		_, err = s.app.Services.Create(c.Request().Context(), p.Actor, entry, "")
	}
	return s.afterService(c, p, "service", form, "created", err)
}

func (s *Server) editService(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	version, err := formVersion(form)
	if err != nil {
		return err
	}
	var filled domain.Service
	if err = fillService(&filled, form); err == nil {
		_, err = s.app.Services.Edit(c.Request().Context(), p.Actor, serviceID(c), version, "", func(entry *domain.Service) {
			entry.Name, entry.Since, entry.Retired, entry.Team = filled.Name, filled.Since, filled.Retired, filled.Team
		})
	}
	return s.afterService(c, p, "service-"+c.Param("id"), form, "saved", err)
}

func (s *Server) removeService(c echo.Context, p *templates.Page) error {
	err := s.app.Services.Remove(c.Request().Context(), p.Actor, serviceID(c), 0)
	return s.afterService(c, p, "service-"+c.Param("id"), nil, "removed", err)
}

func serviceID(c echo.Context) domain.ServiceID { return domain.ServiceID(c.Param("id")) }

func (s *Server) afterService(c echo.Context, p *templates.Page, name string, form url.Values, text string, err error) error {
	if err == nil {
		return done(c, "/services", text)
	}
	if err := refused(p, name, form, err); err != nil {
		return err
	}
	return s.services(c, p)
}
