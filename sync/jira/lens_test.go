package jira

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
)

// nowhere fails every request: lenses are pure.
type nowhere struct{ t rapid.TB }

// RoundTrip implements http.RoundTripper.
func (n nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Fatalf("a lens sent %s %s", r.Method, r.URL)
	return nil, http.ErrNotSupported
}

// lensTracker draws a product and a mapping, many-to-one ones included.
func lensTracker(t *rapid.T) *Tracker {
	flavor := rapid.SampledFrom([]domain.Flavor{domain.Cloud, domain.DataCenter}).Draw(t, "flavor")
	m := domain.Mapping{
		Statuses: rapid.SampledFrom([]map[domain.Projection][]string{nil,
			{"open": {"1", "4"}, "in_progress": {"3"}, "done": {"5", "6"}, "cancelled": {"7"}},
			{"open": {"1"}, "in_progress": {"3"}, "done": {"5"}, "cancelled": {"5"}}}).Draw(t, "statuses"),
		Priorities:  rapid.SampledFrom([]map[domain.Priority]string{nil, {"P0": "1", "P1": "1", "P2": "3", "P3": "4", "P4": "4"}, {"P0": "1"}}).Draw(t, "priorities"),
		Resolutions: rapid.SampledFrom([]map[domain.Projection]string{nil, {"done": "100", "cancelled": "101"}, {"cancelled": "101"}}).Draw(t, "resolutions"),
		WontDo:      rapid.SampledFrom([][]string{nil, {"102"}}).Draw(t, "won't do"),
		MetricField: rapid.SampledFrom([]string{"", "customfield_1"}).Draw(t, "metric field"),
		DueField:    rapid.SampledFrom([]string{"", "customfield_2"}).Draw(t, "due field"),
	}
	tracker, err := New(Config{
		Tracker: domain.Tracker{ID: "a", Kind: domain.Jira, Flavor: flavor, BaseURL: "https://jira.example", Project: "OPS", Account: "a@b.example", Mapping: m},
		Secrets: domain.Secrets{Credential: "token"},
		Identities: []domain.Identity{{Tracker: "a", Person: "p_ana", Account: "ana"}, {Tracker: "a", Person: "p_ben", Account: "ben"},
			{Tracker: "a", Person: "p_ben", Account: "ben2"}, {Tracker: "b", Person: "p_other", Account: "cleo"}},
		Transport: nowhere{t}, Now: func() time.Time { return time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return tracker
}

// remote is an issue as people and other programs may have left it.
type remote struct {
	Summary, Description            string
	Status, Category, Resolution    string
	Priority, Assignee, Due, Metric string
}

func anyRemote(t *rapid.T, tracker *Tracker) remote {
	draw := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
	text := markdownTextGen().Draw(t, "text")
	if rapid.Bool().Draw(t, "has block") {
		b := managed{found: true, url: "https://f.example/m", lines: map[domain.Field]string{}, before: text}
		if tracker.cloud() == rapid.Bool().Draw(t, "marked") {
			b.id, b.nonce = "OWN", "n1"
		}
		lines := map[domain.Field][]string{domain.FieldDueOn: {"2026-03-31", "", "soon"}, domain.FieldMetric: {"pages; target at_most 2", "", "a *b* {c} [d] \\ e"}, domain.FieldIncident: {"INC-3"}}
		for _, f := range domain.SyncedFields() {
			values := lines[f]
			if values == nil {
				continue
			}
			if rapid.Bool().Draw(t, "line "+string(f)) {
				b.lines[f] = rapid.SampledFrom(values).Draw(t, string(f))
			}
		}
		text = b.join("") + draw("after", "", "\n", "\n\nafter  \n", " \n")
	}
	if rapid.Bool().Draw(t, "crlf") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
	}
	return remote{Summary: draw("summary", "a", "spaced  out", "emoji 🙂", strings.Repeat("x", 255)), Description: text,
		Status: draw("status", "1", "3", "4", "5", "6", "7", "9"), Category: draw("category", "new", "indeterminate", "done"), Resolution: draw("resolution", "", "100", "101", "102", "103"),
		Priority: draw("priority", "", "1", "2", "3", "4", "5", "9"), Assignee: draw("assignee", "", "ana", "ben", "ben2", "cleo"),
		Due: draw("due", "", "2026-01-01"), Metric: draw("metric", "", "m; target at_least 3 %", "free text")}
}

// row is the issue on the wire.
func (r remote) row(tracker *Tracker) json.RawMessage {
	ref := func(id string) any {
		if id == "" {
			return nil
		}
		return map[string]any{"id": id}
	}
	fields := map[string]any{"summary": r.Summary, "description": orNull(r.Description), "project": map[string]any{"id": "10000"}, "issuetype": map[string]any{"id": "10"},
		"updated": "2026-01-05T09:00:00.000+0000", "created": "2026-01-05T09:00:00.000+0000", "labels": []string{"a"},
		"status": map[string]any{"id": r.Status, "statusCategory": map[string]any{"key": r.Category}}, "resolution": ref(r.Resolution), "priority": ref(r.Priority),
		tracker.mapping.due: orNull(r.Due)}
	if tracker.mapping.metric != "" {
		fields[tracker.mapping.metric] = orNull(r.Metric)
	}
	fields["assignee"] = nil
	if r.Assignee != "" {
		fields["assignee"] = map[string]any{"accountId": r.Assignee, "name": r.Assignee, "displayName": r.Assignee}
	}
	raw, err := json.Marshal(map[string]any{"id": "10001", "key": "OPS-1", "fields": fields})
	if err != nil {
		panic(err)
	}
	return raw
}

// written is a Jira that does exactly as it is told.
func (r remote) written(tracker *Tracker, body map[string]any) remote {
	fields, _ := body["fields"].(map[string]any)
	text := func(v any) string {
		switch v := v.(type) {
		case string:
			return v
		case map[string]any:
			for _, x := range v {
				if s, ok := x.(string); ok {
					return s
				}
			}
		}
		return ""
	}
	for name, v := range fields {
		switch name {
		case "summary":
			r.Summary = text(v)
		case "description":
			r.Description = text(v)
		case "priority":
			r.Priority = text(v)
		case "assignee":
			r.Assignee = text(v)
		case tracker.mapping.due:
			r.Due = text(v)
		case tracker.mapping.metric:
			r.Metric = text(v)
		default:
			panic("unknown field " + name)
		}
	}
	return r
}

func anyValue(t *rapid.T, f domain.Field) string {
	draw := func(values ...string) string { return rapid.SampledFrom(values).Draw(t, "new "+string(f)) }
	switch f {
	case domain.FieldTitle:
		return domain.NormalTitle("t " + draw("x", "y z", strings.Repeat("long ", 60), "🙂"))
	case domain.FieldDescription:
		return markdownTextGen().Draw(t, "new text")
	case domain.FieldStatus:
		return draw("open", "in_progress", "done", "cancelled")
	case domain.FieldPriority:
		return draw("", "P0", "P1", "P2", "P3", "P4")
	case domain.FieldOwner:
		return draw("", "p_ana", "p_ben", "p_other", "p_nobody")
	case domain.FieldDueOn:
		return draw("", "2026-01-01", "2027-12-31")
	case domain.FieldMetric:
		return domain.ParseMetric(draw("", "a; target at_most 2", "b {code} [x|y] *z* \\ — - |", "not measurable: once")).Text()
	case domain.FieldIncident:
		return draw("INC-1", "INC-22")
	}
	return ""
}

// TestLensLaws is P7 and P8 for every field: what is written comes back,
// writing what is there changes nothing, and nothing else changes.
func TestLensLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tracker := lensTracker(t)
		r := anyRemote(t, tracker)
		on, broken := tracker.snapshot(r.row(tracker), answer{})
		if broken != nil {
			t.Fatal(broken.Reason)
		}
		for f, v := range on.Fields { // GetPut
			if v.State == domain.FieldFailed {
				continue
			}
			if put := tracker.Put(f, v.Value, on); put.Raw != v.Raw {
				t.Fatalf("GetPut %s: %q became %q", f, v.Raw, put.Raw)
			}
		}
		f := rapid.SampledFrom(domain.SyncedFields()).Draw(t, "field")
		d := anyValue(t, f)
		put := tracker.Put(f, d, on)
		w := planned(t, tracker, on, f, d)
		if f == domain.FieldStatus {
			checkStatusLaw(t, tracker, on, put, d)
			return
		}
		body := w.body.edit(w.p.Draft, w.n.Description)
		after, _ := tracker.snapshot(r.written(tracker, body).row(tracker), answer{})
		got, known := after.Fields[f]
		refused := w.pushed.Refused[f] != ""
		if put.State == domain.FieldFailed && !refused {
			t.Fatalf("%s = %q cannot be written and nobody says so", f, d)
		}
		if !refused && known && got.Raw != put.Raw {
			t.Fatalf("%s = %q: Put promised %q, the issue has %q\nbody %v", f, d, put.Raw, got.Raw, body)
		}
		if !refused && put.State == domain.FieldFine && known && !same(f, got.Value, put.Value) {
			t.Fatalf("PutGet %s: %q came back as %q (%s)\nbody %v", f, put.Value, got.Value, got.State, body)
		}
		for g, v := range on.Fields {
			if g != f && after.Fields[g].Raw != v.Raw {
				t.Fatalf("writing %s changed %s from %q to %q\nbody %v", f, g, v.Raw, after.Fields[g].Raw, body)
			}
		}
		if refused || !known {
			return
		}
		again := planned(t, tracker, after, f, d)
		if b := again.body.edit(again.p.Draft, again.n.Description); len(b) > 0 {
			t.Fatalf("writing %s = %q a second time is not a no-op: %v", f, d, b)
		}
	})
}

// planned is the plan of a push of one field, as the engine makes it: beside
// the field it names what the issue has.
func planned(t rapid.TB, tracker *Tracker, on domain.Snapshot, f domain.Field, d string) *write {
	values := map[domain.Field]string{}
	for g, v := range on.Fields {
		values[g] = v.Value
	}
	values[f] = d
	p := domain.Push{Draft: domain.Draft{MeasureID: "OWN", MeasureURL: "https://f.example/m", Values: values}, On: on, Fields: []domain.Field{f}}
	w := &write{t: tracker, p: p, on: on, n: nativeOf(on), pushed: domain.Pushed{Refused: map[domain.Field]string{}}, want: map[domain.Field]domain.RemoteValue{}}
	w.body = newPayload(tracker, splitBlock(w.n.Description, owner{w.n.Link, p.MeasureID}))
	w.plan()
	return w
}

// same compares a field's values: texts by what they say.
func same(f domain.Field, a, b string) bool {
	if f == domain.FieldDescription {
		return sameMarkdown(a, b)
	}
	return a == b
}

// checkStatusLaw: the promised status reads as what was asked for, whatever
// the mapping, or the field says that it cannot be had.
func checkStatusLaw(t *rapid.T, tracker *Tracker, on domain.Snapshot, put domain.RemoteValue, d string) {
	if put.State == domain.FieldFailed {
		if put.Problem == "" {
			t.Fatalf("status %q cannot be had and nobody says so", d)
		}
		return
	}
	if now := on.Fields[domain.FieldStatus]; now.Value == d && put.Raw != now.Raw && now.State == domain.FieldFine {
		t.Fatalf("the status %q says %q already and became %q", now.Raw, d, put.Raw)
	}
	status, resolution, _ := strings.Cut(put.Raw, "/")
	cat := category(domain.Projection(d))
	status = strings.TrimPrefix(status, "category:"+cat)
	if back, ok := tracker.mapping.statusOf(status, cat, resolution); put.Raw != on.Fields[domain.FieldStatus].Raw && (!ok || string(back) != d) {
		t.Fatalf("status %q is promised as %q, which reads as %q", d, put.Raw, back)
	}
}

// TestMappingTotal: every status of every category reads as something, and
// the same id always reads the same.
func TestMappingTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := lensTracker(t).mapping
		for _, cat := range []string{"new", "indeterminate", "done"} {
			id, resolution := fmt.Sprint(rapid.IntRange(1, 12).Draw(t, "id")), rapid.SampledFrom([]string{"", "100", "101", "102"}).Draw(t, "resolution")
			p, ok := m.statusOf(id, cat, resolution)
			if !ok || p == "" {
				t.Fatalf("status %s of category %s reads as nothing", id, cat)
			}
			if again, _ := m.statusOf(id, cat, resolution); again != p {
				t.Fatal("the same status reads as two things")
			}
		}
	})
}
