package imports

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// cells returns a table row's texts, Markdown kept.
func (r *report) cells(n ast.Node) []string {
	var out []string
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		out = append(out, strings.ReplaceAll(r.raw(c), `\|`, "|"))
	}
	return out
}

// isActionTable reports whether the header names an action. Inside a section
// of action items that is enough; elsewhere it must also name an owner, a date
// or the like, for timelines have a column "action" too.
func (r *report) isActionTable(t *extast.Table, inSection bool) bool {
	var columns []string
	for _, h := range r.cells(t.FirstChild()) {
		columns = append(columns, columnName(plainHeading(h)))
	}
	if !slices.Contains(columns, "title") {
		return false
	}
	extra := slices.ContainsFunc([]string{"owner", "due_on", "priority", "kind", "ticket_refs"}, func(c string) bool { return slices.Contains(columns, c) })
	return inSection || extra && !slices.Contains(columns, "time") && !slices.Contains(columns, "date")
}

// table takes every row as a measure. Words that mean nothing here are named
// and kept as text: a report is written for people.
func (r *report) table(t *extast.Table, s *section) {
	headers := r.cells(t.FirstChild())
	columns := make([]string, len(headers))
	for n, h := range headers {
		columns[n] = columnName(plainHeading(h))
		if slices.Contains(columns[:n], columns[n]) {
			columns[n] = ""
		}
	}
	for line := t.FirstChild().NextSibling(); line != nil; line = line.NextSibling() {
		out := row{file: r.file, line: r.line(max(0, r.start(line))), text: map[string]string{"section": s.name, "kind": string(s.kind)}}
		var kept []string
		for n, cell := range r.cells(line) {
			if n >= len(columns) || isNothing(cell) {
				continue
			}
			if text := r.cell(out, columns[n], cell); text != "" {
				kept = append(kept, "- "+plainHeading(headers[n])+": "+text)
			}
		}
		if out.text["title"] == "" {
			continue // an empty row of the form
		}
		if out.text["status"] == "" {
			r.unstatedStatus(out, s)
		}
		out.text["description"] = joinParts(out.text["description"], strings.Join(kept, "\n"))
		r.measure(out)
	}
}

func (r *report) unstatedStatus(out row, s *section) {
	switch mark := doneMark(out.text["title"]); {
	case mark != "":
		out.text["status"], out.text["status_evidence"] = "done", mark
	case s.done:
		out.text["status"], out.text["status_evidence"] = "done", "heading "+s.name
	}
}

// cell stores one cell under its column, or returns the text to keep where the
// column or the word has no place.
func (r *report) cell(out row, column, text string) string {
	plain := plainHeading(text)
	switch column {
	case "title", "description", "owner", "success_metric", "section":
		out.text[column] = text
	case "ticket_refs", "links":
		_, found := splitLinks(text)
		if len(found) == 0 {
			return text
		}
		out.text["links"] = strings.Trim(out.text["links"]+";"+strings.Join(found, ";"), ";")
		return text
	case "priority":
		return r.word(out, column, plain, func() bool { _, ok := priorityWord(plain); return ok })
	case "kind":
		return r.word(out, column, plain, func() bool { _, ok := kindWord(plain); return ok })
	case "status":
		return r.statusCell(out, plain)
	case "due_on":
		if _, ok := date(plain); ok {
			out.text["due_on"] = plain
			return ""
		}
		r.b.warn(out, "due_on", "%q is not a date; kept as text only", plain)
		out.text["due_text"] = plain
	default:
		return text
	}
	return ""
}

func (r *report) word(out row, column, text string, known func() bool) string {
	if known() {
		out.text[column] = text
		return ""
	}
	r.b.warn(out, column, "%q is not a value of ours; kept as text only", text)
	return text
}

// statusCell reads a box, a tick or a word.
func (r *report) statusCell(out row, text string) string {
	switch strings.ToLower(text) {
	case "[x]":
		text = "done"
	case "[ ]", "☐", "⬜":
		text = "open"
	}
	status, ok := statusWord(text)
	switch {
	case ok && status != "cancelled":
		out.text["status"], out.text["status_evidence"] = text, text
	case doneMark(text) != "":
		out.text["status"], out.text["status_evidence"] = "done", doneMark(text)
	default:
		r.b.warn(out, "status", "%q does not say whether the measure is done; the status stays unknown", text)
		return text
	}
	return ""
}
