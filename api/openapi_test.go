package api

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestOpenAPI keeps the description true: a changed route or type must show up
// in the golden file, where a reviewer sees it.
func TestOpenAPI(t *testing.T) {
	s := &Server{}
	spec, err := specify(s.routes(), "golden")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "openapi.yaml", withoutReports(spec.yaml))
	doc, err := openapi3.NewLoader().LoadFromData(spec.json)
	if err != nil {
		t.Fatalf("another library cannot read the document: %v", err)
	}
	if got, want := doc.Paths.Len(), len(paths(s.routes())); got != want {
		t.Errorf("document has %d paths, table has %d", got, want)
	}
}

// withoutReports drops the schemas that follow the structs of metrics: they
// change with every report there, and each exchange is held against them anyway.
func withoutReports(text []byte) []byte {
	var out bytes.Buffer
	skip := false
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("    ")) && !bytes.HasPrefix(line, []byte("     ")) || !bytes.HasPrefix(line, []byte("    ")) {
			skip = bytes.HasPrefix(line, []byte("    Stats")) && !bytes.HasPrefix(line, []byte("    StatsJSON"))
		}
		if !skip {
			out.Write(line)
		}
	}
	return out.Bytes()
}

func paths(table []route) map[string]bool {
	out := map[string]bool{}
	for _, r := range table {
		out[r.path] = true
	}
	return out
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update when the change is meant:\n%s", file, diff)
	}
}
