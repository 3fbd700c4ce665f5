package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// recurrenceCommands are the commands of "incident" about suggested recurrences.
func (env *environmentOf) recurrenceCommands() []*cli.Command {
	reason := func(usage string) []cli.Flag { return []cli.Flag{&cli.StringFlag{Name: "reason", Usage: usage}} }
	decide := func(d app.Decision) cli.ActionFunc {
		return env.with(func(ctx context.Context, cmd *cli.Command, p *program) error {
			return env.decideRecurrence(ctx, cmd, p, d)
		})
	}
	suggestions := append(outputFlags(), &cli.BoolFlag{Name: "rejected", Usage: "what was ruled out, with who, when and why"})
	return []*cli.Command{
		command("suggestions", "earlier incidents that one may recur from; without KEY, the latest incidents with undecided suggestions", "[KEY]", suggestions, env.with(env.incidentSuggestions)),
		group("recurrence", "decide a suggested recurrence",
			command("accept", "link an incident with the earlier one it recurs from", "KEY EARLIER", reason("it goes to the history"), decide(app.Accept)),
			command("reject", "say that an incident does not recur from an earlier one", "KEY EARLIER", reason("why; needed"), decide(app.Reject)),
			command("reconsider", "take a rejected suggestion up again", "KEY EARLIER", reason("it goes to the history"), decide(app.Reconsider))),
	}
}

func (env *environmentOf) incidentSuggestions(ctx context.Context, cmd *cli.Command, p *program) error {
	if !cmd.Args().Present() {
		if cmd.Bool("rejected") {
			return usageError{errors.New("--rejected needs the incident's key")}
		}
		return env.undecided(ctx, cmd, p)
	}
	key, err := oneArg(cmd, "the incident's key, for example INC-7")
	if err != nil {
		return err
	}
	hints, err := p.app.Incidents.Suggestions(ctx, operator(), domain.IncidentKey(key))
	if err != nil {
		return err
	}
	if cmd.Bool("rejected") {
		out := table{header: []string{"earlier", "rejected", "by", "reason"}, items: hints.Rejected}
		for _, r := range hints.Rejected {
			out.rows = append(out.rows, []string{string(r.Earlier), instantIn(r.At, p.cfg.Zone), r.By, r.Reason})
		}
		return out.print(cmd, env.stdout)
	}
	out := table{header: []string{"earlier", "started", "days", "why", "title"}, items: hints.Suggestions}
	for _, s := range hints.Suggestions {
		out.rows = append(out.rows, []string{string(s.Earlier.Key), instantIn(s.Earlier.StartedAt, p.cfg.Zone), strconv.Itoa(s.Days), hint(s), s.Earlier.Title})
	}
	return out.print(cmd, env.stdout)
}

func (env *environmentOf) undecided(ctx context.Context, cmd *cli.Command, p *program) error {
	all, err := p.app.Incidents.Undecided(ctx, operator())
	if err != nil {
		return err
	}
	out := table{header: []string{"incident", "started", "earlier", "others", "why", "title"}, items: all}
	for _, u := range all {
		out.rows = append(out.rows, []string{string(u.Incident.Key), instantIn(u.Incident.StartedAt, p.cfg.Zone), string(u.Best.Earlier.Key), strconv.Itoa(u.Others), hint(u.Best), u.Incident.Title})
	}
	return out.print(cmd, env.stdout)
}

// hint says in words which rule made a suggestion.
func hint(s app.Suggestion) string {
	shared := strings.Join(s.Shared, ", ")
	switch s.Level {
	case app.SameCause:
		return "same cause and service: " + shared
	case app.SameFingerprint:
		return "same fingerprint: " + shared
	case app.SimilarText:
		return fmt.Sprintf("%.0f %% of the telling words: %s", 100**s.Similarity, shared)
	}
	return shared
}

func (env *environmentOf) decideRecurrence(ctx context.Context, cmd *cli.Command, p *program, d app.Decision) error {
	if cmd.Args().Len() != 2 {
		return usageError{fmt.Errorf("%s takes two arguments: the incident's key and the earlier one's, for example INC-7 INC-3", cmd.FullName())}
	}
	key, earlier := domain.IncidentKey(cmd.Args().Get(0)), domain.IncidentKey(cmd.Args().Get(1))
	if _, err := p.app.Incidents.Decide(ctx, operator(), key, earlier, d, cmd.String("reason")); err != nil {
		return err
	}
	said := map[app.Decision]string{app.Accept: "%s recurs from %s\n", app.Reject: "%s does not recur from %s; it is suggested no more\n", app.Reconsider: "%s may recur from %s again\n"}
	fmt.Fprintf(env.stdout, said[d], key, earlier)
	return nil
}

// assessmentCommand is the periodic look at recurrence, on the command line.
func (env *environmentOf) assessmentCommand() *cli.Command {
	record := []cli.Flag{
		&cli.StringFlag{Name: "answer", Required: true, Usage: "none_found or found"},
		&cli.StringFlag{Name: "note", Usage: "what recurred and what follows; needed with found"},
	}
	return group("assessment", "the monthly or quarterly assessment of recurrences",
		command("due", "periods that are over and have no answer, with the day it is due", "", outputFlags(), env.with(env.assessmentDue)),
		command("candidates", "incidents with the same apparent cause, to be judged for a period", "PERIOD", outputFlags(), env.with(env.assessmentCandidates)),
		command("record", "record what the assessment of a period found, none included", "PERIOD", record, env.with(env.assessmentRecord)),
		command("list", "every answer, the latest first", "", outputFlags(), env.with(env.assessmentList)))
}

const periodArg = "a quarter such as 2026-Q4 or a month such as 2026-11"

func (env *environmentOf) assessmentDue(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	due, err := p.app.Assessments.Due(ctx, operator())
	if err != nil {
		return err
	}
	out := table{header: []string{"period", "due", "overdue"}, items: due}
	for _, d := range due {
		out.rows = append(out.rows, []string{d.Period, d.DueOn.String(), map[bool]string{true: "yes", false: "no"}[d.Overdue]})
	}
	return out.print(cmd, env.stdout)
}

func (env *environmentOf) assessmentCandidates(ctx context.Context, cmd *cli.Command, p *program) error {
	period, err := oneArg(cmd, periodArg)
	if err != nil {
		return err
	}
	groups, err := p.app.Assessments.Candidates(ctx, operator(), period)
	if err != nil {
		return err
	}
	out := table{header: []string{"cause", "incidents"}, items: groups}
	for _, g := range groups {
		out.rows = append(out.rows, []string{g.Cause, keyList(g.Incidents)})
	}
	return out.print(cmd, env.stdout)
}

func keyList(keys []domain.IncidentKey) string {
	out := make([]string, len(keys))
	for n, key := range keys {
		out[n] = string(key)
	}
	return strings.Join(out, " ")
}

func (env *environmentOf) assessmentRecord(ctx context.Context, cmd *cli.Command, p *program) error {
	period, err := oneArg(cmd, periodArg)
	if err != nil {
		return err
	}
	a, err := p.app.Assessments.Record(ctx, operator(), domain.Assessment{Period: period, Answer: domain.AssessmentAnswer(cmd.String("answer")), Note: cmd.String("note")})
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s: %s, with %d groups of the same cause to judge\n", a.Period, a.Answer, len(a.Candidates))
	return nil
}

func (env *environmentOf) assessmentList(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	all, err := p.app.Assessments.List(ctx, operator())
	if err != nil {
		return err
	}
	out := table{header: []string{"period", "answer", "at", "by", "groups", "note"}, items: all}
	for _, a := range all {
		out.rows = append(out.rows, []string{a.Period, string(a.Answer), instantIn(a.At, p.cfg.Zone), a.By, strconv.Itoa(len(a.Candidates)), a.Note})
	}
	return out.print(cmd, env.stdout)
}
