package sync

import (
	"context"
	"errors"

	"github.com/followthrough/followthrough/domain"
)

// Plan says what a pass would do and writes nothing, neither here nor there.
func (e *Engine) Plan(ctx context.Context, id domain.TrackerID) (*Report, error) {
	view, tracker, err := e.open(ctx, id)
	if err != nil {
		return nil, err
	}
	p := &planner{e: e, view: view, tracker: tracker, report: &Report{Tracker: id}, seen: map[domain.LinkID]bool{}}
	if err := p.changed(ctx); err != nil {
		return p.report, err
	}
	return p.report, p.pending(ctx)
}

type planner struct {
	e       *Engine
	view    domain.TrackerView
	tracker Tracker
	report  *Report
	seen    map[domain.LinkID]bool
}

// changed looks at the tracker's changes without moving the cursor.
func (p *planner) changed(ctx context.Context) error {
	cursor := p.view.Cursor
	for range maxPages {
		page, err := p.tracker.Changed(ctx, cursor, nil)
		if err != nil {
			return err
		}
		p.report.Requests++
		p.report.Rows += len(page.Snapshots)
		p.report.NotModified = page.NotModified
		heads, err := p.e.heads(ctx, p.view.Tracker.ID, page.Snapshots)
		if err != nil {
			return err
		}
		for _, s := range page.Snapshots {
			head, linked := heads[s.Ref.ID]
			switch {
			case linked:
				if err := p.link(ctx, head.ID, &s); err != nil {
					return err
				}
			case s.MeasureID != "": // a copy; it never becomes a measure
			case takes(p.view.Tracker.ImportRule, s):
				p.report.add(Entry{Action: ActionImport, Remote: s.Ref.Key, Note: s.Fields[domain.FieldTitle].Value})
			}
		}
		if !page.More {
			return nil
		}
		cursor = page.Next
	}
	return nil
}

func (p *planner) pending(ctx context.Context) error {
	ids, err := p.e.Store.PendingLinks(ctx, p.view.Tracker.ID, p.e.Now(), 10_000)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := p.link(ctx, id, nil); err != nil {
			return err
		}
	}
	return nil
}

// link merges one link in memory.
func (p *planner) link(ctx context.Context, id domain.LinkID, s *domain.Snapshot) error {
	if p.seen[id] {
		return nil
	}
	p.seen[id] = true
	link, err := p.e.Store.Link(ctx, id)
	if err != nil || !link.Link.State.Live() {
		return err
	}
	if link.Link.Creating() {
		p.report.add(Entry{Action: ActionCreate, Measure: link.Measure.Key, Note: link.Measure.Title})
		return nil
	}
	if s != nil && (link.Link.Snapshot == nil || !s.Revision.Before(link.Link.Snapshot.Revision)) {
		link.Link.Snapshot = s
	}
	if link.Link.Snapshot == nil {
		fetched, err := p.tracker.Fetch(ctx, link.Link.Remote)
		if err != nil {
			return p.unreadable(link, err)
		}
		p.report.Requests++
		link.Link.Snapshot = &fetched
	}
	st := &step{e: p.e, view: p.view, tracker: p.tracker, link: link}
	d := st.merge()
	for _, u := range d.Receive {
		p.report.received(link, u)
	}
	for _, c := range d.Conflicts {
		p.report.conflict(link, c)
	}
	for _, f := range d.Write {
		p.report.pushed(link, f, d.Values[f])
	}
	return nil
}

func (p *planner) unreadable(link domain.LinkView, err error) error {
	if errors.Is(err, domain.ErrNotFound) || errors.Is(err, domain.ErrGone) {
		p.report.problem(link, err.Error())
		return nil
	}
	return err
}
