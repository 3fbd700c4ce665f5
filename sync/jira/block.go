package jira

import (
	"regexp"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// managed is the visible block at the end of a description: what has no field
// of its own in Jira, and the way back to the measure.
//
//	----
//	*Tracked measure* [https://…/measures/M-7]{anchor:m-ID-NONCE}
//	* *Incident:* [INC-3|https://…]: title
//	* *Due:* 2026-03-31
//	* *Success metric:* …
type managed struct {
	found bool
	url   string
	id    string
	nonce string
	// lines holds what each line says; a missing line is unknown (A4).
	lines map[domain.Field]string
	// incident is the whole line as it stands, kept when others are rewritten.
	incident string
	// before and after are the texts around the block, as they are.
	before, after string
}

const blockTitle = "*Tracked measure*"

var (
	blockHead   = regexp.MustCompile(`^\*Tracked measure\*\s*(.*)$`)
	blockURL    = regexp.MustCompile(`\[?(https?://[^\s|\]{}]+)`)
	blockAnchor = regexp.MustCompile(`\{anchor:m-([A-Za-z0-9_.]+)(?:-([A-Za-z0-9_.-]+))?\}`)
	blockLine   = regexp.MustCompile(`^[*-]\s+\*([A-Za-z ]+):\*\s*(.*)$`)
	anchorPart  = regexp.MustCompile(`^[A-Za-z0-9_.]+$`)
	nonceShape  = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	incidentKey = regexp.MustCompile(`^\[?([A-Z]+-[0-9]+)`)
)

func blockFields() map[string]domain.Field {
	return map[string]domain.Field{"Incident": domain.FieldIncident, "Due": domain.FieldDueOn, "Success metric": domain.FieldMetric}
}

// owner says whose block is looked for: the measure's address as the property
// has it, and its id, where they are known.
type owner struct{ link, id string }

// splitBlock takes a description apart. A block that points elsewhere is text;
// of several, the one with our id wins (A5). What stands around the block is
// kept to the byte, so that writing a line touches nothing else (P7).
func splitBlock(full string, whose owner) managed {
	first := managed{before: full}
	for from := 0; from < len(full); {
		b := nextBlock(full, from, whose.link)
		if !b.found {
			break
		}
		if whose.id == "" || b.id == whose.id {
			return b
		}
		if !first.found {
			first = b
		}
		from = len(full) - len(b.after)
	}
	return first
}

// nextBlock finds the first block that starts at or after a position.
func nextBlock(full string, from int, link string) managed {
	lines := strings.SplitAfter(full[from:], "\n")
	for i, l := range lines {
		m := blockHead.FindStringSubmatch(strings.TrimSpace(l))
		if m == nil {
			continue
		}
		u := blockURL.FindStringSubmatch(m[1])
		if u == nil || link != "" && u[1] != link {
			continue
		}
		start := i
		for start > 0 && strings.TrimSpace(lines[start-1]) == "" {
			start--
		}
		if start == 0 || !isRule(lines[start-1]) {
			continue
		}
		b := managed{found: true, url: u[1], lines: map[domain.Field]string{}}
		if a := blockAnchor.FindStringSubmatch(m[1]); a != nil {
			b.id, b.nonce = a[1], a[2]
		}
		end := b.readLines(lines[i+1:]) + i + 1
		last := strings.TrimRight(lines[end-1], "\r\n")
		b.before = full[:from] + strings.Join(lines[:start-1], "")
		b.after = lines[end-1][len(last):] + strings.Join(lines[end:], "")
		return b
	}
	return managed{before: full}
}

func isRule(l string) bool {
	l = strings.TrimSpace(l)
	return len(l) >= 4 && strings.Trim(l, "-") == ""
}

// readLines reads the list and returns how many lines belong to the block.
func (b *managed) readLines(lines []string) int {
	fields := blockFields()
	end := 0
	for i, l := range lines {
		l = strings.TrimSpace(l)
		if l == "" {
			continue
		}
		m := blockLine.FindStringSubmatch(l)
		field, known := domain.Field(""), false
		if m != nil {
			field, known = fields[m[1]]
		}
		if !known {
			break
		}
		end = i + 1
		if _, twice := b.lines[field]; twice {
			continue
		}
		b.lines[field] = unquote(m[2])
		if field == domain.FieldIncident {
			b.incident, b.lines[field] = m[2], ""
			if key := incidentKey.FindStringSubmatch(m[2]); key != nil {
				b.lines[field] = key[1]
			}
		}
	}
	return end
}

// text is the description without the block.
func (b managed) text() string {
	before, after := domain.NormalText(b.before), domain.NormalText(b.after)
	if before != "" && after != "" {
		return before + "\n\n" + after
	}
	return before + after
}

// join puts text and block together again; without a block it is the text
// alone. The block gets the line ends of the text around it.
func (b managed) join(like string) string {
	if !b.found {
		return b.before
	}
	before := b.before
	if before != "" && !strings.HasSuffix(before, "\n") {
		before += sameEnds("\n\n", like)
	}
	return before + sameEnds(b.render(), like) + b.after
}

// without is the text with the block taken out.
func (b managed) without() string {
	return joinTexts(strings.TrimRight(b.before, "\r\n "), strings.Trim(b.after, "\r\n"))
}

func (b managed) render() string {
	if !b.found {
		return ""
	}
	head := blockTitle + " [" + b.url + "]"
	if anchorPart.MatchString(b.id) {
		mark := "m-" + b.id
		if nonceShape.MatchString(b.nonce) {
			mark += "-" + b.nonce
		}
		head += "{anchor:" + mark + "}"
	}
	out := []string{"----", head}
	for _, label := range []string{"Incident", "Due", "Success metric"} {
		field := blockFields()[label]
		value, ok := b.lines[field]
		if !ok {
			continue
		}
		if value = quoteLine(value); field == domain.FieldIncident && b.incident != "" {
			value = b.incident
		}
		out = append(out, "* *"+label+":* "+value)
	}
	return strings.Join(out, "\n")
}

// incidentLine is the line that leads to the incident.
func incidentLine(key, url, title string) string {
	if key == "" {
		return "—"
	}
	text := key
	if linkTarget(url) {
		text = "[" + key + "|" + url + "]"
	}
	if title = domain.NormalTitle(title); title != "" {
		text += ": " + quoteLine(title)
	}
	return text
}

// quoteLine writes a value as plain text of one line; empty is a dash, so that
// it differs from a line that somebody took away.
func quoteLine(value string) string {
	if value = domain.NormalTitle(value); value == "" {
		return "—"
	}
	l := line{{Text: value}}
	if text := wikiText(l); readLine(text) == value {
		return text
	}
	// A backslash cannot be escaped; the value is kept readable.
	return wikiText(line{{Text: strings.ReplaceAll(value, `\`, "/")}})
}

func unquote(wiki string) string {
	wiki = strings.TrimSpace(wiki)
	if wiki == "—" || wiki == "-" {
		return ""
	}
	return readLine(wiki)
}

// readLine returns the plain text of a line; markup a person added is kept as typed.
func readLine(wiki string) string {
	l, err := wikiInline(wiki, run{})
	if err != nil {
		return wiki
	}
	var b strings.Builder
	for _, r := range l {
		b.WriteString(r.Text)
	}
	return b.String()
}

// sameEnds gives a text the line ends the other side uses.
func sameEnds(text, like string) string {
	if strings.Contains(like, "\r\n") {
		return strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text
}
