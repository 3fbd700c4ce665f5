package domain

// ConflictFilter selects conflicts; empty members do not filter.
type ConflictFilter struct {
	Measure MeasureKey
	Tracker TrackerID
	Field   Field
	// Open selects those that wait for a person, or those that are decided.
	Open *bool
}
