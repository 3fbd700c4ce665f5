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
	"time"

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
// sameRest counts the items with the same kind, priority and owner.
type tally struct{ reports, sameCount, hand, found, sameTitle, sameStatus, sameRest int }

// TestRawReports reads every report by itself and compares its action items
// with those found by hand. What differs is not in the text of the report: the
// completions of 14 items are known from a commit history only, one list of a
// PDF lost its bullets, one address was broken by the page, and three titles
// were worded by hand.
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
	t.Logf("%-20s %8s %8s %8s %8s %8s %8s %8s", "source", "reports", "as many", "by hand", "found", "title", "status", "rest")
	got := map[string]tally{}
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		s := *sources[source]
		got[source] = s
		t.Logf("%-20s %8d %8d %8d %8d %8d %8d %8d", source, s.reports, s.sameCount, s.hand, s.found, s.sameTitle, s.sameStatus, s.sameRest)
	}
	want := map[string]tally{
		"2i2c":               {reports: 29, sameCount: 28, hand: 69, found: 68, sameTitle: 67, sameStatus: 61, sameRest: 68},
		"dfds":               {reports: 39, sameCount: 39, hand: 131, found: 131, sameTitle: 131, sameStatus: 131, sameRest: 131},
		"etcd":               {reports: 1, sameCount: 1, hand: 10, found: 10, sameTitle: 10, sameStatus: 10, sameRest: 10},
		"moj-cloud-platform": {reports: 39, sameCount: 39, hand: 98, found: 98, sameTitle: 98, sameStatus: 98, sameRest: 98},
		"mybinder":           {reports: 23, sameCount: 23, hand: 123, found: 123, sameTitle: 122, sameStatus: 116, sameRest: 123},
		"posthog":            {reports: 7, sameCount: 7, hand: 68, found: 68, sameTitle: 66, sameStatus: 68, sameRest: 68},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(tally{})); diff != "" {
		t.Errorf("agreement with the rows found by hand (-want +got):\n%s", diff)
	}
}

// TestRawHeads compares the incident that a report yields with the row of the
// same report: no instant differs. Titles keep the date that the heading gives,
// and instants told in running text or only in a timeline are not taken.
func TestRawHeads(t *testing.T) {
	dir := sharedDir(t)
	rows := map[string][]domain.Incident{}
	sources := map[string]string{}
	for _, r := range table(t, filepath.Join(dir, "incidents.csv")) {
		base, _, _ := strings.Cut(path.Base(r["source_url"]), "#")
		sources[r["incident_id"]] = r["source"] + "/" + stem(strings.ReplaceAll(base, "%20", " "))
	}
	for _, i := range readReal(t, "incidents.csv").Batch.Incidents {
		rows[sources[i.Incident.ExternalID]] = append(rows[sources[i.Incident.ExternalID]], i.Incident)
	}
	files, err := filepath.Glob(filepath.Join(dir, "raw", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no reports: %v", err)
	}
	got := map[string]int{}
	for _, file := range files {
		name, source := filepath.Base(file), filepath.Base(filepath.Dir(file))
		hand := rows[source+"/"+stem(name)]
		if name == "incident-log-index.md" || len(hand) != 1 {
			continue // one report on several incidents has no single head
		}
		o := realOptions(t)
		if zone, ok := o.Zones[source]; ok {
			o.Zone = zone
		}
		read, err := imports.Read(open(t, filepath.Dir(file), name), o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		i := read.Batch.Incidents[0].Incident
		got["reports"]++
		if i.Title == hand[0].Title {
			got["title"]++
		} else {
			t.Logf("%s: title %q by hand, %q found", name, hand[0].Title, i.Title)
		}
		for what, pair := range map[string][2]time.Time{"detected": {hand[0].DetectedAt, i.DetectedAt},
			"mitigated": {hand[0].MitigatedAt, i.MitigatedAt}, "resolved": {hand[0].ResolvedAt, i.ResolvedAt}} {
			switch {
			case pair[1].IsZero() && !pair[0].IsZero():
				got[what+" missed"]++
				t.Logf("%s: %s %s missed", name, what, pair[0])
			case pair[0].IsZero() && !pair[1].IsZero():
				got[what+" only in the report"]++ // the row contradicts itself by its durations
			case !pair[0].Equal(pair[1]):
				t.Errorf("%s: %s at %s by hand, %s found", name, what, pair[0], pair[1])
			case !pair[1].IsZero():
				got[what]++
			}
		}
	}
	want := map[string]int{"reports": 137, "title": 71, "detected": 31, "detected missed": 7, "mitigated": 29, "mitigated missed": 19,
		"resolved": 36, "resolved missed": 1, "resolved only in the report": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("heads of the reports (-want +got):\n%s", diff)
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
		if h, f := hand[n], found[n]; h.Measure.Kind == f.Measure.Kind && h.Measure.Priority == f.Measure.Priority && h.OwnerText == f.OwnerText {
			s.sameRest++
		} else {
			t.Logf("%s:%d: by hand %q %q %q, found %q %q %q", name, f.Line,
				h.Measure.Kind, h.Measure.Priority, h.OwnerText, f.Measure.Kind, f.Measure.Priority, f.OwnerText)
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
