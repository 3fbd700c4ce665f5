package metrics

import (
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Has reports whether a row carries a flag; false for a row that is not there.
func (s *Snapshot) Has(row int, f Flag) bool {
	return row >= 0 && row < s.Len() && s.flags[row]&f != 0
}

// Mark gives a row further flags; a row that is not there is left alone.
func (s *Snapshot) Mark(row int, f Flag) {
	if row >= 0 && row < s.Len() {
		s.flags[row] |= f
	}
}

// MeasuredRow is what the success metric of one row of a snapshot was observed
// to be.
type MeasuredRow struct {
	Metric   domain.Metric
	Readings []Reading
}

// EffectivenessOf sums up the success metrics of a cohort (C1 to C3). measured
// holds the rows that have readings; a row with a target and without readings
// counts as observed too little, one that is not completed as not measured.
// Rows are taken in their order, so that equal input gives equal bytes. Errors
// as Completion and Effectiveness.
func EffectivenessOf(s *Snapshot, c Cohort, measured map[int32]MeasuredRow) (EffectivenessSummary, error) {
	sel, err := s.begin(&c)
	if err != nil {
		return EffectivenessSummary{}, err
	}
	var reports []EffectivenessReport
	var incidents []domain.IncidentKey
	none := EffectivenessSummary{}
	for _, row := range sel.rows {
		if s.flags[row]&HasTarget == 0 || s.flags[row]&impossibleRow != 0 {
			continue
		}
		m, observed := measured[row]
		switch completed := s.cause(row) == CauseDone; {
		case !completed:
			none.Unmeasured++
			continue
		case !observed:
			none.TooFew++
			continue
		}
		facts := Facts{State: s.state[row], Created: time.UnixMilli(s.created[row]).UTC(), Done: time.UnixMilli(s.closed[row]).UTC()}
		r, err := Effectiveness(EffectivenessInput{Facts: facts, Metric: m.Metric, Readings: m.Readings, Policy: c.Policy}, c.AsOf)
		if err != nil {
			return EffectivenessSummary{}, err
		}
		key := domain.IncidentKey("")
		if i := s.incident[row]; i >= 0 {
			key = s.incidents[i].key
		}
		reports, incidents = append(reports, r), append(incidents, key)
	}
	out, err := SummarizeEffectiveness(reports, incidents)
	out.Unmeasured += none.Unmeasured
	out.TooFew += none.TooFew
	return out, err
}
