package jira

import (
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The markup subset both sides can carry: paragraphs, headings 1 to 4, lists
// up to three levels, code blocks, quotes, rules; bold, italic, code and links
// within a line. Both parsers refuse everything else, so that no construct is
// ever dropped in silence.

// run is a piece of a line in one style.
type run struct {
	Text               string
	Bold, Italic, Code bool
	URL                string
}

func (r run) sameStyle(o run) bool {
	return r.Bold == o.Bold && r.Italic == o.Italic && r.Code == o.Code && r.URL == o.URL
}

type line []run

type blockKind int

const (
	paragraph blockKind = iota
	heading
	list
	code
	quote
	rule
)

// block is one part of a text.
type block struct {
	Kind  blockKind
	Level int    // of a heading
	Lang  string // of a code block
	Text  string // of a code block
	Lines []line // of a paragraph, heading or quote; an empty line parts paragraphs of a quote
	Items []item // of a list
}

// item is a list entry. Marks is the path from the outermost list: * for
// bullets, # for numbers.
type item struct {
	Marks string
	Lines []line
}

type document []block

func (d document) equal(o document) bool {
	return len(d) == 0 && len(o) == 0 || reflect.DeepEqual(d, o)
}

// runs collects the pieces of a line and joins neighbours of one style.
type runs struct {
	out   line
	style run
	buf   strings.Builder
}

func (r *runs) flush() {
	if r.buf.Len() == 0 {
		return
	}
	piece := r.style
	piece.Text = r.buf.String()
	r.buf.Reset()
	r.add(piece)
}

func (r *runs) add(pieces ...run) {
	for _, p := range pieces {
		if n := len(r.out); n > 0 && r.out[n-1].sameStyle(p) && !p.Code && p.URL == "" {
			r.out[n-1].Text += p.Text
			continue
		}
		r.out = append(r.out, p)
	}
}

func wordBefore(s string, i int) bool {
	r, n := utf8.DecodeLastRuneInString(s[:i])
	return n > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func wordAt(s string, i int) bool {
	if i >= len(s) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func spaceBefore(s string, i int) bool {
	r, n := utf8.DecodeLastRuneInString(s[:i])
	return n == 0 || unicode.IsSpace(r)
}

func spaceAt(s string, i int) bool {
	if i >= len(s) {
		return true
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsSpace(r)
}

// punct reports ASCII punctuation: what a backslash may escape in both markups.
func punct(c byte) bool {
	return c >= '!' && c <= '/' || c >= ':' && c <= '@' || c >= '[' && c <= '`' || c >= '{' && c <= '~'
}

// groups cuts a line where bold or italic changes.
func groups(l line) []line {
	var out []line
	for i, r := range l {
		if i == 0 || r.Bold != l[i-1].Bold || r.Italic != l[i-1].Italic {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], r)
	}
	return out
}

const langSet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+#._-"

// language reports whether a word can name the language of a code block in both markups.
func language(s string) bool {
	return len(s) <= 20 && strings.Trim(s, langSet) == ""
}

const urlSet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#@!$&'*+,;=%"

// linkTarget reports whether a URL can be a link in both markups.
func linkTarget(u string) bool {
	for _, scheme := range []string{"https://", "http://", "mailto:"} {
		if rest, ok := strings.CutPrefix(u, scheme); ok {
			for i := range len(rest) {
				if rest[i] < 0x80 && !strings.ContainsRune(urlSet, rune(rest[i])) {
					return false
				}
			}
			return rest != "" && !strings.ContainsFunc(rest, unicode.IsSpace)
		}
	}
	return false
}

// bareURL returns the web address that starts at i, or "". Punctuation at its
// end belongs to the sentence.
func bareURL(s string, i int) string {
	if wordBefore(s, i) || !strings.HasPrefix(s[i:], "http://") && !strings.HasPrefix(s[i:], "https://") {
		return ""
	}
	end := i
	for end < len(s) && strings.IndexByte(urlSet, s[end]) >= 0 {
		end++
	}
	u := strings.TrimRight(s[i:end], ".,:;!?*_~'+-#&=")
	if !linkTarget(u) {
		return ""
	}
	return u
}
