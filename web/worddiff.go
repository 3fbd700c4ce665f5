package web

import (
	"strings"
	"unicode"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/followthrough/followthrough/web/templates"
)

// wordDiff compares two texts word by word: what a person reads changed, not
// which letters did.
func wordDiff(from, to string) []templates.DiffPart {
	known := map[string]rune{}
	var words []string
	encode := func(text string) []rune {
		var out []rune
		for _, w := range splitWords(text) {
			r, ok := known[w]
			if !ok {
				r = wordRune(len(words))
				known[w] = r
				words = append(words, w)
			}
			out = append(out, r)
		}
		return out
	}
	a, b := encode(from), encode(to)
	index := make(map[rune]string, len(words))
	for w, r := range known {
		index[r] = w
	}
	dmp := diffmatchpatch.New()
	var parts []templates.DiffPart
	for _, d := range dmp.DiffCleanupSemantic(dmp.DiffMainRunes(a, b, false)) {
		var text strings.Builder
		for _, r := range d.Text {
			text.WriteString(index[r])
		}
		parts = append(parts, templates.DiffPart{Op: int(d.Type), Text: text.String()})
	}
	return parts
}

// wordRune gives each word a letter of its own, beside the surrogates, which
// no text can hold.
func wordRune(n int) rune {
	r := rune(n + 1)
	if r >= 0xD800 {
		r += 0x800
	}
	return r
}

// splitWords cuts a text into words and the white space between them; joined
// they are the text again.
func splitWords(text string) []string {
	var out []string
	start, space := 0, false
	for n, r := range text {
		if n > 0 && unicode.IsSpace(r) != space {
			out = append(out, text[start:n])
			start = n
		}
		space = unicode.IsSpace(r)
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}
