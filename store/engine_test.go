package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/followthrough/followthrough/domain"
)

func TestCommitLinkStoresTheStep(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m, link := linked(t, db)
		settle(t, db)
		other := addTracker(t, db, "b", nil)
		sibling := addLink(t, db, m.Key, other.ID, "S1")
		settle(t, db)
		view := must[domain.LinkView](t)(db.Link(t.Context(), link.ID))
		want := full[domain.Link]()
		want.ID, want.Measure, want.Tracker, want.CreatedAt = link.ID, m.Key, "a", link.CreatedAt
		want.State, want.PushedVersion, want.Version = domain.LinkSynced, 1, view.Link.Version
		now := testNow.Add(time.Hour)
		got := must[domain.LinkView](t)(db.CommitLink(t.Context(), domain.LinkCommit{Link: want, MeasureVersion: 1, By: fromGitHub(), Now: now,
			Receive: []domain.FieldUpdate{{Field: domain.FieldTitle, Value: "theirs"}},
			History: []domain.FieldChange{{Kind: domain.ChangeLink, Field: "link", To: "a K-R1"}}}))
		want.Version, want.UpdatedAt, want.PushedVersion = view.Link.Version+1, now, 2
		same(t, "link", want, got.Link)
		if got.Measure.Title != "theirs" || got.Measure.Version != 2 || got.Measure.ChangedFrom != domain.FromGitHub || !got.Measure.UpdatedAt.Equal(now) {
			t.Errorf("the measure: %+v", got.Measure)
		}
		if pending(t, db, link.ID) || !pending(t, db, sibling.ID) {
			t.Error("what came in must wake the measure's other links and not this one")
		}
		h := changesOf(t, db, domain.SubjectMeasure, string(m.Key))
		tail := h[len(h)-2:]
		wantRows := []domain.Change{
			{Kind: domain.ChangeField, Field: "title", From: m.Title, To: "theirs", At: now, Subject: domain.SubjectMeasure, Key: string(m.Key), Attribution: fromGitHub()},
			{Kind: domain.ChangeLink, Field: "link", To: "a K-R1", At: now, Subject: domain.SubjectMeasure, Key: string(m.Key), Attribution: fromGitHub()},
		}
		for n := range wantRows {
			wantRows[n].ExternalTime = testNow.Add(-time.Microsecond)
		}
		if diff := cmp.Diff(wantRows, tail, cmpopts.IgnoreFields(domain.Change{}, "Seq", "SubjectSeq")); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
	})
}

func TestCommitLinkRefusesWhatHasMovedOn(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m, link := linked(t, db)
		view := must[domain.LinkView](t)(db.Link(t.Context(), link.ID))
		commit := domain.LinkCommit{Link: view.Link, MeasureVersion: 1, By: fromGitHub(), Now: testNow,
			Receive:   []domain.FieldUpdate{{Field: domain.FieldTitle, Value: "never"}},
			Conflicts: []domain.Conflict{{Field: domain.FieldTitle, Ours: "a", Theirs: "b"}}}
		older := commit
		older.Link.Version--
		measure := commit
		measure.MeasureVersion = 0
		gone := commit
		gone.Link.ID = "none"
		bad := commit
		bad.Receive = []domain.FieldUpdate{{Field: domain.FieldDueOn, Value: "yesterday"}}
		before := count(t, db, "SELECT value FROM sequences WHERE name = 'history'")
		for what, c := range map[string]struct {
			commit domain.LinkCommit
			kind   domain.Kind
		}{
			"the link": {older, domain.ErrStale}, "the measure": {measure, domain.ErrStale},
			"an unknown link": {gone, domain.ErrNotFound}, "an impossible value": {bad, domain.ErrInvalid},
		} {
			_, err := db.CommitLink(t.Context(), c.commit)
			refused(t, what, err, c.kind)
		}
		if after := count(t, db, "SELECT value FROM sequences WHERE name = 'history'"); after != before {
			t.Errorf("%d history rows were written", after-before)
		}
		if n := count(t, db, "SELECT count(*) FROM conflicts"); n != 0 {
			t.Errorf("%d conflicts were written", n)
		}
		must[domain.LinkView](t)(db.CommitLink(t.Context(), commit))
		if got := must[domain.Measure](t)(db.Measure(t.Context(), domain.Everything(), m.Key)); got.Title != "never" {
			t.Errorf("the good commit left %q", got.Title)
		}
	})
}

// Anybody who may edit an issue can type an incident key into its block.
func TestUnknownIncidentOfATrackerIsForgotten(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		_, link := linked(t, db)
		receive := func(key string) domain.IncidentKey {
			view := must[domain.LinkView](t)(db.Link(t.Context(), link.ID))
			return must[domain.LinkView](t)(db.CommitLink(t.Context(), domain.LinkCommit{Link: view.Link, MeasureVersion: view.Measure.Version, By: fromGitHub(),
				Now: testNow, Receive: []domain.FieldUpdate{{Field: domain.FieldIncident, Value: key}}})).Measure.Incident
		}
		if got := receive("INC-77"); got != "" {
			t.Errorf("the measure belongs to %q, which does not exist", got)
		}
		i := addIncident(t, db, nil)
		if got := receive(string(i.Key)); got != i.Key {
			t.Errorf("the measure belongs to %q, want %q", got, i.Key)
		}
	})
}

func adoption(id, remote string, incident domain.IncidentKey) domain.Adoption {
	link := newLink(domain.LinkID("L-"+id), "", "", remote)
	link.Snapshot = &domain.Snapshot{Ref: link.Remote, Hash: "h", Revision: testNow}
	return domain.Adoption{By: fromGitHub(), Link: link, Measure: domain.Measure{ID: id, Title: "Issue " + remote, Status: domain.Proposed, Incident: incident,
		Imported: true, CreatedAt: testNow, UpdatedAt: testNow, PolicyVersion: 1}}
}

func TestStorePageAdopts(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m, link := linked(t, db)
		settle(t, db)
		i := addIncident(t, db, nil)
		snapshot := full[domain.Snapshot]()
		snapshot.Ref.ID = link.Remote.ID
		page := domain.PageCommit{Tracker: "a", Cursor: domain.Cursor("next"), Status: domain.TrackerStatus{Tracker: "a", HighestNumber: 7}, Now: testNow,
			Updates:   []domain.SnapshotUpdate{{Link: link.ID, Snapshot: snapshot, Wake: true}},
			Adoptions: []domain.Adoption{adoption("x", "R2", i.Key), adoption("y", "R3", "INC-99"), adoption("z", "R1", "")}}
		if err := db.StorePage(t.Context(), page); err != nil {
			t.Fatal(err)
		}
		view := must[domain.LinkView](t)(db.Link(t.Context(), link.ID))
		same(t, "snapshot", &snapshot, view.Link.Snapshot)
		if view.Link.Version != link.Version+1 || view.Link.Remote != snapshot.Ref || !pending(t, db, link.ID) {
			t.Errorf("the updated link: %+v", view.Link)
		}
		list := must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), domain.Everything(), domain.MeasureFilter{}, domain.Page{Sort: []string{"key"}})).Items
		if len(list) != 3 { // the issue R1 is held by a link already
			t.Fatalf("got %d measures, want the one before and two adopted", len(list))
		}
		if list[1].Incident != i.Key || list[2].Incident != "" {
			t.Errorf("incidents %q and %q, want %q and none", list[1].Incident, list[2].Incident, i.Key)
		}
		for n, id := range []domain.LinkID{"L-x", "L-y"} {
			v := must[domain.LinkView](t)(db.Link(t.Context(), id))
			if v.Measure.Key != list[n+1].Key || v.Link.Tracker != "a" || !pending(t, db, id) {
				t.Errorf("adopted link: %+v", v)
			}
			h := changesOf(t, db, domain.SubjectMeasure, string(v.Measure.Key))
			if len(h) != 2 || h[0].Kind != domain.ChangeCreate || h[1].Kind != domain.ChangeLink || h[0].Source != domain.FromGitHub {
				t.Errorf("its history: %+v", h)
			}
		}
		// The same page again, as after a crash behind the commit: nothing doubles.
		if err := db.StorePage(t.Context(), page); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "SELECT count(*) FROM measures"); n != 3 {
			t.Errorf("the page was adopted twice: %d measures", n)
		}
		tracker := must[domain.TrackerView](t)(db.Tracker(t.Context(), "a"))
		if string(tracker.Cursor) != "next" || tracker.Status.HighestNumber != 7 {
			t.Errorf("cursor %q, status %+v", tracker.Cursor, tracker.Status)
		}
		same(t, "the measure of the updated link", m, view.Measure)
	})
}

func TestStorePageIsAllOrNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		_, link := linked(t, db)
		settle(t, db)
		err := db.StorePage(t.Context(), domain.PageCommit{Tracker: "a", Cursor: domain.Cursor("next"), Now: testNow,
			Updates: []domain.SnapshotUpdate{{Link: link.ID, Snapshot: domain.Snapshot{Hash: "new", Ref: domain.RemoteRef{ID: "R1"}}, Wake: true},
				{Link: "none", Snapshot: domain.Snapshot{Hash: "new"}}},
			Adoptions: []domain.Adoption{adoption("x", "R2", "")}})
		if !errors.Is(err, domain.ErrNotFound) {
			t.Fatalf("got %v, want not found", err)
		}
		if cursor := must[domain.TrackerView](t)(db.Tracker(t.Context(), "a")).Cursor; len(cursor) != 0 {
			t.Errorf("the cursor moved to %q", cursor)
		}
		if got := must[domain.LinkView](t)(db.Link(t.Context(), link.ID)).Link; got.Version != link.Version || pending(t, db, link.ID) {
			t.Errorf("a link of the refused page was changed: %+v", got)
		}
		if n := count(t, db, "SELECT count(*) FROM measures"); n != 1 {
			t.Errorf("%d measures", n)
		}
	})
}
