package sync

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// The kinds of rows in the work schedule. A key is the kind, a colon and what
// it concerns; one key is never worked on twice at once.
const (
	KindLink  = "link"
	KindPoll  = "poll"
	KindSweep = "sweep"
)

func linkKey(id domain.LinkID) string     { return KindLink + ":" + string(id) }
func pollKey(id domain.TrackerID) string  { return KindPoll + ":" + string(id) }
func sweepKey(id domain.TrackerID) string { return KindSweep + ":" + string(id) }
func concern(key string) string           { _, what, _ := strings.Cut(key, ":"); return what }
func kinds() []string                     { return []string{KindLink, KindHook, KindPoll, KindSweep, KindRedeliver} }

// Run works until ctx ends: it makes sure every tracker has its periodic rows
// and claims whatever is due. It needs no leader; any number of processes may
// run it on one database.
func (e *Engine) Run(ctx context.Context) error {
	wake := e.Schedule.Wakeups(ctx)
	slots := make(chan struct{}, e.Settings.Workers)
	var running sync.WaitGroup
	defer running.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-timer.C:
			if err := e.ensurePeriodic(ctx); err != nil && ctx.Err() == nil {
				e.Log.Error("cannot plan periodic work", "error", err)
			}
		}
		n := e.dispatch(ctx, slots, &running)
		if n == e.Settings.Workers {
			timer.Reset(0) // a full batch: there may be more
		} else {
			timer.Reset(time.Second)
		}
	}
}

// dispatch claims as many rows as there are free workers and starts them.
func (e *Engine) dispatch(ctx context.Context, slots chan struct{}, running *sync.WaitGroup) int {
	free := cap(slots) - len(slots)
	if free == 0 {
		return 0
	}
	works, err := e.Schedule.ClaimWork(ctx, e.Owner, kinds(), free, e.Settings.Lease, e.Now())
	if err != nil {
		if ctx.Err() == nil {
			e.Log.Error("cannot claim work", "error", err)
		}
		return 0
	}
	for _, work := range works {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			e.Do(ctx, work)
		})
	}
	return len(works)
}

// Do works on one claimed row. Errors are recorded where a person looks for
// them; the log gets one line.
func (e *Engine) Do(ctx context.Context, work domain.Work) {
	err := e.runWork(ctx, work, func(ctx context.Context) error { return e.handle(ctx, work) })
	if err != nil && ctx.Err() == nil && !errors.Is(err, domain.ErrLimited) {
		e.Log.Warn("work failed", "key", work.Lease.Key, "attempt", work.Attempt, "error", clipError(err))
	}
}

func (e *Engine) handle(ctx context.Context, work domain.Work) error {
	what := concern(work.Lease.Key)
	switch work.Kind {
	case KindLink:
		err := e.Reconcile(ctx, domain.LinkID(what), work.Lease, nil)
		if errors.Is(err, domain.ErrNotFound) && domain.KindOf(err) == domain.ErrNotFound && strings.HasPrefix(err.Error(), "link ") {
			return nil // the link is gone; nothing is owed
		}
		return err
	case KindHook:
		return e.processHooks(ctx, domain.TrackerID(what))
	case KindPoll:
		return e.periodic(ctx, pollKey(domain.TrackerID(what)), KindPoll, func() time.Duration { return e.pollPause(ctx, domain.TrackerID(what)) }, func() error {
			return e.Poll(ctx, domain.TrackerID(what), nil)
		})
	case KindSweep:
		pause := e.Settings.Sweep
		return e.periodic(ctx, sweepKey(domain.TrackerID(what)), KindSweep, func() time.Duration { return pause }, func() error {
			_, err := e.Sweep(ctx, domain.TrackerID(what))
			if err != nil {
				pause = min(pause, sweepAgain)
			}
			return err
		})
	case KindRedeliver:
		return e.periodic(ctx, redeliverKey(domain.TrackerID(what)), KindRedeliver, func() time.Duration { return redeliverEvery }, func() error {
			return e.redeliver(ctx, domain.TrackerID(what))
		})
	}
	return domain.Errorf(domain.ErrInvalid, "work %s has the unknown kind %q", work.Lease.Key, work.Kind)
}

// periodic runs a step and plans the next run, also after a failure: a tracker
// that is down is asked again at its own pace.
func (e *Engine) periodic(ctx context.Context, key, kind string, pause func() time.Duration, do func() error) error {
	err := do()
	if errors.Is(err, domain.ErrNotFound) && strings.HasPrefix(err.Error(), "tracker ") {
		return nil // removed: the row ends here
	}
	next := e.Now().Add(pause())
	if err != nil {
		next = e.nextAsk(err, next)
		if ctx.Err() == nil {
			e.Log.Warn("tracker failed", "key", key, "error", clipError(err))
		}
	}
	return e.Schedule.ScheduleAt(context.WithoutCancel(ctx), key, kind, next)
}

// sweepAgain is when a sweep that stopped is tried again: a day without proof is long.
const sweepAgain = time.Hour

// pollPause is the time to the next poll. Below 30 % of the credential's budget
// polls come half as often; the rest that is kept for people is none of theirs,
// so they wait for the budget to return.
func (e *Engine) pollPause(ctx context.Context, id domain.TrackerID) time.Duration {
	view, err := e.Store.Tracker(ctx, id)
	if err != nil {
		return e.Settings.Poll
	}
	q, now := view.Status.Quota, e.Now()
	if q.Limit == 0 || !q.ResetAt.After(now) {
		return e.Settings.Poll
	}
	switch left := float64(q.Remaining) / float64(q.Limit); {
	case left < domain.Reserved:
		return max(e.Settings.Poll, q.ResetAt.Sub(now))
	case left < slowBelow:
		return 2 * e.Settings.Poll
	}
	return e.Settings.Poll
}

// slowBelow is the share of the budget below which polls come half as often.
const slowBelow = 0.3

// ensurePeriodic gives every tracker its periodic rows.
func (e *Engine) ensurePeriodic(ctx context.Context) error {
	ids, err := e.Store.Trackers(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		e.mu.Lock()
		_, planned := e.planned[id]
		e.planned[id] = true
		e.mu.Unlock()
		if planned {
			continue
		}
		if err := e.Schedule.ScheduleAt(ctx, pollKey(id), KindPoll, e.Now()); err != nil {
			return err
		}
		if err := e.Schedule.ScheduleAt(ctx, sweepKey(id), KindSweep, e.Now().Add(e.Settings.Sweep)); err != nil {
			return err
		}
		if err := e.Schedule.ScheduleAt(ctx, redeliverKey(id), KindRedeliver, e.Now()); err != nil {
			return err
		}
	}
	return nil
}

// Wake makes a tracker's poll due now.
func (e *Engine) Wake(ctx context.Context, id domain.TrackerID) error {
	return e.Schedule.ScheduleAt(ctx, pollKey(id), KindPoll, e.Now())
}
