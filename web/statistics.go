package web

import (
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/web/chart"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) statisticsRoutes(get, _ register) {
	get("/statistics", s.statistics)
}

// chartTexts are the words of the pictures in the language of a page.
func chartTexts(p *templates.Page) chart.Texts {
	if p.Lang == "de" {
		return chart.German()
	}
	return chart.English()
}

func chartOptions(p *templates.Page) chart.Options {
	return chart.Options{Texts: chartTexts(p), Link: markURL}
}

// markURL is the list behind a mark of a picture.
func markURL(m chart.Mark) string {
	switch {
	case m.Measure != "":
		return measurePath(domain.MeasureKey(m.Measure))
	case m.Service != "":
		return "/incidents?service=" + url.QueryEscape(m.Service)
	case m.Priority != "":
		return "/measures?sort=original_due_on&priority=" + url.QueryEscape(m.Priority)
	case m.Team != "":
		return "/measures?team=" + url.QueryEscape(m.Team)
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
	for name, at := range map[string]*time.Time{"from": &out.Created.From, "to": &out.Created.To} {
		d, err := dateOf(name, q.Get(name))
		if err != nil {
			return out, err
		}
		if !d.IsZero() {
			*at = d.Start(s.zone)
		}
	}
	return out, nil
}

func (s *Server) pictures(c echo.Context, p *templates.Page, q app.ReportQuery) ([]chart.Picture, error) {
	all, err := s.app.Reports.All(c.Request().Context(), p.Actor, q)
	if err != nil {
		return nil, err
	}
	o := chartOptions(p)
	return []chart.Picture{chart.Overdue(all.Overdue, o), chart.OnTime(all.Completion.OnTime, nil, o), chart.SLA(all.Completion.SLA, nil, o),
		chart.Completion(all.Completion.Completion, nil, o), chart.Flow(all.Flow.Flow, all.Flow.Forecast, o), chart.Ageing(all.Flow.Flow, o),
		chart.Recurrence(all.Recurrence, o), chart.States(all.Recurrence, o), chart.Quality(all.Quality, o)}, nil
}

// runChart is the success metric of one measure over time. A history longer
// than the page holds, or one that says too little, gives none.
func runChart(p *templates.Page, v app.MeasureView) (chart.Picture, bool) {
	if v.More || len(v.Observations) == 0 || v.Measure.Metric.Target == nil {
		return chart.Picture{}, false
	}
	changes := append([]domain.Change(nil), v.Changes...)
	domain.SortChanges(changes)
	events, err := metrics.EventsOf(v.Measure, changes)
	if err != nil {
		return chart.Picture{}, false
	}
	facts, err := metrics.FactsOf(events, metrics.Cut{AsOf: p.Now, KnownAt: p.Now, Zone: p.Zone})
	if err != nil {
		return chart.Picture{}, false
	}
	in := metrics.EffectivenessInput{Facts: facts, Metric: v.Measure.Metric}
	for _, o := range v.Observations {
		in.Readings = append(in.Readings, metrics.Reading{At: o.At, Value: o.Value})
	}
	report, err := metrics.Effectiveness(in, p.Now)
	if err != nil {
		return chart.Picture{}, false
	}
	return chart.RunChart(in, report, p.Zone, chartOptions(p)), true
}
