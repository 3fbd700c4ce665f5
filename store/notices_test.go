package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

func newNotice(id, target, period string) domain.Notice {
	return domain.Notice{ID: id, Kind: domain.NoticeReminder, Channel: domain.ByMail, Target: target, Period: period, Stop: "stop-" + id,
		Items: []domain.NoticeItem{{Measure: "M-1", Reason: domain.ReasonOverdue, Days: 3, For: "p_bob"}}, State: domain.NoticeWaiting, CreatedAt: testNow, UpdatedAt: testNow}
}

func claimNotice(t *testing.T, db *DB, owner string) domain.Lease {
	t.Helper()
	works := must[[]domain.Work](t)(db.ClaimWork(t.Context(), owner, []string{domain.KindNotice}, 1, time.Minute, testNow))
	if len(works) != 1 {
		t.Fatalf("%d letters are due", len(works))
	}
	return works[0].Lease
}

// Many processes that start the round of one day write its letters down once.
func TestRoundIsSavedOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		today := domain.MustDate("2026-12-01")
		if last := must[domain.Date](t)(db.LastRound(t.Context())); !last.IsZero() {
			t.Errorf("last round = %s", last)
		}
		var saved atomic.Int32
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				ok, err := db.SaveRound(t.Context(), today, []domain.Notice{newNotice(fmt.Sprint("n", n), "p_ana", "2026-12-01")})
				if err != nil {
					t.Error(err)
				}
				if ok {
					saved.Add(1)
				}
			})
		}
		all.Wait()
		if saved.Load() != 1 || count(t, db, "SELECT count(*) FROM notices") != 1 || count(t, db, "SELECT count(*) FROM works WHERE wanted > done") != 1 {
			t.Errorf("saved %d times", saved.Load())
		}
		if last := must[domain.Date](t)(db.LastRound(t.Context())); last != today {
			t.Errorf("last round = %s", last)
		}
		// The same period again, in a round of its own: still one letter.
		if ok := must[bool](t)(db.SaveRound(t.Context(), today.AddDays(1), []domain.Notice{newNotice("again", "p_ana", "2026-12-01"), newNotice("other", "p_bob", "2026-12-01")})); !ok {
			t.Error("the next day was not saved")
		}
		if n := count(t, db, "SELECT count(*) FROM notices"); n != 2 {
			t.Errorf("%d letters", n)
		}
	})
}

func TestLetterIsSentOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		want := newNotice("n1", "p_ana", "2026-12-01")
		must[bool](t)(db.SaveRound(t.Context(), domain.MustDate("2026-12-01"), []domain.Notice{want}))
		if diff := cmp.Diff(want, must[domain.Notice](t)(db.Notice(t.Context(), "n1"))); diff != "" {
			t.Errorf("stored (-want +got):\n%s", diff)
		}
		lease := claimNotice(t, db, "w1")
		begun := must[domain.Notice](t)(db.BeginNotice(t.Context(), lease, "n1"))
		if begun.State != domain.NoticeWaiting {
			t.Errorf("begun = %+v", begun)
		}
		if n := must[domain.Notice](t)(db.Notice(t.Context(), "n1")); n.State != domain.NoticeSending || n.Attempts != 1 {
			t.Errorf("sending = %+v", n)
		}
		// A failure waits; another one is given up and can be tried again.
		at := dbTime(t, db).Add(-time.Second)
		if err := db.EndNotice(t.Context(), lease, "n1", domain.NoticeOutcome{State: domain.NoticeWaiting, LastError: "the server said 451", RetryAt: at}, testNow); err != nil {
			t.Fatal(err)
		}
		lease = claimNotice(t, db, "w1")
		if err := db.EndNotice(t.Context(), lease, "n1", domain.NoticeOutcome{State: domain.NoticeFailed, LastError: "the server said 550"}, testNow); err != nil {
			t.Fatal(err)
		}
		if works := must[[]WorkState](t)(db.Works(t.Context(), WorkFilter{Dead: true})); len(works) != 1 || works[0].LastError != "the server said 550" {
			t.Errorf("set aside: %+v", works)
		}
		if n := must[domain.Notice](t)(db.RetryNotice(t.Context(), "n1")); n.State != domain.NoticeWaiting || n.Attempts != 0 {
			t.Errorf("again = %+v", n)
		}
		old := claimNotice(t, db, "w1")
		must[domain.Notice](t)(db.BeginNotice(t.Context(), old, "n1"))
		// Its lease ends in the middle of the sending; what it sent is recorded all the same.
		if _, err := db.sql.ExecContext(t.Context(), "UPDATE works SET lease_until = 0"); err != nil {
			t.Fatal(err)
		}
		taken := claimNotice(t, db, "w2")
		if err := db.EndNotice(t.Context(), old, "n1", domain.NoticeOutcome{State: domain.NoticeWaiting, LastError: "x"}, testNow); !errors.Is(err, domain.ErrStale) {
			t.Errorf("a lost lease: %v", err)
		}
		if err := db.EndNotice(t.Context(), old, "n1", domain.NoticeOutcome{State: domain.NoticeSent}, testNow); err != nil {
			t.Fatal(err)
		}
		if _, err := db.BeginNotice(t.Context(), taken, "n1"); !errors.Is(err, domain.ErrStale) {
			t.Errorf("who took over begins: %v", err)
		}
		sent := must[domain.Notice](t)(db.NoticeByStop(t.Context(), "stop-n1"))
		if sent.State != domain.NoticeSent || !sent.SentAt.Equal(testNow) {
			t.Errorf("sent = %+v", sent)
		}
		if n := count(t, db, "SELECT count(*) FROM works"); n != 0 {
			t.Errorf("%d rows are left in the schedule", n)
		}
		if _, err := db.RetryNotice(t.Context(), "n1"); !errors.Is(err, domain.ErrConflict) {
			t.Errorf("retry of a sent letter: %v", err)
		}
	})
}

func TestNoticesArePaged(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		var all []domain.Notice
		for n := range 5 {
			all = append(all, newNotice(fmt.Sprint("n", n), fmt.Sprint("p_", n%2), fmt.Sprint("2026-12-0", n)))
		}
		must[bool](t)(db.SaveRound(t.Context(), domain.MustDate("2026-12-01"), all))
		var seen []string
		for cursor := ""; ; {
			page := must[domain.List[domain.Notice]](t)(db.Notices(t.Context(), domain.NoticeFilter{}, domain.Page{Limit: 2, Cursor: cursor, WithTotal: true}))
			for _, n := range page.Items {
				seen = append(seen, n.ID)
			}
			if cursor = page.NextCursor; cursor == "" {
				if page.Total != 5 {
					t.Errorf("total = %d", page.Total)
				}
				break
			}
		}
		if diff := cmp.Diff([]string{"n4", "n3", "n2", "n1", "n0"}, seen); diff != "" {
			t.Error(diff)
		}
		if own := must[domain.List[domain.Notice]](t)(db.Notices(t.Context(), domain.NoticeFilter{Person: "p_1", State: []domain.NoticeState{domain.NoticeWaiting}}, domain.Page{})); len(own.Items) != 2 {
			t.Errorf("%d letters of one person", len(own.Items))
		}
		if counts := must[map[domain.NoticeState]int](t)(db.NoticeCounts(t.Context())); counts[domain.NoticeWaiting] != 5 {
			t.Errorf("counts = %v", counts)
		}
	})
}

func TestSnoozeAndSettings(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		m := addMeasure(t, db, func(m *domain.Measure) { m.Team = "t_a" })
		scope := domain.Scope{Teams: []domain.TeamID{"t_a"}}
		until := domain.MustDate("2026-12-24")
		for range 2 { // the second time changes nothing and writes no history
			if err := db.SaveSnooze(t.Context(), scope, ana(), domain.Snooze{Measure: m.Key, Until: until, Reason: "supplier"}); err != nil {
				t.Fatal(err)
			}
		}
		if z := must[domain.Snooze](t)(db.Snooze(t.Context(), scope, m.Key)); z.Until != until || z.Reason != "supplier" || z.By != "p_ana" {
			t.Errorf("snooze = %+v", z)
		}
		if err := db.SaveSnooze(t.Context(), domain.Scope{}, ana(), domain.Snooze{Measure: m.Key}); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("another team ends a snooze: %v", err)
		}
		if _, err := db.Snooze(t.Context(), domain.Scope{}, m.Key); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("another team reads a snooze: %v", err)
		}
		if all := must[map[domain.MeasureKey]domain.Snooze](t)(db.Snoozes(t.Context(), until)); len(all) != 1 {
			t.Errorf("snoozes = %v", all)
		}
		if all := must[map[domain.MeasureKey]domain.Snooze](t)(db.Snoozes(t.Context(), until.AddDays(1))); len(all) != 0 {
			t.Errorf("snoozes after the end = %v", all)
		}
		if err := db.SaveSnooze(t.Context(), scope, ana(), domain.Snooze{Measure: m.Key}); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "SELECT count(*) FROM history WHERE subject = 'measure' AND field = 'snoozed_until'"); n != 2 {
			t.Errorf("%d history rows", n)
		}
		if again := must[domain.Measure](t)(db.Measure(t.Context(), scope, m.Key)); again.Version != m.Version {
			t.Error("a snooze changed the measure's version")
		}

		if n := must[domain.NoticeSettings](t)(db.NoticeSettings(t.Context(), "p_ana")); n != domain.DefaultNoticeSettings("p_ana") {
			t.Errorf("default = %+v", n)
		}
		n := must[domain.NoticeSettings](t)(db.SaveNoticeSettings(t.Context(), ana(), domain.NoticeSettings{Person: "p_ana", Reminders: true, AbsentFrom: until}))
		if n.Version != 1 || n != must[domain.NoticeSettings](t)(db.NoticeSettings(t.Context(), "p_ana")) {
			t.Errorf("stored = %+v", n)
		}
		if all := must[map[domain.PersonID]domain.NoticeSettings](t)(db.AllNoticeSettings(t.Context())); all["p_ana"] != n {
			t.Errorf("all = %v", all)
		}
		if _, err := db.SaveNoticeSettings(t.Context(), ana(), domain.NoticeSettings{Person: "p_ana", Version: 7}); !errors.Is(err, domain.ErrStale) {
			t.Errorf("an old version: %v", err)
		}
		if _, err := db.SaveNoticeSettings(t.Context(), ana(), domain.NoticeSettings{Person: "p_nobody"}); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
		if n := count(t, db, "SELECT count(*) FROM history WHERE subject = 'person' AND field IN ('digest', 'absent_from') AND kind = 'config'"); n != 2 {
			t.Errorf("%d history rows", n)
		}
	})
}
