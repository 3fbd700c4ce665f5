package jira

import (
	"regexp"
	"strings"
)

// wikiParser reads Jira's wiki markup line by line.
type wikiParser struct {
	lines []string
	at    int
	out   document
	open  bool
}

var (
	wikiHeading = regexp.MustCompile(`^h([1-6])\.\s+(\S.*)$`)
	wikiItem    = regexp.MustCompile(`^([*#]{1,9}|-)\s+(\S.*)$`)
	wikiMacro   = regexp.MustCompile(`^\{(code|noformat|quote)(?::([^}]*))?\}`)
)

// parseWiki reads the subset and refuses everything else.
func parseWiki(text string) (document, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	p := &wikiParser{lines: strings.Split(text, "\n")}
	for p.at < len(p.lines) {
		if err := p.line(strings.TrimSpace(p.lines[p.at])); err != nil {
			return nil, err
		}
		p.at++
	}
	return p.out, nil
}

func (p *wikiParser) line(text string) error {
	if text == "" {
		p.open = false
		return nil
	}
	if m := wikiMacro.FindStringSubmatch(text); m != nil {
		p.open = false
		if m[1] == "quote" {
			return p.quote(text)
		}
		return p.verbatim(m[1], m[2])
	}
	if m := wikiHeading.FindStringSubmatch(text); m != nil {
		p.open = false
		return p.heading(int(m[1][0]-'0'), m[2])
	}
	if m := wikiItem.FindStringSubmatch(text); m != nil {
		return p.item(strings.ReplaceAll(m[1], "-", "*"), m[2])
	}
	switch {
	case strings.HasPrefix(text, "----") && strings.Trim(text, "-") == "":
		p.open = false
		p.out = append(p.out, block{Kind: rule})
		return nil
	case text[0] == '|':
		return beyond("a table")
	case strings.HasPrefix(text, "bq."):
		return p.oneLineQuote(text[3:])
	}
	return p.text(text)
}

func wikiStart(text string) bool {
	return wikiMacro.MatchString(text) || wikiHeading.MatchString(text) || wikiItem.MatchString(text) ||
		strings.HasPrefix(text, "----") && strings.Trim(text, "-") == "" || text[0] == '|' || strings.HasPrefix(text, "bq.")
}

// text adds a line to the open block, or opens a paragraph. A forced break is
// a line end.
func (p *wikiParser) text(text string) error {
	for part := range strings.SplitSeq(text, `\\`) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		l, err := wikiInline(part, run{})
		if err != nil {
			return err
		}
		if !p.open {
			p.out = append(p.out, block{Kind: paragraph})
			p.open = true
		}
		last := &p.out[len(p.out)-1]
		if last.Kind == list {
			entry := &last.Items[len(last.Items)-1]
			entry.Lines = append(entry.Lines, l)
		} else {
			last.Lines = append(last.Lines, l)
		}
	}
	return nil
}

func (p *wikiParser) heading(n int, text string) error {
	if n > 4 {
		return beyond("a heading below level 4")
	}
	l, err := wikiInline(strings.TrimSpace(text), run{})
	p.out = append(p.out, block{Kind: heading, Level: n, Lines: []line{l}})
	return err
}

func (p *wikiParser) item(marks, text string) error {
	last := len(p.out) - 1
	fresh := last < 0 || p.out[last].Kind != list
	outer := marks[:len(marks)-1]
	if len(marks) > 3 || fresh && outer != "" || !fresh && outer != "" && !strings.HasPrefix(p.out[last].Items[len(p.out[last].Items)-1].Marks, outer) {
		return beyond("a list with skipped or more than three levels")
	}
	if fresh {
		p.out = append(p.out, block{Kind: list})
		last++
	}
	p.out[last].Items = append(p.out[last].Items, item{Marks: marks})
	p.open = true
	return p.text(text)
}

// verbatim reads a code or noformat block up to its end mark.
func (p *wikiParser) verbatim(name, params string) error {
	if !language(params) {
		return beyond("a code block with attributes")
	}
	first := strings.TrimSpace(p.lines[p.at])
	rest := first[strings.IndexByte(first, '}')+1:]
	mark := "{" + name + "}"
	var body []string
	if rest != "" {
		body = append(body, rest)
	}
	for {
		if n := len(body); n > 0 {
			if text, after, ok := strings.Cut(body[n-1], mark); ok {
				body[n-1] = text
				if strings.TrimSpace(text) == "" {
					body = body[:n-1]
				}
				return p.endVerbatim(body, params, after)
			}
		}
		if p.at++; p.at >= len(p.lines) {
			return beyond("a code block without an end")
		}
		body = append(body, p.lines[p.at])
	}
}

func (p *wikiParser) endVerbatim(body []string, lang, after string) error {
	if strings.TrimSpace(after) != "" || len(body) == 0 {
		return beyond("a code block within a line")
	}
	p.out = append(p.out, block{Kind: code, Lang: lang, Text: strings.Join(body, "\n")})
	return nil
}

func (p *wikiParser) oneLineQuote(text string) error {
	next := ""
	if p.at+1 < len(p.lines) {
		next = strings.TrimSpace(p.lines[p.at+1])
	}
	text = strings.TrimSpace(text)
	if text == "" || next != "" && !wikiStart(next) || strings.Contains(text, `\\`) {
		return beyond("a quote over several lines")
	}
	l, err := wikiInline(text, run{})
	p.out = append(p.out, block{Kind: quote, Lines: []line{l}})
	p.open = false
	return err
}

func (p *wikiParser) quote(text string) error {
	q := block{Kind: quote}
	rest := strings.TrimPrefix(text, "{quote}")
	if rest == text {
		return beyond("a quote with attributes")
	}
	for {
		body, after, end := strings.Cut(rest, "{quote}")
		body = strings.TrimSpace(body)
		switch {
		case end && strings.TrimSpace(after) != "":
			return beyond("a quote within a line")
		case body != "" && wikiStart(body):
			return beyond("a quote with more than paragraphs")
		case body != "":
			for part := range strings.SplitSeq(body, `\\`) {
				l, err := wikiInline(strings.TrimSpace(part), run{})
				if err != nil {
					return err
				}
				if len(l) > 0 {
					q.Lines = append(q.Lines, l)
				}
			}
		default:
			q.Lines = append(q.Lines, line{})
		}
		if end {
			break
		}
		if p.at++; p.at >= len(p.lines) {
			return beyond("a quote without an end")
		}
		rest = strings.TrimSpace(p.lines[p.at])
	}
	if q.Lines = trimQuote(q.Lines); len(q.Lines) == 0 {
		return beyond("an empty quote")
	}
	p.out = append(p.out, q)
	return nil
}

// renderWiki writes a document as wiki markup.
func renderWiki(d document) string {
	blocks := make([]string, len(d))
	for i, b := range d {
		switch b.Kind {
		case rule:
			blocks[i] = "----"
		case heading:
			blocks[i] = "h" + string(rune('0'+b.Level)) + ". " + wikiText(b.Lines[0])
		case code:
			lang := ""
			if b.Lang != "" {
				lang = ":" + b.Lang
			}
			blocks[i] = "{code" + lang + "}\n" + b.Text + "\n{code}"
		case quote:
			blocks[i] = "{quote}\n" + wikiLines(b.Lines) + "\n{quote}"
		case list:
			var out []string
			for _, it := range b.Items {
				out = append(out, it.Marks+" "+wikiLines(it.Lines))
			}
			blocks[i] = strings.Join(out, "\n")
		case paragraph:
			blocks[i] = wikiLines(b.Lines)
		}
	}
	return strings.Join(blocks, "\n\n")
}

func wikiLines(lines []line) string {
	out := make([]string, len(lines))
	for i, l := range lines {
		if out[i] = wikiText(l); out[i] != "" && wikiStart(out[i]) && punct(out[i][0]) && out[i][0] != '*' {
			out[i] = `\` + out[i]
		} else if wikiItem.MatchString(out[i]) {
			out[i] = `\` + out[i]
		}
	}
	return strings.Join(out, "\n")
}
