package web

import (
	"regexp"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// factLine is a fact as it is typed fastest: "14:05 decision: Rolled back", with
// a date in front where it is not the day of the line before.
var factLine = regexp.MustCompile(`^(?:(\d{4}-\d{2}-\d{2})[ T]+)?(\d{1,2}:\d{2})\s+(?:([\p{L}_ ]{3,24}):\s+)?(.+)$`) //nolint:gochecknoglobals // compiled once

// parseFacts reads one fact a line. The day stays until a line names another,
// and moves on where the clock jumps back by more than half a day.
func parseFacts(text string, day domain.Date, zone *time.Location, kinds map[string]domain.EntryKind) ([]domain.ReviewEntry, error) {
	var out []domain.ReviewEntry
	last := time.Time{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		g := factLine.FindStringSubmatch(line)
		if g == nil {
			return nil, domain.Invalid("lines", "%q does not begin with a time; write 14:05 decision: what happened", line)
		}
		if g[1] != "" {
			named, err := domain.ParseDate(g[1])
			if err != nil {
				return nil, domain.Invalid("lines", "%q is not a date; write YYYY-MM-DD", g[1])
			}
			day, last = named, time.Time{}
		}
		clock, err := time.Parse("15:04", g[2])
		if err != nil {
			return nil, domain.Invalid("lines", "%q is not a time of day; write 14:05", g[2])
		}
		at := time.Date(day.Year, day.Month, day.Day, clock.Hour(), clock.Minute(), 0, 0, zone)
		if !last.IsZero() && last.Sub(at) > 12*time.Hour { // past midnight
			day = day.AddDays(1)
			at = time.Date(day.Year, day.Month, day.Day, clock.Hour(), clock.Minute(), 0, 0, zone)
		}
		last = at
		kind, known := kinds[strings.ToLower(strings.TrimSpace(g[3]))]
		if g[3] != "" && !known {
			g[4] = g[3] + ": " + g[4]
		}
		out = append(out, domain.ReviewEntry{Section: domain.SectionTimeline, Kind: kind, At: at, Text: g[4]})
	}
	if len(out) == 0 {
		return nil, domain.Invalid("lines", "is empty; write one fact a line, such as 14:05 decision: rolled back")
	}
	return out, nil
}
