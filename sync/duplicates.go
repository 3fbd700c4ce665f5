package sync

import (
	"context"
	"errors"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// untouched is how long after its creation an issue may have been changed and
// still count as nobody's work: trackers finish a create in several steps.
const untouched = time.Minute

// copyOf looks at an unlinked issue that carries the mark of a measure. It
// never becomes a measure (T62). One that our own repeated create made is
// closed; a copy that a person made is only reported.
func (e *Engine) copyOf(ctx context.Context, view domain.TrackerView, s domain.Snapshot, report *Report) error {
	link, err := e.Store.LinkOfMeasure(ctx, view.Tracker.ID, s.MeasureID)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if link.Link.Remote.ID == s.Ref.ID || link.Link.Creating() {
		return nil // our own issue, or the probe looks for it
	}
	_, tracker, err := e.open(ctx, view.Tracker.ID)
	if err != nil {
		return err
	}
	return e.twin(ctx, view, tracker, link, s, report)
}

// twin decides about a second issue with the nonce of a link (sync.md, create,
// steps 5 and 6): closed when it is surely ours and nobody has worked on it.
func (e *Engine) twin(ctx context.Context, view domain.TrackerView, tracker Tracker, link domain.LinkView, s domain.Snapshot, report *Report) error {
	if s.Fields[domain.FieldStatus].Value == string(domain.ProjectionCancelled) {
		return nil // closed already
	}
	if !ours(link.Link, s) {
		report.duplicate(link, s.Ref, "is a copy of "+link.Link.Remote.Key+"; it is not synchronised")
		return nil
	}
	st := &step{e: e, view: view, tracker: tracker, link: link}
	values := map[domain.Field]string{domain.FieldStatus: string(domain.ProjectionCancelled)}
	if _, err := tracker.Push(ctx, domain.Push{Draft: st.draft(values), On: s, Fields: []domain.Field{domain.FieldStatus}}); err != nil {
		return err
	}
	report.duplicate(link, s.Ref, "was made a second time after a lost answer; it is closed, "+link.Link.Remote.Key+" goes on")
	e.Log.Warn("closed a doubled issue", "measure", link.Measure.Key, "issue", s.Ref.Key, "kept", link.Link.Remote.Key)
	return nil
}

// ours reports whether a second issue was made by our own repeated create, and
// by the same account as the issue that is kept.
func ours(link domain.Link, s domain.Snapshot) bool {
	op, kept := link.Create, link.Snapshot
	return op != nil && kept != nil && op.Nonce == s.Nonce && s.Author != "" && s.Author == kept.Author && s.Revision.Sub(s.CreatedAt) <= untouched
}

// twinDays is for how long a repeated create is looked after.
const twinDays = 7

// sweepTwins looks once more for every create that was sent more than once: an
// answer may have been lost for longer than the probes waited.
func (e *Engine) sweepTwins(ctx context.Context, view domain.TrackerView, tracker Tracker, report *Report) error {
	ids, err := e.Store.ResentLinks(ctx, view.Tracker.ID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		link, err := e.Store.Link(ctx, id)
		if err != nil {
			return err
		}
		op := link.Link.Create
		if op == nil || link.Link.Creating() || e.Now().Sub(op.SentAt) > twinDays*24*time.Hour {
			continue
		}
		found, err := tracker.Find(ctx, domain.Probe{Nonce: op.Nonce, Since: op.ServerTime.Add(-5 * time.Minute), AfterNumber: op.HighestNumber})
		if err != nil {
			return err
		}
		for _, s := range found {
			if s.Ref.ID == link.Link.Remote.ID {
				continue
			}
			if err := e.twin(ctx, view, tracker, link, s, report); err != nil {
				return err
			}
		}
	}
	return nil
}
