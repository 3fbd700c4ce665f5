package github_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// TestRequestBudget holds every operation to the least number of requests it
// can be done with (sync.md D, the GitHub column).
func TestRequestBudget(t *testing.T) {
	type world struct {
		s       *site
		tracker *github.Tracker
		on      domain.Snapshot
		cursor  domain.Cursor
	}
	write := func(values map[domain.Field]string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) { push(t, w.tracker, w.on, values) }
	}
	for name, test := range map[string]struct {
		do   func(*testing.T, *world)
		want []string
	}{
		"create with all fields": {func(t *testing.T, w *world) {
			_, err := w.tracker.Create(t.Context(), draft())
			must(t, err)
		}, []string{"POST issues"}},
		"create in progress, done later": {func(t *testing.T, w *world) {
			d := draft()
			d.Values[domain.FieldStatus] = "in_progress"
			_, err := w.tracker.Create(t.Context(), d)
			must(t, err)
		}, []string{"POST issues"}},
		"edit of everything together": {write(map[domain.Field]string{domain.FieldTitle: "a", domain.FieldDescription: "b", domain.FieldDueOn: "2026-05-05",
			domain.FieldMetric: "c", domain.FieldStatus: "done", domain.FieldOwner: ""}), []string{"PATCH issues/1"}},
		"status alone": {write(map[domain.Field]string{domain.FieldStatus: "done"}), []string{"PATCH issues/1"}},
		"priority swap": {write(map[domain.Field]string{domain.FieldPriority: "P0"}),
			[]string{"POST issues/1/labels", "DELETE issues/1/labels/priority:%20P1"}},
		"owner change": {write(map[domain.Field]string{domain.FieldOwner: ""}), []string{"PATCH issues/1"}},
		"nothing":      {write(map[domain.Field]string{domain.FieldTitle: "Alert on replica lag"}), []string{}},
		"idle poll": {func(t *testing.T, w *world) { drain(t, w.tracker, w.cursor, nil) },
			[]string{"GET issues"}},
		"poll with a few changes": {func(t *testing.T, w *world) {
			w.s.many(t, 30, time.Second)
			drain(t, w.tracker, w.cursor, nil)
		}, []string{"GET issues"}},
		"poll with 250 changes": {func(t *testing.T, w *world) {
			w.s.many(t, 250, time.Second)
			drain(t, w.tracker, w.cursor, nil)
		}, []string{"GET issues", "GET issues", "GET issues"}},
		"uncertain create": {func(t *testing.T, w *world) {
			_, err := w.tracker.Find(t.Context(), domain.Probe{Nonce: "lost", Since: w.s.clock.now().Add(-5 * time.Minute)})
			must(t, err)
		}, []string{"GET issues"}},
		"re-read before a write": {func(t *testing.T, w *world) { fetch(t, w.tracker, w.on.Ref) }, []string{"GET issues/1"}},
		"set-up": {func(t *testing.T, w *world) {
			_, err := w.tracker.Check(t.Context())
			must(t, err)
		}, []string{"GET", "GET labels", "GET /user"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			w := &world{s: s, tracker: s.adapter(t)}
			w.on = create(t, s, w.tracker)
			s.clock.add(time.Hour)
			_, w.cursor = drain(t, w.tracker, nil, nil)
			_, w.cursor = drain(t, w.tracker, w.cursor, nil)
			s.sent.take()
			before := s.charged()
			test.do(t, w)
			if diff := cmp.Diff(test.want, methods(s.sent.take())); diff != "" {
				t.Errorf("requests:\n%s", diff)
			}
			if name == "idle poll" && s.charged() != before {
				t.Error("an idle poll costs quota")
			}
		})
	}
}

// charged is how many requests counted: a 304 does not.
func (s *site) charged() int {
	n := 0
	for _, r := range s.Server.Requests() {
		if r.Status != 304 {
			n++
		}
	}
	return n
}

// A backfill and a sweep read each page of the list once, give or take the row
// at which a page ends.
func TestBulkBudget(t *testing.T) {
	for _, paging := range []githubsim.Paging{githubsim.PageNumbers, githubsim.CursorOnly} {
		s := newSite(t, func(o *githubsim.Options) { o.Paging = paging })
		s.many(t, 1000, time.Second)
		tracker := s.adapter(t)
		rows, c := drain(t, tracker, nil, nil)
		if n := len(s.sent.take()); len(rows) != 1000 || n > 12 {
			t.Errorf("paging %v: the backfill of %d issues took %d requests", paging, len(rows), n)
		}
		s.clock.add(time.Hour)
		_, c = drain(t, tracker, c, nil)
		for n := range 990 {
			must(t, s.As("cleo").Retitle(repo, n+1, fmt.Sprint("changed ", n)))
			s.clock.add(time.Second)
		}
		s.sent.take()
		rows, _ = drain(t, tracker, c, nil)
		if n := len(s.sent.take()); len(rows) < 990 || n > 12 {
			t.Errorf("paging %v: %d changes took %d requests", paging, len(rows), n)
		}
		for batch := range slices.Chunk(s.refs(t), 500) {
			_, err := tracker.Sweep(t.Context(), batch)
			must(t, err)
		}
		if n := len(s.sent.take()); n > 12 {
			t.Errorf("paging %v: the sweep took %d requests", paging, n)
		}
	}
}

// Limits that hold are not met by what the adapter sends for a working day: the
// budget is spent on changes only (sync.md D, example load, one repository).
func TestADayOfPolling(t *testing.T) {
	s := newSite(t)
	s.many(t, 20, time.Minute)
	tracker := s.adapter(t)
	_, c := drain(t, tracker, nil, nil)
	s.ResetLog()
	for minute := range 24 * 60 {
		s.clock.add(time.Minute)
		if minute%240 == 0 { // six edits a day in this repository
			must(t, s.As("cleo").Retitle(repo, 1+minute%20, fmt.Sprint("at ", minute)))
		}
		_, c = drain(t, tracker, c, nil)
	}
	if n, charged := s.Requests(), s.charged(); n != 24*60 || charged > 8 {
		t.Errorf("%d requests, %d of them charged; want one a minute and one charged for each of 6 edits", n, charged)
	}
}
