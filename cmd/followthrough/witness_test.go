package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
)

// The head of the log is posted into an issue once a day, by way of the work
// schedule, also after the tracker was down.
func TestDailyWitness(t *testing.T) {
	h := newHouse(t, "sqlite://test.db")
	key := h.measureOn(onGitHub, "Where checkpoints go")
	h.pass()
	number := h.issue(key).Number
	h.cfg.Witness = app.WitnessIssue{Tracker: onGitHub, Issue: "1"}
	h.cfg.CheckpointFile = filepath.Join(t.TempDir(), "checkpoint.txt")
	h.wire()
	if err := h.planWitness(t.Context()); err != nil {
		t.Fatal(err)
	}
	for day := 1; day <= 3; day++ {
		for range 2 { // the second look finds nothing due
			if err := h.witness(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := h.gh.Comments(houseRepo, number); len(got) != day || !strings.Contains(got[day-1], "\n— followthrough/") {
			t.Fatalf("day %d: comments %q", day, got)
		}
		h.later(24*time.Hour + time.Minute)
	}
	if kept, err := checkpointFile(h.cfg.CheckpointFile).Load(); err != nil || len(kept) == 0 {
		t.Errorf("nothing is kept outside: %v", err)
	}
	h.cfg.Witness.Issue = "99" // not there
	h.wire()
	if err := h.planWitness(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The row of the other issue is dropped, that of this one fails and stays.
	if err := errors.Join(h.witness(t.Context()), h.witness(t.Context())); err == nil || len(h.gh.Comments(houseRepo, number)) != 3 {
		t.Errorf("a post into an issue that is not there: %v", err)
	}
}
