package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
)

func (env *environmentOf) conflictCommand() *cli.Command {
	resolve := []cli.Flag{
		&cli.StringFlag{Name: "choice", Usage: "ours, theirs or value", Required: true},
		&cli.StringFlag{Name: "value", Usage: "the value that both sides get, with --choice value"},
		&cli.StringFlag{Name: "reason", Usage: "why; it goes to the history"},
	}
	list := append(outputFlags(), &cli.BoolFlag{Name: "all", Usage: "decided ones as well"}, &cli.IntFlag{Name: "limit", Value: 50, Usage: "how many at most (0: all)"})
	return group("conflict", "decide fields that both sides changed",
		command("list", "list conflicts that wait for a decision", "", list, env.with(env.conflictList)),
		command("show", "show base, ours and theirs", "ID", []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}}, env.with(env.conflictShow)),
		command("resolve", "decide a conflict", "ID", resolve, env.with(env.conflictResolve)))
}

func (env *environmentOf) conflictList(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	open := true
	filter := domain.ConflictFilter{Open: &open}
	if cmd.Bool("all") {
		filter.Open = nil
	}
	conflicts, err := collect(cmd, func(page domain.Page) (domain.List[domain.Conflict], error) {
		return p.app.Conflicts.List(ctx, operator(), filter, page)
	})
	if err != nil {
		return err
	}
	out := table{header: []string{"id", "measure", "tracker", "field", "ours", "theirs", "state"}, items: conflicts}
	for _, c := range conflicts {
		state := "open"
		if !c.Open() {
			state = "decided: " + string(c.Resolution)
		}
		out.rows = append(out.rows, []string{strconv.FormatInt(c.ID, 10), string(c.Measure), string(c.Tracker), string(c.Field), c.Ours, c.Theirs, state})
	}
	return out.print(cmd, env.stdout)
}

func conflictID(cmd *cli.Command) (int64, error) {
	text, err := oneArg(cmd, "the conflict's number")
	if err != nil {
		return 0, err
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, usageError{fmt.Errorf("%q is not the number of a conflict; see followthrough conflict list", text)}
	}
	return id, nil
}

func (env *environmentOf) conflictShow(ctx context.Context, cmd *cli.Command, p *program) error {
	id, err := conflictID(cmd)
	if err != nil {
		return err
	}
	c, err := p.app.Conflicts.Get(ctx, operator(), id)
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return printJSON(env.stdout, c)
	}
	fmt.Fprintf(env.stdout, "%s, %s, with %s\n", c.Measure, c.Field, c.Tracker)
	for _, side := range []struct{ name, value, by string }{{"base", c.Base, ""}, {"ours", c.Ours, by(c.OursBy)}, {"theirs", c.Theirs, by(c.TheirsBy)}} {
		fmt.Fprintf(env.stdout, "\n%s %s\n%s\n", side.name, side.by, side.value)
	}
	return nil
}

func by(actor string) string {
	if actor == "" {
		return "by somebody unknown"
	}
	return "by " + actor
}

func (env *environmentOf) conflictResolve(ctx context.Context, cmd *cli.Command, p *program) error {
	id, err := conflictID(cmd)
	if err != nil {
		return err
	}
	var value *string
	if cmd.IsSet("value") {
		v := cmd.String("value")
		value = &v
	}
	c, err := p.app.Conflicts.Resolve(ctx, operator(), id, 0, domain.Choice(cmd.String("choice")), value, cmd.String("reason"))
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s: %s is now %s on both sides after the next pass; the other value stays in the history\n", c.Measure, c.Field, quoted(c.Winner))
	return nil
}
