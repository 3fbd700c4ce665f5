package web

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// TestPolicyOfWorkingDays: ticks and a list of holidays make the calendar of the
// next version; what makes no sense is said beside its field, and a form
// without these fields changes nothing.
func TestPolicyOfWorkingDays(t *testing.T) {
	w := newWorld(t)
	admin := w.as("admin")
	form := []string{"look_again_days", "90", "assessment_months", "3", "reminders.every", "5", "reminders.conflict_days", "2", "reminders.hour", "7", "reminders.digest_day", "5"}
	save := func(more ...string) answer {
		return admin.post("/policy", append(append([]string{}, form...), more...)...)
	}
	admin.get("/policy").says("Working days", "Nobody works on")
	full := []string{"due_days.P0", "2", "working_days", "P0", "calendar.weekend", "0", "calendar.weekend", "6", "calendar.holidays", "2026-11-27\n2026-11-26\n", "due_grace_hours", "2"}
	save(append(full, "calendar.zone", "Mars/Base")...).want(http.StatusUnprocessableEntity).says("is not a time zone")
	for says, more := range map[string][]string{
		"is not a date":                        {"calendar.holidays", "2026-02-30", "calendar.weekend", "0"},
		"tick the days on which nobody works":  {"calendar.holidays", ""},
		"leaves no working day":                {"calendar.holidays", "", "calendar.weekend", "0", "calendar.weekend", "1", "calendar.weekend", "2", "calendar.weekend", "3", "calendar.weekend", "4", "calendar.weekend", "5", "calendar.weekend", "6"},
		"is not a number of hours":             {"calendar.holidays", "", "calendar.weekend", "0", "due_grace_hours", "two"},
		"999 hours is not accepted; use 0 to ": {"calendar.holidays", "", "calendar.weekend", "0", "due_grace_hours", "999"},
	} {
		save(more...).want(http.StatusUnprocessableEntity).says(says)
	}
	save(full...).leads("/policy?done=saved")
	save().leads("/policy?done=saved")
	policy, err := w.app.Policies.Current(t.Context(), w.actor("admin"))
	if err != nil {
		t.Fatal(err)
	}
	want := domain.WorkCalendar{Weekend: []time.Weekday{0, 6}, Holidays: []domain.Date{domain.MustDate("2026-11-26"), domain.MustDate("2026-11-27")}}
	if d := cmp.Diff(want, policy.Calendar); d != "" || !policy.CountsWorkingDays(domain.P0) || policy.CountsWorkingDays(domain.P1) || policy.DueGraceHours != 2 {
		t.Errorf("%v, %d h\n%s", policy.WorkingDays, policy.DueGraceHours, d)
	}
	page := admin.get("/policy").says("2026-11-26").doc()
	if n := page.Find(`input[name="working_days"][checked], input[name="calendar.weekend"][checked]`).Length(); n != 3 {
		t.Errorf("%d ticks are shown, want 3", n)
	}
}
