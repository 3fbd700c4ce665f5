package github

import (
	"encoding/json"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// page is one page of a list.
type page struct {
	snapshots []domain.Snapshot
	broken    []domain.BrokenRow
	// rows counts all rows, pull requests and broken ones included.
	rows           int
	oldest, newest time.Time
	next           string
}

func (p page) changes(a answer) domain.Changes {
	return domain.Changes{Snapshots: p.snapshots, Broken: p.broken, ServerTime: a.server, Quota: a.quota()}
}

// page reads a list. A row that cannot be understood is named and left out; it
// does not stop the others (T10, T14).
func (t *Tracker) page(op operation, a answer) (page, error) {
	var rows []json.RawMessage
	if err := t.client.into(op, a, &rows); err != nil {
		return page{}, err
	}
	if rows == nil {
		return page{}, t.client.undecodable(op, errNull)
	}
	next, err := t.client.next(op, a)
	if err != nil {
		return page{}, err
	}
	p := page{rows: len(rows), next: next}
	place := t.knownPlace()
	for _, raw := range rows {
		var i issue
		err := json.Unmarshal(raw, &i)
		if err == nil && !i.pull() {
			err = i.complete()
		}
		if at := updatedAt(raw); !at.IsZero() {
			if at.After(p.newest) {
				p.newest = at
			}
			if p.oldest.IsZero() || at.Before(p.oldest) {
				p.oldest = at
			}
		}
		switch {
		case err != nil:
			p.broken = append(p.broken, t.brokenRow(raw, err))
		case !i.pull():
			p.snapshots = append(p.snapshots, t.snapshot(i, place, a.at, a.server))
		}
	}
	return p, nil
}

var errNull = domain.Errorf(domain.ErrUnavailable, "the list is null")

// updatedAt reads the key of a row, also of one that is broken elsewhere.
func updatedAt(raw json.RawMessage) time.Time {
	var row struct {
		UpdatedAt time.Time `json:"updated_at"`
	}
	if json.Unmarshal(raw, &row) != nil {
		return time.Time{}
	}
	return row.UpdatedAt.UTC()
}

// brokenRow names what can be named of a row.
func (t *Tracker) brokenRow(raw json.RawMessage, cause error) domain.BrokenRow {
	row := domain.BrokenRow{Ref: t.refOf(raw), Reason: t.client.clean(cause).Error()}
	row.Ref.Place = t.knownPlace()
	return row
}

// refOf reads which issue a record is, member by member, whatever else is
// wrong with it.
func (t *Tracker) refOf(raw json.RawMessage) domain.RemoteRef {
	var ref domain.RemoteRef
	var id struct {
		NodeID string `json:"node_id"`
	}
	var number struct {
		Number int `json:"number"`
	}
	if json.Unmarshal(raw, &id) == nil {
		ref.ID = id.NodeID
	}
	if json.Unmarshal(raw, &number) == nil && number.Number > 0 {
		ref.Number, ref.Key = number.Number, t.key(number.Number)
	}
	return ref
}
