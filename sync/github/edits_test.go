package github_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
)

func editsOf(t *testing.T, tracker *github.Tracker, ref domain.RemoteRef) []domain.Edit {
	t.Helper()
	edits, err := tracker.Edits(t.Context(), ref)
	must(t, err)
	return edits
}

// TestEdits: GitHub's record names who changed titles, states, labels and
// assignees; of texts it says nothing. A long record costs two requests.
func TestEdits(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	made, err := tracker.Create(t.Context(), draft())
	must(t, err)
	cleo := s.As("cleo")
	before := len(editsOf(t, tracker, made.Ref))
	must(t, cleo.Retitle(repo, made.Ref.Number, "Another title"))
	must(t, cleo.Rewrite(repo, made.Ref.Number, "Another text"))
	s.Edit(t, made.Ref, map[domain.Field]string{domain.FieldPriority: "P0"})
	must(t, cleo.Close(repo, made.Ref.Number, "completed"))
	var got []string
	for _, e := range editsOf(t, tracker, made.Ref)[before:] {
		got = append(got, fmt.Sprintf("%s by %s", e.Field, e.By))
		if e.At.IsZero() {
			t.Errorf("%s has no time", e.Field)
		}
	}
	if diff := cmp.Diff([]string{"title by cleo", "priority by cleo", "priority by cleo", "status by cleo"}, got); diff != "" {
		t.Errorf("edits (-want +got):\n%s", diff)
	}
	for n := range 60 {
		s.clock.add(time.Second)
		must(t, cleo.Reopen(repo, made.Ref.Number))
		must(t, cleo.Close(repo, made.Ref.Number, []string{"completed", "not_planned"}[n%2]))
	}
	must(t, cleo.Retitle(repo, made.Ref.Number, "Title at the end of a long record"))
	n := len(s.Server.Requests())
	edits := editsOf(t, tracker, made.Ref)
	if e := edits[len(edits)-1]; e.Field != domain.FieldTitle {
		t.Errorf("the last of a long record is %+v", e)
	}
	if sent := len(s.Server.Requests()) - n; sent != 2 {
		t.Errorf("%d requests for a long record, want 2", sent)
	}
}
