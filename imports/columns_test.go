package imports

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestColumnsInDoc: the page names every column that is read, and no other.
func TestColumnsInDoc(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "import.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []sheet{sheetIncidents, sheetMeasures, sheetRecurrences, sheetAnomalies} {
		for _, column := range s.columns() {
			if !strings.Contains(string(page), "`"+column+"`") {
				t.Errorf("docs/import.md does not name the column %q", column)
			}
		}
	}
	for line := range strings.SplitSeq(string(page), "\n") {
		cell, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !ok || !strings.HasPrefix(cell, "`") {
			continue
		}
		for name := range strings.SplitSeq(cell, ", ") {
			name = strings.Trim(name, "`")
			if !slices.Contains(incidentColumns(), name) && !slices.Contains(measureColumns(), name) {
				t.Errorf("docs/import.md names %q, which is not read", name)
			}
		}
	}
}
