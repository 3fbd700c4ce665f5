package store

import (
	"testing"

	"github.com/followthrough/followthrough/domain"
)

func TestLateCountsAgreeWithAModel(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		all := portfolio(t, db)
		for _, day := range []string{"2026-11-20", "2026-12-01", "2026-12-15", "2027-02-01", "2028-01-01"} {
			for name, scope := range map[string]domain.Scope{"everything": domain.Everything(), "a team": {Teams: []domain.TeamID{"t_a"}}} {
				filter := domain.MeasureFilter{Today: domain.MustDate(day)}
				want, got := map[domain.Priority]domain.LateCount{}, map[domain.Priority]domain.LateCount{}
				for _, m := range all {
					if m.Status.Open() && !m.StatusUnknown && scope.Allows(m.Team) {
						want[m.Priority] = countLate(want[m.Priority], m, filter.Today)
					}
				}
				for _, c := range must[[]domain.LateCount](t)(db.LateCounts(t.Context(), scope, filter, 14)) {
					got[c.Priority] = c
				}
				same(t, day+", "+name, want, got)
			}
		}
	})
}

// countLate adds a measure to the counts of its priority.
func countLate(c domain.LateCount, m domain.Measure, today domain.Date) domain.LateCount {
	if c.ByAge == nil {
		c.Priority, c.ByAge = m.Priority, map[domain.LateAge]int{}
		for _, age := range domain.LateAges() {
			c.ByAge[age] = 0
		}
	}
	ahead := m.DueOn.Ordinal() - today.Ordinal()
	c.Open++
	c.Undated += b2i(m.DueOn.IsZero())
	c.NeedsIncident += b2i(m.NeedsIncident())
	c.Overdue += b2i(!m.DueOn.IsZero() && ahead < 0)
	c.Soon += b2i(!m.DueOn.IsZero() && ahead >= 0 && ahead <= 14)
	if late := today.Ordinal() - m.OriginalDueOn.Ordinal(); !m.OriginalDueOn.IsZero() && late > 0 {
		for _, age := range domain.LateAges() {
			if from, to := age.Days(); late >= from && (to == 0 || late <= to) {
				c.ByAge[age]++
			}
		}
	}
	return c
}
