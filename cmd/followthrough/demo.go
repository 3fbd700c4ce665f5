package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

func (env *environmentOf) demoCommand() *cli.Command {
	flags := []cli.Flag{&cli.BoolFlag{Name: "once", Usage: "prepare everything, print it and end; for trying the start"}}
	return command("demo", "run on a throw-away database with two simulated trackers; no account needed", "", flags, func(ctx context.Context, cmd *cli.Command) error {
		if err := noArgs(cmd); err != nil {
			return err
		}
		cfg, err := loadConfig(cmd, env.environ)
		if err != nil {
			return usageError{err}
		}
		return env.demo(ctx, cfg, cmd.Bool("once"))
	})
}

// demo prepares a fictional organisation with fourteen months of history and
// serves it until ctx ends. Everything lies in a temporary folder.
func (env *environmentOf) demo(ctx context.Context, cfg Config, once bool) (err error) {
	folder, err := os.MkdirTemp("", "followthrough-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	clock := &demoClock{}
	clock.moveTo(time.Now())
	trackers, err := openDemoTrackers(ctx, demoPeople(), clock.now)
	if err != nil {
		return err
	}
	defer func() { _ = trackers.close() }()
	cfg.DataDir, cfg.SecretKeyFile, cfg.DatabaseURL = folder, filepath.Join(folder, "secret.key"), "sqlite://demo.db"
	cfg.CheckpointFile, cfg.Witness = filepath.Join(folder, "checkpoint.txt"), app.WitnessIssue{} // not those of a real log
	cfg.TrackerHosts, cfg.Migrate = trackers.hosts(), true
	cfg.Listen = freeAddress(ctx, cfg.Listen)
	cfg.PublicURL, cfg.PollInterval = "http://"+cfg.Listen, 5*time.Second
	log := newLogger(env.stderr, max(cfg.LogLevel, 4)) // the demo tells its own story
	p, err := openDemo(ctx, cfg, log, clock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	trackers.listen()
	bar := env.progress("preparing fourteen months of history")
	token, err := seedDemo(ctx, p, trackers, clock)
	bar.done()
	if err != nil {
		return fmt.Errorf("prepare the demo: %w", err)
	}
	s, err := p.listen(ctx)
	if err != nil {
		return err
	}
	trackers.serve(ctx, s.URL())
	env.greetDemo(s.URL(), trackers, token)
	if once {
		return s.listener.Close()
	}
	return s.run(ctx)
}

// openDemo opens the program on the demo's clock, without the pause that the
// real GitHub asks for between writes.
func openDemo(ctx context.Context, cfg Config, log *slog.Logger, clock *demoClock) (*program, error) {
	p, err := openStore(ctx, cfg, log, alone)
	if err != nil {
		return nil, err
	}
	p.now, p.writeSpacing = clock.now, time.Millisecond
	if err := p.migrate(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.wire()
	return p, nil
}

func (env *environmentOf) greetDemo(url string, d *demoTrackers, token string) {
	fmt.Fprintf(env.stdout, `Followthrough demo: Nordwind Parcels, a company that does not exist.

  Followthrough     %s
  simulated GitHub  %s/%s/issues
  simulated Jira    %s/browse

  Sign in as ana@nordwind.example with the password %s
  API token (administrator): %s

Try this: sign in, decide the conflict, edit an issue in the simulated GitHub or
Jira and look at its measure: the change is there within seconds. Or from a shell:
  curl -s -H "Authorization: Bearer %s" "%s/api/v1/measures?overdue=true&sort=due_on"
  curl -s -H "Authorization: Bearer %s" "%s/api/v1/conflicts"
Press Ctrl-C to end; nothing is kept.
`, url, d.githubURL, demoRepository, d.jiraURL, demoPassword, token, token, url, token, url)
}

// demoPassword opens the demo's pages; they are reachable from this machine only.
const demoPassword = "nordwind-parcels"

// demoClock is the time of the demo: it is moved through the past while the
// history is made, then it runs.
type demoClock struct{ behind atomic.Int64 }

func (c *demoClock) now() time.Time { return time.Now().Add(-time.Duration(c.behind.Load())) }

// moveTo lets the clock show a time and run on from there.
func (c *demoClock) moveTo(at time.Time) { c.behind.Store(int64(time.Since(at))) }

// freeAddress is the wanted address, or any free loopback port when another
// program has it.
func freeAddress(ctx context.Context, wanted string) string {
	for _, address := range []string{wanted, "127.0.0.1:0"} {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			continue
		}
		defer func() { _ = l.Close() }()
		return l.Addr().String()
	}
	return wanted
}

// demoAdministrator makes the first person through the one-time secret, as on
// a real first start, and a token for the tour.
func demoAdministrator(ctx context.Context, p *program) (domain.Person, string, error) {
	secret, _, err := p.app.Access.NewSetup(ctx)
	if err != nil {
		return domain.Person{}, "", err
	}
	person, err := p.app.Access.UseSetup(ctx, secret, "Ana Lindqvist", "ana@nordwind.example")
	if err != nil {
		return domain.Person{}, "", err
	}
	if err := p.app.Access.SetPassword(ctx, operator(), person.ID, demoPassword); err != nil {
		return domain.Person{}, "", err
	}
	_, token, err := p.app.Access.CreateToken(ctx, operator(), domain.Token{Name: "demo tour", Role: domain.Admin, Person: person.ID})
	return person, token, err
}
