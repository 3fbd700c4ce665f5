package sync

import (
	"context"
	"errors"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// sweepBatch is how many issues one sweep step reads by id.
const sweepBatch = 200

// Sweep reads every linked issue of a tracker by id: the proof behind webhook
// and poll. More than one in twenty missing at once is taken for a fault of
// the tracker, and nothing is changed (T39, T65); a single one is believed. How
// it ended stays in the tracker's status.
func (e *Engine) Sweep(ctx context.Context, id domain.TrackerID) (*Report, error) {
	report := &Report{Tracker: id}
	view, tracker, err := e.open(ctx, id)
	if err != nil || view.Tracker.Paused {
		return report, err
	}
	err = e.sweep(ctx, view, tracker, report)
	if ctx.Err() != nil {
		return report, err // stopped half way: it says nothing about the tracker
	}
	problem := ""
	if err != nil {
		problem = clipError(err)
	}
	return report, errors.Join(err, e.Store.SaveSweep(context.WithoutCancel(ctx), id, e.Now(), problem))
}

func (e *Engine) sweep(ctx context.Context, view domain.TrackerView, tracker Tracker, report *Report) error {
	links, err := e.Store.LinksOfTracker(ctx, view.Tracker.ID)
	if err != nil {
		return err
	}
	// In the order of a list by creation, so that each batch goes on where the last one stopped.
	slices.SortStableFunc(links, func(a, b domain.LinkHead) int { return a.Remote.Number - b.Remote.Number })
	var missing []domain.LinkHead
	for start := 0; start < len(links); start += sweepBatch {
		batch := links[start:min(start+sweepBatch, len(links))]
		gone, err := e.sweepBatch(ctx, view, tracker, batch, report)
		if err != nil {
			return err
		}
		missing = append(missing, gone...)
	}
	if len(missing) > max(1, len(links)/20) {
		return domain.Errorf(domain.ErrUnavailable, "%d of %d issues of %s are missing at once; nothing is changed, check the tracker's access", len(missing), len(links), view.Tracker.Place())
	}
	for _, head := range missing {
		if err := e.workOn(ctx, head.ID, report, rereading); stops(err) {
			return err
		}
	}
	return e.sweepTwins(ctx, view, tracker, report)
}

func (e *Engine) sweepBatch(ctx context.Context, view domain.TrackerView, tracker Tracker, batch []domain.LinkHead, report *Report) ([]domain.LinkHead, error) {
	refs := make([]domain.RemoteRef, len(batch))
	heads := make(map[string]domain.LinkHead, len(batch))
	for i, head := range batch {
		refs[i], heads[head.Remote.ID] = head.Remote, head
	}
	sightings, err := tracker.Sweep(ctx, refs)
	if err != nil {
		return nil, err
	}
	page := domain.PageCommit{Tracker: view.Tracker.ID, Cursor: view.Cursor, Status: view.Status, Now: e.Now(), KeepCursor: true}
	var missing []domain.LinkHead
	for _, s := range sightings {
		head, ok := heads[s.Ref.ID]
		switch {
		case !ok:
		case s.Presence == domain.Present && s.Snapshot != nil:
			if s.Snapshot.Hash != head.Hash && !s.Snapshot.Revision.Before(head.Revision) {
				page.Updates = append(page.Updates, domain.SnapshotUpdate{Link: head.ID, Snapshot: *s.Snapshot, Wake: true})
			}
		default:
			missing = append(missing, head)
			report.add(Entry{Action: ActionProblem, Remote: head.Remote.Key, Note: "the sweep did not find it: " + string(s.Presence)})
		}
	}
	if len(page.Updates) > 0 {
		err = e.Store.StorePage(ctx, page)
	}
	return missing, err
}
