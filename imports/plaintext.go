package imports

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	bulleted  = regexp.MustCompile(`^\s*(?:[-*•–]|\d{1,3}[.)])\s+(.*)$`)
	columnGap = regexp.MustCompile(`\S\s{12,}\S`)
	clock     = regexp.MustCompile(`^\d{1,2}:\d{2}(?:\s?[AP]M)?\b`)
	pageFoot  = regexp.MustCompile(`^\d+ of \d+\b`)
)

// readPlain reads a postmortem without markup, such as the text of a PDF: the
// first line is the title, a line that says "Action Items" opens the list.
func (b *builder) readPlain(name, text string) {
	r := &report{b: b, file: name, src: []byte(text), lines: lineStarts(text), id: name}
	lines := strings.Split(text, "\n")
	head := row{file: name, line: 1, text: map[string]string{"incident_id": name}}
	for n, l := range lines {
		if l = strings.Trim(l, " \t\f"); l != "" {
			head.text["title"], head.line = l, n+1
			break
		}
	}
	if head.text["title"] == "" {
		head.text["title"] = strings.TrimSuffix(name, filepath.Ext(name))
		b.warn(head, "title", "the report is empty; the file name stands for the title")
	}
	maps.Copy(head.text, r.labels(nil))
	if b.count(name, head.line) && b.clean(head) {
		b.addIncident(head)
	}
	for n := 0; n < len(lines); n++ {
		if isActionHeading(strings.Trim(lines[n], " \t\f")) {
			n = r.plainItems(lines, n+1) - 1
		}
	}
}

// plainItem is an item while its lines are collected.
type plainItem struct {
	line  int
	parts []string
}

// plainItems collects the bulleted lines after a heading and returns the line
// that ends them: another heading, the timeline, or running text after a gap.
func (r *report) plainItems(lines []string, from int) int {
	var items []plainItem
	blank, at, prose := 0, from, false
scan:
	for ; at < len(lines); at++ {
		text := strings.TrimRight(leftColumn(lines[at]), " \t\f")
		trimmed := strings.Trim(text, " \t\f")
		found := bulleted.FindStringSubmatch(text)
		switch {
		case trimmed == "":
			blank++
			continue
		case isPlainHeading(trimmed):
			break scan
		case found != nil:
			items = append(items, plainItem{line: at + 1, parts: []string{found[1]}})
			blank = 0
			continue
		case len(items) > 0 && blank == 0 && !isClock(trimmed):
			last := &items[len(items)-1]
			last.parts = append(last.parts, trimmed)
			continue
		case pageFoot.MatchString(trimmed):
			continue
		case len(items) == 0 && blank == 0:
			prose = true // a word before the list
			continue
		default:
			break scan
		}
	}
	for _, item := range items {
		r.plainRow(item)
	}
	if prose && len(items) == 0 {
		r.b.warn(row{file: r.file, line: from}, "", "the section has text, but no list of actions; nothing was taken from it")
	}
	return at
}

func (r *report) plainRow(item plainItem) {
	text := item.parts[0]
	for _, p := range item.parts[1:] {
		// An address cut by the edge of the page goes on without a blank.
		if last := text[strings.LastIndexAny(text, " \t")+1:]; isAddress(last) && (strings.HasSuffix(last, "/") || strings.HasSuffix(last, "-") || strings.HasPrefix(p, "/")) {
			text += p
		} else {
			text += " " + p
		}
	}
	out := row{file: r.file, line: item.line, text: map[string]string{}}
	box := boxed.FindString(text)
	text = strings.TrimSpace(boxed.ReplaceAllString(text, ""))
	if isNothing(text) {
		return
	}
	out.text["title"] = withoutTick(text)
	switch {
	case strings.ContainsAny(box, "xX"):
		out.text["status"], out.text["status_evidence"] = "done", "[x]"
	case doneMark(text) != "":
		out.text["status"], out.text["status_evidence"] = "done", doneMark(text)
	case box != "":
		out.text["status"], out.text["status_evidence"] = "open", "[ ]"
	}
	r.measure(out)
}

// leftColumn cuts what stands in a second column of the page.
func leftColumn(line string) string {
	if at := columnGap.FindStringIndex(line); at != nil {
		return line[:at[0]+1]
	}
	return line
}

func isClock(text string) bool {
	return clock.MatchString(text)
}

// isPlainHeading recognises the other headings of reports.
func isPlainHeading(text string) bool {
	return slices.Contains([]string{"timeline", "what happened", "what happened?", "resolution", "overview", "summary", "impact", "root cause", "causes",
		"where we got lucky", "what went well", "what went well?", "what didn't go so well", "what didn't go so well?", "lessons learned", "internal notes",
		"external messages", "messages", "zeitverlauf", "ursache", "zusammenfassung"}, strings.ToLower(strings.Trim(text, " :")))
}
