package imports

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// MaxObservations is how many rows one file of observations may have.
const MaxObservations = 20_000

// MaxObservationBytes bounds such a file.
const MaxObservationBytes = 4 << 20

// Observations reads values of success metrics from a CSV with the columns
// measure, at, value and, if wanted, note. It returns an ErrInvalid that names
// every bad row, and then nothing at all.
func Observations(f File, o Options) ([]domain.Observation, error) {
	data, err := io.ReadAll(io.LimitReader(f.Data, MaxObservationBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxObservationBytes {
		return nil, domain.Errorf(domain.ErrInvalid, "%s: the file is larger than %d MiB; split it", f.Name, MaxObservationBytes>>20)
	}
	text, err := decode(f.Name, data, o.Charset)
	if err != nil {
		return nil, err
	}
	b := newBuilder(o)
	found := b.observations(f.Name, text)
	if len(found) == 0 && len(b.bad) == 0 {
		b.refuse(f.Name, 0, "", "has no observation; give rows of measure, at and value under a line that names these columns")
	}
	if len(b.bad) > 0 {
		return nil, b.refusal()
	}
	return found, nil
}

func (b *builder) observations(name, text string) []domain.Observation {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	r.Comma = separatorOf(text)
	header, err := r.Read()
	if err != nil {
		b.refuseCSV(name, 0, err)
		return nil
	}
	columns := map[string]int{}
	for n, h := range header {
		columns[strings.ToLower(strings.TrimSpace(h))] = n
	}
	for _, need := range []string{"measure", "at", "value"} {
		if _, ok := columns[need]; !ok {
			b.refuse(name, 1, need, "is missing among the columns %s", quoteAll(header))
		}
	}
	if len(b.bad) > 0 {
		return nil
	}
	var found []domain.Observation
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			b.refuseCSV(name, 0, err)
			return nil
		}
		line, _ := r.FieldPos(0)
		if len(found) == MaxObservations {
			b.refuse(name, line, "", "is one row more than the %d that one file may have; split it", MaxObservations)
			return nil
		}
		cell := func(column string) string {
			if n, ok := columns[column]; ok && n < len(record) {
				return strings.TrimSpace(record[n])
			}
			return ""
		}
		if !slices.ContainsFunc(record, func(s string) bool { return strings.TrimSpace(s) != "" }) {
			continue
		}
		found = append(found, domain.Observation{Measure: domain.MeasureKey(cell("measure")), At: b.observedAt(name, line, cell("at")),
			Value: b.observedValue(name, line, cell("value"), r.Comma), Note: cell("note")})
		if cell("measure") == "" {
			b.refuse(name, line, "measure", "is empty; give the key of a measure such as M-7")
		}
	}
}

// observedAt reads an instant, or a day of the zone.
func (b *builder) observedAt(name string, line int, text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if day, ok := date(text); err != nil && ok && b.o.Zone != nil {
		at, err = day.Start(b.o.Zone), nil
	}
	switch {
	case err != nil:
		b.refuse(name, line, "at", "%q is not an instant; write it as 2026-11-24T10:00:00Z or as a day, 2026-11-24", text)
	case at.After(b.o.Now):
		b.refuse(name, line, "at", "%q lies in the future", text)
	}
	return at
}

// observedValue reads a number; a comma is its point where commas do not part columns.
func (b *builder) observedValue(name string, line int, text string, separator rune) float64 {
	if separator != ',' && strings.Count(text, ",") == 1 && !strings.Contains(text, ".") {
		text = strings.Replace(text, ",", ".", 1)
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value-value != 0 { // neither infinite nor no number
		b.refuse(name, line, "value", "%q is not a number", text)
	}
	return value
}
