package jira

import (
	"slices"
	"strconv"
	"strings"
)

func markdownList(items []item) string {
	var out []string
	counts := map[string]int{}
	for _, it := range items {
		for path := range counts {
			if len(path) > len(it.Marks) || !strings.HasPrefix(it.Marks, path[:len(path)-1]) {
				delete(counts, path)
			}
		}
		counts[it.Marks]++
		indent := 0
		for n := 1; n < len(it.Marks); n++ {
			indent += len(bullet(it.Marks[n-1], max(counts[it.Marks[:n]], 1)))
		}
		mark := bullet(it.Marks[len(it.Marks)-1], counts[it.Marks])
		pad := strings.Repeat(" ", indent)
		for n, l := range it.Lines {
			lead := pad + mark
			if n > 0 {
				lead = pad + strings.Repeat(" ", len(mark))
			}
			out = append(out, lead+markdownText(l, true))
		}
	}
	return strings.Join(out, "\n")
}

func bullet(mark byte, n int) string {
	if mark == '#' {
		return strconv.Itoa(n) + ". "
	}
	return "- "
}

// markdownText writes one line with as few escapes as read back the same.
func markdownText(l line, start bool) string {
	var text string
	for _, special := range []string{"", "\\`*_[]<", "\\`*_[]<>~!&#|+-.:"} {
		text = markdownGroups(l, special)
		if start {
			text = guardStart(text)
		}
		if back, err := markdownInline(text, run{}); err == nil && slices.Equal(back, l) {
			return text
		}
	}
	return text
}

// guardStart escapes what would start another kind of block.
func guardStart(text string) string {
	if text == "" {
		return text
	}
	if mark, _, rest, ok := listMarker(text + " x"); ok {
		if mark == '*' {
			return "\\" + text
		}
		at := strings.IndexAny(text, ".)")
		_ = rest
		return text[:at] + "\\" + text[at:]
	}
	if blockStart(text) && punct(text[0]) && !strings.HasPrefix(text, "**") && !strings.HasPrefix(text, "__") || strings.Trim(text, "=") == "" || strings.HasPrefix(text, "[") && strings.Contains(text, "]:") {
		return "\\" + text
	}
	return text
}

func markdownGroups(l line, special string) string {
	var b strings.Builder
	for _, g := range groups(l) {
		mark := ""
		if g[0].Bold {
			mark += "**"
		}
		if g[0].Italic {
			mark += "*"
		}
		b.WriteString(mark)
		for _, r := range g {
			b.WriteString(markdownRun(r, special))
		}
		b.WriteString(mark)
	}
	return b.String()
}

func markdownRun(r run, special string) string {
	switch {
	case r.Code:
		fence := "`"
		for strings.Contains(r.Text, fence) {
			fence += "`"
		}
		if r.Text[0] == '`' || r.Text[len(r.Text)-1] == '`' {
			return fence + " " + r.Text + " " + fence
		}
		return fence + r.Text + fence
	case r.URL != "" && r.URL == r.Text && special == "":
		return r.URL
	case r.URL != "" && r.URL == r.Text:
		return "<" + r.URL + ">"
	case r.URL != "":
		return "[" + escapeAll(r.Text, special) + "](" + r.URL + ")"
	}
	return escapeAll(r.Text, special)
}

// escapeAll puts a backslash before every special character.
func escapeAll(s, special string) string {
	if special == "" {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(special, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
