package github

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
)

// nowhere fails every request: lenses are pure.
type nowhere struct{ t *rapid.T }

func (n nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Fatalf("a lens sent %s %s", r.Method, r.URL)
	return nil, domain.Errorf(domain.ErrUnavailable, "nowhere")
}

func lensTracker(t *rapid.T) *Tracker {
	tracker, err := New(Config{
		Tracker:    domain.Tracker{ID: "a", BaseURL: "https://api.github.com", Repository: "acme/platform"},
		Secrets:    domain.Secrets{Credential: "token"},
		Identities: []domain.Identity{{Person: "p_ana", Account: "11", Login: "ana"}, {Person: "p_ben", Account: "12", Login: "ben"}, {Person: "p_dan", Login: "dan"}},
		Transport:  nowhere{t}, Now: func() time.Time { return time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return tracker
}

// anyIssue draws an issue as people and other programs may have left it.
func anyIssue(t *rapid.T, tracker *Tracker) domain.Snapshot {
	number, title := 7, rapid.OneOf(rapid.SampledFrom([]string{"a", " spaced  out ", "two\nlines", "emoji 🙂"}), anyText(4)).Draw(t, "title")
	body := anyText(6).Draw(t, "before")
	if rapid.Bool().Draw(t, "has block") {
		body += rapid.SampledFrom([]string{"\n\n", "\n", ""}).Draw(t, "gap")
		if body != "" && !strings.HasSuffix(body, "\n") {
			body += "\n"
		}
		body += render("", rapid.SampledFrom([]string{"OWN", "COPY"}).Draw(t, "id"), "n", rapid.SampledFrom([]string{"2026-03-31", "", "soon"}).Draw(t, "due"),
			rapid.SampledFrom([]string{"pages per week; target at_most 2", "", "a  b"}).Draw(t, "metric")) + rapid.SampledFrom([]string{"", "\nafter", "\n"}).Draw(t, "after")
	}
	if rapid.Bool().Draw(t, "crlf") {
		body = strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\n", "\r\n")
	}
	i := issue{NodeID: "I_7", Number: number, Title: &title, Body: &body, State: rapid.SampledFrom([]string{"open", "closed"}).Draw(t, "state"), UpdatedAt: time.Unix(1e9, 0)}
	if reason := rapid.SampledFrom([]string{"", "completed", "not_planned", "duplicate", "reopened"}).Draw(t, "reason"); reason != "" {
		i.StateReason = &reason
	}
	names := []string{"priority: P0", "Priority: p2", "priority: P4", "status: in progress", "bug"}
	for n, name := range names {
		if rapid.Bool().Draw(t, name) {
			i.Labels = append(i.Labels, label{ID: int64(n + 1), Name: name})
		}
	}
	for _, a := range []account{{11, "ana"}, {12, "ben"}, {13, "dan"}, {14, "stranger"}} {
		if rapid.IntRange(0, 2).Draw(t, a.Login) == 0 {
			i.Assignees = append(i.Assignees, a)
		}
	}
	return tracker.For(tracker.snapshot(i, "1", time.Time{}, time.Time{}), "OWN")
}

func anyValue(t *rapid.T, f domain.Field) string {
	switch f {
	case domain.FieldTitle:
		title := domain.NormalTitle(printable(anyText(5).Draw(t, "new title")))
		return strings.TrimSpace("t " + title)
	case domain.FieldDescription:
		return normal(printable(anyText(10).Draw(t, "new text")))
	case domain.FieldStatus:
		return rapid.SampledFrom([]string{"open", "in_progress", "done", "cancelled"}).Draw(t, "new status")
	case domain.FieldPriority:
		return rapid.SampledFrom([]string{"", "P0", "P1", "P2", "P3", "P4"}).Draw(t, "new priority")
	case domain.FieldOwner:
		return rapid.SampledFrom([]string{"", "p_ana", "p_ben", "p_dan", "p_unmapped"}).Draw(t, "new owner")
	case domain.FieldDueOn:
		return rapid.SampledFrom([]string{"", "2026-01-01", "2027-12-31"}).Draw(t, "new due")
	case domain.FieldMetric:
		return domain.ParseMetric(printable(anyText(4).Draw(t, "new metric"))).Text()
	case domain.FieldIncident:
		return rapid.SampledFrom([]string{"INC-1", "INC-22"}).Draw(t, "new incident")
	}
	return ""
}

// apply is a GitHub that does exactly as it is told.
func apply(tracker *Tracker, on domain.Snapshot, p plan) domain.Snapshot {
	n := nativeOf(on)
	if v, ok := p.patch["title"].(string); ok {
		n.Title = v
	}
	if v, ok := p.patch["body"].(string); ok {
		n.Body = v
	}
	if v, ok := p.patch["state"].(string); ok {
		n.State, n.Reason = v, ""
		if reason, ok := p.patch["state_reason"].(string); ok {
			n.Reason = reason
		}
	}
	if logins, ok := p.patch["assignees"].([]string); ok {
		ids := map[string]int64{"ana": 11, "ben": 12, "dan": 13, "stranger": 14}
		n.Assignees = nil
		for _, l := range logins {
			n.Assignees = append(n.Assignees, account{ids[l], l})
		}
	}
	for _, add := range p.add {
		n.Labels = append(n.Labels, label{ID: int64(100 + len(n.Labels)), Name: add.name, Means: tracker.means(label{Name: add.name})})
	}
	for _, drop := range p.drop {
		n.Labels = slices.DeleteFunc(n.Labels, func(l label) bool { return l.Name == drop.name })
	}
	return tracker.For(tracker.build(n, on), "OWN")
}

// TestLensLaws is P7 and P8: what is written comes back, writing what is there
// changes nothing, and nothing else changes.
func TestLensLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tracker := lensTracker(t)
		on := anyIssue(t, tracker)
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
		// A push names what the issue has beside the field, as the engine does.
		values := map[domain.Field]string{f: d}
		for g, v := range on.Fields {
			if g != f {
				values[g] = v.Value
			}
		}
		w := &writer{t: tracker, now: nativeOf(on), refused: map[domain.Field]string{}, back: on,
			push: domain.Push{Draft: domain.Draft{MeasureID: "OWN", MeasureURL: "https://f.example/m", Values: values}, On: on, Fields: []domain.Field{f}}}
		p := w.plan(t.Context())
		after := apply(tracker, on, p)
		got, known := after.Fields[f]
		if put.State == domain.FieldFailed {
			if w.refused[f] == "" {
				t.Fatalf("%s = %q cannot be written and nobody says so", f, d)
			}
		} else if known && got.Raw != put.Raw && !strings.HasPrefix(put.Raw, "@") { // the id behind a login is learned from the answer
			t.Fatalf("%s = %q: Put promised %q, the issue has %q", f, d, put.Raw, got.Raw)
		}
		if put.State == domain.FieldFine && known && got.Value != d { // PutGet
			t.Fatalf("PutGet %s: %q came back as %q (%+v)\nbody %q", f, d, got.Value, got, nativeOf(after).Body)
		}
		for g, v := range on.Fields {
			if g != f && after.Fields[g].Raw != v.Raw {
				t.Fatalf("writing %s changed %s from %q to %q\nbefore %q\nafter %q", f, g, v.Raw, after.Fields[g].Raw, nativeOf(on).Body, nativeOf(after).Body)
			}
		}
		w2 := &writer{t: tracker, now: nativeOf(after), refused: map[domain.Field]string{}, back: after,
			push: domain.Push{Draft: w.push.Draft, On: after, Fields: []domain.Field{f}}}
		if again := w2.plan(t.Context()); known && put.State == domain.FieldFine && len(again.patch)+len(again.add)+len(again.drop) > 0 {
			t.Fatalf("writing %s = %q a second time is not a no-op: %+v", f, d, again)
		}
	})
}
