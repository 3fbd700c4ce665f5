package store

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// ProofsOf returns the evidence and the observations of a measure that the
// caller has read in scope already. What cannot be there is not asked for.
func (db *DB) ProofsOf(ctx context.Context, m domain.Measure) ([]domain.Evidence, []domain.Observation, error) {
	var evidence []domain.Evidence
	var observations []domain.Observation
	if m.EvidenceCount > 0 {
		var rows []evidenceRow
		if err := db.read(ctx).Where("measure = ?", string(m.Key)).Order("received_at, id").Find(&rows).Error; err != nil {
			return nil, nil, asDomain(err)
		}
		for _, row := range rows {
			evidence = append(evidence, row.evidence())
		}
	}
	if m.Metric.Name != "" {
		var rows []observationRow
		if err := db.read(ctx).Where("measure = ?", string(m.Key)).Order("at, id").Find(&rows).Error; err != nil {
			return nil, nil, asDomain(err)
		}
		for _, row := range rows {
			observations = append(observations, row.observation())
		}
	}
	return evidence, observations, nil
}
