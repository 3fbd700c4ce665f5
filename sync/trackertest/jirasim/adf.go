package jirasim

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// node is one element of an Atlassian document.
type node struct {
	Type    string         `json:"type"`
	Version int            `json:"version,omitempty"`
	Text    string         `json:"text,omitempty"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Marks   []mark         `json:"marks,omitempty"`
	Content []node         `json:"content,omitzero"`
}

type mark struct {
	Type  string         `json:"type"`
	Attrs map[string]any `json:"attrs,omitempty"`
}

var errNotADF = errors.New("not an Atlassian document")

// fromADF turns a document into the wiki text the simulator stores. Nodes it
// has no wiki for keep their text and lose the rest.
func fromADF(raw json.RawMessage) (string, error) {
	var doc node
	if json.Unmarshal(raw, &doc) != nil || doc.Type != "doc" || doc.Version != 1 {
		return "", errNotADF
	}
	var blocks []string
	for _, n := range doc.Content {
		blocks = append(blocks, block(n, ""))
	}
	return strings.Join(blocks, "\n\n"), nil
}

func block(n node, bullet string) string {
	switch n.Type {
	case "heading":
		level := 1
		if f, ok := n.Attrs["level"].(float64); ok {
			level = int(f)
		}
		return "h" + strconv.Itoa(level) + ". " + inline(n.Content)
	case "bulletList", "orderedList":
		sign := "*"
		if n.Type == "orderedList" {
			sign = "#"
		}
		var lines []string
		for _, item := range n.Content {
			for _, part := range item.Content {
				if strings.HasSuffix(part.Type, "List") {
					lines = append(lines, block(part, bullet+sign))
					continue
				}
				lines = append(lines, bullet+sign+" "+inline(part.Content))
			}
		}
		return strings.Join(lines, "\n")
	case "codeBlock":
		open := "{code}"
		if lang, ok := n.Attrs["language"].(string); ok && lang != "" {
			open = "{code:" + lang + "}"
		}
		return open + "\n" + inline(n.Content) + "\n{code}"
	case "blockquote":
		var parts []string
		for _, x := range n.Content {
			parts = append(parts, block(x, ""))
		}
		return "{quote}\n" + strings.Join(parts, "\n\n") + "\n{quote}"
	case "rule":
		return "----"
	}
	return inline(n.Content)
}

func inline(nodes []node) string {
	var b strings.Builder
	for _, n := range nodes {
		if n.Type == "hardBreak" {
			b.WriteByte('\n')
			continue
		}
		if n.Type != "text" {
			b.WriteString(inline(n.Content))
			continue
		}
		text := n.Text
		for _, m := range n.Marks {
			switch m.Type {
			case "strong":
				text = "*" + text + "*"
			case "em":
				text = "_" + text + "_"
			case "code":
				text = "{{" + text + "}}"
			case "link":
				if href, ok := m.Attrs["href"].(string); ok {
					text = "[" + text + "|" + href + "]"
				}
			}
		}
		b.WriteString(text)
	}
	return b.String()
}

// toADF renders wiki text as a document: headings, rules, code, flat lists and
// paragraphs with marks.
func toADF(text string) node {
	doc := node{Type: "doc", Version: 1, Content: []node{}}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); {
		l := lines[i]
		switch {
		case strings.TrimSpace(l) == "":
			i++
		case isHeading(l):
			doc.Content = append(doc.Content, node{Type: "heading", Attrs: map[string]any{"level": int(l[1] - '0')}, Content: spans(strings.TrimSpace(l[3:]))})
			i++
		case l == "----":
			doc.Content = append(doc.Content, node{Type: "rule"})
			i++
		case isCode(l):
			n, next := codeBlock(lines, i)
			doc.Content = append(doc.Content, n)
			i = next
		case strings.HasPrefix(l, "* ") || strings.HasPrefix(l, "# "):
			n, next := list(lines, i)
			doc.Content = append(doc.Content, n)
			i = next
		default:
			n, next := paragraph(lines, i)
			doc.Content = append(doc.Content, n)
			i = next
		}
	}
	return doc
}

func codeBlock(lines []string, i int) (node, int) {
	n := node{Type: "codeBlock"}
	if lang := strings.Trim(lines[i][len("{code"):], ":}"); lang != "" {
		n.Attrs = map[string]any{"language": lang}
	}
	var body []string
	for i++; i < len(lines) && lines[i] != "{code}"; i++ {
		body = append(body, lines[i])
	}
	if t := strings.Join(body, "\n"); t != "" {
		n.Content = []node{{Type: "text", Text: t}}
	}
	return n, i + 1
}

func list(lines []string, i int) (node, int) {
	n := node{Type: "bulletList"}
	sign := lines[i][:2]
	if sign == "# " {
		n.Type = "orderedList"
	}
	for ; i < len(lines) && strings.HasPrefix(lines[i], sign); i++ {
		n.Content = append(n.Content, node{Type: "listItem", Content: []node{{Type: "paragraph", Content: spans(lines[i][2:])}}})
	}
	return n, i
}

func paragraph(lines []string, i int) (node, int) {
	n := node{Type: "paragraph"}
	for first := true; i < len(lines) && strings.TrimSpace(lines[i]) != ""; i++ {
		l := lines[i]
		if !first && (isHeading(l) || isCode(l) || l == "----" || strings.HasPrefix(l, "* ") || strings.HasPrefix(l, "# ")) {
			break
		}
		if !first {
			n.Content = append(n.Content, node{Type: "hardBreak"})
		}
		n.Content = append(n.Content, spans(l)...)
		first = false
	}
	return n, i
}

func isHeading(l string) bool {
	return len(l) > 3 && l[0] == 'h' && l[1] >= '1' && l[1] <= '6' && l[2] == '.' && l[3] == ' '
}

func isCode(l string) bool {
	return l == "{code}" || strings.HasPrefix(l, "{code:") && strings.HasSuffix(l, "}")
}

// spans finds links, bold, italic and code in a line.
func spans(line string) []node {
	var out []node
	plain := 0
	flush := func(to int) {
		if to > plain {
			out = append(out, node{Type: "text", Text: line[plain:to]})
		}
	}
	for i := 0; i < len(line); {
		n, size := span(line[i:], i == 0 || strings.IndexByte(" (", line[i-1]) >= 0)
		if size == 0 {
			i++
			continue
		}
		flush(i)
		out = append(out, n)
		i += size
		plain = i
	}
	flush(len(line))
	return out
}

// span reads one marked stretch at the start of s and returns its length, or 0.
func span(s string, atWord bool) (node, int) {
	marked := func(open, end, kind string) (node, int) {
		rest, is := strings.CutPrefix(s, open)
		if !is {
			return node{}, 0
		}
		text, _, found := strings.Cut(rest, end)
		if !found || text == "" || strings.TrimSpace(text) != text {
			return node{}, 0
		}
		return node{Type: "text", Text: text, Marks: []mark{{Type: kind}}}, len(open) + len(text) + len(end)
	}
	switch {
	case strings.HasPrefix(s, "["):
		n, size := marked("[", "]", "link")
		text, href, is := strings.Cut(n.Text, "|")
		if size == 0 || !is || text == "" || href == "" {
			return node{}, 0
		}
		n.Text, n.Marks[0].Attrs = text, map[string]any{"href": href}
		return n, size
	case strings.HasPrefix(s, "{{"):
		return marked("{{", "}}", "code")
	case atWord && s[0] == '*':
		return marked("*", "*", "strong")
	case atWord && s[0] == '_':
		return marked("_", "_", "em")
	}
	return node{}, 0
}
