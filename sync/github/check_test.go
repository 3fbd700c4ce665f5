package github_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// T72: the end of a token's life is read from its answers.
func TestT72TokenExpiry(t *testing.T) {
	s := newSite(t)
	ends := s.clock.now().Add(40 * 24 * time.Hour)
	s.token = s.Token("sync-user", githubsim.TokenOptions{Repos: []string{repo}, Expires: ends})
	report, err := s.adapter(t).Check(t.Context())
	must(t, err)
	if !report.CredentialExpires.Equal(ends) || report.Account != "sync-user" {
		t.Errorf("expires %v, account %q", report.CredentialExpires, report.Account)
	}
	s.clock.add(41 * 24 * time.Hour)
	_, err = s.adapter(t).Check(t.Context())
	wantKind(t, err, domain.ErrUnauthorized)
}

// T50, T71, T73, T64: what would be dropped or leaked is a problem before anything is
// written, each with what to do.
func TestCheckNamesProblems(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*site)
		word  string
	}{
		"archived":        {func(s *site) { must(t, s.As("admin").Archive(repo, true)) }, "archived"},
		"issues disabled": {func(s *site) { must(t, s.As("admin").SetIssues(repo, false)) }, "switched off"},
		"public":          {func(s *site) { must(t, s.As("admin").SetVisibility(repo, false)) }, "public"},
		"reading only":    {func(s *site) { s.Grant(repo, "sync-user", githubsim.RoleRead) }, "cannot set labels"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			test.spoil(s)
			report, err := s.adapter(t).Check(t.Context())
			must(t, err)
			if len(report.Problems) != 1 || !strings.Contains(report.Problems[0], test.word) || !report.Loses() {
				t.Errorf("problems %q", report.Problems)
			}
		})
	}
	s := newSite(t)
	must(t, s.As("admin").SetVisibility(repo, false))
	s.config = allowPublic
	report, err := s.adapter(t).Check(t.Context())
	must(t, err)
	if len(report.Problems) > 0 || !report.Public {
		t.Errorf("an allowed public repository: %+v", report)
	}
	s = newSite(t)
	must(t, s.As("admin").RenameRepo(repo, "core"))
	report, err = s.adapter(t).Check(t.Context())
	must(t, err)
	if !slices.ContainsFunc(report.Notes, func(n string) bool { return strings.Contains(n, "acme/core") }) {
		t.Errorf("notes %q", report.Notes)
	}
}

// T52: existing labels are suggested, missing ones are made with a colour, once.
func TestT52Labels(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"P0", "prio/1", "Priority: P2", "bug"} {
		must(t, s.As("admin").CreateLabel(repo, name, "ffffff"))
	}
	tracker := s.adapter(t)
	report, err := tracker.Check(t.Context())
	must(t, err)
	want := map[domain.Priority]string{domain.P0: "P0", domain.P1: "prio/1", domain.P2: "Priority: P2", domain.P3: "priority: P3", domain.P4: "priority: P4"}
	if diff := cmp.Diff(want, report.Suggested.PriorityLabels); diff != "" {
		t.Errorf("suggested:\n%s", diff)
	}
	s.config = func(c *github.Config) { c.Tracker.Mapping = report.Suggested }
	tracker = s.adapter(t)
	made, err := tracker.CreateLabels(t.Context())
	must(t, err)
	if diff := cmp.Diff([]string{"status: in progress", "priority: P3", "priority: P4"}, made); diff != "" {
		t.Errorf("made:\n%s", diff)
	}
	if made, err = tracker.CreateLabels(t.Context()); err != nil || len(made) > 0 {
		t.Errorf("made again: %q, %v", made, err)
	}
	must(t, s.As("admin").DeleteLabel(repo, "bug"))
	create(t, s, tracker)
	if diff := cmp.Diff([]string{"P0", "prio/1", "Priority: P2", "status: in progress", "priority: P3", "priority: P4", "followthrough"}, s.Server.Labels(repo)); diff != "" {
		t.Errorf("a create made other labels:\n%s", diff)
	}
}

// The report's table is true: what it calls lossless comes back.
func TestCheckRows(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	report, err := tracker.Check(t.Context())
	must(t, err)
	on := create(t, s, tracker)
	for _, row := range report.Rows {
		if row.Field == domain.FieldTitle || row.Field == domain.FieldDescription {
			continue
		}
		value := row.Value
		if row.Field == domain.FieldStatus {
			value = string(domain.Status(value).Projection())
		}
		if row.Field == domain.FieldStatus && (row.Loss == domain.Lossless) != (row.Value == value) {
			t.Errorf("status %s is called %s", row.Value, row.Loss)
		}
		if row.Field == domain.FieldStatus { // GitHub keeps the reason of a closed issue (T51)
			on = push(t, tracker, on, map[domain.Field]string{row.Field: "open"}).Snapshot
		}
		on = push(t, tracker, on, map[domain.Field]string{row.Field: value}).Snapshot
		if got := on.Fields[row.Field].Value; got != value {
			t.Errorf("%s %q came back as %q", row.Field, value, got)
		}
	}
}
