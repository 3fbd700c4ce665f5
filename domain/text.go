package domain

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of texts that cross trackers without loss (sync.md section A).
const (
	MaxTitle       = 255    // UTF-16 units, Jira's summary; what people may type here
	MaxRemoteTitle = 1_024  // what GitHub was seen to hold; kept in full
	MaxDescription = 63_000 // characters, GitHub's body minus the managed block
	MaxReason      = 2_000
	MaxName        = 200
	MaxURL         = 2_000
)

// NormalTitle brings a title to one line: trimmed, runs of white space become
// one space.
func NormalTitle(s string) string {
	return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
}

// NormalText brings a text to LF line ends, without white space at line ends
// and without trailing newlines.
func NormalText(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

func checkTitle(p *problems, title string) {
	switch {
	case title == "":
		p.add("title", "is empty; say in one line what shall change")
	case titleLength(title) > MaxRemoteTitle:
		p.add("title", "has %d characters; at most %d are accepted", titleLength(title), MaxTitle)
	}
	checkControl(p, "title", title)
}

// checkTypedTitle holds people to what every tracker can carry; a longer title
// that came from a tracker stays as it is.
func checkTypedTitle(p *problems, title string) {
	if n := titleLength(title); n > MaxTitle && n <= MaxRemoteTitle {
		p.add("title", "has %d characters; at most %d are accepted", n, MaxTitle)
	}
}

func titleLength(title string) int { return len(utf16.Encode([]rune(title))) }

func checkText(p *problems, field, text string, limit int) {
	if n := utf8.RuneCountInString(text); n > limit {
		p.add(field, "has %d characters; at most %d are accepted", n, limit)
	}
	checkControl(p, field, text)
}

func checkControl(p *problems, field, text string) {
	if !utf8.ValidString(text) {
		p.add(field, "is not valid UTF-8 text")
		return
	}
	for _, r := range text {
		if r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			p.add(field, "contains the control character %U; remove it", r)
			return
		}
	}
}

func checkEnum[T ~string](p *problems, field string, value T, accepted []T, optional bool) {
	if optional && value == "" || slices.Contains(accepted, value) {
		return
	}
	p.add(field, "%q is not accepted; use one of %s", string(value), joinEnum(accepted))
}

func joinEnum[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}

func checkURL(p *problems, field, url string) {
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") || strings.ContainsAny(url, " \t\r\n<>\"") {
		p.add(field, "%q is not a web address; it starts with https://", url)
	}
	if len(url) > MaxURL {
		p.add(field, "is longer than %d characters", MaxURL)
	}
}

// FormatNumber prints a metric's number without exponent or trailing zeros.
func FormatNumber(v float64) string {
	s := fmt.Sprintf("%.6f", v)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}
