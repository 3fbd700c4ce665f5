package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/web/chart"
)

// draw writes every picture of the statistics as a file of its own.
func (env *environmentOf) draw(ctx context.Context, p *program, q app.ReportQuery, all app.AllStats, name string) error {
	teams, err := p.app.Reports.Compare(ctx, operator(), q, metrics.ByTeam, metrics.ToClosure)
	if err != nil {
		return err
	}
	options := chart.Options{Texts: chart.English()}
	if p.cfg.Language == "de" {
		options.Texts = chart.German()
	}
	pictures := map[string]chart.Picture{
		"overdue": chart.Overdue(all.Overdue, options), "on-time": chart.OnTime(all.Completion.OnTime, nil, options), "sla": chart.SLA(all.Completion.SLA, nil, options),
		"completion": chart.Completion(all.Completion.Completion, chart.Targets(all.Completion.Completion.Cohort.Policy), options),
		"flow":       chart.Flow(all.Flow.Flow, all.Flow.Forecast, options), "ageing": chart.Ageing(all.Flow.Flow, options),
		"recurrence": chart.Recurrence(all.Recurrence, options), "states": chart.States(all.Recurrence, options),
		"mean-cumulative": chart.MeanCumulative(all.Recurrence, options), "services": chart.Services(all.Recurrence, options),
		"quality": chart.Quality(all.Quality, options), "teams": chart.Funnel(teams, options),
	}
	base := strings.TrimSuffix(name, ".svg")
	for kind, picture := range pictures {
		if !picture.Drawn() {
			continue // too little to draw: the table says it
		}
		if err := writeFile(base+"-"+kind+".svg", picture.WriteFile); err != nil {
			return fmt.Errorf("draw %s: %w", kind, err)
		}
	}
	return nil
}
