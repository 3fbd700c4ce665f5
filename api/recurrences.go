package api

import (
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

type suggestionJSON struct {
	Earlier    string   `json:"earlier"`
	Title      string   `json:"title"`
	StartedAt  *string  `json:"started_at" format:"date-time"`
	ResolvedAt *string  `json:"resolved_at" format:"date-time"`
	Level      string   `json:"level" doc:"cause_and_service, fingerprint or text: never blended"`
	Shared     []string `json:"shared" nullable:"false" doc:"what the two have in common"`
	Similarity *float64 `json:"similarity" doc:"share of the telling words of this title that the earlier incident holds; null unless the level is text"`
	Days       int      `json:"days" doc:"from the end of the earlier one to the start of this one"`
}

func suggestionOf(s app.Suggestion) suggestionJSON {
	e := s.Earlier
	return suggestionJSON{string(e.Key), e.Title, moment(e.StartedAt), moment(e.ResolvedAt), string(s.Level), list(s.Shared), s.Similarity, s.Days}
}

type rejectionJSON struct {
	Earlier string  `json:"earlier"`
	By      string  `json:"by"`
	At      *string `json:"at" format:"date-time"`
	Reason  string  `json:"reason"`
}

func rejectionOf(r app.Rejection) rejectionJSON {
	return rejectionJSON{string(r.Earlier), r.By, moment(r.At), r.Reason}
}

type undecidedJSON struct {
	Incident string         `json:"incident"`
	Title    string         `json:"title"`
	Best     suggestionJSON `json:"best" doc:"the strongest suggestion"`
	Others   int            `json:"others" doc:"how many more there are"`
}

func undecidedOf(u app.Undecided) undecidedJSON {
	return undecidedJSON{string(u.Incident.Key), u.Incident.Title, suggestionOf(u.Best), u.Others}
}

type decisionInput struct {
	Decision opt[string] `json:"decision" doc:"accept links the two, reject is remembered, reconsider takes a rejected one up again"`
	Reason   opt[string] `json:"reason,omitempty" doc:"needed with reject"`
}

type assessmentJSON struct {
	Period     string      `json:"period" example:"2026-Q4"`
	Answer     string      `json:"answer" doc:"none_found or found"`
	Note       *string     `json:"note"`
	Candidates []groupJSON `json:"candidates" nullable:"false" doc:"the groups that stood to be judged when the answer was given"`
	By         string      `json:"by"`
	At         *string     `json:"at" format:"date-time"`
	Seq        int64       `json:"seq" doc:"the row of the history that holds the record"`
}

type dueAssessmentJSON struct {
	Period  string  `json:"period"`
	DueOn   *string `json:"due_on" format:"date" doc:"30 days after the end of the period"`
	Overdue bool    `json:"overdue"`
}

func dueAssessmentOf(d domain.DueAssessment) dueAssessmentJSON {
	return dueAssessmentJSON{d.Period, day(d.DueOn), d.Overdue}
}

type groupJSON struct {
	Cause     string   `json:"cause"`
	Incidents []string `json:"incidents" nullable:"false"`
}

func groupOf(g domain.RecurrenceGroup) groupJSON { return groupJSON{g.Cause, list(g.Incidents)} }

func assessmentOf(a domain.Assessment) assessmentJSON {
	out := assessmentJSON{a.Period, string(a.Answer), orNull(a.Note), []groupJSON{}, a.By, moment(a.At), a.Seq}
	for _, g := range a.Candidates {
		out.Candidates = append(out.Candidates, groupOf(g))
	}
	return out
}

type assessmentInput struct {
	Period opt[string] `json:"period" doc:"a quarter such as 2026-Q4 or a month such as 2026-11"`
	Answer opt[string] `json:"answer" doc:"none_found or found"`
	Note   opt[string] `json:"note,omitempty" doc:"what recurred and what follows; needed with found"`
}

func (s *Server) recurrenceRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/incidents/{key}/suggestions", id: "list-suggestions", summary: "Earlier incidents that this one may recur from", tag: "incidents",
			needs: domain.CanRead, query: listQuery(nil), out: reflect.TypeFor[listJSON[suggestionJSON]](), run: s.listSuggestions},
		{method: http.MethodGet, path: "/incidents/{key}/rejected-suggestions", id: "list-rejected-suggestions", summary: "Earlier incidents that people have ruled out, with who, when and why", tag: "incidents",
			needs: domain.CanRead, query: listQuery(nil), out: reflect.TypeFor[listJSON[rejectionJSON]](), run: s.listRejected},
		{method: http.MethodGet, path: "/suggestions", id: "list-undecided-suggestions", summary: "The latest incidents with suggested recurrences that nobody has decided", tag: "incidents",
			needs: domain.CanRead, query: listQuery(nil), out: reflect.TypeFor[listJSON[undecidedJSON]](), run: s.listUndecided},
		withBody(route{method: http.MethodPost, path: "/incidents/{key}/suggestions/{earlier}", id: "decide-suggestion", summary: "Accept or reject a suggested recurrence, or take a rejected one up again",
			tag: "incidents", needs: domain.CanEdit, tagged: true, out: reflect.TypeFor[incidentJSON]()}, s.decideSuggestion),
		{method: http.MethodGet, path: "/assessments", id: "list-assessments", summary: "The periodic assessments of recurrence", tag: "assessments",
			needs: domain.CanAudit, query: listQuery(nil), out: reflect.TypeFor[listJSON[assessmentJSON]](), run: s.listAssessments},
		withBody(route{method: http.MethodPost, path: "/assessments", id: "record-assessment", summary: "Record what the assessment of a period found", tag: "assessments",
			needs: domain.CanManage, repeatable: true, status: http.StatusCreated, out: reflect.TypeFor[assessmentJSON]()}, s.recordAssessment),
		{method: http.MethodGet, path: "/assessments/due", id: "list-due-assessments", summary: "Periods that are over and not assessed", tag: "assessments",
			needs: domain.CanAudit, query: listQuery(nil), out: reflect.TypeFor[listJSON[dueAssessmentJSON]](), run: s.dueAssessments},
		{method: http.MethodGet, path: "/assessments/{period}/candidates", id: "list-assessment-candidates", summary: "Incidents with the same apparent cause, to be judged for a period",
			tag: "assessments", needs: domain.CanAudit, query: listQuery(nil), out: reflect.TypeFor[listJSON[groupJSON]](), run: s.assessmentCandidates},
	}
}

func (s *Server) listSuggestions(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	hints, err := s.app.Incidents.Suggestions(c.ctx(), c.actor(), key)
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, hints.Suggestions)
	return reply{body: listOf(page, p, suggestionOf)}, err
}

func (s *Server) listRejected(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	hints, err := s.app.Incidents.Suggestions(c.ctx(), c.actor(), key)
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, hints.Rejected)
	return reply{body: listOf(page, p, rejectionOf)}, err
}

func (s *Server) listUndecided(c *call) (reply, error) {
	all, err := s.app.Incidents.Undecided(c.ctx(), c.actor())
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, undecidedOf)}, err
}

func (s *Server) decideSuggestion(c *call, in *decisionInput) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	i, err := s.app.Incidents.Decide(c.ctx(), c.actor(), key, domain.IncidentKey(c.Param("earlier")), app.Decision(in.Decision.value), in.Reason.value)
	return reply{body: incidentOf(i), version: i.Version}, err
}

func (s *Server) listAssessments(c *call) (reply, error) {
	all, err := s.app.Assessments.List(c.ctx(), c.actor())
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, assessmentOf)}, err
}

func (s *Server) recordAssessment(c *call, in *assessmentInput) (reply, error) {
	a, err := s.app.Assessments.Record(c.ctx(), c.actor(), domain.Assessment{Period: in.Period.value, Answer: or[domain.AssessmentAnswer](in.Answer), Note: in.Note.value})
	return reply{body: assessmentOf(a)}, err
}

func (s *Server) dueAssessments(c *call) (reply, error) {
	all, err := s.app.Assessments.Due(c.ctx(), c.actor())
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, dueAssessmentOf)}, err
}

func (s *Server) assessmentCandidates(c *call) (reply, error) {
	all, err := s.app.Assessments.Candidates(c.ctx(), c.actor(), c.Param("period"))
	if domain.KindOf(err) == domain.ErrInvalid {
		return reply{}, domain.Errorf(domain.ErrNotFound, "%q is not a period; write a quarter as 2026-Q4 or a month as 2026-11", clip(c.Param("period"), 40))
	}
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, groupOf)}, err
}
