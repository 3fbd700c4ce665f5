package app

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// ErrReading says that the log is being read from its beginning, which takes a
// while once after the start and for every new date.
var ErrReading = domain.Errorf(domain.ErrUnavailable, "the evidence log is being read; look again in a moment")

// patience is how long a page waits for the log to be read from its beginning.
const patience = 80 * time.Millisecond

// readings keep what was read of the log: the whole of it, brought up to date
// by its new leaves, and the last cut.
type readings struct {
	mu         sync.Mutex // guards the members, not what they point to
	whole, cut *reading
}

// reading is one pass over the log.
type reading struct {
	done chan struct{} // closed when the first pass is over
	err  error

	mu    sync.Mutex // guards tally once done
	tally *evidence.Tally
}

// read starts to read the log from its beginning. It goes on when whoever
// asked has gone: the next one finds it read.
func (s *Evidence) read(ctx context.Context, until time.Time, size int64) *reading {
	r := &reading{done: make(chan struct{}), tally: evidence.NewTally(until)}
	go func() {
		defer close(r.done)
		ctx := context.WithoutCancel(ctx)
		if r.err = s.Store.EachSealed(ctx, func(c domain.Change) error { r.tally.Add(evidence.SealedRecord(c)); return nil }); r.err == nil {
			r.err = s.readOn(ctx, r.tally, size)
		}
	}()
	return r
}

func (s *Evidence) readOn(ctx context.Context, t *evidence.Tally, size int64) error {
	return s.Store.EachLeaf(ctx, t.Size, size, func(row evidence.LogRow) error {
		record, err := evidence.RecordOf(row)
		if err == nil {
			t.Add(&record)
		}
		return err
	})
}

// wait waits for the first pass, but not for long.
func (r *reading) wait(ctx context.Context, patience time.Duration) error {
	select {
	case <-r.done:
		return r.err
	default:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-r.done:
		return r.err
	case <-timer.C:
		return ErrReading
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tallied calls use with what the log says up to an instant, zero for now. It
// must not be kept: the next call brings it up to date.
func (s *Evidence) tallied(ctx context.Context, by domain.Actor, knownAt time.Time, use func(*evidence.Tally)) error {
	if err := by.Require(domain.CanAudit); err != nil {
		return err
	}
	head, err := s.Store.LogHead(ctx)
	if err != nil {
		return err
	}
	r := s.reading(ctx, knownAt, head.Size)
	if err := r.wait(ctx, cmp.Or(s.Patience, patience)); err != nil {
		if !errors.Is(err, ErrReading) && ctx.Err() == nil {
			s.forget(r) // what failed is tried again
		}
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := s.readOn(ctx, r.tally, head.Size); err != nil {
		return err
	}
	use(r.tally)
	return nil
}

// Await waits until the log is read up to an instant, zero for now, however long
// that takes. Scripts do, where a page says that it is still being read.
func (s *Evidence) Await(ctx context.Context, by domain.Actor, knownAt time.Time) error {
	if err := by.Require(domain.CanAudit); err != nil {
		return err
	}
	head, err := s.Store.LogHead(ctx)
	if err != nil {
		return err
	}
	_, cut := s.cutOf(knownAt)
	r := s.reading(ctx, cut, head.Size)
	select {
	case <-r.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if r.err != nil {
		s.forget(r)
	}
	return r.err
}

// reading is the kept one up to an instant, or one that begins now.
func (s *Evidence) reading(ctx context.Context, knownAt time.Time, size int64) *reading {
	s.readings.mu.Lock()
	defer s.readings.mu.Unlock()
	at := &s.readings.whole
	if !knownAt.IsZero() {
		at = &s.readings.cut
	}
	if *at == nil || !(*at).tally.Until.Equal(knownAt) {
		*at = s.read(ctx, knownAt, size)
	}
	return *at
}

func (s *Evidence) forget(r *reading) {
	s.readings.mu.Lock()
	defer s.readings.mu.Unlock()
	for _, at := range []**reading{&s.readings.whole, &s.readings.cut} {
		if *at == r {
			*at = nil
		}
	}
}
