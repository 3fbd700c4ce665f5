package store

import (
	"errors"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

func newLink(id domain.LinkID, measure domain.MeasureKey, tracker domain.TrackerID, remote string) domain.Link {
	return domain.Link{ID: id, Measure: measure, Tracker: tracker, State: domain.LinkSynced, CreatedAt: testNow, UpdatedAt: testNow,
		Remote: domain.RemoteRef{ID: remote, Key: "K-" + remote}}
}

func addLink(t testing.TB, db *DB, measure domain.MeasureKey, tracker domain.TrackerID, remote string) domain.Link {
	t.Helper()
	return must[domain.Link](t)(db.CreateLink(t.Context(), domain.Everything(), ana(),
		newLink(domain.LinkID("L-"+string(tracker)+"-"+string(measure)+"-"+remote), measure, tracker, remote)))
}

// pending reports whether the link's work waits to be done.
func pending(t testing.TB, db *DB, id domain.LinkID) bool {
	t.Helper()
	works := must[[]WorkState](t)(db.Works(t.Context(), WorkFilter{Prefix: "link:" + string(id), Pending: true}))
	return len(works) == 1
}

// settle does all waiting work.
func settle(t testing.TB, db *DB) {
	t.Helper()
	for {
		works := must[[]domain.Work](t)(db.ClaimWork(t.Context(), "settle", []string{LinkWork, HookWork}, 100, time.Minute, testNow))
		if len(works) == 0 {
			return
		}
		for _, w := range works {
			if err := db.FinishWork(t.Context(), w.Lease, domain.WorkResult{}, testNow); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestLinkRoundTrip(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		i := addIncident(t, db, nil)
		m := addMeasure(t, db, func(m *domain.Measure) { m.Incident = i.Key })
		want := full[domain.Link]()
		want.Measure, want.Tracker, want.State, want.Version = m.Key, "a", domain.LinkPending, 1
		made := must[domain.Link](t)(db.CreateLink(t.Context(), domain.Everything(), ana(), want))
		same(t, "created", want, made)
		view := must[domain.LinkView](t)(db.Link(t.Context(), want.ID))
		same(t, "view", domain.LinkView{Link: want, Measure: m, IncidentTitle: i.Title}, view)
		if !pending(t, db, want.ID) {
			t.Error("a new link wakes nobody")
		}
		h := changesOf(t, db, domain.SubjectMeasure, string(m.Key))
		if last := h[len(h)-1]; last.Kind != domain.ChangeLink || last.To != "a "+want.Remote.Key {
			t.Errorf("history: %+v", last)
		}
		_, err := db.Link(t.Context(), "none")
		refused(t, "an unknown link", err, domain.ErrNotFound)
		same(t, "head", map[string]domain.LinkHead{want.Remote.ID: {ID: want.ID, Remote: want.Remote, State: want.State,
			Hash: want.Snapshot.Hash, Revision: want.Snapshot.Revision}},
			must[map[string]domain.LinkHead](t)(db.LinkHeads(t.Context(), "a", []string{want.Remote.ID, "none"})))
	})
}

func TestOneLinkPerMeasureTrackerAndIssue(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		addTracker(t, db, "b", nil)
		m, other := addMeasure(t, db, nil), addMeasure(t, db, nil)
		addLink(t, db, m.Key, "a", "R1")
		create := func(l domain.Link) error { return second(db.CreateLink(t.Context(), domain.Everything(), ana(), l)) }
		refused(t, "a second issue", create(newLink("L1", m.Key, "a", "R2")), domain.ErrConflict)
		refused(t, "a held issue", create(newLink("L2", other.Key, "a", "R1")), domain.ErrConflict)
		refused(t, "no tracker", create(newLink("L3", other.Key, "none", "R1")), domain.ErrNotFound)
		refused(t, "no measure", create(newLink("L4", "M-99", "a", "R9")), domain.ErrNotFound)
		if err := errors.Join(create(newLink("L5", m.Key, "b", "R1")), create(newLink("L6", other.Key, "a", "R2"))); err != nil {
			t.Errorf("another tracker, another issue: %v", err)
		}
		// Sixteen at the same moment: one of them wins.
		free := addMeasure(t, db, nil)
		results := make(chan error, 16)
		for n := range 16 {
			go func() { results <- create(newLink(domain.LinkID(rune('a'+n)), free.Key, "a", string(rune('A'+n)))) }()
		}
		won := 0
		for range 16 {
			if err := <-results; err == nil {
				won++
			} else {
				refused(t, "the others", err, domain.ErrConflict)
			}
		}
		if won != 1 {
			t.Errorf("%d links of one measure with one tracker", won)
		}
	})
}

func TestDetachAndLinkAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		m, other := addMeasure(t, db, nil), addMeasure(t, db, nil)
		link := addLink(t, db, m.Key, "a", "R1")
		c := openConflict(t, db, link.ID, domain.FieldTitle)
		got := must[domain.Link](t)(db.DetachLink(t.Context(), domain.Everything(), ana(), m.Key, "a"))
		if got.State != domain.LinkDetached || got.Reason == "" {
			t.Errorf("got %+v", got)
		}
		_, err := db.DetachLink(t.Context(), domain.Everything(), ana(), m.Key, "a")
		refused(t, "detaching again", err, domain.ErrNotFound)
		if c = must[domain.Conflict](t)(db.Conflict(t.Context(), domain.Everything(), c.ID)); c.Open() {
			t.Error("the conflict of a detached link stays open")
		}
		settle(t, db)
		must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("after")))
		if pending(t, db, link.ID) {
			t.Error("a change wakes the detached link")
		}
		again := addLink(t, db, other.Key, "a", "R1")
		heads := must[map[string]domain.LinkHead](t)(db.LinkHeads(t.Context(), "a", []string{"R1"}))
		if heads["R1"].ID != again.ID {
			t.Errorf("the issue belongs to %q, want the live link", heads["R1"].ID)
		}
	})
}

func TestChangesWakeLiveLinks(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		m := addMeasure(t, db, nil)
		link := addLink(t, db, m.Key, "a", "R1")
		settle(t, db)
		if pending(t, db, link.ID) {
			t.Fatal("work is left")
		}
		if ids := must[[]domain.LinkID](t)(db.PendingLinks(t.Context(), "a", testNow, 10)); len(ids) != 1 {
			t.Errorf("the link was never pushed, yet %d are pending", len(ids))
		}
		must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("Measure M-1")))
		if pending(t, db, link.ID) {
			t.Error("a change of nothing wakes the link")
		}
		must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("new")))
		if !pending(t, db, link.ID) {
			t.Error("a change does not wake the link")
		}
		_, err := db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 99, ana(), retitle("no"))
		refused(t, "stale", err, domain.ErrStale)
	})
}

func TestPendingLinks(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		addTracker(t, db, "b", nil)
		add := func(name string, edit func(*domain.Link)) {
			m := addMeasure(t, db, nil)
			l := newLink(domain.LinkID(name), m.Key, "a", name)
			l.PushedVersion = 1
			edit(&l)
			must[domain.Link](t)(db.CreateLink(t.Context(), domain.Everything(), ana(), l))
		}
		add("even", func(*domain.Link) {})
		add("3 behind", func(l *domain.Link) { l.PushedVersion, l.UpdatedAt = 0, testNow.Add(3) })
		add("1 creating", func(l *domain.Link) { l.State, l.UpdatedAt = domain.LinkCreating, testNow.Add(-time.Hour) })
		add("2 due", func(l *domain.Link) { l.NextAttempt, l.UpdatedAt = testNow, testNow.Add(-time.Minute) })
		add("later", func(l *domain.Link) { l.PushedVersion, l.NextAttempt = 0, testNow.Add(time.Second) })
		add("paused", func(l *domain.Link) { l.PushedVersion, l.State = 0, domain.LinkPaused })
		add("elsewhere", func(l *domain.Link) { l.PushedVersion, l.Tracker = 0, "b" })
		settle(t, db)
		same(t, "pending", []domain.LinkID{"1 creating", "2 due", "3 behind"}, must[[]domain.LinkID](t)(db.PendingLinks(t.Context(), "a", testNow, 10)))
		same(t, "limited", []domain.LinkID{"1 creating"}, must[[]domain.LinkID](t)(db.PendingLinks(t.Context(), "a", testNow, 1)))
		if err := db.Enqueue(t.Context(), linkWork("even"), LinkWork, "even"); err != nil {
			t.Fatal(err)
		}
		same(t, "woken", []domain.LinkID{"1 creating", "2 due", "3 behind", "even"}, must[[]domain.LinkID](t)(db.PendingLinks(t.Context(), "a", testNow, 10)))
		if heads := must[[]domain.LinkHead](t)(db.LinksOfTracker(t.Context(), "a")); len(heads) != 5 {
			t.Errorf("got %d live links with an issue, want 5", len(heads))
		}
	})
}
