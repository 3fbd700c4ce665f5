package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// fillCalendar reads which days are working days; a form without these fields
// leaves them as they are.
func fillCalendar(policy *domain.Policy, form url.Values) error {
	if !form.Has("calendar.holidays") {
		return nil
	}
	policy.WorkingDays = several[domain.Priority](form, "working_days")
	policy.Calendar = domain.WorkCalendar{Zone: strings.TrimSpace(form.Get("calendar.zone"))}
	for _, text := range form["calendar.weekend"] {
		n, err := strconv.Atoi(text)
		if err != nil {
			return domain.Invalid("calendar.weekend", "%q is not a number", text)
		}
		policy.Calendar.Weekend = append(policy.Calendar.Weekend, time.Weekday(n))
	}
	if len(policy.Calendar.Weekend) == 0 { // an empty list stands for Saturday and Sunday
		return domain.Invalid("calendar.weekend", "is empty; tick the days on which nobody works")
	}
	for _, text := range lines(form.Get("calendar.holidays")) {
		day, err := dateOf("calendar.holidays", strings.TrimSpace(text))
		if err != nil {
			return err
		}
		if !day.IsZero() {
			policy.Calendar.Holidays = append(policy.Calendar.Holidays, day)
		}
	}
	var err error
	policy.DueGraceHours, err = hoursOf("due_grace_hours", form)
	return err
}

func hoursOf(name string, form url.Values) (int, error) {
	text := strings.TrimSpace(form.Get(name))
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, domain.Invalid(name, "%q is not a number of hours", text)
	}
	return n, nil
}
