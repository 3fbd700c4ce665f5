package sync_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
)

// TestEditsDuringAnOutage: GitHub is down for three days. Edits here go on, what
// waits is one push however often a measure is edited, and afterwards one
// request writes the last values (D-5).
func TestEditsDuringAnOutage(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.work()
		b.pass()
		down, writes := true, 0
		b.before = func(r *http.Request) {
			if r.Method == http.MethodPatch {
				writes++
			}
		}
		b.down = func() bool { return down }
		for n := range 36 {
			b.edit(domain.MeasureEdit{Title: domain.Some(fmt.Sprintf("Edited %d times", n+1))})
			time.Sleep(2 * time.Hour)
			b.work()
		}
		queues, err := b.db.Queues(b.t.Context())
		b.must(err)
		if q := queues["gh"]; q.Pushes != 1 || q.Parked != 0 {
			t.Errorf("after three days: %+v, want one push and nothing set aside", q)
		}
		down, writes = false, 0
		time.Sleep(time.Hour)
		b.must(b.engine.Poll(b.t.Context(), "gh", nil))
		b.work()
		if got := b.issue().Title; got != "Edited 36 times" || writes != 1 {
			t.Errorf("after the outage the issue is called %q, with %d writes, want one", got, writes)
		}
		works, err := b.db.ClaimWork(b.t.Context(), "me", []string{tracksync.KindLink}, 10, time.Second, now())
		b.must(err)
		if len(works) != 0 {
			t.Errorf("%d rows are still due", len(works))
		}
	})
}
