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

// TestTraps: docs/sync.md lists all 95 traps once, each with code and tests that exist.
func TestTraps(t *testing.T) {
	text, err := os.ReadFile("sync.md")
	if err != nil {
		t.Fatal(err)
	}
	known := testNames(t)
	rows := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| (T\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$`).FindAllStringSubmatch(string(text), -1) {
		if rows[m[1]] != nil {
			t.Errorf("%s is in the table twice", m[1])
		}
		rows[m[1]] = m[2:]
	}
	if lines := strings.Count(string(text), "\n| T") - strings.Count(string(text), "\n| Trap"); len(rows) != 95 || lines != 95 {
		t.Errorf("%d lines with %d traps, want 95: one of them is not a row of four cells", lines, len(rows))
	}
	for n := 1; n <= 95; n++ {
		row, ok := rows[fmt.Sprintf("T%d", n)]
		if !ok {
			t.Errorf("trap T%d is not in the table", n)
			continue
		}
		for _, path := range files(row[0]) {
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("T%d: there is no file %s", n, path)
			}
		}
		for name := range strings.SplitSeq(row[1], ", ") {
			if name = strings.TrimSpace(name); !known[name] {
				t.Errorf("T%d: there is no test %q", n, name)
			}
		}
	}
}

// files lists the files a cell names. "sync/jira: push.go" gives the folder once
// for all names up to the next semicolon; a name with a slash has its own.
func files(cell string) []string {
	var out []string
	for part := range strings.SplitSeq(cell, ";") {
		folder, rest, ok := strings.Cut(strings.TrimSpace(part), ": ")
		if !ok || strings.Contains(folder, ".go") {
			folder, rest = "", part
		}
		for _, name := range regexp.MustCompile(`[\w/]+\.go\b`).FindAllString(rest, -1) {
			if !strings.Contains(name, "/") {
				name = folder + "/" + name
			}
			out = append(out, name)
		}
	}
	return out
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
