package jira

import (
	"slices"
	"strings"
)

// wikiInline reads one line of wiki markup in a given outer style.
func wikiInline(s string, style run) (line, error) {
	p := runs{style: style}
	for i := 0; i < len(s); {
		n, err := p.wikiStep(s, i)
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

// wikiStep handles a special character at i and returns how much it took; 0
// means that the character stands for itself.
func (p *runs) wikiStep(s string, i int) (int, error) {
	switch s[i] {
	case '\\':
		if i+1 < len(s) && punct(s[i+1]) {
			if s[i+1] == '\\' {
				return 0, beyond("a forced line break")
			}
			p.buf.WriteByte(s[i+1])
			return 2, nil
		}
	case '{':
		return p.wikiBrace(s, i)
	case '[':
		return p.wikiLink(s, i)
	case '!':
		if end := strings.IndexByte(s[i+1:], '!'); end > 0 && !wordBefore(s, i) && !spaceAt(s, i+1) && !strings.ContainsAny(s[i+1:i+1+end], " ") {
			return 0, beyond("an image")
		}
	case '&':
		if entity(s[i:]) {
			return 0, beyond("a character entity")
		}
	case 'h':
		if u := bareURL(s, i); u != "" {
			p.flush()
			p.add(p.link(u, u))
			return len(u), nil
		}
	case '?':
		if strings.HasPrefix(s[i:], "??") && strings.Contains(s[i+2:], "??") {
			return 0, beyond("a citation")
		}
	case '-', '+', '^', '~':
		if wikiSpan(s, i) > 0 {
			return 0, beyond("struck-out, inserted, raised or lowered text")
		}
	case '*', '_':
		return p.wikiEmphasis(s, i)
	}
	return 0, nil
}

// wikiSpan returns where the span opened at i closes, or -1 when the character
// opens none.
func wikiSpan(s string, i int) int {
	c := s[i]
	if wordBefore(s, i) || i > 0 && s[i-1] == c || spaceAt(s, i+1) || i+1 < len(s) && s[i+1] == c {
		return -1
	}
	for j := i + 1; j < len(s); j++ {
		switch {
		case s[j] == '\\':
			j++
		case strings.HasPrefix(s[j:], "{{"):
			if end := strings.Index(s[j:], "}}"); end > 0 {
				j += end + 1
			}
		case s[j] == '[':
			if end := strings.IndexByte(s[j:], ']'); end > 0 {
				j += end
			}
		case s[j] == c && j > i+1 && !spaceBefore(s, j) && !wordAt(s, j+1):
			return j
		}
	}
	return -1
}

func (p *runs) wikiEmphasis(s string, i int) (int, error) {
	end := wikiSpan(s, i)
	if end < 0 {
		return 0, nil
	}
	return end + 1 - i, p.emphasize(s[i+1:end], s[i])
}

func (p *runs) emphasize(inner string, mark byte) error {
	style := p.style
	if mark == '*' {
		style.Bold = true
	} else {
		style.Italic = true
	}
	l, err := wikiInline(inner, style)
	if err != nil {
		return err
	}
	p.flush()
	p.add(l...)
	return nil
}

// wikiBrace reads {{code}} and the braced emphasis {*}x{*}; every other macro is refused.
func (p *runs) wikiBrace(s string, i int) (int, error) {
	if strings.HasPrefix(s[i:], "{{") {
		end := wikiCodeEnd(s, i+2)
		if end < 0 {
			return 0, beyond("code without an end")
		}
		text, err := wikiInline(s[i+2:end], run{})
		if err != nil || len(text) == 0 {
			return 0, beyond("formatted code")
		}
		var b strings.Builder
		for _, r := range text {
			if r.Bold || r.Italic || r.Code || r.URL != "" && r.URL != r.Text {
				return 0, beyond("formatted code")
			}
			b.WriteString(r.Text)
		}
		plain := b.String()
		if strings.TrimSpace(plain) != plain {
			return 0, beyond("code with blanks around it")
		}
		p.flush()
		p.add(run{Text: plain, Code: true, Bold: p.style.Bold, Italic: p.style.Italic})
		return end + 2 - i, nil
	}
	for _, mark := range []string{"{*}", "{_}"} {
		if !strings.HasPrefix(s[i:], mark) {
			continue
		}
		end := strings.Index(s[i+3:], mark)
		if end <= 0 {
			return 0, beyond("emphasis without an end")
		}
		return end + 6, p.emphasize(s[i+3:i+3+end], mark[1])
	}
	if i+1 < len(s) && s[i+1] != ' ' && s[i+1] != '}' {
		return 0, beyond("a macro")
	}
	return 0, nil
}

func wikiCodeEnd(s string, from int) int {
	for j := from; j < len(s); j++ {
		if s[j] == '\\' {
			j++
		} else if strings.HasPrefix(s[j:], "}}") && !strings.HasPrefix(s[j:], "}}}") {
			return j
		}
	}
	return -1
}

func (p *runs) wikiLink(s string, i int) (int, error) {
	end := closing(s, i+1, ']')
	if end < 0 {
		return 0, nil
	}
	inner := s[i+1 : end]
	label, url, named := cutUnescaped(inner)
	if !named {
		label, url = inner, inner
	}
	url = strings.TrimSuffix(strings.TrimSuffix(url, "|smart-link"), "|smart-card")
	switch {
	case linkTarget(url):
	case !named && inner != "" && !strings.ContainsAny(inner[:1], "~^#$"):
		return 0, nil // brackets around words
	case inner == "":
		return 0, nil
	default:
		return 0, beyond("a mention, an attachment or an inner link")
	}
	text := line{{Text: url}}
	if named {
		var err error
		if text, err = wikiInline(label, run{}); err != nil {
			return 0, err
		}
	}
	if len(text) != 1 || text[0].Bold || text[0].Italic || text[0].Code || text[0].URL != "" && text[0].URL != url || strings.TrimSpace(text[0].Text) != text[0].Text {
		return 0, beyond("a formatted link")
	}
	p.flush()
	p.add(p.link(text[0].Text, url))
	return end + 1 - i, nil
}

func cutUnescaped(s string) (before, after string, ok bool) {
	for j := 0; j < len(s); j++ {
		switch s[j] {
		case '\\':
			j++
		case '|':
			return s[:j], s[j+1:], true
		}
	}
	return s, "", false
}

// wikiText writes one line with as few escapes as read back the same.
func wikiText(l line) string {
	text := ""
	for _, special := range []string{"", "{}[]|!", "{}[]|!*_^~+?-&#:"} {
		for _, braced := range []bool{false, true} {
			text = wikiGroups(l, special, braced)
			if back, err := wikiInline(text, run{}); err == nil && slices.Equal(back, l) && !strings.Contains(text, `\\`) {
				return text
			}
		}
	}
	return text
}

func wikiGroups(l line, special string, braced bool) string {
	var b strings.Builder
	for _, g := range groups(l) {
		open, end := "", ""
		bold, italic := "*", "_"
		if braced {
			bold, italic = "{*}", "{_}"
		}
		if g[0].Bold {
			open, end = bold, bold
		}
		if g[0].Italic {
			open, end = open+italic, italic+end
		}
		b.WriteString(open)
		for _, r := range g {
			b.WriteString(wikiRun(r, special))
		}
		b.WriteString(end)
	}
	return b.String()
}

func wikiRun(r run, special string) string {
	switch {
	case r.Code:
		return "{{" + escapeAll(r.Text, special) + "}}"
	case r.URL != "" && r.URL == r.Text && special == "":
		return r.URL
	case r.URL != "" && r.URL == r.Text:
		return "[" + r.URL + "]"
	case r.URL != "":
		return "[" + escapeAll(r.Text, special) + "|" + r.URL + "]"
	}
	return escapeAll(r.Text, special)
}
