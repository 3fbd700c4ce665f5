package sync_test

import (
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// TestCopiesAreNotImported: a copy of one of our issues carries its mark and,
// here, the label of the import rule; it never becomes a measure (T62). An issue
// without a mark does.
func TestCopiesAreNotImported(t *testing.T) {
	inBubble(t, func(b *bench) {
		_, err := b.app.Trackers.Edit(b.t.Context(), ana, "gh", 0, app.TrackerPatch{Change: func(t *domain.Tracker) { t.ImportRule.Labels = []string{"follow-up"} }})
		b.must(err)
		b.work()
		b.pass()
		time.Sleep(time.Minute)
		_, err = b.cleo.Create(repo, "A copy", b.issue().Body, "follow-up")
		b.must(err)
		_, err = b.cleo.Create(repo, "Something new", "No mark in here.", "follow-up")
		b.must(err)
		b.pass()
		list, err := b.db.Measures(b.t.Context(), domain.Everything(), domain.MeasureFilter{}, domain.Page{})
		b.must(err)
		titles := map[string]bool{}
		for _, m := range list.Items {
			titles[m.Title] = true
		}
		if titles["A copy"] || !titles["Something new"] || len(titles) != 2 {
			t.Errorf("the measures are %v", titles)
		}
	})
}
