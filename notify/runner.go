package notify

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Desk decides what is said to whom.
type Desk interface {
	// Round writes down the letters of the day when their hour has come; next is
	// when to look again.
	Round(ctx context.Context) (written int, next time.Time, err error)
	// Letter says what a written-down letter has to say now.
	Letter(ctx context.Context, n domain.Notice) (domain.Letter, error)
}

// Box is where letters are kept until they are sent, and the work schedule
// that keeps two processes from the same letter.
type Box interface {
	ClaimWork(ctx context.Context, owner string, kinds []string, n int, lease time.Duration, now time.Time) ([]domain.Work, error)
	FinishWork(ctx context.Context, lease domain.Lease, result domain.WorkResult, now time.Time) error
	ScheduleAt(ctx context.Context, key, kind string, at time.Time) error
	Wakeups(ctx context.Context) <-chan struct{}
	BeginNotice(ctx context.Context, lease domain.Lease, id string) (domain.Notice, error)
	EndNotice(ctx context.Context, lease domain.Lease, id string, outcome domain.NoticeOutcome, now time.Time) error
}

// Runner sends letters. Any number of processes may run it on one database.
type Runner struct {
	Desk Desk
	Box  Box
	// Mail is nil where no mail server is configured.
	Mail  *Mail
	Chats Chats
	// PublicURL is where the pages are.
	PublicURL string
	// Checkpoint is the line about the evidence log that a digest carries; nil
	// or an empty line for none.
	Checkpoint func(context.Context) (string, error)
	// Shown is told when a letter with that line has gone out; nil for nobody.
	Shown func(ctx context.Context, checkpoint string) error
	Now   func() time.Time
	Log   *slog.Logger
	// Owner names this process in leases.
	Owner string
}

const (
	// lease is how long a letter is held: longer than one attempt can take.
	lease = 2 * time.Minute
	// atOnce is how many letters one process hands over at the same time.
	atOnce = 4
	// look is the longest time between two looks at the clock, so that a policy
	// that moves the hour counts on the same day.
	look = 15 * time.Minute
)

// Waits are the pauses after each failed attempt; after the last one the letter
// is given up and waits for a person.
func Waits() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour}
}

// Run writes and sends letters until ctx ends. A letter that is being handed
// over then is finished first.
func (r *Runner) Run(ctx context.Context) error {
	wake := r.Box.Wakeups(ctx)
	timer := time.NewTimer(0)
	defer timer.Stop()
	planned := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-timer.C:
		}
		if !planned {
			err := r.Box.ScheduleAt(ctx, domain.KeyRound, domain.KindRound, r.Now())
			if planned = err == nil; !planned && ctx.Err() == nil {
				r.Log.Error("cannot plan the round of reminders", "error", err)
			}
		}
		pause := time.Second
		if n := r.Step(ctx); n == atOnce {
			pause = 0 // there may be more
		}
		timer.Reset(pause)
	}
}

// Step takes what is due, a few letters at most, and returns how many rows it
// worked on.
func (r *Runner) Step(ctx context.Context) int {
	works, err := r.Box.ClaimWork(ctx, r.Owner, []string{domain.KindRound, domain.KindNotice}, atOnce, lease, r.Now())
	if err != nil {
		if ctx.Err() == nil {
			r.Log.Error("cannot claim letters", "error", err)
		}
		return 0
	}
	var running sync.WaitGroup
	for _, work := range works {
		running.Go(func() {
			if err := r.do(context.WithoutCancel(ctx), work); err != nil {
				r.Log.Warn("letter failed", "key", work.Lease.Key, "attempt", work.Attempt, "error", err)
			}
		})
	}
	running.Wait()
	return len(works)
}

func (r *Runner) do(ctx context.Context, work domain.Work) error {
	if work.Kind == domain.KindRound {
		return r.round(ctx, work)
	}
	return r.deliver(ctx, work)
}

func (r *Runner) round(ctx context.Context, work domain.Work) error {
	written, next, err := r.Desk.Round(ctx)
	soonest := r.Now().Add(look)
	if err != nil || next.IsZero() || next.After(soonest) {
		next = soonest
	}
	if written > 0 {
		r.Log.Info("letters written", "count", written)
	}
	return errors.Join(err, r.Box.FinishWork(ctx, work.Lease, domain.WorkResult{Again: next}, r.Now()))
}

// deliver sends one letter and records how that ended.
func (r *Runner) deliver(ctx context.Context, work domain.Work) error {
	id := work.Lease.Key[len(domain.NoticeKey("")):]
	n, err := r.Box.BeginNotice(ctx, work.Lease, id)
	if errors.Is(err, domain.ErrStale) {
		return nil // another process has it
	}
	if domain.KindOf(err) == domain.ErrNotFound || err == nil && n.State != domain.NoticeWaiting && n.State != domain.NoticeSending {
		return r.Box.FinishWork(ctx, work.Lease, domain.WorkResult{}, r.Now())
	}
	if err != nil {
		return errors.Join(err, r.Box.FinishWork(ctx, work.Lease, domain.WorkResult{Err: err, RetryAt: r.Now().Add(Waits()[0])}, r.Now()))
	}
	state, cause := r.send(ctx, n)
	outcome := domain.NoticeOutcome{State: state}
	if cause != nil {
		outcome = r.failed(n, cause)
	}
	return errors.Join(cause, r.Box.EndNotice(ctx, work.Lease, id, outcome, r.Now()))
}

// send words a letter and hands it over.
func (r *Runner) send(ctx context.Context, n domain.Notice) (domain.NoticeState, error) {
	letter, err := r.Desk.Letter(ctx, n)
	if err != nil {
		return "", err
	}
	if letter.Empty() {
		return domain.NoticeVoid, nil
	}
	checkpoint := ""
	if r.Checkpoint != nil && n.Kind == domain.NoticeDigest {
		if checkpoint, err = r.Checkpoint(ctx); err != nil {
			return "", err
		}
	}
	message, err := Compose(letter, r.PublicURL, checkpoint)
	if err != nil {
		return "", err
	}
	if err := r.handOver(ctx, n, letter, message); err != nil {
		return domain.NoticeSent, err
	}
	if checkpoint != "" && r.Shown != nil {
		if err := r.Shown(ctx, checkpoint); err != nil { // the letter is out; it must not go twice
			r.Log.Warn("cannot note that a checkpoint was shown", "error", err)
		}
	}
	return domain.NoticeSent, nil
}

func (r *Runner) handOver(ctx context.Context, n domain.Notice, letter domain.Letter, message Message) error {
	if n.Channel == domain.ByChat {
		return r.Chats.Send(ctx, n.Target, message.Chat)
	}
	if r.Mail == nil {
		return domain.Errorf(domain.ErrUnavailable, "no mail server is configured; set FOLLOWTHROUGH_SMTP_URL")
	}
	return r.Mail.Send(ctx, letter, message, r.PublicURL)
}

// failed says when a letter is tried again, or that it is given up: at once
// when nothing can change by waiting, else after the last of Waits.
func (r *Runner) failed(n domain.Notice, cause error) domain.NoticeOutcome {
	text := "something went wrong here; the log says what"
	kind := domain.KindOf(cause)
	if kind != "" {
		text = cause.Error()
	}
	if kind == domain.ErrInvalid || kind == domain.ErrNotFound || n.Attempts >= len(Waits()) {
		return domain.NoticeOutcome{State: domain.NoticeFailed, LastError: text}
	}
	return domain.NoticeOutcome{State: domain.NoticeWaiting, LastError: text, RetryAt: r.Now().Add(Waits()[n.Attempts])}
}
