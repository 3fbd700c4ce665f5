package domain

import (
	"slices"
	"time"
)

// Reason is why a measure stands in a letter to somebody.
type Reason string

// The reasons, in the order in which a letter gives them. All remind but
// the last two, which are sections of the weekly digest alone.
const (
	ReasonEscalated    Reason = "escalated"
	ReasonOverdue      Reason = "overdue"
	ReasonDueToday     Reason = "due_today"
	ReasonDueSoon      Reason = "due_soon"
	ReasonPastPromise  Reason = "past_promise"
	ReasonVerification Reason = "verification_due"
	ReasonConflict     Reason = "conflict"
	ReasonCheckDue     Reason = "check_due"
	ReasonAssessment   Reason = "assessment_due"
	ReasonNew          Reason = "new"
	ReasonIneffective  Reason = "ineffective"
)

// Reasons lists every reason in order.
func Reasons() []Reason {
	return []Reason{ReasonEscalated, ReasonOverdue, ReasonDueToday, ReasonDueSoon, ReasonPastPromise, ReasonVerification, ReasonConflict, ReasonCheckDue, ReasonAssessment, ReasonNew, ReasonIneffective}
}

// ReminderPolicy is when people are reminded; Policy.RemindDays holds the days
// around the due date.
type ReminderPolicy struct {
	// Every is the number of days between reminders after the last of RemindDays;
	// 0 stands for the whole shipped rhythm.
	Every int
	// Escalate is how many days past the due date the deputy and the team's lead
	// are told as well; a missing priority is never escalated.
	Escalate map[Priority]int
	// ConflictDays is how long a conflict waits before its owner is reminded.
	ConflictDays int
	// Hour is when letters go out, 0 to 23, in the organisation's zone.
	Hour int
	// DigestDay is the day of the weekly digest; Sunday is 0.
	DigestDay time.Weekday
}

// DefaultReminders is the rhythm shipped with the product (product.md).
func DefaultReminders() ReminderPolicy {
	return ReminderPolicy{Every: 7, Escalate: map[Priority]int{P0: 3, P1: 3, P2: 14}, ConflictDays: 1, Hour: 8, DigestDay: time.Monday}
}

// OrDefault is the shipped rhythm where none was chosen: policies saved before
// there were reminders hold none.
func (r ReminderPolicy) OrDefault() ReminderPolicy {
	if r.Every == 0 {
		return DefaultReminders()
	}
	return r
}

func (r ReminderPolicy) check(bad *problems) {
	if r.Every < 1 || r.Every > 365 {
		bad.add("reminders.every", "%d days is not accepted; use 1 to 365", r.Every)
	}
	for priority, n := range r.Escalate {
		checkEnum(bad, "reminders.escalate", priority, Priorities(), false)
		if n < 1 || n > 365 {
			bad.add("reminders.escalate", "%d days is not accepted; use 1 to 365", n)
		}
	}
	if r.ConflictDays < 0 || r.ConflictDays > 365 {
		bad.add("reminders.conflict_days", "%d days is not accepted; use 0 to 365", r.ConflictDays)
	}
	if r.Hour < 0 || r.Hour > 23 {
		bad.add("reminders.hour", "%d is not an hour of the day; use 0 to 23", r.Hour)
	}
	if r.DigestDay < time.Sunday || r.DigestDay > time.Saturday {
		bad.add("reminders.digest_day", "%d is not a day of the week; use 0 (Sunday) to 6", int(r.DigestDay))
	}
}

// At is the instant at which letters of a day go out. Where a clock change
// takes the hour away, it is the first instant after the gap.
func (r ReminderPolicy) At(day Date, zone *time.Location) time.Time {
	at := time.Date(day.Year, day.Month, day.Day, r.Hour, 0, 0, 0, zone)
	if start := day.Start(zone); at.Before(start) {
		return start
	}
	return at
}

// Span is the days a round of letters answers for: those after Since up to
// Today. Usually that is today alone; after an outage it is the days nobody was
// told about as well.
type Span struct{ Since, Today Date }

// hits reports whether the rhythm falls into the span: on one of the days from
// the anchor, or after the last of them every so many days.
func (s Span) hits(anchor Date, days []int, every int) bool {
	last := 0
	for _, d := range days {
		last = max(last, d)
	}
	for n := max(s.Since.Sub(anchor)+1, -3650); n <= s.Today.Sub(anchor); n++ {
		if slices.Contains(days, n) || n > last && (n-last)%every == 0 {
			return true
		}
	}
	return false
}

// ends reports whether a snooze ended within the span.
func (s Span) ends(z Snooze) bool {
	return !z.Until.IsZero() && s.Since.Before(z.Until) && !s.Today.Before(z.Until)
}

// Remind says why the owner of a measure is reminded within the span, and by
// how many days the date that counts lies in the past; "" when not at all.
func (p Policy) Remind(m Measure, z Snooze, span Span) (Reason, int) {
	if !m.Status.Open() || m.StatusUnknown || m.DueOn.IsZero() || z.Active(span.Today) {
		return "", 0
	}
	r, late := p.Reminders.OrDefault(), span.Today.Sub(m.DueOn)
	woken := span.ends(z) && late >= slices.Min(append([]int{0}, p.RemindDays...))
	if woken || span.hits(m.DueOn, p.RemindDays, r.Every) {
		switch {
		case late > 0:
			return ReasonOverdue, late
		case late == 0:
			return ReasonDueToday, 0
		}
		return ReasonDueSoon, late
	}
	if late <= 0 && !m.OriginalDueOn.IsZero() && span.hits(m.OriginalDueOn, []int{1}, r.Every) && m.OriginalDueOn.Before(span.Today) {
		return ReasonPastPromise, span.Today.Sub(m.OriginalDueOn)
	}
	return "", 0
}

// Escalates reports whether deputy and lead are told of a measure within the
// span. A snooze does not hold it up.
func (p Policy) Escalates(m Measure, span Span) (int, bool) {
	r := p.Reminders.OrDefault()
	after, ok := r.Escalate[m.Priority]
	if !ok || !m.Status.Open() || m.StatusUnknown || m.DueOn.IsZero() || span.Today.Sub(m.DueOn) < after {
		return 0, false
	}
	return span.Today.Sub(m.DueOn), span.hits(m.DueOn, []int{after}, r.Every)
}

// VerifyOn is the day of the effectiveness check of a measure that is done:
// the one its metric names, or the policy's.
func (p Policy) VerifyOn(m Measure, zone *time.Location) Date {
	if !m.Metric.VerifyOn.IsZero() || m.DoneAt.IsZero() {
		return m.Metric.VerifyOn
	}
	return DateOf(m.DoneAt.In(zone)).AddDays(p.VerifyDays[m.Priority])
}

// VerifyFor is how long a verdict is asked for, in days, of a measure and of a
// period: what nobody judged within a year is a matter for the statistics.
const VerifyFor = 365

// RemindsVerification reports whether the check of a measure is asked for within the span.
func (p Policy) RemindsVerification(m Measure, z Snooze, span Span, zone *time.Location) (int, bool) {
	on := p.VerifyOn(m, zone)
	if m.Status != Done || on.IsZero() || z.Active(span.Today) || span.Today.Before(on) {
		return 0, false
	}
	return span.Today.Sub(on), span.ends(z) || span.hits(on, []int{0}, p.Reminders.OrDefault().Every)
}

// RemindsConflict reports whether a conflict that was opened on a day is asked
// about within the span.
func (p Policy) RemindsConflict(opened Date, z Snooze, span Span) (int, bool) {
	r, waits := p.Reminders.OrDefault(), span.Today.Sub(opened)
	if z.Active(span.Today) || waits < r.ConflictDays {
		return 0, false
	}
	return waits, span.ends(z) || span.hits(opened, []int{r.ConflictDays}, r.Every)
}

// RemindsCheck reports whether people are told within the span that the crisis
// check after a finished one is due; the days are negative before it is.
func (p Policy) RemindsCheck(c Check, span Span) (int, bool) {
	if c.NextOn.IsZero() {
		return 0, false
	}
	return span.Today.Sub(c.NextOn), span.hits(c.NextOn, p.RemindDays, p.Reminders.OrDefault().Every)
}

// RemindsAssessment reports whether people are told within the span that the
// answer of a period is due; the days are negative before it is.
func (p Policy) RemindsAssessment(a DueAssessment, span Span) (int, bool) {
	days := span.Today.Sub(a.DueOn)
	return days, days <= VerifyFor && span.hits(a.DueOn, p.RemindDays, p.Reminders.OrDefault().Every)
}

// maxSnooze is the longest a measure may be put aside, in days: a snooze that
// never ends would be a way around the policy.
const maxSnooze = 90

// Snooze holds the reminders of one measure up until a day, for a reason. An
// escalation goes out all the same.
type Snooze struct {
	Measure MeasureKey
	Until   Date
	Reason  string
	By      string
	At      time.Time
}

// Active reports whether reminders are held up; on the day Until they are not any more.
func (z Snooze) Active(today Date) bool { return today.Before(z.Until) }

// Check refuses a snooze without a reason or without a reasonable end.
func (z Snooze) Check(today Date) error {
	var bad problems
	if NormalText(z.Reason) == "" {
		bad.add("reason", "is empty; say why nobody is to be reminded")
	}
	checkText(&bad, "reason", z.Reason, MaxTitle)
	if n := z.Until.Sub(today); z.Until.IsZero() || n < 1 || n > maxSnooze {
		bad.add("until", "%q is not accepted; give a day within the next %d days", z.Until, maxSnooze)
	}
	return bad.err()
}

// NoticeSettings is what a person wants to be told, and when they are away.
type NoticeSettings struct {
	Person    PersonID
	Reminders bool
	Digest    bool
	// AbsentFrom and AbsentUntil are both included; without an end the absence lasts.
	AbsentFrom  Date
	AbsentUntil Date
	Version     int64
}

// DefaultNoticeSettings is what applies to a person who chose nothing.
func DefaultNoticeSettings(p PersonID) NoticeSettings {
	return NoticeSettings{Person: p, Reminders: true, Digest: true}
}

// Absent reports whether the person is away on a day.
func (n NoticeSettings) Absent(day Date) bool {
	if n.AbsentFrom.IsZero() || day.Before(n.AbsentFrom) {
		return false
	}
	return n.AbsentUntil.IsZero() || !n.AbsentUntil.Before(day)
}

// Check refuses an absence that ends before it begins.
func (n NoticeSettings) Check() error {
	var bad problems
	if n.AbsentFrom.IsZero() && !n.AbsentUntil.IsZero() {
		bad.add("absent_from", "is empty; give the first day of the absence")
	}
	if !n.AbsentUntil.IsZero() && n.AbsentUntil.Before(n.AbsentFrom) {
		bad.add("absent_until", "%s lies before the first day, %s", n.AbsentUntil, n.AbsentFrom)
	}
	return bad.err()
}
