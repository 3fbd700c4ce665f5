package store

import (
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestRecurrenceCircle: without dates only the links themselves tell that a
// circle would close; the store walks them in the transaction.
func TestRecurrenceCircle(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		undated := func(of domain.IncidentKey) domain.Incident {
			return addIncident(t, db, func(i *domain.Incident) {
				i.StartedAt, i.DetectedAt, i.MitigatedAt, i.ResolvedAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
				i.RecurrenceOf = of
			})
		}
		first := undated("")
		second := undated(first.Key)
		third := undated(second.Key)
		link := func(later, earlier domain.IncidentKey) error {
			_, err := db.UpdateIncident(t.Context(), domain.Everything(), later, 0, ana(), func(i *domain.Incident, _ func() ([]domain.Measure, error)) error {
				i.RecurrenceOf = earlier
				return nil
			})
			return err
		}
		err := link(first.Key, third.Key)
		if domain.KindOf(err) != domain.ErrInvalid || !strings.Contains(err.Error(), "recurrence_of: ") {
			t.Errorf("a circle of three: %v", err)
		}
		if err := link(third.Key, first.Key); err != nil {
			t.Errorf("a shorter chain: %v", err)
		}
	})
}
