package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// AllStats are the reports that a page shows together.
type AllStats struct {
	Quality    metrics.QualityReport
	Overdue    metrics.OverdueReport
	Completion CompletionStats
	Flow       FlowStats
	Recurrence metrics.RecurrenceReport
}

// All evaluates the reports of a page on one and the same portfolio, which is
// brought up to date once.
func (s *Reports) All(ctx context.Context, by domain.Actor, q ReportQuery) (out AllStats, err error) {
	err = s.evaluate(ctx, by, q, func(p *portfolio, c metrics.Cohort) (err error) {
		if out.Quality, err = metrics.Quality(p.snapshot, c, nil); err != nil {
			return err
		}
		if out.Overdue, err = metrics.Overdue(p.snapshot, c); err != nil {
			return err
		}
		if out.Completion.Completion, err = metrics.Completion(p.snapshot, c); err != nil {
			return err
		}
		if out.Completion.OnTime, err = metrics.OnTime(p.snapshot, c, metrics.Period{}); err != nil {
			return err
		}
		if out.Completion.SLA, err = metrics.SLA(p.snapshot, c, metrics.FromCreated); err != nil {
			return err
		}
		if out.Flow.Flow, err = metrics.Flow(p.snapshot, c); err != nil {
			return err
		}
		if out.Flow.Forecast, err = metrics.ForecastBacklog(p.snapshot, c); err != nil {
			return err
		}
		out.Recurrence, err = metrics.Recurrence(p.snapshot, c, metrics.RecurrenceInput{Window: q.Created})
		if err != nil {
			return err
		}
		return markAll(p, c, &out)
	})
	return out, err
}

// markAll gives every report its marks, as each has them alone.
func markAll(p *portfolio, c metrics.Cohort, out *AllStats) error {
	for _, report := range []any{&out.Overdue, &out.Completion, &out.Flow, &out.Recurrence} {
		if err := mark(p, c, report); err != nil {
			return err
		}
	}
	return nil
}
