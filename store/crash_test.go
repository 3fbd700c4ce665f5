package store

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// crashFile makes the test binary the writing child of TestKilledWriter.
const crashFile = "FOLLOWTHROUGH_CRASH_FILE"

// TestCrashChild is the child: many writers, and a line for each
// acknowledged write once it is acknowledged.
func TestCrashChild(t *testing.T) {
	file := os.Getenv(crashFile)
	if file == "" {
		t.Skip("runs as the child of TestKilledWriter")
	}
	db := must[*DB](t)(Open(t.Context(), testOptions(t, "sqlite://"+file)))
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex // guards the output: one line is written at once
	say := func(key domain.MeasureKey, version int64, title string) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprintf(os.Stdout, "ack %s %d %s\n", key, version, title)
	}
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for n := 0; ; n++ { // until it is killed
				m, err := db.CreateMeasure(context.Background(), domain.Everything(), ana(), newMeasure(nil))
				if err != nil {
					t.Error(err)
					return
				}
				say(m.Key, m.Version, strings.ReplaceAll(m.Title, " ", "_"))
				title := fmt.Sprintf("w%d-%d", w, n)
				if m, err = db.UpdateMeasure(context.Background(), domain.Everything(), m.Key, 1, ana(), retitle(title)); err != nil {
					t.Error(err)
					return
				}
				say(m.Key, m.Version, title)
			}
		})
	}
	writers.Wait()
}

// A process that dies without warning loses nothing that it acknowledged, and
// leaves a history without gaps. The child is killed after a number of
// acknowledged writes, in the middle of others on their way.
func TestKilledWriter(t *testing.T) {
	file := t.TempDir() + "/crash.db"
	acknowledged := map[string]string{}
	for round, kill := range []int{1, 7, 60, 13, 150, 31, 2, 90} {
		maps.Copy(acknowledged, killedAfter(t, file, kill))
		checkSurvivor(t, file, round, acknowledged)
	}
	if len(acknowledged) < 50 {
		t.Errorf("only %d acknowledged writes were looked at", len(acknowledged))
	}
}

// killedAfter runs the child until it has acknowledged n writes, and returns
// the last acknowledged state of each measure.
func killedAfter(t *testing.T, file string, n int) map[string]string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashChild$", "-test.v")
	child.Env = append(os.Environ(), crashFile+"="+file)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	acks := map[string]string{}
	lines, seen := bufio.NewScanner(out), 0
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 4 || fields[0] != "ack" { // also the torn last line
			continue
		}
		acks[fields[1]] = fields[2] + " " + fields[3]
		if seen++; seen == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // killed, as was meant
	if seen < n {
		t.Fatalf("the child ended after %d writes", seen)
	}
	return acks
}

func checkSurvivor(t *testing.T, file string, round int, acknowledged map[string]string) {
	t.Helper()
	db := must[*DB](t)(Open(t.Context(), testOptions(t, "sqlite://"+file)))
	defer db.Close()
	var verdict string
	if err := db.reads.Raw("PRAGMA integrity_check").Scan(&verdict).Error; err != nil || verdict != "ok" {
		t.Fatalf("round %d: integrity: %s %v", round, verdict, err)
	}
	for key, state := range acknowledged {
		m, err := db.Measure(t.Context(), domain.Everything(), domain.MeasureKey(key))
		if err != nil {
			t.Errorf("round %d: the acknowledged measure %s is lost: %v", round, key, err)
			continue
		}
		var version int64
		var title string
		if _, err := fmt.Sscan(state, &version, &title); err != nil {
			t.Fatal(err)
		}
		if m.Version < version || m.Version == version && strings.ReplaceAll(m.Title, " ", "_") != title {
			t.Errorf("round %d: %s is %q in version %d; %q in version %d was acknowledged", round, key, m.Title, m.Version, title, version)
		}
	}
	last, subjects := int64(0), map[string]int64{}
	err := db.EachChange(t.Context(), domain.Everything(), 0, func(c domain.Change) error {
		if last++; c.Seq != last {
			return fmt.Errorf("row %d has the number %d", last, c.Seq)
		}
		if subjects[c.Key]++; c.SubjectSeq != subjects[c.Key] {
			return fmt.Errorf("row %d of %s has the number %d", subjects[c.Key], c.Key, c.SubjectSeq)
		}
		return nil
	})
	if err != nil {
		t.Errorf("round %d: %v", round, err)
	}
	for key, rows := range subjects { // one row a version: create, title
		if v := count(t, db, "SELECT version FROM measures WHERE key = ?", key); v != rows {
			t.Errorf("round %d: %s has version %d and %d history rows", round, key, v, rows)
		}
	}
	if err := db.CheckLog(t.Context()); err != nil {
		t.Errorf("round %d: %v", round, err)
	}
	if n := count(t, db, "SELECT count(*) FROM leaves WHERE seq IS NOT NULL"); n != last {
		t.Errorf("round %d: %d leaves, %d history rows", round, n, last)
	}
	if n := count(t, db, "SELECT value FROM sequences WHERE name = 'history'"); n != last {
		t.Errorf("round %d: counted to %d, %d rows", round, n, last)
	}
}
