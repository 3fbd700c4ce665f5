package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
)

func (env *environmentOf) incidentCommand() *cli.Command {
	filters := append(outputFlags(), listFlags()...)
	filters = append(filters,
		&cli.StringSliceFlag{Name: "status", Usage: "new, active, mitigated, resolved, in_review, closed or dismissed"},
		&cli.StringSliceFlag{Name: "severity", Usage: "SEV1 to SEV5"},
		&cli.StringFlag{Name: "service"}, &cli.StringFlag{Name: "cause"}, &cli.StringFlag{Name: "tag"},
		&cli.StringFlag{Name: "from", Usage: "started on or after this date"}, &cli.StringFlag{Name: "to", Usage: "started before this date"})
	add := []cli.Flag{
		&cli.StringFlag{Name: "title", Required: true}, &cli.StringFlag{Name: "summary"}, &cli.StringFlag{Name: "severity", Usage: "SEV1 to SEV5"},
		&cli.StringFlag{Name: "status"}, &cli.StringFlag{Name: "started", Usage: "instant, for example 2026-11-24T09:30:00Z"},
		&cli.StringFlag{Name: "detected"}, &cli.StringFlag{Name: "mitigated"}, &cli.StringFlag{Name: "resolved"},
		&cli.StringSliceFlag{Name: "service"}, &cli.StringSliceFlag{Name: "cause"}, &cli.StringSliceFlag{Name: "tag"},
		&cli.StringFlag{Name: "recurrence-of", Usage: "key of the earlier incident with the same cause"},
		&cli.StringFlag{Name: "url", Usage: "address of the incident elsewhere"}, &cli.StringFlag{Name: "team"},
	}
	return group("incident", "list, show and add incidents", append(env.recurrenceCommands(),
		command("list", "list incidents", "", filters, env.with(env.incidentList)),
		command("show", "show one incident with its plan", "KEY", []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}}, env.with(env.incidentShow)),
		command("add", "add an incident", "", add, env.with(env.incidentAdd)))...)
}

// listFlags are the paging flags of every list.
func listFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "q", Usage: "words in title or text"},
		&cli.StringSliceFlag{Name: "team"},
		&cli.StringFlag{Name: "sort", Usage: "fields to sort by, - in front for descending"},
		&cli.IntFlag{Name: "limit", Usage: "how many at most (0: all)", Value: 50},
	}
}

func pageOf(cmd *cli.Command, cursor string, have int) domain.Page {
	limit := 200
	if most := cmd.Int("limit"); most > 0 {
		limit = min(limit, most-have)
	}
	return domain.Page{Limit: limit, Cursor: cursor, Sort: splitList(cmd.String("sort"))}
}

// collect reads pages until there are enough rows.
func collect[T any](cmd *cli.Command, list func(domain.Page) (domain.List[T], error)) ([]T, error) {
	var items []T
	cursor := ""
	for {
		page, err := list(pageOf(cmd, cursor, len(items)))
		if err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		most := cmd.Int("limit")
		if page.NextCursor == "" || most > 0 && len(items) >= most {
			return items, nil
		}
		cursor = page.NextCursor
	}
}

func enums[T ~string](values []string) []T {
	out := make([]T, len(values))
	for i, v := range values {
		out[i] = T(v)
	}
	return out
}

func (env *environmentOf) incidentList(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	filter := domain.IncidentFilter{Status: enums[domain.IncidentStatus](cmd.StringSlice("status")), Severity: enums[domain.Severity](cmd.StringSlice("severity")),
		Team: enums[domain.TeamID](cmd.StringSlice("team")), Service: cmd.String("service"), Cause: cmd.String("cause"), Tag: cmd.String("tag"), Query: cmd.String("q")}
	for name, dst := range map[string]*time.Time{"from": &filter.From, "to": &filter.To} {
		if text := cmd.String(name); text != "" {
			d, err := domain.ParseDate(text)
			if err != nil {
				return err
			}
			*dst = d.Start(p.cfg.Zone)
		}
	}
	incidents, err := collect(cmd, func(page domain.Page) (domain.List[domain.Incident], error) {
		return p.app.Incidents.List(ctx, operator(), filter, page)
	})
	if err != nil {
		return err
	}
	out := table{header: []string{"key", "severity", "status", "started", "title"}, items: incidents}
	for _, i := range incidents {
		out.rows = append(out.rows, []string{string(i.Key), string(i.Severity), string(i.Status), instantIn(i.StartedAt, p.cfg.Zone), i.Title})
	}
	return out.print(cmd, env.stdout)
}

func instantIn(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("2006-01-02 15:04")
}

func (env *environmentOf) incidentShow(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the incident's key, for example INC-3")
	if err != nil {
		return err
	}
	incident, err := p.app.Incidents.Get(ctx, operator(), domain.IncidentKey(key))
	if err != nil {
		return err
	}
	rollup, _, err := p.app.Reports.Rollup(ctx, operator(), incident.Key)
	if err != nil {
		return err
	}
	measures, err := p.app.Measures.List(ctx, operator(), domain.MeasureFilter{Incident: incident.Key}, domain.Page{Limit: 200})
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return printJSON(env.stdout, map[string]any{"incident": incident, "stats": rollup, "measures": measures.Items})
	}
	fmt.Fprintf(env.stdout, "%s  %s\n%s %s, started %s, resolved %s\n", incident.Key, oneLine(incident.Title), incident.Severity, incident.Status,
		orDash(instantIn(incident.StartedAt, p.cfg.Zone)), orDash(instantIn(incident.ResolvedAt, p.cfg.Zone)))
	if len(incident.Causes)+len(incident.Services) > 0 {
		fmt.Fprintf(env.stdout, "services: %s; causes: %s\n", orDash(strings.Join(incident.Services, ", ")), orDash(strings.Join(incident.Causes, ", ")))
	}
	fmt.Fprintln(env.stdout, rollupLine(rollup))
	return env.measureTable(cmd, p, measures.Items).print(cmd, env.stdout)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// rollupLine says an incident's numbers as counts, never as a percentage: three
// of four says nothing about a rate.
func rollupLine(r domain.Rollup) string {
	if r.Total == 0 {
		return "no plan: no measures"
	}
	if r.Completion == nil {
		return fmt.Sprintf("plan dropped: all %d measures cancelled", r.Total)
	}
	parts := []string{fmt.Sprintf("%d of %d done", r.Done, r.Total-r.Cancelled)}
	for _, c := range []struct {
		n    int
		what string
	}{{r.Verified, "verified"}, {r.Overdue, "overdue"}, {r.PastPromise, "past promise"}, {r.Cancelled, "cancelled"}, {r.WithoutDue, "without date"}, {r.Unknown, "of unknown status"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if r.Recurrences > 0 {
		parts = append(parts, fmt.Sprintf("came back %d times", r.Recurrences))
	}
	return strings.Join(parts, ", ")
}

func (env *environmentOf) incidentAdd(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	edit := domain.IncidentEdit{Title: domain.Some(cmd.String("title"))}
	setText(cmd, "summary", &edit.Summary)
	setText(cmd, "url", &edit.ExternalURL)
	setEnum(cmd, "severity", &edit.Severity)
	setEnum(cmd, "status", &edit.Status)
	setEnum(cmd, "recurrence-of", &edit.RecurrenceOf)
	setEnum(cmd, "team", &edit.Team)
	for name, dst := range map[string]*domain.Opt[[]string]{"service": &edit.Services, "cause": &edit.Causes, "tag": &edit.Tags} {
		if cmd.IsSet(name) {
			*dst = domain.Some(cmd.StringSlice(name))
		}
	}
	for name, dst := range map[string]*domain.Opt[time.Time]{"started": &edit.StartedAt, "detected": &edit.DetectedAt, "mitigated": &edit.MitigatedAt, "resolved": &edit.ResolvedAt} {
		if text := cmd.String(name); text != "" {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return usageError{fmt.Errorf("--%s: %q is not an instant; write 2026-11-24T09:30:00Z", name, text)}
			}
			*dst = domain.Some(at)
		}
	}
	made, err := p.app.Incidents.Create(ctx, operator(), edit)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s added\n", made.Key)
	return nil
}

func setText(cmd *cli.Command, name string, dst *domain.Opt[string]) { setEnum(cmd, name, dst) }

func setEnum[T ~string](cmd *cli.Command, name string, dst *domain.Opt[T]) {
	if cmd.IsSet(name) {
		*dst = domain.Some(T(cmd.String(name)))
	}
}
