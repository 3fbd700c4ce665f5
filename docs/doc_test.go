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

// TestTraps: docs/sync.md lists all 95 traps, the threats and the promises of
// reliability that concern synchronisation, each once, with code and tests that exist.
func TestTraps(t *testing.T) {
	text, err := os.ReadFile("sync.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for n := 1; n <= 95; n++ {
		want = append(want, fmt.Sprintf("T%d", n))
	}
	for _, n := range []int{1, 2, 3, 13, 26, 27, 28} {
		want = append(want, fmt.Sprintf("threat T%d", n))
	}
	for _, n := range []int{1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14} {
		want = append(want, fmt.Sprintf("promise D-%d", n))
	}
	rows := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| ((?:threat )?T\d+|promise D-\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$`).FindAllStringSubmatch(string(text), -1) {
		if rows[m[1]] != nil {
			t.Errorf("%s is in the table twice", m[1])
		}
		rows[m[1]] = m[2:]
	}
	if lines := len(regexp.MustCompile(`(?m)^\| (T\d|threat|promise)`).FindAllString(string(text), -1)); len(rows) != len(want) || lines != len(want) {
		t.Errorf("%d lines with %d rows, want %d: one of them is not a row of four cells", lines, len(rows), len(want))
	}
	known := testNames(t)
	for _, name := range want {
		checkRow(t, name, rows[name], known)
	}
}

// checkRow holds one row to the files and tests it names.
func checkRow(t *testing.T, name string, row []string, known map[string]bool) {
	t.Helper()
	if row == nil {
		t.Errorf("%s is not in the table", name)
		return
	}
	named := files(row[0])
	if len(named) == 0 {
		t.Errorf("%s names no file", name)
	}
	for _, path := range named {
		if _, err := os.Stat(filepath.Join("..", path)); err != nil {
			t.Errorf("%s: there is no file %s", name, path)
		}
	}
	for test := range strings.SplitSeq(row[1], ", ") {
		if test = strings.TrimSpace(test); !known[test] {
			t.Errorf("%s: there is no test %q", name, test)
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
