package sync

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// create drives the create protocol (sync.md section C): the intent with its
// nonce is stored before the request, the nonce travels inside the request,
// and an uncertain outcome is probed before anything is sent again. It reports
// true once the issue is known.
func (s *step) create(ctx context.Context) (bool, error) {
	op := *s.link.Link.Create
	switch op.State {
	case domain.CreateQueued:
		return s.send(ctx, op)
	case domain.CreateInflight:
		// The process died between sending and recording: nobody knows.
		return false, s.uncertain(ctx, op, op.SentAt.Add(s.e.Settings.Settle[0]))
	case domain.CreateUncertain:
		if s.e.Now().Before(op.NextProbe) {
			return false, s.wait(op.NextProbe)
		}
		return s.probe(ctx, op)
	case domain.CreateDone: // not creating any more; Creating says so before
	}
	return false, domain.Errorf(domain.ErrInvalid, "link %s has the unknown create state %q", s.link.Link.ID, op.State)
}

// ofPlace says that an absence before there is an issue is one of the
// repository or project, which is looked for again soon.
func ofPlace(err error) error {
	if kind := domain.KindOf(err); kind == domain.ErrNotFound || kind == domain.ErrGone {
		return domain.Errorf(domain.ErrUnavailable, "the repository or project cannot be found; check the tracker: %v", err)
	}
	return err
}

// errLater is a pause that the protocol itself asks for; it is no failure.
var errLater = domain.Errorf(domain.ErrLimited, "waiting before the next look for the issue")

func (s *step) wait(until time.Time) error {
	later := *errLater
	later.RetryAt = until
	return &later
}

func (s *step) send(ctx context.Context, op domain.CreateOp) (bool, error) {
	now := s.e.Now()
	op.State, op.SentAt = domain.CreateInflight, now
	if op.ServerTime.IsZero() { // a re-send keeps the window of the first request
		op.ServerTime, op.HighestNumber = serverTime(s.view.Status, now), s.view.Status.HighestNumber
	}
	draft := s.draft(nil)
	draft.Nonce = op.Nonce
	op.Sent = append(slices.Clone(op.Sent), draft.Values)
	if err := s.saveCreate(ctx, op, "creating the issue"); err != nil {
		return false, err
	}
	snapshot, err := s.tracker.Create(ctx, draft)
	ctx = context.WithoutCancel(ctx) // the issue may exist: recording it must not be given up
	switch {
	case err == nil:
		return true, s.adopt(ctx, snapshot, draft)
	case certainlyRejected(err):
		op.State = domain.CreateQueued
		return false, errors.Join(err, s.saveCreate(ctx, op, err.Error()))
	default:
		return false, s.uncertain(ctx, op, now.Add(s.e.Settings.Settle[0]))
	}
}

// certainlyRejected reports whether a well-formed answer of the tracker says
// that nothing was created.
func certainlyRejected(err error) bool {
	for _, kind := range []domain.Kind{domain.ErrInvalid, domain.ErrForbidden, domain.ErrUnauthorized, domain.ErrNotFound, domain.ErrGone, domain.ErrConflict, domain.ErrLimited} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func serverTime(status domain.TrackerStatus, now time.Time) time.Time {
	if status.ServerTime.IsZero() {
		return now
	}
	return status.ServerTime
}

func (s *step) uncertain(ctx context.Context, op domain.CreateOp, next time.Time) error {
	op.State, op.NextProbe = domain.CreateUncertain, next
	if err := s.saveCreate(ctx, op, "the tracker's answer was lost; looking whether the issue exists"); err != nil {
		return err
	}
	return s.wait(next)
}

func (s *step) saveCreate(ctx context.Context, op domain.CreateOp, reason string) error {
	link := s.link.Link
	link.Create, link.State, link.Reason = &op, domain.LinkCreating, reason
	return s.commit(ctx, link, nil, nil)
}

// probe looks for the nonce. Found once or more: adopt the oldest. Not found
// after the last probe: send again with the same nonce.
func (s *step) probe(ctx context.Context, op domain.CreateOp) (bool, error) {
	found, err := s.tracker.Find(ctx, domain.Probe{Nonce: op.Nonce, Since: op.ServerTime.Add(-5 * time.Minute), AfterNumber: op.HighestNumber})
	if err != nil {
		return false, err // an error is not an absence (T7)
	}
	if len(found) > 0 {
		slices.SortFunc(found, func(a, b domain.Snapshot) int { return a.CreatedAt.Compare(b.CreatedAt) })
		if err := s.adoptFound(ctx, found[0], op.Sent); err != nil {
			return true, err
		}
		for _, twin := range found[1:] {
			if err := s.e.twin(ctx, s.view, s.tracker, s.link, twin, s.report); err != nil {
				return true, err
			}
		}
		return true, nil
	}
	op.Probes++
	if op.Probes < len(s.e.Settings.Settle) {
		return false, s.uncertain(ctx, op, s.e.Now().Add(s.e.Settings.Settle[op.Probes]))
	}
	op.State, op.Probes = domain.CreateQueued, 0
	return s.send(ctx, op)
}

// adopt ties the link to the issue. The base is what the tracker answered; an
// answer with ids only leaves the base as we sent it, unconfirmed until the
// next read.
func (s *step) adopt(ctx context.Context, snapshot domain.Snapshot, draft domain.Draft) error {
	fields := make([]domain.Field, 0, len(draft.Values))
	for _, f := range domain.SyncedFields() {
		// A new issue is open: a status beyond that is a change of its own.
		if f == domain.FieldStatus && draft.Values[f] != string(domain.ProjectionOpen) {
			continue
		}
		if draft.Values[f] != "" || f == domain.FieldTitle || f == domain.FieldStatus {
			fields = append(fields, f)
		}
	}
	s.report.created(s.link, snapshot.Ref)
	return s.tie(ctx, func() domain.Link {
		link := s.created(snapshot)
		s.confirm(&link, draft.Values, fields, domain.Pushed{Snapshot: snapshot})
		for f, value := range draft.Values {
			got, known := link.Snapshot.Fields[f]
			if _, ok := link.Base[f]; !ok && known {
				link.Base[f] = domain.BaseValue{Value: got.Value, Raw: got.Raw, Revision: snapshot.Revision}
			} else if !ok && value == "" {
				link.Base[f] = domain.BaseValue{Raw: s.tracker.Put(f, "", *link.Snapshot).Raw}
			}
		}
		return link
	})
}

// tie stores a link with its new issue. A person may have changed the measure
// while the request was on its way: that must not lose the ids, because a probe
// finds the issue only as long as nobody there touches its marker.
func (s *step) tie(ctx context.Context, build func() domain.Link) error {
	nonce := s.link.Link.Create.Nonce
	for attempt := 1; ; attempt++ {
		err := s.commit(ctx, build(), nil, nil)
		if !errors.Is(err, domain.ErrStale) || attempt == maxAttempts {
			return err
		}
		fresh, readErr := s.e.Store.Link(ctx, s.link.Link.ID)
		if readErr != nil {
			return readErr
		}
		if s.link = fresh; !fresh.Link.Creating() || fresh.Link.Create.Nonce != nonce {
			return err // somebody else has tied it
		}
	}
}

// adoptFound ties the link to an issue that a probe found, minutes after it was
// made. A value we sent is agreed; another one is somebody's edit, and the
// merge decides about it. A silent one is what the tracker dropped: our own
// value goes out again as an ordinary change.
func (s *step) adoptFound(ctx context.Context, snapshot domain.Snapshot, sent []map[domain.Field]string) error {
	s.report.created(s.link, snapshot.Ref)
	return s.tie(ctx, func() domain.Link {
		link := s.created(snapshot)
		for f, got := range snapshot.Fields {
			base := domain.BaseValue{Value: got.Value, Raw: got.Raw, Revision: snapshot.Revision}
			if len(sent) > 0 && !slices.ContainsFunc(sent, func(values map[domain.Field]string) bool { return values[f] == got.Value }) && !silent(f, got.Value) {
				last := sent[len(sent)-1][f]
				base = domain.BaseValue{Value: last, Raw: s.tracker.Put(f, last, snapshot).Raw}
			}
			link.Base[f] = base
		}
		return link
	})
}

// created is the link with its new issue and nothing agreed yet.
func (s *step) created(snapshot domain.Snapshot) domain.Link {
	link := s.link.Link
	var kept *domain.CreateOp
	if op := link.Create; op != nil && len(op.Sent) > 1 {
		kept = &domain.CreateOp{Nonce: op.Nonce, State: domain.CreateDone, ServerTime: op.ServerTime, HighestNumber: op.HighestNumber, SentAt: op.SentAt}
	}
	link.Create, link.Remote, link.State, link.Reason = kept, snapshot.Ref, domain.LinkPending, ""
	link.Base, link.FieldStates = map[domain.Field]domain.BaseValue{}, map[domain.Field]domain.FieldIssue{}
	link.Snapshot = &snapshot
	return link
}

// fail records an error on the link, so that a person sees what is wrong and
// when it is tried again.
func (s *step) fail(ctx context.Context, cause error) error {
	if errors.Is(cause, domain.ErrStale) {
		return nil // somebody else moved on; nothing is wrong
	}
	fresh, err := s.e.Store.Link(ctx, s.link.Link.ID)
	if err != nil {
		return err
	}
	s.link = fresh
	link := fresh.Link
	now := s.e.Now()
	link.NextAttempt, _ = s.e.retryAt(cause, 0)
	var later *domain.Error
	if errors.As(cause, &later) && later.Message == errLater.Message {
		return s.commit(ctx, link, nil, nil)
	}
	link.LastError, link.LastErrorAt = clipError(cause), now
	switch {
	case errors.Is(cause, domain.ErrGone), errors.Is(cause, domain.ErrNotFound):
		s.suspect(&link, now)
	case errors.Is(cause, domain.ErrInvalid), errors.Is(cause, domain.ErrForbidden):
		link.State, link.Reason = domain.LinkBlocked, clipError(cause)
		if link.Creating() {
			link.State = domain.LinkCreating
		}
	}
	s.report.problem(s.link, link.LastError)
	return s.commit(ctx, link, nil, nil)
}

// suspect counts an absence. Only three of them over at least a day, with the
// tracker itself readable, make a tombstone (T65).
func (s *step) suspect(link *domain.Link, now time.Time) {
	if link.Gone == 0 {
		link.GoneSince = now
	}
	link.Gone++
	link.State, link.Reason = domain.LinkGoneSuspect, "the tracker does not find the issue; it may be deleted, moved or hidden"
	if link.Gone >= 3 && now.Sub(link.GoneSince) >= 24*time.Hour {
		link.State, link.Reason = domain.LinkTombstone, "the issue is gone; the measure stays, decide what to do with it"
	}
}

func clipError(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*domain.Error](err); ok {
		text = e.Error()
	}
	if r := []rune(text); len(r) > 500 {
		text = string(r[:500]) + "…"
	}
	return text
}
