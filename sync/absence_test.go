package sync

import (
	"context"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestAbsenceIsCounted: only three absences over at least a day make a
// tombstone, however often the tracker is asked (T65).
func TestAbsenceIsCounted(t *testing.T) {
	start := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		hours []int
		want  domain.LinkState
	}{
		"once":                     {[]int{0}, domain.LinkGoneSuspect},
		"a storm within an hour":   {[]int{0, 0, 0, 0, 1, 1, 1, 1}, domain.LinkGoneSuspect},
		"three times, a day short": {[]int{0, 8, 23}, domain.LinkGoneSuspect},
		"twice, days apart":        {[]int{0, 72}, domain.LinkGoneSuspect},
		"three times over a day":   {[]int{0, 8, 24}, domain.LinkTombstone},
	} {
		var link domain.Link
		for _, h := range tt.hours {
			(&step{}).suspect(&link, start.Add(time.Duration(h)*time.Hour))
		}
		if link.State != tt.want || link.Gone != len(tt.hours) || !link.GoneSince.Equal(start) {
			t.Errorf("%s: %s after %d since %s, want %s", name, link.State, link.Gone, link.GoneSince, tt.want)
		}
	}
}

// staleReplica reads an issue as it was a while ago.
type staleReplica struct {
	Tracker
	at domain.Snapshot
}

func (s staleReplica) Fetch(context.Context, domain.RemoteRef) (domain.Snapshot, error) {
	return s.at, nil
}

// TestStaleRead: a read that is older than what is known never moves a link
// backwards (T48). The store has no method, so storing it would panic.
func TestStaleRead(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	known := domain.Snapshot{Revision: now, Hash: "new"}
	s := &step{e: New(Config{Now: func() time.Time { return now }}), tracker: staleReplica{at: domain.Snapshot{Revision: now.Add(-time.Minute), Hash: "old", ReadAt: now}}}
	s.link.Link = domain.Link{ID: "l1", Snapshot: &known}
	if err := s.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.link.Link.Snapshot; got.Hash != "new" || !got.Revision.Equal(now) {
		t.Errorf("the link went back to %q of %s", got.Hash, got.Revision)
	}
}
