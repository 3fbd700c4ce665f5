package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/notify"
	"github.com/followthrough/followthrough/probe"
	"github.com/followthrough/followthrough/store"
	tracksync "github.com/followthrough/followthrough/sync"
)

// program is the built house: store, engine and operations on one
// configuration. Tests and commands start it in process.
type program struct {
	cfg    Config
	log    *slog.Logger
	db     *store.DB
	engine *tracksync.Engine
	app    *app.App
	// letters sends reminders and digests.
	letters *notify.Runner
	probes  *probe.Runner
	// now is the clock of the whole program.
	now func() time.Time
	how access
	// transport replaces the network, writeSpacing the pause between writes, pace the engine's figures; the demo and tests set them.
	transport    http.RoundTripper
	writeSpacing time.Duration
	pace         tracksync.Settings
	// between stands between the engine and the database where a test wants to.
	between func(tracksync.Store) tracksync.Store
	// checkpoint is the line about the evidence log that a digest carries; nil for none.
	checkpoint func(context.Context) (string, error)

	closers []func() error
}

// access says how a command uses the database.
type access int

const (
	// beside works next to a running service.
	beside access = iota
	// alone is the service itself.
	alone
)

// openProgram opens the database, brings the schema up to date and wires the
// rooms. Cleanup is registered where a resource is opened.
func openProgram(ctx context.Context, cfg Config, log *slog.Logger, how access) (*program, error) {
	p, err := openStore(ctx, cfg, log, how)
	if err != nil {
		return nil, err
	}
	if err := p.migrate(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.wire()
	return p, nil
}

// openStoreOnly opens the database on whatever schema it has.
func openStoreOnly(ctx context.Context, cfg Config, log *slog.Logger) (*program, error) {
	return openStore(ctx, cfg, log, beside)
}

func openStore(ctx context.Context, cfg Config, log *slog.Logger, how access) (*program, error) {
	p := &program{cfg: cfg, log: log, now: time.Now, how: how}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder cannot be created: %w", err)
	}
	key, err := secretKey(cfg.SecretKeyFile)
	if err != nil {
		return nil, err
	}
	p.db, err = store.Open(ctx, store.Options{URL: cfg.DatabaseURL, DataDir: cfg.DataDir, SecretKey: key, Logger: log, Zone: cfg.Zone,
		Now: func() time.Time { return p.now() }, App: version, Exclusive: how == alone})
	if err != nil {
		return nil, err
	}
	p.onClose(p.db.Close)
	return p, nil
}

// wire builds the engine and the operations on the open store.
func (p *program) wire() {
	cfg, now := p.cfg, func() time.Time { return p.now() }
	var engineStore tracksync.Store = p.db
	if p.between != nil {
		engineStore = p.between(p.db)
	}
	pace := p.pace
	pace.Poll = cfg.PollInterval
	p.engine = tracksync.New(tracksync.Config{Store: engineStore, Schedule: p.db, Inbox: p.db, Open: p.openTracker, Hooks: hookReaders(), HookURL: p.hookAddress,
		MeasureURL:  func(k domain.MeasureKey) string { return cfg.PublicURL + "/measures/" + string(k) },
		IncidentURL: func(k domain.IncidentKey) string { return cfg.PublicURL + "/incidents/" + string(k) },
		Now:         now, Log: p.log.With("component", "sync"), Settings: pace})
	options := app.Options{Store: p.db, Now: now, Zone: cfg.Zone, Hosts: cfg.TrackerHosts, ProbeHosts: cfg.ProbeHosts, Remote: remote{p.engine, p.db},
		Dumps: dumpFileOf(cfg), Version: version, Post: p.engine, Witness: cfg.Witness,
		Language: cfg.Language, Ways: app.Ways{Mail: cfg.Mail != nil, Chats: cfg.Chats.Channels()}}
	if p.how == alone && strings.HasPrefix(cfg.DatabaseURL, "sqlite:") {
		options.TokenCache = time.Second // one process alone writes; a revocation empties it at once
	}
	if cfg.CheckpointFile != "" {
		options.Kept = checkpointFile(cfg.CheckpointFile)
	}
	p.app = app.New(options)
	if p.checkpoint == nil {
		p.checkpoint = p.app.Evidence.CheckpointForMail
	}
	p.letters = &notify.Runner{Desk: desk{p.app.Reminders}, Box: p.db, Mail: cfg.Mail, Chats: cfg.Chats, PublicURL: cfg.PublicURL,
		Checkpoint: p.checkpoint, Shown: p.app.Evidence.MailedCheckpoint, Now: now, Log: p.log.With("component", "letters"), Owner: rand.Text()}
	p.probes = &probe.Runner{Book: p.db, Reader: p.probeReader(), Now: now, Log: p.log.With("component", "probes"), Owner: rand.Text()}
}

func (p *program) migrate(ctx context.Context) error {
	if !p.cfg.Migrate {
		return p.db.Ready(ctx)
	}
	steps, err := p.db.Migrate(ctx)
	for _, s := range steps {
		p.log.Info("schema brought up to date", "version", s.Version, "file", s.File)
	}
	return err
}

func (p *program) onClose(f func() error) { p.closers = append(p.closers, f) }

// Close releases everything in reverse order.
func (p *program) Close() error {
	var all error
	for _, v := range slices.Backward(p.closers) {
		all = errors.Join(all, v())
	}
	p.closers = nil
	return all
}

// newLogger writes text for people and JSON for machines.
func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// operator is who the command line acts as: whoever may open the database file
// is the administrator of what is in it.
func operator() domain.Actor {
	name := "operator"
	if user := os.Getenv("USER"); user != "" {
		name += ":" + user
	}
	return domain.Actor{ID: name, Role: domain.Admin, Scope: domain.Everything(), Source: domain.FromUser}
}
