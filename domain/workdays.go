package domain

import (
	"slices"
	"time"
)

// WorkCalendar says on which civil days an organisation works. It is part of a
// policy and thereby versioned and valid from a day on: a target keeps the
// calendar under which it was given (statistics.md R4).
type WorkCalendar struct {
	// Zone is where days begin, an IANA name; empty is the organisation's zone.
	Zone     string         `json:",omitzero"`
	Weekend  []time.Weekday `json:",omitempty"` // empty is Saturday and Sunday
	Holidays []Date         `json:",omitempty"` // in order
}

// The bounds of a calendar: more than ten years of working days, or more
// holidays than fifty years have, is a mistake.
const (
	maxWorkdays = 2600
	maxHolidays = 1000
)

// Off are the days of the week on which nobody works.
func (c WorkCalendar) Off() []time.Weekday {
	if len(c.Weekend) == 0 {
		return []time.Weekday{time.Saturday, time.Sunday}
	}
	return c.Weekend
}

// Location is the zone of the calendar, the organisation's where it names none.
func (c WorkCalendar) Location(organisation *time.Location) (*time.Location, error) {
	if c.Zone == "" {
		return organisation, nil
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil || c.Zone == "Local" { // which is another one on every machine
		return nil, Invalid("calendar.zone", "%q is not a time zone; give an IANA name such as Europe/Berlin", c.Zone)
	}
	return zone, nil
}

// Workday is the k-th working day after a civil day. It refuses k outside 1 to
// 2600 and a calendar without working days.
func (c WorkCalendar) Workday(after Date, k int) (Date, error) {
	off := c.Off()
	if k < 1 || k > maxWorkdays {
		return Date{}, Errorf(ErrInvalid, "a deadline of %d working days is not accepted; use 1 to %d", k, maxWorkdays)
	}
	if week := slices.Compact(slices.Sorted(slices.Values(off))); len(week) > 6 {
		return Date{}, Invalid("calendar.weekend", "leaves no working day; leave one day of the week out")
	}
	closed := make(map[Date]bool, len(c.Holidays))
	for _, d := range c.Holidays {
		closed[d] = true
	}
	// Weekends take at most six days in seven and holidays are finitely many, so
	// this ends.
	day, weekday := after, after.Weekday()
	for left := k; left > 0; {
		day, weekday = day.AddDays(1), (weekday+1)%7
		if !slices.Contains(off, weekday) && !closed[day] {
			left--
		}
	}
	return day, nil
}

// Normal is the calendar with its lists in order and nothing twice.
func (c WorkCalendar) Normal() WorkCalendar {
	c.Weekend = slices.Compact(slices.Sorted(slices.Values(c.Weekend)))
	c.Holidays = slices.CompactFunc(slices.SortedFunc(slices.Values(c.Holidays), func(a, b Date) int { return a.Sub(b) }), func(a, b Date) bool { return a == b })
	return c
}

func (c WorkCalendar) check(bad *problems) {
	_, err := c.Location(time.UTC)
	bad.addErr("calendar.zone", err)
	for _, d := range c.Weekend {
		if d < time.Sunday || d > time.Saturday {
			bad.add("calendar.weekend", "%d is not a day of the week; use 0 (Sunday) to 6", int(d))
		}
	}
	if len(c.Normal().Weekend) > 6 {
		bad.add("calendar.weekend", "leaves no working day; leave one day of the week out")
	}
	if len(c.Holidays) > maxHolidays {
		bad.add("calendar.holidays", "has %d entries; at most %d are accepted", len(c.Holidays), maxHolidays)
	}
	if slices.Contains(c.Holidays, Date{}) {
		bad.add("calendar.holidays", "has an empty entry; write YYYY-MM-DD")
	}
}

// CountsWorkingDays says whether the days of a priority, until the due date and
// the target, are working days.
func (p Policy) CountsWorkingDays(priority Priority) bool {
	return slices.Contains(p.WorkingDays, priority)
}

// checkWorkingDays refuses working days that no calendar can count.
func (p Policy) checkWorkingDays(bad *problems) {
	p.Calendar.check(bad)
	for _, priority := range p.WorkingDays {
		checkEnum(bad, "working_days", priority, Priorities(), false)
		for name, days := range map[string]int{"due_days": p.DueDays[priority], "sla_days": p.SLADays[priority]} {
			if days > maxWorkdays {
				bad.add(name, "%d working days for %s is not accepted; use 1 to %d", days, priority, maxWorkdays)
			}
		}
	}
}
