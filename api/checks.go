package api

import (
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

type checkJSON struct {
	Key        string            `json:"key" example:"CHK-2"`
	Team       *string           `json:"team" doc:"null is the whole organisation"`
	Catalogue  int               `json:"catalogue" doc:"the version of the questions that the answers refer to"`
	Status     string            `json:"status" doc:"draft, finished or discarded"`
	Target     int               `json:"target" doc:"the score aimed at, in percent"`
	Answers    []checkAnswerJSON `json:"answers" nullable:"false"`
	Unanswered []string          `json:"unanswered" nullable:"false"`
	StartedAt  *string           `json:"started_at" format:"date-time"`
	StartedBy  string            `json:"started_by"`
	FinishedAt *string           `json:"finished_at" format:"date-time"`
	FinishedBy *string           `json:"finished_by"`
	NextOn     *string           `json:"next_on" format:"date" doc:"the day on which the next check is due"`
	Version    int64             `json:"version"`
}

type checkAnswerJSON struct {
	Question string  `json:"question" example:"backups.restore"`
	Step     int     `json:"step" doc:"0 not there, 1 in part, 2 in place, 3 proven"`
	Evidence *string `json:"evidence"`
	URL      *string `json:"url"`
	At       *string `json:"at" format:"date-time"`
	By       string  `json:"by"`
}

func checkOf(c domain.Check) checkJSON {
	out := checkJSON{Key: string(c.Key), Team: orNull(c.Team), Catalogue: c.Catalogue, Status: string(c.Status), Target: c.Target,
		Answers: []checkAnswerJSON{}, Unanswered: []string{}, StartedAt: moment(c.StartedAt), StartedBy: c.StartedBy,
		FinishedAt: moment(c.FinishedAt), FinishedBy: orNull(c.FinishedBy), NextOn: day(c.NextOn), Version: c.Version}
	for _, a := range c.Answers {
		out.Answers = append(out.Answers, checkAnswerJSON{string(a.Question), int(a.Step), orNull(a.Evidence), orNull(a.URL), moment(a.At), a.By})
	}
	if catalogue, err := domain.CatalogueVersion(c.Catalogue); err == nil {
		out.Unanswered = list(c.Open(catalogue))
	}
	return out
}

type bilingualJSON struct {
	EN string `json:"en"`
	DE string `json:"de"`
}

type catalogueJSON struct {
	Version int                 `json:"version"`
	Steps   []stepTextJSON      `json:"steps" nullable:"false"`
	Areas   []catalogueAreaJSON `json:"areas" nullable:"false"`
}

type stepTextJSON struct {
	Step    int           `json:"step"`
	Name    bilingualJSON `json:"name"`
	Meaning bilingualJSON `json:"meaning"`
}

type catalogueAreaJSON struct {
	ID        string         `json:"id"`
	Name      bilingualJSON  `json:"name"`
	Questions []questionJSON `json:"questions" nullable:"false"`
}

type questionJSON struct {
	ID      string        `json:"id"`
	Text    bilingualJSON `json:"text"`
	Help    bilingualJSON `json:"help"`
	Measure bilingualJSON `json:"measure" doc:"the title of the measure that a gap proposes"`
	Kind    string        `json:"kind"`
	Urgent  bool          `json:"urgent"`
}

func catalogueOf(c domain.Catalogue) catalogueJSON {
	w := func(w domain.Bilingual) bilingualJSON { return bilingualJSON{w.EN, w.DE} }
	out := catalogueJSON{Version: c.Version, Steps: []stepTextJSON{}, Areas: []catalogueAreaJSON{}}
	for n, s := range c.Steps {
		out.Steps = append(out.Steps, stepTextJSON{n, w(s.Name), w(s.Meaning)})
	}
	for _, a := range c.Areas {
		area := catalogueAreaJSON{ID: string(a.ID), Name: w(a.Name), Questions: []questionJSON{}}
		for _, q := range a.Questions {
			area.Questions = append(area.Questions, questionJSON{string(q.ID), w(q.Text), w(q.Help), w(q.Measure), string(q.Kind), q.Urgent})
		}
		out.Areas = append(out.Areas, area)
	}
	return out
}

type readinessJSON struct {
	Check     string             `json:"check"`
	Earlier   *string            `json:"earlier" doc:"the finished check before this one"`
	Target    int                `json:"target"`
	Score     areaScoreJSON      `json:"score" doc:"over all questions; its area is null"`
	Areas     []areaScoreJSON    `json:"areas" nullable:"false"`
	Questions []standingViewJSON `json:"questions" nullable:"false"`
}

type areaScoreJSON struct {
	Area    *string `json:"area"`
	Counted int     `json:"counted" doc:"what counts, in percent: a rise counts once its measures are verified"`
	Claimed int     `json:"claimed" doc:"what the answers alone would say"`
	Last    *int    `json:"last" doc:"what counted in the check before"`
	Held    int     `json:"held" doc:"answers that wait for a verification"`
	Gaps    int     `json:"gaps" doc:"answers below the target"`
}

type standingViewJSON struct {
	Question string   `json:"question"`
	Claimed  int      `json:"claimed"`
	Counted  int      `json:"counted"`
	Last     *int     `json:"last"`
	Held     bool     `json:"held"`
	Gap      bool     `json:"gap"`
	Proposes bool     `json:"proposes" doc:"a measure should be made, and none is on its way"`
	Measures []string `json:"measures" nullable:"false"`
}

func areaScoreOf(a domain.AreaScore) areaScoreJSON {
	return areaScoreJSON{orNull(a.Area.ID), a.Counted, a.Claimed, a.Last, a.Held, a.Gaps}
}

func readinessOf(r domain.Readiness) readinessJSON {
	out := readinessJSON{Check: string(r.Check.Key), Earlier: orNull(r.Earlier.Key), Target: r.Check.Target, Score: areaScoreOf(r.Score),
		Areas: []areaScoreJSON{}, Questions: []standingViewJSON{}}
	for _, a := range r.Areas {
		out.Areas = append(out.Areas, areaScoreOf(a))
	}
	for _, s := range r.Score.Standings {
		v := standingViewJSON{Question: string(s.Question.ID), Claimed: int(s.Answer.Step), Counted: int(s.Counted), Held: s.Held(), Gap: s.Gap,
			Proposes: s.Proposes(), Measures: []string{}}
		if s.Last != nil {
			last := int(*s.Last)
			v.Last = &last
		}
		for _, m := range s.Measures {
			v.Measures = append(v.Measures, string(m.Key))
		}
		out.Questions = append(out.Questions, v)
	}
	return out
}

type newCheckInput struct {
	Team opt[string] `json:"team,omitempty" doc:"absent or null is the whole organisation"`
}

type checkAnswersInput struct {
	Answers opt[[]checkAnswerInput] `json:"answers" doc:"new or again; all are taken or none"`
}

type checkAnswerInput struct {
	Question opt[string] `json:"question"`
	Step     opt[int]    `json:"step"`
	Evidence opt[string] `json:"evidence,omitempty"`
	URL      opt[string] `json:"url,omitempty"`
}

type discardInput struct {
	Reason opt[string] `json:"reason,omitempty"`
}

type checkMeasureInput struct {
	Question opt[string] `json:"question"`
	Owner    opt[string] `json:"owner,omitempty"`
	Language opt[string] `json:"language,omitempty" doc:"the language the measure is written in, en or de"`
}

func (s *Server) checkRoutes() []route {
	one := func(r route) route {
		r.tag, r.out, r.tagged = "checks", reflect.TypeFor[checkJSON](), true
		return r
	}
	return []route{
		{method: http.MethodGet, path: "/checks/catalogue", id: "get-catalogue", summary: "The questions of the crisis check, in every language", tag: "checks",
			needs: domain.CanRead, query: []param{{name: "version", kind: "integer", doc: "a version of the catalogue; absent is the current one"}},
			out: reflect.TypeFor[catalogueJSON](), run: s.getCatalogue},
		{method: http.MethodGet, path: "/checks", id: "list-checks", summary: "List crisis checks, the newest first", tag: "checks", needs: domain.CanRead,
			query: listQuery(nil, param{name: "team", kind: "string"}, param{name: "status", kind: "string", list: true, enum: names(domain.CheckStatuses())}),
			out:   reflect.TypeFor[listJSON[checkJSON]](), run: s.listChecks},
		withBody(one(route{method: http.MethodPost, path: "/checks", id: "start-check", summary: "Begin a crisis check", needs: domain.CanEdit,
			repeatable: true, status: http.StatusCreated}), s.startCheck),
		one(route{method: http.MethodGet, path: "/checks/{check}", id: "get-check", summary: "Get a crisis check with its answers", needs: domain.CanRead, run: s.getCheck}),
		withBody(one(route{method: http.MethodPatch, path: "/checks/{check}", id: "answer-check", summary: "Answer questions of a draft", needs: domain.CanEdit, match: true}), s.answerCheck),
		one(route{method: http.MethodPost, path: "/checks/{check}/finish", id: "finish-check", summary: "Finish a crisis check that is answered in full", needs: domain.CanEdit, run: s.finishCheck}),
		withBody(one(route{method: http.MethodPost, path: "/checks/{check}/discard", id: "discard-check", summary: "Give a draft up", needs: domain.CanEdit}), s.discardCheck),
		{method: http.MethodGet, path: "/checks/{check}/score", id: "get-check-score", summary: "The scores of a finished check, as they count now", tag: "checks",
			needs: domain.CanRead, out: reflect.TypeFor[readinessJSON](), run: s.checkScore},
		{method: http.MethodGet, path: "/checks/{check}/history", id: "get-check-history", summary: "Every change of a crisis check", tag: "checks",
			needs: domain.CanRead, query: listQuery(nil), out: reflect.TypeFor[listJSON[changeJSON]](), run: s.checkHistory},
		withBody(route{method: http.MethodPost, path: "/checks/{check}/measures", id: "add-check-measure", summary: "Make the measure that a gap proposes", tag: "checks",
			needs: domain.CanEdit, repeatable: true, status: http.StatusCreated, tagged: true, out: reflect.TypeFor[measureJSON]()}, s.addCheckMeasure),
	}
}

func (c *call) checkKey() (domain.CheckKey, error) {
	key, err := c.numbered("check", "CHK-", "check")
	return domain.CheckKey(key), err
}

func (s *Server) getCatalogue(c *call) (reply, error) {
	version := 0
	if c.query.Has("version") {
		for _, r := range c.query.Get("version") {
			if r < '0' || r > '9' || version > 9999 {
				c.refuse("version", "%q is not a version of the catalogue; give a whole number")
				break
			}
			version = 10*version + int(r-'0')
		}
	}
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	catalogue, err := domain.CatalogueVersion(version)
	return reply{body: catalogueOf(catalogue)}, err
}

func (s *Server) listChecks(c *call) (reply, error) {
	filter := domain.CheckFilter{Status: several(c, "status", domain.CheckStatuses())}
	if c.query.Has("team") {
		team := domain.TeamID(c.query.Get("team"))
		filter.Team = &team
	}
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	all, err := s.app.Checks.List(c.ctx(), c.actor(), filter)
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, checkOf)}, err
}

func checkReply(check domain.Check, err error) (reply, error) {
	return reply{body: checkOf(check), version: check.Version}, err
}

func (s *Server) startCheck(c *call, in *newCheckInput) (reply, error) {
	check, err := s.app.Checks.Start(c.ctx(), c.actor(), or[domain.TeamID](in.Team))
	out, err := checkReply(check, err)
	out.location = "/checks/" + string(check.Key)
	return out, err
}

// withCheck runs a handler on the check that the address names.
func withCheck(c *call, do func(domain.CheckKey) (reply, error)) (reply, error) {
	key, err := c.checkKey()
	if err != nil {
		return reply{}, err
	}
	return do(key)
}

func (s *Server) getCheck(c *call) (reply, error) {
	return withCheck(c, func(key domain.CheckKey) (reply, error) { return checkReply(s.app.Checks.Get(c.ctx(), c.actor(), key)) })
}

func (s *Server) answerCheck(c *call, in *checkAnswersInput) (reply, error) {
	return withCheck(c, func(key domain.CheckKey) (reply, error) {
		var answers []domain.CheckAnswer
		var missing []fault
		for n, a := range in.Answers.value {
			if !a.Step.has() {
				missing = append(missing, fault{"body.answers[" + itoa(n) + "].step", "is missing; give 0 to 3"})
			}
			answers = append(answers, domain.CheckAnswer{Question: or[domain.QuestionID](a.Question), Step: domain.Step(a.Step.value), Evidence: a.Evidence.value, URL: a.URL.value})
		}
		if len(missing) > 0 {
			return reply{}, unprocessable(missing)
		}
		return checkReply(s.app.Checks.Answer(c.ctx(), c.actor(), key, c.version, answers))
	})
}

func (s *Server) finishCheck(c *call) (reply, error) {
	return withCheck(c, func(key domain.CheckKey) (reply, error) {
		return checkReply(s.app.Checks.Finish(c.ctx(), c.actor(), key, c.version))
	})
}

func (s *Server) discardCheck(c *call, in *discardInput) (reply, error) {
	return withCheck(c, func(key domain.CheckKey) (reply, error) {
		return checkReply(s.app.Checks.Discard(c.ctx(), c.actor(), key, c.version, in.Reason.value))
	})
}

func (s *Server) checkScore(c *call) (reply, error) {
	return withCheck(c, func(key domain.CheckKey) (reply, error) {
		r, err := s.app.Checks.Readiness(c.ctx(), c.actor(), key)
		return reply{body: readinessOf(r)}, err
	})
}

func (s *Server) checkHistory(c *call) (reply, error) {
	return withCheck(c, func(key domain.CheckKey) (reply, error) {
		page := c.page()
		if err := c.refused(); err != nil {
			return reply{}, err
		}
		rows, err := s.app.Checks.History(c.ctx(), c.actor(), key, page)
		if err != nil {
			return reply{}, queryFault(err)
		}
		return reply{body: listOf(rows, page, changeOf)}, nil
	})
}

func (s *Server) addCheckMeasure(c *call, in *checkMeasureInput) (reply, error) {
	return withCheck(c, func(key domain.CheckKey) (reply, error) {
		m, err := s.app.Checks.AddMeasure(c.ctx(), c.actor(), key, app.CheckMeasure{Question: or[domain.QuestionID](in.Question),
			Owner: or[domain.PersonID](in.Owner), Language: in.Language.value})
		if err != nil {
			return reply{}, err
		}
		out, err := s.measureReply(c, m)
		out.location = "/measures/" + string(m.Key)
		return out, err
	})
}
