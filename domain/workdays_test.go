package domain_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
)

func TestWorkday(t *testing.T) {
	easter := []domain.Date{domain.MustDate("2026-04-03"), domain.MustDate("2026-04-06")}
	for name, c := range map[string]struct {
		calendar domain.WorkCalendar
		after    string
		k        int
		want     string
	}{
		"next working day":        {domain.WorkCalendar{}, "2026-03-02", 1, "2026-03-03"},
		"over a weekend":          {domain.WorkCalendar{}, "2026-03-06", 1, "2026-03-09"},
		"from a Sunday":           {domain.WorkCalendar{}, "2026-03-08", 1, "2026-03-09"},
		"holidays":                {domain.WorkCalendar{Holidays: easter}, "2026-03-27", 5, "2026-04-07"},
		"Friday and Saturday off": {domain.WorkCalendar{Weekend: []time.Weekday{time.Friday, time.Saturday}}, "2026-03-05", 1, "2026-03-08"},
		"one day off":             {domain.WorkCalendar{Weekend: []time.Weekday{time.Sunday}}, "2026-03-06", 1, "2026-03-07"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.calendar.Workday(domain.MustDate(c.after), c.k)
			if err != nil || got.String() != c.want {
				t.Errorf("%v, err %v; want %s", got, err, c.want)
			}
		})
	}
	week := []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	for name, c := range map[string]struct {
		calendar domain.WorkCalendar
		k        int
	}{"no days": {domain.WorkCalendar{}, 0}, "too many": {domain.WorkCalendar{}, 2601}, "never works": {domain.WorkCalendar{Weekend: week}, 1}} {
		if got, err := c.calendar.Workday(domain.MustDate("2026-03-02"), c.k); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("%s: %v, error %v; want invalid", name, got, err)
		}
	}
}

// TestWorkdaysAdd: k working days and then j more are k+j working days, and the
// last of them is one.
func TestWorkdaysAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c domain.WorkCalendar
		closed := map[domain.Date]bool{}
		for range rapid.IntRange(0, 20).Draw(t, "holidays") {
			d := domain.MustDate("2026-01-01").AddDays(rapid.IntRange(0, 400).Draw(t, "day"))
			c.Holidays, closed[d] = append(c.Holidays, d), true
		}
		from := domain.MustDate("2026-01-01").AddDays(rapid.IntRange(0, 150).Draw(t, "from"))
		k, j := rapid.IntRange(1, 60).Draw(t, "k"), rapid.IntRange(1, 60).Draw(t, "j")
		workday := func(after domain.Date, k int) domain.Date {
			d, err := c.Workday(after, k)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		then, all := workday(workday(from, k), j), workday(from, k+j)
		if then != all || closed[all] || all.Weekday() == time.Saturday || all.Weekday() == time.Sunday {
			t.Fatalf("%d then %d working days end on %v, %d on %v", k, j, then, k+j, all)
		}
	})
}

// TestPolicyOfWorkingDays: a priority that counts working days suggests its due
// dates by the calendar, and what no calendar can count is refused.
func TestPolicyOfWorkingDays(t *testing.T) {
	p := domain.DefaultPolicy()
	p.WorkingDays = []domain.Priority{domain.P0}
	p.Calendar = domain.WorkCalendar{Zone: "Europe/Berlin", Holidays: []domain.Date{domain.MustDate("2026-04-06"), domain.MustDate("2026-04-03")}}
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	created := domain.MustDate("2026-03-30")
	if got := p.DueOn(domain.P0, created); got != domain.MustDate("2026-04-10") {
		t.Errorf("7 working days end on %s", got)
	}
	if got := p.DueOn(domain.P1, created); got != domain.MustDate("2026-04-14") {
		t.Errorf("15 elapsed days end on %s", got)
	}
	for name, c := range map[string]struct {
		change func(*domain.Policy)
		want   []string
	}{
		"strange priority": {func(p *domain.Policy) { p.WorkingDays = []domain.Priority{"P9"} }, []string{`working_days: "P9" is not accepted`}},
		"no working day":   {func(p *domain.Policy) { p.Calendar.Weekend = []time.Weekday{6, 5, 4, 3, 2, 1, 0, 0} }, []string{"calendar.weekend: leaves no working day"}},
		"strange day":      {func(p *domain.Policy) { p.Calendar.Weekend = []time.Weekday{7} }, []string{"calendar.weekend: 7 is not a day of the week"}},
		"strange zone":     {func(p *domain.Policy) { p.Calendar.Zone = "Mars/Base" }, []string{`calendar.zone: "Mars/Base" is not a time zone`}},
		"zone of a host":   {func(p *domain.Policy) { p.Calendar.Zone = "Local" }, []string{`calendar.zone: "Local" is not a time zone`}},
		"no day":           {func(p *domain.Policy) { p.Calendar.Holidays = []domain.Date{{}} }, []string{"calendar.holidays: has an empty entry"}},
		"all days":         {func(p *domain.Policy) { p.Calendar.Holidays = make([]domain.Date, 1001) }, []string{"calendar.holidays: has 1001 entries", "calendar.holidays: has an empty entry"}},
		"too many days":    {func(p *domain.Policy) { p.SLADays[domain.P0] = 3000 }, []string{"sla_days: 3000 working days for P0 is not accepted; use 1 to 2600"}},
		"grace of a month": {func(p *domain.Policy) { p.DueGraceHours = 720 }, []string{"due_grace_hours: 720 hours is not accepted; use 0 to 168"}},
	} {
		t.Run(name, func(t *testing.T) {
			q := domain.DefaultPolicy()
			q.WorkingDays = p.WorkingDays
			c.change(&q)
			refused(t, q.Check(), c.want...)
		})
	}
	twice := domain.WorkCalendar{Weekend: []time.Weekday{6, 0, 6}, Holidays: []domain.Date{domain.MustDate("2026-04-06"), domain.MustDate("2026-04-03"), domain.MustDate("2026-04-06")}}.Normal()
	if len(twice.Weekend) != 2 || len(twice.Holidays) != 2 || twice.Holidays[0] != domain.MustDate("2026-04-03") {
		t.Errorf("the calendar is kept as %+v", twice)
	}
}
