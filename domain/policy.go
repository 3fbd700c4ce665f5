package domain

import (
	"slices"
	"strings"
	"time"
)

// Policy holds the organisation's rules. Policies are versioned rows: the
// version valid when a measure was created applies to it.
type Policy struct {
	Version int
	From    time.Time

	// DueDays is the due date in days from creation; a missing priority has none.
	DueDays map[Priority]int
	// SLADays is the completion target of the SLA picture.
	SLADays map[Priority]int
	// WorkingDays lists the priorities whose DueDays and SLADays are working days
	// of the Calendar (statistics.md R4); those of all others are elapsed days.
	WorkingDays []Priority   `json:",omitempty"`
	Calendar    WorkCalendar `json:",omitzero"`
	// VerifyDays is when the effectiveness check falls due, in days after done.
	VerifyDays map[Priority]int
	// SecondPerson lists the priorities whose verifier is not the owner.
	SecondPerson []Priority
	// Gate lists the priorities that keep an incident from being closed.
	Gate []Priority
	// Preventing lists the kinds that can reduce recurrence.
	Preventing []MeasureKind
	// LookAgainDays is when a measure without due date is looked at again.
	LookAgainDays int
	// AssessmentMonths is the rhythm of the recurrence assessment: 3 (NIS2) or 1 (DORA).
	AssessmentMonths int
	// LinksSince is the day from which recurrences have been linked; incidents
	// resolved before are watched from then on. Empty is always.
	LinksSince Date `json:",omitzero"`
	// RemindDays are the days relative to the due date on which its owner is reminded.
	RemindDays []int
	// Reminders is the rhythm beside RemindDays; read it through OrDefault. A
	// policy that chose none keeps the text it had before there were reminders,
	// and with it every report that was pinned under it.
	Reminders ReminderPolicy `json:",omitzero"`
	// DueGraceHours is how long a first due date may be corrected without that
	// being a move; 0 is not at all.
	DueGraceHours int `json:",omitzero"`
	// EvidenceRequired asks for an evidence link before done in our own UI.
	EvidenceRequired bool
	// CrisisCheck is the rhythm of the crisis check and what it aims at.
	CrisisCheck CheckPolicy `json:",omitzero"`
	// Windows are the lengths that statistics work with.
	Windows ReportWindows
	// SilenceMinutes is the longest silence during an incident, by severity; a
	// missing map is the shipped one.
	SilenceMinutes map[Severity]int
	// Audiences are whom an incident of any severity is told about; none is the
	// shipped list.
	Audiences []string
}

// Silences are the longest silences in minutes, by severity.
func (p Policy) Silences() map[Severity]int {
	if p.SilenceMinutes == nil {
		return map[Severity]int{SEV1: 30, SEV2: 60, SEV3: 120, SEV4: 480}
	}
	return p.SilenceMinutes
}

// Silence is how long nobody may say anything at a severity; 0 is no limit.
func (p Policy) Silence(s Severity) time.Duration {
	return time.Duration(p.Silences()[s]) * time.Minute
}

// Informed are the audiences that an incident is told about.
func (p Policy) Informed() []string {
	if p.Audiences == nil {
		return []string{"team", "support", "management", "customers"}
	}
	return p.Audiences
}

// CheckPolicy is how often the crisis check is repeated and the score aimed at;
// 0 means the value in brackets.
type CheckPolicy struct {
	// Months lie between two checks (6).
	Months int
	// Target is the score aimed at in percent (67: everything at least in place).
	Target int
}

// CheckOrDefault fills in what the policy does not say about crisis checks.
func (p Policy) CheckOrDefault() CheckPolicy {
	c := p.CrisisCheck
	if c.Months == 0 {
		c.Months = 6
	}
	if c.Target == 0 {
		c.Target = 67
	}
	return c
}

// ReportWindows are lengths in days; 0 means the one in brackets.
type ReportWindows struct {
	// FollowThrough is how long ago an incident was resolved before it is judged (90).
	FollowThrough int
	// Verify is how long ago a completion was before it should be verified (30).
	Verify int
	// SameCause is how long after its end an incident can be called the earlier one (365).
	SameCause int
	// Side is the length of before and after around the completion of a plan (180),
	// RollOut the part next to it that is left out (7).
	Side, RollOut int
}

// OrDefault fills in the lengths that are not given.
func (w ReportWindows) OrDefault() ReportWindows {
	for _, d := range []struct {
		days     *int
		fallback int
	}{{&w.FollowThrough, 90}, {&w.Verify, 30}, {&w.SameCause, 365}, {&w.Side, 180}, {&w.RollOut, 7}} {
		if *d.days == 0 {
			*d.days = d.fallback
		}
	}
	return w
}

// DefaultPolicy is the policy shipped with the product (product.md).
func DefaultPolicy() Policy {
	return Policy{
		Version:          1,
		DueDays:          map[Priority]int{P0: 7, P1: 15, P2: 30, P3: 56},
		SLADays:          map[Priority]int{P0: 7, P1: 30, P2: 60, P3: 90},
		VerifyDays:       map[Priority]int{P0: 30, P1: 30, P2: 60, P3: 90, P4: 90},
		SecondPerson:     []Priority{P0, P1, P2},
		Gate:             []Priority{P0, P1},
		Preventing:       []MeasureKind{Prevent, Process, Training, Cover},
		LookAgainDays:    90,
		AssessmentMonths: 3,
		RemindDays:       []int{-7, -2, 0, 1},
		EvidenceRequired: true,
	}
}

// DueOn returns the due date the policy suggests for a measure created on a date.
func (p Policy) DueOn(priority Priority, created Date) Date {
	days, ok := p.DueDays[priority]
	if !ok {
		return Date{}
	}
	if p.CountsWorkingDays(priority) {
		if day, err := p.Calendar.Workday(created, days); err == nil { // Check has seen to it
			return day
		}
	}
	return created.AddDays(days)
}

// Grace is how long a first due date may be corrected.
func (p Policy) Grace() time.Duration { return time.Duration(p.DueGraceHours) * time.Hour }

// Prevents reports whether measures of the kind can reduce recurrence.
func (p Policy) Prevents(kind MeasureKind) bool { return slices.Contains(p.Preventing, kind) }

// maxGraceHours bounds a correction: after a week it is a change of plan.
const maxGraceHours = 168

// Check refuses a policy that makes no sense.
func (p Policy) Check() error {
	var bad problems
	for name, days := range map[string]map[Priority]int{"due_days": p.DueDays, "sla_days": p.SLADays, "verify_days": p.VerifyDays} {
		for priority, n := range days {
			checkEnum(&bad, name, priority, Priorities(), false)
			if n < 1 || n > 3650 {
				bad.add(name, "%d days for %s is not accepted; use 1 to 3650", n, priority)
			}
		}
	}
	for _, priority := range p.Gate {
		checkEnum(&bad, "gate", priority, Priorities(), false)
	}
	for _, priority := range p.SecondPerson {
		checkEnum(&bad, "second_person", priority, Priorities(), false)
	}
	for _, kind := range p.Preventing {
		checkEnum(&bad, "preventing", kind, MeasureKinds(), false)
	}
	w := p.Windows.OrDefault()
	for name, days := range map[string]int{"follow_through": w.FollowThrough, "verify": w.Verify, "same_cause": w.SameCause, "side": w.Side, "roll_out": w.RollOut} {
		if days < 1 || days > 3650 {
			bad.add("windows."+name, "%d days is not accepted; use 1 to 3650", days)
		}
	}
	if w.RollOut >= w.Side {
		bad.add("windows.roll_out", "%d days leave nothing of a side of %d days", w.RollOut, w.Side)
	}
	for _, n := range p.RemindDays {
		if n < -365 || n > 365 {
			bad.add("remind_days", "%d days is not accepted; use -365 to 365", n)
		}
	}
	p.checkWorkingDays(&bad)
	if p.DueGraceHours < 0 || p.DueGraceHours > maxGraceHours {
		bad.add("due_grace_hours", "%d hours is not accepted; use 0 to %d", p.DueGraceHours, maxGraceHours)
	}
	p.Reminders.OrDefault().check(&bad)
	for severity, minutes := range p.SilenceMinutes {
		checkEnum(&bad, "silence_minutes", severity, Severities(), false)
		if minutes < 1 || minutes > 10_080 {
			bad.add("silence_minutes", "%d minutes for %s is not accepted; use 1 to 10080", minutes, severity)
		}
	}
	if len(p.Audiences) > 20 {
		bad.add("audiences", "has %d entries; at most 20 are accepted", len(p.Audiences))
	}
	for _, name := range p.Audiences {
		checkText(&bad, "audiences", name, MaxName)
		if name == "" || strings.Contains(name, ",") {
			bad.add("audiences", "%q is not accepted; name one group each", name)
		}
	}
	if c := p.CheckOrDefault(); c.Months < 1 || c.Months > 36 {
		bad.add("check_months", "%d is not accepted; use 1 to 36 months", c.Months)
	}
	if c := p.CheckOrDefault(); c.Target < 1 || c.Target > 100 {
		bad.add("check_target", "%d is not accepted; use 1 to 100 percent", c.Target)
	}
	if p.AssessmentMonths != 1 && p.AssessmentMonths != 3 {
		bad.add("assessment_months", "%d is not accepted; use 1 (DORA) or 3 (NIS2)", p.AssessmentMonths)
	}
	return bad.err()
}
