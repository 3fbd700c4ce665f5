package api

import (
	"time"

	"github.com/followthrough/followthrough/domain"
)

type calendarJSON struct {
	Zone     *string  `json:"zone" doc:"IANA name of the zone where days begin; null is the organisation's"`
	Weekend  []int    `json:"weekend" nullable:"false" doc:"days of the week on which nobody works; 0 is Sunday"`
	Holidays []string `json:"holidays" nullable:"false" format:"date"`
}

func calendarOf(c domain.WorkCalendar) calendarJSON {
	out := calendarJSON{Zone: orNull(c.Zone), Weekend: []int{}, Holidays: []string{}}
	for _, d := range c.Off() {
		out.Weekend = append(out.Weekend, int(d))
	}
	for _, d := range c.Holidays {
		out.Holidays = append(out.Holidays, d.String())
	}
	return out
}

type calendarInput struct {
	Zone     opt[string] `json:"zone,omitempty"`
	Weekend  opt[[]int]  `json:"weekend,omitempty"`
	Holidays opt[[]date] `json:"holidays,omitempty" doc:"all of them; what is not named is a working day"`
}

// onto merges the members into the calendar; null takes the shipped value.
func (in calendarInput) onto(c domain.WorkCalendar) domain.WorkCalendar {
	put(&c.Zone, in.Zone, same)
	put(&c.Weekend, in.Weekend, func(days []int) []time.Weekday {
		out := make([]time.Weekday, len(days))
		for n, d := range days {
			out[n] = time.Weekday(d)
		}
		return out
	})
	put(&c.Holidays, in.Holidays, func(days []date) []domain.Date {
		out := make([]domain.Date, len(days))
		for n, d := range days {
			out[n] = d.Date
		}
		return out
	})
	return c
}
