package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"
)

func (env *environmentOf) commands() []*cli.Command {
	return []*cli.Command{
		env.serveCommand(), env.demoCommand(), env.syncCommand(), env.driftCommand(), env.trackerCommand(), env.conflictCommand(),
		env.workCommand(), env.remindCommand(), env.incidentCommand(), env.assessmentCommand(), env.reviewCommand(), env.measureCommand(), env.checkCommand(), env.importCommand(), env.exportCommand(), env.statsCommand(), env.evidenceCommand(), env.personCommand(), env.teamCommand(), env.serviceCommand(), env.policyCommand(),
		env.tokenCommand(), env.doctorCommand(), env.migrateCommand(), env.backupCommand(), env.restoreCommand(), env.versionCommand(),
	}
}

// command fills in what all commands share.
func command(name, usage, args string, flags []cli.Flag, action cli.ActionFunc) *cli.Command {
	return &cli.Command{Name: name, Usage: usage, ArgsUsage: args, Flags: append(flags, configFlags()...), Action: action}
}

// group is a command that only has sub-commands.
func group(name, usage string, subs ...*cli.Command) *cli.Command {
	return &cli.Command{Name: name, Usage: usage, Commands: subs, Action: func(_ context.Context, cmd *cli.Command) error {
		if first := cmd.Args().First(); first != "" {
			return usageError{fmt.Errorf("%q is not a command of %q; see followthrough %s --help", first, name, name)}
		}
		return cli.ShowSubcommandHelp(cmd)
	}}
}

// with opens the program beside a running service, runs the command and closes it.
func (env *environmentOf) with(run func(context.Context, *cli.Command, *program) error) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) (err error) {
		if env.use != nil {
			return run(ctx, cmd, env.use)
		}
		cfg, err := loadConfig(cmd, env.environ)
		if err != nil {
			return usageError{err}
		}
		p, err := openProgram(ctx, cfg, newLogger(env.stderr, max(cfg.LogLevel, 4)), beside) // commands speak for themselves: warnings only
		if err != nil {
			return err
		}
		defer func() {
			if closeErr := p.Close(); err == nil {
				err = closeErr
			}
		}()
		return run(ctx, cmd, p)
	}
}

// noArgs refuses arguments that would be silently ignored.
func noArgs(cmd *cli.Command) error {
	if cmd.Args().Present() {
		return usageError{fmt.Errorf("%s takes no arguments, but got %q", cmd.FullName(), cmd.Args().First())}
	}
	return nil
}

// oneArg returns the only argument.
func oneArg(cmd *cli.Command, what string) (string, error) {
	if cmd.Args().Len() != 1 {
		return "", usageError{fmt.Errorf("%s takes exactly one argument: %s", cmd.FullName(), what)}
	}
	return cmd.Args().First(), nil
}

// outputFlags choose the form of a list.
func outputFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		&cli.BoolFlag{Name: "csv", Usage: "print CSV"},
	}
}

// table is a list that prints as columns, CSV or JSON.
type table struct {
	header []string
	rows   [][]string
	items  any // what JSON prints
}

func (t table) print(cmd *cli.Command, w io.Writer) error {
	switch {
	case cmd.Bool("json"):
		return printJSON(w, t.items)
	case cmd.Bool("csv"):
		out := csv.NewWriter(w)
		if err := out.Write(t.header); err != nil {
			return err
		}
		for _, row := range t.rows {
			safe := make([]string, len(row))
			for i, cell := range row {
				safe[i] = csvCell(cell)
			}
			if err := out.Write(safe); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	}
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	printRow(out, t.header)
	for _, row := range t.rows {
		printRow(out, row)
	}
	return out.Flush()
}

func printRow(w io.Writer, row []string) {
	for i, cell := range row {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		if cell == "" {
			cell = "-"
		}
		fmt.Fprint(w, oneLine(cell))
	}
	fmt.Fprintln(w)
}

// oneLine keeps a cell on its line: control characters from a tracker must not
// drive the terminal.
func oneLine(s string) string {
	out := []rune(s)
	for i, r := range out {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			out[i] = ' '
		}
	}
	if len(out) > 80 {
		return string(out[:79]) + "…"
	}
	return string(out)
}

// csvCell keeps a spreadsheet from running a cell as a formula (security.md T10).
func csvCell(s string) string {
	if s == "" {
		return s
	}
	switch []rune(s)[0] {
	case '=', '+', '-', '@', '\t', '\r', 0, '＝', '＋', '－', '＠':
		return "'" + s
	}
	return s
}

// stamp prints an instant the way the API does.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func joined(list []string) string { return strings.Join(list, "; ") }
