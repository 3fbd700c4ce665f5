package web

import (
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) recurrenceRoutes(get, post register) {
	get("/recurrences", s.recurrences)
	get("/recurrences/:period", s.assessment)
	post("/recurrences/:period", s.recordAssessment)
	post("/incidents/:key/recurrences/:earlier", s.decideRecurrence)
}

// recurrences shows what is undecided, and the assessments beside it.
func (s *Server) recurrences(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("recurrences.title"), "incidents"
	board, err := s.app.Assessments.Board(c.Request().Context(), p.Actor)
	if err != nil {
		return err
	}
	return s.show(c, p, templates.Recurrences(p, board))
}

// decideRecurrence accepts or rejects a suggestion, or takes one up again.
func (s *Server) decideRecurrence(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	earlier := domain.IncidentKey(strings.ToUpper(c.Param("earlier")))
	_, err = s.app.Incidents.Decide(c.Request().Context(), p.Actor, incidentKey(c), earlier, app.Decision(form.Get("decision")), form.Get("reason"))
	if err != nil {
		if err := refused(p, "recurrence-"+string(earlier), form, err); err != nil {
			return err
		}
		return s.incident(c, p)
	}
	return done(c, incidentPath(incidentKey(c)), "recurrence")
}

func period(c echo.Context) string { return strings.ToUpper(c.Param("period")) }

// assessment is one period: what is to be judged, and the form for the answer.
func (s *Server) assessment(c echo.Context, p *templates.Page) error {
	ctx, name := c.Request().Context(), period(c)
	candidates, err := s.app.Assessments.Candidates(ctx, p.Actor, name)
	if domain.KindOf(err) == domain.ErrInvalid {
		return echo.ErrNotFound
	}
	if err != nil {
		return err
	}
	first, after, err := domain.PeriodOf(name)
	if err != nil {
		return err
	}
	all, err := s.app.Assessments.List(ctx, p.Actor)
	if err != nil {
		return err
	}
	view := templates.AssessmentView{Period: name, First: first, Last: after.AddDays(-1), DueOn: domain.DueAfter(name, after, p.Today).DueOn, Candidates: candidates}
	for _, a := range all {
		if a.Period == name {
			view.Answers = append(view.Answers, a)
		}
	}
	p.Title, p.Section = p.T("assessment.of", "Period", name), "incidents"
	return s.show(c, p, templates.Assessment(p, view))
}

func (s *Server) recordAssessment(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	_, err = s.app.Assessments.Record(c.Request().Context(), p.Actor, domain.Assessment{Period: period(c), Answer: domain.AssessmentAnswer(form.Get("answer")), Note: form.Get("note")})
	if err != nil {
		if err := refused(p, "assessment", form, err); err != nil {
			return err
		}
		return s.assessment(c, p)
	}
	return done(c, "/recurrences", "assessment")
}
