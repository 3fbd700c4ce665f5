package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// TestRealInput is the main job: real measures, linked to three trackers, are
// edited on every side; two passes later all sides are equal, what belongs to
// people is untouched byte for byte, and a third pass writes nothing.
func TestRealInput(t *testing.T) {
	eachEngine(t, func(t *testing.T, databaseURL string) {
		h := newHouse(t, databaseURL)
		keys := h.realActions()
		linked := h.linkHundred(keys)
		h.pass()
		h.pass()
		for id, links := range linked {
			if n := h.issuesOf(id); n != len(links) {
				t.Fatalf("%s has %d issues for %d links", id, n, len(links))
			}
		}
		h.addForeignThings(linked[onGitHub])
		h.pass()
		h.editEverywhere(linked)
		before := h.foreignThings(linked[onGitHub])
		h.pass()
		h.pass()
		h.checkEqual(linked)
		if diff := cmp.Diff(before, h.foreignThings(linked[onGitHub])); diff != "" {
			t.Errorf("what belongs to people was touched (-before +after):\n%s", diff)
		}
		quiet := h.writes()
		h.pass()
		if n := h.writes() - quiet; n != 0 {
			t.Errorf("the third pass sent %d writes, want none", n)
		}
		for _, id := range []domain.TrackerID{onGitHub, onCloud, onServer} {
			drift, err := h.app.Trackers.Drift(t.Context(), operator(), id)
			if err != nil {
				t.Fatal(err)
			}
			if !drift.Equal() || drift.Compared != len(linked[id]) {
				t.Errorf("%s: drift compared %d of %d links and found %v", id, drift.Compared, len(linked[id]), drift.Differences)
			}
		}
	})
}

// linkHundred links 50 measures to GitHub and 50 to both Jiras, 10 of them to
// GitHub and a Jira at once.
func (h *house) linkHundred(keys []domain.MeasureKey) map[domain.TrackerID][]domain.MeasureKey {
	h.t.Helper()
	out := map[domain.TrackerID][]domain.MeasureKey{}
	for n := range 90 {
		key := keys[n*5]
		var on []domain.TrackerID
		if n < 50 {
			on = append(on, onGitHub)
		}
		if n >= 40 {
			on = append(on, []domain.TrackerID{onCloud, onServer}[n%2])
		}
		for _, id := range on {
			if _, err := h.app.Links.Add(h.t.Context(), h.boss, key, id, ""); err != nil {
				h.t.Fatalf("link %s to %s: %v", key, id, err)
			}
			out[id] = append(out[id], key)
		}
	}
	return out
}

func (h *house) issuesOf(id domain.TrackerID) int {
	if id == onGitHub {
		return len(h.gh.Oracle())
	}
	return len(h.jira[id].Oracle())
}

// remote is the issue of a measure in a tracker.
func (h *house) remote(key domain.MeasureKey, id domain.TrackerID) domain.RemoteRef {
	h.t.Helper()
	links, err := h.app.Links.List(h.t.Context(), operator(), key)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, l := range links {
		if l.Tracker == id {
			return l.Remote
		}
	}
	h.t.Fatalf("%s has no link to %s", key, id)
	return domain.RemoteRef{}
}

func (h *house) issue(key domain.MeasureKey) githubsim.Issue {
	h.t.Helper()
	issue, ok := h.gh.Issue(houseRepo, h.remote(key, onGitHub).Number)
	if !ok {
		h.t.Fatalf("%s has no issue", key)
	}
	return issue
}

func (h *house) jiraIssue(key domain.MeasureKey, id domain.TrackerID) jirasim.Issue {
	h.t.Helper()
	issue, ok := h.jira[id].Issue(h.remote(key, id).Key)
	if !ok {
		h.t.Fatalf("%s has no issue in %s", key, id)
	}
	return issue
}

const belowBlock = "\n\nNotes of the team, below the block:\r\n\r\n* keep\tthis  \r\n<details>and this</details>"

// addForeignThings puts labels, assignees and text into the issues that are
// none of our business.
func (h *house) addForeignThings(keys []domain.MeasureKey) {
	h.t.Helper()
	for n, key := range keys {
		issue := h.issue(key)
		body := issue.Body + belowBlock
		labels := append(slices.Clone(issue.Labels), "team: core", fmt.Sprintf("sprint-%d", n%3))
		assignees := append(slices.Clone(issue.Assignees), "zoe")
		if err := h.gh.As("cleo").Edit(houseRepo, issue.Number, githubsim.Edit{Body: &body, Labels: &labels, Assignees: &assignees}); err != nil {
			h.t.Fatal(err)
		}
	}
}

// foreignThings is what must stay as it is: everything below the block, and
// labels and assignees that no field of ours stands in.
func (h *house) foreignThings(keys []domain.MeasureKey) map[domain.MeasureKey][]string {
	out := map[domain.MeasureKey][]string{}
	for n, key := range keys {
		issue := h.issue(key)
		var kept []string
		for _, l := range issue.Labels {
			if !strings.HasPrefix(l, "priority: ") && !strings.HasPrefix(l, "status: ") {
				kept = append(kept, "label "+l)
			}
		}
		if slices.Contains(issue.Assignees, "zoe") {
			kept = append(kept, "assignee zoe")
		}
		if _, below, found := strings.Cut(issue.Body, "<!-- m:end -->"); found && n%8 != 5 { // those get a new description from here
			kept = append(kept, "below "+below)
		}
		slices.Sort(kept)
		out[key] = kept
	}
	return out
}

// editEverywhere changes each measure on one side or several, another field on
// each, so that nothing is contested.
func (h *house) editEverywhere(linked map[domain.TrackerID][]domain.MeasureKey) {
	h.t.Helper()
	h.later(120_000_000_000)
	for n, key := range linked[onGitHub] {
		h.editGitHub(n, key)
		h.editHere(n+4, key)
	}
	for _, id := range []domain.TrackerID{onCloud, onServer} {
		for n, key := range linked[id] {
			if slices.Contains(linked[onGitHub], key) {
				continue // its other edits come from GitHub and from here
			}
			h.editJira(n, key, id)
			h.editHere(n+5, key)
		}
	}
}

// editGitHub lets a person change one thing of an issue.
func (h *house) editGitHub(n int, key domain.MeasureKey) {
	h.t.Helper()
	issue := h.issue(key)
	ana := h.gh.As("ana")
	rewrite := func(old, text string) error {
		return ana.Rewrite(houseRepo, issue.Number, strings.Replace(issue.Body, old, text, 1))
	}
	var err error
	switch n % 8 {
	case 0:
		err = ana.Retitle(houseRepo, issue.Number, "Retitled in GitHub: "+string(key))
	case 1: // above the block
		err = ana.Rewrite(houseRepo, issue.Number, "Rewritten in the browser,\r\nin two lines.\r\n\r\n"+issue.Body[strings.Index(issue.Body, "<!-- m:begin"):])
	case 2:
		err = ana.Close(houseRepo, issue.Number, "completed")
	case 3: // over the block: the due line gets a date
		err = rewrite(lineOf(issue.Body, "- **Due:**"), "- **Due:** 2026-07-09")
	case 4: // closed and opened again
		if err = ana.Close(houseRepo, issue.Number, "not_planned"); err == nil {
			err = ana.Reopen(houseRepo, issue.Number)
		}
	case 5: // the due date is cleared
		err = rewrite(lineOf(issue.Body, "- **Due:**"), "- **Due:** —")
	case 6:
		labels := slices.DeleteFunc(slices.Clone(issue.Labels), func(l string) bool { return strings.HasPrefix(l, "priority: ") })
		err = ana.SetLabels(houseRepo, issue.Number, append(labels, "priority: P1", "added-by-hand")...)
	case 7: // a line of the block is typed over with nonsense
		err = rewrite(lineOf(issue.Body, "- **Measure:**"), "who needs this line")
	}
	if err != nil {
		h.t.Fatalf("%s: %v", key, err)
	}
}

// lineOf is the line of a text that begins with a prefix.
func lineOf(text, prefix string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			return strings.TrimRight(line, "\r\n")
		}
	}
	return prefix
}

// editJira lets a person change one thing of an issue.
func (h *house) editJira(n int, key domain.MeasureKey, id domain.TrackerID) {
	h.t.Helper()
	issue, sim, ana := h.jiraIssue(key, id), h.jira[id], h.accounts[id]["ana"]
	var err error
	switch n % 7 {
	case 0:
		err = sim.EditIssue(ana, issue.Key, jirasim.Values{"summary": "Retitled in Jira: " + string(key)})
	case 1:
		err = sim.EditIssue(ana, issue.Key, jirasim.Values{"description": "Rewritten in *Jira*.\n\n* one\n* two\n\n" + issue.Description[strings.Index(issue.Description, "----"):]})
	case 2:
		err = sim.TransitionIssue(ana, issue.Key, "10001", "")
	case 3:
		err = sim.EditIssue(ana, issue.Key, jirasim.Values{"duedate": "2026-08-03"})
	case 4:
		err = sim.EditIssue(ana, issue.Key, jirasim.Values{"priority": "High", "labels": []string{"by-hand"}})
	case 5:
		err = sim.EditIssue(ana, issue.Key, jirasim.Values{"assignee": h.accounts[id]["ben"]})
	case 6:
		if err = sim.TransitionIssue(ana, issue.Key, "10001", ""); err == nil {
			err = sim.TransitionIssue(ana, issue.Key, "10000", "")
		}
	}
	if err != nil {
		h.t.Fatalf("%s: %v", key, err)
	}
}

// editHere changes one thing of a measure as a person does.
func (h *house) editHere(n int, key domain.MeasureKey) {
	h.t.Helper()
	m := h.measure(key)
	edit := domain.MeasureEdit{Reason: "agreed in the review"}
	switch n % 8 {
	case 0:
		edit.Title = domain.Some("Retitled here: " + string(key))
	case 1:
		edit.Description = domain.Some("Described **here**.\n\n1. first\n2. second")
	case 2, 6: // accepted: everything that accepting asks for comes along
		edit.Status, edit.Kind, edit.Priority = domain.Some(domain.Accepted), domain.Some(domain.Prevent), domain.Some(domain.P2)
		edit.Owner, edit.DueOn = domain.Some(domain.PersonID("p_ben")), domain.Some(domain.MustDate("2026-06-30"))
		edit.Metric = domain.Some(domain.ParseMetric("pages per week; target at_most 2; baseline 9; window 30 d"))
	case 3:
		edit.DueOn = domain.Some(domain.MustDate("2026-09-01"))
	case 4:
		edit.Priority = domain.Some(domain.P0)
	case 5:
		edit.Owner = domain.Some(domain.PersonID("p_cleo"))
	case 7:
		edit.Metric = domain.Some(domain.ParseMetric("time to notice; target at_most 5 min; baseline 42; window 30 d"))
	}
	m = h.edit(m, edit)
	if n%8 == 6 {
		h.edit(m, domain.MeasureEdit{Status: domain.Some(domain.InProgress)})
	}
}

// edit changes a measure as the lead does.
func (h *house) edit(m domain.Measure, edit domain.MeasureEdit) domain.Measure {
	h.t.Helper()
	after, err := h.app.Measures.Edit(h.t.Context(), h.boss, m.Key, m.Version, app.MeasurePatch{MeasureEdit: edit})
	if err != nil {
		h.t.Fatalf("%s: %v", m.Key, err)
	}
	return after
}

func (h *house) measure(key domain.MeasureKey) domain.Measure {
	h.t.Helper()
	m, err := h.app.Measures.Get(h.t.Context(), operator(), key)
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// checkEqual reads both sides with other eyes than the adapters'.
func (h *house) checkEqual(linked map[domain.TrackerID][]domain.MeasureKey) {
	h.t.Helper()
	for _, id := range slices.Sorted(maps.Keys(linked)) {
		for _, key := range linked[id] {
			m, there := h.measure(key), map[string]string{}
			if id == onGitHub {
				there = h.seenOnGitHub(key)
			} else {
				there = h.seenInJira(key, id)
			}
			if diff := cmp.Diff(seenHere(m, id), there); diff != "" {
				h.t.Errorf("%s and its issue in %s differ (-here +there):\n%s", key, id, diff)
			}
		}
	}
}

// seenHere is what a person can compare.
func seenHere(m domain.Measure, id domain.TrackerID) map[string]string {
	status := map[domain.Projection]string{domain.ProjectionOpen: "open", domain.ProjectionInProgress: "in progress", domain.ProjectionDone: "done", domain.ProjectionCancelled: "cancelled"}[m.Status.Projection()]
	out := map[string]string{"title": m.Title, "status": status, "due": m.DueOn.String(), "owner": strings.TrimPrefix(string(m.Owner), "p_"), "metric": m.Metric.Text()}
	if id == onGitHub {
		out["description"], out["priority"] = plainText(m.Description), string(m.Priority)
	} else if m.Priority != "" {
		out["priority"] = string(m.Priority)
	}
	return out
}

func (h *house) seenOnGitHub(key domain.MeasureKey) map[string]string {
	i := h.issue(key)
	above, rest, _ := strings.Cut(i.Body, "<!-- m:begin")
	block, below, _ := strings.Cut(rest, "<!-- m:end -->")
	out := map[string]string{"title": i.Title, "description": plainText(above + "\n\n" + below), "status": i.State, "priority": "", "owner": "",
		"due": strings.Trim(strings.TrimPrefix(lineOf(block, "- **Due:**"), "- **Due:**"), " —"), "metric": strings.Trim(strings.TrimPrefix(lineOf(block, "- **Success metric:**"), "- **Success metric:**"), " —")}
	for _, l := range i.Labels {
		if p, ok := strings.CutPrefix(l, "priority: "); ok {
			out["priority"] = p
		}
		if l == "status: in progress" && i.State == "open" {
			out["status"] = "in progress"
		}
	}
	if i.State == "closed" {
		out["status"] = map[string]string{"completed": "done", "not_planned": "cancelled"}[i.StateReason]
	}
	for _, a := range i.Assignees {
		if a != "zoe" {
			out["owner"] = a
		}
	}
	return out
}

// plainText takes out line ends, runs of blank lines and the invisible comments
// that keep a name or number in a text from becoming a mention.
func plainText(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "<!-- -->", "").Replace(s)
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.TrimRight(line, " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func (h *house) seenInJira(key domain.MeasureKey, id domain.TrackerID) map[string]string {
	i := h.jiraIssue(key, id)
	out := map[string]string{"title": i.Summary, "status": map[string]string{"To Do": "open", "In Progress": "in progress", "Done": "done", "Cancelled": "cancelled"}[i.Status], "due": i.DueDate, "owner": ""}
	if h.measure(key).Priority != "" {
		out["priority"] = map[string]string{"Highest": "P0", "High": "P1", "Medium": "P2", "Low": "P3", "Lowest": "P4"}[i.Priority]
	}
	for name, account := range h.accounts[id] {
		if account == i.Assignee {
			out["owner"] = name
		}
	}
	metric, _ := i.Custom[h.field[id]].(string)
	out["metric"] = metric
	return out
}
