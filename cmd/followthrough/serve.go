package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/api"
	"github.com/followthrough/followthrough/imports/chat"
)

func (env *environmentOf) serveCommand() *cli.Command {
	return command("serve", "run the service: API, webhooks, pages and synchronisation", "", nil, func(ctx context.Context, cmd *cli.Command) error {
		if err := noArgs(cmd); err != nil {
			return err
		}
		cfg, err := loadConfig(cmd, env.environ)
		if err != nil {
			return usageError{err}
		}
		p, err := openProgram(ctx, cfg, newLogger(env.stderr, cfg.LogLevel), alone)
		if err != nil {
			return err
		}
		s, err := p.listen(ctx)
		if err != nil {
			return errors.Join(err, p.Close())
		}
		if err := env.greet(ctx, p, s); err != nil {
			return errors.Join(err, p.Close())
		}
		return errors.Join(s.run(ctx), p.Close())
	})
}

// service is a listening program.
type service struct {
	p        *program
	http     *http.Server
	listener net.Listener
	// metrics is nil when /metrics is switched off.
	metrics         *http.Server
	metricsListener net.Listener
}

// listen opens the port and builds the HTTP face; run serves it.
func (p *program) listen(ctx context.Context) (*service, error) {
	documents, err := p.documents()
	if err != nil {
		return nil, err
	}
	server, err := api.New(api.Options{App: p.app, Intake: intake{p.engine}, Ready: p.db.Ready, ReadChat: chat.Read, Document: documents.Write, Log: p.log.With("component", "http"),
		TrustedProxies: networks(p.cfg.BehindProxy), Version: version})
	if err != nil {
		return nil, err
	}
	handler, err := p.withPages(server)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", p.cfg.Listen, err)
	}
	s := &service{p: p, http: api.HTTPServer(handler, p.log), listener: listener}
	if p.cfg.MetricsListen == "" {
		return s, nil
	}
	s.metrics, s.metricsListener, err = p.metricsServer(ctx)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return s, nil
}

// URL is where the service listens.
func (s *service) URL() string {
	scheme := "http://"
	if s.p.cfg.TLSCert != "" {
		scheme = "https://"
	}
	return scheme + s.listener.Addr().String()
}

// run serves and synchronises until ctx ends, then stops gracefully: requests
// in flight are answered and claimed work is finished or handed back.
func (s *service) run(ctx context.Context) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	worked := make(chan error, 3)
	go func() { worked <- s.p.engine.Run(work) }()
	var kept sync.WaitGroup
	kept.Go(func() {
		s.p.app.Reports.Keep(work, func(err error) { s.p.log.Warn("statistics not kept ready", "error", err) })
	})
	defer kept.Wait()
	go func() { worked <- s.p.letters.Run(work) }()
	kept.Go(func() { s.p.tendLog(work) })
	kept.Go(func() { s.p.prune(work) })
	go func() { worked <- s.p.probes.Run(work) }()
	served := make(chan error, 2)
	go func() { served <- s.serve() }()
	if s.metrics != nil {
		go func() { served <- closed(s.metrics.Serve(s.metricsListener)) }()
	}
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-served:
	}
	stopWork()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 25*time.Second)
	defer cancel()
	if s.metrics != nil {
		failed = errors.Join(failed, s.metrics.Shutdown(grace))
	}
	return errors.Join(failed, s.http.Shutdown(grace), <-worked, <-worked, <-worked)
}

func (s *service) serve() error {
	var err error
	if s.p.cfg.TLSCert != "" {
		err = s.http.ServeTLS(s.listener, s.p.cfg.TLSCert, s.p.cfg.TLSKey)
	} else {
		err = s.http.Serve(s.listener)
	}
	return closed(err)
}

// closed takes the end of a server that was asked to end for no error.
func closed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// greet prints where the service is and, on the first start, the one-time
// link that creates the administrator.
func (env *environmentOf) greet(ctx context.Context, p *program, s *service) error {
	secret, first, err := p.app.Access.NewSetup(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "Followthrough %s is ready at %s\n", version, s.URL())
	if first {
		fmt.Fprintf(env.stdout, "\nThere is no user yet. Open this link once, within the next 24 hours, to become the administrator:\n\n  %s/setup#%s\n\n", p.cfg.PublicURL, secret)
	}
	return nil
}

func networks(prefixes []netip.Prefix) []*net.IPNet {
	var out []*net.IPNet
	for _, prefix := range prefixes {
		if _, network, err := net.ParseCIDR(prefix.String()); err == nil {
			out = append(out, network)
		}
	}
	return out
}

// pruneEvery is the time between two removals of what is kept for a while only.
const pruneEvery = 24 * time.Hour

// prune removes old keys, sessions and contents of deliveries, at the start and once a day.
func (p *program) prune(ctx context.Context) {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		if err := p.db.Prune(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("old keys and deliveries were not removed", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
