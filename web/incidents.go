package web

import (
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) incidentRoutes(get, post register) {
	get("/incidents", s.incidents)
	get("/incidents/new", s.newIncidentPage)
	post("/incidents/new", s.createIncident)
	get("/incidents/:key", s.incident)
	get("/incidents/:key/edit", s.editIncidentPage)
	post("/incidents/:key/edit", s.editIncident)
	post("/incidents/:key/status", s.changeIncidentStatus)
}

func incidentKey(c echo.Context) domain.IncidentKey {
	return domain.IncidentKey(strings.ToUpper(c.Param("key")))
}

func incidentPath(key domain.IncidentKey) string { return "/incidents/" + string(key) }

func (s *Server) incidentFilter(q url.Values) (domain.IncidentFilter, error) {
	f := domain.IncidentFilter{Status: several[domain.IncidentStatus](q, "status"), Severity: several[domain.Severity](q, "severity"),
		Team: several[domain.TeamID](q, "team"), Service: q.Get("service"), Cause: q.Get("cause"), Tag: q.Get("tag"), Query: q.Get("q")}
	var err error
	f.From, f.To, err = s.period(q)
	return f, err
}

func (s *Server) incidents(c echo.Context, p *templates.Page) error {
	ctx := c.Request().Context()
	p.Title, p.Section = p.T("incidents.title"), "incidents"
	filter, err := s.incidentFilter(p.Query)
	if err != nil {
		return err
	}
	page := pageOf(p.Query, "-started_at", "-key")
	list, err := s.app.Incidents.List(ctx, p.Actor, filter, page)
	if err != nil {
		return err
	}
	keys := make([]domain.IncidentKey, len(list.Items))
	for n, i := range list.Items {
		keys[n] = i.Key
	}
	rollups, err := s.app.Reports.Rollups(ctx, p.Actor, keys)
	if err != nil {
		return err
	}
	if err := s.withViews(c, p, domain.ViewIncidents); err != nil {
		return err
	}
	return s.show(c, p, templates.Incidents(p, templates.IncidentList{Items: list.Items, Rollups: rollups, Next: list.NextCursor, Sort: strings.Join(page.Sort, ",")}))
}

func (s *Server) incident(c echo.Context, p *templates.Page) error {
	ctx := c.Request().Context()
	v, err := s.app.Incidents.View(ctx, p.Actor, incidentKey(c), storyLength)
	if err != nil {
		return err
	}
	i := v.Incident
	p.Title, p.Section = string(i.Key)+" "+i.Title, "incidents"
	view := templates.IncidentView{IncidentView: v, Summary: s.markdown.html(i.Summary), Story: storyOf(p, v.Changes, nil)}
	for n := range view.Story {
		view.Story[n].PutBack = false
	}
	view.Suggestions = templates.Suggestions(p, v.Policy)
	view.Plan = planOf(p, v)
	return s.show(c, p, templates.Incident(p, view))
}

func (s *Server) newIncidentPage(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("incident.new"), "incidents"
	return s.show(c, p, templates.IncidentForm(p, domain.Incident{RecurrenceOf: domain.IncidentKey(p.Query.Get("recurrence_of"))}, true))
}

func (s *Server) createIncident(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	edit, err := s.incidentEdit(form)
	var made domain.Incident
	if err == nil {
		made, err = s.app.Incidents.Create(c.Request().Context(), p.Actor, edit)
	}
	if err != nil {
		if err := refused(p, "incident", form, err); err != nil {
			return err
		}
		return s.newIncidentPage(c, p)
	}
	return done(c, incidentPath(made.Key), "created")
}

func (s *Server) editIncidentPage(c echo.Context, p *templates.Page) error {
	i, err := s.app.Incidents.Get(c.Request().Context(), p.Actor, incidentKey(c))
	if err != nil {
		return err
	}
	p.Title, p.Section = p.T("measure.edit", "Key", i.Key), "incidents"
	return s.show(c, p, templates.IncidentForm(p, i, false))
}

func (s *Server) editIncident(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	version, err := formVersion(form)
	if err != nil {
		return err
	}
	edit, err := s.incidentEdit(form)
	if err == nil {
		edit.Status = domain.Opt[domain.IncidentStatus]{} // the status has its own form
		_, _, err = s.app.Incidents.Edit(c.Request().Context(), p.Actor, incidentKey(c), version, edit)
	}
	if err != nil {
		if err := refused(p, "incident", form, err); err != nil {
			return err
		}
		return s.editIncidentPage(c, p)
	}
	return done(c, incidentPath(incidentKey(c)), "saved")
}

func (s *Server) changeIncidentStatus(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	version, err := formVersion(form)
	if err != nil {
		return err
	}
	edit := domain.IncidentEdit{Status: domain.Some(domain.IncidentStatus(form.Get("status"))), Reason: strings.TrimSpace(form.Get("reason"))}
	if _, _, err := s.app.Incidents.Edit(c.Request().Context(), p.Actor, incidentKey(c), version, edit); err != nil {
		if err := refused(p, "status", form, err); err != nil {
			return err
		}
		return s.incident(c, p)
	}
	return done(c, incidentPath(incidentKey(c)), "saved")
}

func (s *Server) incidentEdit(form url.Values) (domain.IncidentEdit, error) {
	get := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	e := domain.IncidentEdit{Title: domain.Some(get("title")), Summary: domain.Some(form.Get("summary")), Severity: domain.Some(domain.Severity(get("severity"))),
		Services: domain.Some(lines(get("services"))), Causes: domain.Some(lines(get("causes"))), Tags: domain.Some(lines(get("tags"))),
		RecurrenceOf: domain.Some(domain.IncidentKey(strings.ToUpper(get("recurrence_of")))), ExternalURL: domain.Some(get("external_url")),
		Team: domain.Some(domain.TeamID(get("team"))), Reason: get("reason")}
	if v := get("status"); v != "" {
		e.Status = domain.Some(domain.IncidentStatus(v))
	}
	for name, at := range map[string]*domain.Opt[time.Time]{"started_at": &e.StartedAt, "detected_at": &e.DetectedAt, "mitigated_at": &e.MitigatedAt, "resolved_at": &e.ResolvedAt} {
		t, err := s.instantOf(name, get(name))
		if err != nil {
			return e, err
		}
		*at = domain.Some(t)
	}
	return e, nil
}

// lines reads a list that people separate by commas or lines.
func lines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == ';' })
}
