package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sort"
	"strings"
)

// readJSON reads {"incidents": [...], "measures": [...], "recurrences": [...]},
// where incidents may carry their own measures, or a bare array of one kind.
func (b *builder) readJSON(name, text string) {
	d := document{b: b, file: name, lines: lineStarts(text)}
	start := len(text) - len(strings.TrimLeft(text, " \t\n"))
	if !json.Valid([]byte(text)) {
		err := json.Unmarshal([]byte(text), new(any))
		line := 0
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			line = d.line(max(0, int(syntax.Offset)-1))
		}
		b.refuse(name, line, "", "is not JSON: %v", err)
		return
	}
	value := part{raw: []byte(strings.TrimSpace(text)), at: start}
	if value.is('[') {
		d.rows(value, sheetUnknown, nil)
		return
	}
	for _, m := range d.members(value) {
		switch m.name {
		case "incidents":
			d.rows(m.part, sheetIncidents, nil)
		case "measures", "actions":
			d.rows(m.part, sheetMeasures, nil)
		case "recurrences":
			d.rows(m.part, sheetRecurrences, nil)
		case "source_anomalies":
			d.rows(m.part, sheetAnomalies, nil)
		default:
			b.warn(row{file: name, line: d.line(m.at)}, m.name, "is a member with no place here; it is not imported")
		}
	}
}

// document is one JSON file whose values know their lines.
type document struct {
	b     *builder
	file  string
	lines []int
}

// part is a value and where it begins.
type part struct {
	raw []byte
	at  int
}

func (p part) is(first byte) bool { return len(p.raw) > 0 && p.raw[0] == first }

type member struct {
	name string
	part
}

func lineStarts(text string) []int {
	starts := []int{0}
	for n := range len(text) {
		if text[n] == '\n' {
			starts = append(starts, n+1)
		}
	}
	return starts
}

func (d document) line(at int) int { return sort.SearchInts(d.lines, at+1) }

// members returns an object's members in order; a name given twice is refused,
// since only one of the values could count.
func (d document) members(p part) []member {
	if !p.is('{') {
		d.b.refuse(d.file, d.line(p.at), "", "is not a JSON object")
		return nil
	}
	var out []member
	dec := json.NewDecoder(bytes.NewReader(p.raw))
	_, _ = dec.Token() // the brace
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return out
		}
		name, _ := token.(string)
		value, ok := next(dec, p)
		if !ok {
			return out
		}
		if slices.ContainsFunc(out, func(m member) bool { return m.name == name }) {
			d.b.refuse(d.file, d.line(value.at), name, "is given twice in one object")
			continue
		}
		if len(out) == MaxColumns {
			d.b.refuse(d.file, d.line(value.at), name, "is one member too many; an object has at most %d", MaxColumns)
			return out
		}
		out = append(out, member{name: name, part: value})
	}
	return out
}

// elements returns an array's values, one more than an import may have at most.
func (d document) elements(p part) []part {
	if !p.is('[') {
		d.b.refuse(d.file, d.line(p.at), "", "is not a JSON array")
		return nil
	}
	var out []part
	dec := json.NewDecoder(bytes.NewReader(p.raw))
	_, _ = dec.Token() // the bracket
	for dec.More() && len(out) <= MaxRows {
		value, ok := next(dec, p)
		if !ok {
			return out
		}
		out = append(out, value)
	}
	return out
}

func next(dec *json.Decoder, within part) (part, bool) {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil && !errors.Is(err, io.EOF) {
		return part{}, false
	}
	return part{raw: raw, at: within.at + int(dec.InputOffset()) - len(raw)}, true
}

// rows reads an array of records; owner is the incident they are nested in.
func (d document) rows(p part, kind sheet, incident *row) {
	if string(p.raw) == "null" {
		return
	}
	for _, e := range d.elements(p) {
		if !d.b.count(d.file, d.line(e.at)) {
			return
		}
		if !e.is('{') {
			d.b.refuse(d.file, d.line(e.at), "", "is not a JSON object")
			continue
		}
		d.row(d.members(e), kind, row{file: d.file, line: d.line(e.at), text: map[string]string{}, list: map[string][]string{}}, incident)
	}
}

func (d document) row(members []member, kind sheet, r row, incident *row) {
	if kind == sheetUnknown {
		names := make([]string, len(members))
		for n, m := range members {
			names[n] = columnName(m.name)
		}
		if kind = sheetOf(names); kind == sheetUnknown {
			d.b.refuseRow(r, "", "the members %s say neither an incident nor a measure", quoteAll(names))
			return
		}
	}
	var nested []member
	var seen []string
	for _, m := range members {
		switch name := columnName(m.name); {
		case kind == sheetIncidents && (m.name == "actions" || m.name == "measures"):
			nested = append(nested, m)
		case !slices.Contains(kind.columns(), name) && (name != "success_metric" || kind != sheetMeasures):
			d.b.warn(row{file: d.file, line: d.line(m.at)}, m.name, "is a member with no place here; it is not imported")
		case slices.Contains(seen, name):
			d.b.refuse(d.file, d.line(m.at), m.name, "stands for the same column as an earlier member, %s", name)
		default:
			seen = append(seen, name)
			d.take(r, name, m.part)
		}
	}
	if incident != nil && r.get("incident_id", "incident") == "" {
		for _, column := range []string{"incident_id", "source_url", "zone"} {
			if r.text[column] == "" {
				r.text[column] = incident.get(column)
			}
		}
		if r.text["incident_id"] == "" {
			r.text["incident_id"] = incident.get("external_id", "key")
		}
	}
	d.b.add(kind, r)
	for _, m := range nested {
		d.rows(m.part, sheetMeasures, &r)
	}
}

// take stores one value under its column.
func (d document) take(r row, name string, p part) {
	switch {
	case p.is('"'):
		r.text[name] = d.string(p, name)
	case p.is('{') && name == "success_metric":
		for _, m := range d.members(p) {
			if part := name + "." + m.name; slices.Contains(measureColumns(), part) && !m.is('{') && !m.is('[') {
				d.take(r, part, m.part)
			} else {
				d.b.refuse(d.file, d.line(m.at), part, "is not accepted; a success metric has name, unit, baseline, target, direction, window_days, verify_on, not_measurable")
			}
		}
	case p.is('['):
		r.list[name] = d.texts(p, name)
	case p.is('{'):
		d.b.refuse(d.file, d.line(p.at), name, "is an object; a text is expected")
	case string(p.raw) == "null" || string(p.raw) == "false":
	default:
		r.text[name] = string(p.raw)
	}
}

// texts reads a list of texts, or of links as the API writes them.
func (d document) texts(p part, name string) []string {
	out := []string{}
	for _, e := range d.elements(p) {
		if e.is('{') {
			for _, m := range d.members(e) {
				var url string
				if m.name == "url" && json.Unmarshal(m.raw, &url) == nil && url != "" {
					out = append(out, url)
				}
			}
			continue
		}
		if !e.is('"') {
			d.b.refuse(d.file, d.line(e.at), name, "is a list; every entry is a text")
			return out
		}
		if s := strings.TrimSpace(d.string(e, name)); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// string reads a JSON string. Half a surrogate pair stands for no character;
// the decoder would replace it silently.
func (d document) string(p part, name string) string {
	var s string
	_ = json.Unmarshal(p.raw, &s) // the document was found valid
	if strings.Count(s, "\uFFFD") > bytes.Count(p.raw, []byte("\uFFFD"))+bytes.Count(bytes.ToLower(p.raw), []byte(`\ufffd`)) {
		d.b.refuse(d.file, d.line(p.at), name, "has half a surrogate pair (\\uD800 to \\uDFFF), which stands for no character")
	}
	return s
}
