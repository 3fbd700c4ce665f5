package contract

import (
	"os"
	"path/filepath"
	"testing"
)

// SharedFile returns the path of a file in the shared data folder. Where the
// data is absent the test is skipped, or failed if
// FOLLOWTHROUGH_REQUIRE_SHARED=1 says that it must be there.
func SharedFile(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("FOLLOWTHROUGH_SHARED")
	if root == "" {
		root = filepath.Join(moduleRoot(t), "..", "shared")
	}
	file := filepath.Join(append([]string{root, "data"}, elem...)...)
	if _, err := os.Stat(file); err != nil {
		if os.Getenv("FOLLOWTHROUGH_REQUIRE_SHARED") == "1" {
			t.Fatalf("shared data is required but %v", err)
		}
		t.Skipf("shared data is absent, set FOLLOWTHROUGH_SHARED to run this: %v", err)
	}
	return file
}

// LoadShared loads a description from the shared data folder under the rule of
// SharedFile.
func LoadShared(t testing.TB, elem ...string) *Description {
	t.Helper()
	d, err := Load(SharedFile(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}
