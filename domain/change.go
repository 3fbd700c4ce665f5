package domain

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ChangeKind classifies a history row; it is the leaf kind of the evidence log.
type ChangeKind string

// The kinds of history rows.
const (
	ChangeCreate      ChangeKind = "create"
	ChangeField       ChangeKind = "field"
	ChangeVerify      ChangeKind = "verify"
	ChangeClose       ChangeKind = "close"
	ChangeReopen      ChangeKind = "reopen"
	ChangeLink        ChangeKind = "link"
	ChangeUnlink      ChangeKind = "unlink"
	ChangeConflict    ChangeKind = "conflict"
	ChangeEvidence    ChangeKind = "evidence"
	ChangeObservation ChangeKind = "observation"
	ChangeConfig      ChangeKind = "config"
	// ChangeErase says that values of a field were erased from the history; their leaves stay.
	ChangeErase ChangeKind = "erase"
)

// Subject says what a history row is about.
type Subject string

// The subjects of history rows.
const (
	SubjectMeasure  Subject = "measure"
	SubjectIncident Subject = "incident"
	SubjectTracker  Subject = "tracker"
	SubjectPerson   Subject = "person"
	SubjectTeam     Subject = "team"
	SubjectToken    Subject = "token"
	SubjectPolicy   Subject = "policy"
	// SubjectAssessment is a periodic assessment of recurrence; its key is the period.
	SubjectAssessment Subject = "assessment"
	// SubjectView is a saved view.
	SubjectView Subject = "view"
	// SubjectReview is the review of an incident; its key is the incident's.
	SubjectReview Subject = "review"
	SubjectCheck  Subject = "check" // a crisis check
	// SubjectService is an entry of the service catalogue.
	SubjectService Subject = "service"
)

// Attribution says who caused a change and why. It accompanies every write.
type Attribution struct {
	Source Source
	Actor  string
	// OnBehalf is the tracker whose credential or event caused the change.
	OnBehalf TrackerID
	// External is the delivery id or remote issue id behind the change.
	External string
	// ExternalTime is the tracker's own time of the change.
	ExternalTime time.Time
	// Request is the request or job id.
	Request string
	Reason  string
	// Idempotency makes a create repeatable: the same key gives the first answer.
	Idempotency Idempotency
}

// Idempotency is a caller's key for one create and the hash of its body.
type Idempotency struct {
	Key      string
	BodyHash string
}

// By returns the attribution of an actor's own change.
func By(a Actor, reason string) Attribution {
	return Attribution{Source: a.Source, Actor: a.ID, Reason: reason}
}

// Change is one row of the history: append-only, gapless by Seq over all
// subjects and by SubjectSeq within one.
type Change struct {
	Seq        int64
	Subject    Subject
	Key        string
	SubjectSeq int64
	At         time.Time
	Kind       ChangeKind
	Field      string
	From       string
	To         string
	// Overwritten is true when From or To is the losing value of a conflict.
	Overwritten bool
	Attribution
}

// Sets reports whether rows of this kind give a field a value that holds from
// then on, of any subject: a measure's probe and a person's teams are set by
// rows of configuration. Links, evidence and observations are added beside the
// fields; a conflict writes down both of its values, and an erasure a number.
func (k ChangeKind) Sets() bool {
	switch k {
	case ChangeCreate, ChangeField, ChangeVerify, ChangeClose, ChangeReopen, ChangeConfig:
		return true
	case ChangeLink, ChangeUnlink, ChangeConflict, ChangeEvidence, ChangeObservation, ChangeErase:
	}
	return false
}

// Sets reports whether its field held To from this row on: not the losing value
// of a conflict.
func (c *Change) Sets() bool { return c.Field != "" && !c.Overwritten && c.Kind.Sets() }

// FieldChange is one field's difference between two states.
type FieldChange struct {
	Kind  ChangeKind
	Field string
	From  string
	To    string
}

// MeasureFields is the canonical text of every field of a measure whose
// changes are history. The order is the order of rows within one change.
func MeasureFields(m Measure) []FieldChange {
	return []FieldChange{
		{Field: "incident", To: string(m.Incident)},
		{Field: "crisis_check", To: string(m.Check)},
		{Field: "question", To: string(m.Question)},
		{Field: "title", To: m.Title},
		{Field: "description", To: m.Description},
		{Field: "kind", To: string(m.Kind)},
		{Field: "priority", To: string(m.Priority)},
		{Field: "owner", To: string(m.Owner)},
		{Field: "external_owner", To: m.ExternalOwner},
		{Field: "deputy", To: string(m.Deputy)},
		{Field: "team", To: string(m.Team)},
		{Field: "due_on", To: m.DueOn.String()},
		{Field: "success_metric", To: m.Metric.Text()},
		{Field: "status", To: string(m.Status)},
		{Field: "status_unknown", To: flag(m.StatusUnknown)},
		{Field: "closure_reason", To: string(m.ClosureReason)},
		{Field: "closure_note", To: m.ClosureNote},
		{Field: "duplicate_of", To: string(m.DuplicateOf)},
		{Field: "risk_accepted_until", To: m.RiskAcceptedUntil.String()},
		{Field: "verdict", To: string(m.Verdict)},
		{Field: "verified_by", To: string(m.VerifiedBy)},
		{Field: "succeeds", To: string(m.Succeeds)},
	}
}

// MeasureCreated returns the history row of a new measure: To is a JSON
// object of every non-empty field, keys sorted.
func MeasureCreated(m Measure) FieldChange {
	extra := map[string]string{"created_at": m.CreatedAt.UTC().Format(time.RFC3339Nano)}
	if !m.DoneAt.IsZero() {
		extra["done_at"] = m.DoneAt.UTC().Format(time.RFC3339Nano)
	}
	return FieldChange{Kind: ChangeCreate, To: fieldsJSON(MeasureFields(m), extra)}
}

// MeasureChanges returns the differences between two states of a measure.
func MeasureChanges(before, after Measure) []FieldChange {
	changes := diff(MeasureFields(before), MeasureFields(after))
	for n := range changes {
		if changes[n].Field == "status" {
			changes[n].Kind = statusChangeKind(before.Status, after.Status)
		}
	}
	if !before.OriginalDueOn.IsZero() && before.OriginalDueOn != after.OriginalDueOn {
		// Before the row of the due date: who reads on knows that it is no move.
		correction := FieldChange{ChangeField, "original_due_on", before.OriginalDueOn.String(), after.OriginalDueOn.String()}
		changes = append([]FieldChange{correction}, changes...)
	}
	return changes
}

func statusChangeKind(from, to Status) ChangeKind {
	switch {
	case to == Verified:
		return ChangeVerify
	case !from.Open() && to.Open():
		return ChangeReopen
	case to == Done || to == Cancelled:
		return ChangeClose
	}
	return ChangeField
}

// IncidentFields is the same of an incident.
func IncidentFields(i Incident) []FieldChange {
	return []FieldChange{
		{Field: "title", To: i.Title},
		{Field: "summary", To: i.Summary},
		{Field: "severity", To: string(i.Severity)},
		{Field: "status", To: string(i.Status)},
		{Field: "started_at", To: instant(i.StartedAt)},
		{Field: "detected_at", To: instant(i.DetectedAt)},
		{Field: "mitigated_at", To: instant(i.MitigatedAt)},
		{Field: "resolved_at", To: instant(i.ResolvedAt)},
		{Field: "services", To: strings.Join(i.Services, "\n")},
		{Field: "causes", To: strings.Join(i.Causes, "\n")},
		{Field: "tags", To: strings.Join(i.Tags, "\n")},
		{Field: "fingerprint", To: i.Fingerprint},
		{Field: "recurrence_of", To: string(i.RecurrenceOf)},
		{Field: "external_url", To: i.ExternalURL},
		{Field: "external_id", To: i.ExternalID},
		{Field: "team", To: string(i.Team)},
	}
}

func flag(b bool) string {
	if b {
		return "true"
	}
	return ""
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// IncidentCreated returns the history row of a new incident.
func IncidentCreated(i Incident) FieldChange {
	return FieldChange{Kind: ChangeCreate, To: fieldsJSON(IncidentFields(i), nil)}
}

// IncidentChanges returns the differences between two states of an incident.
func IncidentChanges(before, after Incident) []FieldChange {
	changes := diff(IncidentFields(before), IncidentFields(after))
	for n := range changes {
		if changes[n].Field != "status" {
			continue
		}
		switch {
		case after.Status == IncidentClosed || after.Status == IncidentDismissed:
			changes[n].Kind = ChangeClose
		case before.Status == IncidentClosed || before.Status == IncidentDismissed:
			changes[n].Kind = ChangeReopen
		}
	}
	return changes
}

func diff(before, after []FieldChange) []FieldChange {
	var changes []FieldChange
	for n := range after {
		if before[n].To != after[n].To {
			changes = append(changes, FieldChange{Kind: ChangeField, Field: after[n].Field, From: before[n].To, To: after[n].To})
		}
	}
	return changes
}

func fieldsJSON(fields []FieldChange, extra map[string]string) string {
	values := make(map[string]string, len(fields)+len(extra))
	for _, f := range fields {
		if f.To != "" {
			values[f.Field] = f.To
		}
	}
	maps.Copy(values, extra)
	text, _ := json.Marshal(values) // a map of strings always encodes
	return string(text)
}

// CreatedText is the canonical text of the fields of a create row; Created reads it.
func CreatedText(fields map[string]string) string { return fieldsJSON(nil, fields) }

// Created reads the fields back from a create row.
func (c Change) Created() (map[string]string, error) {
	fields, err := c.CreatedFields()
	if err != nil {
		return nil, err
	}
	return fields.asMap(), nil
}

// CreatedFields is Created for those who read many and ask for a few.
func (c *Change) CreatedFields() (Fields, error) {
	if c.Kind != ChangeCreate {
		return nil, Errorf(ErrInvalid, "history row %s is %q, not a creation", strconv.FormatInt(c.Seq, 10), c.Kind)
	}
	values, err := createdFields(c.To)
	if err != nil {
		return nil, Errorf(ErrInvalid, "history row %d cannot be read: %v", c.Seq, err)
	}
	return values, nil
}

// SortChanges brings history rows into log order.
func SortChanges(changes []Change) {
	slices.SortFunc(changes, func(a, b Change) int { return int(a.Seq - b.Seq) })
}
