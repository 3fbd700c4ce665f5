package jira_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// A comment lands in the issue that was named; another project's is refused unasked.
func TestComment(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		ref := s.Open(t, "Checkpoints", "")
		if _, err := tracker.Comment(t.Context(), ref.Key, "hello\nlog"); err != nil {
			t.Fatal(err)
		}
		if got := s.Comments(ref.Key); !slices.Equal(got, []string{"hello\nlog"}) {
			t.Errorf("comments %q", got)
		}
		before := s.Requests()
		for _, issue := range []string{"ELSE-1", "1", ""} {
			if _, err := tracker.Comment(t.Context(), issue, "never"); !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("%q: %v", issue, err)
			}
		}
		if s.Requests() != before {
			t.Error("something was sent")
		}
	})
}
