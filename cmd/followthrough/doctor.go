package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
)

func (env *environmentOf) doctorCommand() *cli.Command {
	flags := []cli.Flag{&cli.BoolFlag{Name: "offline", Usage: "do not connect to the trackers"}}
	return command("doctor", "check configuration, database, schema, clock, trackers and disk, and say what to do", "", flags, env.doctor)
}

// doctorReport prints findings as they come.
type doctorReport struct {
	env      *environmentOf
	findings int
}

func (d *doctorReport) say(what string, err error, mend string) {
	if err == nil {
		fmt.Fprintf(d.env.stdout, "ok    %s\n", what)
		return
	}
	d.findings++
	fmt.Fprintf(d.env.stdout, "WRONG %s: %s\n      %s\n", what, oneLine(err.Error()), mend)
}

func (env *environmentOf) doctor(ctx context.Context, cmd *cli.Command) error {
	d := &doctorReport{env: env}
	cfg, err := loadConfig(cmd, env.environ)
	d.say("configuration", err, "correct it and run the command again")
	if err != nil {
		return findingError{err}
	}
	d.say("data folder "+cfg.DataDir, writable(cfg.DataDir), "give the service a folder it may write to (FOLLOWTHROUGH_DATA)")
	p, err := openStoreOnly(ctx, cfg, newLogger(env.stderr, 8))
	d.say("database", err, "check FOLLOWTHROUGH_DATABASE_URL and that the server runs")
	if err != nil {
		return findingError{err}
	}
	defer func() { _ = p.Close() }()
	err = p.db.Ready(ctx)
	d.say("schema", err, "run followthrough migrate up")
	if err != nil {
		return findingError{err}
	}
	p.wire()
	d.say("evidence log", p.app.Evidence.Check(ctx, operator()), "find out who changed the database; after a restore run followthrough evidence new-epoch --reason TEXT")
	env.doctorTrackers(ctx, cmd, p, d)
	doctorLetters(ctx, cmd, p, d)
	if d.findings > 0 {
		return findingError{fmt.Errorf("%d findings", d.findings)}
	}
	return nil
}

func (env *environmentOf) doctorTrackers(ctx context.Context, cmd *cli.Command, p *program, d *doctorReport) {
	trackers, err := p.app.Trackers.List(ctx, operator())
	d.say("trackers configured", err, "see the message")
	for _, t := range trackers {
		name := "tracker " + string(t.ID)
		if t.Paused {
			d.say(name, errors.New("is paused: "+t.PauseReason), "resume it when the reason is gone")
			continue
		}
		d.say(name+" credential", expiring(t, p.now()), "create a new token at the tracker and store it with a PATCH of the tracker")
		if cmd.Bool("offline") {
			continue
		}
		report, err := p.app.Trackers.Check(ctx, operator(), t.ID)
		d.say(name+" reachable", err, "check address, token and network")
		if err == nil && report.Loses() {
			d.say(name+" mapping", errors.New("some values would be lost"), "run followthrough tracker check "+string(t.ID))
		}
		status, err := p.app.Trackers.Status(ctx, operator(), t.ID)
		if err == nil && !status.ServerTime.IsZero() && !status.PolledAt.IsZero() {
			d.say(name+" clock", clockGap(status), "set this machine's clock (NTP)")
		}
	}
}

// doctorLetters looks at the ways letters go out. A chat cannot be tried
// without writing into it; that its address is understood was seen at the start.
func doctorLetters(ctx context.Context, cmd *cli.Command, p *program, d *doctorReport) {
	if p.cfg.Mail == nil && len(p.cfg.Chats) == 0 {
		fmt.Fprintln(d.env.stdout, "ok    reminders: no mail server and no chat is configured, so none go out")
		return
	}
	if p.cfg.Mail != nil && !cmd.Bool("offline") {
		d.say("mail server "+p.cfg.Mail.String(), p.cfg.Mail.Check(ctx), "check FOLLOWTHROUGH_SMTP_URL, user name and password, and that this machine may connect")
	}
	if p.cfg.Mail != nil && !strings.HasPrefix(p.cfg.PublicURL, "https://") {
		fmt.Fprintln(d.env.stdout, "ok    mails: people can unsubscribe with one click only when FOLLOWTHROUGH_PUBLIC_URL is https")
	}
	for _, chat := range p.cfg.Chats.Channels() {
		d.say("chat "+chat.Name, p.knowsTeams(ctx, chat.Scope), "write the id of a team, for example t_storage, in front of the address; followthrough team list shows them")
	}
	counts, err := p.app.Reminders.Counts(ctx)
	if failed := counts[domain.NoticeFailed]; err == nil && failed > 0 {
		err = fmt.Errorf("%d were given up", failed)
	}
	d.say("letters", err, "see followthrough remind list --failed, mend the reason, then followthrough remind retry ID")
}

// knowsTeams refuses a chat of a team that is not there.
func (p *program) knowsTeams(ctx context.Context, scope domain.Scope) error {
	for _, id := range scope.Teams {
		if _, err := p.db.Team(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func clockGap(s domain.TrackerStatus) error {
	if gap := s.PolledAt.Sub(s.ServerTime).Abs(); gap > 2*time.Minute {
		return fmt.Errorf("this machine and the tracker differ by %s", gap.Round(time.Second))
	}
	return nil
}

func expiring(t domain.Tracker, now time.Time) error {
	switch warning, days := t.Expiry(now); warning {
	case domain.Expired:
		return fmt.Errorf("expired on %s", t.CredentialExpires.Format(time.DateOnly))
	case domain.ExpiryMonth, domain.ExpiryWeek, domain.ExpiryDay:
		return fmt.Errorf("expires in %d days", days)
	}
	return nil
}

func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file := filepath.Join(dir, ".doctor")
	if err := os.WriteFile(file, make([]byte, 1<<20), 0o600); err != nil {
		return err
	}
	return os.Remove(file)
}
