package store

import (
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// Both engines find what waits for a verdict by the rules of each version.
func TestUnjudgedMeasures(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		today := domain.DateOf(testNow)
		add := func(version int, daysAgo int, status domain.Status, on domain.Date) {
			addMeasure(t, db, func(m *domain.Measure) {
				m.Priority, m.PolicyVersion, m.Status, m.DoneAt, m.Metric.VerifyOn = domain.P1, version, status, testNow.AddDate(0, 0, -daysAgo), on
			})
		}
		add(1, 30, domain.Done, domain.Date{})
		add(1, 29, domain.Done, domain.Date{})
		add(2, 7, domain.Done, domain.Date{})
		add(2, 6, domain.Done, domain.Date{})
		add(0, 7, domain.Done, domain.Date{}) // goes by the last version
		add(1, 0, domain.Done, today)
		add(1, 90, domain.Done, today.AddDays(1))
		add(1, 90, domain.Verified, domain.Date{})
		add(1, 90, domain.InProgress, domain.Date{})
		first, second := domain.DefaultPolicy(), domain.DefaultPolicy()
		second.Version, second.VerifyDays = 2, map[domain.Priority]int{domain.P1: 7}
		for due, want := range map[bool]int{true: 4, false: 5} {
			f := domain.MeasureFilter{EffectivenessDue: &due, Today: today, VerifyLimits: domain.VerifyLimits([]domain.Policy{first, second}, today, testNow.Location())}
			if n := must[int](t)(db.CountMeasures(t.Context(), domain.Everything(), f)); n != want {
				t.Errorf("due %v: %d, want %d", due, n, want)
			}
			list := must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), domain.Everything(), f, domain.Page{Limit: 50}))
			if len(list.Items) != want {
				t.Errorf("due %v: %d listed, want %d", due, len(list.Items), want)
			}
		}
	})
}
