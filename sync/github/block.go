package github

import (
	"regexp"
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// The managed block, version 1, is the last thing in an issue's text:
//
//	<!-- m:begin v1 id=01JA… n=4f… -->
//	---
//	- **Measure:** https://followthrough.example/measures/M-7
//	- **Due:** 2026-03-31
//	- **Success metric:** time to detect lag; target at_most 5 min
//	- **Incident:** [INC-3](https://…) Replica lag went unnoticed
//	<!-- m:end -->
//
// People see and may edit the list; the comments are invisible to them. A line
// that is missing says nothing (A4), a line with — or nothing is a clearing.

// The names of the block's lines.
const (
	lineMeasure  = "Measure"
	lineDue      = "Due"
	lineMetric   = "Success metric"
	lineIncident = "Incident"
)

// cleared stands for a value that is deliberately empty.
const cleared = "—"

var (
	beginLine = regexp.MustCompile(`^\s*<!-- m:begin v1 id=(\S*) n=(\S*) -->\s*$`)
	endLine   = regexp.MustCompile(`^\s*<!-- m:end -->\s*$`)
	itemLine  = regexp.MustCompile(`^\s*[-*+] \*\*(Measure|Due|Success metric|Incident):\*\*[ \t]*(.*?)[ \t]*$`)
	ruleLine  = regexp.MustCompile(`^\s*(?:---+)?\s*$`)
	tokenText = regexp.MustCompile(`^[A-Za-z0-9_.:-]{0,80}$`)
)

// block is our part of an issue's text, line by line as it stands there.
type block struct {
	id, nonce string
	lines     []string // with their line ends, begin and end included
}

// document is an issue's text, cut at our block.
type document struct {
	before, after string
	block         *block
	crlf          bool
}

// parse cuts a text at the block with the given id, if there is a choice.
func parse(text, id string) document {
	d := document{crlf: strings.Contains(text, "\r\n")}
	lines := strings.SplitAfter(text, "\n")
	f, ok := choose(blocks(lines), id)
	if !ok {
		d.before = text
		return d
	}
	d.before, d.after = strings.Join(lines[:f.from], ""), strings.Join(lines[f.to:], "")
	d.block = &block{id: f.id, nonce: f.nonce, lines: lines[f.from:f.to]}
	return d
}

// choose picks our block. Without an id, or without a block of that id, the
// last id that occurs counts: the block is the last thing in the text, and what
// is quoted above it belongs to people. Of several blocks with the same id the
// first one wins (A5). One inside a code fence is a quotation, unless there is
// no other: a fence somebody forgot to close must not hide the block.
func choose(found []span, id string) (span, bool) {
	if len(found) == 0 {
		return span{}, false
	}
	quoted := func(s span) bool { return s.quoted }
	for _, candidates := range [][]span{slices.DeleteFunc(slices.Clone(found), quoted), found} {
		if n := slices.IndexFunc(candidates, func(s span) bool { return id != "" && s.id == id }); n >= 0 {
			return candidates[n], true
		}
	}
	if plain := slices.DeleteFunc(slices.Clone(found), quoted); len(plain) > 0 {
		found = plain
	}
	last := found[len(found)-1].id
	return found[slices.IndexFunc(found, func(s span) bool { return s.id == last })], true
}

// span is where a block stands in the lines of a text.
type span struct {
	id, nonce string
	from, to  int
	// quoted is true inside a code fence.
	quoted bool
}

// blocks finds all blocks. One without its end reaches as far as its lines do;
// one inside another one's lines ends the first.
func blocks(lines []string) []span {
	var out []span
	var open string // the fence we are in
	for n := 0; n < len(lines); n++ {
		g := beginLine.FindStringSubmatch(bare(lines[n]))
		if g == nil {
			open = fenced(open, bare(lines[n]))
			continue
		}
		s := span{id: g[1], nonce: g[2], from: n, to: n + 1, quoted: open != ""}
		for end := n + 1; end < len(lines); end++ {
			line := bare(lines[end])
			if beginLine.MatchString(line) {
				break
			}
			if endLine.MatchString(line) {
				s.to = end + 1
				break
			}
		}
		if s.to == n+1 {
			s.to = damaged(lines, n+1)
		}
		out = append(out, s)
		n = s.to - 1
	}
	return out
}

// damaged is the end of a block that lost its end marker.
func damaged(lines []string, from int) int {
	to := from
	for n := from; n < len(lines); n++ {
		switch line := bare(lines[n]); {
		case itemLine.MatchString(line) || from == n && ruleLine.MatchString(line):
			to = n + 1
		case !ruleLine.MatchString(line):
			return to
		}
	}
	return to
}

func bare(line string) string { return strings.TrimRight(line, "\r\n") }

// text is what people wrote: everything outside the block, normalised.
func (d document) text() string {
	before, after := normal(d.before), normal(d.after)
	if before != "" && after != "" {
		return before + "\n\n" + after
	}
	return before + after
}

// String puts the text together again, byte for byte where nothing was set.
func (d document) String() string {
	if d.block == nil {
		return d.before + d.after
	}
	return d.before + strings.Join(d.block.lines, "") + d.after
}

// setText replaces what people wrote; the block comes last.
func (d *document) setText(text string) {
	d.before, d.after = d.ends(text), ""
	d.separate()
}

// ends gives a text the line ends this issue uses (T86).
func (d *document) ends(text string) string {
	if d.crlf {
		return strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text
}

// separate keeps an empty line between the text and the block, and the block
// on lines of its own.
func (d *document) separate() {
	want := "\n\n"
	if strings.TrimSpace(d.before) == "" {
		want = "\n"
	}
	for d.block != nil && d.before != "" && !strings.HasSuffix(strings.ReplaceAll(d.before, "\r\n", "\n"), want) {
		d.before += d.ends("\n")
	}
}

// adopt makes sure that there is a block and that it is the measure's; a copied
// one is renamed, because its issue now belongs to another measure (T62).
func (d *document) adopt(id, nonce string) {
	begin := "<!-- m:begin v1 id=" + token(id) + " n=" + token(nonce) + " -->"
	switch {
	case d.block == nil:
		d.block = &block{id: id, nonce: nonce, lines: []string{d.ends(begin + "\n"), d.ends("---\n"), "<!-- m:end -->"}}
		d.before, d.after = d.before+d.after, ""
		d.separate()
	case d.block.id != id:
		d.block.id, d.block.nonce = id, nonce
		d.block.lines[0] = d.ends(begin + "\n")
	}
	if last := len(d.block.lines) - 1; !endLine.MatchString(bare(d.block.lines[last])) {
		if !strings.HasSuffix(d.block.lines[last], "\n") {
			d.block.lines[last] += d.ends("\n")
		}
		tail := "<!-- m:end -->"
		if d.after != "" {
			tail += d.ends("\n")
		}
		d.block.lines = append(d.block.lines, tail)
	}
}

// remove takes the block out and nothing else.
func (d *document) remove() {
	d.block = nil
	if strings.TrimSpace(d.after) == "" {
		d.before, d.after = strings.TrimRight(d.before, "\r\n"), ""
	}
}

// line returns the value of a line and whether the line is there.
func (d document) line(name string) (string, bool) {
	if d.block == nil {
		return "", false
	}
	for _, raw := range d.block.lines {
		if g := itemLine.FindStringSubmatch(bare(raw)); g != nil && g[1] == name {
			return unescape(g[2]), true
		}
	}
	return "", false
}

// set writes one line and leaves the others as they are typed.
func (d *document) set(name, value string) { d.setRaw(name, escape(value)) }

func (d *document) setRaw(name, raw string) {
	item := d.ends("- **" + name + ":** " + raw + "\n")
	for n, have := range d.block.lines {
		if g := itemLine.FindStringSubmatch(bare(have)); g != nil && g[1] == name {
			d.block.lines[n] = item
			return
		}
	}
	end := len(d.block.lines) - 1
	d.block.lines = append(d.block.lines[:end:end], item, d.block.lines[end])
}

// escape makes a value safe for one line: it can hold neither a marker nor a
// new list line (A6).
func escape(value string) string {
	value = strings.Trim(strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\r", "\n"), " \t")
	switch value {
	case "":
		return cleared
	case cleared:
		return "&mdash;"
	}
	value = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(value)
	value = strings.ReplaceAll(value, "\n", "<br>")
	return mapLine(value, true)
}

// unescape undoes escape and understands what people type.
func unescape(raw string) string {
	raw = strings.Trim(raw, " \t")
	if raw == cleared || raw == "" {
		return ""
	}
	raw = mapLine(raw, false)
	raw = strings.NewReplacer("<br>", "\n", "<br/>", "\n", "<br />", "\n").Replace(raw)
	return strings.NewReplacer("&mdash;", cleared, "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(raw)
}

// token keeps ids and nonces to characters that cannot end the comment.
func token(s string) string {
	if tokenText.MatchString(s) {
		return s
	}
	return ""
}

var incidentKey = regexp.MustCompile(`^\[?([A-Z][A-Z0-9]*-\d{1,9})\b`)

// incidentLine is the block's line for an incident: its key as a link, then its title.
func incidentLine(key, url, title string) string {
	if key == "" {
		return cleared
	}
	text := escape(key)
	if url != "" && !strings.ContainsAny(url, " ()<>\n") {
		text = "[" + text + "](" + url + ")"
	}
	if title = domain.NormalTitle(title); title != "" {
		text += " " + escape(title)
	}
	return text
}
