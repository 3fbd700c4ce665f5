package jira

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// errBeyond says that a text has a construct outside the common subset.
var errBeyond = errors.New("outside the common markup")

func beyond(what string) error { return fmt.Errorf("%s: %w", what, errBeyond) }

// markdownParser reads Markdown line by line.
type markdownParser struct {
	lines []string
	at    int
	out   document
	// open is true while the last block takes further lines.
	open bool
	// stack holds the open list levels.
	stack []level
}

type level struct {
	content int
	mark    byte
}

// parseMarkdown reads the subset and refuses everything else.
func parseMarkdown(text string) (document, error) {
	p := &markdownParser{lines: strings.Split(text, "\n")}
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	for p.at < len(p.lines) {
		if err := p.line(); err != nil {
			return nil, err
		}
		p.at++
	}
	return p.out, nil
}

func (p *markdownParser) line() error {
	raw := p.lines[p.at]
	text := strings.TrimLeft(raw, " ")
	indent := len(raw) - len(text)
	switch {
	case strings.TrimSpace(text) == "":
		p.open = false
		return nil
	case text[0] == '\t':
		return beyond("indented by a tab")
	}
	if mark, number, rest, ok := listMarker(text); ok && !thematic(text) {
		return p.item(indent, mark, number, rest, len(text)-len(rest))
	}
	if p.open && len(p.out) > 0 && !blockStart(text) {
		return p.continuation(text)
	}
	if len(p.stack) > 0 && indent > 0 {
		return beyond("a second paragraph in a list entry")
	}
	if indent > 3 {
		return beyond("an indented code block")
	}
	p.stack = nil
	return p.block(text, indent)
}

func (p *markdownParser) block(text string, indent int) error {
	switch {
	case thematic(text):
		if p.open {
			return beyond("an underlined heading")
		}
		p.out = append(p.out, block{Kind: rule})
	case strings.HasPrefix(text, "```"), strings.HasPrefix(text, "~~~"):
		return p.fence(text, indent)
	case headingLevel(text) > 0:
		return p.heading(text)
	case text[0] == '>':
		return p.quote()
	default:
		l, err := paragraphLine(text)
		if err != nil {
			return err
		}
		p.out = append(p.out, block{Kind: paragraph, Lines: []line{l}})
		p.open = true
		return nil
	}
	p.open = false
	return nil
}

// blockStart reports lines that end a paragraph.
func blockStart(text string) bool {
	return thematic(text) || strings.HasPrefix(text, "```") || strings.HasPrefix(text, "~~~") || headingLevel(text) > 0 || text[0] == '>'
}

func (p *markdownParser) continuation(text string) error {
	last := &p.out[len(p.out)-1]
	if strings.Trim(strings.TrimSpace(text), "=") == "" {
		return beyond("an underlined heading")
	}
	if tableRule(text) {
		return beyond("a table")
	}
	l, err := paragraphLine(text)
	if err != nil {
		return err
	}
	if last.Kind == list {
		entry := &last.Items[len(last.Items)-1]
		entry.Lines = append(entry.Lines, l)
		return nil
	}
	last.Lines = append(last.Lines, l)
	return nil
}

func paragraphLine(text string) (line, error) {
	if text[0] == '[' {
		if end := strings.Index(text, "]:"); end > 0 && !strings.Contains(text[:end], "](") {
			return nil, beyond("a link definition")
		}
	}
	return markdownInline(strings.TrimSpace(text), run{})
}

// thematic reports three or more of - * _ with nothing but spaces between.
func thematic(text string) bool {
	t := strings.ReplaceAll(strings.TrimSpace(text), " ", "")
	return len(t) >= 3 && strings.ContainsAny(t[:1], "-*_") && strings.Trim(t, t[:1]) == ""
}

func tableRule(text string) bool {
	return strings.Contains(text, "|") && strings.Contains(text, "-") && strings.Trim(text, "|-: ") == ""
}

func headingLevel(text string) int {
	n := len(text) - len(strings.TrimLeft(text, "#"))
	if n == 0 || n > 6 || n < len(text) && text[n] != ' ' {
		return 0
	}
	return n
}

func (p *markdownParser) heading(text string) error {
	n := headingLevel(text)
	body := strings.TrimSpace(text[n:])
	if cut := strings.TrimRight(body, "#"); cut == "" || strings.HasSuffix(cut, " ") {
		body = strings.TrimSpace(cut)
	}
	if n > 4 || body == "" {
		return beyond("a heading of level " + strconv.Itoa(n))
	}
	l, err := markdownInline(body, run{})
	p.out = append(p.out, block{Kind: heading, Level: n, Lines: []line{l}})
	p.open = false
	return err
}

func (p *markdownParser) fence(text string, indent int) error {
	mark := text[:len(text)-len(strings.TrimLeft(text, text[:1]))]
	info := strings.TrimSpace(text[len(mark):])
	if indent > 0 || !language(info) {
		return beyond("a code block with attributes")
	}
	var body []string
	for p.at++; p.at < len(p.lines); p.at++ {
		l := strings.TrimSpace(p.lines[p.at])
		if len(l) >= len(mark) && strings.Trim(l, mark[:1]) == "" {
			if len(body) == 0 {
				return beyond("an empty code block")
			}
			p.out = append(p.out, block{Kind: code, Lang: info, Text: strings.Join(body, "\n")})
			p.open = false
			return nil
		}
		body = append(body, p.lines[p.at])
	}
	return beyond("a code block without an end")
}

func (p *markdownParser) quote() error {
	q := block{Kind: quote}
	for ; p.at < len(p.lines); p.at++ {
		body, ok := strings.CutPrefix(strings.TrimLeft(p.lines[p.at], " "), ">")
		if !ok {
			if strings.TrimSpace(p.lines[p.at]) != "" {
				return beyond("a quote that goes on without its mark")
			}
			break
		}
		body = strings.TrimSpace(body)
		if body == "" {
			q.Lines = append(q.Lines, line{})
			continue
		}
		if _, _, _, ok := listMarker(body); ok || blockStart(body) || tableRule(body) || strings.Trim(body, "=") == "" {
			return beyond("a quote with more than paragraphs")
		}
		l, err := paragraphLine(body)
		if err != nil {
			return err
		}
		q.Lines = append(q.Lines, l)
	}
	p.at--
	p.open = false
	q.Lines = trimQuote(q.Lines)
	if len(q.Lines) == 0 {
		return beyond("an empty quote")
	}
	p.out = append(p.out, q)
	return nil
}

// trimQuote drops empty lines at both ends and doubles between.
func trimQuote(lines []line) []line {
	var out []line
	for _, l := range lines {
		if len(l) == 0 && (len(out) == 0 || len(out[len(out)-1]) == 0) {
			continue
		}
		out = append(out, l)
	}
	if n := len(out); n > 0 && len(out[n-1]) == 0 {
		out = out[:n-1]
	}
	return out
}

// listMarker cuts a bullet or number off a line.
func listMarker(text string) (mark byte, number int, rest string, ok bool) {
	if len(text) > 1 && strings.ContainsAny(text[:1], "-*+") && text[1] == ' ' {
		return '*', 1, strings.TrimLeft(text[2:], " "), true
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	if digits == 0 || digits > 9 || digits+1 >= len(text) || text[digits] != '.' && text[digits] != ')' || text[digits+1] != ' ' {
		return 0, 0, "", false
	}
	n, err := strconv.Atoi(text[:digits])
	return '#', n, strings.TrimLeft(text[digits+2:], " "), err == nil
}

func (p *markdownParser) item(indent int, mark byte, number int, rest string, width int) error {
	if rest == "" || width > 13 || blockStart(rest) {
		return beyond("a list entry that holds more than text")
	}
	if _, _, _, nested := listMarker(rest); nested {
		return beyond("a list entry that holds more than text")
	}
	for len(p.stack) > 0 && indent < p.stack[len(p.stack)-1].content {
		p.stack = p.stack[:len(p.stack)-1]
	}
	outer := 0
	if len(p.stack) > 0 {
		outer = p.stack[len(p.stack)-1].content
	}
	if indent > outer+3 || len(p.stack) == 3 {
		return beyond("a list deeper than three levels")
	}
	p.stack = append(p.stack, level{indent + width, mark})
	marks := make([]byte, len(p.stack))
	for i, l := range p.stack {
		marks[i] = l.mark
	}
	last := len(p.out) - 1
	if last < 0 || p.out[last].Kind != list {
		p.out = append(p.out, block{Kind: list})
		last++
	}
	if mark == '#' && number != 1 && !continues(p.out[last].Items, string(marks)) {
		return beyond("a list that does not start at 1")
	}
	l, err := markdownInline(strings.TrimSpace(rest), run{})
	p.out[last].Items = append(p.out[last].Items, item{Marks: string(marks), Lines: []line{l}})
	p.open = true
	return err
}

// continues reports whether an entry with these marks follows one of its own list.
func continues(items []item, marks string) bool {
	for _, it := range slices.Backward(items) {
		if it.Marks == marks {
			return true
		}
		if !strings.HasPrefix(it.Marks, marks[:len(marks)-1]) || len(it.Marks) < len(marks) {
			return false
		}
	}
	return false
}
