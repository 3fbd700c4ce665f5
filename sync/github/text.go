package github

import (
	"regexp"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// Text that crosses trackers must not call people, link to issues or look like
// our own marker on the other side (A5, A8, T95). Each such place gets one
// empty comment, or one backslash, more on the way out and one less on the way
// in; because places that have some already get another one, the way back is
// exact for every text. Code and addresses are left alone.

const comment = "<!-- -->"

var (
	// A mention needs no word character before it; a reference may follow a name.
	mention   = regexp.MustCompile(`(^|[^A-Za-z0-9_])@((?:<!-- -->)*)([A-Za-z0-9])`)
	reference = regexp.MustCompile(`(^|[^&])(#|\bGH-)((?:<!-- -->)*)(\d)`)
	marker    = regexp.MustCompile(`<!--(\s*)(\\*)m:(begin|end|cut)`)
	fence     = regexp.MustCompile("^ {0,3}(```+|~~~+)")
)

// encode makes a domain text safe for an issue's body.
func encode(text string) string { return mapText(text, true) }

// decode undoes encode.
func decode(text string) string { return mapText(text, false) }

func mapText(text string, out bool) string {
	lines := strings.Split(text, "\n")
	var open string // the fence we are in
	for n, line := range lines {
		lines[n] = mapMarker(line, out)
		was := open
		if open = fenced(open, line); was == "" && open == "" {
			lines[n] = mapLine(lines[n], out)
		}
	}
	return strings.Join(lines, "\n")
}

// fenced follows code fences: given the fence that was open before a line, it
// returns the one that is open after it.
func fenced(open, line string) string {
	f := fence.FindStringSubmatch(line)
	switch {
	case open == "" && f != nil:
		return f[1]
	case open != "" && f != nil && strings.HasPrefix(f[1], open):
		return ""
	}
	return open
}

func mapMarker(line string, out bool) string {
	return marker.ReplaceAllStringFunc(line, func(m string) string {
		g := marker.FindStringSubmatch(m)
		slashes := g[2]
		switch {
		case out:
			slashes += `\`
		case slashes != "":
			slashes = slashes[1:]
		}
		return "<!--" + g[1] + slashes + "m:" + g[3]
	})
}

// mapLine treats the stretches between inline code.
func mapLine(line string, out bool) string {
	var b strings.Builder
	prose := 0
	for i := 0; i < len(line); {
		if line[i] != '`' {
			i++
			continue
		}
		ticks := run(line[i:])
		end := closing(line[i+ticks:], ticks)
		if end < 0 {
			i += ticks
			continue
		}
		end += i + ticks + ticks
		b.WriteString(mapProse(line[prose:i], out))
		b.WriteString(line[i:end])
		prose, i = end, end
	}
	b.WriteString(mapProse(line[prose:], out))
	return b.String()
}

func run(s string) int { return len(s) - len(strings.TrimLeft(s, "`")) }

// closing finds the run of exactly n backticks that ends inline code.
func closing(s string, n int) int {
	for i := 0; i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		r := run(s[i:])
		if r == n {
			return i
		}
		i += r
	}
	return -1
}

func mapProse(s string, out bool) string {
	s = mapPlaces(s, mention, 2, out)
	return mapPlaces(s, reference, 3, out)
}

// mapPlaces adds or takes one comment in the numbered group of every match
// that is not inside an address.
func mapPlaces(s string, pattern *regexp.Regexp, group int, out bool) string {
	var b strings.Builder
	done := 0
	for at := 0; at < len(s); {
		g := pattern.FindStringSubmatchIndex(s[at:])
		if g == nil {
			break
		}
		from, to, end := at+g[2*group], at+g[2*group+1], at+g[1]
		if !inAddress(s[:from]) {
			comments := s[from:to]
			switch {
			case out:
				comments += comment
			case comments != "":
				comments = comments[len(comment):]
			}
			b.WriteString(s[done:from])
			b.WriteString(comments)
			done = to
		}
		at = end - 1 // the last character may stand before the next place
	}
	b.WriteString(s[done:])
	return b.String()
}

// inAddress reports whether the word before a place is a web address.
func inAddress(before string) bool {
	word := before[strings.LastIndexAny(before, " \t\u00a0()<>\"'")+1:]
	return strings.Contains(word, "://")
}

// normal is the form in which texts are compared and remembered.
func normal(text string) string { return domain.NormalText(text) }

// reuse encodes a new text and keeps the exact line of the old one wherever a
// line says the same: hard line breaks and mentions of people stay as typed.
func reuse(text, old string) string {
	have := map[string][]string{}
	for raw := range strings.SplitSeq(old, "\n") {
		key := normal(decode(raw))
		have[key] = append(have[key], raw)
	}
	lines := strings.Split(text, "\n")
	for n, line := range lines {
		if raw := have[line]; len(raw) > 0 && line != "" {
			lines[n], have[line] = raw[0], raw[1:]
		} else {
			lines[n] = encode(line)
		}
	}
	if out := strings.Join(lines, "\n"); normal(decode(normal(out))) == text {
		return out
	}
	return encode(text) // a line means something else inside code than outside
}
