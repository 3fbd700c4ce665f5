package sync

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// maxPages bounds one cycle; a tracker that never ends its pages is a fault (D-7).
const maxPages = 1000

// Poll reads what changed in a tracker and stores it, page by page; the cursor
// moves in the same transaction as its page. It does not merge: it wakes links.
func (e *Engine) Poll(ctx context.Context, id domain.TrackerID, report *Report) error {
	view, tracker, err := e.open(ctx, id)
	if err != nil || view.Tracker.Paused {
		return err
	}
	err = e.poll(ctx, view, tracker, report)
	if err == nil || ctx.Err() != nil {
		return err
	}
	status := view.Status
	status.LastError, status.LastErrorAt = clipError(err), e.Now()
	status.NextAttempt = e.nextAsk(err, e.Now().Add(e.Settings.Poll))
	if !errors.Is(err, domain.ErrLimited) {
		status.Failures++
	}
	return errors.Join(err, e.Store.SaveTrackerStatus(context.WithoutCancel(ctx), status))
}

func (e *Engine) poll(ctx context.Context, view domain.TrackerView, tracker Tracker, report *Report) error {
	known, err := e.recentlyWritten(ctx, view)
	if err != nil {
		return err
	}
	cursor := view.Cursor
	for range maxPages {
		asked := e.Now()
		changes, err := tracker.Changed(ctx, cursor, remoteIDs(known))
		if err != nil {
			return err
		}
		if err := e.storePage(ctx, view, changes, asked, known, report); err != nil {
			return err
		}
		if !changes.More {
			return nil
		}
		cursor = changes.Next
	}
	return domain.Errorf(domain.ErrUnavailable, "%s did not end its list of changes after %d pages", view.Tracker.Place(), maxPages)
}

// recentlyWritten lists links that are about to be written or were a moment
// ago: an eventually consistent search must not miss them (T38).
func (e *Engine) recentlyWritten(ctx context.Context, view domain.TrackerView) ([]domain.LinkView, error) {
	if view.Tracker.Flavor != domain.Cloud {
		return nil, nil
	}
	ids, err := e.Store.PendingLinks(ctx, view.Tracker.ID, e.Now(), 50)
	if err != nil {
		return nil, err
	}
	var links []domain.LinkView
	for _, id := range ids {
		link, err := e.Store.Link(ctx, id)
		if err != nil {
			return nil, err
		}
		if link.Link.Remote.ID != "" {
			links = append(links, link)
		}
	}
	return links, nil
}

func remoteIDs(links []domain.LinkView) []string {
	var ids []string
	for _, l := range links {
		ids = append(ids, l.Link.Remote.ID)
	}
	return ids
}

// storePage turns one page into snapshot updates and adoptions.
func (e *Engine) storePage(ctx context.Context, view domain.TrackerView, changes domain.Changes, asked time.Time, known []domain.LinkView, report *Report) error {
	page := domain.PageCommit{Tracker: view.Tracker.ID, Cursor: changes.Next, Now: e.Now(), Status: view.Status}
	page.Status.ServerTime, page.Status.Quota = changes.ServerTime, changes.Quota
	if !changes.More {
		page.Status.PolledAt = asked
		page.Status.LastError, page.Status.Failures, page.Status.NextAttempt = "", 0, time.Time{}
	}
	if report != nil {
		report.Requests++
		report.Rows += len(changes.Snapshots)
		report.NotModified = changes.NotModified
		for _, b := range changes.Broken {
			report.add(Entry{Action: ActionProblem, Remote: b.Ref.Key, Note: b.Reason})
		}
	}
	heads, err := e.heads(ctx, view.Tracker.ID, changes.Snapshots)
	if err != nil {
		return err
	}
	for _, s := range changes.Snapshots {
		page.Status.HighestNumber = max(page.Status.HighestNumber, s.Ref.Number)
		head, linked := heads[s.Ref.ID]
		s.Indirect = true
		switch {
		case linked && s.Hash != head.Hash && !s.Revision.Before(head.Revision):
			page.Updates = append(page.Updates, domain.SnapshotUpdate{Link: head.ID, Snapshot: s, Wake: true})
		case linked && s.Revision.After(head.Revision): // the same at a later time: what lies between is older
			page.Updates = append(page.Updates, domain.SnapshotUpdate{Link: head.ID, Snapshot: s})
		case linked:
		case s.MeasureID != "":
			if err := e.copyOf(ctx, view, s, report); err != nil {
				return err
			}
		case takes(view.Tracker.ImportRule, s):
			page.Adoptions = append(page.Adoptions, e.adoption(view, s))
		}
	}
	if len(page.Updates)+len(page.Adoptions) > 0 || !changes.NotModified || view.Status.LastError != "" || e.Now().Sub(view.Status.PolledAt) > e.Settings.Poll/2 {
		if err := e.Store.StorePage(ctx, page); err != nil {
			return err
		}
	}
	e.markPolled(view, changes, heads, known, asked)
	for _, a := range page.Adoptions {
		report.add(Entry{Action: ActionImport, Remote: a.Link.Remote.Key, Note: a.Measure.Title})
	}
	return nil
}

func (e *Engine) heads(ctx context.Context, id domain.TrackerID, snapshots []domain.Snapshot) (map[string]domain.LinkHead, error) {
	if len(snapshots) == 0 {
		return nil, nil
	}
	ids := make([]string, len(snapshots))
	for i, s := range snapshots {
		ids[i] = s.Ref.ID
	}
	return e.Store.LinkHeads(ctx, id, ids)
}

// markPolled notes whose stored snapshots this poll has proved current. A
// complete poll proves all of them, except where the search lags behind: there
// only the ids that were asked for.
func (e *Engine) markPolled(view domain.TrackerView, changes domain.Changes, heads map[string]domain.LinkHead, known []domain.LinkView, asked time.Time) {
	for _, head := range heads {
		e.markFresh(head.ID, asked)
	}
	for _, link := range known {
		e.markFresh(link.Link.ID, asked)
	}
	if !changes.More && view.Tracker.Flavor != domain.Cloud {
		e.markTracker(view.Tracker.ID, asked)
	}
}

// takes reports whether an import rule takes an issue; JQL was applied by
// the adapter, labels are compared here so that polling stays unfiltered (T45).
func takes(rule domain.ImportRule, s domain.Snapshot) bool {
	if rule.IsZero() {
		return false
	}
	for _, want := range rule.Labels {
		if !slices.ContainsFunc(s.Labels, func(l string) bool { return strings.EqualFold(l, want) }) {
			return false
		}
	}
	return rule.JQL == "" || s.Selected
}

// adoption makes the measure and the link of an issue; both sides are equal by
// construction, so the base is the issue itself.
func (e *Engine) adoption(view domain.TrackerView, s domain.Snapshot) domain.Adoption {
	by := attribution(view, s)
	now := e.Now()
	m, refused := domain.Adopt(newID(), s, view.Tracker.Team, view.Policy, by, now)
	link := domain.Link{ID: domain.LinkID(newID()), Tracker: view.Tracker.ID, Remote: s.Ref, State: domain.LinkSynced, PushedVersion: 1,
		Snapshot: &s, Base: map[domain.Field]domain.BaseValue{}, FieldStates: map[domain.Field]domain.FieldIssue{}, CreatedAt: now, UpdatedAt: now, SyncedAt: now}
	local := m.Values()
	for f, r := range s.Fields {
		if local[f] == r.Value {
			link.Base[f] = domain.BaseValue{Value: r.Value, Raw: r.Raw, Revision: s.Revision}
		}
	}
	for _, r := range refused {
		link.FieldStates[domain.Field(r.Field)] = domain.FieldIssue{State: domain.FieldFailed, Code: "refused", Problem: r.Message, At: now}
	}
	return domain.Adoption{Measure: m, Link: link, By: by}
}
