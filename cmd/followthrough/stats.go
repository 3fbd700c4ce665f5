package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
)

func (env *environmentOf) statsCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "incident", Usage: "the numbers of one incident"},
		&cli.StringFlag{Name: "as-of", Usage: "date up to which things count (default: now)"},
		&cli.BoolFlag{Name: "json", Usage: "print JSON"}, &cli.BoolFlag{Name: "csv", Usage: "print CSV"},
	}
	return command("stats", "the statistics of completion and recurrence", "", flags, env.with(env.stats))
}

func (env *environmentOf) stats(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	if key := cmd.String("incident"); key != "" {
		return env.incidentStats(ctx, cmd, p, []domain.IncidentKey{domain.IncidentKey(key)})
	}
	incidents, err := collect(cmd, func(page domain.Page) (domain.List[domain.Incident], error) {
		return p.app.Incidents.List(ctx, operator(), domain.IncidentFilter{}, page)
	})
	if err != nil {
		return err
	}
	keys := make([]domain.IncidentKey, len(incidents))
	for i, incident := range incidents {
		keys[i] = incident.Key
	}
	return env.incidentStats(ctx, cmd, p, keys)
}

func (env *environmentOf) incidentStats(ctx context.Context, cmd *cli.Command, p *program, keys []domain.IncidentKey) error {
	if len(keys) == 1 {
		rollup, _, err := p.app.Reports.Rollup(ctx, operator(), keys[0])
		if err != nil {
			return err
		}
		if !cmd.Bool("json") && !cmd.Bool("csv") {
			fmt.Fprintf(env.stdout, "%s: %s\n", keys[0], rollupLine(rollup))
			return nil
		}
		return rollupTable(keys, map[domain.IncidentKey]domain.Rollup{keys[0]: rollup}).print(cmd, env.stdout)
	}
	rollups := map[domain.IncidentKey]domain.Rollup{}
	for start := 0; start < len(keys); start += 200 {
		part, err := p.app.Reports.Rollups(ctx, operator(), keys[start:min(start+200, len(keys))])
		if err != nil {
			return err
		}
		for key, r := range part {
			rollups[key] = r
		}
	}
	return rollupTable(keys, rollups).print(cmd, env.stdout)
}

func rollupTable(keys []domain.IncidentKey, rollups map[domain.IncidentKey]domain.Rollup) table {
	out := table{header: []string{"incident", "total", "done", "verified", "cancelled", "open", "overdue", "without due date", "unknown", "recurrences"}, items: rollups}
	for _, key := range keys {
		r := rollups[key]
		row := []string{string(key)}
		for _, n := range []int{r.Total, r.Done, r.Verified, r.Cancelled, r.Open, r.Overdue, r.WithoutDue, r.Unknown, r.Recurrences} {
			row = append(row, fmt.Sprint(n))
		}
		out.rows = append(out.rows, row)
	}
	return out
}
