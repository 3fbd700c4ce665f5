package web

import (
	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

// planOf lays an incident's measures on one time axis (statistics.md 5): a bar
// from creation to the end or today, a tick at the promise and one at the
// current date.
func planOf(p *templates.Page, v app.IncidentView) templates.Plan {
	plan := templates.Plan{Today: p.Today}
	for _, m := range v.Measures {
		row := templates.PlanRow{Measure: m, From: domain.DateOf(m.CreatedAt.In(p.Zone)), Until: p.Today, Original: m.OriginalDueOn, Due: m.DueOn}
		switch {
		case m.Status == domain.Cancelled:
			row.Until, row.End = domain.DateOf(m.CancelledAt.In(p.Zone)), "cancelled"
		case m.Status.Completed() && !m.DoneAt.IsZero():
			row.Until, row.End = domain.DateOf(m.DoneAt.In(p.Zone)), string(m.Status)
		case m.Status.Open():
			row.End = "open"
		}
		if row.Until.Before(row.From) {
			row.Until = row.From
		}
		plan.Rows = append(plan.Rows, row)
		for _, d := range []domain.Date{row.From, row.Until, row.Original, row.Due} {
			if d.IsZero() {
				continue
			}
			if plan.From.IsZero() || d.Before(plan.From) {
				plan.From = d
			}
			if plan.Until.Before(d) {
				plan.Until = d
			}
		}
	}
	return plan
}
