package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// TestRawReportsBecomeReviews imports the real post-mortems as they were
// published, source by source, and counts what stands in the reviews then.
func TestRawReportsBecomeReviews(t *testing.T) {
	raw := sharedFolder(t, "data", "incidents", "raw")
	sources, err := filepath.Glob(filepath.Join(raw, "*"))
	if err != nil {
		t.Fatal(err)
	}
	c := newTerminal(t)
	c.ok("migrate up")
	for _, source := range sources {
		reports, err := filepath.Glob(filepath.Join(source, "*"))
		if err != nil {
			t.Fatal(err)
		}
		zone, files := "UTC", []string{}
		if filepath.Base(source) == "moj-cloud-platform" {
			zone = "Europe/London" // the set's provenance says so
		}
		for _, file := range reports {
			if filepath.Base(file) != "incident-log-index.md" { // a list of the reports, itself none
				files = append(files, file)
			}
		}
		c.ok("import --times-in "+zone, files...)
		if again := c.ok("import --times-in "+zone, files...); !strings.HasPrefix(again, "0 incidents and 0 measures imported") {
			t.Errorf("%s, imported again: %s", filepath.Base(source), again)
		}
	}
	got := map[string]int{}
	for _, state := range domain.ReviewStates() {
		lines := strings.Count(c.ok("review list --limit 0 --state", string(state)), "\n") - 1
		if lines > 0 {
			got[string(state)] = lines
		}
	}
	for line := range strings.Lines(c.ok("review list --limit 0 --state draft")) {
		key, _, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(key, "INC-") {
			continue
		}
		var shown struct {
			Review domain.Review `json:"review"`
		}
		if err := json.Unmarshal([]byte(c.ok("review show", key)), &shown); err != nil {
			t.Fatal(err)
		}
		for _, e := range shown.Review.Entries {
			got[string(e.Section)]++
			if e.Source == "" {
				t.Errorf("%s: %q does not say which report it is from", key, e.Text)
			}
		}
	}
	want := map[string]int{"none": 68, "draft": 70, "timeline": 500, "cause": 180, "lesson": 114}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the reviews (-want +got):\n%s", diff)
	}
}
