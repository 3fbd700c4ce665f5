package imports

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	mdtext "github.com/yuin/goldmark/text"

	"github.com/followthrough/followthrough/domain"
)

// report is one postmortem on its way: the incident, and its action items in
// the order of the text.
type report struct {
	b     *builder
	file  string
	src   []byte
	lines []int
	id    string
	seq   int
}

// readMarkdown reads one postmortem. The file name is the incident's id: it is
// the one name of the report that stays.
func (b *builder) readMarkdown(name, text string) {
	r := &report{b: b, file: name, lines: lineStarts(text), id: name}
	front, body := frontMatter(text)
	r.src = []byte(body)
	if line := tooDeep(body); line > 0 {
		b.refuse(name, line, "", "is nested more than %d deep; a list of actions is not", maxNesting)
		return
	}
	if strings.Count(body, "](") > maxLinks {
		b.refuse(name, 0, "", "has more than %d links; a report of one incident has fewer", maxLinks)
		return
	}
	parser := goldmark.New(goldmark.WithExtensions(extension.Table, extension.TaskList)).Parser()
	doc := parser.Parse(mdtext.NewReader(r.src))
	r.incident(doc, front)
	r.sections(doc)
}

// maxNesting bounds quotes and lists within each other on one line, maxLinks
// the links of a report: the time to parse them grows with their square.
const (
	maxNesting = 50
	maxLinks   = 5_000
)

// tooDeep returns the first line that opens more than maxNesting blocks, or 0.
func tooDeep(text string) int {
	for n, line := range strings.Split(text, "\n") {
		depth := 0
	scan:
		for at := 0; at < len(line); at++ {
			blank := at+1 < len(line) && (line[at+1] == ' ' || line[at+1] == '\t')
			switch c := line[at]; {
			case c == '>', blank && strings.IndexByte("*+-.)", c) >= 0:
				if depth++; depth > maxNesting {
					return n + 1
				}
			case c != ' ' && c != '\t' && (c < '0' || c > '9'):
				break scan
			}
		}
	}
	return 0
}

func (r *report) line(at int) int { return document{lines: r.lines}.line(at) }

// incident makes the incident of the report from its head: the title, the
// summary, and labelled instants.
func (r *report) incident(doc ast.Node, front map[string]string) {
	out := row{file: r.file, line: 1, text: map[string]string{"incident_id": r.id}}
	title := front["title"]
	for n := doc.FirstChild(); n != nil && title == ""; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok && h.Lines().Len() > 0 { // "# " alone has no text
			title, out.line = r.raw(h), r.line(h.Lines().At(0).Start)
		}
	}
	out.text["title"] = plainHeading(title)
	if out.text["title"] == "" {
		out.text["title"] = strings.TrimSuffix(r.file, filepath.Ext(r.file))
		r.b.warn(out, "title", "the report has no heading; the file name stands for the title")
	}
	out.text["summary"] = r.summary(doc)
	maps.Copy(out.text, r.labels(front))
	if r.b.count(r.file, out.line) && r.b.clean(out) {
		r.b.addIncident(out)
		i := &r.b.incidents[len(r.b.incidents)-1]
		day := domain.Date{}
		if !i.Incident.StartedAt.IsZero() {
			day = domain.DateOf(i.Incident.StartedAt)
		}
		i.Entries = r.b.reviewOf(out, string(r.src), day)
	}
}

// frontMatter returns the simple keys of a head between lines of dashes, and
// the text with that head blanked, so that line numbers stay.
func frontMatter(text string) (map[string]string, string) {
	front := map[string]string{}
	if !strings.HasPrefix(text, "---\n") {
		return front, text
	}
	head, _, ok := strings.Cut(text[4:], "\n---\n")
	if !ok {
		return front, text
	}
	for line := range strings.SplitSeq(head, "\n") {
		if key, value, ok := strings.Cut(line, ":"); ok {
			front[strings.ToLower(strings.TrimSpace(key))] = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	size := 4 + len(head) + len("\n---\n")
	return front, strings.Repeat("\n", strings.Count(text[:size], "\n")) + text[size:]
}

// raw returns the source of a block's lines, Markdown kept.
func (r *report) raw(n ast.Node) string {
	var out strings.Builder
	for s := range n.Lines().Len() {
		segment := n.Lines().At(s)
		out.Write(segment.Value(r.src))
	}
	return strings.TrimSpace(out.String())
}

// start returns where a block begins in the source, or -1.
func (r *report) start(n ast.Node) int {
	if n.Type() == ast.TypeBlock && n.Lines() != nil && n.Lines().Len() > 0 {
		return n.Lines().At(0).Start
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c.Type() != ast.TypeBlock {
			break
		}
		if at := r.start(c); at >= 0 {
			return at
		}
	}
	return -1
}

// plainHeading is a heading's text without links and marks of emphasis.
func plainHeading(raw string) string {
	text, _ := splitLinks(raw)
	return domain.NormalTitle(strings.NewReplacer("**", "", "__", "", "`", "").Replace(strings.Trim(text, "# ")))
}

// summary returns the text under the first heading of that name.
func (r *report) summary(doc ast.Node) string {
	from := -1
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok || h.Lines().Len() == 0 {
			continue
		}
		segment := h.Lines().At(0)
		if from >= 0 {
			head := strings.LastIndexByte(string(r.src[:segment.Start]), '\n') + 1
			return domain.NormalText(strings.TrimSpace(string(r.src[from:max(from, head)])))
		}
		switch strings.ToLower(plainHeading(r.raw(h))) {
		case "summary", "executive summary", "overview", "tl;dr", "tldr", "zusammenfassung", "überblick":
			from = r.line(segment.Start)
			if from >= len(r.lines) {
				return ""
			}
			from = r.lines[from] // the line after the heading
			if next := h.NextSibling(); next != nil && r.start(next) > from {
				from = r.lines[r.line(r.start(next))-1]
			}
		}
	}
	if from >= 0 {
		return domain.NormalText(strings.TrimSpace(string(r.src[min(from, len(r.src)):])))
	}
	return ""
}

// labelled finds "- First detected: 2021-07-12 15:44" and its like: a label, an
// instant and nothing else on the line.
var labelled = regexp.MustCompile(`(?im)^[\s>*+-]*\**(started(?: at)?|beginn|detected(?: at)?|first detected|erkannt|(?:incident )?declared|mitigated(?: at)?|repaired|resolved(?: at)?|behoben|severity|schweregrad)\**\s*:?\**\s*:?\s*` +
	`(sev-?[1-5]|\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?(?: ?UTC)?)\s*$`)

// labels returns the labelled values by column. A label with two different
// values is left out.
func (r *report) labels(front map[string]string) map[string]string {
	out := map[string]string{}
	columns := map[string]string{"started": "started_at", "started at": "started_at", "beginn": "started_at",
		"detected": "first_detected", "detected at": "first_detected", "first detected": "first_detected", "erkannt": "first_detected",
		"declared": "declared", "incident declared": "declared",
		"mitigated": "mitigated_at", "mitigated at": "mitigated_at", "repaired": "repaired",
		"resolved": "resolved", "resolved at": "resolved", "behoben": "resolved",
		"severity": "severity", "schweregrad": "severity"}
	twice := map[string]bool{}
	for _, m := range labelled.FindAllSubmatchIndex(r.src, -1) {
		column := columns[strings.ToLower(string(r.src[m[2]:m[3]]))]
		value := strings.ToUpper(string(r.src[m[4]:m[5]]))
		if rest, ok := strings.CutSuffix(value, "UTC"); ok {
			value = strings.Replace(strings.TrimSpace(rest), " ", "T", 1)
			if strings.Count(value, ":") == 1 {
				value += ":00"
			}
			value += "Z"
		}
		value = strings.Replace(value, "SEV-", "SEV", 1)
		if before, ok := out[column]; ok && before != value {
			r.b.warn(row{file: r.file, line: r.line(m[2])}, column, "%s contradicts the earlier %s; both are left out", value, before)
			twice[column] = true
		}
		out[column] = value
	}
	for column := range twice {
		delete(out, column)
	}
	if s := front["severity"]; s != "" {
		out["severity"] = s
	}
	return out
}

// measure adds one action item.
func (r *report) measure(item row) int {
	if !r.b.count(r.file, item.line) || !r.b.clean(item) {
		return 0
	}
	r.seq++
	item.text["incident_id"], item.text["seq"] = r.id, fmt.Sprint(r.seq)
	r.b.addMeasure(item)
	return r.seq
}

// tableOf returns the node as a table.
func tableOf(n ast.Node) (*extast.Table, bool) {
	t, ok := n.(*extast.Table)
	return t, ok
}
