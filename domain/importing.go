package domain

import "time"

// ImportBatch is what an import wants to create; all of it or nothing.
type ImportBatch struct {
	// File is the name people see in messages and in the history.
	File      string
	Incidents []ImportIncident
	Measures  []ImportMeasure
}

// ImportIncident is one incident of a file. Missing values stay missing.
type ImportIncident struct {
	Line     int
	Incident Incident // without key
	// RecurrenceOfID is the ExternalID of an earlier incident, of this file or stored.
	RecurrenceOfID string
	// Entries are what a report says beside its action items: timeline, causes,
	// lessons. With any, the incident gets a draft of a review.
	Entries []ReviewEntry
	// Review is the draft made of the entries.
	Review Review
}

// ImportMeasure is one measure of a file, with the history its source states.
type ImportMeasure struct {
	Line    int
	Measure Measure // without key; CreatedAt and DoneAt as far as known
	// IncidentID is the ExternalID of the incident, of this file or stored.
	IncidentID string
	// StatusUnknown is true when the source says nothing about the status:
	// unknown is not open.
	StatusUnknown bool
	OwnerText     string
	Links         []string // addresses the source names
}

// ImportResult says what an import did.
type ImportResult struct {
	Incidents []IncidentKey
	Measures  []MeasureKey
	// Skipped counts rows that an earlier import of the same source already made.
	Skipped int
	At      time.Time
}
