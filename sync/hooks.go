package sync

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Inbox keeps webhook deliveries from acknowledgement to processing.
type Inbox interface {
	// StoreDelivery keeps a delivery and wakes its tracker's hook row, in one
	// transaction. A repeated id changes nothing, except that a failed one is
	// re-armed.
	StoreDelivery(ctx context.Context, d domain.Delivery) error
	// StoredDeliveries returns the oldest deliveries that wait for processing.
	StoredDeliveries(ctx context.Context, tracker domain.TrackerID, limit int) ([]domain.Delivery, error)
	// FinishDelivery records what became of a delivery.
	FinishDelivery(ctx context.Context, tracker domain.TrackerID, id string, state domain.DeliveryState, note string) error
}

// HookReader verifies the deliveries of one kind of tracker.
type HookReader struct {
	// Verify checks the signature over the raw bytes in constant time.
	Verify func(header http.Header, body []byte, secrets []string) bool
	// Headers are the headers kept with the delivery.
	Headers []string
}

// KindHook is the work row of a tracker's stored deliveries.
const KindHook = "hook"

// hookBatch is how many deliveries one run processes.
const hookBatch = 200

// Intake takes one delivery: signature first, over the raw bytes; then stored;
// then acknowledged. An unknown tracker and a bad signature get the same answer.
func (e *Engine) Intake(ctx context.Context, kind domain.TrackerKind, id domain.TrackerID, header http.Header, body []byte) error {
	refused := domain.Errorf(domain.ErrUnauthorized, "the signature does not match")
	reader, ok := e.Hooks[kind]
	if !ok {
		return refused
	}
	view, err := e.Store.Tracker(ctx, id)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		reader.Verify(header, body, []string{"an unknown tracker costs the same time"})
		return refused
	case err != nil:
		return err
	}
	if view.Tracker.Kind != kind || !reader.Verify(header, body, view.Secrets.WebhookSecrets) {
		return refused
	}
	_, tracker, err := e.open(ctx, id)
	if err != nil {
		return err
	}
	event, err := tracker.ParseWebhook(header, body)
	if err != nil {
		return domain.Invalid("body", "cannot be read: %v", err)
	}
	if event.Ignored {
		return nil
	}
	kept := map[string]string{}
	for _, name := range reader.Headers {
		if v := header.Get(name); v != "" {
			kept[name] = v
		}
	}
	return e.Inbox.StoreDelivery(ctx, domain.Delivery{Tracker: id, ID: event.Delivery, Event: event.Name, Header: kept, Body: body,
		ReceivedAt: e.Now(), State: domain.DeliveryStored})
}

// processHooks works through the stored deliveries of a tracker. A delivery
// that cannot be processed is marked and steps aside; it never blocks another.
func (e *Engine) processHooks(ctx context.Context, id domain.TrackerID) error {
	view, tracker, err := e.open(ctx, id)
	if err != nil {
		return err
	}
	for {
		batch, err := e.Inbox.StoredDeliveries(ctx, id, hookBatch)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, d := range batch {
			state, note, err := e.processHook(ctx, view, tracker, d)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				state, note = domain.DeliveryFailed, clipError(err)
			}
			if err := e.Inbox.FinishDelivery(ctx, id, d.ID, state, note); err != nil {
				return err
			}
		}
	}
}

// processHook turns one delivery into a newer snapshot, a wake-up or nothing.
// The payload is a hint: it is applied only when it is newer than what we hold,
// because neither delivery ids nor GitHub's signature protect against replay.
func (e *Engine) processHook(ctx context.Context, view domain.TrackerView, tracker Tracker, d domain.Delivery) (domain.DeliveryState, string, error) {
	header := http.Header{}
	for k, v := range d.Header {
		header.Set(k, v)
	}
	event, err := tracker.ParseWebhook(header, d.Body)
	if err != nil {
		return "", "", err
	}
	heads, err := e.Store.LinkHeads(ctx, view.Tracker.ID, []string{event.Ref.ID})
	if err != nil {
		return "", "", err
	}
	head, linked := heads[event.Ref.ID]
	switch {
	case !linked:
		return e.hookUnlinked(ctx, view, event)
	case event.Gone || event.Moved != nil:
		return domain.DeliveryDone, "looking whether the issue is still there", e.workOn(ctx, head.ID, nil, rereading)
	case event.Snapshot == nil:
		return domain.DeliveryDone, "read again", e.workOn(ctx, head.ID, nil, rereading)
	}
	return e.hookSnapshot(ctx, view, tracker, head, event)
}

func (e *Engine) hookSnapshot(ctx context.Context, view domain.TrackerView, tracker Tracker, head domain.LinkHead, event domain.Event) (domain.DeliveryState, string, error) {
	s := *event.Snapshot
	s.ReadAt = time.Time{} // it says how the issue was when it was sent; before a write it is read again
	if err := e.audit(ctx, view, tracker, head, event); err != nil {
		return "", "", err
	}
	switch {
	case s.Hash == head.Hash && !s.Revision.After(head.Revision):
		return domain.DeliveryDone, "nothing new", nil
	case s.Revision.Before(head.Revision):
		return domain.DeliveryStale, "older than what is known", nil
	case s.Revision.Equal(head.Revision):
		return domain.DeliveryDone, "read again", e.workOn(ctx, head.ID, nil, rereading)
	}
	s.Indirect = true
	err := e.Store.StorePage(ctx, domain.PageCommit{Tracker: view.Tracker.ID, Cursor: view.Cursor, Status: view.Status, Now: e.Now(), KeepCursor: true,
		Updates: []domain.SnapshotUpdate{{Link: head.ID, Snapshot: s, Wake: s.Hash != head.Hash}}})
	return domain.DeliveryDone, "", err
}

// hookUnlinked lets the import rule look at an issue nobody here knows.
func (e *Engine) hookUnlinked(ctx context.Context, view domain.TrackerView, event domain.Event) (domain.DeliveryState, string, error) {
	if view.Tracker.ImportRule.IsZero() || event.Gone {
		return domain.DeliveryIgnored, "not linked", nil
	}
	return domain.DeliveryDone, "the poll looks at it", e.Wake(ctx, view.Tracker.ID)
}

// audit compares what an event says was there before our own write with what
// the write was planned on. A difference is an edit that we overwrote unseen in
// the moment between reading and writing: it is recovered as a conflict, so
// that it can be put back (sync.md C, step 6).
func (e *Engine) audit(ctx context.Context, view domain.TrackerView, tracker Tracker, head domain.LinkHead, event domain.Event) error {
	if len(event.Before) == 0 {
		return nil
	}
	for range maxAttempts {
		if err := e.auditOnce(ctx, view, tracker, head, event); !errors.Is(err, domain.ErrStale) {
			return err
		}
	}
	return domain.Errorf(domain.ErrUnavailable, "the link keeps changing; what was overwritten could not be recorded")
}

func (e *Engine) auditOnce(ctx context.Context, view domain.TrackerView, tracker Tracker, head domain.LinkHead, event domain.Event) error {
	link, err := e.Store.Link(ctx, head.ID)
	if err != nil {
		return err
	}
	mark, ours := writeOf(link.Link, event)
	if !ours {
		return nil
	}
	var lost []domain.Conflict
	for f, before := range event.Before {
		planned, written := mark.Believed[f]
		if !written || planned == before || event.Snapshot.Fields[f].Value == before {
			continue
		}
		lost = append(lost, domain.Conflict{Link: head.ID, Measure: link.Measure.Key, Tracker: view.Tracker.ID, Field: f, Base: planned,
			Ours: link.Measure.Values()[f], Theirs: before, TheirsAt: event.Snapshot.Revision, OpenedAt: e.Now(),
			Resolution: domain.ResolveOurs, Winner: link.Measure.Values()[f], ResolvedAt: e.Now(), ResolvedBy: "echo audit"})
	}
	if len(lost) == 0 {
		return nil
	}
	nameEditors(ctx, tracker, event.Ref, lost, event.Actor)
	_, err = e.Store.CommitLink(ctx, domain.LinkCommit{Link: link.Link, MeasureVersion: link.Measure.Version, Conflicts: lost,
		By: attribution(view, *event.Snapshot), Now: e.Now()})
	return err
}

// writeOf finds our own write behind an event: it has the revision that our
// write was answered with or, where one push takes several requests, values
// that we wrote and no later revision. Deliveries come late, so the write may
// not be the last one.
func writeOf(link domain.Link, event domain.Event) (domain.WriteMark, bool) {
	for _, mark := range slices.Backward(link.Writes) {
		if !mark.Revision.IsZero() && mark.Revision.Equal(event.Snapshot.Revision) || wroteAll(mark, event) {
			return mark, true
		}
	}
	return domain.WriteMark{}, false
}

func wroteAll(mark domain.WriteMark, event domain.Event) bool {
	if !mark.Revision.IsZero() && event.Snapshot.Revision.After(mark.Revision) {
		return false
	}
	shared := false
	for f := range event.Before {
		if wrote, ok := mark.Wrote[f]; ok {
			if wrote != event.Snapshot.Fields[f].Value {
				return false
			}
			shared = true
		}
	}
	return shared
}
