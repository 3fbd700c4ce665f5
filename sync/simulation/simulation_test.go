package simulation

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// outcomeOf plays one world in a bubble of its own.
func outcomeOf(t *testing.T, s settings, worker string) (w *world) {
	synctest.Test(t, func(t *testing.T) {
		var err error
		file := worldFile(worker)
		for _, end := range []string{"-wal", "-shm"} {
			_ = os.Remove(file + end) // what a former world left
		}
		if w, err = newWorld(t.Context(), s, file); err != nil {
			t.Fatalf("seed %d: %v", s.seed, err)
		}
		w.run()
		if err := w.close(); err != nil {
			t.Fatalf("seed %d: %v", s.seed, err)
		}
	})
	return w
}

// workers is how many worlds run at once.
const workers = 2

// TestSimulation plays many worlds. FOLLOWTHROUGH_SEEDS says how many,
// FOLLOWTHROUGH_SEED plays one of them and tells its story.
func TestSimulation(t *testing.T) {
	if one := os.Getenv("FOLLOWTHROUGH_SEED"); one != "" {
		seed, err := strconv.ParseUint(one, 10, 64)
		if err != nil {
			t.Fatalf("FOLLOWTHROUGH_SEED: %v", err)
		}
		w := outcomeOf(t, settings{seed: seed}, "one")
		t.Logf("plan %+v\n%s", w.plan, strings.Join(w.log, "\n"))
		report(t, w)
		return
	}
	seeds := 2000
	if testing.Short() {
		seeds = 6
	}
	if many := os.Getenv("FOLLOWTHROUGH_SEEDS"); many != "" {
		n, err := strconv.Atoi(many)
		if err != nil {
			t.Fatalf("FOLLOWTHROUGH_SEEDS: %v", err)
		}
		seeds = n
	}
	counts := play(t, seeds)
	if seeds >= 2000 {
		sometimes(t, counts)
	}
}

func report(t *testing.T, w *world) {
	t.Helper()
	for n, p := range w.problems {
		if n == 8 {
			t.Errorf("seed %d: and %d more", w.seed, len(w.problems)-n)
			break
		}
		t.Errorf("seed %d: %s", w.seed, p)
	}
	if len(w.problems) > 0 {
		t.Errorf("seed %d fails; its story: FOLLOWTHROUGH_SEED=%d go test -run TestSimulation ./sync/simulation", w.seed, w.seed)
	}
}

// play runs the seeds from 1 on over all workers and sums their counters up.
func play(t *testing.T, seeds int) map[string]int {
	var mu sync.Mutex
	counts := map[string]int{}
	t.Run("worlds", func(t *testing.T) {
		for worker := range workers {
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				for seed := 1 + worker; seed <= seeds; seed += workers {
					w := outcomeOf(t, settings{seed: uint64(seed)}, fmt.Sprint(worker))
					report(t, w)
					mu.Lock()
					for what, n := range w.counts {
						counts[what] += n
					}
					for _, p := range w.sites.places() {
						id := string(p.configured().tracker.ID)
						for what, n := range p.sometimes() {
							counts[id+" "+what] += n
						}
					}
					mu.Unlock()
				}
			})
		}
	})
	if testing.Verbose() {
		for _, what := range slices.Sorted(maps.Keys(counts)) {
			t.Logf("%8d %s", counts[what], what)
		}
	}
	return counts
}

// sometimes fails for every fault and every rare way that no world has met: a
// simulation that does not reach them proves nothing about them.
func sometimes(t *testing.T, counts map[string]int) {
	want := []string{"outage", "request in an outage", "link in an outage", "stall", "lease taken over", "pause asked for", "spurious absence", "tombstone",
		"overwritten value kept", "unseen edit recovered", "conflict decided", "issue copied", "block smashed", "unreadable field", "probe found",
		"gh hook_lost", "gh hook_duplicated", "gh hook_reordered", "jc hook_lost", "jc hook_duplicated", "jc hook_delayed", "jd hook_shuffled", "gh list_lagged", "jc issue_not_visible"}
	for _, at := range []string{"claim", "commit link", "finish", "finish delivery", "save status", "schedule", "store delivery", "store page"} {
		want = append(want, "crash/before "+at, "crash/after "+at)
	}
	want = append(want, "crash/request", "crash/answer")
	for _, p := range newSites(1, now).places() {
		for _, fault := range p.faults() {
			want = append(want, "fault/"+string(p.configured().tracker.ID)+"/"+fault)
		}
	}
	for _, what := range want {
		if counts[what] == 0 {
			t.Errorf("no world has met %q", what)
		}
	}
}
