package app

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"
	"weak"

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
	// OnTime is the on-time rate of each priority of the cohort, the most urgent first.
	OnTime []OnTimePriority
}

// OnTimePriority is the on-time rate of one priority.
type OnTimePriority struct {
	Priority domain.Priority
	Report   metrics.OnTimeReport
}

// All evaluates the reports of a page on one and the same portfolio, which is
// brought up to date once. While nothing is written, a live answer is given
// again for five minutes of the same day; its as_of says how old it is.
func (s *Reports) All(ctx context.Context, by domain.Actor, q ReportQuery) (out AllStats, err error) {
	err = s.evaluate(ctx, by, q, func(p *portfolio, c metrics.Cohort) error {
		out, err = s.pages.of(p, c, func() (AllStats, error) { return allOf(p, c) })
		return err
	})
	return out, err
}

// allOf evaluates side by side: the reports only read.
func allOf(p *portfolio, c metrics.Cohort) (out AllStats, err error) {
	parts := []func() error{
		func() (err error) { out.Quality, err = metrics.Quality(p.snapshot, c, p.lives(c)); return err },
		func() (err error) { out.Overdue, err = metrics.Overdue(p.snapshot, c); return err },
		func() (err error) { out.Completion.Completion, err = metrics.Completion(p.snapshot, c); return err },
		func() (err error) {
			out.Completion.OnTime, err = metrics.OnTime(p.snapshot, c, metrics.DueSpan{})
			return err
		},
		func() (err error) {
			out.Completion.SLA, err = metrics.SLA(p.snapshot, c, metrics.FromCreated)
			return err
		},
		func() (err error) { out.Flow.Flow, err = metrics.Flow(p.snapshot, c); return err },
		func() (err error) { out.Flow.Forecast, err = metrics.ForecastBacklog(p.snapshot, c); return err },
		func() (err error) {
			out.Recurrence, err = metrics.Recurrence(p.snapshot, c, p.recurrenceInput(c))
			return err
		},
	}
	for _, priority := range domain.Priorities() {
		if len(c.Priorities) == 0 || slices.Contains(c.Priorities, priority) {
			out.OnTime = append(out.OnTime, OnTimePriority{Priority: priority})
		}
	}
	for n := range out.OnTime {
		parts = append(parts, func() (err error) {
			only := c
			only.Priorities = []domain.Priority{out.OnTime[n].Priority}
			out.OnTime[n].Report, err = metrics.OnTime(p.snapshot, only, metrics.DueSpan{})
			return err
		})
	}
	failed := make([]error, len(parts))
	var running sync.WaitGroup
	for n, part := range parts {
		running.Go(func() { failed[n] = part() })
	}
	running.Wait()
	if err := errors.Join(failed...); err != nil {
		return AllStats{}, err
	}
	for _, report := range []any{&out.Overdue, &out.Completion, &out.Flow, &out.Recurrence, &out.OnTime} {
		markWith(&out.Quality, report)
	}
	return out, nil
}

// The bounds of the pages kept.
const (
	pageAge  = 5 * time.Minute
	maxPages = 16
)

// pageCache keeps the last pages of statistics.
type pageCache struct {
	mu    sync.Mutex
	pages []cachedPage // the newest last
}

type cachedPage struct {
	of    weak.Pointer[portfolio] // a page does not keep the rows behind it
	query string
	asOf  time.Time
	stats AllStats
}

// of gives a page again that says the same, or makes it.
func (s *pageCache) of(p *portfolio, c metrics.Cohort, compute func() (AllStats, error)) (AllStats, error) {
	filter, err := json.Marshal(c.Filter)
	if err != nil {
		return AllStats{}, err
	}
	query := string(filter) + strconv.FormatInt(p.snapshot.Position, 10) + " " + strconv.Itoa(c.Policy.Version)
	live, of := p.snapshot.Position != 0, weak.Make(p)
	s.mu.Lock()
	for _, page := range s.pages {
		if page.of == of && page.query == query && (page.asOf.Equal(c.AsOf) || live && sameSpan(page.asOf, c)) {
			s.mu.Unlock()
			return page.stats, nil
		}
	}
	s.mu.Unlock()
	stats, err := compute()
	if err != nil {
		return AllStats{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pages) == maxPages {
		s.pages = append(s.pages[:0], s.pages[1:]...)
	}
	s.pages = append(s.pages, cachedPage{of, query, c.AsOf, stats})
	return stats, nil
}

// sameSpan reports whether a page made at an instant may stand for the cohort's.
func sameSpan(made time.Time, c metrics.Cohort) bool {
	zone, age := zoneOf(c), c.AsOf.Sub(made)
	return age >= 0 && age < pageAge && domain.DateOf(made.In(zone)) == domain.DateOf(c.AsOf.In(zone))
}
