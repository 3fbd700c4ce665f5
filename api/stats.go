package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/plainjson"
)

// statsJSON is the answer of a statistic: what it is, its pins, its report.
type statsJSON[T any] struct {
	statistic string
	report    T
}

type pinsJSON struct {
	AsOf    *string `json:"as_of" format:"date-time" doc:"up to when things count"`
	KnownAt *string `json:"known_at" format:"date-time" doc:"up to when they had been written down"`
	Zone    string  `json:"zone" doc:"in which due dates end and weeks begin"`
	Policy  int     `json:"policy" doc:"the version whose targets and windows apply"`
	// Policies are all versions that had a say: that of the report, and those that
	// were valid when older measures were created.
	Policies []pinnedPolicyJSON `json:"policies" nullable:"false" doc:"every version that had a say: the report's, and those valid when older measures were created"`
	Position int64              `json:"position" doc:"of the log, for a live report; 0 when as_of has passed"`
	Filter   filtersJSON        `json:"filter"`
}

type pinnedPolicyJSON struct {
	Version int            `json:"version"`
	From    *string        `json:"from" format:"date-time" doc:"valid from; null for the shipped one"`
	SLADays map[string]int `json:"sla_days"`
	// WorkingDays and Calendar are how these days are counted.
	WorkingDays []string     `json:"working_days" nullable:"false" doc:"priorities whose targets are working days"`
	Calendar    calendarJSON `json:"calendar"`
	Windows     windowsJSON  `json:"windows"`
	// LinksSince is the day from which recurrences have been linked.
	LinksSince *string `json:"links_since" format:"date"`
}

func pinnedPolicies(p metrics.Pins) []pinnedPolicyJSON {
	out := []pinnedPolicyJSON{}
	for _, v := range append(slices.Clone(p.Earlier), p.Policy) {
		out = append(out, pinnedPolicyJSON{v.Version, moment(v.From), plainMap(v.SLADays, same), list(v.WorkingDays), calendarOf(v.Calendar), windowsOf(v.Windows), day(v.LinksSince)})
	}
	return out
}

type filtersJSON struct {
	Team     []string `json:"team" nullable:"false"`
	Priority []string `json:"priority" nullable:"false"`
	Kind     []string `json:"kind" nullable:"false"`
	Severity []string `json:"severity" nullable:"false"`
	Service  []string `json:"service" nullable:"false"`
	From     *string  `json:"from" format:"date-time"`
	To       *string  `json:"to" format:"date-time"`
}

func pinsOf(c metrics.Cohort) pinsJSON {
	zone := "UTC"
	if c.Zone != nil {
		zone = c.Zone.String()
	}
	return pinsJSON{AsOf: moment(c.AsOf), KnownAt: moment(c.KnownAt), Zone: zone, Policy: c.Policy.Version, Policies: pinnedPolicies(c.Pins), Position: c.Position,
		Filter: filtersJSON{list(c.Teams), list(c.Priorities), list(c.Kinds), list(c.Severities), list(c.Services), moment(c.Created.From), moment(c.Created.To)}}
}

// MarshalJSON implements json.Marshaler.
func (s statsJSON[T]) MarshalJSON() ([]byte, error) { return StatsJSON(s.statistic, s.report) }

// StatsJSON writes a report the way /stats answers with it: the statistic's
// name, its pins, its report. The command line prints the same bytes.
func StatsJSON(statistic string, report any) ([]byte, error) {
	v := reflect.ValueOf(report)
	return json.Marshal(plainjson.Object{}.With("statistic", statistic).With("pins", pinsOf(cohortOf(v))).With("report", plainNode(v)))
}

// Schema implements huma.SchemaProvider.
func (s statsJSON[T]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"pins", "report", "statistic"}, Properties: map[string]*huma.Schema{
		"statistic": {Type: huma.TypeString}, "pins": r.Schema(reflect.TypeFor[pinsJSON](), true, ""), "report": plainSchema(r, reflect.TypeFor[T]())}}
}

// cohortOf finds the cohort of a report, or of the first of several.
func cohortOf(v reflect.Value) metrics.Cohort {
	if c, ok := reflect.TypeAssert[metrics.Cohort](v); ok {
		return c
	}
	if v.Kind() == reflect.Struct {
		for _, field := range v.Fields() {
			if c := cohortOf(field); !c.AsOf.IsZero() {
				return c
			}
		}
	}
	return metrics.Cohort{}
}

func comparisons() map[metrics.GroupBy]string {
	return map[metrics.GroupBy]string{metrics.ByTeam: "team", metrics.ByPriority: "priority", metrics.ByKind: "kind"}
}

func endpoints() map[metrics.Endpoint]string {
	return map[metrics.Endpoint]string{metrics.ToClosure: "closure", metrics.ToDone: "done"}
}

// OnTimeMonths are the calendar periods that on-time rates can be split by.
func OnTimeMonths() map[string]int { return map[string]int{"month": 1, "quarter": 3, "year": 12} }

func (s *Server) statsRoutes() []route {
	compare := statistic(s, "compare", "Groups against each other, with funnel limits (A12)", func(c *call, q app.ReportQuery) (metrics.ComparisonReport, error) {
		by, end := metrics.ByTeam, metrics.ToClosure
		for value, name := range comparisons() {
			if c.query.Get("by") == name {
				by = value
			}
		}
		for value, name := range endpoints() {
			if c.query.Get("endpoint") == name {
				end = value
			}
		}
		return s.app.Reports.Compare(c.ctx(), c.actor(), q, by, end)
	})
	compare.query = append(compare.query, param{name: "by", kind: "string", enum: []string{"team", "priority", "kind"}, doc: "team when absent"},
		param{name: "endpoint", kind: "string", enum: []string{"closure", "done"}, doc: "closure when absent"})
	onTime := statistic(s, "on-time", "The on-time rate by both dates for a span of promised dates, and by calendar periods (A4)", func(c *call, q app.ReportQuery) (metrics.OnTimeSeries, error) {
		due := metrics.DueSpan{From: c.day("due_from"), To: c.day("due_to")}
		if err := c.refused(); err != nil {
			return metrics.OnTimeSeries{}, err
		}
		return s.app.Reports.OnTime(c.ctx(), c.actor(), q, due, OnTimeMonths()[c.query.Get("every")])
	})
	onTime.query = append(onTime.query, param{name: "due_from", kind: "date", doc: "original due date on this day or later"},
		param{name: "due_to", kind: "date", doc: "original due date on this day or before"},
		param{name: "every", kind: "string", enum: []string{"month", "quarter", "year"}, doc: "also by calendar periods of the original due date; at most 120"})
	return []route{
		onTime,
		statistic(s, "completion", "How much gets done, how fast, and whether on time (A2 to A6, A8)", func(c *call, q app.ReportQuery) (app.CompletionStats, error) {
			return s.app.Reports.Completion(c.ctx(), c.actor(), q)
		}),
		statistic(s, "overdue", "Open measures past their current and their promised date (A7)", func(c *call, q app.ReportQuery) (metrics.OverdueReport, error) {
			return s.app.Reports.Overdue(c.ctx(), c.actor(), q)
		}),
		statistic(s, "flow", "Arrivals, departures, ageing, and when the backlog is clear (A10, A11)", func(c *call, q app.ReportQuery) (app.FlowStats, error) {
			return s.app.Reports.Flow(c.ctx(), c.actor(), q)
		}),
		statistic(s, "recurrence", "Did it come back, and in which state was the plan (B1 to B10)", func(c *call, q app.ReportQuery) (metrics.RecurrenceReport, error) {
			return s.app.Reports.Recurrence(c.ctx(), c.actor(), q)
		}),
		statistic(s, "effectiveness", "How claims of done were looked at and what the metrics show (A9, C)", func(c *call, q app.ReportQuery) (app.EffectivenessStats, error) {
			return s.app.Reports.Effectiveness(c.ctx(), c.actor(), q)
		}),
		statistic(s, "quality", "The state of the data behind all other figures", func(c *call, q app.ReportQuery) (metrics.QualityReport, error) {
			return s.app.Reports.Quality(c.ctx(), c.actor(), q)
		}),
		compare,
	}
}

// statistic is the row of one statistic.
func statistic[T any](s *Server, name, summary string, run func(*call, app.ReportQuery) (T, error)) route {
	return route{method: http.MethodGet, path: "/stats/" + name, id: "get-stats-" + name, summary: summary, tag: "stats", needs: domain.CanRead,
		query: statsQuery(), csv: true, out: reflect.TypeFor[statsJSON[T]](), run: func(c *call) (reply, error) {
			q := c.reportQuery(s.app.Reports.EndOf)
			if err := c.refused(); err != nil {
				return reply{}, err
			}
			report, err := run(c, q)
			if err != nil {
				return reply{}, queryFault(err)
			}
			if c.query.Get("format") == "csv" {
				return reply{raw: StatsCSV(name, report), media: "text/csv; charset=utf-8"}, nil
			}
			return reply{body: statsJSON[T]{name, report}}, nil
		}}
}

// statsQuery are the parameters of every statistic. None names a person.
func statsQuery() []param {
	return []param{
		{name: "as_of", kind: "date-time", doc: "up to when things count: an instant, or a date, whose end is meant; now when absent"},
		{name: "known_at", kind: "date-time", doc: "up to when they had been written down; as_of when absent"},
		{name: "policy", kind: "integer", doc: "version of the policy; the one valid at as_of when absent"},
		{name: "team", kind: "string", list: true, doc: "at creation, as all filters here"},
		{name: "priority", kind: "string", list: true, enum: names(domain.Priorities())},
		{name: "kind", kind: "string", list: true, enum: names(domain.MeasureKinds())},
		{name: "severity", kind: "string", list: true, enum: names(domain.Severities())},
		{name: "service", kind: "string", list: true},
		{name: "from", kind: "date-time", doc: "created, or for incidents started, at or after"},
		{name: "to", kind: "date-time", doc: "created, or for incidents started, before"},
		{name: "format", kind: "string", enum: []string{"json", "csv"}},
	}
}

func (c *call) reportQuery(endOf func(domain.Date) time.Time) app.ReportQuery {
	q := app.ReportQuery{AsOf: c.pin("as_of", endOf), KnownAt: c.pin("known_at", endOf), Filter: metrics.Filter{
		Teams: texts[domain.TeamID](c.words("team")), Priorities: several(c, "priority", domain.Priorities()), Kinds: several(c, "kind", domain.MeasureKinds()),
		Severities: several(c, "severity", domain.Severities()), Services: c.words("service"), Created: metrics.Period{From: c.moment("from"), To: c.moment("to")}}}
	if c.query.Has("policy") {
		version, err := strconv.Atoi(c.query.Get("policy"))
		if err != nil || version < 1 {
			c.refuse("policy", "%q is not a version of the policy; use 1, 2 and so on")
		}
		q.PolicyVersion = version
	}
	for _, p := range c.route.query {
		if given := c.query.Get(p.name); !p.list && len(p.enum) > 0 && given != "" && !slices.Contains(p.enum, given) {
			c.refuse(p.name, "%q is not accepted; use one of "+strings.Join(p.enum, ", "))
		}
	}
	return q
}

// pin reads an instant; of a date the end is meant.
func (c *call) pin(name string, endOf func(domain.Date) time.Time) time.Time {
	if d, err := domain.ParseDate(c.query.Get(name)); err == nil && !d.IsZero() {
		return endOf(d)
	}
	return c.moment(name)
}
