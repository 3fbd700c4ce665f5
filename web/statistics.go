package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/web/chart"
	"github.com/followthrough/followthrough/web/document"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) statisticsRoutes(get, _ register) {
	get("/statistics", s.statistics)
	get("/statistics/:file", s.pictureCSV)
}

// chartTexts are the words of the pictures in the language of a page.
func chartTexts(p *templates.Page) chart.Texts {
	return document.Charts(p.Lang)
}

// chartOptions make the marks of pictures lead to the lists behind them, under
// the filters of the page.
func (s *Server) chartOptions(p *templates.Page) chart.Options {
	return chart.Options{Texts: chartTexts(p), Link: func(m chart.Mark) string { return markURL(p, m) }}
}

// gapOf is what a check of the data misses, where a list can show it.
func gapOf(check string) domain.MeasureGap {
	return map[string]domain.MeasureGap{"measures_without_due_date": domain.GapDueOn, "measures_without_owner": domain.GapOwner, "measures_without_kind": domain.GapKind,
		"measures_without_target": domain.GapTarget, "measures_without_baseline": domain.GapBaseline, "closed_without_evidence": domain.GapEvidence}[check]
}

// markURL is the list behind a mark of a picture.
func markURL(p *templates.Page, m chart.Mark) string {
	q := url.Values{}
	for _, name := range []string{"team", "priority", "kind", "from", "to"} {
		if v := p.Query[name]; len(v) > 0 {
			q[name] = v
		}
	}
	switch {
	case m.Check != "":
		gap := gapOf(m.Check)
		if gap == "" {
			return ""
		}
		q.Set("missing", string(gap))
		return "/measures?" + q.Encode()
	case m.Measure != "":
		return measurePath(domain.MeasureKey(m.Measure))
	case m.Service != "":
		return "/incidents?service=" + url.QueryEscape(m.Service)
	case m.Priority != "":
		q.Set("sort", "original_due_on")
		q.Set("priority", m.Priority)
		if m.Kind == "overdue" {
			q.Set("overdue", "true")
		}
		if m.Kind == "ageing" {
			q.Set("open", "true")
		}
		return "/measures?" + q.Encode()
	case m.Team == metrics.SmallTeams: // several, and none by itself
		return ""
	case m.Team != "":
		q.Set("team", m.Team)
		return "/measures?" + q.Encode()
	}
	return ""
}

// statistics shows every figure with its n and interval, the state of the data
// first.
func (s *Server) statistics(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("statistics.title"), "statistics"
	p.Pictures = true
	q, err := s.reportQuery(p.Query)
	if err != nil {
		return err
	}
	pictures, err := s.pictures(c, p, q)
	if err != nil {
		return err
	}
	if err := s.withViews(c, p, domain.ViewStatistics); err != nil {
		return err
	}
	return s.show(c, p, templates.Statistics(p, pictures, chartTexts(p)))
}

func (s *Server) reportQuery(q url.Values) (app.ReportQuery, error) {
	out := app.ReportQuery{Filter: metrics.Filter{Teams: several[domain.TeamID](q, "team"), Priorities: several[domain.Priority](q, "priority"),
		Kinds: several[domain.MeasureKind](q, "kind")}}
	asOf, err := dateOf("as_of", q.Get("as_of"))
	if err != nil {
		return out, err
	}
	if !asOf.IsZero() {
		out.AsOf = s.app.Reports.EndOf(asOf)
	}
	out.Created.From, out.Created.To, err = s.period(q)
	return out, err
}

func (s *Server) pictures(c echo.Context, p *templates.Page, q app.ReportQuery) ([]chart.Picture, error) {
	all, err := s.app.Reports.All(c.Request().Context(), p.Actor, q)
	if err != nil {
		return nil, err
	}
	teams, err := s.app.Reports.Compare(c.Request().Context(), p.Actor, q, metrics.ByTeam, metrics.ToClosure)
	if err != nil {
		return nil, err
	}
	o := s.chartOptions(p)
	return []chart.Picture{chart.Overdue(all.Overdue, o), chart.OnTime(all.Completion.OnTime, byPriority(all), o), chart.SLA(all.Completion.SLA, nil, o),
		chart.Completion(all.Completion.Completion, targets(all), o), chart.Flow(all.Flow.Flow, all.Flow.Forecast, o), chart.Ageing(all.Flow.Flow, o),
		chart.Funnel(teams, o), chart.Recurrence(all.Recurrence, o), chart.States(all.Recurrence, o), chart.BeforeAfter(all.Recurrence.BeforeAfter, o),
		chart.MeanCumulative(all.Recurrence, o), chart.Services(all.Recurrence, o), chart.Quality(all.Quality, o)}, nil
}

func byPriority(all app.AllStats) []chart.OnTimePriority {
	rows := make([]chart.OnTimePriority, len(all.OnTime))
	for n, r := range all.OnTime {
		rows[n] = chart.OnTimePriority{Priority: r.Priority, Report: r.Report}
	}
	return rows
}

// targets are the days at which the curve of completion is marked.
func targets(all app.AllStats) []float64 {
	return chart.Targets(all.Completion.Completion.Cohort.Policy)
}

// pictureCSV is the table of one picture of the page.
func (s *Server) pictureCSV(c echo.Context, p *templates.Page) error {
	name, ok := strings.CutSuffix(c.Param("file"), ".csv")
	if !ok {
		return echo.ErrNotFound
	}
	q, err := s.reportQuery(p.Query)
	if err != nil {
		return err
	}
	pictures, err := s.pictures(c, p, q)
	if err != nil {
		return err
	}
	for _, picture := range pictures {
		if picture.ID == "pic-"+name {
			var b strings.Builder
			b.WriteString("\ufeff")
			if err := picture.Table.WriteCSV(&b); err != nil {
				return err
			}
			attachment(c, name+"-"+p.Today.String()+".csv")
			return c.Blob(http.StatusOK, "text/csv; charset=utf-8", []byte(b.String()))
		}
	}
	return echo.ErrNotFound
}

// runChart is the success metric of one measure over time. Without readings or a
// target there is none.
func runChart(p *templates.Page, v app.MeasureView) (chart.Picture, bool) {
	if len(v.Observations) == 0 || v.Measure.Metric.Target == nil {
		return chart.Picture{}, false
	}
	facts, ok := runFacts(p, v)
	if !ok {
		return chart.Picture{}, false
	}
	in := metrics.EffectivenessInput{Facts: facts, Metric: v.Measure.Metric, Policy: v.Policy}
	for _, o := range v.Observations {
		in.Readings = append(in.Readings, metrics.Reading{At: o.At, Value: o.Value})
	}
	report, err := metrics.Effectiveness(in, p.Now)
	if err != nil {
		return chart.Picture{}, false
	}
	return chart.RunChart(in, report, p.Zone, chart.Options{Texts: chartTexts(p)}), true
}

// runFacts are the facts that a run chart needs: from the history, or, where it
// is longer than the page holds, from the measure itself. Every reading is a row
// of the history, so it is the well-measured ones whose histories are long.
func runFacts(p *templates.Page, v app.MeasureView) (metrics.Facts, bool) {
	if v.More {
		facts := metrics.Facts{Created: v.Measure.CreatedAt}
		if done := v.Measure.DoneAt; !done.IsZero() && (v.Measure.Status == domain.Done || v.Measure.Status == domain.Verified) {
			facts.State, facts.Done = metrics.StateDone, done
		}
		return facts, true
	}
	changes := append([]domain.Change(nil), v.Changes...)
	domain.SortChanges(changes)
	events, err := metrics.EventsOf(v.Measure, changes)
	if err != nil {
		return metrics.Facts{}, false
	}
	facts, err := metrics.FactsOf(events, metrics.Cut{AsOf: p.Now, KnownAt: p.Now, Zone: p.Zone})
	return facts, err == nil
}
