package app

import (
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// Everything that a report says is read from the history up to its cut, and
// nothing from the rows as they are today. A later edit therefore cannot change
// a report that pins as_of and known_at (rule R1).

// knownFields replays the rows of one subject that were written down and true
// by the cut into the fields it had then; nil when it was not known yet.
func knownFields(rows []domain.Change, cut metrics.Cut) (map[string]string, error) {
	var fields map[string]string
	for _, row := range rows {
		switch {
		case row.At.After(cut.KnownAt):
		case row.Kind == domain.ChangeCreate:
			var err error
			if fields, err = row.Created(); err != nil {
				return nil, err
			}
		case fields != nil && row.Sets() && !row.At.After(cut.AsOf):
			fields[row.Field] = row.To
		}
	}
	return fields, nil
}

// readingsOf are the observations of a success metric that its history shows,
// each written as "4.5 at 2026-11-24T10:00:00Z".
func readingsOf(rows []domain.Change, cut metrics.Cut) []metrics.Reading {
	var out []metrics.Reading
	for n := range rows {
		row := &rows[n]
		if row.Kind != domain.ChangeObservation || row.At.After(cut.KnownAt) {
			continue
		}
		number, at, _ := strings.Cut(row.To, " at ")
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			continue
		}
		if observed, err := time.Parse(time.RFC3339, at); err == nil {
			out = append(out, metrics.Reading{At: observed, Value: value})
		}
	}
	return out
}

// countPeople adds a person to the sizes of their teams at the cut; figures
// about fewer than five people are figures about persons and are not shown.
func countPeople(sizes map[domain.TeamID]int, rows []domain.Change, cut metrics.Cut) error {
	fields, err := knownFields(rows, cut)
	if err != nil || fields == nil || fields["disabled"] != "" || fields["teams"] == "" {
		return err
	}
	for team := range strings.SplitSeq(fields["teams"], "\n") {
		sizes[domain.TeamID(team)]++
	}
	return nil
}
