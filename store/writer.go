package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// batchLimit bounds the operations that share one commit, so that the first
// one does not wait for an endless queue.
const batchLimit = 64

// groupWriter owns the only writing connection of an SQLite file. Operations
// that wait while a commit is on its way to the disk share the next one.
type groupWriter struct {
	conn  *sql.Conn
	stmts *statements
	gorm  *gorm.DB
	ops   chan *operation
	stop  chan struct{}
	done  chan struct{}
}

// operation is one write on its way. answer is closed when err is final.
type operation struct {
	ctx    context.Context //nolint:containedctx // only asked whether the caller is still there
	do     func(*gorm.DB) error
	err    error
	panic  any
	answer chan struct{}
}

func newGroupWriter(conn *sql.Conn, stmts *statements, g *gorm.DB) *groupWriter {
	w := &groupWriter{conn: conn, stmts: stmts, gorm: g,
		ops: make(chan *operation), stop: make(chan struct{}), done: make(chan struct{})}
	go w.loop()
	return w
}

// run hands the operation to the writer and waits until it is durable. An
// operation that has begun is waited for even when the caller goes away: its
// outcome must be known.
func (w *groupWriter) run(ctx context.Context, do func(*gorm.DB) error) error {
	op := &operation{ctx: ctx, do: do, answer: make(chan struct{})}
	select {
	case w.ops <- op:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.done:
		return domain.Errorf(domain.ErrUnavailable, "the database is closed")
	}
	<-op.answer
	if op.panic != nil {
		panic(op.panic)
	}
	return op.err
}

func (w *groupWriter) loop() {
	defer close(w.done)
	for {
		select {
		case op := <-w.ops:
			w.batch(op)
		case <-w.stop:
			return
		}
	}
}

// batch runs the first operation and those that wait behind it, and commits.
func (w *groupWriter) batch(first *operation) {
	ops := []*operation{first}
	err := w.begin()
	for n := 0; err == nil && n < len(ops); n++ {
		err = w.one(ops[n])
		if err == nil && len(ops) < batchLimit {
			select {
			case next := <-w.ops:
				ops = append(ops, next)
			default:
			}
		}
	}
	if err == nil {
		err = indexWords(context.Background(), w.stmts)
	}
	if err == nil {
		err = w.exec("COMMIT")
	}
	if err != nil {
		// Nothing of the batch is stored; every caller learns that.
		_ = w.exec("ROLLBACK") // fails when the engine has rolled back itself
	}
	for _, op := range ops {
		if err != nil {
			op.err = err
		}
		close(op.answer)
	}
}

// one runs an operation under a savepoint. Its own failure is its own; an
// error is returned only when the transaction itself cannot go on.
func (w *groupWriter) one(op *operation) error {
	if op.err = op.ctx.Err(); op.err != nil {
		return nil //nolint:nilerr // the caller has gone; the batch goes on
	}
	if err := w.exec("SAVEPOINT op"); err != nil {
		return err
	}
	op.err = w.guarded(op)
	if op.err != nil || op.panic != nil {
		if err := w.exec("ROLLBACK TO op"); err != nil {
			return errors.Join(op.err, err)
		}
	}
	return w.exec("RELEASE op")
}

// guarded keeps a panic of the caller's function from ending the writer; it
// is raised again where the caller waits.
func (w *groupWriter) guarded(op *operation) (err error) {
	defer func() { op.panic = recover() }()
	return op.do(w.gorm.WithContext(context.Background()))
}

func (w *groupWriter) begin() error {
	return withRetry(context.Background(), func() error { return w.exec("BEGIN IMMEDIATE") })
}

func (w *groupWriter) exec(query string) error {
	if _, err := w.stmts.ExecContext(context.Background(), query); err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	return nil
}

func (w *groupWriter) close() error {
	close(w.stop)
	<-w.done
	return errors.Join(w.stmts.close(), w.conn.Close())
}
