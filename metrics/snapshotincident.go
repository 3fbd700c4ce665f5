package metrics

import (
	"time"

	"github.com/followthrough/followthrough/domain"
)

// IncidentRecord is one incident as a Snapshot takes it.
type IncidentRecord struct {
	Key      domain.IncidentKey
	Severity domain.Severity
	Started  time.Time
	// StartUnknown says that nobody gave the start and Started is when the incident
	// was recorded. It has measures, but no place among recurrences and rates.
	StartUnknown bool
	Resolved     time.Time // zero = not yet, or not known
	// EndUnknown says that it is over and nobody gave the instant. Its links count
	// where a person's word is enough, and in no figure of times.
	EndUnknown   bool
	Services     []string
	Causes       []string
	Fingerprint  string
	RecurrenceOf domain.IncidentKey
	LinkedAt     time.Time // when RecurrenceOf was set; zero = with the incident
	Reviewed     bool      // has a complete review
	Edited       bool      // an instant was changed after it had been given
	// Merged and dismissed incidents are no recurrence and no index (rule R14).
	Merged bool
}

type incidentRow struct {
	key          domain.IncidentKey
	started      int64
	resolved     int64 // 0 = not yet
	linkedAt     int64 // 0 = unknown
	recurrenceOf int32 // index; -1 = none
	services     []int32
	causes       []int32
	fingerprint  string
	severity     uint8
	reviewed     bool
	edited       bool
	merged       bool
	undated      bool // its start is not known
	endless      bool // over, but nobody knows since when
	known        bool // false for a key that only a measure named so far
}

// placed says whether the incident has a place among recurrences and rates: it is
// known, not merged into another one, its start is known and not after its end.
func (i *incidentRow) placed() bool {
	return i.known && !i.merged && !i.undated && (i.resolved == 0 || i.resolved >= i.started)
}

// over says whether the incident was over before an instant, as far as it is
// known: where only the instant of its end is missing, the link is believed.
func (i *incidentRow) over(before int64) bool {
	return i.endless || (i.resolved != 0 && i.resolved < before)
}

// PutIncident adds an incident or replaces it.
func (s *Snapshot) PutIncident(r IncidentRecord) {
	i := s.incidentIndex(r.Key)
	if i < 0 {
		return
	}
	row := incidentRow{
		key: r.Key, started: r.Started.UnixMilli(), recurrenceOf: s.incidentIndex(r.RecurrenceOf), fingerprint: r.Fingerprint,
		severity: code(domain.Severities(), r.Severity), reviewed: r.Reviewed, edited: r.Edited, merged: r.Merged, undated: r.StartUnknown, endless: r.EndUnknown && r.Resolved.IsZero(), known: true,
	}
	if !r.Resolved.IsZero() {
		row.resolved = r.Resolved.UnixMilli()
	}
	if !r.LinkedAt.IsZero() {
		row.linkedAt = r.LinkedAt.UnixMilli()
	}
	row.services = s.services.numbers(r.Services)
	for _, name := range r.Causes {
		row.causes = append(row.causes, s.causes.index(name))
	}
	s.incidents[i] = row
	s.latest = max(s.latest, row.started, row.resolved, row.linkedAt)
}

// incidentIndex numbers incidents in the order their keys are first seen.
func (s *Snapshot) incidentIndex(key domain.IncidentKey) int32 {
	if key == "" {
		return noIncident
	}
	if i, ok := s.byKey[key]; ok {
		return i
	}
	i := int32(len(s.incidents))
	s.incidents = append(s.incidents, incidentRow{key: key, recurrenceOf: -1})
	s.byKey[key] = i
	return i
}
