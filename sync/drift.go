package sync

import (
	"context"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// Difference is one field on which both sides differ, with the reason.
type Difference struct {
	Measure domain.MeasureKey
	Link    domain.LinkID
	Remote  string
	Field   domain.Field
	Ours    string
	Theirs  string
	Reason  string
	// Repair says what would make both sides equal; empty when a person must decide.
	Repair Action
}

// DriftReport proves both sides equal, or lists every difference.
type DriftReport struct {
	Tracker     domain.TrackerID
	Compared    int
	Differences []Difference
}

// Drift reads every linked issue by id and compares it field by field with its
// measure. It writes nothing.
func (e *Engine) Drift(ctx context.Context, id domain.TrackerID) (DriftReport, error) {
	out := DriftReport{Tracker: id}
	view, tracker, err := e.open(ctx, id)
	if err != nil {
		return out, err
	}
	heads, err := e.Store.LinksOfTracker(ctx, id)
	if err != nil {
		return out, err
	}
	for start := 0; start < len(heads); start += sweepBatch {
		batch := heads[start:min(start+sweepBatch, len(heads))]
		if err := e.driftBatch(ctx, view, tracker, batch, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (e *Engine) driftBatch(ctx context.Context, view domain.TrackerView, tracker Tracker, batch []domain.LinkHead, out *DriftReport) error {
	refs := make([]domain.RemoteRef, len(batch))
	byRemote := map[string]domain.LinkID{}
	for i, head := range batch {
		refs[i], byRemote[head.Remote.ID] = head.Remote, head.ID
	}
	sightings, err := tracker.Sweep(ctx, refs)
	if err != nil {
		return err
	}
	for _, s := range sightings {
		id, ok := byRemote[s.Ref.ID]
		if !ok {
			continue
		}
		link, err := e.Store.Link(ctx, id)
		if err != nil {
			return err
		}
		out.Compared++
		if s.Presence != domain.Present || s.Snapshot == nil {
			out.Differences = append(out.Differences, Difference{Measure: link.Measure.Key, Link: id, Remote: link.Link.Remote.Key, Reason: "the issue is " + string(s.Presence)})
			continue
		}
		out.Differences = append(out.Differences, e.compare(view, tracker, link, *s.Snapshot)...)
	}
	return nil
}

// compare lists the differing fields of one link. A value that the tracker
// cannot tell from ours is equal.
func (e *Engine) compare(view domain.TrackerView, tracker Tracker, link domain.LinkView, s domain.Snapshot) []Difference {
	local := link.Measure.Values()
	s = focused(tracker, s, link.Measure.ID)
	link.Link.Snapshot = &s
	st := &step{e: e, view: view, tracker: tracker, link: link}
	d := st.merge()
	var out []Difference
	for _, f := range domain.SyncedFields() {
		remote, known := s.Fields[f]
		if known && remote.Value == local[f] || !known && local[f] == "" {
			continue
		}
		if known && tracker.Put(f, local[f], s).Raw == remote.Raw {
			continue
		}
		reason, repair := reasonOf(f, d, known)
		out = append(out, Difference{Measure: link.Measure.Key, Link: link.Link.ID, Remote: link.Link.Remote.Key, Field: f,
			Ours: local[f], Theirs: remote.Value, Reason: reason, Repair: repair})
	}
	return out
}

func reasonOf(f domain.Field, d Decision, known bool) (string, Action) {
	for _, u := range d.Receive {
		if u.Field == f {
			return "changed in the tracker, not yet taken over", ActionPull
		}
	}
	if slices.Contains(d.Write, f) {
		return "changed here, not yet pushed", ActionPush
	}
	if issue, ok := d.States[f]; ok {
		return issue.Problem, ""
	}
	if !known {
		return "the issue does not show it; the block may be damaged", ActionPush
	}
	return "differs although nothing is pending", ""
}
