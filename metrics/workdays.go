package metrics

import (
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// WorkCalendar says on which civil days an organisation works. It is used only
// where a policy asks for business days (rule R4); curves, ages and forecasts
// stay in elapsed days, otherwise two offices could not be compared.
type WorkCalendar struct {
	Version  int            // pinned with every report that used it
	Zone     *time.Location // nil = UTC
	Weekend  []time.Weekday // empty = Saturday and Sunday
	Holidays []domain.Date  // any order
}

// maxWorkdays bounds a deadline in business days: more than ten years is a
// mistake.
const maxWorkdays = 2600

// Deadline is the first instant after the k-th working day that follows the
// civil day of created. It refuses k outside 1 to 2600 and a calendar without
// working days.
func (c WorkCalendar) Deadline(created time.Time, k int) (time.Time, error) {
	if k < 1 || k > maxWorkdays {
		return time.Time{}, invalidf("a deadline of %d working days is not accepted; use 1 to %d", k, maxWorkdays)
	}
	weekend := c.Weekend
	if len(weekend) == 0 {
		weekend = []time.Weekday{time.Saturday, time.Sunday}
	}
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	closed := map[domain.Date]bool{}
	for _, d := range c.Holidays {
		closed[d] = true
	}
	day := domain.DateOf(created.In(zone))
	// Weekends take at most six days in seven; holidays are finitely many.
	for left, limit := k, 7*maxWorkdays+len(closed); limit > 0; limit-- {
		day = day.AddDays(1)
		if slices.Contains(weekend, weekday(day)) || closed[day] {
			continue
		}
		if left--; left == 0 {
			return day.Deadline(zone), nil
		}
	}
	return time.Time{}, invalidf("calendar version %d has no working days; leave one weekday out of the weekend", c.Version)
}

func weekday(d domain.Date) time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC).Weekday()
}
