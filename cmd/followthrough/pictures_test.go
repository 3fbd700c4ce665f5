package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStatisticsAsPictures: --svg writes every picture, the plan of an incident
// and the success metric of its measures too; of too little, the counts.
func TestStatisticsAsPictures(t *testing.T) {
	c := newTerminal(t)
	values := c.file("values.csv", "measure,at,value\nM-1,2026-03-03,4\nM-1,2026-03-04,3.5\n")
	for _, step := range []struct {
		line string
		more []string
	}{
		{line: "migrate up"},
		{line: "incident add --severity SEV2 --started 2026-03-01T10:00:00Z", more: []string{"--title", "Database down"}},
		{line: "measure add --incident INC-1 --kind detect --priority P1", more: []string{"--title", "Alert on lag", "--metric", "lag; target at_most 5 min; baseline 40"}},
		{line: "measure add --incident INC-1 --kind prevent --priority P2", more: []string{"--title", "Limit the queue"}},
		{line: "measure observe --file " + values},
		{line: "stats --svg " + filepath.Join(c.folder, "all.svg")},
		{line: "stats --incident INC-1 --svg " + filepath.Join(c.folder, "one.svg")},
	} {
		if code, out, errs := c.run(step.line, step.more...); code != exitFine {
			t.Fatalf("followthrough %s: exit %d\n%s%s", step.line, code, out, errs)
		}
	}
	for name, says := range map[string]string{"all-ageing.svg": "age in days", "all-quality.svg": "measures without owner", "all-teams.svg": "</svg>", "all-before-after.svg": "</svg>", "one-plan.svg": "Limit the queue", "one-run-M-1.svg": "target 5"} {
		text, err := os.ReadFile(filepath.Join(c.folder, name))
		if err != nil || !strings.Contains(string(text), says) {
			t.Errorf("%s does not say %q: %v", name, says, err)
		}
	}
}
