package jira_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// TestEdits: Jira's changelog names who changed what, on Cloud and on Data
// Center in the same order, with one request.
func TestEdits(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		made := s.made(t, tracker)
		read := func() []string {
			t.Helper()
			edits, err := tracker.Edits(t.Context(), made.Ref)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, e := range edits {
				if e.At.IsZero() {
					t.Errorf("%s has no time", e.Field)
				}
				out = append(out, fmt.Sprintf("%s by %s", e.Field, e.By))
			}
			return out
		}
		before := len(read())
		for n, f := range []domain.Field{domain.FieldTitle, domain.FieldPriority, domain.FieldDueOn, domain.FieldTitle} {
			s.Wait(t)
			s.Edit(t, made.Ref, map[domain.Field]string{f: map[domain.Field]string{domain.FieldTitle: fmt.Sprint("Title ", n), domain.FieldPriority: "P0", domain.FieldDueOn: "2026-12-31"}[f]})
		}
		n := s.Requests()
		got := read()[before:]
		if sent := s.Requests() - n; sent != 1 {
			t.Errorf("%d requests, want 1", sent)
		}
		var fields []string
		for _, line := range got {
			var f, by string
			if _, err := fmt.Sscanf(line, "%s by %s", &f, &by); err != nil || by == "" {
				t.Errorf("%q names nobody", line)
			}
			fields = append(fields, f)
		}
		if diff := cmp.Diff([]string{"title", "priority", "due_on", "title"}, fields); diff != "" {
			t.Errorf("edits (-want +got):\n%s", diff)
		}
		if len(slices.Compact(slices.Sorted(slices.Values(got)))) != 3 {
			t.Errorf("several people are named: %v", got)
		}
	})
}
