package imports_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/followthrough/followthrough/imports"
)

// realNow is after everything in the shared set.
func realNow() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

// sharedDir returns the folder of the 143 real incidents, or skips.
func sharedDir(t testing.TB) string {
	t.Helper()
	shared := os.Getenv("FOLLOWTHROUGH_SHARED")
	if shared == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
				break
			}
			dir = filepath.Dir(dir)
		}
		shared = filepath.Join(dir, "..", "shared")
	}
	incidents := filepath.Join(shared, "data", "incidents")
	if _, err := os.Stat(incidents); err != nil {
		if os.Getenv("FOLLOWTHROUGH_REQUIRE_SHARED") == "1" {
			t.Fatalf("the shared incidents are required, but %s is not there", incidents)
		}
		t.Skipf("the shared incidents are not at %s; set FOLLOWTHROUGH_SHARED to test with them", incidents)
	}
	return incidents
}

// realOptions reads times in the zones that the set's provenance states.
func realOptions(t testing.TB) imports.Options {
	t.Helper()
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return imports.Options{Now: realNow(), Zone: time.UTC, Zones: map[string]*time.Location{"moj-cloud-platform": london}}
}

// open loads files of a folder by name.
func open(t testing.TB, dir string, names ...string) []imports.File {
	t.Helper()
	var files []imports.File
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, imports.File{Name: name, Data: bytes.NewReader(data)})
	}
	return files
}
