package domain

import (
	"regexp"
	"slices"
	"time"
)

// FieldUpdate is one value that arrives from a tracker, in canonical form.
type FieldUpdate struct {
	Field Field
	Value string
	// Closure goes with the status cancelled; empty means that the tracker gave no
	// reason.
	Closure ClosureReason
}

// Values returns the measure's synchronised fields in canonical form, the way
// the merge compares them. Status is projected to what a tracker can express.
func (m Measure) Values() map[Field]string {
	return map[Field]string{
		FieldTitle:       m.Title,
		FieldDescription: m.Description,
		FieldStatus:      string(m.Status.Projection()),
		FieldPriority:    string(m.Priority),
		FieldOwner:       m.ownerValue(),
		FieldDueOn:       m.DueOn.String(),
		FieldMetric:      m.Metric.Text(),
		FieldIncident:    string(m.Incident),
	}
}

// ExternalPrefix marks an owner value that is a tracker login without a person.
const ExternalPrefix = "external:"

func (m Measure) ownerValue() string {
	if m.Owner == "" && m.ExternalOwner != "" {
		return ExternalPrefix + m.ExternalOwner
	}
	return string(m.Owner)
}

// Receive applies values from a tracker. It is lenient where a tracker can
// only claim: required fields are asked for later instead of refusing a close,
// and verified is never set and never taken away by a mere done. An impossible
// value is an error and nothing is applied.
func (m *Measure) Receive(updates []FieldUpdate, by Attribution, now time.Time) error {
	next := *m
	var bad problems
	for _, u := range updates {
		next.receive(&bad, u, by, now)
	}
	next.check(&bad)
	if err := bad.err(); err != nil {
		return err
	}
	next.UpdatedAt, next.ChangedFrom = now, by.Source
	*m = next
	return nil
}

func (m *Measure) receive(bad *problems, u FieldUpdate, by Attribution, now time.Time) {
	switch u.Field {
	case FieldTitle:
		m.Title = NormalTitle(u.Value)
	case FieldDescription:
		m.Description = NormalText(u.Value)
	case FieldPriority:
		m.Priority = Priority(u.Value)
	case FieldOwner:
		m.receiveOwner(u.Value)
	case FieldDueOn:
		due, err := ParseDate(u.Value)
		bad.addErr("due_on", err)
		m.setDue(due, now, 0) // a policy's grace counts for promises made here
	case FieldMetric:
		m.Metric = ParseMetric(u.Value)
	case FieldStatus:
		m.receiveStatus(bad, Projection(u.Value), u.Closure, by, now)
	case FieldIncident:
		if m.Incident == "" {
			m.Incident = IncidentKey(u.Value)
		}
	}
}

func (m *Measure) receiveOwner(value string) {
	if len(value) > len(ExternalPrefix) && value[:len(ExternalPrefix)] == ExternalPrefix {
		m.Owner, m.ExternalOwner = "", value[len(ExternalPrefix):]
		return
	}
	m.Owner, m.ExternalOwner = PersonID(value), ""
	if m.Deputy == m.Owner {
		m.Deputy = ""
	}
}

// receiveStatus moves a measure by a tracker's projection. Within one
// projection nothing changes: a tracker cannot tell proposed from blocked.
func (m *Measure) receiveStatus(bad *problems, p Projection, why ClosureReason, by Attribution, now time.Time) {
	checkEnum(bad, "status", p, []Projection{ProjectionOpen, ProjectionInProgress, ProjectionDone, ProjectionCancelled}, false)
	m.StatusUnknown = false
	if m.Status.Projection() == p {
		return
	}
	wasOpen := m.Status.Open()
	switch p {
	case ProjectionDone:
		if !wasOpen {
			m.reopen(InProgress, now)
		}
		m.complete(now, by.Actor)
	case ProjectionCancelled:
		if !wasOpen {
			m.reopen(InProgress, now)
		}
		m.Status, m.ClosureReason, m.CancelledAt = Cancelled, WontDo, now
		m.ClosureNote = "closed as not planned in " + trackerName(by.Source)
		if why == Duplicate { // of which measure, only a person can say
			m.ClosureReason, m.ClosureNote = Duplicate, "closed as a duplicate in "+trackerName(by.Source)
		}
	case ProjectionInProgress, ProjectionOpen:
		if !wasOpen {
			m.reopen(InProgress, now) // sync.md section 0: an inbound reopen resumes the work
			return
		}
		m.resume(p, now)
	}
}

// resume moves an open measure between open and in progress.
func (m *Measure) resume(p Projection, now time.Time) {
	if m.AcceptedAt.IsZero() {
		m.AcceptedAt = now
	}
	m.Status = Accepted
	if p == ProjectionInProgress {
		m.Status = InProgress
	}
}

func trackerName(s Source) string {
	if slices.Contains([]Source{FromGitHub, FromJira}, s) {
		return TrackerKind(s).Name()
	}
	return string(s)
}

// incidentPattern finds the key of an incident as a word of its own.
var incidentPattern = regexp.MustCompile(`\bINC-[1-9][0-9]{0,8}\b`)

// Adopt makes a measure from an issue nobody here knew: it waits in the inbox
// for its incident. Values a tracker may hold but the domain refuses are left
// empty and named in the returned list.
func Adopt(id string, snapshot Snapshot, team TeamID, policy Policy, by Attribution, now time.Time) (Measure, []FieldError) {
	m := Measure{ID: id, Status: Proposed, Team: team, CreatedAt: snapshot.CreatedAt, UpdatedAt: now,
		PolicyVersion: policy.Version, Imported: true, Version: 1}
	if m.CreatedAt.IsZero() {
		m.CreatedAt = now
	}
	var refused []FieldError
	m.Title = "Untitled issue " + snapshot.Ref.Key
	for _, field := range SyncedFields() {
		value, ok := snapshot.Fields[field]
		if !ok || value.State == FieldFailed || field == FieldTitle && value.Value == "" {
			continue
		}
		if err := m.Receive([]FieldUpdate{{Field: field, Value: value.Value, Closure: value.Closure}}, by, now); err != nil {
			refused = append(refused, FieldError{Field: string(field), Message: err.Error()})
		}
	}
	m.Incident = incidentOf(snapshot, m.Title)
	return m, refused
}

// incidentOf is the incident that an issue names: in its block, else the first
// INC-n that stands as a word of its own in the title.
func incidentOf(snapshot Snapshot, title string) IncidentKey {
	if key := snapshot.Fields[FieldIncident].Value; incidentPattern.MatchString(key) && incidentPattern.FindString(key) == key {
		return IncidentKey(key)
	}
	return IncidentKey(incidentPattern.FindString(title))
}
