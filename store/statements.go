package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"gorm.io/gorm"
)

// maxStatements bounds the prepared statements of one pool. The program's own
// texts are far fewer; the bound guards against texts that vary with a list.
const maxStatements = 400

// preparer is what *sql.DB and *sql.Conn share.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// statements is a gorm.ConnPool that keeps the statements it has prepared.
// GORM's own cache leaks statements of texts that are not used again.
type statements struct {
	on preparer

	mu    sync.RWMutex // guards known
	known map[string]*sql.Stmt
}

func newStatements(on preparer) *statements {
	return &statements{on: on, known: map[string]*sql.Stmt{}}
}

// lookUp returns the statement of a text that was prepared before, or nil.
func (s *statements) lookUp(query string) *sql.Stmt {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.known[query]
}

// prepared returns the statement of a text, or nil when there are too many.
func (s *statements) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt, full := s.known[query], len(s.known) >= maxStatements
	s.mu.RUnlock()
	if stmt != nil || full {
		return stmt, nil
	}
	stmt, err := s.on.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if first, ok := s.known[query]; ok {
		return first, stmt.Close()
	}
	s.known[query] = stmt
	return stmt, nil
}

// PrepareContext implements gorm.ConnPool.
func (s *statements) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return s.on.PrepareContext(ctx, query)
}

// ExecContext implements gorm.ConnPool.
func (s *statements) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := s.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return s.on.ExecContext(ctx, query, args...)
	}
	return stmt.ExecContext(ctx, args...)
}

// QueryContext implements gorm.ConnPool.
func (s *statements) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := s.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return s.on.QueryContext(ctx, query, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// QueryRowContext implements gorm.ConnPool.
func (s *statements) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	stmt, err := s.prepared(ctx, query)
	if err != nil || stmt == nil {
		return s.on.QueryRowContext(ctx, query, args...) // reports the error
	}
	return stmt.QueryRowContext(ctx, args...)
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all error
	for _, stmt := range s.known {
		all = errors.Join(all, stmt.Close())
	}
	s.known = map[string]*sql.Stmt{}
	return all
}

// BeginTx implements gorm.ConnPoolBeginner for reads that need one view of
// several tables. The writer has transactions of its own and never asks.
func (s *statements) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	pool, ok := s.on.(*sql.DB)
	if !ok {
		return nil, gorm.ErrInvalidTransaction
	}
	tx, err := pool.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &readTx{Tx: tx, of: s, ctx: ctx}, nil
}

// readTx is a transaction that uses the statements its pool has prepared. A
// text that is new is prepared once the transaction has given its connection
// back: preparing takes a connection of the pool, and transactions that each
// hold one while they wait for another would wait for ever.
type readTx struct {
	*sql.Tx
	of  *statements
	ctx context.Context //nolint:containedctx // of the transaction, which lives no longer
	new []string
}

// statement returns the transaction's form of a prepared text, or nil when it
// is not prepared yet.
func (t *readTx) statement(ctx context.Context, query string) *sql.Stmt {
	stmt := t.of.lookUp(query)
	if stmt == nil {
		t.new = append(t.new, query)
		return nil
	}
	return t.StmtContext(ctx, stmt)
}

// QueryContext implements gorm.ConnPool.
func (t *readTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := t.statement(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return t.Tx.QueryContext(ctx, query, args...)
}

// QueryRowContext implements gorm.ConnPool.
func (t *readTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := t.statement(ctx, query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return t.Tx.QueryRowContext(ctx, query, args...)
}

// Commit implements gorm.TxCommitter.
func (t *readTx) Commit() error {
	err := t.Tx.Commit()
	t.prepare()
	return err
}

// Rollback implements gorm.TxCommitter.
func (t *readTx) Rollback() error {
	err := t.Tx.Rollback()
	t.prepare()
	return err
}

// prepare keeps the new texts for the next transaction. That it cannot is no
// fault of the one that is over.
func (t *readTx) prepare() {
	for _, query := range t.new {
		if _, err := t.of.prepared(t.ctx, query); err != nil {
			break
		}
	}
	t.new = nil
}
