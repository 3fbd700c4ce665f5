package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) newMeasurePage(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("measure.new"), "measures"
	policy, err := s.app.Policies.Current(c.Request().Context(), p.Actor)
	if err != nil {
		return err
	}
	m := domain.Measure{Incident: domain.IncidentKey(p.Query.Get("incident")), Owner: p.Me.ID}
	if first := domain.MeasureKey(strings.ToUpper(p.Query.Get("succeeds"))); first != "" {
		if m, err = s.successorOf(c, p, first); err != nil {
			return err
		}
	}
	return s.show(c, p, templates.MeasureForm(p, m, templates.Suggestions(p, policy), true))
}

// successorOf is what the form of a successor begins with.
func (s *Server) successorOf(c echo.Context, p *templates.Page, first domain.MeasureKey) (domain.Measure, error) {
	old, err := s.app.Measures.Get(c.Request().Context(), p.Actor, first)
	if err != nil {
		return domain.Measure{}, err
	}
	n := domain.NewMeasure{}.From(old)
	return domain.Measure{Succeeds: n.Succeeds, Incident: n.Incident, Kind: n.Kind, Priority: n.Priority, Team: n.Team, Metric: n.Metric, Owner: p.Me.ID}, nil
}

func (s *Server) createMeasure(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	n, err := newMeasureOf(form)
	var made domain.Measure
	if err == nil {
		made, err = s.app.Measures.Create(c.Request().Context(), p.Actor, n)
	}
	if err != nil {
		if err := refused(p, "measure", form, err); err != nil {
			return err
		}
		return s.newMeasurePage(c, p)
	}
	if form.Get("from") == "incident" && made.Incident != "" {
		return done(c, "/incidents/"+string(made.Incident), "created")
	}
	return done(c, measurePath(made.Key), "created")
}

func newMeasureOf(form url.Values) (domain.NewMeasure, error) {
	metric, err := metricOf(form)
	if err != nil {
		return domain.NewMeasure{}, err
	}
	due, err := dateOf("due_on", form.Get("due_on"))
	if err != nil {
		return domain.NewMeasure{}, err
	}
	return domain.NewMeasure{Incident: domain.IncidentKey(strings.ToUpper(strings.TrimSpace(form.Get("incident")))), Title: form.Get("title"),
		Description: form.Get("description"), Kind: domain.MeasureKind(form.Get("kind")), Priority: domain.Priority(form.Get("priority")),
		Owner: domain.PersonID(form.Get("owner")), Deputy: domain.PersonID(form.Get("deputy")), Team: domain.TeamID(form.Get("team")),
		DueOn: due, Metric: metric, Succeeds: domain.MeasureKey(form.Get("succeeds"))}, nil
}

func (s *Server) editMeasurePage(c echo.Context, p *templates.Page) error {
	m, err := s.app.Measures.Get(c.Request().Context(), p.Actor, measureKey(c))
	if err != nil {
		return err
	}
	p.Title, p.Section = p.T("measure.edit", "Key", m.Key), "measures"
	return s.show(c, p, templates.MeasureForm(p, m, "", false))
}

// editMeasure changes what differs from the measure as it is: a field that was
// not touched is not overwritten.
func (s *Server) editMeasure(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	ctx, key := c.Request().Context(), measureKey(c)
	m, err := s.app.Measures.Get(ctx, p.Actor, key)
	if err != nil {
		return err
	}
	version, err := formVersion(form)
	if err != nil {
		return err
	}
	edit, err := measureEdit(form, m)
	if err == nil {
		_, err = s.app.Measures.Edit(ctx, p.Actor, key, version, app.MeasurePatch{MeasureEdit: edit})
	}
	if err != nil {
		if err := refused(p, "measure", form, err); err != nil {
			return err
		}
		return s.editMeasurePage(c, p)
	}
	return done(c, measurePath(key), "saved")
}

func measureEdit(form url.Values, m domain.Measure) (domain.MeasureEdit, error) {
	n, err := newMeasureOf(form)
	if err != nil {
		return domain.MeasureEdit{}, err
	}
	e := domain.MeasureEdit{Reason: strings.TrimSpace(form.Get("reason")),
		Incident: changed(n.Incident, m.Incident), Title: changed(domain.NormalTitle(n.Title), m.Title),
		Description: changed(domain.NormalText(n.Description), m.Description), Kind: changed(n.Kind, m.Kind), Priority: changed(n.Priority, m.Priority),
		Owner: changed(n.Owner, m.Owner), Deputy: changed(n.Deputy, m.Deputy), Team: changed(n.Team, m.Team), DueOn: changed(n.DueOn, m.DueOn)}
	if !n.Metric.Equal(m.Metric) {
		e.Metric = domain.Some(n.Metric)
	}
	return e, nil
}

func changed[T comparable](now, before T) domain.Opt[T] {
	return domain.Opt[T]{Set: now != before, Value: now}
}

func metricOf(form url.Values) (domain.Metric, error) {
	get := func(name string) string { return strings.TrimSpace(form.Get("success_metric." + name)) }
	m := domain.Metric{Name: domain.NormalTitle(get("name")), Unit: get("unit"), Direction: domain.Direction(get("direction")), NotMeasurable: get("not_measurable")}
	var err error
	if m.Baseline, err = numberOf("success_metric.baseline", get("baseline")); err != nil {
		return m, err
	}
	if m.Target, err = numberOf("success_metric.target", get("target")); err != nil {
		return m, err
	}
	if text := get("window_days"); text != "" {
		if m.WindowDays, err = strconv.Atoi(text); err != nil {
			return m, domain.Invalid("success_metric.window_days", "%q is not a number of days", text)
		}
	}
	m.VerifyOn, err = dateOf("success_metric.verify_on", get("verify_on"))
	if m.Name == "" && m.Target == nil && m.Baseline == nil && m.Unit == "" { // a direction alone says nothing
		m = domain.Metric{NotMeasurable: m.NotMeasurable}
	}
	return m, err
}
