package store

import (
	"context"
	"fmt"

	"github.com/followthrough/followthrough/domain"
)

// importer is one import on its way.
type importer struct {
	tx     *txn
	by     domain.Attribution
	known  map[string]domain.IncidentKey // by external id
	result domain.ImportResult
}

// Import creates everything of a batch or nothing. What an earlier import of
// the same source made is skipped: incidents by their external id, measures by
// incident and title.
func (db *DB) Import(ctx context.Context, by domain.Attribution, batch domain.ImportBatch) (domain.ImportResult, error) {
	var result domain.ImportResult
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		i := importer{tx: tx, by: by, known: map[string]domain.IncidentKey{}, result: domain.ImportResult{At: tx.now}}
		if err := i.incidents(batch.Incidents); err != nil {
			return err
		}
		for _, row := range batch.Measures {
			if err := i.measure(row); err != nil {
				return atLine(row.Line, err)
			}
		}
		result = i.result
		return tx.remember(by, domain.SubjectIncident, batch.File)
	})
	return result, err
}

func atLine(line int, err error) error {
	if domain.KindOf(err) == "" {
		return fmt.Errorf("line %d: %w", line, asDomain(err))
	}
	return &domain.Error{Kind: domain.KindOf(err), Err: err, Message: fmt.Sprintf("line %d: %s", line, err),
		Fields: []domain.FieldError{{Field: fmt.Sprintf("line %d", line), Message: err.Error()}}}
}

// incidents inserts in rounds, so that an incident may recur from one further
// down in the file.
func (i *importer) incidents(rows []domain.ImportIncident) error {
	for len(rows) > 0 {
		var waiting []domain.ImportIncident
		for _, row := range rows {
			ready, err := i.ready(row, rows)
			if err != nil {
				return atLine(row.Line, err)
			}
			if !ready {
				waiting = append(waiting, row)
				continue
			}
			if err := i.incident(row); err != nil {
				return atLine(row.Line, err)
			}
		}
		if len(waiting) == len(rows) {
			return atLine(rows[0].Line, domain.Invalid("recurrence_of", "the incidents recur from each other in a circle"))
		}
		rows = waiting
	}
	return nil
}

// ready reports whether the incident's predecessor is stored.
func (i *importer) ready(row domain.ImportIncident, rows []domain.ImportIncident) (bool, error) {
	if row.RecurrenceOfID == "" {
		return true, nil
	}
	key, err := i.find(row.RecurrenceOfID)
	if err != nil || key != "" {
		return true, err
	}
	for _, other := range rows {
		if other.Incident.ExternalID == row.RecurrenceOfID {
			return false, nil
		}
	}
	return false, domain.Invalid("recurrence_of", "there is no incident %q, neither in the file nor stored", row.RecurrenceOfID)
}

// find returns the key of an incident by external id; empty when there is none.
func (i *importer) find(id string) (domain.IncidentKey, error) {
	if key, ok := i.known[id]; ok || id == "" {
		return key, nil
	}
	var key domain.IncidentKey
	if err := i.tx.Raw("SELECT key FROM incidents WHERE external_id = ?", id).Scan(&key).Error; err != nil {
		return "", err
	}
	if key != "" {
		i.known[id] = key
	}
	return key, nil
}

func (i *importer) incident(row domain.ImportIncident) error {
	key, err := i.find(row.Incident.ExternalID)
	if err != nil {
		return err
	}
	if key != "" {
		i.result.Skipped++
		return nil
	}
	if row.Incident.RecurrenceOf, err = i.find(row.RecurrenceOfID); err != nil {
		return err
	}
	if row.RecurrenceOfID != "" && row.Incident.RecurrenceOf == "" {
		return domain.Invalid("recurrence_of", "there is no incident %q, neither in the file nor stored", row.RecurrenceOfID)
	}
	if err := i.tx.checkRecurrence(domain.Everything(), row.Incident); err != nil {
		return err
	}
	num, err := i.tx.next("incident", 1)
	if err != nil {
		return err
	}
	stored, err := i.tx.insertIncident(num, row.Incident, i.by)
	if err != nil {
		return err
	}
	if len(row.Review.Entries) > 0 {
		draft := row.Review
		draft.Incident = stored.Key
		if _, err := i.tx.recordReview(domain.NewReview(stored.Key), draft, i.by); err != nil {
			return err
		}
	}
	if stored.ExternalID != "" {
		i.known[stored.ExternalID] = stored.Key
	}
	i.result.Incidents = append(i.result.Incidents, stored.Key)
	return nil
}

func (i *importer) measure(row domain.ImportMeasure) error {
	m := row.Measure
	if row.IncidentID != "" {
		key, err := i.find(row.IncidentID)
		if err != nil {
			return err
		}
		if key == "" {
			return domain.Invalid("incident", "there is no incident %q, neither in the file nor stored", row.IncidentID)
		}
		m.Incident = key
	}
	var twins int
	if err := i.tx.Raw("SELECT count(*) FROM measures WHERE imported AND title = ? AND (incident = ? OR incident IS NULL AND ? = '')",
		m.Title, string(m.Incident), string(m.Incident)).Scan(&twins).Error; err != nil {
		return err
	}
	if twins > 0 {
		i.result.Skipped++
		return nil
	}
	m.StatusUnknown, m.Imported = row.StatusUnknown, true
	if m.Owner == "" && m.ExternalOwner == "" {
		m.ExternalOwner = row.OwnerText
	}
	num, err := i.tx.next("measure", 1)
	if err != nil {
		return err
	}
	by := i.by
	if len(row.Links) > 0 { // what the source names is kept where nothing can lose it
		by.Reason = fmt.Sprintf("%s; the source names %q", by.Reason, row.Links)
	}
	stored, err := i.tx.insertMeasure(num, m, by)
	if err != nil {
		return err
	}
	i.result.Measures = append(i.result.Measures, stored.Key)
	return nil
}
