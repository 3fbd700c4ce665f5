package sync

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// maxAttempts is how often a link's step starts again when somebody else
// changed the measure in the meantime.
const maxAttempts = 8

// approach says how a link is worked on.
type approach int

const (
	asUsual approach = iota
	// rereading asks for the issue first.
	rereading
	// repairing rereads, and doubts what was agreed where both sides differ.
	repairing
)

// step works on one link until it is quiet: it merges, stores what came in,
// pushes what goes out and confirms it from the answer. It is the only place
// that writes to an existing issue.
type step struct {
	e       *Engine
	lease   domain.Lease
	view    domain.TrackerView
	tracker Tracker
	link    domain.LinkView
	report  *Report
	// reread asks for the issue before anything else: its absence is in doubt.
	reread bool
	// repair writes again what the issue does not show any more, and asks where
	// both sides differ although nothing is pending.
	repair bool
}

// Reconcile brings one link to rest. A returned error has already been
// recorded on the link; it says when another attempt is useful.
func (e *Engine) Reconcile(ctx context.Context, id domain.LinkID, lease domain.Lease, report *Report) error {
	return e.reconcile(ctx, id, lease, report, asUsual)
}

func (e *Engine) reconcile(ctx context.Context, id domain.LinkID, lease domain.Lease, report *Report, how approach) error {
	link, err := e.Store.Link(ctx, id)
	if err != nil {
		return err
	}
	if !link.Link.State.Live() {
		return nil
	}
	view, tracker, err := e.open(ctx, link.Link.Tracker)
	if err != nil {
		return err
	}
	if view.Tracker.Paused {
		return nil
	}
	s := &step{e: e, lease: lease, view: view, tracker: tracker, link: link, report: report,
		reread: how != asUsual || link.Link.State == domain.LinkGoneSuspect, repair: how == repairing}
	err = s.run(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return errors.Join(err, s.fail(context.WithoutCancel(ctx), err))
}

func (s *step) run(ctx context.Context) error {
	if s.link.Link.Creating() {
		if done, err := s.create(ctx); err != nil || !done {
			return ofPlace(err)
		}
	}
	if s.reread && s.link.Link.Remote.ID != "" {
		if err := s.fetch(ctx); err != nil {
			return err
		}
	}
	for range maxAttempts {
		again, err := s.once(ctx)
		if errors.Is(err, domain.ErrStale) {
			if s.link, err = s.e.Store.Link(ctx, s.link.Link.ID); err != nil {
				return err
			}
			continue
		}
		if err != nil || !again {
			return err
		}
	}
	return domain.Errorf(domain.ErrStale, "link %s keeps changing; it is tried again", s.link.Link.Remote.Key)
}

// once does one round: merge, commit what is local, push when needed. It
// reports true when another round is needed.
func (s *step) once(ctx context.Context) (bool, error) {
	if s.link.Link.Snapshot == nil {
		return true, s.fetch(ctx)
	}
	if s.outdated() {
		return true, s.fetch(ctx)
	}
	d := s.merge()
	nameEditors(ctx, s.tracker, s.link.Link.Remote, d.Conflicts, "")
	first := len(s.link.Link.Base) == 0
	if first {
		d.Write = nil // first contact never writes
	}
	if len(d.Write) == 0 {
		rest := s.takenAsIs(d)
		return !rest || first && len(d.Base) > 0, s.commitLocal(ctx, d, rest)
	}
	if len(d.Receive) > 0 || len(d.Conflicts) > 0 {
		return true, s.commitLocal(ctx, d, false)
	}
	if !s.current() {
		return true, s.fetch(ctx)
	}
	if why := s.oscillates(d); why != "" {
		return false, s.stop(ctx, domain.LinkOscillating, why)
	}
	return true, s.push(ctx, d)
}

// outdated reports a snapshot that may be older than our last write: a list or a
// delivery does not show what we wrote, and the tracker's answer to the write did
// not say when it was. Taken for an edit, it would set the value back, and with
// two trackers on one measure both would go on doing so (T48).
func (s *step) outdated() bool {
	link := s.link.Link
	if !link.Snapshot.Indirect {
		return false
	}
	wrote := map[domain.Field]string{}
	for _, m := range kept(link.Writes, s.e.Now()) {
		if !m.Revision.IsZero() {
			clear(wrote)
			continue
		}
		maps.Copy(wrote, m.Wrote)
	}
	for f, value := range wrote {
		if there, ok := link.Snapshot.Fields[f]; ok && there.Value != value {
			return true
		}
	}
	return false
}

func (s *step) merge() Decision {
	link := s.link.Link
	asked := map[domain.Field]bool{}
	for _, c := range s.link.Conflicts {
		asked[c.Field] = true
	}
	local, remote := s.link.Measure.Values(), focused(s.tracker, *link.Snapshot, s.link.Measure.ID)
	base := link.Base
	if s.repair {
		base = doubted(base, local, remote)
	}
	d := Merge(MergeInput{Base: base, Local: local, Remote: remote, States: link.FieldStates,
		Asked: asked, Put: s.tracker.Put, Policy: s.view.Tracker.Resolution, LocalAt: s.link.Measure.UpdatedAt, Now: s.e.Now()})
	s.refuse(&d)
	return d
}

// refuse takes out values that the domain would not accept, one by one, so
// that a bad value holds up its own field only (P12).
func (s *step) refuse(d *Decision) {
	by := attribution(s.view, *s.link.Link.Snapshot)
	d.Receive = slices.DeleteFunc(d.Receive, func(u domain.FieldUpdate) bool {
		trial := s.link.Measure
		err := trial.Receive([]domain.FieldUpdate{u}, by, s.e.Now())
		if err == nil {
			return false
		}
		delete(d.Base, u.Field)
		d.States[u.Field] = domain.FieldIssue{State: domain.FieldFailed, Code: "refused", Problem: err.Error(), Value: s.link.Measure.Values()[u.Field], At: s.e.Now()}
		d.Write = slices.DeleteFunc(d.Write, func(f domain.Field) bool { return f == u.Field })
		return true
	})
}

// takenAsIs reports whether the measure takes what came in as it is. A reopened
// issue is open there and in progress here: that difference is still to be pushed.
func (s *step) takenAsIs(d Decision) bool {
	trial := s.link.Measure
	if len(d.Receive) == 0 || trial.Receive(d.Receive, attribution(s.view, *s.link.Link.Snapshot), s.e.Now()) != nil {
		return true
	}
	values := trial.Values()
	return !slices.ContainsFunc(d.Receive, func(u domain.FieldUpdate) bool { return values[u.Field] != u.Value })
}

// current reports whether the snapshot is young enough to plan a write on, and
// read at all: what an answer without the issue left behind is a guess.
func (s *step) current() bool {
	return s.link.Link.Snapshot.Hash != "" && s.e.Now().Sub(s.e.freshAt(s.link.Link)) <= s.e.Settings.Fresh
}

// commitLocal stores what a merge decided about our own side.
func (s *step) commitLocal(ctx context.Context, d Decision, rest bool) error {
	link := s.link.Link
	link.Base = withBase(link.Base, d.Base)
	link.FieldStates = d.States
	if rest && (len(s.link.Link.Base) > 0 || len(d.Base) == 0) {
		link.PushedVersion = s.link.Measure.Version
	}
	link.State, link.Reason = s.stateOf(d.States)
	link.LastError, link.NextAttempt, link.Gone = "", time.Time{}, 0
	if rest {
		link.SyncedAt = s.e.Now()
	}
	if rest && d.Quiet() && link.PushedVersion == s.link.Link.PushedVersion && link.State == s.link.Link.State && s.link.Link.LastError == "" && sameStates(s.link.Link.FieldStates, d.States) {
		return nil // nothing to say: an idle pass writes nothing, here either
	}
	for _, c := range d.Conflicts {
		s.report.conflict(s.link, c)
	}
	for _, u := range d.Receive {
		s.report.received(s.link, u)
	}
	return s.commit(ctx, link, d.Receive, d.Conflicts)
}

func (s *step) commit(ctx context.Context, link domain.Link, receive []domain.FieldUpdate, conflicts []domain.Conflict, history ...domain.FieldChange) error {
	for n := range conflicts {
		conflicts[n].Link, conflicts[n].Measure, conflicts[n].Tracker = link.ID, link.Measure, link.Tracker
	}
	by := domain.Attribution{Source: domain.FromSystem, Actor: "system", OnBehalf: s.view.Tracker.ID}
	if link.Snapshot != nil && len(history) == 0 { // a row of history is our own act, whoever caused it
		by = attribution(s.view, *link.Snapshot)
	}
	link.UpdatedAt = s.e.Now()
	view, err := s.e.Store.CommitLink(ctx, domain.LinkCommit{Link: link, Receive: receive, MeasureVersion: s.link.Measure.Version,
		By: by, Conflicts: conflicts, History: history, Lease: s.lease, Now: s.e.Now()})
	if err != nil {
		return err
	}
	s.link = view
	return nil
}

func withBase(base, more map[domain.Field]domain.BaseValue) map[domain.Field]domain.BaseValue {
	out := make(map[domain.Field]domain.BaseValue, len(base)+len(more))
	maps.Copy(out, base)
	maps.Copy(out, more)
	return out
}

func sameStates(a, b map[domain.Field]domain.FieldIssue) bool {
	if len(a) != len(b) {
		return false
	}
	for f, v := range a {
		w, ok := b[f]
		v.At, w.At = time.Time{}, time.Time{}
		if !ok || v != w {
			return false
		}
	}
	return true
}

// stateOf sums the field states up to the state of the link.
func (s *step) stateOf(states map[domain.Field]domain.FieldIssue) (domain.LinkState, string) {
	state, reason := domain.LinkSynced, ""
	for _, f := range domain.SyncedFields() {
		issue, ok := states[f]
		switch {
		case !ok:
		case issue.State == domain.FieldConflicted:
			return domain.LinkConflict, string(f) + ": " + issue.Problem
		case issue.State == domain.FieldFailed && state == domain.LinkSynced:
			state, reason = domain.LinkBlocked, string(f)+": "+issue.Problem
		}
	}
	return state, reason
}

// fetch reads the issue again and stores it. The stored snapshot counts as
// current only once it is: a commit that fails leaves the older one behind.
func (s *step) fetch(ctx context.Context) error {
	snapshot, err := s.tracker.Fetch(ctx, s.link.Link.Remote)
	if err != nil {
		return err
	}
	link := s.link.Link
	if old := link.Snapshot; old != nil {
		if snapshot.Revision.Before(old.Revision) {
			return s.keepNewer(old) // a stale replica never moves us backwards (T48)
		}
		if old.Hash == snapshot.Hash {
			old.ReadAt, old.Indirect = snapshot.ReadAt, false
			s.e.markFresh(link.ID, snapshot.ReadAt)
			return nil
		}
	}
	link.Remote, link.Snapshot = snapshot.Ref, &snapshot
	link.Gone, link.GoneSince = 0, time.Time{}
	if err := s.commit(ctx, link, nil, nil); err != nil {
		return err
	}
	s.e.markFresh(link.ID, snapshot.ReadAt)
	return nil
}

func (s *step) keepNewer(old *domain.Snapshot) error {
	old.ReadAt, old.Indirect = s.e.Now(), false
	return nil
}
