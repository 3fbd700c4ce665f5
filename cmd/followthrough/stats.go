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

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/api"
	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/metrics/verify"
)

const statisticNames = "completion, on-time, overdue, flow, recurrence, effectiveness, quality, compare or incidents"

func (env *environmentOf) statsCommand() *cli.Command {
	flags := append(outputFlags(),
		&cli.StringFlag{Name: "incident", Usage: "the numbers of one incident"},
		&cli.StringFlag{Name: "as-of", Usage: "date up to which things count (default: now)"},
		&cli.StringFlag{Name: "known-at", Usage: "date up to which they had been written down (default: as --as-of)"},
		&cli.IntFlag{Name: "policy", Usage: "version of the policy (default: the one valid at --as-of)"},
		&cli.StringSliceFlag{Name: "team", Usage: "only measures of this team"},
		&cli.StringSliceFlag{Name: "priority", Usage: "only measures of this priority"},
		&cli.StringSliceFlag{Name: "kind", Usage: "only measures of this kind"},
		&cli.StringSliceFlag{Name: "severity", Usage: "only incidents of this severity"},
		&cli.StringSliceFlag{Name: "service", Usage: "only incidents of this service"},
		&cli.StringFlag{Name: "from", Usage: "only what was created, or for incidents began, on this day or later"},
		&cli.StringFlag{Name: "to", Usage: "only what was created, or for incidents began, on this day or before"},
		&cli.StringFlag{Name: "due-from", Usage: "for on-time: promised for this day or later"},
		&cli.StringFlag{Name: "due-to", Usage: "for on-time: promised for this day or before"},
		&cli.StringFlag{Name: "every", Usage: "for on-time: also by month, quarter or year"},
		&cli.StringFlag{Name: "by", Value: "team", Usage: "groups of compare: team, priority or kind"},
		&cli.StringFlag{Name: "endpoint", Value: "closure", Usage: "end that compare looks at: closure or done"},
		&cli.StringFlag{Name: "svg", Usage: "also draw every picture: FILE.svg becomes FILE-overdue.svg and so on; with --incident its plan and metrics"})
	stats := command("stats", "the statistics: all, or "+statisticNames, "[STATISTIC]", flags, env.with(env.stats))
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
		if name := cmd.String("svg"); name != "" {
			if err := env.drawIncident(ctx, p, domain.IncidentKey(key), name); err != nil {
				return err
			}
		}
		return env.incidentStats(ctx, cmd, p, []domain.IncidentKey{domain.IncidentKey(key)})
	}
	which := "all"
	if cmd.Args().Present() {
		var err error
		if which, err = oneArg(cmd, statisticNames); err != nil {
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
	report, err := env.report(ctx, cmd, p, q, which)
	if err != nil {
		return err
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

// report evaluates one statistic, or all, and draws them when that is asked for.
func (env *environmentOf) report(ctx context.Context, cmd *cli.Command, p *program, q app.ReportQuery, which string) (any, error) {
	all, err := p.app.Reports.All(ctx, operator(), q)
	if err != nil {
		return nil, err
	}
	if name := cmd.String("svg"); name != "" {
		if err := env.draw(ctx, p, q, all, name); err != nil {
			return nil, err
		}
	}
	switch which {
	case "all":
		return all, nil
	case "completion":
		return all.Completion, nil
	case "on-time":
		return env.onTime(ctx, cmd, p, q)
	case "overdue":
		return all.Overdue, nil
	case "flow":
		return all.Flow, nil
	case "recurrence":
		return all.Recurrence, nil
	case "quality":
		return all.Quality, nil
	case "effectiveness":
		return p.app.Reports.Effectiveness(ctx, operator(), q)
	case "compare":
		by, err := oneFlag(cmd, "by", map[string]metrics.GroupBy{"team": metrics.ByTeam, "priority": metrics.ByPriority, "kind": metrics.ByKind})
		if err != nil {
			return nil, err
		}
		end, err := oneFlag(cmd, "endpoint", map[string]metrics.Endpoint{"closure": metrics.ToClosure, "done": metrics.ToDone})
		if err != nil {
			return nil, err
		}
		return p.app.Reports.Compare(ctx, operator(), q, by, end)
	}
	return nil, usageError{fmt.Errorf("%q is not a statistic; use %s", which, statisticNames)}
}

// onTime evaluates the on-time rates of a span.
func (env *environmentOf) onTime(ctx context.Context, cmd *cli.Command, p *program, q app.ReportQuery) (any, error) {
	var due metrics.DueSpan
	for name, into := range map[string]*domain.Date{"due-from": &due.From, "due-to": &due.To} {
		d, err := domain.ParseDate(cmd.String(name))
		if err != nil {
			return nil, usageError{fmt.Errorf("--%s: %w", name, err)}
		}
		*into = d
	}
	months := 0
	if cmd.IsSet("every") {
		var err error
		if months, err = oneFlag(cmd, "every", api.OnTimeMonths()); err != nil {
			return nil, err
		}
	}
	return p.app.Reports.OnTime(ctx, operator(), q, due, months)
}

// oneFlag reads a flag with few values.
func oneFlag[T any](cmd *cli.Command, name string, values map[string]T) (T, error) {
	v, ok := values[cmd.String(name)]
	if !ok {
		return v, usageError{fmt.Errorf("--%s %q is not accepted; use one of %s", name, cmd.String(name), strings.Join(slices.Sorted(maps.Keys(values)), ", "))}
	}
	return v, nil
}

// reportQuery reads the pins and the filter.
func reportQuery(cmd *cli.Command, p *program) (app.ReportQuery, error) {
	q := app.ReportQuery{PolicyVersion: cmd.Int("policy"), Filter: metrics.Filter{Teams: enums[domain.TeamID](cmd.StringSlice("team")), Services: cmd.StringSlice("service")}}
	if q.PolicyVersion < 0 {
		return q, usageError{fmt.Errorf("--policy %d is no version; use 1, 2 and so on", q.PolicyVersion)}
	}
	err := errors.Join(chosen(cmd, "priority", domain.Priorities(), &q.Priorities), chosen(cmd, "kind", domain.MeasureKinds(), &q.Kinds),
		chosen(cmd, "severity", domain.Severities(), &q.Severities))
	for name, set := range map[string]func(domain.Date){
		"as-of":    func(d domain.Date) { q.AsOf = p.app.Reports.EndOf(d) },
		"known-at": func(d domain.Date) { q.KnownAt = p.app.Reports.EndOf(d) },
		"from":     func(d domain.Date) { q.Created.From = d.Start(p.cfg.Zone) },
		"to":       func(d domain.Date) { q.Created.To = d.Deadline(p.cfg.Zone) },
	} {
		text := cmd.String(name)
		if text == "" {
			continue
		}
		d, bad := domain.ParseDate(text)
		if bad != nil {
			err = errors.Join(err, usageError{fmt.Errorf("--%s: %w", name, bad)})
			continue
		}
		set(d)
	}
	return q, err
}

// chosen reads a flag that may be given several times and refuses what is not
// among the accepted values: a filter that no measure can meet is a mistake.
func chosen[T ~string](cmd *cli.Command, name string, accepted []T, into *[]T) error {
	for _, text := range cmd.StringSlice(name) {
		if !slices.Contains(accepted, T(text)) {
			return usageError{fmt.Errorf("--%s %q is not accepted; use one of %q", name, text, accepted)}
		}
		*into = append(*into, T(text))
	}
	return nil
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
	out := table{header: []string{"incident", "total", "done", "verified", "cancelled", "open", "overdue", "past promise", "without due date", "unknown", "recurrences"}, items: rollups}
	for _, key := range keys {
		r := rollups[key]
		row := []string{string(key)}
		for _, n := range []int{r.Total, r.Done, r.Verified, r.Cancelled, r.Open, r.Overdue, r.PastPromise, r.WithoutDue, r.Unknown, r.Recurrences} {
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
