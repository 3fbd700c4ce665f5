package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

func (env *environmentOf) syncCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "dry-run", Usage: "print what would be created, pushed, pulled or asked, and write nothing"},
		&cli.BoolFlag{Name: "json", Usage: "print JSON"},
	}
	return command("sync", "do one pass now, over all trackers or the named ones", "[TRACKER...]", flags, env.with(env.sync))
}

func (env *environmentOf) sync(ctx context.Context, cmd *cli.Command, p *program) error {
	ids, err := chosenTrackers(ctx, cmd, p)
	if err != nil {
		return err
	}
	failed := 0
	for _, id := range ids {
		bar := env.progress("syncing " + string(id))
		var err error
		if cmd.Bool("dry-run") {
			err = env.planOne(ctx, cmd, p, id)
		} else {
			err = env.passOne(ctx, cmd, p, id, &failed)
		}
		bar.done()
		if err != nil {
			failed++
			fmt.Fprintf(env.stderr, "followthrough: %s: %v\n", id, err)
		}
	}
	if failed > 0 {
		return findingError{fmt.Errorf("%d problems", failed)}
	}
	return nil
}

func (env *environmentOf) planOne(ctx context.Context, cmd *cli.Command, p *program, id domain.TrackerID) error {
	plan, err := p.app.Trackers.Plan(ctx, operator(), id)
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return printJSON(env.stdout, plan)
	}
	if len(plan.Steps) == 0 {
		fmt.Fprintf(env.stdout, "%s: nothing to do\n", id)
		return nil
	}
	fmt.Fprintf(env.stdout, "%s: %d steps would be done\n", id, len(plan.Steps))
	return printSteps(env.stdout, plan.Steps)
}

func (env *environmentOf) passOne(ctx context.Context, cmd *cli.Command, p *program, id domain.TrackerID, failed *int) error {
	pass, err := p.app.Trackers.Sync(ctx, operator(), id)
	*failed += pass.Failed
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return printJSON(env.stdout, pass)
	}
	fmt.Fprintf(env.stdout, "%s: %s in %.1f s\n", id, countSteps(pass.Steps), pass.EndedAt.Sub(pass.StartedAt).Seconds())
	for _, problem := range pass.Problems {
		fmt.Fprintf(env.stdout, "  problem: %s\n", oneLine(problem))
	}
	return printSteps(env.stdout, pass.Steps)
}

func countSteps(steps []app.Step) string {
	counts := map[string]int{}
	for _, s := range steps {
		counts[s.Action]++
	}
	return fmt.Sprintf("%d created, %d pushed, %d pulled, %d imported, %d conflicts",
		counts["create"], counts["push"], counts["pull"], counts["import"], counts["conflict"])
}

func printSteps(w io.Writer, steps []app.Step) error {
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, s := range steps {
		what := string(s.Field)
		if s.From != "" || s.To != "" {
			what += ": " + quoted(s.From) + " → " + quoted(s.To)
		}
		if s.Note != "" {
			what += " (" + oneLine(s.Note) + ")"
		}
		fmt.Fprintf(out, "  %s\t%s\t%s\t%s\n", s.Action, s.Measure, s.Remote, what)
	}
	return out.Flush()
}

func quoted(s string) string {
	if s == "" {
		return "nothing"
	}
	if r := []rune(s); len(r) > 40 {
		s = string(r[:39]) + "…"
	}
	return fmt.Sprintf("%q", oneLine(s))
}

// chosenTrackers are the named trackers, or all that are not paused.
func chosenTrackers(ctx context.Context, cmd *cli.Command, p *program) ([]domain.TrackerID, error) {
	all, err := p.app.Trackers.List(ctx, operator())
	if err != nil {
		return nil, err
	}
	known := map[domain.TrackerID]bool{}
	var ids []domain.TrackerID
	for _, t := range all {
		known[t.ID] = true
		if !t.Paused {
			ids = append(ids, t.ID)
		}
	}
	if !cmd.Args().Present() {
		if len(ids) == 0 {
			return nil, domain.Errorf(domain.ErrNotFound, "there is no tracker yet; add one with followthrough tracker add")
		}
		return ids, nil
	}
	ids = nil
	for _, name := range cmd.Args().Slice() {
		if !known[domain.TrackerID(name)] {
			return nil, domain.Errorf(domain.ErrNotFound, "there is no tracker %q; see followthrough tracker list", name)
		}
		ids = append(ids, domain.TrackerID(name))
	}
	return ids, nil
}

func (env *environmentOf) driftCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		&cli.BoolFlag{Name: "repair", Usage: "show what would make both sides equal, ask, and do it"},
		&cli.BoolFlag{Name: "yes", Usage: "with --repair: do not ask"},
	}
	return command("drift", "prove both sides equal, or list every difference; exit 1 when there is any", "[TRACKER...]", flags, env.with(env.drift))
}

func (env *environmentOf) drift(ctx context.Context, cmd *cli.Command, p *program) error {
	ids, err := chosenTrackers(ctx, cmd, p)
	if err != nil {
		return err
	}
	different := 0
	for _, id := range ids {
		bar := env.progress("comparing " + string(id))
		drift, err := p.app.Trackers.Drift(ctx, operator(), id)
		bar.done()
		if err != nil {
			return err
		}
		different += len(drift.Differences)
		if cmd.Bool("json") {
			if err := printJSON(env.stdout, drift); err != nil {
				return err
			}
			continue
		}
		if drift.Equal() {
			fmt.Fprintf(env.stdout, "%s: %d links compared, both sides are equal\n", id, drift.Compared)
			continue
		}
		fmt.Fprintf(env.stdout, "%s: %d links compared, %d differences\n", id, drift.Compared, len(drift.Differences))
		out := tabwriter.NewWriter(env.stdout, 0, 4, 2, ' ', 0)
		for _, d := range drift.Differences {
			fmt.Fprintf(out, "  %s\t%s\t%s\there %s\tthere %s\t%s\n", d.Measure, d.Remote, d.Field, quoted(d.Ours), quoted(d.Theirs), oneLine(d.Reason))
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if !cmd.Bool("repair") {
			continue
		}
		repaired, err := env.repair(ctx, cmd, p, id, drift.Differences)
		if err != nil {
			return err
		}
		different -= repaired
	}
	if different > 0 {
		return findingError{fmt.Errorf("%d differences", different)}
	}
	return nil
}

// repair shows the plan, asks, does it, and looks again. It returns how many
// differences are gone.
func (env *environmentOf) repair(ctx context.Context, cmd *cli.Command, p *program, id domain.TrackerID, found []app.Difference) (int, error) {
	fmt.Fprintf(env.stdout, "%s: a repair would\n", id)
	for _, d := range found {
		do := "ask the conflict policy or a person about " + string(d.Field)
		switch d.Repair {
		case "push":
			do = "write " + string(d.Field) + " " + quoted(d.Ours) + " to " + d.Remote
		case "pull":
			do = "take " + string(d.Field) + " " + quoted(d.Theirs) + " over from " + d.Remote
		}
		fmt.Fprintf(env.stdout, "  %s\t%s\n", d.Measure, do)
	}
	if !cmd.Bool("yes") && !env.agreed("Do it?") {
		fmt.Fprintln(env.stdout, "nothing was done")
		return 0, nil
	}
	pass, err := p.app.Trackers.Repair(ctx, operator(), id, found)
	if err != nil {
		return 0, err
	}
	for _, problem := range pass.Problems {
		fmt.Fprintf(env.stdout, "  problem: %s\n", oneLine(problem))
	}
	after, err := p.app.Trackers.Drift(ctx, operator(), id)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(env.stdout, "%s: %d of %d differences are gone\n", id, len(found)-len(after.Differences), len(found))
	return len(found) - len(after.Differences), nil
}

// agreed asks a person for a yes; anything else is a no.
func (env *environmentOf) agreed(question string) bool {
	fmt.Fprint(env.stdout, question+" [y/N] ")
	answer, _ := bufio.NewReader(env.stdin).ReadString('\n') // the end of the input is a no
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "j", "ja":
		return true
	}
	return false
}
