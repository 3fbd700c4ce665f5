package metrics

import (
	"github.com/followthrough/followthrough/domain"
)

// RecordOf reads a measure's history into the record a Snapshot takes: facts at
// the cut, attributes as they were at creation, and the flags that its own rows
// tell. Edited and BulkClosed need more than one measure's rows and are the
// caller's to add. Errors as EventsOf and FactsOf.
func RecordOf(m domain.Measure, changes []domain.Change, cut Cut) (Record, error) {
	events, err := EventsOf(m, changes)
	if err != nil {
		return Record{}, err
	}
	f, err := FactsOf(events, cut)
	if err != nil {
		return Record{}, err
	}
	r := Record{
		Facts: f, Number: keyNumber(string(m.Key)), Incident: m.Incident, Kind: m.Kind,
		Priority: m.Priority, PriorityNow: m.Priority, Team: m.Team, TeamNow: m.Team,
	}
	for _, c := range changes {
		if c.Subject != domain.SubjectMeasure || c.Key != string(m.Key) || c.Kind != domain.ChangeCreate {
			continue
		}
		first, err := c.Created()
		if err != nil {
			return Record{}, err
		}
		r.Kind = domain.MeasureKind(first["kind"])
		r.Priority = domain.Priority(first["priority"])
		r.Team = domain.TeamID(first["team"])
	}
	r.settle(&m)
	return r, nil
}

// settle fills what was not given at creation from today, and sets the flags: an
// attribute that was empty at first is completed, one that changed is
// reclassified.
func (r *Record) settle(m *domain.Measure) {
	set := func(f Flag, on bool) {
		if on {
			r.Flags |= f
		}
	}
	if r.Kind == "" {
		r.Kind = m.Kind
	}
	if r.Priority == "" {
		r.Priority = m.Priority
	}
	if r.Team == "" {
		r.Team = m.Team
	}
	set(Reclassified, r.Kind != m.Kind || r.Priority != m.Priority || r.Team != m.Team)
	set(HasOwner, m.Owner != "" || m.ExternalOwner != "")
	set(HasTarget, m.Metric.Target != nil)
	set(HasBaseline, m.Metric.Baseline != nil)
	set(HasEvidence, m.EvidenceCount > 0)
	set(SelfVerified, m.VerifiedBy != "" && m.DoneBy == string(m.VerifiedBy))
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

// IncidentRecordOf is the record of an incident; linkedAt is when recurrence_of
// was set (zero when unknown), reviewed says that its review is complete.
func IncidentRecordOf(i domain.Incident, reviewed bool, history []domain.Change) IncidentRecord {
	r := IncidentRecord{
		Key: i.Key, Severity: i.Severity, Started: i.StartedAt, Resolved: i.ResolvedAt, Services: i.Services, Causes: i.Causes,
		Fingerprint: i.Fingerprint, RecurrenceOf: i.RecurrenceOf, Reviewed: reviewed, Merged: i.Status == domain.IncidentDismissed,
	}
	if r.Started.IsZero() {
		r.Started = i.CreatedAt
	}
	for _, c := range history {
		if c.Subject == domain.SubjectIncident && c.Key == string(i.Key) && c.Field == "recurrence_of" && c.To == string(i.RecurrenceOf) && c.To != "" {
			r.LinkedAt = c.At
		}
	}
	if r.LinkedAt.IsZero() && r.RecurrenceOf != "" {
		r.LinkedAt = i.CreatedAt
	}
	return r
}
