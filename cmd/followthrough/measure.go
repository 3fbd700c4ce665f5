package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

func (env *environmentOf) measureCommand() *cli.Command {
	filters := append(outputFlags(), listFlags()...)
	filters = append(filters,
		&cli.StringSliceFlag{Name: "status"}, &cli.StringSliceFlag{Name: "priority"}, &cli.StringSliceFlag{Name: "kind"},
		&cli.BoolFlag{Name: "open"}, &cli.BoolFlag{Name: "overdue"}, &cli.BoolFlag{Name: "past-promise"}, &cli.BoolFlag{Name: "needs-incident"},
		&cli.BoolFlag{Name: "effectiveness-due", Usage: "done, without a verdict, and the day of the effectiveness check has come"},
		&cli.StringFlag{Name: "due-before"}, &cli.StringFlag{Name: "due-after"},
		&cli.StringFlag{Name: "owner"}, &cli.StringFlag{Name: "incident"}, &cli.StringFlag{Name: "tracker"}, &cli.StringSliceFlag{Name: "link-state"},
		&cli.StringSliceFlag{Name: "missing", Usage: "owner, due_on, kind, priority, target, baseline or evidence"})
	edit := append(measureFields(),
		&cli.StringFlag{Name: "status"}, &cli.StringFlag{Name: "closure-reason"}, &cli.StringFlag{Name: "risk-accepted-until"}, &cli.StringFlag{Name: "verdict"},
		&cli.StringFlag{Name: "duplicate-of", Usage: "with closure reason duplicate: the measure that goes on"},
		&cli.StringFlag{Name: "reason", Usage: "why; it goes to the history"})
	closing := []cli.Flag{
		&cli.StringFlag{Name: "as", Usage: "wont_do, risk_accepted, superseded, duplicate or created_in_error"},
		&cli.StringFlag{Name: "duplicate-of", Usage: "the measure that goes on; closes as duplicate"},
		&cli.StringFlag{Name: "risk-accepted-until", Usage: "YYYY-MM-DD, with --as risk_accepted"}, &cli.StringFlag{Name: "reason", Usage: "why; it goes to the history"},
	}
	add := append(measureFields(), &cli.StringFlag{Name: "succeeds", Usage: "a measure that was found ineffective; what is not given is taken over from it"},
		&cli.StringFlag{Name: "status"}, &cli.StringFlag{Name: "tracker", Usage: "also create an issue there"})
	return group("measure", "everyday work with measures", append(append(env.snoozeCommands(), env.metricCommands()...),
		command("list", "list measures", "", filters, env.with(env.measureList)),
		command("show", "show one measure with its links and history", "KEY", []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}}, env.with(env.measureShow)),
		command("add", "add a measure", "", add, env.with(env.measureAdd)),
		command("edit", "change a measure", "KEY", edit, env.with(env.measureEdit)),
		command("close", "close a measure that will not be done", "KEY", closing, env.with(env.measureClose)),
		command("evidence", "add a link that shows the work is done", "KEY", []cli.Flag{&cli.StringFlag{Name: "title", Required: true}, &cli.StringFlag{Name: "url", Required: true}}, env.with(env.measureEvidence)),
		command("link", "create an issue for a measure, or adopt an existing one with --url", "KEY", []cli.Flag{&cli.StringFlag{Name: "tracker", Required: true}, &cli.StringFlag{Name: "url"}}, env.with(env.measureLink)),
		command("resume", "set a link going again that was stopped because both sides set each other's values back", "KEY", []cli.Flag{&cli.StringFlag{Name: "tracker", Required: true}}, env.with(env.measureResume)),
		command("unlink", "end the link with a tracker; the issue stays", "KEY", []cli.Flag{&cli.StringFlag{Name: "tracker", Required: true}}, env.with(env.measureUnlink)))...)
}

func measureFields() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "title"}, &cli.StringFlag{Name: "description"}, &cli.StringFlag{Name: "incident"},
		&cli.StringFlag{Name: "kind", Usage: "prevent, detect, mitigate, repair, investigate, process, training or cover"},
		&cli.StringFlag{Name: "priority", Usage: "P0 to P4"}, &cli.StringFlag{Name: "owner"}, &cli.StringFlag{Name: "deputy"}, &cli.StringFlag{Name: "team"},
		&cli.StringFlag{Name: "due-on", Usage: "YYYY-MM-DD (default: by the policy for the priority)"},
		&cli.StringFlag{Name: "metric", Usage: `success metric, for example "time to detect; target at_most 5 min; baseline 42; window 30 d"`},
	}
}

func (env *environmentOf) measureList(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	f := domain.MeasureFilter{Status: enums[domain.Status](cmd.StringSlice("status")), Priority: enums[domain.Priority](cmd.StringSlice("priority")),
		Kind: enums[domain.MeasureKind](cmd.StringSlice("kind")), Team: enums[domain.TeamID](cmd.StringSlice("team")), LinkState: enums[domain.LinkState](cmd.StringSlice("link-state")), Missing: enums[domain.MeasureGap](cmd.StringSlice("missing")),
		Owner: domain.PersonID(cmd.String("owner")), Incident: domain.IncidentKey(cmd.String("incident")), Tracker: domain.TrackerID(cmd.String("tracker")), Query: cmd.String("q")}
	for name, dst := range map[string]**bool{"open": &f.Open, "overdue": &f.Overdue, "past-promise": &f.PastPromise, "needs-incident": &f.NeedsIncident, "effectiveness-due": &f.EffectivenessDue} {
		if cmd.IsSet(name) {
			v := cmd.Bool(name)
			*dst = &v
		}
	}
	var err error
	for name, dst := range map[string]*domain.Date{"due-before": &f.DueBefore, "due-after": &f.DueAfter} {
		if *dst, err = domain.ParseDate(cmd.String(name)); err != nil {
			return err
		}
	}
	measures, err := collect(cmd, func(page domain.Page) (domain.List[domain.Measure], error) {
		return p.app.Measures.List(ctx, operator(), f, page)
	})
	if err != nil {
		return err
	}
	return env.measureTable(cmd, p, measures).print(cmd, env.stdout)
}

func (env *environmentOf) measureTable(_ *cli.Command, p *program, measures []domain.Measure) table {
	out := table{header: []string{"key", "priority", "status", "due", "owner", "incident", "title"}, items: measures}
	for _, m := range measures {
		due := m.DueOn.String()
		if m.Overdue(p.now(), p.cfg.Zone) {
			due += " overdue"
		} else if m.PastPromise(p.now(), p.cfg.Zone) {
			due += " past promise"
		}
		status := string(m.Status)
		if m.StatusUnknown {
			status = "unknown"
		}
		owner := string(m.Owner)
		if owner == "" {
			owner = m.ExternalOwner
		}
		out.rows = append(out.rows, []string{string(m.Key), string(m.Priority), status, due, owner, string(m.Incident), m.Title})
	}
	return out
}

func (env *environmentOf) measureShow(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the measure's key, for example M-7")
	if err != nil {
		return err
	}
	m, err := p.app.Measures.Get(ctx, operator(), domain.MeasureKey(key))
	if err != nil {
		return err
	}
	links, err := p.app.Links.List(ctx, operator(), m.Key)
	if err != nil {
		return err
	}
	history, err := p.app.Measures.History(ctx, operator(), m.Key, domain.Page{Limit: 200})
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return printJSON(env.stdout, map[string]any{"measure": m, "links": links, "history": history.Items})
	}
	if err := env.measureTable(cmd, p, []domain.Measure{m}).print(cmd, env.stdout); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "\nsuccess metric: %s\noriginal due date: %s, moved %d times\n", orDash(m.Metric.Text()), orDash(m.OriginalDueOn.String()), m.DueMoves)
	if m.Succeeds != "" {
		fmt.Fprintf(env.stdout, "takes over from: %s\n", m.Succeeds)
	}
	if m.ClosureReason == domain.Duplicate {
		fmt.Fprintf(env.stdout, "duplicate of: %s\n", orDash(string(m.DuplicateOf)))
	}
	for _, l := range links {
		fmt.Fprintf(env.stdout, "link: %s %s %s %s\n", l.Tracker, orDash(l.Remote.Key), l.State, oneLine(strings.TrimSpace(l.Reason+" "+l.LastError)))
	}
	fmt.Fprintln(env.stdout, "\nhistory:")
	for _, c := range history.Items {
		fmt.Fprintln(env.stdout, " ", historyLine(c, p))
	}
	return nil
}

func historyLine(c domain.Change, p *program) string {
	when := c.At.In(p.cfg.Zone).Format("2006-01-02 15:04:05")
	what := string(c.Kind)
	if c.Field != "" {
		what = c.Field + " " + quoted(c.From) + " → " + quoted(c.To)
	}
	if c.Overwritten {
		what += " (a conflict overwrote a value; it can be put back)"
	}
	if c.Reason != "" {
		what += ", because: " + oneLine(c.Reason)
	}
	return fmt.Sprintf("%s  %s by %s", when, what, oneLine(c.Actor))
}

func (env *environmentOf) measureAdd(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	due, err := domain.ParseDate(cmd.String("due-on"))
	if err != nil {
		return err
	}
	made, err := p.app.Measures.Create(ctx, operator(), domain.NewMeasure{
		Title: cmd.String("title"), Description: cmd.String("description"), Incident: domain.IncidentKey(cmd.String("incident")),
		Kind: domain.MeasureKind(cmd.String("kind")), Priority: domain.Priority(cmd.String("priority")), Status: domain.Status(cmd.String("status")),
		Owner: domain.PersonID(cmd.String("owner")), Deputy: domain.PersonID(cmd.String("deputy")), Team: domain.TeamID(cmd.String("team")),
		DueOn: due, Metric: domain.ParseMetric(cmd.String("metric")), Succeeds: domain.MeasureKey(cmd.String("succeeds"))})
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s added\n", made.Key)
	if tracker := cmd.String("tracker"); tracker != "" {
		return env.linkWith(ctx, p, made.Key, domain.TrackerID(tracker), "")
	}
	return nil
}

func (env *environmentOf) measureEdit(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the measure's key")
	if err != nil {
		return err
	}
	edit := domain.MeasureEdit{Reason: cmd.String("reason")}
	setText(cmd, "title", &edit.Title)
	setText(cmd, "description", &edit.Description)
	setEnum(cmd, "incident", &edit.Incident)
	setEnum(cmd, "kind", &edit.Kind)
	setEnum(cmd, "priority", &edit.Priority)
	setEnum(cmd, "status", &edit.Status)
	setEnum(cmd, "owner", &edit.Owner)
	setEnum(cmd, "deputy", &edit.Deputy)
	setEnum(cmd, "team", &edit.Team)
	setEnum(cmd, "closure-reason", &edit.ClosureReason)
	setEnum(cmd, "verdict", &edit.Verdict)
	setEnum(cmd, "duplicate-of", &edit.DuplicateOf)
	for name, dst := range map[string]*domain.Opt[domain.Date]{"due-on": &edit.DueOn, "risk-accepted-until": &edit.RiskAcceptedUntil} {
		if cmd.IsSet(name) {
			d, err := domain.ParseDate(cmd.String(name))
			if err != nil {
				return err
			}
			*dst = domain.Some(d)
		}
	}
	if cmd.IsSet("metric") {
		edit.Metric = domain.Some(domain.ParseMetric(cmd.String("metric")))
	}
	if edit == (domain.MeasureEdit{Reason: edit.Reason}) {
		return usageError{errors.New("nothing to change; give at least one field, see followthrough measure edit --help")}
	}
	m, err := p.app.Measures.Edit(ctx, operator(), domain.MeasureKey(key), 0, app.MeasurePatch{MeasureEdit: edit})
	if err != nil {
		return err
	}
	return env.measureTable(cmd, p, []domain.Measure{m}).print(cmd, env.stdout)
}

// measureClose cancels a measure; naming the measure that goes on says why.
func (env *environmentOf) measureClose(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the measure's key")
	if err != nil {
		return err
	}
	until, err := domain.ParseDate(cmd.String("risk-accepted-until"))
	if err != nil {
		return err
	}
	edit := domain.MeasureEdit{Status: domain.Some(domain.Cancelled), Reason: cmd.String("reason")}
	setEnum(cmd, "as", &edit.ClosureReason)
	setEnum(cmd, "duplicate-of", &edit.DuplicateOf)
	if edit.DuplicateOf.Set && !edit.ClosureReason.Set {
		edit.ClosureReason = domain.Some(domain.Duplicate)
	}
	if !until.IsZero() {
		edit.RiskAcceptedUntil = domain.Some(until)
	}
	m, err := p.app.Measures.Edit(ctx, operator(), domain.MeasureKey(key), 0, app.MeasurePatch{MeasureEdit: edit})
	if err != nil {
		return err
	}
	return env.measureTable(cmd, p, []domain.Measure{m}).print(cmd, env.stdout)
}

func (env *environmentOf) measureEvidence(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the measure's key")
	if err != nil {
		return err
	}
	_, err = p.app.Measures.AddEvidence(ctx, operator(), domain.Evidence{Measure: domain.MeasureKey(key), Title: cmd.String("title"), URL: cmd.String("url")})
	if err == nil {
		fmt.Fprintf(env.stdout, "evidence added to %s\n", key)
	}
	return err
}

func (env *environmentOf) measureLink(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the measure's key")
	if err != nil {
		return err
	}
	return env.linkWith(ctx, p, domain.MeasureKey(key), domain.TrackerID(cmd.String("tracker")), cmd.String("url"))
}

func (env *environmentOf) linkWith(ctx context.Context, p *program, key domain.MeasureKey, tracker domain.TrackerID, url string) error {
	link, err := p.app.Links.Add(ctx, operator(), key, tracker, url)
	if err != nil {
		return err
	}
	if link.Remote.Key != "" {
		fmt.Fprintf(env.stdout, "%s linked with %s\n", key, link.Remote.Key)
		return nil
	}
	fmt.Fprintf(env.stdout, "%s will be created in %s by the service, or now with: followthrough sync %s\n", key, tracker, tracker)
	return nil
}

func (env *environmentOf) measureUnlink(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the measure's key")
	if err != nil {
		return err
	}
	if _, err := p.app.Links.Detach(ctx, operator(), domain.MeasureKey(key), domain.TrackerID(cmd.String("tracker"))); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s is no longer linked with %s; the issue stays\n", key, cmd.String("tracker"))
	return nil
}

func (env *environmentOf) measureResume(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the measure's key")
	if err != nil {
		return err
	}
	if _, err := p.app.Links.Resume(ctx, operator(), domain.MeasureKey(key), domain.TrackerID(cmd.String("tracker"))); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s is kept in step with %s again\n", key, cmd.String("tracker"))
	return nil
}
