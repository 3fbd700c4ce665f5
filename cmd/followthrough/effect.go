package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// measureEffect says what the numbers say about one measure, and when a person
// judges them.
func (env *environmentOf) measureEffect(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the measure's key")
	if err != nil {
		return err
	}
	e, err := p.app.Measures.Effect(ctx, operator(), domain.MeasureKey(key))
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return printJSON(env.stdout, e)
	}
	r := e.Report
	if !r.Measured {
		fmt.Fprintf(env.stdout, "%s is not measured: it needs a success metric with a target, and to be done\n", key)
	} else {
		state := "open"
		if r.WindowClosed {
			state = "closed"
		}
		fmt.Fprintf(env.stdout, "window: %s to %s, %s, %d values\n", instantIn(r.WindowFrom, p.cfg.Zone), instantIn(r.WindowTo, p.cfg.Zone), state, r.InWindow)
		fmt.Fprintf(env.stdout, "attained: %s (median %s)\nsustained: %s\nshift: %s\n", answerText(r.Attained), numberText(r.Median), answerText(r.Sustained), figureText(r.Shift))
	}
	if !e.VerifyOn.IsZero() {
		due := ""
		if e.VerifyDue {
			due = ", which has come: somebody other than the owner gives the verdict with measure edit --status verified --verdict"
		}
		fmt.Fprintf(env.stdout, "effectiveness check: %s%s\n", e.VerifyOn, due)
	}
	return nil
}

func answerText(a metrics.Answer) string {
	return map[metrics.Answer]string{metrics.Yes: "yes", metrics.No: "no", metrics.Undecided: "not decided"}[a]
}

func numberText(v *float64) string {
	if v == nil {
		return "-"
	}
	return domain.FormatNumber(*v)
}

// figureText is a figure with its interval, or why there is none.
func figureText(f metrics.Figure) string {
	if !f.Shown || f.Value == nil {
		return strings.TrimSpace("not given; " + f.Why)
	}
	return fmt.Sprintf("%s (%s to %s)", numberText(f.Value), numberText(f.Lower), numberText(f.Upper))
}
