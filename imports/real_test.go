package imports_test

import (
	"encoding/csv"
	"maps"
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

// tally compares the reports of one source with the rows found by hand.
type tally struct{ reports, sameCount, hand, found, sameTitle, sameStatus int }

// TestRawReports reads every report by itself and compares its action items
// with those found by hand. The figures are what a reader of the text alone can
// reach: completions known only from a commit history are not in the text.
func TestRawReports(t *testing.T) {
	dir := sharedDir(t)
	hand := handItems(t, dir)
	files, err := filepath.Glob(filepath.Join(dir, "raw", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no reports: %v", err)
	}
	sources := map[string]*tally{}
	for _, file := range files {
		name, source := filepath.Base(file), filepath.Base(filepath.Dir(file))
		if name == "incident-log-index.md" {
			continue // the list of the reports, itself none
		}
		o := realOptions(t)
		if zone, ok := o.Zones[source]; ok {
			o.Zone = zone
		}
		got, err := imports.Read(open(t, filepath.Dir(file), name), o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if sources[source] == nil {
			sources[source] = &tally{}
		}
		sources[source].add(t, name, hand[source+"/"+stem(name)], got.Batch.Measures)
	}
	t.Logf("%-20s %8s %8s %8s %8s %8s %8s", "source", "reports", "as many", "by hand", "found", "title", "status")
	got := map[string]tally{}
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		s := *sources[source]
		got[source] = s
		t.Logf("%-20s %8d %8d %8d %8d %8d %8d", source, s.reports, s.sameCount, s.hand, s.found, s.sameTitle, s.sameStatus)
	}
	want := map[string]tally{}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(tally{})); diff != "" {
		t.Errorf("agreement with the rows found by hand (-want +got):\n%s", diff)
	}
}

func (s *tally) add(t *testing.T, name string, hand, found []domain.ImportMeasure) {
	t.Helper()
	s.reports++
	s.hand += len(hand)
	s.found += len(found)
	if len(hand) != len(found) {
		t.Logf("%s: %d by hand, %d found", name, len(hand), len(found))
		return
	}
	s.sameCount++
	for n := range hand {
		if hand[n].Measure.Title == found[n].Measure.Title {
			s.sameTitle++
		} else {
			t.Logf("%s:%d\n   hand  %s\n   found %s", name, found[n].Line, hand[n].Measure.Title, found[n].Measure.Title)
		}
		if hand[n].Measure.Status == found[n].Measure.Status {
			s.sameStatus++
		} else {
			t.Logf("%s:%d: %q by hand, %q found: %s", name, found[n].Line, hand[n].Measure.Status, found[n].Measure.Status, hand[n].Measure.Description)
		}
	}
}

// handItems returns the rows found by hand per report; one report may cover
// several incidents.
func handItems(t *testing.T, dir string) map[string][]domain.ImportMeasure {
	t.Helper()
	reports := map[string]string{}
	for _, r := range table(t, filepath.Join(dir, "incidents.csv")) {
		base, _, _ := strings.Cut(path.Base(r["source_url"]), "#")
		reports[r["incident_id"]] = r["source"] + "/" + stem(strings.ReplaceAll(base, "%20", " "))
	}
	items := map[string][]domain.ImportMeasure{}
	for _, m := range readReal(t, "incidents.csv", "actions.csv").Batch.Measures {
		items[reports[m.IncidentID]] = append(items[reports[m.IncidentID]], m)
	}
	return items
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
