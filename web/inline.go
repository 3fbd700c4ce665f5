package web

import (
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) inlineRoutes(get, post register) {
	get("/measures/:key/edit/:field", s.inlinePage)
	post("/measures/:key/edit/:field", s.inlineEdit)
}

// inlinePage is the form of one field of one measure. A list opens it in a
// dialog where the browser can, and as a page of its own where not.
func (s *Server) inlinePage(c echo.Context, p *templates.Page) error {
	if err := p.Actor.Require(domain.CanEdit); err != nil {
		return err
	}
	if !slices.Contains(templates.InlineFields(), c.Param("field")) {
		return echo.ErrNotFound
	}
	m, err := s.app.Measures.Get(c.Request().Context(), p.Actor, measureKey(c))
	if err != nil {
		return err
	}
	p.Title, p.Section = p.T("inline.title", "Field", p.T("field."+c.Param("field")), "Key", m.Key), "measures"
	back := first(p.Val("inline", "back", ""), p.Query.Get("back"), "/measures")
	return s.show(c, p, templates.InlineEdit(p, m, c.Param("field"), ownPath(back)))
}

// inlineEdit changes one field and leads back to the list.
func (s *Server) inlineEdit(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	version, err := formVersion(form)
	if err != nil {
		return err
	}
	patch, err := inlinePatch(c.Param("field"), form)
	if err == nil {
		_, err = s.app.Measures.Edit(c.Request().Context(), p.Actor, measureKey(c), version, patch)
	}
	if err != nil {
		if err := refused(p, "inline", form, err); err != nil {
			return err
		}
		return s.inlinePage(c, p)
	}
	u, err := url.Parse(ownPath(form.Get("back")))
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("done", "saved")
	u.RawQuery = q.Encode()
	return c.Redirect(303, u.String())
}

func inlinePatch(field string, form url.Values) (app.MeasurePatch, error) {
	patch := app.MeasurePatch{}
	patch.Reason = strings.TrimSpace(form.Get("reason"))
	value := form.Get(field)
	switch field {
	case "title":
		patch.Title = domain.Some(value)
	case "priority":
		patch.Priority = domain.Some(domain.Priority(value))
	case "owner":
		patch.Owner = domain.Some(domain.PersonID(value))
	case "incident":
		patch.Incident = domain.Some(domain.IncidentKey(strings.ToUpper(strings.TrimSpace(value))))
	case "due_on":
		due, err := dateOf("due_on", value)
		if err != nil {
			return patch, err
		}
		patch.DueOn = domain.Some(due)
	default:
		return patch, echo.ErrNotFound
	}
	return patch, nil
}
