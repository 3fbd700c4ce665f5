package imports

import (
	"slices"
	"strings"
)

// row is one record of any format: columns by their normal name. CSV and JSON
// meet here, so both give the same batch.
type row struct {
	file string
	line int
	text map[string]string
	list map[string][]string
}

// get returns the first value given under one of the names.
func (r row) get(names ...string) string {
	for _, name := range names {
		if v := strings.TrimSpace(r.text[name]); v != "" {
			return v
		}
	}
	return ""
}

// items returns the entries of a list column.
func (r row) items(name string) []string {
	if entries, ok := r.list[name]; ok {
		return entries
	}
	var out []string
	for _, entry := range splitList(r.text[name]) {
		if entry = strings.TrimSpace(entry); entry != "" {
			out = append(out, entry)
		}
	}
	return out
}

// splitList splits at semicolons and line ends, but not inside an address: a
// semicolon there separates only when another address follows.
func splitList(text string) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		parts := strings.Split(line, ";")
		for n := 0; n < len(parts); n++ {
			entry := parts[n]
			for isAddress(strings.TrimSpace(entry)) && n+1 < len(parts) && !isAddress(strings.TrimSpace(parts[n+1])) {
				n++
				entry += ";" + parts[n]
			}
			out = append(out, entry)
		}
	}
	return out
}

func isAddress(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

// sheet is what the rows of a table are about.
type sheet int

const (
	sheetUnknown sheet = iota
	sheetIncidents
	sheetMeasures
	sheetRecurrences
	sheetAnomalies
)

// sheetOf recognises a table by its columns.
func sheetOf(columns []string) sheet {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(columns, name) })
	}
	switch {
	case has("recurs_incident_id"):
		return sheetRecurrences
	case has("value_in_source") && has("field"):
		return sheetAnomalies
	case has("action_id"):
		return sheetMeasures
	case !has("title"):
		return sheetUnknown
	case has("severity", "started_at", "detected_at", "incident_date", "first_detected", "resolved_at", "summary", "fingerprint"):
		return sheetIncidents
	case has("incident", "kind", "priority", "owner", "due_on", "success_metric", "ticket_refs",
		"deputy", "original_due_on", "closure_reason", "accepted_at", "done_at", "completed_on", "cancelled_at", "verdict"):
		return sheetMeasures
	case has("incident_id", "external_id"):
		return sheetIncidents
	}
	return sheetUnknown
}
