package domain

import (
	"slices"
	"strings"
	"time"
)

// IncidentKey names an incident for people, for example INC-3.
type IncidentKey string

// Severity orders incidents; SEV1 is the worst. Empty means not given.
type Severity string

// The severities.
const (
	SEV1 Severity = "SEV1"
	SEV2 Severity = "SEV2"
	SEV3 Severity = "SEV3"
	SEV4 Severity = "SEV4"
	SEV5 Severity = "SEV5"
)

// Severities lists every severity, worst first.
func Severities() []Severity { return []Severity{SEV1, SEV2, SEV3, SEV4, SEV5} }

// IncidentStatus is an incident's place in its life.
type IncidentStatus string

// The incident statuses.
const (
	IncidentNew       IncidentStatus = "new"
	IncidentActive    IncidentStatus = "active"
	IncidentMitigated IncidentStatus = "mitigated"
	IncidentResolved  IncidentStatus = "resolved"
	IncidentInReview  IncidentStatus = "in_review"
	IncidentClosed    IncidentStatus = "closed"
	IncidentDismissed IncidentStatus = "dismissed"
)

// IncidentStatuses lists every incident status in life order.
func IncidentStatuses() []IncidentStatus {
	return []IncidentStatus{IncidentNew, IncidentActive, IncidentMitigated, IncidentResolved, IncidentInReview, IncidentClosed, IncidentDismissed}
}

// Incident is something that went wrong, from start to resolution.
type Incident struct {
	ID       string
	Key      IncidentKey
	Title    string
	Summary  string // Markdown
	Severity Severity
	Status   IncidentStatus

	StartedAt   time.Time
	DetectedAt  time.Time
	MitigatedAt time.Time
	ResolvedAt  time.Time

	Services    []string
	Causes      []string
	Tags        []string
	Fingerprint string
	// RecurrenceOf is an earlier incident with the same cause, set by a person.
	RecurrenceOf IncidentKey
	ExternalURL  string
	// ExternalID is the id in the source an import came from; unique when set.
	ExternalID string
	Team       TeamID

	ClosedAt  time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// IncidentEdit is a change to an incident, also the input of its creation.
type IncidentEdit struct {
	Title        Opt[string]
	Summary      Opt[string]
	Severity     Opt[Severity]
	Status       Opt[IncidentStatus]
	StartedAt    Opt[time.Time]
	DetectedAt   Opt[time.Time]
	MitigatedAt  Opt[time.Time]
	ResolvedAt   Opt[time.Time]
	Services     Opt[[]string]
	Causes       Opt[[]string]
	Tags         Opt[[]string]
	Fingerprint  Opt[string]
	RecurrenceOf Opt[IncidentKey]
	ExternalURL  Opt[string]
	ExternalID   Opt[string]
	Team         Opt[TeamID]
	Reason       string
}

// NewIncident creates an incident from its first edit.
func NewIncident(id string, e IncidentEdit, by Actor, now time.Time) (Incident, error) {
	i := Incident{ID: id, Status: IncidentNew, CreatedAt: now, Version: 1}
	if err := i.Edit(e, by, now); err != nil {
		return Incident{}, err
	}
	return i, nil
}

// Edit applies a change and leaves the incident as it was on any error.
// Closing needs the gate as well: see CloseGate.
func (i *Incident) Edit(e IncidentEdit, by Actor, now time.Time) error {
	next := *i
	var bad problems
	if e.Title.Set {
		next.Title = NormalTitle(e.Title.Value)
		checkTypedTitle(&bad, next.Title)
	}
	if e.Summary.Set {
		next.Summary = NormalText(e.Summary.Value)
	}
	e.Severity.into(&next.Severity)
	e.Status.into(&next.Status)
	e.StartedAt.into(&next.StartedAt)
	e.DetectedAt.into(&next.DetectedAt)
	e.MitigatedAt.into(&next.MitigatedAt)
	e.ResolvedAt.into(&next.ResolvedAt)
	e.Fingerprint.into(&next.Fingerprint)
	e.RecurrenceOf.into(&next.RecurrenceOf)
	e.ExternalURL.into(&next.ExternalURL)
	e.ExternalID.into(&next.ExternalID)
	e.Team.into(&next.Team)
	for _, list := range []struct {
		edit Opt[[]string]
		dst  *[]string
	}{{e.Services, &next.Services}, {e.Causes, &next.Causes}, {e.Tags, &next.Tags}} {
		if list.edit.Set {
			*list.dst = normalList(list.edit.Value)
		}
	}
	checkText(&bad, "reason", e.Reason, MaxReason)
	next.check(&bad, now)
	next.settle(&bad, i.Status, e.Reason, now)
	if err := bad.err(); err != nil {
		return err
	}
	if err := by.RequireTeam(next.Team); err != nil {
		return err
	}
	next.UpdatedAt = now
	*i = next
	return nil
}

// settle keeps status and instants in step.
func (i *Incident) settle(bad *problems, before IncidentStatus, reason string, now time.Time) {
	if i.Status == before {
		return
	}
	if (before == IncidentClosed || before == IncidentDismissed) && reason == "" {
		bad.add("reason", "is empty; reopening a %s incident needs a reason", before)
	}
	if i.Status == IncidentDismissed && reason == "" {
		bad.add("reason", "is empty; dismissing an incident needs a reason")
	}
	switch i.Status {
	case IncidentMitigated:
		if i.MitigatedAt.IsZero() {
			i.MitigatedAt = now
		}
	case IncidentResolved:
		if i.ResolvedAt.IsZero() {
			i.ResolvedAt = now
		}
	case IncidentClosed:
		i.ClosedAt = now
	case IncidentNew, IncidentActive, IncidentInReview, IncidentDismissed:
	}
	if i.Status != IncidentClosed {
		i.ClosedAt = time.Time{}
	}
}

func (i *Incident) check(bad *problems, now time.Time) {
	checkTitle(bad, i.Title)
	checkText(bad, "summary", i.Summary, MaxDescription)
	checkText(bad, "fingerprint", i.Fingerprint, MaxName)
	checkEnum(bad, "severity", i.Severity, Severities(), true)
	checkEnum(bad, "status", i.Status, IncidentStatuses(), false)
	if i.ExternalURL != "" {
		checkURL(bad, "external_url", i.ExternalURL)
	}
	for field, list := range map[string][]string{"services": i.Services, "causes": i.Causes, "tags": i.Tags} {
		if len(list) > 50 {
			bad.add(field, "has %d entries; at most 50 are accepted", len(list))
		}
		for _, entry := range list {
			checkText(bad, field, entry, MaxName)
		}
	}
	if i.RecurrenceOf != "" && i.RecurrenceOf == i.Key {
		bad.add("recurrence_of", "an incident cannot recur from itself")
	}
	i.checkOrder(bad, now)
}

// checkOrder refuses instants that cannot have happened in this order.
func (i *Incident) checkOrder(bad *problems, now time.Time) {
	times := []struct {
		field string
		at    time.Time
	}{{"started_at", i.StartedAt}, {"detected_at", i.DetectedAt}, {"mitigated_at", i.MitigatedAt}, {"resolved_at", i.ResolvedAt}}
	for _, t := range times {
		if t.at.After(now.Add(5 * time.Minute)) {
			bad.add(t.field, "%s lies in the future", t.at.UTC().Format(time.RFC3339))
		}
		if t.field != "started_at" && !t.at.IsZero() && !i.StartedAt.IsZero() && t.at.Before(i.StartedAt) {
			bad.add(t.field, "%s lies before started_at, %s", t.at.UTC().Format(time.RFC3339), i.StartedAt.UTC().Format(time.RFC3339))
		}
	}
	if !i.DetectedAt.IsZero() && !i.ResolvedAt.IsZero() && i.ResolvedAt.Before(i.DetectedAt) {
		bad.add("resolved_at", "lies before detected_at")
	}
}

// normalList trims, drops empty entries and removes doubles; order stays.
func normalList(list []string) []string {
	var out []string
	for _, entry := range list {
		entry = NormalTitle(entry)
		if entry != "" && !slices.Contains(out, entry) {
			out = append(out, entry)
		}
	}
	return out
}

// CheckRecurrence refuses an explicit recurrence link that cannot be true: the
// earlier incident must have started first, or be resolved before, when known.
func CheckRecurrence(later, earlier Incident) error {
	if later.StartedAt.IsZero() || earlier.StartedAt.IsZero() {
		return nil
	}
	if !earlier.StartedAt.Before(later.StartedAt) {
		return Invalid("recurrence_of", "%s started at %s, not before this incident", earlier.Key, earlier.StartedAt.UTC().Format(time.RFC3339))
	}
	return nil
}

// CheckRecurrenceChain refuses a recurrence that leads back to where it began.
// find returns an incident by key; the walk starts at earlier. Where all starts
// are known CheckRecurrence rules a circle out already.
func CheckRecurrenceChain(later IncidentKey, earlier Incident, find func(IncidentKey) (Incident, error)) error {
	seen := map[IncidentKey]bool{}
	for at := earlier; later != "" && !seen[at.Key]; {
		if at.Key == later || at.RecurrenceOf == later {
			return Invalid("recurrence_of", "%s recurs from %s already, directly or through others; the two cannot recur from each other", at.Key, later)
		}
		if at.RecurrenceOf == "" {
			return nil
		}
		seen[at.Key] = true
		next, err := find(at.RecurrenceOf)
		if err != nil {
			return err
		}
		at = next
	}
	return nil
}

// Blocker is a measure that keeps an incident from being closed, or warns.
type Blocker struct {
	Measure MeasureKey
	Title   string
	Missing string
}

// CloseGate says what keeps an incident open: P0/P1 measures that are neither
// verified nor risk-accepted block, other unfinished ones warn. An accepted
// risk that has expired blocks again.
func CloseGate(measures []Measure, policy Policy, today Date) (blocking, warning []Blocker) {
	for _, m := range measures {
		missing := missingForClose(m, today)
		if missing == "" {
			continue
		}
		b := Blocker{Measure: m.Key, Title: m.Title, Missing: missing}
		if slices.Contains(policy.Gate, m.Priority) {
			blocking = append(blocking, b)
		} else {
			warning = append(warning, b)
		}
	}
	return blocking, warning
}

func missingForClose(m Measure, today Date) string {
	switch {
	case m.Status == Verified:
		return ""
	case m.Status == Cancelled && m.ClosureReason == RiskAccepted:
		if m.RiskAcceptedUntil.Before(today) {
			return "its accepted risk ended on " + m.RiskAcceptedUntil.String()
		}
		return ""
	case m.Status == Cancelled && m.ClosureReason == WontDo:
		return "cancelled as wont_do: neither verified nor risk-accepted"
	case m.Status == Cancelled:
		return ""
	case m.Status == Done:
		return "done, but not verified"
	}
	return "still " + string(m.Status)
}

// GateError turns blockers into the refusal a person reads.
func GateError(key IncidentKey, blocking []Blocker) error {
	if len(blocking) == 0 {
		return nil
	}
	texts := make([]string, len(blocking))
	for n, b := range blocking {
		texts[n] = string(b.Measure) + " is " + b.Missing
	}
	return &Error{Kind: ErrConflict, Code: "closing_gate",
		Message: "status: " + string(key) + " cannot be closed: " + strings.Join(texts, "; ")}
}
