package metrics

import (
	"errors"

	"github.com/followthrough/followthrough/domain"
)

// Chronicle is the history that Fold reads.
type Chronicle struct {
	Changes []domain.Change
	// Imported names measures whose history began elsewhere, beside those whose
	// creation came from an import.
	Imported map[domain.MeasureKey]bool
	// Reviewed names incidents whose review was complete at the cut.
	Reviewed map[domain.IncidentKey]bool
}

// Fold builds the snapshot of a log at a cut: the way to a report pinned by
// as_of and known_at. Only rows recorded by known_at are read, so the same pins give the same bytes however the log grew afterwards.
// Measures and incidents come in the order of their first row; what was not
// there yet is left out. Errors as RecordOf and IncidentRecordOf.
func Fold(log Chronicle, cut Cut) (*Snapshot, error) {
	var measures, incidents []string
	rows := map[string][]domain.Change{} // keys of measures and incidents never meet
	position := int64(0)
	for _, c := range inLogOrder(log.Changes) {
		if !cut.recordedBy(c.At) {
			continue
		}
		position = max(position, c.Seq)
		switch c.Subject {
		case domain.SubjectMeasure:
			if rows["m"+c.Key] == nil {
				measures = append(measures, c.Key)
			}
			rows["m"+c.Key] = append(rows["m"+c.Key], c)
		case domain.SubjectIncident:
			if rows["i"+c.Key] == nil {
				incidents = append(incidents, c.Key)
			}
			rows["i"+c.Key] = append(rows["i"+c.Key], c)
		default: // nothing else has figures
		}
	}
	s := NewSnapshot(len(measures))
	s.Position = position
	for _, key := range incidents {
		r, err := IncidentRecordOf(domain.IncidentKey(key), log.Reviewed[domain.IncidentKey(key)], rows["i"+key], cut)
		if errors.Is(err, domain.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.PutIncident(r)
	}
	rowOf := map[int]int{}
	bulk := BulkClosures(ClosuresOf(log.Changes), cut)
	for _, key := range measures {
		m := domain.Measure{Key: domain.MeasureKey(key), Imported: log.Imported[domain.MeasureKey(key)]}
		r, err := RecordOf(m, rows["m"+key], cut)
		if errors.Is(err, domain.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if bulk[r.Number] {
			r.Flags |= BulkClosed
		}
		row, err := s.Append(r)
		if err != nil {
			return nil, err
		}
		rowOf[r.Number] = row
	}
	s.Inherit(func(number int) int {
		if row, ok := rowOf[number]; ok {
			return row
		}
		return -1
	})
	return s, nil
}

// inLogOrder is the log by sequence; a log that already is so is not copied.
func inLogOrder(changes []domain.Change) []domain.Change {
	for i := 1; i < len(changes); i++ {
		if changes[i-1].Seq > changes[i].Seq {
			sorted := append([]domain.Change(nil), changes...)
			domain.SortChanges(sorted)
			return sorted
		}
	}
	return changes
}
