// Command followthrough keeps the measures of incident reviews in step with
// GitHub and Jira and shows what was completed, what is late and what came
// back. This package wires the rooms together; it holds no rules.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
)

// version is set by the build.
var version = "dev" //nolint:gochecknoglobals // the linker writes it

// Exit codes of every command.
const (
	exitFine    = 0
	exitFinding = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program without its process: tests call it.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	env := &environmentOf{environ: environ, stdin: stdin, stdout: stdout, stderr: stderr}
	return env.run(ctx, args)
}

// run finds the command, runs it and returns the exit code.
func (env *environmentOf) run(ctx context.Context, args []string) int {
	root := &cli.Command{
		Name:                  "followthrough",
		Usage:                 "keep the measures of incident reviews in step with GitHub and Jira",
		Version:               version,
		EnableShellCompletion: true,
		Reader:                env.stdin,
		Writer:                env.stdout,
		ErrWriter:             env.stderr,
		ExitErrHandler:        func(context.Context, *cli.Command, error) {},
		OnUsageError:          func(_ context.Context, _ *cli.Command, err error, _ bool) error { return usageError{err} },
		Commands:              env.commands(),
		Action: func(_ context.Context, cmd *cli.Command) error {
			if name := cmd.Args().First(); name != "" {
				return usageError{fmt.Errorf("%q is not a command; see followthrough --help", name)}
			}
			return cli.ShowRootCommandHelp(cmd)
		},
	}
	wrongCalls(root.Commands, root.OnUsageError)
	return report(env.stderr, root.Run(ctx, args))
}

// wrongCalls gives every command the one answer to a wrong flag.
func wrongCalls(commands []*cli.Command, answer cli.OnUsageErrorFunc) {
	for _, c := range commands {
		c.OnUsageError = answer
		wrongCalls(c.Commands, answer)
	}
}

// environmentOf is the process as the commands see it.
type environmentOf struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	// use is a program that is open already; tests set it.
	use *program
}

// usageError is a wrong call; its exit code is 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// findingError is a finding that was already printed; its exit code is 1.
type findingError struct{ error }

// report prints an error for people and returns the exit code.
func report(stderr io.Writer, err error) int {
	var usage usageError
	var finding findingError
	var verdict verdictError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return exitFine
	case errors.As(err, &verdict):
		return verdict.code
	case errors.As(err, &finding):
		return exitFinding
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "followthrough:", err)
		return exitUsage
	}
	var typed *domain.Error
	if errors.As(err, &typed) && len(typed.Fields) > 1 {
		lines := make([]string, len(typed.Fields))
		for i, f := range typed.Fields {
			lines[i] = "  " + f.Field + ": " + f.Message
		}
		fmt.Fprintf(stderr, "followthrough: %d things are wrong; nothing was written:\n%s\n", len(lines), strings.Join(lines, "\n"))
		return exitFinding
	}
	fmt.Fprintln(stderr, "followthrough:", err)
	return exitFinding
}
