package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// TestTwoRobots: a robot in GitHub and one in Jira each set the priority back
// whenever it changes. The loop breaker (T89, T91) stops the links, and a
// person's change in between is still carried through before that.
func TestTwoRobots(t *testing.T) {
	h := newHouse(t, "sqlite://test.db")
	key := h.measureOn(onGitHub, "Fought over")
	h.must(h.app.Links.Add(t.Context(), h.boss, key, onCloud, ""))
	h.pass()
	h.pass()
	stopped := func() bool {
		links := h.must(h.app.Links.List(t.Context(), operator(), key)).([]domain.Link)
		return slices.ContainsFunc(links, func(l domain.Link) bool { return l.State == domain.LinkOscillating })
	}
	rounds := 0
	for ; rounds < 30 && !stopped(); rounds++ {
		h.later(10 * time.Second)
		issue := h.issue(key)
		labels := slices.DeleteFunc(slices.Clone(issue.Labels), func(l string) bool { return l == "priority: P3" || l == "priority: P2" || l == "priority: P1" })
		if err := h.gh.As("zoe").SetLabels(houseRepo, issue.Number, append(labels, "priority: P1")...); err != nil {
			t.Fatal(err)
		}
		ticket := h.jiraIssue(key, onCloud)
		if err := h.jira[onCloud].EditIssue(h.accounts[onCloud]["cleo"], ticket.Key, jirasim.Values{"priority": "Low"}); err != nil {
			t.Fatal(err)
		}
		for _, id := range []domain.TrackerID{onGitHub, onCloud} {
			h.later(5 * time.Second)
			h.must(h.app.Trackers.Sync(t.Context(), operator(), id))
		}
	}
	if !stopped() {
		t.Fatalf("after %d rounds nothing has stopped the loop", rounds)
	}
	t.Logf("stopped after %d rounds", rounds)
	var link domain.Link
	for _, l := range h.must(h.app.Links.List(t.Context(), operator(), key)).([]domain.Link) {
		if l.State == domain.LinkOscillating {
			link = l
		}
	}
	if !strings.Contains(link.Reason, `priority goes between "P1" and "P3"`) && !strings.Contains(link.Reason, `priority goes between "P3" and "P1"`) {
		t.Errorf("the reason does not say what went on: %s", link.Reason)
	}
	quiet := h.writes()
	for range 5 {
		h.later(time.Minute)
		for _, id := range []domain.TrackerID{onGitHub, onCloud} {
			h.must(h.app.Trackers.Sync(t.Context(), operator(), id))
		}
	}
	if n := h.writes() - quiet; n > 2 {
		t.Errorf("%d writes after the loop was stopped", n)
	}
	if code, out := h.cli("", "tracker", "status", string(link.Tracker)); code != exitFinding || !strings.Contains(out, "links oscillating   1") {
		t.Errorf("tracker status: exit %d\n%s", code, out)
	}
	if code, out := h.cli("", "measure", "resume", string(key), "--tracker", string(link.Tracker)); code != exitFine {
		t.Fatalf("resume: exit %d\n%s", code, out)
	}
	h.pass()
	if stopped() {
		t.Error("with the robots gone, the link is stopped again")
	}
	history := h.must(h.app.Measures.History(t.Context(), operator(), key, domain.Page{Limit: 200})).(domain.List[domain.Change])
	rows := 0
	for _, c := range history.Items {
		if c.Field == "link_state" {
			rows++
		}
	}
	if rows != 2 {
		t.Errorf("%d rows of history tell of the stop and the resumption, want 2", rows)
	}
}
