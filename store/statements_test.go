package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"
)

// TestColdTransactions: reads that hold every connection of the pool, each with
// a text that nobody has prepared yet, do not wait for each other.
func TestColdTransactions(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		readers := sqliteReaders
		if db.onPostgres() {
			readers = postgresConnections
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var inside, done sync.WaitGroup
		inside.Add(readers)
		results := make([]error, readers)
		for n := range readers {
			done.Go(func() {
				results[n] = db.read(ctx).Transaction(func(g *gorm.DB) error {
					inside.Done()
					inside.Wait() // every connection is taken now
					var got int
					if err := g.Raw(fmt.Sprintf("SELECT %d AS n", 1000+n)).Scan(&got).Error; err != nil || got != 1000+n {
						return fmt.Errorf("got %d: %w", got, err)
					}
					return nil
				})
			})
		}
		done.Wait()
		if err := errors.Join(results...); err != nil {
			t.Fatal(err)
		}
	})
}

// TestTransactionsLearn: a text of a transaction is prepared after it, for the
// next one. On PostgreSQL the driver does that.
func TestTransactionsLearn(t *testing.T) {
	db := openSQLiteForTest(t)
	const query = "SELECT 4711 AS n"
	pool, ok := db.read(t.Context()).Statement.ConnPool.(*statements)
	if !ok {
		t.Fatal("reads do not keep their statements")
	}
	for _, end := range []error{nil, errors.New("rolled back")} {
		pool.mu.Lock()
		delete(pool.known, query)
		pool.mu.Unlock()
		err := db.read(t.Context()).Transaction(func(g *gorm.DB) error {
			var n int
			return errors.Join(g.Raw(query).Scan(&n).Error, end)
		})
		if !errors.Is(err, end) || pool.lookUp(query) == nil {
			t.Errorf("after the end %v: %v, prepared: %t", end, err, pool.lookUp(query) != nil)
		}
	}
}
