package metrics_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

func TestWorkdayDeadlines(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	easter := []domain.Date{domain.MustDate("2026-04-03"), domain.MustDate("2026-04-06")}
	for name, c := range map[string]struct {
		calendar metrics.WorkCalendar
		created  string
		k        int
		want     string
	}{
		"next working day":          {metrics.WorkCalendar{}, "2026-03-02T10:00:00Z", 1, "2026-03-04T00:00:00Z"},
		"over a weekend":            {metrics.WorkCalendar{}, "2026-03-06T10:00:00Z", 1, "2026-03-10T00:00:00Z"},
		"created on a Sunday":       {metrics.WorkCalendar{}, "2026-03-08T10:00:00Z", 1, "2026-03-10T00:00:00Z"},
		"civil day of the zone":     {metrics.WorkCalendar{Zone: berlin}, "2026-03-02T23:30:00Z", 1, "2026-03-04T23:00:00Z"},
		"holidays and clock change": {metrics.WorkCalendar{Zone: berlin, Holidays: easter}, "2026-03-27T09:00:00Z", 5, "2026-04-07T22:00:00Z"},
		"Friday and Saturday off":   {metrics.WorkCalendar{Weekend: []time.Weekday{time.Friday, time.Saturday}}, "2026-03-05T10:00:00Z", 1, "2026-03-09T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.calendar.Deadline(at(t, c.created), c.k)
			if err != nil || !got.Equal(at(t, c.want)) {
				t.Errorf("deadline %v, err %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestWorkdayDeadlineRefuses(t *testing.T) {
	week := []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	for name, c := range map[string]struct {
		calendar metrics.WorkCalendar
		k        int
	}{"no days": {metrics.WorkCalendar{}, 0}, "too many": {metrics.WorkCalendar{}, 2601}, "never works": {metrics.WorkCalendar{Weekend: week}, 1}} {
		t.Run(name, func(t *testing.T) {
			if got, err := c.calendar.Deadline(benchAsOf(), c.k); !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("deadline %v, error %v; want invalid", got, err)
			}
		})
	}
}

// TestWorkdayDeadlinesAdd: k working days and then j more are k+j working days.
func TestWorkdayDeadlinesAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := metrics.WorkCalendar{Zone: time.UTC}
		for range rapid.IntRange(0, 20).Draw(t, "holidays") {
			c.Holidays = append(c.Holidays, domain.MustDate("2026-01-01").AddDays(rapid.IntRange(0, 400).Draw(t, "day")))
		}
		created := benchAsOf().AddDate(0, 0, -rapid.IntRange(0, 150).Draw(t, "before"))
		k, j := rapid.IntRange(1, 60).Draw(t, "k"), rapid.IntRange(1, 60).Draw(t, "j")
		first, err := c.Deadline(created, k)
		if err != nil {
			t.Fatal(err)
		}
		then, err := c.Deadline(first.Add(-time.Millisecond), j)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := c.Deadline(created, k+j); err != nil || !all.Equal(then) {
			t.Fatalf("%d then %d working days end at %v, %d at %v (%v)", k, j, then, k+j, all, err)
		}
	})
}
