package metrics

import (
	"time"

	"github.com/followthrough/followthrough/domain"
)

// EventType is what happened to a measure, as far as statistics care.
type EventType uint8

// The event types. The first measure event is EventCreated; EventImported marks
// the instant from which an imported history is complete (delayed entry, R10).
const (
	EventCreated EventType = iota + 1
	EventImported
	EventDueSet
	EventDueCleared
	EventAccepted
	EventStarted
	EventBlocked
	EventDone
	EventReopened
	EventVerified
	EventCancelled
	EventStatusUnknown // imported from a source that says nothing about the status
	EventStatusKnown   // somebody said what the status is
	EventDueCorrected  // the first due date was wrong and put right within the policy's grace
	EventNote          // anything else that shows somebody touched the measure
)

// eventNames spells the types as reference files do; index = EventType.
func eventNames() []string {
	return []string{"", "created", "imported", "due_set", "due_cleared", "accepted", "started", "blocked", "done", "reopened", "verified", "cancelled", "status_unknown", "status_known", "due_corrected", "note"}
}

// String is the name of the type in reference files, such as "due_set".
func (t EventType) String() string {
	if names := eventNames(); int(t) < len(names) {
		return names[t]
	}
	return ""
}

// ParseEventType reads a name such as "due_set"; it refuses unknown ones.
func ParseEventType(name string) (EventType, error) {
	for t, n := range eventNames() {
		if n == name && n != "" {
			return EventType(t), nil
		}
	}
	return 0, invalidf("event type %q is not known; use one of %q", name, eventNames()[1:])
}

// Event is one entry in the history of a measure, in UTC milliseconds.
type Event struct {
	At       time.Time // when it happened
	Recorded time.Time // when it was written down; zero = At
	Type     EventType
	Due      domain.Date          // EventDueSet, EventDueCorrected
	Zone     *time.Location       // of Due; nil = zone of the cut
	Reason   domain.ClosureReason // EventCancelled
	Verdict  domain.Verdict       // EventVerified
}

func (e *Event) recorded() time.Time {
	if e.Recorded.IsZero() {
		return e.At
	}
	return e.Recorded
}

// Cut pins the two times of a statistic (rule R1) and the zone of due dates that
// carry none: events count when At <= AsOf and Recorded <= KnownAt.
type Cut struct {
	AsOf    time.Time
	KnownAt time.Time      // zero = AsOf
	Zone    *time.Location // nil = UTC
}

func (c Cut) knows(e *Event) bool {
	return !e.At.After(c.AsOf) && c.recordedBy(e.recorded())
}

// recordedBy says whether what was written down at an instant was known.
func (c Cut) recordedBy(at time.Time) bool {
	known := c.KnownAt
	if known.IsZero() {
		known = c.AsOf
	}
	return !at.After(known)
}

func (c Cut) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}
