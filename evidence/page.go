package evidence

import (
	_ "embed" // the page is a file
	"html/template"
	"io"
	"strconv"
	"strings"
)

//go:embed report.html.tmpl
var reportPage string

// contents are what a book says, put in order once for all files of a pack.
type contents struct {
	leaves   int
	measures []*Item
	traces   []Trace
	flags    []Flag
	clauses  []Clause
}

func (b *Book) contents() contents {
	measures := b.Register("measure")
	return contents{leaves: b.leaves, measures: measures, traces: b.traces(measures), flags: b.flagged(measures), clauses: b.Mapping()}
}

// writePage renders the report: static HTML, no script, nothing loaded.
func writePage(w io.Writer, c contents, scope Scope) error {
	t, err := template.New("report").Funcs(template.FuncMap{"day": day, "traced": traced, "registered": registered}).Parse(reportPage)
	if err != nil {
		return err
	}
	return t.Execute(w, struct {
		Scope    Scope
		Leaves   int
		Measures []*Item
		Traces   []Trace
		Flags    []Flag
		Clauses  []Clause
	}{scope, c.leaves, c.measures, c.traces, c.flags, c.clauses})
}

// traced and registered are the cells of a measure in the two long tables of
// the report. The template would look up and escape a million cells by
// reflection, which takes longer than all the rest of verifying a pack.
func traced(m *Item) template.HTML {
	return cells(m.Key, m.Fields["title"], m.Fields["kind"], m.Fields["status"], m.Fields["due_on"], strconv.Itoa(m.DueMoves), day(m.DoneAt), each(m.Links), each(m.Proofs),
		m.Fields["success_metric"], m.Fields["verdict"], m.Fields["verified_by"])
}

func registered(m *Item) template.HTML {
	return cells(m.Key, m.Fields["incident"], m.Fields["title"], m.Fields["status"], m.Fields["owner"]+m.Fields["external_owner"], m.OriginalDue, m.Fields["due_on"],
		strconv.Itoa(m.DueMoves), day(m.DoneAt), day(m.VerifiedAt), strconv.Itoa(m.Evidence), strconv.FormatInt(m.LastLeaf, 10))
}

// each puts a space behind every text.
func each(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return strings.Join(texts, " ") + " "
}

// cells are texts as cells of a table, escaped as html/template does it: the
// bytes of a report are the same for ever.
func cells(texts ...string) template.HTML {
	var b strings.Builder
	for _, text := range texts {
		b.WriteString("<td>")
		_, _ = escapes.WriteString(&b, text) // a builder takes everything
		b.WriteString("</td>")
	}
	return template.HTML(b.String()) //nolint:gosec // escaped above
}

var escapes = strings.NewReplacer("\x00", "\uFFFD", `"`, "&#34;", "&", "&amp;", "'", "&#39;", "+", "&#43;", "<", "&lt;", ">", "&gt;") //nolint:gochecknoglobals // never changed
