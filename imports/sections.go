package imports

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"github.com/followthrough/followthrough/domain"
)

// section is a stretch of the report that holds action items.
type section struct {
	// name is the heading the items stand under, when it says more than "action items".
	name string
	done bool
	kind domain.MeasureKind
	// tables is true when a table states the items; plain lists beside it explain.
	tables bool
}

// isActionHeading recognises the headings that reports use for action items.
func isActionHeading(raw string) bool {
	text := strings.ToLower(plainHeading(raw))
	if before, _, ok := strings.Cut(text, "("); ok {
		text = before
	}
	text = strings.NewReplacer("-", " ", "_", " ", "*", "", "&", "and", ":", "").Replace(text)
	text = strings.Join(strings.FieldsFunc(text, func(c rune) bool {
		return c != 'ß' && c != 'ä' && c != 'ö' && c != 'ü' && (c < 'a' || c > 'z')
	}), " ")
	return slices.Contains([]string{
		"action items", "action item", "actions", "action plan", "actions taken and planned", "review actions", "future actions",
		"next steps", "next actions", "follow up", "follow ups", "followup", "followups", "follow up actions", "followup actions",
		"follow up items", "follow up tasks", "remediation", "remediations", "remediation items", "remediation actions", "corrective actions",
		"corrective measures", "preventive measures", "preventative measures", "preventive actions", "corrective and preventive actions",
		"corrective and preventive measures", "corrective and preventative measures", "todo", "to do", "todos", "measures",
		"how are we preventing it from happening again", "how will we prevent this from happening again",
		"how do we prevent this from happening again",
		"maßnahmen", "massnahmen", "folgemaßnahmen", "folgemassnahmen", "nächste schritte", "naechste schritte", "aufgaben",
	}, text)
}

// sections walks the blocks of the report and takes the items of every section
// of action items.
func (r *report) sections(doc ast.Node) {
	var open *section
	level, before, opened, prose := 0, 0, row{}, false
	say := func() {
		if open != nil && prose && r.seq == before {
			r.b.warn(opened, "", "the section has text, but neither a list nor a table of actions; nothing was taken from it")
		}
	}
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			if open == nil || h.Level <= level {
				say()
				before, prose = r.seq, false
				opened = row{file: r.file, line: r.line(max(0, r.start(h)))}
			}
			open, level = r.heading(h, open, level)
			continue
		}
		_, text := n.(*ast.Paragraph)
		prose = prose || text
		switch {
		case open != nil:
			r.block(n, open)
		case isLabel(r, n):
			if next := n.NextSibling(); next != nil {
				r.block(next, &section{done: saysCompleted(r.raw(n))})
			}
		default:
			r.outside(n)
		}
	}
	say()
}

// heading opens a section, names the part of one, or closes it.
func (r *report) heading(h *ast.Heading, open *section, level int) (*section, int) {
	text := r.raw(h)
	switch {
	case open != nil && h.Level > level:
		name := plainHeading(text)
		return &section{name: name, done: saysCompleted(text), kind: r.headingKind(h), tables: open.tables}, level
	case isActionHeading(text):
		return &section{done: saysCompleted(text), tables: r.hasTable(h)}, h.Level
	}
	return nil, 0
}

// headingKind returns the kind that a heading states. "Prevention" and its like
// classify; "Process" or "Training" may just name a subject, so they count only
// beside one that classifies.
func (r *report) headingKind(h *ast.Heading) domain.MeasureKind {
	kind, _ := kindWord(plainHeading(r.raw(h)))
	if kind == "" || classifies(kind) {
		return kind
	}
	for _, step := range []func(ast.Node) ast.Node{ast.Node.PreviousSibling, ast.Node.NextSibling} {
		for n := step(h); n != nil; n = step(n) {
			other, ok := n.(*ast.Heading)
			if ok && other.Level < h.Level {
				break
			}
			if ok && other.Level == h.Level {
				if beside, _ := kindWord(plainHeading(r.raw(other))); classifies(beside) {
					return kind
				}
			}
		}
	}
	return ""
}

func classifies(kind domain.MeasureKind) bool {
	return kind == domain.Prevent || kind == domain.Detect || kind == domain.Mitigate
}

// hasTable reports whether a table of action items follows before the next
// heading of the same rank.
func (r *report) hasTable(h *ast.Heading) bool {
	for n := h.NextSibling(); n != nil; n = n.NextSibling() {
		if other, ok := n.(*ast.Heading); ok && other.Level <= h.Level {
			return false
		}
		if t, ok := tableOf(n); ok && r.isActionTable(t, true) {
			return true
		}
	}
	return false
}

// isLabel recognises a paragraph that stands for a heading: "**Action items:**".
func isLabel(r *report, n ast.Node) bool {
	if _, ok := n.(*ast.Paragraph); !ok {
		return false
	}
	text := r.raw(n)
	_, list := n.NextSibling().(*ast.List)
	_, table := n.NextSibling().(*extast.Table)
	return (list || table) && len(text) < 80 && (strings.HasPrefix(text, "**") || strings.HasSuffix(text, ":")) && isActionHeading(text)
}

// outside looks at a block that no section covers: a table of actions with
// owners or dates says itself what it is, and a list may hold a labelled part.
func (r *report) outside(n ast.Node) {
	switch n := n.(type) {
	case *extast.Table:
		if r.isActionTable(n, false) {
			r.table(n, &section{})
		}
	case *ast.List:
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			if first := item.FirstChild(); first != nil {
				r.labelledItem(first, n)
			}
		}
	}
}

// labelledItem takes the items under "- **Review actions**:", be they nested,
// on the same line, or in the list that follows.
func (r *report) labelledItem(first ast.Node, within *ast.List) {
	label, after := labelOf(r.raw(first))
	if !isActionHeading(label) {
		return
	}
	s := &section{done: saysCompleted(label)}
	switch {
	case after != "":
		out := row{file: r.file, line: r.line(max(0, r.start(first))), text: map[string]string{"title": after}}
		r.unstatedStatus(out, s)
		r.measure(out)
	case first.NextSibling() != nil:
		for c := first.NextSibling(); c != nil; c = c.NextSibling() {
			r.block(c, s)
		}
	case first.Parent().NextSibling() == nil && within.NextSibling() != nil:
		r.block(within.NextSibling(), s)
	}
}

// labelOf splits an item at its bold or coloned head: "**Review actions**: text".
func labelOf(text string) (label, after string) {
	if rest, ok := strings.CutPrefix(text, "**"); ok {
		if label, after, ok := strings.Cut(rest, "**"); ok && (strings.HasSuffix(label, ":") || strings.HasPrefix(after, ":")) {
			return label, strings.TrimSpace(strings.TrimPrefix(after, ":"))
		}
		return "", ""
	}
	if label, ok := strings.CutSuffix(text, ":"); ok {
		return label, ""
	}
	return "", ""
}

func (r *report) block(n ast.Node, s *section) {
	switch n := n.(type) {
	case *extast.Table:
		if r.isActionTable(n, true) {
			r.table(n, s)
		}
	case *ast.List:
		switch {
		case s.tables && !r.isChecklist(n):
		case isDetail(n):
			r.detail(n)
		default:
			r.list(n, s, 0)
		}
	}
}

// isDetail recognises bullets that stand between the numbers of one list: "1.",
// bullets, "2.", bullets. They explain the number above and are no items.
func isDetail(l *ast.List) bool {
	if l.IsOrdered() {
		return false
	}
	numbered := 0
	for n := ast.Node(l); n != nil; n = n.PreviousSibling() {
		if _, ok := n.(*ast.Heading); ok {
			break
		}
		if o, ok := n.(*ast.List); ok && o.IsOrdered() {
			numbered = o.Start + o.ChildCount()
			if o.Start > 1 {
				return true
			}
			break
		}
	}
	for n := l.NextSibling(); n != nil && numbered > 0; n = n.NextSibling() {
		if _, ok := n.(*ast.Heading); ok {
			return false
		}
		if o, ok := n.(*ast.List); ok && o.IsOrdered() {
			return o.Start == numbered
		}
	}
	return false
}

// detail keeps a list as part of the item before it.
func (r *report) detail(l *ast.List) {
	if len(r.b.measures) == 0 || r.b.measures[len(r.b.measures)-1].row.file != r.file {
		return
	}
	var lines []string
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		if first := item.FirstChild(); first != nil {
			lines = append(lines, "- "+domain.NormalTitle(r.raw(first)))
		}
	}
	d := &r.b.measures[len(r.b.measures)-1].Measure
	d.Description = joinParts(strings.Join(lines, "\n"), d.Description)
}

func (r *report) isChecklist(l *ast.List) bool {
	item := l.FirstChild()
	return item != nil && checkbox(item.FirstChild()) != nil
}

// list takes every item as a row, nested ones as rows of their own.
func (r *report) list(l *ast.List, s *section, parent int) {
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		seq := parent
		for c := item.FirstChild(); c != nil; c = c.NextSibling() {
			switch c := c.(type) {
			case *ast.List:
				r.list(c, s, seq)
			case *ast.TextBlock, *ast.Paragraph:
				if seq == parent {
					seq = r.item(c, s, parent)
				}
			}
		}
	}
}

// item turns the first text of a list item into a row. It returns the item's
// number, or its parent's when the text says nothing.
func (r *report) item(n ast.Node, s *section, parent int) int {
	raw := r.raw(n)
	text := strings.TrimSpace(boxed.ReplaceAllString(raw, ""))
	out := row{file: r.file, line: r.line(max(0, r.start(n))), text: map[string]string{"section": s.name}}
	if isNothing(text) {
		if text != "" {
			r.b.warn(out, "title", "%q is not an action; left out", text)
		}
		return parent
	}
	out.text["title"] = runIn(withoutTick(text))
	if m := ownedBy.FindStringSubmatch(text); m != nil && !isNothing(m[1]) {
		out.text["owner"] = strings.TrimRight(m[1], ".")
	}
	out.text["kind"] = string(s.kind)
	out.text["description"] = r.more(n)
	if parent > 0 {
		out.text["parent_seq"] = strconv.Itoa(parent)
	}
	switch box := checkbox(n); {
	case box != nil && box.IsChecked:
		out.text["status"], out.text["status_evidence"] = "done", "[x]"
	case doneMark(text) != "":
		out.text["status"], out.text["status_evidence"] = "done", doneMark(text)
	case s.done:
		out.text["status"], out.text["status_evidence"] = "done", "heading "+s.name
	case box != nil:
		out.text["status"], out.text["status_evidence"] = "open", "[ ]"
	}
	return r.measure(out)
}

// more returns the further paragraphs of an item.
func (r *report) more(n ast.Node) string {
	var parts []string
	for c := n.NextSibling(); c != nil; c = c.NextSibling() {
		if p, ok := c.(*ast.Paragraph); ok {
			parts = append(parts, r.raw(p))
		}
	}
	return strings.Join(parts, "\n\n")
}

func checkbox(n ast.Node) *extast.TaskCheckBox {
	if n == nil || n.FirstChild() == nil {
		return nil
	}
	box, _ := n.FirstChild().(*extast.TaskCheckBox)
	return box
}

var (
	boxed    = regexp.MustCompile(`^\[[ xX]\]\s*`)
	markDone = regexp.MustCompile(`\bDONE\b|\((?i:done|completed|complete|erledigt)\)|\[(?i:done|completed|erledigt)\](?:[^(]|$)`)
	noteDone = regexp.MustCompile(`(?i)(?:^|[.!?:)\]]\s+)([_*]{1,2}(?:done|completed|erledigt)\b[^_*]*[_*]{1,2})\.?$`)
	headDone = regexp.MustCompile(`(?i)\((?:completed|complete|done|erledigt|abgeschlossen)\)|^[#\s*]*(?:completed|done|erledigt)\b`)
)

// doneMark returns the mark that says an item is done: DONE in capitals, a
// bracketed word, a tick, an emphasised remark at the end. Words in a sentence
// are no mark.
func doneMark(text string) string {
	for _, tick := range []string{"✅", "✔", "✓", "☑"} {
		if strings.Contains(text, tick) {
			return tick
		}
	}
	if mark := strings.TrimSpace(markDone.FindString(text)); mark != "" {
		return mark
	}
	if note := noteDone.FindStringSubmatch(strings.TrimSpace(text)); note != nil {
		return note[1]
	}
	return ""
}

// withoutTick takes a leading tick off a title, as it takes off a box.
func withoutTick(text string) string {
	return strings.TrimSpace(strings.TrimLeft(text, "✅✔✓☑\ufe0f "))
}

// boldLine is a first line that is bold as a whole.
var boldLine = regexp.MustCompile(`^\*\*([^*\n]+)\*\*[ \t]*(?:\n\s*|$)`)

// ownedBy is an owner stated at the end of an item: "… Owner: @ana". It is a
// login or a name; other words after the label are a sentence.
var ownedBy = regexp.MustCompile(`(?:^|[\s.;,(])\**(?i:owner|assignee|responsible|verantwortlich)\**\s*:\**\s*(@[\w.-]+|\p{Lu}[\pL.'-]*(?: \p{Lu}[\pL.'-]*){0,2})\)?\.?$`)

// runIn writes a bold first line as the first sentence of its item. Titles of
// issues carry no emphasis, and the head would run into the text below.
func runIn(text string) string {
	m := boldLine.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	head, rest := strings.TrimSpace(m[1]), text[len(m[0]):]
	if rest != "" && !strings.ContainsAny(head[len(head)-1:], ".:!?") {
		head += "."
	}
	return strings.TrimSpace(head + " " + rest)
}

// saysCompleted reports whether a heading calls its whole section completed.
func saysCompleted(heading string) bool {
	return headDone.MatchString(heading)
}

// isNothing recognises what people write where there is no item.
func isNothing(text string) bool {
	return slices.Contains([]string{"", "-", "–", "—", "...", "…", "none", "none.", "n/a", "na", "tbd", "tba", "?", "keine", "entfällt"}, strings.ToLower(strings.TrimSpace(text)))
}
