package metrics

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// RecordOf reads a measure's history into the record a Snapshot takes: facts at
// the cut, attributes as they were at creation and at the cut, and the flags
// that its own rows tell. Everything but the key and the Imported mark comes
// from rows known at the cut, so later edits never change a pinned report.
// BulkClosed needs the rows of many measures: see BulkClosures. Errors as
// EventsOf and FactsOf.
func RecordOf(m domain.Measure, changes []domain.Change, cut Cut) (Record, error) {
	rows := historyOf(domain.SubjectMeasure, string(m.Key), changes)
	created, err := creationOf(rows)
	if err != nil {
		return Record{}, err
	}
	events, err := eventsOf(m, rows, created)
	if err != nil {
		return Record{}, err
	}
	f, err := factsOf(events, cut)
	if err != nil {
		return Record{}, err
	}
	fields := replay(rows, created, cut)
	first, last := &fields.given, &fields.last
	r := Record{
		Facts: f, Number: keyNumber(string(m.Key)), Incident: domain.IncidentKey(last.Get("incident")), Check: domain.CheckKey(last.Get("crisis_check")),
		Kind: domain.MeasureKind(first.kind), Priority: domain.Priority(first.priority), Team: domain.TeamID(first.team),
		DuplicateOf: keyNumber(last.Get("duplicate_of")),
		PriorityNow: domain.Priority(last.Get("priority")), TeamNow: domain.TeamID(last.Get("team")), Metric: domain.ParseMetric(last.Get("success_metric")),
	}
	r.flag(&fields)
	return r, nil
}

// flag sets what the fields at the cut tell. An attribute that was empty at first
// and filled in is completed, one that changed afterwards is reclassified.
func (r *Record) flag(fields *replayed) {
	set := func(f Flag, on bool) {
		if on {
			r.Flags |= f
		}
	}
	last := &fields.last
	verifiedBy := last.Get("verified_by")
	set(Reclassified, string(r.Kind) != last.Get("kind") || r.Priority != r.PriorityNow || r.Team != r.TeamNow)
	set(HasOwner, last.Get("owner") != "" || last.Get("external_owner") != "")
	set(HasTarget, r.Metric.Target != nil)
	set(HasBaseline, r.Metric.Baseline != nil)
	set(HasEvidence, fields.evidence > 0)
	set(SelfVerified, verifiedBy != "" && verifiedBy == fields.doneBy)
}

// replayed are the fields of one subject at a cut.
type replayed struct {
	given    grouped // the first values that were not empty
	last     domain.Fields
	linkedAt time.Time // when recurrence_of was set
	evidence int
	doneBy   string
	edited   bool // an instant was changed after it had been given
	known    bool // created by the cut
	recorded time.Time
}

// grouped are the attributes of a measure that figures group by.
type grouped struct{ kind, priority, team string }

// replay folds the history of a subject as far as it is known at the cut. A
// creation and an instant speak of a time of their own, so they count once they
// are recorded; any other value holds from its row on and must have been set by
// as_of as well. It takes over created, the fields of the creation.
func replay(rows []domain.Change, created domain.Fields, cut Cut) (r replayed) {
	for n := range rows {
		c := &rows[n]
		instant := strings.HasSuffix(c.Field, "_at")
		switch {
		case c.Overwritten || !cut.recordedBy(c.At):
		case c.Kind == domain.ChangeCreate:
			r.known, r.recorded, r.linkedAt, r.last = true, c.At, c.At, created
			r.give()
		case !instant && c.At.After(cut.AsOf):
		case c.Kind == domain.ChangeEvidence:
			r.evidence++
		case c.Sets() && r.known:
			r.edited = r.edited || (instant && c.From != "" && c.To != c.From)
			r.last.Set(c.Field, c.To)
			if c.Field == "recurrence_of" {
				r.linkedAt = c.At
			}
			r.give()
			if c.Field == "status" && domain.Status(c.To) == domain.Done {
				r.doneBy = c.Actor
			}
		}
	}
	return r
}

// give keeps the first value of what figures group by.
func (r *replayed) give() {
	given := &r.given
	given.kind = cmp.Or(given.kind, r.last.Get("kind"))
	given.priority = cmp.Or(given.priority, r.last.Get("priority"))
	given.team = cmp.Or(given.team, r.last.Get("team"))
}

// creationOf reads the fields of the creation in a history, nil without one.
func creationOf(rows []domain.Change) (domain.Fields, error) {
	for n := range rows {
		if rows[n].Kind == domain.ChangeCreate {
			return rows[n].CreatedFields()
		}
	}
	return nil, nil
}

// keyNumber is the number at the end of a key such as M-7, 0 without one.
func keyNumber(key string) int {
	n, digit := 0, 1
	for i := len(key) - 1; i >= 0 && key[i] >= '0' && key[i] <= '9' && digit < 1e9; i-- {
		n += int(key[i]-'0') * digit
		digit *= 10
	}
	return n
}

// IncidentRecordOf is the record of an incident as its history rows told it at
// the cut; reviewed says that its review was complete by then. An incident whose
// start nobody gave begins when it was recorded. It returns domain.ErrNotFound
// when the incident was not recorded or had not begun by the cut, and refuses rows that cannot be
// read.
func IncidentRecordOf(key domain.IncidentKey, reviewed bool, changes []domain.Change, cut Cut) (IncidentRecord, error) {
	rows := historyOf(domain.SubjectIncident, string(key), changes)
	created, err := creationOf(rows)
	if err != nil {
		return IncidentRecord{}, err
	}
	fields := replay(rows, created, cut)
	if !fields.known {
		return IncidentRecord{}, domain.Errorf(domain.ErrNotFound, "incident %s was not recorded by %s", key, cut.AsOf.UTC().Format(time.RFC3339))
	}
	r := IncidentRecord{
		Key: key, Severity: domain.Severity(fields.last.Get("severity")), Services: lines(fields.last.Get("services")), Causes: lines(fields.last.Get("causes")),
		Fingerprint: fields.last.Get("fingerprint"), RecurrenceOf: domain.IncidentKey(fields.last.Get("recurrence_of")), LinkedAt: fields.linkedAt,
		Reviewed: reviewed, Edited: fields.edited, Merged: domain.IncidentStatus(fields.last.Get("status")) == domain.IncidentDismissed,
	}
	for field, into := range map[string]*time.Time{"started_at": &r.Started, "resolved_at": &r.Resolved} {
		if *into, err = time.Parse(time.RFC3339Nano, fields.last.Get(field)); err != nil && fields.last.Get(field) != "" {
			return IncidentRecord{}, invalidf("the history of %s holds %s %q; it cannot be read", key, field, fields.last.Get(field))
		}
	}
	if r.Started.IsZero() {
		r.Started, r.StartUnknown = fields.recorded, true
		if fields.recorded.After(cut.AsOf) {
			r.Started = cut.AsOf
		}
	}
	if r.Started.After(cut.AsOf) {
		return IncidentRecord{}, domain.Errorf(domain.ErrNotFound, "incident %s had not begun by %s", key, cut.AsOf.UTC().Format(time.RFC3339))
	}
	switch domain.IncidentStatus(fields.last.Get("status")) {
	case domain.IncidentResolved, domain.IncidentInReview, domain.IncidentClosed:
		r.EndUnknown = r.Resolved.IsZero()
	case domain.IncidentNew, domain.IncidentActive, domain.IncidentMitigated, domain.IncidentDismissed:
	}
	if r.RecurrenceOf == "" {
		r.LinkedAt = time.Time{}
	} else if r.LinkedAt.After(cut.AsOf) { // came with an incident recorded later
		r.LinkedAt = cut.AsOf
	}
	if r.Resolved.After(cut.AsOf) { // announced, not yet true
		r.Resolved = time.Time{}
	}
	return r, nil
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// The rule of a bulk closure (1.4): so many measures by one actor within so long.
const (
	bulkClosures = 5
	bulkWithin   = 10 * time.Minute
)

// Closure is one measure, by its number, being closed by somebody.
type Closure struct {
	Number int
	Actor  string
	At     time.Time
}

// BulkClosures names the measures that one actor closed together with four
// others at least within ten minutes, by their numbers. Closures not known at the
// cut are ignored; the order does not matter.
func BulkClosures(closures []Closure, cut Cut) map[int]bool {
	byActor := map[string][]Closure{}
	for _, c := range closures {
		if cut.knows(&Event{At: c.At}) {
			byActor[c.Actor] = append(byActor[c.Actor], c)
		}
	}
	bulk := map[int]bool{}
	for _, rows := range byActor {
		slices.SortFunc(rows, func(a, b Closure) int { return a.At.Compare(b.At) })
		first, marked := 0, 0
		for last := range rows {
			for rows[last].At.Sub(rows[first].At) > bulkWithin {
				first++
			}
			if window := rows[first : last+1]; distinct(window) >= bulkClosures {
				for _, c := range rows[max(first, marked) : last+1] {
					bulk[c.Number] = true
				}
				marked = last + 1
			}
		}
	}
	return bulk
}

// ClosuresOf picks the closures of measures out of history rows.
func ClosuresOf(changes []domain.Change) []Closure {
	var out []Closure
	for n := range changes {
		c := &changes[n]
		to := domain.Status(c.To)
		if c.Subject == domain.SubjectMeasure && c.Field == "status" && c.Sets() && (to == domain.Done || to == domain.Cancelled) {
			out = append(out, Closure{keyNumber(c.Key), c.Actor, c.At})
		}
	}
	return out
}

// distinct counts the measures among rows. More than the limit need not be told
// apart, so one actor closing thousands costs no more than thousands.
func distinct(rows []Closure) int {
	seen := map[int]bool{}
	for i := len(rows) - 1; i >= 0 && len(seen) < bulkClosures; i-- {
		seen[rows[i].Number] = true
	}
	return len(seen)
}
