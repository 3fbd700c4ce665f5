package imports

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// readCSV reads a table. Line numbers are those of the file, also behind
// fields that span several lines.
func (b *builder) readCSV(name, text string) {
	skipped := 0
	comma := separatorOf(text)
	if first, rest, ok := strings.Cut(text, "\n"); ok && len(first) == 5 && strings.HasPrefix(first, "sep=") {
		comma, text, skipped = rune(first[4]), rest, 1 // a line only Excel knows
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	if comma == '"' || comma == 0 || comma == '\n' || comma >= 0x80 {
		comma = ','
	}
	r.Comma = comma
	header, err := r.Read()
	if err != nil {
		b.refuseCSV(name, skipped, err)
		return
	}
	headerLine, _ := r.FieldPos(0)
	headerLine += skipped
	if len(header) > MaxColumns {
		b.refuse(name, headerLine, "", "has %d columns; at most %d are accepted", len(header), MaxColumns)
		return
	}
	columns := make([]string, len(header))
	for n, h := range header {
		columns[n] = columnName(h)
		if columns[n] != "" && slices.Contains(columns[:n], columns[n]) {
			b.refuse(name, headerLine, h, "stands for the same column as an earlier one, %s; keep one of them", columns[n])
			return
		}
	}
	kind := sheetOf(columns)
	if kind == sheetUnknown {
		b.refuse(name, headerLine, "", "the columns %s say neither incidents nor measures; docs/import.md lists the accepted ones", quoteAll(header))
		return
	}
	b.warnColumns(name, headerLine, kind, columns, header)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			b.refuseCSV(name, skipped, err)
			return // where quotes are broken, later lines cannot be told apart
		}
		line, _ := r.FieldPos(0)
		line += skipped
		if !slices.ContainsFunc(record, func(s string) bool { return strings.TrimSpace(s) != "" }) {
			continue
		}
		if len(record) != len(columns) {
			b.refuse(name, line, "", "has %d fields, the header has %d", len(record), len(columns))
			continue
		}
		if !b.count(name, line) {
			return
		}
		values := make(map[string]string, len(columns))
		for n, v := range record {
			values[columns[n]] = v
		}
		if slices.Contains(columns, "key") {
			unguard(values)
		}
		b.add(kind, row{file: name, line: line, text: values})
	}
}

func (b *builder) refuseCSV(name string, skipped int, err error) {
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		b.refuse(name, parse.StartLine+skipped, "", "the quotes of this row do not match (noticed in line %d, byte %d); write \" inside a field as \"\"", parse.Line+skipped, parse.Column)
	case errors.Is(err, io.EOF):
		b.refuse(name, 0, "", "is empty; the first line names the columns")
	default:
		b.refuse(name, 0, "", "cannot be read: %v", err)
	}
}

// unguard takes back the apostrophe that our own export puts before texts that
// a spreadsheet would run as a formula.
func unguard(values map[string]string) {
	for column, v := range values {
		if rest, ok := strings.CutPrefix(v, "'"); ok && strings.ContainsAny(firstRune(rest), "=+-@\t\r\x00＝＋－＠") {
			values[column] = rest
		}
	}
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// separatorOf takes the separator that the header uses most, outside quotes.
func separatorOf(text string) rune {
	counts := map[rune]int{}
	quoted := false
	for _, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '\n':
			return mostUsed(counts)
		case r == ',' || r == ';' || r == '\t':
			counts[r]++
		}
	}
	return mostUsed(counts)
}

func mostUsed(counts map[rune]int) rune {
	best := ','
	for _, r := range []rune{';', '\t'} {
		if counts[r] > counts[best] {
			best = r
		}
	}
	return best
}

// splitHeader splits a first line for recognition only.
func splitHeader(text string) []string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.Split(line, string(separatorOf(line)))
}
