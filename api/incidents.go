package api

import (
	"net/http"
	"reflect"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type incidentJSON struct {
	Key          string        `json:"key" example:"INC-3"`
	Title        string        `json:"title"`
	Summary      string        `json:"summary" doc:"Markdown"`
	Severity     *string       `json:"severity"`
	Status       string        `json:"status"`
	StartedAt    *string       `json:"started_at" format:"date-time"`
	DetectedAt   *string       `json:"detected_at" format:"date-time"`
	MitigatedAt  *string       `json:"mitigated_at" format:"date-time"`
	ResolvedAt   *string       `json:"resolved_at" format:"date-time"`
	Services     []string      `json:"services" nullable:"false"`
	Causes       []string      `json:"causes" nullable:"false"`
	Tags         []string      `json:"tags" nullable:"false"`
	Fingerprint  *string       `json:"fingerprint"`
	RecurrenceOf *string       `json:"recurrence_of" doc:"an earlier incident with the same cause"`
	ExternalURL  *string       `json:"external_url"`
	ExternalID   *string       `json:"external_id"`
	Team         *string       `json:"team"`
	ClosedAt     *string       `json:"closed_at" format:"date-time"`
	CreatedAt    *string       `json:"created_at" format:"date-time"`
	UpdatedAt    *string       `json:"updated_at" format:"date-time"`
	Version      int64         `json:"version"`
	Warnings     []blockerJSON `json:"warnings,omitempty" nullable:"false" doc:"after closing: measures that are not finished, but do not block"`
}

type blockerJSON struct {
	Measure string `json:"measure"`
	Title   string `json:"title"`
	Missing string `json:"missing"`
}

func incidentOf(i domain.Incident) incidentJSON {
	return incidentJSON{Key: string(i.Key), Title: i.Title, Summary: i.Summary, Severity: orNull(i.Severity), Status: string(i.Status),
		StartedAt: moment(i.StartedAt), DetectedAt: moment(i.DetectedAt), MitigatedAt: moment(i.MitigatedAt), ResolvedAt: moment(i.ResolvedAt),
		Services: list(i.Services), Causes: list(i.Causes), Tags: list(i.Tags), Fingerprint: orNull(i.Fingerprint),
		RecurrenceOf: orNull(i.RecurrenceOf), ExternalURL: orNull(i.ExternalURL), ExternalID: orNull(i.ExternalID), Team: orNull(i.Team),
		ClosedAt: moment(i.ClosedAt), CreatedAt: moment(i.CreatedAt), UpdatedAt: moment(i.UpdatedAt), Version: i.Version}
}

// IncidentInput are the members that creating and changing an incident share.
type IncidentInput struct {
	Title        opt[string]   `json:"title,omitempty"`
	Summary      opt[string]   `json:"summary,omitempty" doc:"Markdown"`
	Severity     opt[string]   `json:"severity,omitempty"`
	Status       opt[string]   `json:"status,omitempty"`
	StartedAt    opt[instant]  `json:"started_at,omitempty"`
	DetectedAt   opt[instant]  `json:"detected_at,omitempty"`
	MitigatedAt  opt[instant]  `json:"mitigated_at,omitempty"`
	ResolvedAt   opt[instant]  `json:"resolved_at,omitempty"`
	Services     opt[[]string] `json:"services,omitempty"`
	Causes       opt[[]string] `json:"causes,omitempty"`
	Tags         opt[[]string] `json:"tags,omitempty"`
	Fingerprint  opt[string]   `json:"fingerprint,omitempty"`
	RecurrenceOf opt[string]   `json:"recurrence_of,omitempty"`
	ExternalURL  opt[string]   `json:"external_url,omitempty"`
	ExternalID   opt[string]   `json:"external_id,omitempty"`
	Team         opt[string]   `json:"team,omitempty"`
}

type incidentPatch struct {
	IncidentInput
	Reason opt[string] `json:"reason,omitempty" doc:"goes to the history; dismissing and reopening need it"`
}

func plainTime(i instant) time.Time { return i.Time }

func (in *IncidentInput) edit() domain.IncidentEdit {
	return domain.IncidentEdit{
		Title: text[string](in.Title), Summary: text[string](in.Summary), Severity: text[domain.Severity](in.Severity),
		Status: text[domain.IncidentStatus](in.Status), StartedAt: edit(in.StartedAt, plainTime), DetectedAt: edit(in.DetectedAt, plainTime),
		MitigatedAt: edit(in.MitigatedAt, plainTime), ResolvedAt: edit(in.ResolvedAt, plainTime), Services: edit(in.Services, same),
		Causes: edit(in.Causes, same), Tags: edit(in.Tags, same), Fingerprint: text[string](in.Fingerprint),
		RecurrenceOf: text[domain.IncidentKey](in.RecurrenceOf), ExternalURL: text[string](in.ExternalURL),
		ExternalID: text[string](in.ExternalID), Team: text[domain.TeamID](in.Team),
	}
}

func (s *Server) incidentRoutes() []route {
	one := func(r route) route {
		r.tag, r.out, r.tagged = "incidents", reflect.TypeFor[incidentJSON](), true
		return r
	}
	return []route{
		{method: http.MethodGet, path: "/incidents", id: "list-incidents", summary: "List incidents", tag: "incidents", needs: domain.CanRead,
			query: listQuery(domain.IncidentSorts(), incidentFilters()...), out: reflect.TypeFor[listJSON[incidentJSON]](), run: s.listIncidents},
		withBody(one(route{method: http.MethodPost, path: "/incidents", id: "create-incident", summary: "Create an incident",
			needs: domain.CanEdit, repeatable: true, status: http.StatusCreated}), s.createIncident),
		one(route{method: http.MethodGet, path: "/incidents/{key}", id: "get-incident", summary: "Get an incident", needs: domain.CanRead, run: s.getIncident}),
		withBody(one(route{method: http.MethodPatch, path: "/incidents/{key}", id: "edit-incident", summary: "Change an incident",
			needs: domain.CanEdit, match: true}), s.editIncident),
		{method: http.MethodGet, path: "/incidents/{key}/measures", id: "list-incident-measures", summary: "The measures of an incident", tag: "incidents",
			needs: domain.CanRead, query: listQuery(domain.MeasureSorts()), out: reflect.TypeFor[listJSON[measureJSON]](), run: s.incidentMeasures},
		{method: http.MethodGet, path: "/incidents/{key}/stats", id: "get-incident-stats", summary: "What was promised and what became of it", tag: "incidents",
			needs: domain.CanRead, csv: true, out: reflect.TypeFor[incidentStatsJSON](), run: s.incidentStats, query: []param{
				{name: "as_of", kind: "date-time", doc: "up to when things count: an instant, or a date, whose end is meant; now when absent"},
				{name: "known_at", kind: "date-time", doc: "up to when they had been written down; as_of when absent"},
				{name: "format", kind: "string", enum: []string{"json", "csv"}},
			}},
		{method: http.MethodGet, path: "/incidents/{key}/history", id: "get-incident-history", summary: "Every change of an incident", tag: "incidents",
			needs: domain.CanRead, query: listQuery(nil), out: reflect.TypeFor[listJSON[changeJSON]](), run: s.incidentHistory},
	}
}

func incidentFilters() []param {
	return []param{
		{name: "status", kind: "string", list: true, enum: names(domain.IncidentStatuses())},
		{name: "severity", kind: "string", list: true, enum: names(domain.Severities())},
		{name: "team", kind: "string", list: true}, {name: "service", kind: "string"}, {name: "cause", kind: "string"}, {name: "tag", kind: "string"},
		{name: "from", kind: "date-time", doc: "started at or after; a date or an instant"},
		{name: "to", kind: "date-time", doc: "started before; a date or an instant"},
		{name: "q", kind: "string", doc: "beginnings of words in title or summary, or a key; what is written without blanks must stand in a row"},
	}
}

func (s *Server) listIncidents(c *call) (reply, error) {
	filter := domain.IncidentFilter{Status: several(c, "status", domain.IncidentStatuses()), Severity: several(c, "severity", domain.Severities()),
		Team: texts[domain.TeamID](c.words("team")), Service: c.query.Get("service"), Cause: c.query.Get("cause"), Tag: c.query.Get("tag"),
		From: c.moment("from"), To: c.moment("to"), Query: c.query.Get("q")}
	page := c.page()
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	list, err := s.app.Incidents.List(c.ctx(), c.actor(), filter, page)
	if err != nil {
		return reply{}, queryFault(err)
	}
	return reply{body: listOf(list, page, incidentOf)}, nil
}

func (s *Server) createIncident(c *call, in *IncidentInput) (reply, error) {
	i, err := s.app.Incidents.Create(c.ctx(), c.actor(), in.edit())
	if err != nil {
		return reply{}, err
	}
	return reply{body: incidentOf(i), version: i.Version, location: "/incidents/" + string(i.Key)}, nil
}

func (s *Server) getIncident(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	i, err := s.app.Incidents.Get(c.ctx(), c.actor(), key)
	return reply{body: incidentOf(i), version: i.Version}, err
}

func (s *Server) editIncident(c *call, in *incidentPatch) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	change := in.edit()
	change.Reason = in.Reason.value
	i, warnings, err := s.app.Incidents.Edit(c.ctx(), c.actor(), key, c.version, change)
	out := incidentOf(i)
	for _, w := range warnings {
		out.Warnings = append(out.Warnings, blockerJSON{string(w.Measure), w.Title, w.Missing})
	}
	return reply{body: out, version: i.Version}, err
}

func (s *Server) incidentMeasures(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	page := c.page()
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	if _, err := s.app.Incidents.Get(c.ctx(), c.actor(), key); err != nil {
		return reply{}, err
	}
	return s.measureList(c, domain.MeasureFilter{Incident: key}, page)
}

func (s *Server) incidentHistory(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	page := c.page()
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	list, err := s.app.Incidents.History(c.ctx(), c.actor(), key, page)
	if err != nil {
		return reply{}, queryFault(err)
	}
	return reply{body: listOf(list, page, changeOf)}, nil
}
