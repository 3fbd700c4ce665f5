package chat

import (
	"regexp"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// pastedLine is a line of a log with a time in front: "[1:04 PM]Ana: text",
// "2026-11-20 14:05 <ana> text", "20.11.26, 14:05 - Ana: text", "[14:05:10] Ana: text".
var pastedLine = regexp.MustCompile(`^\s*[\[(]?(?:(\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})),?[ T]+)?(\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?)\s?([AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?[\])]?\s*(?:[-–—]\s+)?(?:<([^<>\n]{1,80})>|([^:\n<>\[\]]{1,80}):)\s?(.*)$`) //nolint:gochecknoglobals // compiled once

// pasted reads lines of a log. A line without a time continues the one before;
// where no line has a time, each paragraph is a message without one.
func (b *builder) pasted(name string, data []byte) error {
	text := strings.ReplaceAll(toUTF8(data, ""), "\r\n", "\n")
	if strings.Contains(text, "\x00") {
		return refuse("%s is not text, and no export that is read here", short(name))
	}
	var current *domain.Message
	flush := func() error {
		if current == nil {
			return nil
		}
		m := *current
		current = nil
		return b.add(m)
	}
	day, last := b.Day, time.Time{}
	dated := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		g := pastedLine.FindStringSubmatch(line)
		if g == nil {
			if current != nil && len(current.Statement) < 4*domain.MaxStatement {
				current.Statement += "\n" + line
			}
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		dated = true
		if g[1] != "" {
			day, last = pastedDay(g[1]), time.Time{}
		}
		at := b.pastedTime(day, g[2], g[3], g[4])
		if !at.IsZero() && !last.IsZero() && last.Sub(at) > 12*time.Hour { // past midnight
			day = day.AddDays(1)
			at = b.pastedTime(day, g[2], g[3], g[4])
		}
		if !at.IsZero() {
			last = at
		}
		current = &domain.Message{Sender: first(g[5], g[6]), At: at, Statement: g[7]}
	}
	if err := flush(); err != nil || dated {
		return err
	}
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if err := b.add(domain.Message{Statement: paragraph}); err != nil {
			return err
		}
	}
	return nil
}

func pastedDay(text string) domain.Date {
	for _, layout := range []string{time.DateOnly, "2.1.2006", "2.1.06"} {
		if t, err := time.Parse(layout, text); err == nil {
			return domain.DateOf(t)
		}
	}
	return domain.Date{}
}

// pastedTime puts a day and a time of day together; without a day there is no time.
func (b *builder) pastedTime(day domain.Date, clock, half, zone string) time.Time {
	if day.IsZero() {
		return time.Time{}
	}
	clock, _, _ = strings.Cut(strings.ReplaceAll(clock, ",", "."), ".")
	layout := "15:04"
	if strings.Count(clock, ":") == 2 {
		layout = "15:04:05"
	}
	if half != "" {
		layout = strings.Replace(layout, "15", "3", 1) + " PM"
		clock += " " + strings.ToUpper(half)
	}
	in := b.Zone
	if zone != "" {
		if t, err := time.Parse("Z0700", strings.ReplaceAll(zone, ":", "")); err == nil {
			in = t.Location()
		}
	}
	t, err := time.Parse(layout, clock)
	if err != nil {
		return time.Time{}
	}
	return time.Date(day.Year, day.Month, day.Day, t.Hour(), t.Minute(), t.Second(), 0, in)
}
