package web

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) viewRoutes(get, post register) {
	get("/views", s.views)
	post("/views", s.saveView)
	post("/views/:id/edit", s.editView)
	post("/views/:id/remove", s.removeView)
}

// withViews gives a page its saved views.
func (s *Server) withViews(c echo.Context, p *templates.Page, page domain.ViewPage) error {
	all, err := s.app.SavedViews.List(c.Request().Context(), p.Actor)
	if err != nil {
		return err
	}
	p.ViewPage = page
	for _, v := range all {
		if v.Page == page {
			p.Views = append(p.Views, v)
		}
	}
	return nil
}

// views lists what the person keeps and what others share.
func (s *Server) views(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("views.title"), "views"
	all, err := s.app.SavedViews.List(c.Request().Context(), p.Actor)
	if err != nil {
		return err
	}
	return s.show(c, p, templates.Views(p, all))
}

func viewOf(form url.Values) domain.SavedView {
	v := domain.SavedView{Name: form.Get("name"), Page: domain.ViewPage(form.Get("page")), Query: form.Get("query")}
	v.Share, v.Team = shareOf(form.Get("share"))
	return v
}

// shareOf reads whom a view is shared with: none, organisation, or team: and its id.
func shareOf(text string) (domain.ViewShare, domain.TeamID) {
	if team, ok := strings.CutPrefix(text, "team:"); ok {
		return domain.ShareTeam, domain.TeamID(team)
	}
	return domain.ViewShare(text), ""
}

// saveView keeps the filters of the page it was sent from, and leads back there.
func (s *Server) saveView(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	made, err := s.app.SavedViews.Create(c.Request().Context(), p.Actor, viewOf(form))
	if err != nil {
		if err := refused(p, "view", form, err); err != nil {
			return err
		}
		return s.views(c, p)
	}
	q, err := url.ParseQuery(made.Query)
	if err != nil {
		return err
	}
	q.Set("done", "view")
	u := url.URL{Path: templates.ViewPath(made.Page), RawQuery: q.Encode()}
	return c.Redirect(303, u.String())
}

func (s *Server) editView(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	_, err = s.app.SavedViews.Edit(c.Request().Context(), p.Actor, c.Param("id"), 0, func(v *domain.SavedView) {
		v.Name = form.Get("name")
		v.Share, v.Team = shareOf(form.Get("share"))
	})
	if err != nil {
		if err := refused(p, "view-"+c.Param("id"), form, err); err != nil {
			return err
		}
		return s.views(c, p)
	}
	return done(c, "/views", "saved")
}

func (s *Server) removeView(c echo.Context, p *templates.Page) error {
	if err := s.app.SavedViews.Remove(c.Request().Context(), p.Actor, c.Param("id"), 0); err != nil {
		if err := refused(p, "view-"+c.Param("id"), nil, err); err != nil {
			return err
		}
		return s.views(c, p)
	}
	return done(c, "/views", "removed")
}
