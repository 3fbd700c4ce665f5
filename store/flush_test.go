package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestTurns: a turn that somebody waits for begins after they came, turns do not
// overlap, and its error reaches everybody in it.
func TestTurns(t *testing.T) {
	var t1 turns
	var came, seen, within, taken atomic.Int64
	odd := errors.New("odd")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 200 {
				mine := came.Add(1)
				err := t1.wait(func() error {
					if within.Add(1) != 1 {
						t.Error("two turns at once")
					}
					seen.Store(came.Load())
					time.Sleep(20 * time.Microsecond) // as if a disk were there
					within.Add(-1)
					if taken.Add(1)%2 == 1 {
						return odd
					}
					return nil
				})
				if err != nil && !errors.Is(err, odd) {
					t.Error(err)
				}
				if seen.Load() < mine {
					t.Error("the turn began before the one who waits for it came")
				}
			}
		})
	}
	all.Wait()
	if n := taken.Load(); n >= 16*200 {
		t.Errorf("%d turns for %d waits: none was shared", n, 16*200)
	}
}

// A change that was answered is on the disk, although its commit did not wait for
// that. Others may write on the server too, so not every look finds it at rest.
func TestAnsweredChangesAreFlushed(t *testing.T) {
	db := openPostgresForTest(t)
	m := addMeasure(t, db, nil)
	flushed, tries := int64(0), int64(100)
	for n := range tries {
		must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle(fmt.Sprint("title ", n))))
		flushed += count(t, db, "SELECT count(*) WHERE pg_current_wal_insert_lsn() <= pg_current_wal_flush_lsn()")
	}
	if flushed < tries/5 {
		t.Errorf("after %d of %d answers the disk had everything", flushed, tries)
	}
}
