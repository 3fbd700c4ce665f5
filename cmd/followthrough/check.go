package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

func (env *environmentOf) checkCommand() *cli.Command {
	language := &cli.StringFlag{Name: "lang", Value: "en", Usage: "en or de"}
	answer := []cli.Flag{&cli.StringFlag{Name: "evidence", Usage: "what shows it; needed with step 3"}, &cli.StringFlag{Name: "url", Usage: "where it can be seen"}}
	return group("check", "the crisis check: how ready are we, without any incident",
		command("catalogue", "print the questions and what the steps mean", "", append(outputFlags(), language), env.with(env.checkCatalogue)),
		command("list", "list checks, the newest first", "", outputFlags(), env.with(env.checkList)),
		command("show", "print the scores of a finished check, or what a draft still lacks", "CHECK", append(outputFlags(), language), env.with(env.checkShow)),
		command("start", "begin a check of the whole organisation or of a team", "", []cli.Flag{&cli.StringFlag{Name: "team"}}, env.with(env.checkStart)),
		command("answer", "answer questions of a draft with steps 0 to 3", "CHECK QUESTION=STEP...", answer, env.with(env.checkAnswer)),
		command("finish", "finish a check that is answered in full", "CHECK", nil, env.with(env.checkFinish)),
		command("discard", "give a draft up", "CHECK", []cli.Flag{&cli.StringFlag{Name: "reason"}}, env.with(env.checkDiscard)),
		command("measure", "make the measure that a gap proposes", "CHECK QUESTION", []cli.Flag{&cli.StringFlag{Name: "owner"}, language}, env.with(env.checkMeasure)))
}

func checkArg(cmd *cli.Command) (domain.CheckKey, error) {
	key, err := oneArg(cmd, "the key of the check, for example CHK-1")
	return domain.CheckKey(strings.ToUpper(key)), err
}

func (env *environmentOf) checkCatalogue(_ context.Context, cmd *cli.Command, _ *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	c, err := domain.CatalogueVersion(0)
	if err != nil {
		return err
	}
	lang := cmd.String("lang")
	out := table{header: []string{"question", "text", "help"}, items: c}
	for _, q := range c.Questions() {
		out.rows = append(out.rows, []string{string(q.ID), q.Text.In(lang), q.Help.In(lang)})
	}
	if err := out.print(cmd, env.stdout); err != nil || cmd.Bool("json") || cmd.Bool("csv") {
		return err
	}
	for n, s := range c.Steps {
		fmt.Fprintf(env.stdout, "step %d: %s. %s\n", n, s.Name.In(lang), s.Meaning.In(lang))
	}
	return nil
}

func (env *environmentOf) checkList(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	checks, err := p.app.Checks.List(ctx, operator(), domain.CheckFilter{})
	if err != nil {
		return err
	}
	out := table{header: []string{"key", "team", "status", "answers", "finished", "next"}, items: checks}
	for _, c := range checks {
		out.rows = append(out.rows, []string{string(c.Key), string(c.Team), string(c.Status), strconv.Itoa(len(c.Answers)), stamp(c.FinishedAt), c.NextOn.String()})
	}
	return out.print(cmd, env.stdout)
}

func (env *environmentOf) checkShow(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := checkArg(cmd)
	if err != nil {
		return err
	}
	check, err := p.app.Checks.Get(ctx, operator(), key)
	if err != nil {
		return err
	}
	if check.Status != domain.CheckFinished {
		return env.showDraft(cmd, check)
	}
	r, err := p.app.Checks.Readiness(ctx, operator(), key)
	if err != nil {
		return err
	}
	out := table{header: []string{"area", "counts", "claimed", "last", "target", "waiting", "gaps"}, items: r}
	row := func(name string, a domain.AreaScore) {
		last := ""
		if a.Last != nil {
			last = strconv.Itoa(*a.Last)
		}
		out.rows = append(out.rows, []string{name, strconv.Itoa(a.Counted), strconv.Itoa(a.Claimed), last, strconv.Itoa(check.Target), strconv.Itoa(a.Held), strconv.Itoa(a.Gaps)})
	}
	for _, a := range r.Areas {
		row(a.Area.Name.In(cmd.String("lang")), a)
	}
	row("all", r.Score)
	return out.print(cmd, env.stdout)
}

func (env *environmentOf) showDraft(cmd *cli.Command, check domain.Check) error {
	catalogue, err := domain.CatalogueVersion(check.Catalogue)
	if err != nil {
		return err
	}
	out := table{header: []string{"question", "step", "evidence", "url"}, items: check}
	for _, q := range catalogue.Questions() {
		row := []string{string(q.ID), "", "", ""}
		if a, ok := check.Answered(q.ID); ok {
			row = []string{string(q.ID), strconv.Itoa(int(a.Step)), a.Evidence, a.URL}
		}
		out.rows = append(out.rows, row)
	}
	return out.print(cmd, env.stdout)
}

func (env *environmentOf) checkStart(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	c, err := p.app.Checks.Start(ctx, operator(), domain.TeamID(cmd.String("team")))
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s begun\n", c.Key)
	return nil
}

func (env *environmentOf) checkAnswer(ctx context.Context, cmd *cli.Command, p *program) error {
	args := cmd.Args().Slice()
	if len(args) < 2 {
		return usageError{fmt.Errorf("%s takes the key of the check and at least one QUESTION=STEP, for example backups.restore=1", cmd.FullName())}
	}
	var answers []domain.CheckAnswer
	for _, arg := range args[1:] {
		question, text, _ := strings.Cut(arg, "=")
		step, err := strconv.Atoi(text)
		if err != nil {
			return usageError{fmt.Errorf("%q is not an answer; write QUESTION=STEP, for example backups.restore=1", arg)}
		}
		answers = append(answers, domain.CheckAnswer{Question: domain.QuestionID(question), Step: domain.Step(step), Evidence: cmd.String("evidence"), URL: cmd.String("url")})
	}
	c, err := p.app.Checks.Answer(ctx, operator(), domain.CheckKey(strings.ToUpper(args[0])), 0, answers)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s has %d answers\n", c.Key, len(c.Answers))
	return nil
}

func (env *environmentOf) checkFinish(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := checkArg(cmd)
	if err != nil {
		return err
	}
	c, err := p.app.Checks.Finish(ctx, operator(), key, 0)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s finished; the next check is due on %s\n", c.Key, c.NextOn)
	return nil
}

func (env *environmentOf) checkDiscard(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := checkArg(cmd)
	if err != nil {
		return err
	}
	if _, err := p.app.Checks.Discard(ctx, operator(), key, 0, cmd.String("reason")); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s discarded\n", key)
	return nil
}

func (env *environmentOf) checkMeasure(ctx context.Context, cmd *cli.Command, p *program) error {
	if cmd.Args().Len() != 2 {
		return usageError{fmt.Errorf("%s takes the key of the check and a question, for example CHK-1 backups.restore", cmd.FullName())}
	}
	m, err := p.app.Checks.AddMeasure(ctx, operator(), domain.CheckKey(strings.ToUpper(cmd.Args().Get(0))), app.CheckMeasure{
		Question: domain.QuestionID(cmd.Args().Get(1)), Owner: domain.PersonID(cmd.String("owner")), Language: cmd.String("lang")})
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s added: %s, %s, due %s\n", m.Key, m.Title, m.Priority, m.DueOn)
	return nil
}
