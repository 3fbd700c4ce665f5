package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// addTracker stores a tracker; edit may be nil.
func addTracker(t testing.TB, db *DB, id domain.TrackerID, edit func(*domain.Tracker)) domain.Tracker {
	t.Helper()
	tracker := domain.Tracker{ID: id, Kind: domain.GitHub, Flavor: domain.DotCom, BaseURL: "https://api.github.com", Repository: "acme/" + string(id),
		CreatedAt: testNow, UpdatedAt: testNow}
	if edit != nil {
		edit(&tracker)
	}
	return must[domain.Tracker](t)(db.CreateTracker(t.Context(), ana(), tracker, domain.Secrets{Credential: "credential of " + string(id)}))
}

func TestTrackerRoundTrip(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		want, secrets := full[domain.Tracker](), full[domain.Secrets]()
		want.Team, want.Version, want.WebhookSecretSet = "t_a", 1, true
		made := must[domain.Tracker](t)(db.CreateTracker(t.Context(), ana(), want, secrets))
		same(t, "created", want, made)
		same(t, "read", want, must[domain.Tracker](t)(db.TrackerByID(t.Context(), domain.Everything(), want.ID)))
		view := must[domain.TrackerView](t)(db.Tracker(t.Context(), want.ID))
		same(t, "view", domain.TrackerView{Tracker: want, Secrets: secrets, Status: domain.TrackerStatus{Tracker: want.ID}, Policy: domain.DefaultPolicy()}, view)
		_, err := db.CreateTracker(t.Context(), ana(), want, secrets)
		refused(t, "the same id again", err, domain.ErrConflict)
		want.ID, want.Team = "other", "t_none"
		_, err = db.CreateTracker(t.Context(), ana(), want, secrets)
		refused(t, "a team that does not exist", err, domain.ErrInvalid)
	})
}

func TestUpdateTracker(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		pause := func(tr *domain.Tracker, _ *domain.Secrets) error {
			tr.Paused, tr.PauseReason = true, "holiday"
			return nil
		}
		got := must[domain.Tracker](t)(db.UpdateTracker(t.Context(), ana(), "a", 1, pause))
		if !got.Paused || got.Version != 2 {
			t.Errorf("got %+v", got)
		}
		_, err := db.UpdateTracker(t.Context(), ana(), "a", 1, pause)
		refused(t, "an older version", err, domain.ErrStale)
		if s := must[domain.TrackerView](t)(db.Tracker(t.Context(), "a")).Secrets; s.Credential != "credential of a" {
			t.Errorf("an edit without secrets left %q", s.Credential)
		}
		must[domain.Tracker](t)(db.UpdateTracker(t.Context(), ana(), "a", 0, func(_ *domain.Tracker, s *domain.Secrets) error {
			s.Credential, s.WebhookSecrets = "fresh", []string{"w1", "w2"}
			return nil
		}))
		same(t, "secrets", domain.Secrets{Credential: "fresh", WebhookSecrets: []string{"w1", "w2"}}, must[domain.TrackerView](t)(db.Tracker(t.Context(), "a")).Secrets)
		h := changesOf(t, db, domain.SubjectTracker, "a")
		if len(h) != 4 || h[1].Field != "paused" || h[2].Field != "pause_reason" || h[3].Field != "secrets" {
			t.Errorf("history: %+v", h)
		}
		for _, c := range h {
			if strings.Contains(c.From+c.To, "fresh") || strings.Contains(c.From+c.To, "w1") {
				t.Errorf("the history shows a secret: %+v", c)
			}
		}
		_, err = db.UpdateTracker(t.Context(), ana(), "none", 0, pause)
		refused(t, "an unknown tracker", err, domain.ErrNotFound)
	})
}

func TestStatusAndCursorAreApart(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		want := full[domain.TrackerStatus]()
		want.Tracker = "a"
		if err := db.StorePage(t.Context(), domain.PageCommit{Tracker: "a", Cursor: domain.Cursor("c1"), Now: testNow}); err != nil {
			t.Fatal(err)
		}
		if err := db.SaveTrackerStatus(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.SaveSweep(t.Context(), "a", want.SweptAt, ""), db.SaveSweep(t.Context(), "a", testNow.Add(time.Hour), want.SweepError)); err != nil {
			t.Fatal(err)
		}
		view := must[domain.TrackerView](t)(db.Tracker(t.Context(), "a"))
		same(t, "status", want, view.Status)
		same(t, "status alone", want, must[domain.TrackerStatus](t)(db.TrackerStatus(t.Context(), "a")))
		if string(view.Cursor) != "c1" {
			t.Errorf("the status moved the cursor to %q", view.Cursor)
		}
		refused(t, "status of nobody", db.SaveTrackerStatus(t.Context(), domain.TrackerStatus{Tracker: "none"}), domain.ErrNotFound)
		if err := db.StorePage(t.Context(), domain.PageCommit{Tracker: "a", Cursor: domain.Cursor("c2"), KeepCursor: true,
			Status: domain.TrackerStatus{Tracker: "a", Failures: 99}, Now: testNow}); err != nil {
			t.Fatal(err)
		}
		view = must[domain.TrackerView](t)(db.Tracker(t.Context(), "a"))
		if string(view.Cursor) != "c1" || view.Status.Failures != want.Failures {
			t.Errorf("KeepCursor moved to %q, %d failures", view.Cursor, view.Status.Failures)
		}
	})
}

func TestRemoveTracker(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		addTracker(t, db, "a", nil)
		addTracker(t, db, "b", nil)
		m := addMeasure(t, db, nil)
		link := addLink(t, db, m.Key, "a", "R1")
		openConflict(t, db, link.ID, domain.FieldTitle)
		keep := addLink(t, db, m.Key, "b", "R1")
		if err := errors.Join(
			db.SetIdentity(t.Context(), ana(), domain.Identity{Tracker: "a", Person: "p_ana", Login: "octo"}),
			db.StoreDelivery(t.Context(), domain.Delivery{Tracker: "a", ID: "d", ReceivedAt: testNow}),
			db.ScheduleAt(t.Context(), "poll:a", "poll", testNow), db.ScheduleAt(t.Context(), "poll:b", "poll", testNow),
		); err != nil {
			t.Fatal(err)
		}
		refused(t, "an older version", db.RemoveTracker(t.Context(), ana(), "a", 7), domain.ErrStale)
		if err := db.RemoveTracker(t.Context(), ana(), "a", 1); err != nil {
			t.Fatal(err)
		}
		refused(t, "removing it again", db.RemoveTracker(t.Context(), ana(), "a", 0), domain.ErrNotFound)
		_, err := db.Tracker(t.Context(), "a")
		refused(t, "reading it", err, domain.ErrNotFound)
		same(t, "trackers", []domain.TrackerID{"b"}, must[[]domain.TrackerID](t)(db.Trackers(t.Context())))
		links := must[map[domain.MeasureKey][]domain.Link](t)(db.LinksOf(t.Context(), domain.Everything(), []domain.MeasureKey{m.Key}))
		if len(links[m.Key]) != 1 || links[m.Key][0].ID != keep.ID {
			t.Errorf("links: %+v", links)
		}
		for what, query := range map[string]string{
			"secrets":    "SELECT count(*) FROM trackers WHERE id = 'a' AND (credential <> '' OR webhook_secrets <> '')",
			"identities": "SELECT count(*) FROM identities WHERE tracker = 'a'",
			"deliveries": "SELECT count(*) FROM deliveries WHERE tracker = 'a'",
			"work":       "SELECT count(*) FROM works WHERE key IN ('poll:a', 'sweep:a', 'hook:a')",
			"conflicts":  "SELECT count(*) FROM conflicts WHERE tracker = 'a' AND resolved_at IS NULL",
		} {
			if n := count(t, db, query); n != 0 {
				t.Errorf("%d %s were left", n, what)
			}
		}
		h := changesOf(t, db, domain.SubjectMeasure, string(m.Key))
		if last := h[len(h)-1]; last.Kind != domain.ChangeUnlink || last.From != "a K-R1" {
			t.Errorf("the measure's history ends with %+v", last)
		}
	})
}

func TestIdentities(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		addTeam(t, db, "t_b", "p_bob")
		addTracker(t, db, "a", nil)
		set := func(person domain.PersonID, login, account string) error {
			return db.SetIdentity(t.Context(), ana(), domain.Identity{Tracker: "a", Person: person, Login: login, Account: account})
		}
		if err := errors.Join(set("p_ana", "octo", "1"), set("p_ana", "octo", "1"), set("p_ana", "Octo2", "2"), set("p_bob", "octo", "3")); err != nil {
			t.Fatal(err)
		}
		refused(t, "a login in another letter case", set("p_bob", "oCTO2", "9"), domain.ErrConflict)
		refused(t, "an account", set("p_bob", "x", "2"), domain.ErrConflict)
		refused(t, "an unknown person", set("p_none", "y", "8"), domain.ErrNotFound)
		refused(t, "an unknown tracker", db.SetIdentity(t.Context(), ana(), domain.Identity{Tracker: "none", Person: "p_ana", Login: "z"}), domain.ErrNotFound)
		want := []domain.Identity{{Tracker: "a", Person: "p_ana", Login: "Octo2", Account: "2"}, {Tracker: "a", Person: "p_bob", Login: "octo", Account: "3"}}
		same(t, "of the tracker", want, must[[]domain.Identity](t)(db.IdentitiesFor(t.Context(), "a")))
		same(t, "of the person", want[1:], must[[]domain.Identity](t)(db.IdentitiesOf(t.Context(), "p_bob")))
		same(t, "in the view", want, must[domain.TrackerView](t)(db.Tracker(t.Context(), "a")).Identities)
		if err := db.RemoveIdentity(t.Context(), ana(), "a", "p_bob"); err != nil {
			t.Error(err)
		}
		refused(t, "removing it again", db.RemoveIdentity(t.Context(), ana(), "a", "p_bob"), domain.ErrNotFound)
		if h := changesOf(t, db, domain.SubjectPerson, "p_ana"); len(h) != 3 || h[2].Field != "identity" {
			t.Errorf("history of the person: %+v", h)
		}
	})
}

func TestLimits(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		want := full[domain.Limits]()
		var got domain.Limits
		err := errors.Join(
			db.UpdateLimits(t.Context(), "c", func(l *domain.Limits) { *l = want }),
			db.UpdateLimits(t.Context(), "other", func(l *domain.Limits) { same(t, "another credential", domain.Limits{}, *l) }),
			db.UpdateLimits(t.Context(), "c", func(l *domain.Limits) { got = *l }),
		)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "limits", want, got)
		// Sixteen at once: every reservation sees the one before it.
		const each = 16
		results := make(chan error, each)
		for range each {
			go func() {
				results <- db.UpdateLimits(t.Context(), "many", func(l *domain.Limits) {
					l.Strikes++
					l.Creates = append(l.Creates, testNow.Add(time.Duration(l.Strikes)*time.Second))
				})
			}()
		}
		for range each {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if err := db.UpdateLimits(t.Context(), "many", func(l *domain.Limits) { got = *l }); err != nil {
			t.Fatal(err)
		}
		if got.Strikes != each || len(got.Creates) != each {
			t.Errorf("%d of %d updates were kept", got.Strikes, each)
		}
	})
}
