package store

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// wakeups tells workers in this process that there may be work.
type wakeups struct {
	mu   sync.Mutex // guards subs
	subs map[chan struct{}]bool
}

func newWakeups() *wakeups { return &wakeups{subs: map[chan struct{}]bool{}} }

func (w *wakeups) signal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.subs {
		select {
		case c <- struct{}{}:
		default: // one is waiting already
		}
	}
}

// Wakeups returns a channel that receives when work was enqueued, by this
// process or, on PostgreSQL, by any. Several may arrive as one. It is a hint:
// workers also look on a timer. The channel closes with ctx.
func (db *DB) Wakeups(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	db.wake.mu.Lock()
	db.wake.subs[c] = true
	db.wake.mu.Unlock()
	context.AfterFunc(ctx, func() {
		db.wake.mu.Lock()
		defer db.wake.mu.Unlock()
		delete(db.wake.subs, c)
		close(c)
	})
	return c
}

// wakeChannel is the name PostgreSQL's notifications travel under.
const wakeChannel = "followthrough_work"

// listener passes PostgreSQL's notifications on. It has a connection of its
// own, because a pooled one would lose its LISTEN.
type listener struct {
	config *pgx.ConnConfig
	wake   *wakeups
	log    *slog.Logger
	cancel context.CancelFunc
	done   chan struct{}
}

func newListener(config *pgx.ConnConfig, wake *wakeups, log *slog.Logger) *listener {
	ctx, cancel := context.WithCancel(context.Background())
	l := &listener{config: config.Copy(), wake: wake, log: log, cancel: cancel, done: make(chan struct{})}
	l.config.RuntimeParams["statement_timeout"] = "0"
	go l.loop(ctx)
	return l
}

func (l *listener) close() error {
	l.cancel()
	<-l.done
	return nil
}

// loop listens and connects again after a fault. Workers look on a timer, so
// a gap delays work and loses none.
func (l *listener) loop(ctx context.Context) {
	defer close(l.done)
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		if err := l.listen(ctx); err != nil && ctx.Err() == nil {
			l.log.Warn("listening for work was interrupted", "component", "store", "error", err)
		}
		pause.Reset(5 * time.Second)
	}
}

func (l *listener) listen(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+wakeChannel); err != nil {
		return err
	}
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
		l.wake.signal()
	}
}
