package domain

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

func onDay(day string) Span {
	d := MustDate(day)
	return Span{Since: d.AddDays(-1), Today: d}
}

// TestRemindDays walks one measure through the shipped rhythm: T-7, T-2, T0,
// T+1, then weekly.
func TestRemindDays(t *testing.T) {
	m := Measure{Status: Accepted, Priority: P2, DueOn: MustDate("2026-12-10"), OriginalDueOn: MustDate("2026-12-10")}
	var got []string
	for n := range 40 {
		span := onDay(MustDate("2026-12-01").AddDays(n).String())
		if reason, days := DefaultPolicy().Remind(m, Snooze{}, span); reason != "" {
			got = append(got, fmt.Sprintf("%s %s %d", span.Today, reason, days))
		}
	}
	want := []string{"2026-12-03 due_soon -7", "2026-12-08 due_soon -2", "2026-12-10 due_today 0", "2026-12-11 overdue 1",
		"2026-12-18 overdue 8", "2026-12-25 overdue 15", "2027-01-01 overdue 22", "2027-01-08 overdue 29"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRemind(t *testing.T) {
	due := MustDate("2026-12-10")
	open := Measure{Status: InProgress, Priority: P0, DueOn: due, OriginalDueOn: due}
	moved := open
	moved.OriginalDueOn, moved.DueOn = MustDate("2026-12-01"), MustDate("2026-12-30")
	with := func(change func(*Measure)) Measure {
		m := open
		change(&m)
		return m
	}
	tests := map[string]struct {
		m    Measure
		z    Snooze
		span Span
		want Reason
	}{
		"on the day":                     {m: open, span: onDay("2026-12-10"), want: ReasonDueToday},
		"on a day in between":            {m: open, span: onDay("2026-12-05")},
		"after an outage over the day":   {m: open, span: Span{MustDate("2026-12-07"), MustDate("2026-12-09")}, want: ReasonDueSoon},
		"done":                           {m: with(func(m *Measure) { m.Status = Done }), span: onDay("2026-12-10")},
		"cancelled":                      {m: with(func(m *Measure) { m.Status = Cancelled }), span: onDay("2026-12-10")},
		"status unknown":                 {m: with(func(m *Measure) { m.StatusUnknown = true }), span: onDay("2026-12-10")},
		"no date":                        {m: with(func(m *Measure) { m.DueOn, m.OriginalDueOn = Date{}, Date{} }), span: onDay("2026-12-10")},
		"moved, the day after promise":   {m: moved, span: onDay("2026-12-02"), want: ReasonPastPromise},
		"moved, on the promised day":     {m: moved, span: onDay("2026-12-01")},
		"moved, a week later":            {m: moved, span: onDay("2026-12-09"), want: ReasonPastPromise},
		"moved, and due soon":            {m: moved, span: onDay("2026-12-23"), want: ReasonDueSoon},
		"snoozed":                        {m: open, z: Snooze{Until: MustDate("2026-12-12")}, span: onDay("2026-12-10")},
		"snooze ends":                    {m: open, z: Snooze{Until: MustDate("2026-12-12")}, span: onDay("2026-12-12"), want: ReasonOverdue},
		"snooze ended before":            {m: open, z: Snooze{Until: MustDate("2026-12-12")}, span: onDay("2026-12-13")},
		"snooze ends long before it due": {m: open, z: Snooze{Until: MustDate("2026-11-20")}, span: onDay("2026-11-20")},
	}
	for name, test := range tests {
		if got, _ := DefaultPolicy().Remind(test.m, test.z, test.span); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestEscalation(t *testing.T) {
	due := MustDate("2026-12-10")
	for _, test := range []struct {
		priority Priority
		day      string
		want     bool
	}{
		{P0, "2026-12-12", false}, {P0, "2026-12-13", true}, {P0, "2026-12-14", false}, {P0, "2026-12-20", true},
		{P2, "2026-12-13", false}, {P2, "2026-12-24", true}, {P3, "2026-12-24", false},
	} {
		m := Measure{Status: Accepted, Priority: test.priority, DueOn: due}
		if _, got := DefaultPolicy().Escalates(m, onDay(test.day)); got != test.want {
			t.Errorf("%s on %s: %v", test.priority, test.day, got)
		}
	}
}

func TestRemindOfVerificationAndConflict(t *testing.T) {
	p := DefaultPolicy()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	// Done at 23:30 UTC is done on the next day in Berlin.
	m := Measure{Status: Done, Priority: P0, DoneAt: time.Date(2026, 11, 9, 23, 30, 0, 0, time.UTC)}
	for day, want := range map[string]bool{"2026-12-09": false, "2026-12-10": true, "2026-12-11": false, "2026-12-17": true} {
		if _, got := p.RemindsVerification(m, Snooze{}, onDay(day), berlin); got != want {
			t.Errorf("verification on %s: %v", day, got)
		}
		if _, got := p.RemindsVerification(m, Snooze{Until: MustDate("2027-01-01")}, onDay(day), berlin); got {
			t.Errorf("verification on %s in spite of a snooze", day)
		}
	}
	for day, want := range map[string]bool{"2026-12-01": false, "2026-12-02": true, "2026-12-03": false, "2026-12-09": true} {
		if _, got := p.RemindsConflict(MustDate("2026-12-01"), Snooze{}, onDay(day)); got != want {
			t.Errorf("conflict on %s: %v", day, got)
		}
	}
}

// Letters go out at the hour of the organisation's clock, also around a change
// of the clocks, and always on the day they are about.
func TestReminderHour(t *testing.T) {
	for _, test := range []struct {
		zone, day string
		hour      int
		want      string
	}{
		{"Europe/Berlin", "2027-03-27", 8, "2027-03-27T07:00:00Z"},
		{"Europe/Berlin", "2027-03-28", 8, "2027-03-28T06:00:00Z"},
		{"Europe/Berlin", "2027-03-28", 2, "2027-03-28T01:00:00Z"}, // 02:00 does not exist
		{"Europe/Berlin", "2026-10-25", 8, "2026-10-25T07:00:00Z"},
		{"Europe/Berlin", "2026-10-25", 2, "2026-10-25T01:00:00Z"},     // 02:00 comes twice
		{"America/Sao_Paulo", "2018-11-04", 0, "2018-11-04T03:00:00Z"}, // midnight does not exist
		{"Pacific/Apia", "2026-12-01", 8, "2026-11-30T19:00:00Z"},
	} {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		at := ReminderPolicy{Every: 7, Hour: test.hour}.At(MustDate(test.day), zone)
		if got := at.UTC().Format(time.RFC3339); got != test.want {
			t.Errorf("%s in %s at %d: got %s, want %s", test.day, test.zone, test.hour, got, test.want)
		}
		if DateOf(at.In(zone)).String() != test.day {
			t.Errorf("%s in %s at %d lies on another day", test.day, test.zone, test.hour)
		}
	}
}

func TestReminderRefusals(t *testing.T) {
	today := MustDate("2026-12-01")
	policy := func(change func(*Policy)) error {
		p := DefaultPolicy()
		p.Reminders = DefaultReminders()
		change(&p)
		return p.Check()
	}
	for field, err := range map[string]error{
		"until":                   Snooze{Until: today, Reason: "x"}.Check(today),
		"until ":                  Snooze{Until: today.AddDays(91), Reason: "x"}.Check(today),
		"until  ":                 Snooze{Reason: "x"}.Check(today),
		"reason":                  Snooze{Until: today.AddDays(7), Reason: " \n"}.Check(today),
		"absent_from":             NoticeSettings{AbsentUntil: today}.Check(),
		"absent_until":            NoticeSettings{AbsentFrom: today, AbsentUntil: today.AddDays(-1)}.Check(),
		"reminders.hour":          policy(func(p *Policy) { p.Reminders.Hour = 24 }),
		"reminders.every":         policy(func(p *Policy) { p.Reminders.Every = -1 }),
		"reminders.escalate":      policy(func(p *Policy) { p.Reminders.Escalate = map[Priority]int{P0: 0} }),
		"reminders.digest_day":    policy(func(p *Policy) { p.Reminders.DigestDay = 7 }),
		"reminders.conflict_days": policy(func(p *Policy) { p.Reminders.ConflictDays = -1 }),
		"remind_days":             policy(func(p *Policy) { p.RemindDays = []int{400} }),
	} {
		var e *Error
		if !errors.As(err, &e) || len(e.Fields) == 0 || e.Fields[0].Field != strings.TrimSpace(field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	if err := (Snooze{Until: today.AddDays(90), Reason: "waits for the supplier"}).Check(today); err != nil {
		t.Error(err)
	}
	if err := policy(func(p *Policy) { p.Reminders = ReminderPolicy{} }); err != nil {
		t.Errorf("a policy from before there were reminders: %v", err)
	}
}

func TestAbsent(t *testing.T) {
	n := NoticeSettings{AbsentFrom: MustDate("2026-12-24"), AbsentUntil: MustDate("2027-01-06")}
	for day, want := range map[string]bool{"2026-12-23": false, "2026-12-24": true, "2027-01-06": true, "2027-01-07": false} {
		if n.Absent(MustDate(day)) != want {
			t.Errorf("%s: %v", day, !want)
		}
	}
	n.AbsentUntil = Date{}
	if !n.Absent(MustDate("2030-01-01")) || (NoticeSettings{}).Absent(MustDate("2030-01-01")) {
		t.Error("an absence without an end lasts, and no absence is none")
	}
}
