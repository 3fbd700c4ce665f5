package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/web/chart"
)

// picture is a picture with the end of its file's name.
type picture struct {
	kind string
	chart.Picture
}

func (p *program) pictureOptions() chart.Options {
	if p.cfg.Language == "de" {
		return chart.Options{Texts: chart.German()}
	}
	return chart.Options{Texts: chart.English()}
}

// draw writes every picture of the statistics as a file of its own.
func (env *environmentOf) draw(ctx context.Context, p *program, q app.ReportQuery, all app.AllStats, name string) error {
	teams, err := p.app.Reports.Compare(ctx, operator(), q, metrics.ByTeam, metrics.ToClosure)
	if err != nil {
		return err
	}
	priorities := make([]chart.OnTimePriority, len(all.OnTime))
	for n, r := range all.OnTime {
		priorities[n] = chart.OnTimePriority{Priority: r.Priority, Report: r.Report}
	}
	completion, o := all.Completion, p.pictureOptions()
	return writePictures(name, []picture{
		{"quality", chart.Quality(all.Quality, o)},
		{"overdue", chart.Overdue(all.Overdue, o)},
		{"late-weeks", chart.LateWeeks(all.Overdue, o)},
		{"on-time", chart.OnTime(completion.OnTime, priorities, o)},
		{"sla", chart.SLA(completion.SLA, nil, o)},
		{"completion", chart.Completion(completion.Completion, chart.Targets(completion.Completion.Cohort.Policy), o)},
		{"ageing", chart.Ageing(all.Flow.Flow, o)},
		{"flow", chart.Flow(all.Flow.Flow, all.Flow.Forecast, o)},
		{"teams", chart.Funnel(teams, o)},
		{"recurrence", chart.Recurrence(all.Recurrence, o)},
		{"states", chart.States(all.Recurrence, o)},
		{"before-after", chart.BeforeAfter(all.Recurrence.BeforeAfter, o)},
		{"mean-cumulative", chart.MeanCumulative(all.Recurrence, o)},
		{"services", chart.Services(all.Recurrence, o)},
	})
}

// drawIncident writes the plan of an incident, and the success metric of each of
// its measures that was observed.
func (env *environmentOf) drawIncident(ctx context.Context, p *program, key domain.IncidentKey, name string) error {
	plan, asOf, err := p.app.Reports.Plan(ctx, operator(), key)
	if err != nil {
		return err
	}
	o := p.pictureOptions()
	rows := make([]chart.PlanRow, len(plan))
	var runs []picture
	for n, m := range plan {
		rows[n] = chart.PlanRow{Key: string(m.Key), Title: m.Title, Facts: m.Facts}
		effect, err := p.app.Measures.Effect(ctx, operator(), m.Key)
		if err != nil {
			return err
		}
		if effect.Input.Metric.Target != nil {
			runs = append(runs, picture{"run-" + string(m.Key), chart.RunChart(effect.Input, effect.Report, p.cfg.Zone, o)})
		}
	}
	return writePictures(name, append([]picture{{"plan", chart.Plan(rows, asOf, p.cfg.Zone, o)}}, runs...))
}

// writePictures makes FILE-KIND.svg of every picture; where there is too little
// to draw, the file holds its table.
func writePictures(name string, pictures []picture) error {
	base := strings.TrimSuffix(name, ".svg")
	for _, p := range pictures {
		if err := writeFile(base+"-"+p.kind+".svg", p.WriteFile); err != nil {
			return fmt.Errorf("draw %s: %w", p.kind, err)
		}
	}
	return nil
}
