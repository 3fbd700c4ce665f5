package app

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// How often the live statistics are brought up to date in the background, and
// how often they are written down for the next start.
const (
	keepEvery = 2 * time.Second
	dumpEvery = 10 * time.Minute
)

// Keep holds the live statistics of everything ready until ctx ends: it reads
// the dump, folds what was written since, goes on folding as changes come in, and
// writes a dump now and then and at the end. What fails is reported and tried
// again; a page that is asked for meanwhile brings itself up to date.
func (s *Reports) Keep(ctx context.Context, report func(error)) {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	dump := time.NewTicker(dumpEvery)
	defer dump.Stop()
	for first := true; ; first = false {
		if err := s.Refresh(ctx); err != nil && ctx.Err() == nil {
			report(err)
		} else if first && err == nil {
			s.save(ctx, report)
		}
		select {
		case <-ctx.Done():
			s.save(context.WithoutCancel(ctx), report)
			return
		case <-dump.C:
			s.save(ctx, report)
		case <-tick.C:
		}
	}
}

// Refresh brings the live statistics of everything up to date.
func (s *Reports) Refresh(ctx context.Context) error {
	return s.portfolios.current(ctx, domain.Everything(), func(*portfolio, metrics.Cut) error { return nil })
}

// Save writes the dump of the live statistics when they have moved.
func (s *Reports) Save(ctx context.Context) error { return s.portfolios.save(ctx) }

func (s *Reports) save(ctx context.Context, report func(error)) {
	if err := s.Save(ctx); err != nil && ctx.Err() == nil {
		report(err)
	}
}
