package imports

import (
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// moment is a point in time as a file states it.
type moment struct {
	at time.Time
	// day is given instead of at when the file states no time of day.
	day domain.Date
}

// moment reads a column that holds an instant, a local time or a date. A value
// that is none of them refuses the row.
func (b *builder) moment(r row, column string) moment {
	text := r.get(column)
	if text == "" {
		return moment{}
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return b.within(r, column, moment{at: t.UTC()}, t.Year())
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05", "02.01.2006 15:04", "02.01.2006 15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return b.within(r, column, moment{at: b.local(r, column, t)}, t.Year())
		}
	}
	if d, ok := date(text); ok {
		return moment{day: d}
	}
	b.refuseRow(r, column, "%q is neither an instant nor a date; write 2026-12-08T14:30:00Z, 2026-12-08T14:30 or 2026-12-08", text)
	return moment{}
}

func (b *builder) within(r row, column string, m moment, year int) moment {
	if year < 1900 || year > 9999 {
		b.refuseRow(r, column, "the year %d is not accepted; use 1900 to 9999", year)
		return moment{}
	}
	return m
}

// local places a wall clock reading in the row's zone. A reading that the clock
// change skipped or showed twice is left out: which instant it was is unknown.
func (b *builder) local(r row, column string, wall time.Time) time.Time {
	zone := b.zone(r)
	if zone == nil {
		b.warn(r, column, "%q names no time zone and the import none; left out", r.get(column))
		return time.Time{}
	}
	if told := r.file + " in " + zone.String(); !slices.Contains(b.noZone, told) {
		b.noZone = append(b.noZone, told)
		b.warn(r, column, "names no time zone; such times are read in %s", zone)
	}
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	same := func(o time.Time) bool { return o.Format(time.DateTime) == wall.Format(time.DateTime) }
	switch {
	case !same(t):
		b.warn(r, column, "%q did not exist in %s (clock change); left out", r.get(column), zone)
		return time.Time{}
	case same(t.Add(time.Hour)), same(t.Add(-time.Hour)), same(t.Add(30 * time.Minute)), same(t.Add(-30 * time.Minute)):
		b.warn(r, column, "%q happened twice in %s (clock change); left out", r.get(column), zone)
		return time.Time{}
	}
	return t.UTC()
}

// date reads a civil date, ISO or German.
func date(text string) (domain.Date, bool) {
	for _, layout := range []string{time.DateOnly, "02.01.2006"} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil && t.Year() >= 1900 {
			return domain.DateOf(t), true
		}
	}
	return domain.Date{}, false
}

// day reads a column that holds a date.
func (b *builder) day(r row, columns ...string) domain.Date {
	for _, column := range columns {
		text := r.get(column)
		if text == "" {
			continue
		}
		d, ok := date(text)
		if !ok {
			b.refuseRow(r, column, "%q is not a date; write YYYY-MM-DD", text)
		}
		return d
	}
	return domain.Date{}
}

// instant reads a column for which a date alone says too little: then the
// value is left out and named.
func (b *builder) instant(r row, column string) moment {
	m := b.moment(r, column)
	if m.at.IsZero() && !m.day.IsZero() {
		b.warn(r, column, "%s has no time of day; left out", m.day)
	}
	return m
}

// startOf turns a stated day into the instant it began, where there is a zone.
func (b *builder) startOf(r row, column string, d domain.Date) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	zone := b.zone(r)
	if zone == nil {
		b.warn(r, column, "%s names no time zone and the import none; left out", d)
		return time.Time{}
	}
	return d.Start(zone).UTC()
}
