package web

import (
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/chart"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) checkRoutes(get, post register) {
	get("/checks", s.checks)
	post("/checks", s.startCheck)
	get("/checks/:key", s.check)
	get("/checks/:key/areas/:area", s.checkArea)
	post("/checks/:key/areas/:area", s.answerCheck)
	post("/checks/:key/finish", s.finishCheck)
	post("/checks/:key/discard", s.discardCheck)
	post("/checks/:key/measures", s.addCheckMeasure)
	get("/checks/:key/management", s.checkManagement)
	get("/checks/:key/answers.csv", s.checkCSV)
}

func checkKey(c echo.Context) domain.CheckKey {
	return domain.CheckKey(strings.ToUpper(c.Param("key")))
}

func checkPath(key domain.CheckKey) string { return "/checks/" + string(key) }

func (s *Server) checks(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("checks.title"), "checks"
	series, err := s.app.Checks.Series(c.Request().Context(), p.Actor)
	if err != nil {
		return err
	}
	return s.show(c, p, templates.Checks(p, series))
}

func (s *Server) startCheck(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	check, err := s.app.Checks.Start(c.Request().Context(), p.Actor, domain.TeamID(form.Get("team")))
	if err != nil {
		if err := refused(p, "check", form, err); err != nil {
			return err
		}
		return s.checks(c, p)
	}
	catalogue, err := domain.CatalogueVersion(check.Catalogue)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, checkPath(check.Key)+"/areas/"+string(catalogue.Areas[0].ID))
}

// check shows a finished check, or the way through one that is not.
func (s *Server) check(c echo.Context, p *templates.Page) error {
	series, at, err := s.findCheck(c, p)
	if err != nil {
		return err
	}
	if at >= 0 {
		return s.show(c, p, templates.CheckResult(p, checkView(p, series, at)))
	}
	v := templates.CheckDraftView{Check: series.Draft}
	if latest, ok := series.Latest(); ok {
		v.Earlier = latest.Check
	}
	if v.Catalogue, err = domain.CatalogueVersion(v.Check.Catalogue); err != nil {
		return err
	}
	return s.show(c, p, templates.CheckDraft(p, v))
}

// findCheck reads the check in the address among those of its team.
func (s *Server) findCheck(c echo.Context, p *templates.Page) (app.CheckSeries, int, error) {
	key := checkKey(c)
	series, at, err := s.app.Checks.Find(c.Request().Context(), p.Actor, key)
	p.Title, p.Section = p.T("checks.of_team", "Key", key, "Team", p.CheckTeam(series.Team)), "checks"
	return series, at, err
}

func checkView(p *templates.Page, series app.CheckSeries, at int) templates.CheckView {
	r := series.Finished[at]
	p.Pictures = true
	rows := make([]chart.ReadinessRow, len(r.Areas))
	for n, a := range r.Areas {
		rows[n] = readinessRow(a.Area.Name.In(p.Lang), a)
	}
	return templates.CheckView{Readiness: r, Texts: chartTexts(p), Newest: at == len(series.Finished)-1,
		Picture: chart.Readiness(readinessRow("", r.Score), rows, r.Check.Target, chart.Options{Texts: chartTexts(p)})}
}

func readinessRow(name string, a domain.AreaScore) chart.ReadinessRow {
	return chart.ReadinessRow{Area: name, Counted: a.Counted, Claimed: a.Claimed, Last: a.Last, Held: a.Held, Gaps: a.Gaps}
}

func (s *Server) draftView(c echo.Context, p *templates.Page, check domain.Check) (templates.CheckDraftView, error) {
	v := templates.CheckDraftView{Check: check}
	var err error
	if v.Catalogue, err = domain.CatalogueVersion(check.Catalogue); err != nil {
		return v, err
	}
	series, err := s.app.Checks.List(c.Request().Context(), p.Actor, domain.CheckFilter{Team: &check.Team, Status: []domain.CheckStatus{domain.CheckFinished}})
	if len(series) > 0 {
		v.Earlier = series[0]
	}
	return v, err
}

// areaView is the page of one area; a check that is answered no more leads to
// its result.
func (s *Server) areaView(c echo.Context, p *templates.Page) (templates.CheckDraftView, error) {
	check, err := s.app.Checks.Get(c.Request().Context(), p.Actor, checkKey(c))
	if err != nil {
		return templates.CheckDraftView{}, err
	}
	v, err := s.draftView(c, p, check)
	if err != nil {
		return v, err
	}
	var ok bool
	if v.Area, v.Place, ok = v.Catalogue.Area(domain.AreaID(c.Param("area"))); !ok {
		return v, domain.Errorf(domain.ErrNotFound, "the catalogue has no area %q", c.Param("area"))
	}
	p.Title, p.Section = string(check.Key)+" "+v.Area.Name.In(p.Lang), "checks"
	return v, nil
}

func (s *Server) checkArea(c echo.Context, p *templates.Page) error {
	v, err := s.areaView(c, p)
	if err != nil {
		return err
	}
	if v.Check.Status != domain.CheckDraft {
		return c.Redirect(http.StatusSeeOther, checkPath(v.Check.Key))
	}
	return s.show(c, p, templates.CheckQuestions(p, v))
}

// answerCheck saves the answers of one area, as far as there are any, and goes on.
func (s *Server) answerCheck(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	v, err := s.areaView(c, p)
	if err != nil {
		return err
	}
	answers, err := answersOf(p, v.Area, form)
	if err == nil {
		_, err = s.app.Checks.Answer(c.Request().Context(), p.Actor, v.Check.Key, 0, answers)
	}
	if err != nil {
		if err := refused(p, "check", form, inWords(p, v.Area, err)); err != nil {
			return err
		}
		return s.show(c, p, templates.CheckQuestions(p, v))
	}
	next := v.Place + 1
	if form.Get("go") == "back" {
		next = v.Place - 1
	}
	if form.Get("go") == "later" || next < 0 || next >= len(v.Catalogue.Areas) {
		return done(c, checkPath(v.Check.Key), "saved")
	}
	return c.Redirect(http.StatusSeeOther, checkPath(v.Check.Key)+"/areas/"+string(v.Catalogue.Areas[next].ID))
}

func answersOf(p *templates.Page, area domain.Area, form url.Values) ([]domain.CheckAnswer, error) {
	var answers []domain.CheckAnswer
	for _, q := range area.Questions {
		id := string(q.ID)
		a := domain.CheckAnswer{Question: q.ID, Evidence: form.Get("evidence." + id), URL: form.Get("url." + id)}
		step := form.Get("step." + id)
		if step == "" {
			if strings.TrimSpace(a.Evidence+a.URL) == "" {
				continue // left for later
			}
			return nil, domain.Invalid(q.Text.In(p.Lang), "is not answered; choose a step beside the evidence")
		}
		n, err := strconv.Atoi(step)
		if err != nil {
			return nil, domain.Invalid(q.Text.In(p.Lang), "%q is not a number", step)
		}
		a.Step = domain.Step(n)
		answers = append(answers, a)
	}
	return answers, nil
}

// inWords names the questions of a refusal by their text.
func inWords(p *templates.Page, area domain.Area, err error) error {
	var e *domain.Error
	if !errors.As(err, &e) {
		return err
	}
	worded := *e
	worded.Fields = nil
	for _, f := range e.Fields {
		for _, q := range area.Questions {
			if f.Field == "answers."+string(q.ID) {
				f.Field = q.Text.In(p.Lang)
			}
		}
		worded.Fields = append(worded.Fields, f)
	}
	return &worded
}

// act on a check and show it again with what was refused.
func (s *Server) onCheck(c echo.Context, p *templates.Page, name string, do func(form url.Values) (path, text string, err error)) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	path, text, err := do(form)
	if err != nil {
		if err := refused(p, name, form, err); err != nil {
			return err
		}
		return s.check(c, p)
	}
	return done(c, path, text)
}

func (s *Server) finishCheck(c echo.Context, p *templates.Page) error {
	return s.onCheck(c, p, "finish", func(url.Values) (string, string, error) {
		_, err := s.app.Checks.Finish(c.Request().Context(), p.Actor, checkKey(c), 0)
		return checkPath(checkKey(c)), "check_finished", err
	})
}

func (s *Server) discardCheck(c echo.Context, p *templates.Page) error {
	return s.onCheck(c, p, "discard", func(form url.Values) (string, string, error) {
		_, err := s.app.Checks.Discard(c.Request().Context(), p.Actor, checkKey(c), 0, strings.TrimSpace(form.Get("reason")))
		return "/checks", "removed", err
	})
}

func (s *Server) addCheckMeasure(c echo.Context, p *templates.Page) error {
	return s.onCheck(c, p, "gap", func(form url.Values) (string, string, error) {
		_, err := s.app.Checks.AddMeasure(c.Request().Context(), p.Actor, checkKey(c), app.CheckMeasure{Question: domain.QuestionID(form.Get("question")), Owner: p.Me.ID, Language: p.Lang})
		return checkPath(checkKey(c)), "check_measure", err
	})
}

func (s *Server) checkManagement(c echo.Context, p *templates.Page) error {
	series, at, err := s.findCheck(c, p)
	if err != nil {
		return err
	}
	if at < 0 {
		return domain.Errorf(domain.ErrConflict, "%s is %s; a score needs a finished check", series.Draft.Key, series.Draft.Status)
	}
	return s.show(c, p, templates.CheckManagement(p, checkView(p, series, at)))
}

func (s *Server) checkCSV(c echo.Context, p *templates.Page) error {
	r, err := s.app.Checks.Readiness(c.Request().Context(), p.Actor, checkKey(c))
	if err != nil {
		return err
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	rows := [][]string{{"check", "area", "id", p.T("checks.question"), p.T("checks.answer"), p.T("checks.counts"), p.T("checks.last"), p.T("checks.evidence"), p.T("checks.link"), p.T("nav.measures")}}
	for _, a := range r.Areas {
		for _, st := range a.Standings {
			last := ""
			if st.Last != nil {
				last = strconv.Itoa(int(*st.Last))
			}
			var made []string
			for _, m := range st.Measures {
				made = append(made, string(m.Key)+" "+string(m.Status))
			}
			rows = append(rows, []string{string(r.Check.Key), a.Area.Name.In(p.Lang), string(st.Question.ID), st.Question.Text.In(p.Lang), strconv.Itoa(int(st.Answer.Step)),
				strconv.Itoa(int(st.Counted)), last, st.Answer.Evidence, st.Answer.URL, strings.Join(made, "; ")})
		}
	}
	for _, row := range rows {
		if err := w.Write(harmless(row)); err != nil {
			return err
		}
	}
	w.Flush()
	attachment(c, "crisis-check-"+string(r.Check.Key)+".csv")
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", []byte("\ufeff"+b.String()))
}
