package domain

import (
	"fmt"
	"time"
)

// Date is a civil date without a zone. The zero Date means "no date".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads YYYY-MM-DD; the empty string is the zero Date. Impossible
// dates such as 2026-02-30 are refused with ErrInvalid.
func ParseDate(text string) (Date, error) {
	if text == "" {
		return Date{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1900 || t.Year() > 9999 {
		return Date{}, Errorf(ErrInvalid, "%q is not a date; write YYYY-MM-DD, for example 2026-12-08", text)
	}
	return DateOf(t), nil
}

// MustDate is ParseDate for constants in tests and fixtures; it panics on a bad date.
func MustDate(text string) Date {
	d, err := ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// DateOf returns the civil date of t in t's own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{Year: y, Month: m, Day: d}
}

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String returns YYYY-MM-DD, or "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// AddMonths returns the same day n months later, or the last day of a shorter month.
func (d Date) AddMonths(n int) Date {
	first := time.Date(d.Year, d.Month+time.Month(n), 1, 12, 0, 0, 0, time.UTC)
	end := first.AddDate(0, 1, -1).Day()
	return DateOf(first.AddDate(0, 0, min(d.Day, end)-1))
}

// AddDays returns the date n civil days later.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 12, 0, 0, 0, time.UTC))
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC).Weekday()
}

// Sub returns d - other in civil days.
func (d Date) Sub(other Date) int { return d.Ordinal() - other.Ordinal() }

// Before reports whether d is earlier than other.
func (d Date) Before(other Date) bool { return d.Ordinal() < other.Ordinal() }

// Ordinal returns the days since 1970-01-01; 0 for no date is never a real due date in practice.
func (d Date) Ordinal() int {
	if d.IsZero() {
		return 0
	}
	return int(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// Deadline returns the instant at which a due date has passed: 00:00 of the
// next civil day in zone (statistics.md R3). Days of 23 and 25 hours follow
// the zone's calendar.
func (d Date) Deadline(zone *time.Location) time.Time {
	return startOfDay(d.AddDays(1), zone)
}

// Start returns the first instant of the civil day in zone.
func (d Date) Start(zone *time.Location) time.Time { return startOfDay(d, zone) }

// startOfDay finds the first instant of a civil day. Where midnight does not
// exist (a clock change at 00:00) time.Date lands on the day before or after;
// the loop walks to the first instant that carries the wanted date.
func startOfDay(d Date, zone *time.Location) time.Time {
	t := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
	for DateOf(t).Before(d) {
		t = t.Add(15 * time.Minute)
	}
	for {
		earlier := t.Add(-15 * time.Minute)
		if DateOf(earlier) != d {
			return t
		}
		t = earlier
	}
}

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Date) UnmarshalText(text []byte) error {
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
