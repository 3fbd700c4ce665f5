package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
)

func (env *environmentOf) serviceCommand() *cli.Command {
	set := []cli.Flag{
		&cli.StringFlag{Name: "since", Usage: "first day in service, YYYY-MM-DD; empty when not known"},
		&cli.StringFlag{Name: "retired", Usage: "last day in service; empty while it lives"},
		&cli.StringFlag{Name: "team"},
	}
	list := append(outputFlags(), &cli.BoolFlag{Name: "unlisted", Usage: "the services that incidents name and the catalogue does not have"})
	return group("service", "the service catalogue, from which recurrence rates take their exposure",
		command("list", "list the catalogue", "", list, env.with(env.serviceList)),
		command("set", "add a service, or change what is given", "NAME", set, env.with(env.serviceSet)),
		command("remove", "take a service out of the catalogue", "NAME", nil, env.with(env.serviceRemove)))
}

func (env *environmentOf) serviceList(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	if cmd.Bool("unlisted") {
		unlisted, err := p.app.Services.Unlisted(ctx, operator())
		if err != nil {
			return err
		}
		out := table{header: []string{"name", "incidents", "first"}, items: unlisted}
		for _, s := range unlisted {
			out.rows = append(out.rows, []string{s.Name, strconv.Itoa(s.Incidents), instantIn(s.First, p.cfg.Zone)})
		}
		return out.print(cmd, env.stdout)
	}
	listed, err := p.app.Services.List(ctx, operator())
	if err != nil {
		return err
	}
	out := table{header: []string{"name", "since", "retired", "team"}, items: listed}
	for _, s := range listed {
		out.rows = append(out.rows, []string{s.Name, s.Since.String(), s.Retired.String(), string(s.Team)})
	}
	return out.print(cmd, env.stdout)
}

func (env *environmentOf) serviceSet(ctx context.Context, cmd *cli.Command, p *program) error {
	name, err := oneArg(cmd, "the service's name, as incidents write it")
	if err != nil {
		return err
	}
	since, sinceErr := domain.ParseDate(cmd.String("since"))
	retired, retiredErr := domain.ParseDate(cmd.String("retired"))
	if err := errors.Join(sinceErr, retiredErr); err != nil {
		return err
	}
	made, err := p.app.Services.Set(ctx, operator(), name, func(s *domain.Service) {
		if cmd.IsSet("since") {
			s.Since = since
		}
		if cmd.IsSet("retired") {
			s.Retired = retired
		}
		if cmd.IsSet("team") {
			s.Team = domain.TeamID(cmd.String("team"))
		}
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s set\n", made.Name)
	return nil
}

func (env *environmentOf) serviceRemove(ctx context.Context, cmd *cli.Command, p *program) error {
	name, err := oneArg(cmd, "the service's name")
	if err != nil {
		return err
	}
	entry, err := p.app.Services.Named(ctx, operator(), name)
	if err == nil {
		err = p.app.Services.Remove(ctx, operator(), entry.ID, entry.Version)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s removed\n", entry.Name)
	return nil
}
