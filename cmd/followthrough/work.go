package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/store"
)

func (env *environmentOf) workCommand() *cli.Command {
	list := append(outputFlags(), &cli.BoolFlag{Name: "dead", Usage: "only what was set aside after too many failures"})
	return group("work", "the work schedule: what is due, failing or set aside",
		command("list", "list what is to be done, the next first; exit 1 when something was set aside", "", list, env.with(env.workList)),
		command("retry", "give set-aside work its attempts back and make it due now", "KEY", nil, env.with(env.workRetry)))
}

func (env *environmentOf) workList(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	works, err := p.db.Works(ctx, store.WorkFilter{Pending: true, Dead: cmd.Bool("dead"), Limit: 200})
	if err != nil {
		return err
	}
	out := table{header: []string{"key", "state", "due", "attempts", "last error"}, items: works}
	dead := 0
	for _, w := range works {
		state := "waiting"
		switch {
		case w.Dead:
			state = "set aside"
			dead++
		case w.LeaseUntil.After(p.now()):
			state = "running"
		case w.LastError != "":
			state = "failing"
		}
		out.rows = append(out.rows, []string{w.Key, state, stamp(w.RunAt), fmt.Sprint(w.Attempt), w.LastError})
	}
	if err := out.print(cmd, env.stdout); err != nil {
		return err
	}
	if dead > 0 {
		return findingError{fmt.Errorf("%d rows were set aside", dead)}
	}
	return nil
}

func (env *environmentOf) workRetry(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the key of the row, for example link:l_3f2")
	if err != nil {
		return err
	}
	if err := p.db.Rearm(ctx, key); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s is due now\n", key)
	return nil
}
