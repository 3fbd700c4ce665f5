package jira

import (
	"strings"
)

// markdownInline reads one line of Markdown in a given outer style.
func markdownInline(s string, style run) (line, error) {
	p := runs{style: style}
	for i := 0; i < len(s); {
		n, err := p.markdownStep(s, i)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			p.buf.WriteByte(s[i])
			n = 1
		}
		i += n
	}
	p.flush()
	return p.out, nil
}

// markdownStep handles a special character at i and returns how much it took;
// 0 means that the character stands for itself.
func (p *runs) markdownStep(s string, i int) (int, error) {
	switch s[i] {
	case '\\':
		if i+1 == len(s) {
			return 0, beyond("a forced line break")
		}
		if punct(s[i+1]) {
			p.buf.WriteByte(s[i+1])
			return 2, nil
		}
	case '`':
		return p.markdownCode(s, i)
	case '!':
		if strings.HasPrefix(s[i:], "![") {
			return 0, beyond("an image")
		}
	case '[':
		return p.markdownLink(s, i)
	case '<':
		return p.markdownAngle(s, i)
	case '&':
		if entity(s[i:]) {
			return 0, beyond("a character entity")
		}
	case '~':
		if strings.HasPrefix(s[i:], "~~") {
			return 0, beyond("struck-out text")
		}
	case 'h':
		if u := bareURL(s, i); u != "" {
			p.flush()
			p.add(p.link(u, u))
			return len(u), nil
		}
	case '*', '_':
		return p.markdownEmphasis(s, i)
	}
	return 0, nil
}

func (p *runs) link(text, url string) run {
	return run{Text: text, URL: url, Bold: p.style.Bold, Italic: p.style.Italic}
}

func entity(s string) bool {
	end := strings.IndexByte(s, ';')
	return end > 1 && end < 12 && strings.Trim(s[1:end], "#abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func ticks(s string) int { return len(s) - len(strings.TrimLeft(s, "`")) }

func (p *runs) markdownCode(s string, i int) (int, error) {
	n := ticks(s[i:])
	end := codeEnd(s, i)
	if end < 0 {
		p.buf.WriteString(s[i : i+n])
		return n, nil
	}
	text := s[i+n : end-n]
	if len(text) > 2 && text[0] == ' ' && text[len(text)-1] == ' ' && strings.TrimSpace(text) != "" {
		text = text[1 : len(text)-1]
	}
	if strings.TrimSpace(text) != text {
		return 0, beyond("code with blanks around it")
	}
	p.flush()
	p.add(run{Text: text, Code: true, Bold: p.style.Bold, Italic: p.style.Italic})
	return end - i, nil
}

// codeEnd returns the position after the code span that starts at i, or -1.
func codeEnd(s string, i int) int {
	n := ticks(s[i:])
	for j := i + n; j < len(s); {
		if s[j] != '`' {
			j++
			continue
		}
		m := ticks(s[j:])
		if m == n {
			return j + m
		}
		j += m
	}
	return -1
}

func (p *runs) markdownLink(s string, i int) (int, error) {
	end := closing(s, i+1, ']')
	if end < 0 {
		return 0, nil
	}
	if end+1 < len(s) && s[end+1] == '[' {
		return 0, beyond("a link by reference")
	}
	if end+1 >= len(s) || s[end+1] != '(' {
		return 0, nil
	}
	stop := strings.IndexByte(s[end:], ')')
	if stop < 0 {
		return 0, nil
	}
	url := s[end+2 : end+stop]
	label, err := markdownInline(s[i+1:end], run{})
	if err != nil {
		return 0, err
	}
	if !linkTarget(url) || len(label) != 1 || label[0].Bold || label[0].Italic || label[0].Code || strings.TrimSpace(label[0].Text) != label[0].Text || label[0].URL != "" && label[0].URL != url {
		return 0, beyond("a link with more than plain text or a plain address")
	}
	p.flush()
	p.add(p.link(label[0].Text, url))
	return end + stop + 1 - i, nil
}

// closing finds an unescaped closing bracket; nested opening ones hide it.
func closing(s string, from int, c byte) int {
	for j := from; j < len(s); j++ {
		switch s[j] {
		case '\\':
			j++
		case '[':
			return -1
		case c:
			return j
		}
	}
	return -1
}

func (p *runs) markdownAngle(s string, i int) (int, error) {
	if i+1 >= len(s) {
		return 0, nil
	}
	if end := strings.IndexByte(s[i:], '>'); end > 0 && linkTarget(s[i+1:i+end]) {
		p.flush()
		p.add(p.link(s[i+1:i+end], s[i+1:i+end]))
		return end + 1, nil
	}
	if c := s[i+1]; c == '/' || c == '!' || c == '?' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
		return 0, beyond("HTML")
	}
	return 0, nil
}

func (p *runs) markdownEmphasis(s string, i int) (int, error) {
	c := s[i]
	n := len(s[i:]) - len(strings.TrimLeft(s[i:], string(c)))
	end := -1
	if n <= 3 && !spaceAt(s, i+n) && (c == '*' || !wordBefore(s, i)) {
		end = emphasisEnd(s, i+n, c, n)
	}
	if end < 0 {
		p.buf.WriteString(s[i : i+n])
		return n, nil
	}
	style := p.style
	style.Bold = style.Bold || n >= 2
	style.Italic = style.Italic || n != 2
	inner, err := markdownInline(s[i+n:end], style)
	if err != nil {
		return 0, err
	}
	p.flush()
	p.add(inner...)
	return end + n - i, nil
}

// emphasisEnd finds where emphasis of n marks ends, or -1.
func emphasisEnd(s string, from int, c byte, n int) int {
	for j := from; j < len(s); {
		switch s[j] {
		case '\\':
			j += 2
		case '`':
			if end := codeEnd(s, j); end > 0 {
				j = end
			} else {
				j += ticks(s[j:])
			}
		case c:
			m := len(s[j:]) - len(strings.TrimLeft(s[j:], string(c)))
			fits := m == n || m == 3 && n < 3
			if fits && !spaceBefore(s, j) && (c == '*' || !wordAt(s, j+m)) && j > from {
				return j + m - n
			}
			j += m
		default:
			j++
		}
	}
	return -1
}

// renderMarkdown writes a document as Markdown.
func renderMarkdown(d document) string {
	blocks := make([]string, len(d))
	for i, b := range d {
		switch b.Kind {
		case rule:
			blocks[i] = "---"
		case heading:
			blocks[i] = strings.Repeat("#", b.Level) + " " + markdownText(b.Lines[0], false)
		case code:
			fence := "```"
			for strings.Contains(b.Text, fence) {
				fence += "`"
			}
			blocks[i] = fence + b.Lang + "\n" + b.Text + "\n" + fence
		case quote:
			blocks[i] = "> " + strings.ReplaceAll(markdownLines(b.Lines), "\n", "\n> ")
			blocks[i] = strings.ReplaceAll(blocks[i], "> \n", ">\n")
		case list:
			blocks[i] = markdownList(b.Items)
		case paragraph:
			blocks[i] = markdownLines(b.Lines)
		}
	}
	return strings.Join(blocks, "\n\n")
}

func markdownLines(lines []line) string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = markdownText(l, true)
	}
	return strings.Join(out, "\n")
}
