package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// LinkHeads finds the links of a tracker by immutable remote ids. A detached
// link is found only when no other one holds the issue.
func (db *DB) LinkHeads(ctx context.Context, tracker domain.TrackerID, remoteIDs []string) (map[string]domain.LinkHead, error) {
	heads := map[string]domain.LinkHead{}
	for ids := range slices.Chunk(remoteIDs, 256) {
		var rows []linkRow
		err := db.read(ctx).Where("tracker = ? AND remote_id IN ?", string(tracker), paddedTexts(slices.Clone(ids))).
			Order("held, created_at").Find(&rows).Error // the one that holds the issue comes last and stays
		if err != nil {
			return nil, asDomain(err)
		}
		for _, row := range rows {
			heads[row.RemoteID] = row.head()
		}
	}
	return heads, nil
}

func (r linkRow) head() domain.LinkHead {
	return domain.LinkHead{ID: domain.LinkID(r.ID), Remote: r.remote(), State: domain.LinkState(r.State), Hash: r.Hash, Revision: r.Revision.time()}
}

// LinksOfTracker lists the live links of a tracker that have an issue.
func (db *DB) LinksOfTracker(ctx context.Context, tracker domain.TrackerID) ([]domain.LinkHead, error) {
	var rows []linkRow
	if err := db.read(ctx).Where("tracker = ? AND live AND remote_id <> ''", string(tracker)).Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	heads := make([]domain.LinkHead, len(rows))
	for n, row := range rows {
		heads[n] = row.head()
	}
	return heads, nil
}

// PendingLinks lists live links of the tracker whose measure has moved on,
// whose row in the work schedule is due, or that are creating or due for
// another attempt, oldest first. Links that wait for a later attempt are left out.
func (db *DB) PendingLinks(ctx context.Context, tracker domain.TrackerID, now time.Time, limit int) ([]domain.LinkID, error) {
	var ids []domain.LinkID
	clock, clockArgs := db.dbNow(now)
	err := db.read(ctx).Raw("SELECT links.id FROM links JOIN measures ON measures.key = links.measure "+
		"WHERE links.live AND links.tracker = ? AND (links.next_attempt IS NULL OR links.next_attempt <= ?) "+
		"AND (measures.version > links.pushed_version OR links.state = 'creating' OR links.next_attempt IS NOT NULL "+
		"OR 'link:' || links.id IN (SELECT key FROM works WHERE kind = 'link' AND wanted > done AND NOT dead AND run_at <= "+clock+")) "+
		"ORDER BY links.updated_at, links.id LIMIT ?", slices.Concat([]any{string(tracker), int64(newInstant(now))}, clockArgs, []any{limit})...).Scan(&ids).Error
	return ids, asDomain(err)
}

// Link returns a link with its measure and its open conflicts.
func (db *DB) Link(ctx context.Context, id domain.LinkID) (domain.LinkView, error) {
	var view domain.LinkView
	err := db.read(ctx).Transaction(func(g *gorm.DB) error {
		var err error
		view, err = linkView(g, id)
		return err
	})
	return view, asDomain(err)
}

// LinkOfMeasure finds the link of a measure, by the measure's id, that holds an
// issue of the tracker.
func (db *DB) LinkOfMeasure(ctx context.Context, tracker domain.TrackerID, measureID string) (domain.LinkView, error) {
	var id domain.LinkID
	err := db.read(ctx).Raw("SELECT links.id FROM links JOIN measures ON measures.key = links.measure "+
		"WHERE measures.id = ? AND links.tracker = ? AND links.held", measureID, string(tracker)).Scan(&id).Error
	if err != nil {
		return domain.LinkView{}, asDomain(err)
	}
	if id == "" {
		return domain.LinkView{}, notFound("link of measure", measureID)
	}
	return db.Link(ctx, id)
}

// ResentLinks lists the links of the tracker whose create was sent more than once.
func (db *DB) ResentLinks(ctx context.Context, tracker domain.TrackerID) ([]domain.LinkID, error) {
	var ids []domain.LinkID
	err := db.read(ctx).Raw("SELECT links.id FROM links JOIN link_state ON link_state.link = links.id "+
		"WHERE links.tracker = ? AND links.held AND link_state.create_op LIKE ? ORDER BY links.id", string(tracker), `%"State":"`+string(domain.CreateDone)+`"%`).Scan(&ids).Error
	return ids, asDomain(err)
}

func linkView(g *gorm.DB, id domain.LinkID) (domain.LinkView, error) {
	var view domain.LinkView
	var row linkRow
	if err := g.Where("id = ?", string(id)).Take(&row).Error; err != nil {
		return view, found(err, "link", string(id))
	}
	var state linkStateRow
	if err := g.Where("link = ?", string(id)).Take(&state).Error; err != nil {
		return view, found(err, "link", string(id))
	}
	view.Link = row.link()
	if err := state.fill(&view.Link); err != nil {
		return view, err
	}
	var measure measureRow
	if err := g.Where("key = ?", row.Measure).Take(&measure).Error; err != nil {
		return view, found(err, "measure", row.Measure)
	}
	view.Measure = measure.measure()
	if measure.Incident != "" {
		if err := g.Raw("SELECT title FROM incidents WHERE key = ?", string(measure.Incident)).Scan(&view.IncidentTitle).Error; err != nil {
			return view, err
		}
	}
	var conflicts []conflictRow
	if err := g.Where("link = ? AND resolved_at IS NULL", string(id)).Order("id").Find(&conflicts).Error; err != nil {
		return view, err
	}
	for _, c := range conflicts {
		view.Conflicts = append(view.Conflicts, c.conflict())
	}
	return view, nil
}

// CommitLink stores the outcome of one step of a link in one transaction. It
// returns ErrStale when measure, link or lease have moved on.
func (db *DB) CommitLink(ctx context.Context, commit domain.LinkCommit) (domain.LinkView, error) {
	var view domain.LinkView
	err := db.write(ctx, func(tx *txn) error {
		if !commit.Now.IsZero() {
			tx.now = micros(commit.Now)
		}
		if err := tx.commitLink(commit); err != nil {
			return err
		}
		var err error
		view, err = linkView(tx.DB, commit.Link.ID)
		return err
	})
	if err != nil {
		return domain.LinkView{}, db.explain(ctx, err, domain.Measure{})
	}
	return view, nil
}

// commitLink locks in the order every operation keeps: measure, link, work.
func (tx *txn) commitLink(commit domain.LinkCommit) error {
	var before linkRow
	if err := tx.Where("id = ?", string(commit.Link.ID)).Take(&before).Error; err != nil {
		return found(err, "link", string(commit.Link.ID))
	}
	measure, err := tx.lockMeasure(domain.Everything(), domain.MeasureKey(before.Measure))
	if err != nil {
		return err
	}
	if err := tx.forUpdate().Where("id = ?", before.ID).Take(&before).Error; err != nil {
		return found(err, "link", before.ID)
	}
	if err := tx.holds(commit.Lease); err != nil {
		return err
	}
	if before.Version != commit.Link.Version {
		return stale("link", before.ID)
	}
	if measure.Version != commit.MeasureVersion {
		return stale("measure", measure.Key)
	}
	link := commit.Link
	link.Measure, link.Tracker, link.CreatedAt = domain.MeasureKey(before.Measure), domain.TrackerID(before.Tracker), before.CreatedAt.time()
	rows, err := tx.storeConflicts(link, commit.Conflicts)
	if err != nil {
		return err
	}
	rows = append(rows, entries(commit.History...)...)
	after, err := tx.receive(measure, link.ID, commit, rows)
	if err != nil {
		return err
	}
	if after.Version != measure.Version && link.PushedVersion == commit.MeasureVersion {
		link.PushedVersion = after.Version // what came in is in the tracker already
	}
	return tx.saveLink(before, link)
}

// receive applies what came in by the domain's rules and records it together
// with the further history rows.
func (tx *txn) receive(before measureRow, link domain.LinkID, commit domain.LinkCommit, rows []entry) (domain.Measure, error) {
	m := before.measure()
	if len(commit.Receive) > 0 {
		if err := m.Receive(commit.Receive, commit.By, tx.now); err != nil {
			return m, err
		}
		if m.Incident != domain.IncidentKey(before.Incident) {
			if err := tx.forgetUnknownIncident(&m); err != nil {
				return m, err
			}
		}
	}
	return tx.recordMeasure(before, m, commit.By, link, rows)
}

// forgetUnknownIncident empties an incident key that a tracker names and
// nobody here knows: anybody who may edit an issue can type one.
func (tx *txn) forgetUnknownIncident(m *domain.Measure) error {
	if m.Incident == "" {
		return nil
	}
	err := tx.incidentInScope(domain.Everything(), m.Incident)
	if errors.Is(err, domain.ErrInvalid) {
		m.Incident, err = "", nil
	}
	return err
}

func (tx *txn) saveLink(before linkRow, link domain.Link) error {
	link.UpdatedAt = tx.now
	after, state := newLinkRow(link), newLinkStateRow(link)
	after.Version = before.Version + 1
	if err := tx.update(&before, &after, "id", before.ID, before.Version); err != nil {
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return &domain.Error{Kind: domain.ErrConflict, Message: link.Remote.Key + " is held by another link of the tracker", Err: err}
		}
		return err
	}
	return tx.Model(&linkStateRow{}).Where("link = ?", before.ID).Updates(map[string]any{
		"base": state.Base, "field_states": state.FieldStates, "snapshot": state.Snapshot, "create_op": state.CreateOp, "writes": state.Writes,
	}).Error
}

// StorePage stores one page of changes and then moves the cursor: all or nothing.
func (db *DB) StorePage(ctx context.Context, page domain.PageCommit) error {
	return db.write(ctx, func(tx *txn) error {
		if !page.Now.IsZero() {
			tx.now = micros(page.Now)
		}
		wake := map[string]string{}
		for _, u := range page.Updates {
			if err := tx.storeSnapshot(u); err != nil {
				return err
			}
			if u.Wake {
				wake[linkWork(u.Link)] = string(u.Link)
			}
		}
		adopted, err := tx.newAdoptions(page)
		if err != nil {
			return err
		}
		if err := tx.enqueue(LinkWork, wake); err != nil {
			return err
		}
		for _, a := range adopted {
			if err := tx.adopt(a); err != nil {
				return err
			}
		}
		if page.KeepCursor {
			return nil
		}
		status := page.Status
		if status.Tracker == "" {
			return tx.saveCursor(page.Tracker, page.Cursor)
		}
		if err := tx.saveStatus(status); err != nil {
			return err
		}
		return tx.saveCursor(page.Tracker, page.Cursor)
	})
}

// storeSnapshot replaces the stored state of an issue. The link's version goes
// up, so that a step that decided on the older state starts again.
func (tx *txn) storeSnapshot(u domain.SnapshotUpdate) error {
	var before linkRow
	if err := tx.forUpdate().Where("id = ?", string(u.Link)).Take(&before).Error; err != nil {
		return found(err, "link", string(u.Link))
	}
	after := before
	after.locate(u.Snapshot.Ref)
	if after.RemoteID == "" {
		after.RemoteID = before.RemoteID
	}
	after.Hash, after.Revision = u.Snapshot.Hash, newInstant(u.Snapshot.Revision)
	after.UpdatedAt, after.Version = newInstant(tx.now), before.Version+1
	if err := tx.update(&before, &after, "id", before.ID, before.Version); err != nil {
		return err
	}
	return tx.Model(&linkStateRow{}).Where("link = ?", before.ID).Update("snapshot", toJSON(u.Snapshot)).Error
}

// newAdoptions leaves out issues that a link holds already: another process
// may have stored the same page a moment before.
func (tx *txn) newAdoptions(page domain.PageCommit) ([]domain.Adoption, error) {
	var adopted []domain.Adoption
	for _, a := range page.Adoptions {
		var n int
		a.Link.Tracker = page.Tracker
		if err := tx.Raw("SELECT count(*) FROM links WHERE tracker = ? AND remote_id = ? AND remote_id <> '' AND held", string(page.Tracker), a.Link.Remote.ID).Scan(&n).Error; err != nil {
			return nil, err
		}
		if n == 0 {
			adopted = append(adopted, a)
		}
	}
	return adopted, nil
}

// adopt makes a measure of an issue, with its link and both in the history.
func (tx *txn) adopt(a domain.Adoption) error {
	if err := tx.forgetUnknownIncident(&a.Measure); err != nil {
		return err
	}
	num, err := tx.next("measure", 1)
	if err != nil {
		return err
	}
	m, err := tx.insertMeasure(num, a.Measure, a.By)
	if err != nil {
		return err
	}
	a.Link.Measure = m.Key
	row, err := tx.insertLink(a.Link)
	if err != nil {
		return err
	}
	if err := tx.enqueue(LinkWork, map[string]string{linkWork(a.Link.ID): row.ID}); err != nil {
		return err
	}
	return tx.history(domain.SubjectMeasure, row.Measure, a.By, entries(linkChange(domain.ChangeLink, row)))
}
