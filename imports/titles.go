package imports

import (
	"strings"
	"unicode/utf16"

	"github.com/followthrough/followthrough/domain"
)

// fitTitle brings a title to what every tracker can carry. A longer one is cut
// at a word and stands in full at the head of the description.
func fitTitle(title, description string) (string, string) {
	title = domain.NormalTitle(title)
	if units(title) <= domain.MaxTitle {
		return title, description
	}
	short, room := "", domain.MaxTitle-2 // a blank and the ellipsis
	for word := range strings.FieldsSeq(title) {
		next := strings.TrimSpace(short + " " + word)
		if units(next) > room {
			break
		}
		short = next
	}
	if short == "" { // one endless word
		for _, r := range title {
			if units(short+string(r)) > room {
				break
			}
			short += string(r)
		}
	}
	return strings.TrimRight(short, ",;:-–([ ") + " …", joinParts(title, description)
}

// units counts as trackers do, in UTF-16.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

// maxBrackets: a text of hundreds of brackets is not a title with links, and
// looking for their ends would take long.
const maxBrackets = 200

// splitLinks turns Markdown links into their text and returns the addresses;
// everything else stays as written. Code spans are left alone.
func splitLinks(text string) (string, []string) {
	if strings.Count(text, "[") > maxBrackets {
		return text, nil
	}
	var out strings.Builder
	var links []string
	for n := 0; n < len(text); {
		switch c := text[n]; {
		case c == '\\' && n+1 < len(text):
			out.WriteString(text[n : n+2])
			n += 2
		case c == '`':
			end := codeEnd(text[n:])
			out.WriteString(text[n : n+end])
			n += end
		case c == '[' || c == '!' && n+1 < len(text) && text[n+1] == '[':
			label, address, size := linkAt(text[n+strings.IndexByte(text[n:], '['):])
			if size == 0 {
				out.WriteByte(c)
				n++
				continue
			}
			inner, more := splitLinks(label)
			out.WriteString(inner)
			links = append(append(links, more...), address)
			n += strings.IndexByte(text[n:], '[') + size
		case c == '<':
			address, rest, ok := strings.Cut(text[n+1:min(len(text), n+domain.MaxURL)], ">")
			if !ok || !isAddress(address) || strings.ContainsAny(address, " \t\n<") {
				out.WriteByte(c)
				n++
				continue
			}
			out.WriteString(address)
			links = append(links, address)
			n = min(len(text), n+domain.MaxURL) - len(rest)
		case isAddress(text[n:]) && (n == 0 || !isWord(text[n-1])):
			address := bareAddress(text[n:])
			out.WriteString(address)
			if len(address) <= domain.MaxURL { // a longer one stays text: cut, it would lead elsewhere
				links = append(links, address)
			}
			n += len(address)
		default:
			out.WriteByte(c)
			n++
		}
	}
	return out.String(), distinct(links...)
}

// codeEnd returns the length of the code span at the start of s, or of its
// backticks when it is not closed.
func codeEnd(s string) int {
	ticks := len(s) - len(strings.TrimLeft(s, "`"))
	if at := strings.Index(s[ticks:], s[:ticks]); at >= 0 {
		return ticks + at + ticks
	}
	return ticks
}

// linkAt reads [label](address "title") at the start of s; size 0 means no link.
func linkAt(s string) (label, address string, size int) {
	end := closing(s, '[', ']')
	if end < 0 || end+1 >= len(s) || s[end+1] != '(' {
		return "", "", 0
	}
	stop := closing(s[end+1:], '(', ')')
	if stop < 0 {
		return "", "", 0
	}
	fields := strings.Fields(s[end+2 : end+1+stop])
	if len(fields) == 0 {
		return "", "", 0
	}
	return s[1:end], strings.Trim(fields[0], "<>"), end + 1 + stop + 1
}

// closing returns where the bracket that opens s is closed, or -1. The search
// is bounded, so that a text of brackets alone cannot take long.
func closing(s string, open, shut byte) int {
	depth := 0
	for n := 0; n < len(s) && n < domain.MaxURL+domain.MaxRemoteTitle; n++ {
		switch s[n] {
		case '\\':
			n++
		case open:
			depth++
		case shut:
			if depth--; depth == 0 {
				return n
			}
		}
	}
	return -1
}

// bareAddress is an address in running text: it ends before blanks and before
// the punctuation that belongs to the sentence.
func bareAddress(s string) string {
	s = s[:min(len(s), domain.MaxURL+1)]
	end := strings.IndexAny(s, " \t\n<>\"`|")
	if end < 0 {
		end = len(s)
	}
	address := s[:end]
	for {
		trimmed := strings.TrimRight(address, ".,;:!?*_'")
		if strings.HasSuffix(trimmed, ")") && strings.Count(trimmed, "(") < strings.Count(trimmed, ")") {
			trimmed = trimmed[:len(trimmed)-1]
		}
		if strings.HasSuffix(trimmed, "]") && strings.Count(trimmed, "[") < strings.Count(trimmed, "]") {
			trimmed = trimmed[:len(trimmed)-1]
		}
		if trimmed == address {
			return address
		}
		address = trimmed
	}
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
