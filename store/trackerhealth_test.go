package store

import (
	"errors"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestQueues: what waits is counted for each tracker, and nothing of another one.
func TestQueues(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		addTracker(t, db, "b", nil)
		m, n := addMeasure(t, db, nil), addMeasure(t, db, nil)
		link := func(m domain.Measure, id domain.LinkID, state domain.LinkState) domain.Link {
			l := domain.Link{ID: id, Measure: m.Key, Tracker: "a", State: state, CreatedAt: testNow, UpdatedAt: testNow}
			if state == domain.LinkCreating {
				l.Create = &domain.CreateOp{Nonce: "n1", State: domain.CreateQueued}
			} else {
				l.Remote = domain.RemoteRef{ID: "R" + string(id), Key: "acme/a#1"}
			}
			return must[domain.Link](t)(db.CreateLink(t.Context(), domain.Everything(), ana(), l))
		}
		link(m, "l_1", domain.LinkCreating)
		link(n, "l_2", domain.LinkPending)
		for _, id := range []string{"d1", "d2"} {
			if err := db.StoreDelivery(t.Context(), domain.Delivery{Tracker: "a", ID: id, ReceivedAt: testNow, State: domain.DeliveryStored}); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.ScheduleAt(t.Context(), "poll:a", "poll", testNow.Add(876000*time.Hour)); err != nil { // not due
			t.Fatal(err)
		}
		work, ok, err := db.ClaimKey(t.Context(), "w1", "link:l_2", "link", time.Minute, testNow)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if err := db.FinishWork(t.Context(), work.Lease, domain.WorkResult{Err: errors.New("12 times"), Dead: true}, testNow); err != nil {
			t.Fatal(err)
		}
		got, err := db.Queues(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "queues", map[domain.TrackerID]domain.Queue{"a": {Creates: 1, Pushes: 1, Deliveries: 2, Due: 2, Parked: 1}}, got)
	})
}

// TestResumeLink: only a link that was stopped as oscillating goes on, with a
// row of history, a wake-up and without the writes that stopped it.
func TestResumeLink(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		addTeam(t, db, "t_a", "p_ana")
		m := addMeasure(t, db, func(m *domain.Measure) { m.Team = "t_a" })
		must[domain.Link](t)(db.CreateLink(t.Context(), domain.Everything(), ana(), domain.Link{ID: "l_1", Measure: m.Key, Tracker: "a", State: domain.LinkSynced,
			Remote: domain.RemoteRef{ID: "R1", Key: "acme/a#1"}, CreatedAt: testNow, UpdatedAt: testNow}))
		_, err := db.ResumeLink(t.Context(), domain.Everything(), ana(), m.Key, "a")
		refused(t, "a link that goes on anyway", err, domain.ErrConflict)
		view := must[domain.LinkView](t)(db.Link(t.Context(), "l_1"))
		stopped := view.Link
		stopped.State, stopped.Reason, stopped.Writes = domain.LinkOscillating, "back and forth", []domain.WriteMark{{At: testNow}}
		must[domain.LinkView](t)(db.CommitLink(t.Context(), domain.LinkCommit{Link: stopped, MeasureVersion: view.Measure.Version, By: ana(), Now: testNow}))
		if err := db.RemoveWork(t.Context(), "link:l_1"); err != nil {
			t.Fatal(err)
		}
		_, err = db.ResumeLink(t.Context(), domain.Scope{}, ana(), m.Key, "a")
		refused(t, "out of sight", err, domain.ErrNotFound)
		_, err = db.ResumeLink(t.Context(), domain.Everything(), ana(), m.Key, "b")
		refused(t, "no such link", err, domain.ErrNotFound)
		got := must[domain.Link](t)(db.ResumeLink(t.Context(), domain.Everything(), ana(), m.Key, "a"))
		if after := must[domain.LinkView](t)(db.Link(t.Context(), "l_1")).Link; after.State != domain.LinkPending || after.Reason != "" || len(after.Writes) != 0 || after.Version != got.Version {
			t.Errorf("resumed: %+v", after)
		}
		if works, err := db.Works(t.Context(), WorkFilter{Prefix: "link:l_1", Pending: true}); err != nil || len(works) != 1 {
			t.Errorf("nothing wakes the link: %v, %v", works, err)
		}
		history := changesOf(t, db, domain.SubjectMeasure, string(m.Key))
		if last := history[len(history)-1]; last.Field != "link_state" || last.From != "a acme/a#1: oscillating (back and forth)" || last.To != "a acme/a#1: pending" || last.Actor != ana().Actor {
			t.Errorf("the history says %+v", last)
		}
	})
}
