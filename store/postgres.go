package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/followthrough/followthrough/migrations"
)

// postgresConnections bounds the pool of one process.
const postgresConnections = 12

func (db *DB) openPostgres(ctx context.Context, opt Options) error {
	db.dialect = migrations.Postgres
	config, err := pgx.ParseConfig(opt.URL)
	if err != nil {
		return openError("postgres", err) // pgx leaves the password out
	}
	for name, value := range map[string]string{
		"application_name": "followthrough", "timezone": "UTC", "statement_timeout": "60s",
		"lock_timeout": "20s", "idle_in_transaction_session_timeout": "5s",
	} {
		if _, given := config.RuntimeParams[name]; !given {
			config.RuntimeParams[name] = value
		}
	}
	pool := stdlib.OpenDB(*config)
	db.atClose(pool.Close)
	pool.SetMaxOpenConns(postgresConnections)
	pool.SetMaxIdleConns(postgresConnections)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		return openError(config.Host, err)
	}
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: pool}), db.gormConfig())
	if err != nil {
		return openError(config.Host, err)
	}
	db.sql, db.reads = pool, g
	if !opt.ReadOnly {
		db.writes = postgresWriter{g}
		listener := newListener(config, db.wake, db.log)
		db.atClose(listener.close)
	}
	return nil
}

// postgresWriter runs each operation as a transaction of its own.
type postgresWriter struct{ gorm *gorm.DB }

func (w postgresWriter) run(ctx context.Context, do func(*gorm.DB) error) error {
	return withRetry(ctx, func() error {
		return w.gorm.WithContext(ctx).Transaction(do, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	})
}
