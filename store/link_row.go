package store

import (
	"github.com/followthrough/followthrough/domain"
)

// linkRow is the slim half of a link.
type linkRow struct {
	ID            string `gorm:"primaryKey"`
	Measure       string
	Tracker       string
	RemoteID      string
	RemoteKey     string
	RemoteNumber  int64
	RemoteURL     string
	RemotePlace   string
	State         string
	Live          bool
	Held          bool
	Reason        string
	PushedVersion int64
	Hash          string
	Revision      instant
	Gone          int64
	GoneSince     instant
	LastError     string
	LastErrorAt   instant
	NextAttempt   instant
	SyncedAt      instant
	CreatedAt     instant `gorm:"autoCreateTime:false"`
	UpdatedAt     instant `gorm:"autoUpdateTime:false"`
	Version       int64
}

// TableName implements schema.Tabler.
func (linkRow) TableName() string { return "links" }

// linkStateRow is the bulky half of a link, as JSON.
type linkStateRow struct {
	Link        string `gorm:"primaryKey"`
	Base        string
	FieldStates string
	Snapshot    string
	CreateOp    string
	Writes      string
}

// TableName implements schema.Tabler.
func (linkStateRow) TableName() string { return "link_state" }

// holds reports whether a link in the state still claims its issue.
func holdsIssue(s domain.LinkState) bool {
	switch s {
	case domain.LinkDetached, domain.LinkTombstone, domain.LinkMovedOut:
		return false
	default:
		return true
	}
}

func newLinkRow(l domain.Link) linkRow {
	r := linkRow{
		ID: string(l.ID), Measure: string(l.Measure), Tracker: string(l.Tracker),
		State: string(l.State), Live: l.State.Live(), Held: holdsIssue(l.State), Reason: l.Reason, PushedVersion: l.PushedVersion,
		Gone: int64(l.Gone), GoneSince: newInstant(l.GoneSince), LastError: l.LastError, LastErrorAt: newInstant(l.LastErrorAt),
		NextAttempt: newInstant(l.NextAttempt), SyncedAt: newInstant(l.SyncedAt),
		CreatedAt: newInstant(l.CreatedAt), UpdatedAt: newInstant(l.UpdatedAt), Version: l.Version,
	}
	r.locate(l.Remote)
	if l.Snapshot != nil {
		r.Hash, r.Revision = l.Snapshot.Hash, newInstant(l.Snapshot.Revision)
	}
	return r
}

func (r *linkRow) locate(ref domain.RemoteRef) {
	r.RemoteID, r.RemoteKey, r.RemoteNumber, r.RemoteURL, r.RemotePlace = ref.ID, ref.Key, int64(ref.Number), ref.URL, ref.Place
}

// link returns the slim link, without base, field states, snapshot and writes.
func (r linkRow) link() domain.Link {
	return domain.Link{
		ID: domain.LinkID(r.ID), Measure: domain.MeasureKey(r.Measure), Tracker: domain.TrackerID(r.Tracker), Remote: r.remote(),
		State: domain.LinkState(r.State), Reason: r.Reason, PushedVersion: r.PushedVersion, Gone: int(r.Gone), GoneSince: r.GoneSince.time(),
		LastError: r.LastError, LastErrorAt: r.LastErrorAt.time(), NextAttempt: r.NextAttempt.time(), SyncedAt: r.SyncedAt.time(),
		CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(), Version: r.Version,
	}
}

func (r linkRow) remote() domain.RemoteRef {
	return domain.RemoteRef{ID: r.RemoteID, Key: r.RemoteKey, Number: int(r.RemoteNumber), URL: r.RemoteURL, Place: r.RemotePlace}
}

func newLinkStateRow(l domain.Link) linkStateRow {
	return linkStateRow{Link: string(l.ID), Base: toJSON(l.Base), FieldStates: toJSON(l.FieldStates),
		Snapshot: toJSON(l.Snapshot), CreateOp: toJSON(l.Create), Writes: toJSON(l.Writes)}
}

// fill completes a slim link.
func (r linkStateRow) fill(l *domain.Link) error {
	var err error
	what := " of link " + r.Link
	if l.Base, err = fromJSON[map[domain.Field]domain.BaseValue](r.Base, "base"+what); err != nil {
		return err
	}
	if l.FieldStates, err = fromJSON[map[domain.Field]domain.FieldIssue](r.FieldStates, "field states"+what); err != nil {
		return err
	}
	if l.Snapshot, err = fromJSON[*domain.Snapshot](r.Snapshot, "snapshot"+what); err != nil {
		return err
	}
	if l.Create, err = fromJSON[*domain.CreateOp](r.CreateOp, "creation"+what); err != nil {
		return err
	}
	l.Writes, err = fromJSON[[]domain.WriteMark](r.Writes, "writes"+what)
	return err
}
