package jirasim

import (
	"regexp"
	"strings"
)

// normalize is what happens to long texts when they are stored.
func (s *Server) normalize(text string) string {
	if s.opts.LossyText && s.cloud() {
		text = lossy(text)
	}
	if s.opts.NormalizeText != nil {
		text = s.opts.NormalizeText(text)
	}
	return text
}

// lossy imitates the way of a wiki text into Cloud's document format and back:
// what the format has no place for vanishes and the rest is written as the
// converter writes it.
func lossy(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for _, gone := range []string{`!\S[^!\n]*!`, `\[~[^\]\n]*\]`, `\{anchor:[^}\n]*\}`, `\{color(:[^}\n]*)?\}`} {
		text = regexp.MustCompile(gone).ReplaceAllString(text, "")
	}
	lines := strings.Split(text, "\n")
	code := false
	for i, l := range lines {
		if strings.HasPrefix(l, "{code") || strings.HasPrefix(l, "{noformat") {
			code = !code
		}
		if code {
			continue
		}
		l = strings.TrimRight(l, " \t")
		if rest, is := strings.CutPrefix(l, "- "); is {
			l = "* " + rest
		}
		lines[i] = l
	}
	text = strings.Join(lines, "\n")
	return strings.Trim(regexp.MustCompile(`\n{3,}`).ReplaceAllString(text, "\n\n"), "\n ")
}
