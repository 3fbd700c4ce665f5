package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// TestTenMinutesOfTrouble: trackers answer with every kind of fault for ten
// minutes while people go on working. Nothing is lost or doubled, the service
// stays usable, the link says what is wrong, and all is well afterwards.
func TestTenMinutesOfTrouble(t *testing.T) {
	eachEngine(t, func(t *testing.T, databaseURL string) {
		h := newHouse(t, databaseURL)
		ctx := t.Context()
		trackers := []domain.TrackerID{onGitHub, onCloud, onServer}
		want := map[domain.TrackerID]map[domain.MeasureKey]string{}
		for _, id := range trackers {
			want[id] = map[domain.MeasureKey]string{}
			for n := range 4 {
				want[id][h.measureOn(id, fmt.Sprintf("Before the trouble %d", n))] = ""
			}
		}
		h.pass()
		for _, e := range []githubsim.Effect{githubsim.ServerError(500, false), githubsim.ServerError(502, true), githubsim.SecondaryLimit(429, "5"), githubsim.Reset(true),
			githubsim.Reset(false), githubsim.HTML(), githubsim.Truncated(40)} {
			h.gh.Inject(githubsim.Rule{Probability: 0.13, Effect: e})
		}
		for _, sim := range h.jira {
			for _, e := range []jirasim.Effect{jirasim.ServerError(500, false), jirasim.ServerError(503, true), jirasim.TooManyRequests(jirasim.ReasonBurst, 5*time.Second),
				jirasim.Reset(true), jirasim.Reset(false), jirasim.HTMLBody(true), jirasim.Truncated(40)} {
				sim.Fault(jirasim.Rule{Chance: 0.13, Times: -1, Do: e})
			}
		}
		said := 0
		for minute := range 10 {
			for _, id := range trackers {
				for key := range want[id] {
					want[id][key] = fmt.Sprintf("%s in minute %d", key, minute)
					h.edit(h.measure(key), domain.MeasureEdit{Title: domain.Some(want[id][key])}) // the API stays usable
				}
				fresh := fmt.Sprintf("Made in minute %d", minute)
				want[id][h.measureOn(id, fresh)] = fresh
			}
			for range 3 {
				h.later(20 * time.Second)
				for _, id := range trackers {
					_, _ = h.app.Trackers.Sync(ctx, operator(), id) // what is wrong is asked of the links
				}
			}
			said += h.troubled(want)
		}
		if said == 0 {
			t.Error("no link ever said what was wrong")
		}
		h.gh.ClearFaults()
		for _, sim := range h.jira {
			sim.ClearFaults()
		}
		for n := 0; n < 10 && h.busy(); n++ {
			h.later(11 * time.Minute)
			for _, id := range trackers {
				_, _ = h.app.Trackers.Sync(ctx, operator(), id)
			}
		}
		for _, id := range trackers {
			if n := h.issuesOf(id); n != len(want[id]) {
				t.Errorf("%s has %d issues for %d measures", id, n, len(want[id]))
			}
			for key, title := range want[id] {
				there := ""
				if id == onGitHub {
					there = h.issue(key).Title
				} else {
					there = h.jiraIssue(key, id).Summary
				}
				if here := h.measure(key).Title; here != title || there != title {
					t.Errorf("%s on %s: %q here and %q there, want %q", key, id, here, there, title)
				}
			}
		}
		if t.Failed() {
			t.Logf("faults that struck GitHub: %v", h.gh.Sometimes())
		}
	})
}

// TestAnswerLost: the answer to a create is lost, a person edits the new issue
// before it is found again, and the measure is edited too. One issue, no edit lost.
func TestAnswerLost(t *testing.T) {
	eachEngine(t, func(t *testing.T, databaseURL string) {
		h := newHouse(t, databaseURL)
		key := h.measureOn(onGitHub, "As it was sent")
		h.gh.Inject(githubsim.Rule{Method: "POST", Nth: 1, Effect: githubsim.Reset(true)})
		h.later(time.Second)
		_, _ = h.app.Trackers.Sync(t.Context(), operator(), onGitHub) // the error is the point
		if n := h.issuesOf(onGitHub); n != 1 {
			t.Fatalf("there are %d issues, want the one whose answer was lost", n)
		}
		made := h.gh.Oracle()[0]
		h.later(time.Minute)
		if err := h.gh.As("ana").Retitle(houseRepo, made.Number, "Retitled before it was found"); err != nil {
			t.Fatal(err)
		}
		h.edit(h.measure(key), domain.MeasureEdit{Priority: domain.Some(domain.P0)})
		for n := 0; n < 8 && h.busy(); n++ {
			h.later(11 * time.Minute)
			h.pass()
		}
		if n := h.issuesOf(onGitHub); n != 1 {
			t.Errorf("there are %d issues, want 1", n)
		}
		m, issue := h.measure(key), h.issue(key)
		if m.Title != "Retitled before it was found" || issue.Title != m.Title {
			t.Errorf("the edit made in GitHub is lost: %q here, %q there", m.Title, issue.Title)
		}
		if m.Priority != domain.P0 || !slices.Contains(issue.Labels, "priority: P0") {
			t.Errorf("the edit made here is lost: %s here, %v there", m.Priority, issue.Labels)
		}
	})
}

// TestDoubledCreate: the tracker hides a new issue for so long that it is made a
// second time. The second one found is closed; a copy that a person made stays.
func TestDoubledCreate(t *testing.T) {
	eachEngine(t, func(t *testing.T, databaseURL string) {
		h := newHouse(t, databaseURL)
		key := h.measureOn(onGitHub, "Made twice")
		h.gh.SetListLag(2 * time.Hour)
		h.gh.Inject(githubsim.Rule{Method: "POST", Nth: 1, Effect: githubsim.Reset(true)})
		for n := 0; n < 12 && len(h.gh.Oracle()) < 2; n++ {
			h.later(6 * time.Minute)
			_, _ = h.app.Trackers.Sync(t.Context(), operator(), onGitHub) // the lost answer is the point
		}
		if n := len(h.gh.Oracle()); n != 2 {
			t.Fatalf("there are %d issues; the test needs a second one", n)
		}
		h.gh.SetListLag(0)
		if _, err := h.gh.As("cleo").Create(houseRepo, "A copy by hand", h.gh.Oracle()[0].Body); err != nil {
			t.Fatal(err)
		}
		h.later(2 * time.Hour)
		if _, err := h.engine.Sweep(t.Context(), onGitHub); err != nil {
			t.Fatal(err)
		}
		h.pass()
		kept := h.remote(key, onGitHub)
		for _, issue := range h.gh.Oracle() {
			want := "open"
			if issue.Author == "sync-bot" && issue.Number != kept.Number {
				want = "closed"
			}
			if issue.State != want {
				t.Errorf("issue %d by %s is %s, want %s", issue.Number, issue.Author, issue.State, want)
			}
		}
		list := h.must(h.app.Measures.List(t.Context(), operator(), domain.MeasureFilter{}, domain.Page{Limit: 10})).(domain.List[domain.Measure])
		if len(list.Items) != 1 {
			t.Errorf("there are %d measures, want 1: a copy is not a new measure", len(list.Items))
		}
	})
}

// troubled counts the links that show an error.
func (h *house) troubled(want map[domain.TrackerID]map[domain.MeasureKey]string) int {
	h.t.Helper()
	n := 0
	for _, keys := range want {
		for key := range keys {
			for _, l := range h.must(h.app.Links.List(h.t.Context(), operator(), key)).([]domain.Link) {
				if l.LastError != "" {
					n++
				}
			}
		}
	}
	return n
}
