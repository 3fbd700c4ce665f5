package sync

import (
	"context"
	"errors"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// passBatch is how many pending links one round of a pass takes on.
const passBatch = 200

// Pass does one complete pass over a tracker now: poll, then every link that
// is pending. It returns what happened even when it ends with an error.
func (e *Engine) Pass(ctx context.Context, id domain.TrackerID) (*Report, error) {
	report := &Report{Tracker: id}
	if err := e.Poll(ctx, id, report); err != nil {
		return report, err
	}
	return report, e.pushPending(ctx, id, report)
}

// pushPending works through the pending links of a tracker, each under the
// lease of its row in the work schedule, so that a pass and the workers of a
// server never hold the same link.
func (e *Engine) pushPending(ctx context.Context, id domain.TrackerID, report *Report) error {
	tried := map[domain.LinkID]bool{}
	for {
		ids, err := e.Store.PendingLinks(ctx, id, e.Now(), passBatch)
		if err != nil {
			return err
		}
		progress := false
		for _, link := range ids {
			if tried[link] {
				continue
			}
			tried[link], progress = true, true
			if err := e.workOn(ctx, link, report, asUsual); stops(err) {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if !progress {
			return nil
		}
	}
}

// stops reports whether an error concerns the whole tracker, so that trying
// the next link would only hammer it.
func stops(err error) bool {
	return errors.Is(err, domain.ErrUnauthorized) || errors.Is(err, domain.ErrLimited) && !isLater(err)
}

func isLater(err error) bool {
	var e *domain.Error
	return errors.As(err, &e) && e.Message == errLater.Message
}

// workOn claims a link's row, reconciles it and finishes the row.
func (e *Engine) workOn(ctx context.Context, id domain.LinkID, report *Report, how approach) error {
	work, ok, err := e.Schedule.ClaimKey(ctx, e.Owner, linkKey(id), KindLink, e.Settings.Lease, e.Now())
	if err != nil || !ok {
		return err // somebody else is at it
	}
	return e.runWork(ctx, work, func(ctx context.Context) error {
		return e.reconcile(ctx, id, work.Lease, report, how)
	})
}

// runWork runs a claimed row with a heartbeat and finishes it.
func (e *Engine) runWork(ctx context.Context, work domain.Work, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		e.beat(ctx, work.Lease, cancel)
	}()
	err := do(ctx)
	cancel(nil)
	<-stopped
	return errors.Join(err, e.finish(context.WithoutCancel(ctx), work, err))
}

// beat keeps a lease alive; a lost lease cancels the run.
func (e *Engine) beat(ctx context.Context, lease domain.Lease, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(e.Settings.Lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := e.Schedule.Heartbeat(ctx, lease, e.Settings.Lease, e.Now()); errors.Is(err, domain.ErrStale) {
				cancel(err)
				return
			}
		}
	}
}

// maxFailures is how often a row is tried before it is parked for a person.
const maxFailures = 12

func (e *Engine) finish(ctx context.Context, work domain.Work, cause error) error {
	result := domain.WorkResult{Err: cause}
	if cause != nil {
		result.RetryAt, result.Free = e.retryAt(cause, work.Attempt)
		if errors.Is(cause, context.Canceled) {
			result.RetryAt, result.Free = e.Now(), true // a graceful stop, not a failure
		}
		// A tracker that is down is no fault of the row: it goes on when the tracker does.
		result.Dead = !result.Free && work.Attempt+1 >= maxFailures && !errors.Is(cause, domain.ErrUnavailable)
		if isLater(cause) {
			result.Err = nil
			result.Again = result.RetryAt
		}
	}
	err := e.Schedule.FinishWork(ctx, work.Lease, result, e.Now())
	if errors.Is(err, domain.ErrStale) {
		return nil // the lease is somebody else's by now; they finish
	}
	return err
}
