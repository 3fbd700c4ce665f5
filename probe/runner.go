package probe

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Book is where probes and readings are kept, and the work schedule that keeps
// two processes from the same reading.
type Book interface {
	ClaimWork(ctx context.Context, owner string, kinds []string, n int, lease time.Duration, now time.Time) ([]domain.Work, error)
	FinishWork(ctx context.Context, lease domain.Lease, result domain.WorkResult, now time.Time) error
	Wakeups(ctx context.Context) <-chan struct{}
	// ProbeOf returns the probe of a measure with the measure; domain.ErrNotFound
	// when it was taken away.
	ProbeOf(ctx context.Context, scope domain.Scope, key domain.MeasureKey) (domain.MetricProbe, domain.Measure, error)
	// RecordReadings stores what was read, or why nothing was.
	RecordReadings(ctx context.Context, key domain.MeasureKey, readings []domain.Observation, failed error) error
}

// Runner takes the readings that are due. Any number of processes may run it on
// one database.
type Runner struct {
	Book   Book
	Reader *Reader
	Now    func() time.Time
	Log    *slog.Logger
	// Owner names this process in leases.
	Owner string
}

const (
	// lease is longer than the two requests of a reading can take.
	lease = time.Minute
	// retry is the pause after a failed reading, doubled each time up to the rhythm
	// of the probe.
	retry = 15 * time.Minute
	// defaultHistoryDays is how far back the first reading looks.
	defaultHistoryDays = 30
)

// Run takes readings until ctx ends; one that has begun is finished.
func (r *Runner) Run(ctx context.Context) error {
	wake := r.Book.Wakeups(ctx)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-timer.C:
		}
		pause := time.Second
		if r.Step(ctx) {
			pause = 0
		}
		timer.Reset(pause)
	}
}

// Step takes one reading that is due and reports whether there was one.
func (r *Runner) Step(ctx context.Context) bool {
	works, err := r.Book.ClaimWork(ctx, r.Owner, []string{domain.KindProbe}, 1, lease, r.Now())
	if err != nil {
		if ctx.Err() == nil {
			r.Log.Error("cannot claim readings", "error", err)
		}
		return false
	}
	for _, work := range works {
		ctx := context.WithoutCancel(ctx)
		result, err := r.read(ctx, work)
		if err := errors.Join(err, r.Book.FinishWork(ctx, work.Lease, result, r.Now())); err != nil {
			r.Log.Warn("reading failed", "key", work.Lease.Key, "attempt", work.Attempt, "error", err)
		}
	}
	return len(works) > 0
}

// read takes one reading and says when the next one is due.
func (r *Runner) read(ctx context.Context, work domain.Work) (domain.WorkResult, error) {
	key := domain.MeasureKey(work.Lease.Key[len(domain.ProbeWork("")):])
	p, m, err := r.Book.ProbeOf(ctx, domain.Everything(), key)
	if domain.KindOf(err) == domain.ErrNotFound {
		return domain.WorkResult{}, nil // taken away: the row ends here
	}
	if err != nil {
		return domain.WorkResult{Err: err, RetryAt: r.Now().Add(retry)}, err
	}
	if m.Status == domain.Verified || m.Status == domain.Cancelled {
		return domain.WorkResult{Again: r.Now().Add(p.Every())}, nil // judged; goes on when it is reopened
	}
	err = Take(ctx, r.Book, r.Reader, p, m, r.Now())
	if err != nil {
		pause := min(retry<<min(work.Attempt, 10), p.Every())
		return domain.WorkResult{Err: err, RetryAt: r.Now().Add(pause), Free: true}, err
	}
	return domain.WorkResult{Again: r.Now().Add(p.Every())}, nil
}

// Take reads one probe now and records the reading, or the failure. The first
// reading of a Prometheus brings what it remembers: from before the measure was
// made, as long as its evaluation window, until now.
func Take(ctx context.Context, book Book, reader *Reader, p domain.MetricProbe, m domain.Measure, now time.Time) error {
	value, err := reader.Now(ctx, p, now)
	if err != nil {
		return errors.Join(err, book.RecordReadings(ctx, p.Measure, nil, err))
	}
	var readings []domain.Observation
	if p.ReadAt.IsZero() {
		days := m.Metric.WindowDays
		if days == 0 {
			days = defaultHistoryDays
		}
		if readings, err = reader.History(ctx, p, m.CreatedAt.AddDate(0, 0, -days), now.Add(-time.Minute)); err != nil {
			return errors.Join(err, book.RecordReadings(ctx, p.Measure, nil, err))
		}
	}
	return book.RecordReadings(ctx, p.Measure, append(readings, domain.Observation{At: now, Value: value}), nil)
}
