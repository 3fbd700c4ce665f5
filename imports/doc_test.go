package imports_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
)

// example is one or more files of docs/import.md and the result shown below them.
type example struct {
	line  int
	files []imports.File
	want  string
}

// TestDoc reads every example of docs/import.md and holds it to the result that
// the page shows.
func TestDoc(t *testing.T) {
	found := examples(t)
	if len(found) < 8 {
		t.Fatalf("the page has %d examples, want at least 8", len(found))
	}
	for _, e := range found {
		t.Run(fmt.Sprintf("line %d", e.line), func(t *testing.T) {
			got := outcome(imports.Read(e.files, imports.Options{Now: realNow()}))
			if diff := cmp.Diff(strings.Split(strings.TrimSpace(e.want), "\n"), got); diff != "" {
				t.Errorf("docs/import.md line %d (-page +read):\n%s", e.line, diff)
			}
		})
	}
}

// examples returns the fenced blocks that name a file, up to the block "text result".
func examples(t *testing.T) []example {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "import.md"))
	if err != nil {
		t.Fatal(err)
	}
	var found []example
	var now example
	lines := strings.Split(string(page), "\n")
	for n := 0; n < len(lines); n++ {
		info, ok := strings.CutPrefix(lines[n], "```")
		if !ok {
			continue
		}
		start := n
		n++
		for n < len(lines) && lines[n] != "```" {
			n++
		}
		body := strings.Join(lines[start+1:n], "\n") + "\n"
		kind, name, _ := strings.Cut(info, " ")
		switch {
		case info == "text result":
			if len(now.files) == 0 {
				t.Errorf("line %d: a result without a file", start+1)
			}
			now.want = body
			found, now = append(found, now), example{}
		case name != "":
			now.line = start + 1
			now.files = append(now.files, imports.File{Name: name, Data: strings.NewReader(body)})
		default:
			t.Errorf("line %d: the block %q is not tested; give it a file name", start+1, kind)
		}
	}
	return found
}

// outcome writes a result in one line per incident, measure, warning or refused row.
func outcome(r imports.Result, err error) []string {
	if e, ok := errors.AsType[*domain.Error](err); ok {
		var out []string
		for _, f := range e.Fields {
			out = append(out, "refused: "+f.Field+": "+f.Message)
		}
		return out
	}
	var out []string
	for _, i := range r.Batch.Incidents {
		d := i.Incident
		words := []string{"incident", d.ExternalID, fmt.Sprintf("%q", d.Title), string(d.Severity)}
		words = append(words, stated("started", d.StartedAt), stated("detected", d.DetectedAt), stated("mitigated", d.MitigatedAt), stated("resolved", d.ResolvedAt))
		if i.RecurrenceOfID != "" {
			words = append(words, "recurrence of "+i.RecurrenceOfID)
		}
		out = append(out, joinWords(words))
	}
	for _, m := range r.Batch.Measures {
		d := m.Measure
		words := []string{"measure", fmt.Sprintf("%q", d.Title), "of " + m.IncidentID, string(d.Kind), string(d.Priority), string(d.Status)}
		if m.StatusUnknown {
			words = append(words, "status unknown")
		}
		for _, v := range []struct{ label, value string }{{"owner", m.OwnerText}, {"metric", d.Metric.Text()}} {
			if v.value != "" {
				quoted := fmt.Sprintf("%s %q", v.label, v.value)
				if v.label == "metric" && !d.DueOn.IsZero() {
					quoted = "due " + d.DueOn.String() + " " + quoted
				}
				words = append(words, quoted)
			} else if v.label == "metric" && !d.DueOn.IsZero() {
				words = append(words, "due "+d.DueOn.String())
			}
		}
		for _, l := range m.Links {
			words = append(words, "link "+l)
		}
		out = append(out, joinWords(words))
	}
	for _, w := range r.Warnings {
		out = append(out, "warning: "+w.String())
	}
	return out
}

func stated(what string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return what + " " + at.UTC().Format(time.RFC3339)
}

func joinWords(words []string) string {
	var given []string
	for _, w := range words {
		if w != "" {
			given = append(given, w)
		}
	}
	return strings.Join(given, " ")
}
