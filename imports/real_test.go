package imports_test

import (
	"encoding/csv"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
)

func readReal(t *testing.T, names ...string) imports.Result {
	t.Helper()
	got, err := imports.Read(open(t, sharedDir(t), names...), realOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRealCounts(t *testing.T) {
	got := readReal(t, "incidents.csv", "actions.csv", "recurrences.csv", "source_anomalies.csv")
	for _, w := range got.Warnings {
		t.Log(w)
	}
	counts := map[string]int{"incidents": len(got.Batch.Incidents), "measures": len(got.Batch.Measures)}
	withMeasures := map[string]bool{}
	for _, m := range got.Batch.Measures {
		withMeasures[m.IncidentID] = true
		switch {
		case m.StatusUnknown && m.Measure.Status == "":
			counts["unknown"]++
		default:
			counts[string(m.Measure.Status)]++
		}
		if !m.Measure.DoneAt.IsZero() {
			counts["done at"]++
		}
		if !m.Measure.CreatedAt.IsZero() {
			counts["created at"]++
		}
		if m.Measure.Kind != "" {
			counts["kind"]++
		}
		if m.Measure.Priority != "" {
			counts["priority"]++
		}
		if m.OwnerText != "" {
			counts["owner"]++
		}
		if !m.Measure.DueOn.IsZero() {
			counts["due"]++
		}
	}
	for _, i := range got.Batch.Incidents {
		if !withMeasures[i.Incident.ExternalID] {
			counts["without measures"]++
		}
		if i.RecurrenceOfID != "" {
			counts["recurrences"]++
		}
	}
	want := map[string]int{"incidents": 143, "measures": 511, "without measures": 24, "unknown": 447, "done": 53, "proposed": 11,
		"done at": 16, "created at": 489, "kind": 19, "priority": 10, "owner": 6, "recurrences": 5}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("the real set (-want +got):\n%s", diff)
	}
}

// TestRealJSON: the nested file says the same as the tables.
func TestRealJSON(t *testing.T) {
	tables := readReal(t, "incidents.csv", "actions.csv", "recurrences.csv")
	nested := readReal(t, "incidents.json")
	ignore := cmp.Options{
		cmpopts.IgnoreFields(domain.ImportBatch{}, "File"),
		cmpopts.IgnoreFields(domain.ImportIncident{}, "Line"),
		cmpopts.IgnoreFields(domain.ImportMeasure{}, "Line"),
		cmpopts.EquateEmpty(),
	}
	if diff := cmp.Diff(tables.Batch, nested.Batch, ignore); diff != "" {
		t.Errorf("tables and JSON differ (-csv +json):\n%.4000s", diff)
	}
}

// TestRawReports reads every report by itself and compares the number of
// action items with those found by hand.
func TestRawReports(t *testing.T) {
	dir := sharedDir(t)
	want := handCounts(t, dir)
	files, err := filepath.Glob(filepath.Join(dir, "raw", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no reports: %v", err)
	}
	type tally struct{ reports, same, hand, found, diff int }
	sources := map[string]*tally{}
	for _, file := range files {
		name := filepath.Base(file)
		source := filepath.Base(filepath.Dir(file))
		if name == "incident-log-index.md" {
			continue
		}
		o := realOptions(t)
		o.Zone = o.Zones[source]
		got, err := imports.Read(open(t, filepath.Dir(file), name), o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		hand, ok := want[source+"/"+stem(name)]
		if !ok {
			t.Errorf("%s is in no row of incidents.csv", name)
		}
		s := sources[source]
		if s == nil {
			s = &tally{}
			sources[source] = s
		}
		found := len(got.Batch.Measures)
		s.reports++
		s.hand += hand
		s.found += found
		if found == hand {
			s.same++
		} else {
			s.diff += max(found-hand, hand-found)
			t.Logf("%s/%s: %d by hand, %d found", source, name, hand, found)
		}
	}
	t.Logf("%-20s %8s %8s %8s %8s", "source", "reports", "same", "by hand", "found")
	for _, source := range []string{"dfds", "moj-cloud-platform", "2i2c", "mybinder", "posthog", "etcd"} {
		s := sources[source]
		t.Logf("%-20s %8d %8d %8d %8d", source, s.reports, s.same, s.hand, s.found)
	}
}

// handCounts sums n_actions per report; one report may cover several incidents.
func handCounts(t *testing.T, dir string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	rows := table(t, filepath.Join(dir, "incidents.csv"))
	for _, r := range rows {
		n := 0
		for _, c := range r["n_actions"] {
			n = n*10 + int(c-'0')
		}
		base, _, _ := strings.Cut(path.Base(r["source_url"]), "#")
		counts[r["source"]+"/"+stem(strings.ReplaceAll(base, "%20", " "))] += n
	}
	return counts
}

func stem(name string) string {
	for _, ext := range []string{".txt", ".pdf", ".erb", ".md", ".html"} {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

func table(t *testing.T, file string) []map[string]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, rec := range records[1:] {
		row := map[string]string{}
		for n, h := range records[0] {
			row[h] = rec[n]
		}
		rows = append(rows, row)
	}
	return slices.Clip(rows)
}
