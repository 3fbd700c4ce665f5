package metrics

import (
	"time"

	"github.com/followthrough/followthrough/domain"
)

// targetClock tells when a target of working days has passed, in ms: at the end
// of the k-th one after the civil day of the origin (rule R4).
type targetClock struct {
	days     int
	calendar domain.WorkCalendar
	zone     *time.Location
	known    map[domain.Date]int64 // ends, by the civil day of the origin
}

func clockOf(policy domain.Policy, p domain.Priority, zone *time.Location) (targetClock, error) {
	c := targetClock{days: policy.SLADays[p], calendar: policy.Calendar, known: map[domain.Date]int64{}}
	var err error
	if c.zone, err = policy.Calendar.Location(zone); err != nil {
		return c, err
	}
	_, err = c.calendar.Workday(domain.DateOf(policy.From), c.days) // refuses what has no end
	return c, err
}

// ends is the first instant that is late. Measures of one day end together, so
// each day is counted once.
func (c *targetClock) ends(start int64) int64 {
	day := domain.DateOf(time.UnixMilli(start).In(c.zone))
	end, ok := c.known[day]
	if !ok {
		last, _ := c.calendar.Workday(day, c.days) // clockOf has tried
		end = last.Deadline(c.zone).UnixMilli()
		c.known[day] = end
	}
	return end
}
