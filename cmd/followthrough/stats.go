package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/api"
	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/metrics/verify"
)

func (env *environmentOf) statsCommand() *cli.Command {
	flags := append(outputFlags(),
		&cli.StringFlag{Name: "incident", Usage: "the numbers of one incident"},
		&cli.StringFlag{Name: "as-of", Usage: "date up to which things count (default: now)"},
		&cli.StringFlag{Name: "known-at", Usage: "date up to which they had been written down (default: as --as-of)"},
		&cli.StringSliceFlag{Name: "team", Usage: "only measures of this team"},
		&cli.StringSliceFlag{Name: "priority", Usage: "only measures of this priority"},
		&cli.StringSliceFlag{Name: "kind", Usage: "only measures of this kind"},
		&cli.StringFlag{Name: "svg", Usage: "also draw every picture: FILE.svg becomes FILE-overdue.svg and so on"})
	stats := command("stats", "the statistics: all, or completion, overdue, flow, recurrence, quality, incidents", "[STATISTIC]", flags, env.with(env.stats))
	stats.Commands = []*cli.Command{{Name: "verify", Usage: "run the statistics against reference cases computed elsewhere; exit 1 when one fails", ArgsUsage: "[FILE]", Action: env.statsVerify}}
	return stats
}

// statsVerify is an auditor's check of this installation: it needs no database.
func (env *environmentOf) statsVerify(_ context.Context, cmd *cli.Command) error {
	cases, name := verify.Builtin(), "the built-in cases"
	switch cmd.Args().Len() {
	case 0:
	case 1:
		name = cmd.Args().First()
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("the reference cases cannot be read: %w", err)
		}
		defer func() { _ = file.Close() }()
		cases = file
	default:
		return usageError{errors.New("stats verify takes at most one file of reference cases")}
	}
	failed, err := verify.Print(env.stdout, cases)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if failed > 0 {
		return findingError{fmt.Errorf("%d cases failed", failed)}
	}
	return nil
}

func (env *environmentOf) stats(ctx context.Context, cmd *cli.Command, p *program) error {
	if key := cmd.String("incident"); key != "" {
		return env.incidentStats(ctx, cmd, p, []domain.IncidentKey{domain.IncidentKey(key)})
	}
	which := "all"
	if cmd.Args().Present() {
		var err error
		if which, err = oneArg(cmd, "completion, overdue, flow, recurrence, quality or incidents"); err != nil {
			return err
		}
	}
	if which == "incidents" {
		return env.everyIncident(ctx, cmd, p)
	}
	q, err := reportQuery(cmd, p)
	if err != nil {
		return err
	}
	all, err := p.app.Reports.All(ctx, operator(), q)
	if err != nil {
		return err
	}
	reports := map[string]any{"completion": all.Completion, "overdue": all.Overdue, "flow": all.Flow, "recurrence": all.Recurrence, "quality": all.Quality, "all": all}
	report, ok := reports[which]
	if !ok {
		return usageError{fmt.Errorf("%q is not a statistic; use completion, overdue, flow, recurrence, quality or incidents", which)}
	}
	if name := cmd.String("svg"); name != "" {
		if err := env.draw(ctx, p, q, all, name); err != nil {
			return err
		}
	}
	switch {
	case cmd.Bool("json"):
		text, err := api.StatsJSON(which, report)
		if err != nil {
			return err
		}
		_, err = env.stdout.Write(append(text, '\n'))
		return err
	case cmd.Bool("csv"):
		_, err := env.stdout.Write(api.StatsCSV(which, report))
		return err
	}
	return figureTable(which, report).print(cmd, env.stdout)
}

// reportQuery reads the pins and the filter.
func reportQuery(cmd *cli.Command, p *program) (app.ReportQuery, error) {
	q := app.ReportQuery{Filter: metrics.Filter{Teams: chosen[domain.TeamID](cmd.StringSlice("team")),
		Priorities: chosen[domain.Priority](cmd.StringSlice("priority")), Kinds: chosen[domain.MeasureKind](cmd.StringSlice("kind"))}}
	for name, at := range map[string]*time.Time{"as-of": &q.AsOf, "known-at": &q.KnownAt} {
		text := cmd.String(name)
		if text == "" {
			continue
		}
		d, err := domain.ParseDate(text)
		if err != nil {
			return q, usageError{fmt.Errorf("--%s: %w", name, err)}
		}
		*at = p.app.Reports.EndOf(d)
	}
	return q, nil
}

func chosen[T ~string](texts []string) []T {
	var out []T
	for _, text := range texts {
		out = append(out, T(text))
	}
	return out
}

// figureTable shows every figure with its n and interval; below the minimum
// the counts stand there and what is missing.
func figureTable(which string, report any) table {
	out := table{header: []string{"definition", "figure", "group", "n", "value", "interval", "note"}}
	rows, err := csv.NewReader(strings.NewReader(string(api.StatsCSV(which, report)))).ReadAll()
	if err != nil {
		return out
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, row := range rows[1:] {
		at := func(name string) string { return row[column[name]] }
		if at("definition") == "" {
			continue
		}
		n := at("n")
		if x := at("x"); x != "" && x != "0" {
			n = x + " of " + n
		}
		interval := ""
		if at("lower") != "" || at("upper") != "" {
			interval = short(at("lower")) + " to " + short(at("upper"))
		}
		value := short(at("value"))
		if value != "" && at("unit") != "" {
			value += " " + at("unit")
		}
		out.rows = append(out.rows, []string{at("definition"), at("name"), at("group"), n, value, interval, at("why")})
	}
	return out
}

// short keeps four digits, which is more than any interval here is worth.
func short(text string) string {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// everyIncident prints one row per incident.
func (env *environmentOf) everyIncident(ctx context.Context, cmd *cli.Command, p *program) error {
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
	for part := range slices.Chunk(keys, 200) {
		some, err := p.app.Reports.Rollups(ctx, operator(), part)
		if err != nil {
			return err
		}
		maps.Copy(rollups, some)
	}
	return rollupTable(keys, rollups).print(cmd, env.stdout)
}

func rollupTable(keys []domain.IncidentKey, rollups map[domain.IncidentKey]domain.Rollup) table {
	out := table{header: []string{"incident", "total", "done", "verified", "cancelled", "open", "overdue", "without due date", "unknown", "recurrences"}, items: rollups}
	for _, key := range keys {
		r := rollups[key]
		row := []string{string(key)}
		for _, n := range []int{r.Total, r.Done, r.Verified, r.Cancelled, r.Open, r.Overdue, r.WithoutDue, r.Unknown, r.Recurrences} {
			row = append(row, strconv.Itoa(n))
		}
		out.rows = append(out.rows, row)
	}
	return out
}

// writeFile makes a file and hands it to a writer.
func writeFile(name string, write func(io.Writer) error) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
