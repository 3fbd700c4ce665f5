package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/notify"
)

// desk is the reminders as the sender of letters sees them.
type desk struct{ *app.Reminders }

// Round implements notify.Desk.
func (d desk) Round(ctx context.Context) (int, time.Time, error) {
	r, err := d.Reminders.Round(ctx)
	return r.Notices, r.Next, err
}

func (env *environmentOf) remindCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "dry-run", Usage: "print what would go out on the day, and send nothing"},
		&cli.StringFlag{Name: "date", Usage: "day of --dry-run, YYYY-MM-DD (default: today)"},
		&cli.StringFlag{Name: "person", Usage: "with --dry-run: only the letters to this person, and their weekly digest"},
	}
	list := append(outputFlags(), &cli.BoolFlag{Name: "failed", Usage: "only letters that were given up; exit 1 when there are any"})
	c := command("remind", "send the reminders that are due now, or show what would go out", "", flags, env.with(env.remind))
	c.Commands = []*cli.Command{
		command("list", "list reminders and digests, newest first, and how far they have come", "", list, env.with(env.remindList)),
		command("retry", "send a letter that was given up on its way again", "ID", nil, env.with(env.remindRetry)),
	}
	return c
}

func (env *environmentOf) remind(ctx context.Context, cmd *cli.Command, p *program) error {
	if first := cmd.Args().First(); first != "" {
		return usageError{fmt.Errorf("%q is not a command of \"remind\"; see followthrough remind --help", first)}
	}
	if cmd.Bool("dry-run") {
		return env.remindDryRun(ctx, cmd, p)
	}
	if cmd.IsSet("date") || cmd.IsSet("person") {
		return usageError{errors.New("--date and --person go with --dry-run; letters that go out are today's, to everybody")}
	}
	if p.cfg.Mail == nil && len(p.cfg.Chats) == 0 {
		return domain.Errorf(domain.ErrInvalid, "no mail server and no chat is configured; set FOLLOWTHROUGH_SMTP_URL and FOLLOWTHROUGH_MAIL_FROM, or FOLLOWTHROUGH_CHAT_URLS, or add --dry-run to see what would go out")
	}
	if err := p.db.ScheduleAt(ctx, domain.KeyRound, domain.KindRound, p.now()); err != nil {
		return err
	}
	for more := true; more && ctx.Err() == nil; {
		more = p.letters.Step(ctx) > 0
	}
	counts, err := p.app.Reminders.Counts(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%d letters wait, %d were given up, %d were sent within the last half year\n",
		counts[domain.NoticeWaiting]+counts[domain.NoticeSending], counts[domain.NoticeFailed], counts[domain.NoticeSent])
	if counts[domain.NoticeFailed] > 0 {
		return findingError{errors.New("letters were given up")}
	}
	return nil
}

// remindDryRun prints the letters as they would be worded.
func (env *environmentOf) remindDryRun(ctx context.Context, cmd *cli.Command, p *program) error {
	day, err := domain.ParseDate(cmd.String("date"))
	if err != nil {
		return err
	}
	letters, err := p.app.Reminders.Preview(ctx, operator(), day)
	if err != nil {
		return err
	}
	person := domain.PersonID(cmd.String("person"))
	if person != "" {
		digest, err := p.app.Reminders.PreviewDigest(ctx, operator(), person, day)
		if err != nil {
			return err
		}
		letters = append(letters, digest)
	}
	shown := 0
	for _, l := range letters {
		if l.Empty() || person != "" && l.Notice.Target != string(person) {
			continue
		}
		if err := env.printLetter(ctx, p, l); err != nil {
			return err
		}
		shown++
	}
	fmt.Fprintf(env.stdout, "%d letters would go out; nothing was sent\n", shown)
	return nil
}

func (env *environmentOf) printLetter(ctx context.Context, p *program, l domain.Letter) error {
	checkpoint := ""
	if p.checkpoint != nil && l.Notice.Kind == domain.NoticeDigest {
		line, err := p.checkpoint(ctx)
		if err != nil {
			return err
		}
		checkpoint = line
	}
	l.Notice.Stop = "…"
	message, err := notify.Compose(l, p.cfg.PublicURL, checkpoint)
	if err != nil {
		return err
	}
	if l.Notice.Channel == domain.ByChat {
		fmt.Fprintf(env.stdout, "To: chat %s\n\n%s\n", l.Notice.Target, message.Chat)
		return nil
	}
	to := l.Email
	if to == "" {
		to = "(no mail address, so it cannot go out)"
	}
	fmt.Fprintf(env.stdout, "To: %s %s\nSubject: %s\n\n%s\n", oneLine(l.Name), to, message.Subject, message.Text)
	return nil
}

func (env *environmentOf) remindList(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	var filter domain.NoticeFilter
	if cmd.Bool("failed") {
		filter.State = []domain.NoticeState{domain.NoticeFailed}
	}
	list, err := p.app.Reminders.Notices(ctx, operator(), filter, domain.Page{Limit: 200})
	if err != nil {
		return err
	}
	out := table{header: []string{"id", "kind", "to", "period", "state", "attempts", "sent", "last error"}, items: plainNotices(list.Items)}
	for _, n := range list.Items {
		out.rows = append(out.rows, []string{n.ID, string(n.Kind), n.Target, n.Period, string(n.State), fmt.Sprint(n.Attempts), stamp(n.SentAt), n.LastError})
	}
	if err := out.print(cmd, env.stdout); err != nil {
		return err
	}
	if cmd.Bool("failed") && len(list.Items) > 0 {
		return findingError{fmt.Errorf("%d letters were given up", len(list.Items))}
	}
	return nil
}

// plainNotices leaves out the keys with which receivers unsubscribe.
func plainNotices(list []domain.Notice) []domain.Notice {
	for n := range list {
		list[n].Stop = ""
	}
	return list
}

func (env *environmentOf) remindRetry(ctx context.Context, cmd *cli.Command, p *program) error {
	id, err := oneArg(cmd, "the id of the letter, as in remind list")
	if err != nil {
		return err
	}
	if _, err := p.app.Reminders.Retry(ctx, operator(), id); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s is due now\n", id)
	return nil
}
