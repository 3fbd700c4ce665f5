package imports

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// builder collects what the files say, and everything that is wrong with it.
type builder struct {
	o        Options
	rows     int
	full     bool // the row limit was reached and named
	bad      []domain.FieldError
	warnings []Warning

	incidents []incident
	measures  []measure
	returns   []recurrence
	stated    []row // every row about a recurrence
	anomalies []anomaly
	// noZone remembers the files and zones of times without one, for one warning each.
	noZone []string
}

// incident is an incident on its way, with what its contradictions are judged by.
type incident struct {
	row row
	domain.ImportIncident
	ids           []string // names that rows of the same batch may use for it
	startedOnDate bool
}

type measure struct {
	row row
	domain.ImportMeasure
	actionID string
	seq      int
}

// recurrence is one stated return of an earlier incident.
type recurrence struct {
	row            row
	later, earlier string
}

// anomaly is a value whose source or curator says that it contradicts others.
type anomaly struct {
	row             row
	incident, field string
}

func newBuilder(o Options) *builder { return &builder{o: o} }

// place names a line of a file for people.
func place(file string, line int, field string) string {
	text := file
	if line > 0 {
		text += fmt.Sprintf(" line %d", line)
	}
	if field != "" {
		text += ", " + field
	}
	return text
}

// maxBad bounds the rows named in one refusal.
const maxBad = 10_000

func (b *builder) refuse(file string, line int, field, format string, args ...any) {
	switch {
	case len(b.bad) < maxBad:
		b.bad = append(b.bad, domain.FieldError{Field: place(file, line, short(field)), Message: fmt.Sprintf(format, shortened(args)...)})
	case len(b.bad) == maxBad:
		b.bad = append(b.bad, domain.FieldError{Field: place(file, line, ""), Message: "more is wrong from here on; put the earlier lines right first"})
	}
}

// short cuts what a message repeats of the input.
func short(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func shortened(args []any) []any {
	out := slices.Clone(args)
	for n, a := range out {
		if text, ok := a.(string); ok {
			out[n] = short(text)
		}
	}
	return out
}

func (b *builder) refuseRow(r row, field, format string, args ...any) {
	b.refuse(r.file, r.line, field, format, args...)
}

func (b *builder) warn(r row, field, format string, args ...any) {
	b.warnings = append(b.warnings, Warning{File: r.file, Line: r.line, Field: short(field), Message: fmt.Sprintf(format, shortened(args)...)})
}

// clean refuses values that no text of ours may have: too long, or with
// characters that control a device. Tabs and line ends are fine.
func (b *builder) clean(r row) bool {
	fine := true
	check := func(column, value string) {
		if at := strings.IndexFunc(value, func(c rune) bool { return c < 0x20 && c != '\n' && c != '\t' && c != '\f' || c == 0x7f }); at >= 0 {
			b.refuseRow(r, column, "contains the control character %U; remove it", rune(value[at]))
			fine = false
		}
		if len(value) > MaxCell {
			b.refuseRow(r, column, "has %d bytes; at most %d are accepted", len(value), MaxCell)
			fine = false
		}
	}
	for _, column := range slices.Sorted(maps.Keys(r.text)) {
		check(column, r.text[column])
	}
	for _, column := range slices.Sorted(maps.Keys(r.list)) {
		check(column, strings.Join(r.list[column], "\n"))
	}
	return fine
}

// count counts a row and says once when there are too many.
func (b *builder) count(file string, line int) bool {
	b.rows++
	if b.rows <= MaxRows {
		return true
	}
	if !b.full {
		b.full = true
		b.refuse(file, line, "", "is beyond the limit of %d rows for one import; split the files", MaxRows)
	}
	return false
}

func (b *builder) warnColumns(file string, line int, kind sheet, columns, headers []string) {
	for n, c := range columns {
		if !slices.Contains(kind.columns(), c) {
			b.warn(row{file: file, line: line}, headers[n], "is a column with no place here; its values are not imported")
		}
	}
}

// add turns one row into its part of the batch.
func (b *builder) add(kind sheet, r row) {
	if !b.clean(r) {
		return
	}
	switch kind {
	case sheetIncidents:
		b.addIncident(r)
	case sheetMeasures:
		b.addMeasure(r)
	case sheetRecurrences:
		b.addRecurrence(r)
	case sheetAnomalies:
		b.anomalies = append(b.anomalies, anomaly{row: r, incident: r.get("incident_id"), field: r.get("field")})
	case sheetUnknown:
	}
}

// finish checks the batch as a whole and hands it over, or every bad row.
func (b *builder) finish(name string) (Result, error) {
	b.checkIDs()
	b.applyAnomalies()
	for n := range b.incidents {
		b.settle(&b.incidents[n])
	}
	b.tieRecurrences()
	b.earlierFirst()
	b.tieMeasures()
	b.checkDomain()
	if len(b.incidents)+len(b.measures) == 0 && len(b.bad) == 0 {
		b.refuse(name, 0, "", "has neither an incident nor a measure")
	}
	if len(b.bad) > 0 {
		return Result{}, b.refusal()
	}
	result := Result{Batch: domain.ImportBatch{File: name}, Warnings: b.warnings}
	for _, i := range b.incidents {
		result.Batch.Incidents = append(result.Batch.Incidents, i.ImportIncident)
	}
	for _, m := range b.measures {
		result.Batch.Measures = append(result.Batch.Measures, m.ImportMeasure)
	}
	return result, nil
}

// refusal is the error with every bad row; its message shows the first ones.
func (b *builder) refusal() error {
	const shown = 5
	var texts []string
	for _, f := range b.bad[:min(shown, len(b.bad))] {
		texts = append(texts, f.Field+": "+f.Message)
	}
	if more := len(b.bad) - shown; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return &domain.Error{Kind: domain.ErrInvalid, Fields: b.bad, Message: "nothing was imported: " + strings.Join(texts, "; ")}
}

// zone returns the zone of a row's local times: its own column, its source's, or the import's.
func (b *builder) zone(r row) *time.Location {
	if name := r.get("zone"); name != "" {
		zone, err := time.LoadLocation(name)
		if err == nil {
			return zone
		}
		b.refuseRow(r, "zone", "%q is not a time zone; write a name such as Europe/Berlin", name)
	}
	if zone, ok := b.o.Zones[r.get("source")]; ok {
		return zone
	}
	return b.o.Zone
}

// quoteAll lists the first texts for a message.
func quoteAll(texts []string) string {
	const most = 12
	quoted := make([]string, 0, most)
	for _, t := range texts[:min(most, len(texts))] {
		quoted = append(quoted, strconv.Quote(short(t)))
	}
	if len(texts) > most {
		quoted = append(quoted, "…")
	}
	return strings.Join(quoted, ", ")
}
