package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
)

// snoozeCommands are the commands of "measure" about its reminders.
func (env *environmentOf) snoozeCommands() []*cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "until", Required: true, Usage: "YYYY-MM-DD; reminders go out again on that day, at most 90 days from now"},
		&cli.StringFlag{Name: "reason", Required: true, Usage: "why nobody is to be reminded; it goes to the history"},
	}
	return []*cli.Command{
		command("snooze", "hold the reminders of a measure up until a day; escalations go out all the same", "KEY", flags, env.with(env.measureSnooze)),
		command("unsnooze", "let the reminders of a measure go out again", "KEY", nil, env.with(env.measureUnsnooze)),
	}
}

func (env *environmentOf) measureSnooze(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the measure's key")
	if err != nil {
		return err
	}
	until, err := domain.ParseDate(cmd.String("until"))
	if err != nil {
		return err
	}
	z, err := p.app.Reminders.Snooze(ctx, operator(), domain.MeasureKey(key), until, cmd.String("reason"))
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "nobody is reminded of %s until %s\n", z.Measure, z.Until)
	return nil
}

func (env *environmentOf) measureUnsnooze(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the measure's key")
	if err != nil {
		return err
	}
	if err := p.app.Reminders.Unsnooze(ctx, operator(), domain.MeasureKey(key)); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "reminders of %s go out again\n", key)
	return nil
}

// noticesCommand is the command of "person" about what they are told.
func (env *environmentOf) noticesCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "reminders", Usage: "=false sends no reminders"}, &cli.BoolFlag{Name: "digest", Usage: "=false sends no weekly digest"},
		&cli.StringFlag{Name: "absent-from", Usage: "first day away, YYYY-MM-DD; the deputy is told instead; empty ends the absence"},
		&cli.StringFlag{Name: "absent-until", Usage: "last day away; empty for an open end"},
	}
	return command("notices", "show or change what a person is told, and when they are away", "PERSON", flags, env.with(env.personNotices))
}

func (env *environmentOf) personNotices(ctx context.Context, cmd *cli.Command, p *program) error {
	id, err := oneArg(cmd, "the person's id, for example p_ana")
	if err != nil {
		return err
	}
	before, err := p.app.Reminders.Settings(ctx, operator(), domain.PersonID(id))
	if err != nil {
		return err
	}
	n := before
	for name, dst := range map[string]*bool{"reminders": &n.Reminders, "digest": &n.Digest} {
		if cmd.IsSet(name) {
			*dst = cmd.Bool(name)
		}
	}
	for name, dst := range map[string]*domain.Date{"absent-from": &n.AbsentFrom, "absent-until": &n.AbsentUntil} {
		if !cmd.IsSet(name) {
			continue
		}
		if *dst, err = domain.ParseDate(cmd.String(name)); err != nil {
			return err
		}
	}
	if n != before {
		if n, err = p.app.Reminders.SaveSettings(ctx, operator(), n); err != nil {
			return err
		}
	}
	onOff := map[bool]string{true: "on", false: "off"}
	fmt.Fprintf(env.stdout, "reminders: %s\nweekly digest: %s\n", onOff[n.Reminders], onOff[n.Digest])
	if !n.AbsentFrom.IsZero() {
		fmt.Fprintf(env.stdout, "away from %s until %s\n", n.AbsentFrom, orDash(n.AbsentUntil.String()))
	}
	return nil
}
