package domain

import "time"

// MovesDue is the rule of a due-date move (statistics.md R9): a date is set that
// differs from the last one that was set, though that one may have been taken
// away in between. History, evidence and statistics count by it.
func MovesDue(last, due Date) bool { return !last.IsZero() && !due.IsZero() && due != last }

// moveDue sets the due date by a person's hand. The first one is the promise and
// stays; moving it needs a reason and is counted.
func (m *Measure) moveDue(bad *problems, due Date, reason string, by Actor, r Rules) {
	if due == m.DueOn {
		return
	}
	if by.Source == FromUser {
		checkDueNotBefore(bad, due, DateOf(m.CreatedAt.In(r.Zone)))
		if !m.OriginalDueOn.IsZero() && reason == "" && !m.corrects(due, r.Now) {
			bad.add("reason", "is empty; moving the due date from %s needs a reason", orNone(m.DueOn))
		}
	}
	m.setDue(due, r.Now, r.Policy.Grace())
}

// setDue is the one way a due date changes. grace is how long the first date may
// still be corrected; it counts from the instant at which that date was set.
func (m *Measure) setDue(due Date, now time.Time, grace time.Duration) {
	switch {
	case due.IsZero():
	case m.OriginalDueOn.IsZero():
		m.promise(due, now, grace)
	case m.corrects(due, now):
		m.OriginalDueOn = due
	case MovesDue(m.LastDueOn, due):
		m.DueMoves++
	}
	if m.DueOn = due; !due.IsZero() {
		m.LastDueOn = due
	}
}

// promise sets the first due date.
func (m *Measure) promise(due Date, now time.Time, grace time.Duration) {
	m.DueOn, m.OriginalDueOn, m.LastDueOn = due, due, due
	if !due.IsZero() && grace > 0 {
		m.DueFirmAt = now.Add(grace)
	}
}

// corrects says that a date set now corrects the promise instead of moving it.
func (m *Measure) corrects(due Date, now time.Time) bool {
	return MovesDue(m.LastDueOn, due) && now.Before(m.DueFirmAt)
}

func orNone(d Date) string {
	if d.IsZero() {
		return "none"
	}
	return d.String()
}
