package store

import (
	"context"
	"sync"
)

// A writer that holds the log's end makes all others wait. On PostgreSQL it
// therefore commits without waiting for the disk (see logEnd), and waits after the
// commit, when the next one already goes on.

// flush waits until every change that was committed before is on the disk, and on
// the standbys that the server waits for. The server's own log goes to the disk in
// one order, so one commit that waits says that of all earlier ones. The change is
// made already: a caller that goes away no longer stops it, and a connection that
// breaks is no reason to call it failed while another one can ask. On SQLite every
// commit has waited.
func (db *DB) flush(ctx context.Context) error {
	if !db.onPostgres() {
		return nil
	}
	return db.disk.wait(func() error {
		var err error
		for range maxAttempts {
			if _, err = db.sql.ExecContext(context.WithoutCancel(ctx), "SELECT pg_logical_emit_message(TRUE, 'followthrough', '')"); err == nil {
				return nil
			}
		}
		return err
	})
}

// turns lets those who wait at the same time share one turn.
type turns struct {
	running sync.Mutex // held during a turn
	mu      sync.Mutex // guards next
	next    *turn      // has not begun
}

type turn struct {
	done chan struct{}
	err  error // final once done is closed
}

// wait returns the result of a turn that began after the call.
func (t *turns) wait(take func() error) error {
	t.mu.Lock()
	mine, first := t.next, t.next == nil
	if first {
		mine = &turn{done: make(chan struct{})}
		t.next = mine
	}
	t.mu.Unlock()
	if first {
		t.running.Lock()
		t.mu.Lock()
		t.next = nil // who comes from now on may be too late for this one
		t.mu.Unlock()
		mine.err = take()
		t.running.Unlock()
		close(mine.done)
	}
	<-mine.done
	return mine.err
}
