// Package migrations brings a database to the schema this program knows, and
// refuses one that a newer program has written.
//
// The SQL files are embedded, one per version and engine; a file is applied
// whole or not at all.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Dialect is the database engine a schema is written for.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// table records the applied versions.
const table = "schema_versions"

// Step is one migration and whether the database has it.
type Step struct {
	Version int64
	File    string
	Applied bool
}

// NewerSchemaError says that the database was written by a newer program.
type NewerSchemaError struct {
	Database int64
	Known    int64
}

// Error implements error.
func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("the database has schema version %d and this program knows versions up to %d; "+
		"start the newer program again, or restore the backup that was made before the upgrade", e.Database, e.Known)
}

// OldSchemaError says that the database waits for migrations.
type OldSchemaError struct {
	Database int64
	Known    int64
}

// Error implements error.
func (e *OldSchemaError) Error() string {
	return fmt.Sprintf("the database has schema version %d and this program needs %d; run \"followthrough migrate up\"", e.Database, e.Known)
}

// Up applies what is missing. Several processes may call it at once on
// PostgreSQL: one applies, the others wait. It returns the applied steps.
func Up(ctx context.Context, db *sql.DB, dialect Dialect) ([]Step, error) {
	known, err := fs.Sub(files, string(dialect))
	if err != nil {
		return nil, fmt.Errorf("migrations for %s: %w", dialect, err)
	}
	return up(ctx, db, dialect, known)
}

func up(ctx context.Context, db *sql.DB, dialect Dialect, known fs.FS) ([]Step, error) {
	p, err := provider(db, dialect, known)
	if err != nil {
		return nil, err
	}
	if err := refuseNewer(ctx, db, dialect, p); err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate the database: %w", err)
	}
	steps := make([]Step, len(results))
	for n, r := range results {
		steps[n] = Step{Version: r.Source.Version, File: r.Source.Path, Applied: true}
	}
	return steps, nil
}

// Status lists every known step. A newer database is an error.
func Status(ctx context.Context, db *sql.DB, dialect Dialect) ([]Step, error) {
	p, err := embedded(db, dialect)
	if err != nil {
		return nil, err
	}
	if err := refuseNewer(ctx, db, dialect, p); err != nil {
		return nil, err
	}
	states, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the schema version: %w", err)
	}
	steps := make([]Step, len(states))
	for n, s := range states {
		steps[n] = Step{Version: s.Source.Version, File: s.Source.Path, Applied: s.State == goose.StateApplied}
	}
	return steps, nil
}

// Check refuses a database whose schema is not exactly the one this program
// knows: OldSchemaError or NewerSchemaError. It writes nothing.
func Check(ctx context.Context, db *sql.DB, dialect Dialect) error {
	p, err := embedded(db, dialect)
	if err != nil {
		return err
	}
	version, err := current(ctx, db, dialect)
	if err != nil {
		return err
	}
	switch latest := newest(p); {
	case version > latest:
		return &NewerSchemaError{Database: version, Known: latest}
	case version < latest:
		return &OldSchemaError{Database: version, Known: latest}
	}
	return nil
}

// current reads the version without creating the version table.
func current(ctx context.Context, db *sql.DB, dialect Dialect) (int64, error) {
	exists := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '" + table + "'"
	if dialect == Postgres {
		exists = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = '" + table + "'"
	}
	var n, version int64
	if err := db.QueryRowContext(ctx, exists).Scan(&n); err != nil {
		return 0, fmt.Errorf("read the schema version: %w", err)
	}
	if n == 0 {
		return 0, nil
	}
	if err := db.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM "+table).Scan(&version); err != nil {
		return 0, fmt.Errorf("read the schema version: %w", err)
	}
	return version, nil
}

func embedded(db *sql.DB, dialect Dialect) (*goose.Provider, error) {
	known, err := fs.Sub(files, string(dialect))
	if err != nil {
		return nil, fmt.Errorf("migrations for %s: %w", dialect, err)
	}
	return provider(db, dialect, known)
}

func provider(db *sql.DB, dialect Dialect, known fs.FS) (*goose.Provider, error) {
	engine := goose.DialectSQLite3
	options := []goose.ProviderOption{goose.WithTableName(table), goose.WithDisableGlobalRegistry(true)}
	if dialect == Postgres {
		engine = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return nil, fmt.Errorf("migration lock: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(engine, db, known, options...)
	if err != nil {
		return nil, fmt.Errorf("migrations for %s: %w", dialect, err)
	}
	return p, nil
}

func newest(p *goose.Provider) int64 {
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}

// refuseNewer reads only: goose's own reading would create its table, which
// races between processes that start together.
func refuseNewer(ctx context.Context, db *sql.DB, dialect Dialect, p *goose.Provider) error {
	version, err := current(ctx, db, dialect)
	if err != nil {
		return err
	}
	if known := newest(p); version > known {
		return &NewerSchemaError{Database: version, Known: known}
	}
	return nil
}
