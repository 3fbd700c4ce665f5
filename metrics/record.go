package metrics

import (
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
	created, err := creationOf(domain.SubjectMeasure, string(m.Key), changes)
	if err != nil {
		return Record{}, err
	}
	events, err := eventsOf(m, changes, created)
	if err != nil {
		return Record{}, err
	}
	f, err := FactsOf(events, cut)
	if err != nil {
		return Record{}, err
	}
	fields := replay(domain.SubjectMeasure, string(m.Key), changes, created, cut)
	r := Record{
		Facts: f, Number: keyNumber(string(m.Key)), Incident: domain.IncidentKey(fields.last["incident"]),
		Kind: domain.MeasureKind(fields.given["kind"]), Priority: domain.Priority(fields.given["priority"]), Team: domain.TeamID(fields.given["team"]),
		PriorityNow: domain.Priority(fields.last["priority"]), TeamNow: domain.TeamID(fields.last["team"]),
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
	moved := func(field string) bool { return fields.given[field] != fields.last[field] }
	metric := domain.ParseMetric(fields.last["success_metric"])
	set(Reclassified, moved("kind") || moved("priority") || moved("team"))
	set(HasOwner, fields.last["owner"] != "" || fields.last["external_owner"] != "")
	set(HasTarget, metric.Target != nil)
	set(HasBaseline, metric.Baseline != nil)
	set(HasEvidence, fields.evidence > 0)
	set(SelfVerified, fields.last["verified_by"] != "" && fields.last["verified_by"] == fields.doneBy)
}

// replayed are the fields of one subject at a cut.
type replayed struct {
	given    map[string]string // first value of kind, priority and team that was not empty
	last     map[string]string
	linkedAt time.Time // when recurrence_of was set
	evidence int
	doneBy   string
	edited   bool // an instant was changed after it had been given
	known    bool // created by the cut
	recorded time.Time
}

// replay folds the rows of a subject known at the cut. A creation and an instant
// speak of a time of their own, so they count once they are recorded; any other
// value holds from its row on and must have been set by as_of as well.
// It takes over created, the fields of the creation.
func replay(subject domain.Subject, key string, changes []domain.Change, created map[string]string, cut Cut) replayed {
	r := replayed{given: make(map[string]string, 3)}
	var rows []domain.Change
	for _, c := range changes {
		if c.Subject == subject && c.Key == key && !c.Overwritten && cut.recordedBy(c.At) &&
			(c.Kind == domain.ChangeCreate || strings.HasSuffix(c.Field, "_at") || !c.At.After(cut.AsOf)) {
			rows = append(rows, c)
		}
	}
	domain.SortChanges(rows)
	for _, c := range rows {
		switch {
		case c.Kind == domain.ChangeCreate:
			r.known, r.recorded, r.linkedAt, r.last = true, c.At, c.At, created
			r.give()
		case c.Kind == domain.ChangeEvidence:
			r.evidence++
		case c.Sets() && r.known:
			r.edited = r.edited || (strings.HasSuffix(c.Field, "_at") && c.From != "" && c.To != c.From)
			r.last[c.Field] = c.To
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
	for _, field := range []string{"kind", "priority", "team"} {
		if value := r.last[field]; value != "" && r.given[field] == "" {
			r.given[field] = value
		}
	}
}

// creationOf reads the fields of a subject's creation, nil without one.
func creationOf(subject domain.Subject, key string, changes []domain.Change) (map[string]string, error) {
	for _, c := range changes {
		if c.Kind == domain.ChangeCreate && c.Subject == subject && c.Key == key {
			return c.Created()
		}
	}
	return nil, nil //nolint:nilnil // no creation is no error here: who needs one says so
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
	created, err := creationOf(domain.SubjectIncident, string(key), changes)
	if err != nil {
		return IncidentRecord{}, err
	}
	fields := replay(domain.SubjectIncident, string(key), changes, created, cut)
	if !fields.known {
		return IncidentRecord{}, domain.Errorf(domain.ErrNotFound, "incident %s was not recorded by %s", key, cut.AsOf.UTC().Format(time.RFC3339))
	}
	r := IncidentRecord{
		Key: key, Severity: domain.Severity(fields.last["severity"]), Services: lines(fields.last["services"]), Causes: lines(fields.last["causes"]),
		Fingerprint: fields.last["fingerprint"], RecurrenceOf: domain.IncidentKey(fields.last["recurrence_of"]), LinkedAt: fields.linkedAt,
		Reviewed: reviewed, Edited: fields.edited, Merged: domain.IncidentStatus(fields.last["status"]) == domain.IncidentDismissed,
	}
	for field, into := range map[string]*time.Time{"started_at": &r.Started, "resolved_at": &r.Resolved} {
		if *into, err = time.Parse(time.RFC3339Nano, fields.last[field]); err != nil && fields.last[field] != "" {
			return IncidentRecord{}, invalidf("the history of %s holds %s %q; it cannot be read", key, field, fields.last[field])
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
	switch domain.IncidentStatus(fields.last["status"]) {
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
		if cut.knows(Event{At: c.At}) {
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
	for _, c := range changes {
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
