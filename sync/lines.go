package sync

import (
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// side is one derived text, aligned with the base: match[i] is the line of the
// derived text that line i of the base became, or -1.
type side struct {
	lines []string
	match []int
}

// chunk is a run of base lines with what each side made of it.
type chunk struct{ o, a, b []string }

func splitLines(text string) []string {
	return strings.SplitAfter(text+"\n", "\n")[:strings.Count(text, "\n")+1]
}

// matches aligns a derived text with the base by a line diff.
func matches(base, derived []string) side {
	differ := diffmatchpatch.New()
	differ.DiffTimeout = 0 // an answer that depends on the machine's speed would not replay
	encoded := newLineCoder()
	diffs := differ.DiffMainRunes(encoded.runes(base), encoded.runes(derived), false)
	s := side{lines: derived, match: make([]int, len(base))}
	o, d := 0, 0
	for _, piece := range diffs {
		n := len([]rune(piece.Text))
		switch piece.Type {
		case diffmatchpatch.DiffEqual:
			for range n {
				s.match[o] = d
				o, d = o+1, d+1
			}
		case diffmatchpatch.DiffDelete:
			for range n {
				s.match[o] = -1
				o++
			}
		case diffmatchpatch.DiffInsert:
			d += n
		}
	}
	return s
}

// lineCoder gives every distinct line a rune, so that a diff of runes is a
// diff of lines. Surrogates are stepped over: they are not valid runes.
type lineCoder map[string]rune

func newLineCoder() lineCoder { return lineCoder{} }

func (c lineCoder) runes(lines []string) []rune {
	out := make([]rune, len(lines))
	for i, line := range lines {
		r, ok := c[line]
		if !ok {
			r = rune(len(c) + 1)
			if r >= 0xD800 {
				r += 0x800
			}
			c[line] = r
		}
		out[i] = r
	}
	return out
}

// chunks walks the three texts (diff3): lines that all three share are stable,
// and everything between two stable runs is one chunk.
func chunks(base []string, a, b side) []chunk {
	var out []chunk
	o, i, j := 0, 0, 0
	for o < len(base) || i < len(a.lines) || j < len(b.lines) {
		next := o
		for next < len(base) && (a.match[next] < 0 || b.match[next] < 0) {
			next++
		}
		ai, bj := len(a.lines), len(b.lines)
		if next < len(base) {
			ai, bj = a.match[next], b.match[next]
		}
		if next > o || ai > i || bj > j {
			out = append(out, chunk{base[o:next], a.lines[i:ai], b.lines[j:bj]})
		}
		if next < len(base) {
			out = append(out, chunk{base[next : next+1], a.lines[ai : ai+1], b.lines[bj : bj+1]})
			next, ai, bj = next+1, ai+1, bj+1
		}
		o, i, j = next, ai, bj
	}
	return out
}
