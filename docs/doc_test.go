// Package docs_test holds the documents to the code.
package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTraps: docs/sync.md lists all 95 traps, each with a test that exists.
func TestTraps(t *testing.T) {
	text, err := os.ReadFile("sync.md")
	if err != nil {
		t.Fatal(err)
	}
	known := testNames(t)
	rows := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| (T\d+) \| [^|]+ \| [^|]+ \| ([^|]+) \|$`).FindAllStringSubmatch(string(text), -1) {
		rows[m[1]] = m[2]
	}
	for n := 1; n <= 95; n++ {
		tests, ok := rows[fmt.Sprintf("T%d", n)]
		if !ok {
			t.Errorf("trap T%d is not in the table", n)
			continue
		}
		for name := range strings.SplitSeq(tests, ", ") {
			if name = strings.TrimSpace(name); !known[name] {
				t.Errorf("T%d: there is no test %q", n, name)
			}
		}
	}
}

// testNames finds every test and fuzz target of the project.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	names := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
