package github_test

import (
	"slices"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// A comment lands in the issue that was named, and nowhere else.
func TestComment(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	ref := s.Open(t, "Checkpoints", "")
	url, err := tracker.Comment(t.Context(), "1", "hello\nlog")
	must(t, err)
	if got := s.Comments(repo, ref.Number); !slices.Equal(got, []string{"hello\nlog"}) || url == "" {
		t.Errorf("comments %q at %q", got, url)
	}
	for issue, want := range map[string]domain.Kind{"0": domain.ErrInvalid, "x": domain.ErrInvalid, "99": domain.ErrNotFound} {
		_, err := tracker.Comment(t.Context(), issue, "never")
		wantKind(t, err, want)
	}
}
