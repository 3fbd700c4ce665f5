package metrics

import (
	"time"

	"github.com/followthrough/followthrough/domain"
)

// EventsOf reads the events of a measure from its history rows. Rows of other
// subjects are ignored and the order does not matter. A status change that came
// from a tracker happened at the tracker's own time, when that lies between
// creation and the row; it was recorded at the row's time either way, so a
// report pinned by known_at cannot change later. An imported measure carries
// EventImported at the time of the import. Due dates carry no zone: the cut's
// applies. It refuses a history without a creation or with unreadable values.
func EventsOf(m domain.Measure, changes []domain.Change) ([]Event, error) {
	rows := historyOf(domain.SubjectMeasure, string(m.Key), changes)
	created, err := creationOf(rows)
	if err != nil {
		return nil, err
	}
	return eventsOf(m, rows, created)
}

// historyOf are the rows of one subject in log order. A history that already is
// just that is not copied.
func historyOf(subject domain.Subject, key string, changes []domain.Change) []domain.Change {
	alone, ordered := true, true
	for n := range changes {
		c := &changes[n]
		alone = alone && c.Subject == subject && c.Key == key
		ordered = ordered && (n == 0 || changes[n-1].Seq <= c.Seq)
	}
	if alone && ordered {
		return changes
	}
	var rows []domain.Change
	for _, c := range changes {
		if c.Subject == subject && c.Key == key {
			rows = append(rows, c)
		}
	}
	domain.SortChanges(rows)
	return rows
}

// eventsOf reads the history of one measure, given the fields of its creation.
func eventsOf(m domain.Measure, rows []domain.Change, created domain.Fields) ([]Event, error) {
	// A creation makes up to five events, every other row one.
	r := historyReader{imported: m.Imported, fields: created, events: make([]Event, 0, len(rows)+4)}
	for len(rows) > 0 {
		n := editOf(rows)
		if err := r.batch(rows[:n]); err != nil {
			return nil, err
		}
		rows = rows[n:]
	}
	if r.created.IsZero() {
		return nil, invalidf("the history of measure %s has no creation; pass all its rows", m.Key)
	}
	return r.events, nil
}

// editOf is how many of the rows are the first edit: those of its instant, up to
// a second change of the status. A creation holds all its fields in one row.
func editOf(rows []domain.Change) int {
	if rows[0].Kind == domain.ChangeCreate {
		return 1
	}
	moved := false
	for n := range rows {
		moves := rows[n].Field == "status" && rows[n].Sets()
		if !rows[n].At.Equal(rows[0].At) || moved && moves {
			return n
		}
		moved = moved || moves
	}
	return len(rows)
}

// historyReader turns rows into events. Rows of one instant were written
// together, and the reason or verdict of a status change stands behind it; a
// second change of the status is another edit, on a clock that stood still.
type historyReader struct {
	imported bool
	fields   domain.Fields // of the creation
	created  time.Time
	status   domain.Status
	reason   domain.ClosureReason
	verdict  domain.Verdict
	events   []Event
	last     time.Time // of the last event that is no note
}

func (r *historyReader) batch(rows []domain.Change) error {
	before := r.verdict
	for n := range rows {
		switch c := &rows[n]; {
		case !c.Sets(): // neither side of a conflict holds by being written down
		case c.Field == "closure_reason":
			r.reason = domain.ClosureReason(c.To)
		case c.Field == "verdict":
			r.verdict = domain.Verdict(c.To)
		}
	}
	judged := false
	for n := range rows {
		c := &rows[n]
		if c.Overwritten {
			continue
		}
		var err error
		switch {
		case c.Kind == domain.ChangeCreate:
			err = r.create(c)
		case !c.Sets():
			r.add(Event{At: c.At, Type: EventNote})
		case c.Field == "due_on":
			err = r.due(EventDueSet, c.At, c.At, c.To)
		case c.Field == "original_due_on":
			err = r.due(EventDueCorrected, c.At, c.At, c.To)
		case c.Field == "status_unknown":
			r.add(Event{At: c.At, Type: knowledge(c.To)})
		case c.Field == "status":
			judged = judged || domain.Status(c.To) == domain.Verified
			err = r.change(domain.Status(c.To), r.happened(c), c.At)
		default:
			r.add(Event{At: c.At, Type: EventNote})
		}
		if err != nil {
			return err
		}
	}
	if !judged && r.status == domain.Verified && r.verdict != before {
		at := rows[0].At
		r.add(Event{At: at, Type: EventVerified, Verdict: r.verdict})
	}
	return nil
}

func (r *historyReader) add(e Event) {
	r.events = append(r.events, e)
	if e.Type != EventNote {
		r.last = e.At
	}
}

// happened is the tracker's time of a change where it can be true.
func (r *historyReader) happened(c *domain.Change) time.Time {
	t := c.ExternalTime
	if t.IsZero() || t.After(c.At) || t.Before(r.created) {
		return c.At
	}
	if t.Before(r.last) {
		return r.last // never before what is already in the log
	}
	return t
}

func (r *historyReader) create(c *domain.Change) error {
	fields := r.fields
	var err error
	if r.created, err = instantOf(c, fields.Get("created_at"), c.At); err != nil {
		return err
	}
	done, err := instantOf(c, fields.Get("done_at"), r.created)
	if err != nil {
		return err
	}
	r.add(Event{At: r.created, Recorded: c.At, Type: EventCreated})
	if r.imported || c.Source == domain.FromImport {
		r.add(Event{At: c.At, Type: EventImported})
	}
	if unknown := fields.Get("status_unknown"); unknown != "" {
		r.add(Event{At: r.created, Recorded: c.At, Type: knowledge(unknown)})
	}
	if due := fields.Get("due_on"); due != "" {
		if err := r.due(EventDueSet, r.created, c.At, due); err != nil {
			return err
		}
	}
	r.reason, r.verdict = domain.ClosureReason(fields.Get("closure_reason")), domain.Verdict(fields.Get("verdict"))
	status := domain.Status(fields.Get("status"))
	if status == domain.Verified { // the claim comes before the verdict
		r.add(Event{At: done, Recorded: c.At, Type: EventDone})
	}
	if status == "" || status == domain.Proposed {
		r.status = domain.Proposed
		return nil
	}
	return r.change(status, done, c.At)
}

// knowledge reads the field that says whether the status is unknown.
func knowledge(text string) EventType {
	if text == "" {
		return EventStatusKnown
	}
	return EventStatusUnknown
}

func instantOf(c *domain.Change, text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, invalidf("history row %d holds the instant %q; it cannot be read", c.Seq, text)
	}
	return t, nil
}

func (r *historyReader) due(what EventType, at, recorded time.Time, text string) error {
	due, err := domain.ParseDate(text)
	if err != nil {
		return err
	}
	e := Event{At: at, Recorded: recorded, Type: what, Due: due}
	if due.IsZero() {
		e.Type = EventDueCleared
	}
	r.add(e)
	return nil
}

func (r *historyReader) change(to domain.Status, at, recorded time.Time) error {
	from := r.status
	r.status = to
	e := Event{At: at, Recorded: recorded}
	switch {
	case to.Open() && from != "" && !from.Open():
		e.Type = EventReopened
	case to == domain.Proposed:
		e.Type = EventNote
	case to == domain.Accepted:
		e.Type = EventAccepted
	case to == domain.InProgress:
		e.Type = EventStarted
	case to == domain.Blocked:
		e.Type = EventBlocked
	case to == domain.Done:
		e.Type = EventDone
	case to == domain.Verified:
		e.Type, e.Verdict = EventVerified, r.verdict
	case to == domain.Cancelled:
		e.Type, e.Reason = EventCancelled, r.reason
	default:
		return invalidf("status %q in the history is not one of %q", to, domain.Statuses())
	}
	r.add(e)
	return nil
}

// SpellsOf are the stretches of being open, for LittlesLaw.
func SpellsOf(f *Facts) []Spell {
	spells := make([]Spell, 0, len(f.Stretches))
	for _, s := range f.Stretches {
		out := s.Out
		if s.Cause == CauseOpen {
			out = time.Time{}
		}
		spells = append(spells, Spell{s.In, out})
	}
	return spells
}
