package github_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

const measure = "01JA0000000000000000000001"

// draft is a measure with a value in every field.
func draft() domain.Draft {
	return domain.Draft{
		MeasureID: measure, MeasureURL: "https://followthrough.example/measures/M-7", Nonce: "n0nce",
		IncidentURL: "https://followthrough.example/incidents/INC-3", IncidentTitle: "Replica lag went unnoticed",
		Values: map[domain.Field]string{
			domain.FieldTitle: "Alert on replica lag", domain.FieldDescription: "Page the owner.\n\n- both regions", domain.FieldStatus: "open",
			domain.FieldPriority: "P1", domain.FieldOwner: "p_ana", domain.FieldDueOn: "2026-03-31",
			domain.FieldMetric: "pages per week; target at_most 2", domain.FieldIncident: "INC-3",
		},
	}
}

// create makes the issue and reads it back.
func create(t *testing.T, s *site, tracker *github.Tracker) domain.Snapshot {
	t.Helper()
	made, err := tracker.Create(t.Context(), draft())
	must(t, err)
	s.Wait(t)
	return fetch(t, tracker, made.Ref)
}

func fetch(t *testing.T, tracker *github.Tracker, ref domain.RemoteRef) domain.Snapshot {
	t.Helper()
	s, err := tracker.Fetch(t.Context(), ref)
	must(t, err)
	return s
}

// pushOf names values to write on a snapshot, beside what the issue has.
func pushOf(on domain.Snapshot, values map[domain.Field]string) domain.Push {
	p := domain.Push{Draft: draft(), On: on}
	for f, v := range on.Fields {
		p.Values[f] = v.Value
	}
	for _, f := range domain.SyncedFields() {
		if v, ok := values[f]; ok {
			p.Values[f] = v
			p.Fields = append(p.Fields, f)
		}
	}
	return p
}

func push(t *testing.T, tracker *github.Tracker, on domain.Snapshot, values map[domain.Field]string) domain.Pushed {
	t.Helper()
	pushed, err := tracker.Push(t.Context(), pushOf(on, values))
	must(t, err)
	return pushed
}

// patched decodes the bodies of the PATCH requests.
func patched(t *testing.T, all []sent) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, r := range all {
		if r.Method == http.MethodPatch {
			var body map[string]any
			must(t, json.Unmarshal([]byte(r.Body), &body))
			out = append(out, body)
		}
	}
	return out
}

func keys(m map[string]any) []string {
	out := []string{}
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// TestPatchIsMinimal: only what changes is sent, and nothing where nothing does
// (T53, T56, sync.md decision 9).
func TestPatchIsMinimal(t *testing.T) {
	for name, test := range map[string]struct {
		values   map[domain.Field]string
		requests []string
		members  []string
	}{
		"title":       {map[domain.Field]string{domain.FieldTitle: "New"}, []string{"PATCH issues/1"}, []string{"title"}},
		"description": {map[domain.Field]string{domain.FieldDescription: "New"}, []string{"PATCH issues/1"}, []string{"body"}},
		"due date":    {map[domain.Field]string{domain.FieldDueOn: "2026-04-01"}, []string{"PATCH issues/1"}, []string{"body"}},
		"done":        {map[domain.Field]string{domain.FieldStatus: "done"}, []string{"PATCH issues/1"}, []string{"state", "state_reason"}},
		"owner":       {map[domain.Field]string{domain.FieldOwner: "p_ben"}, []string{"GET user/BEN", "PATCH issues/1"}, []string{"assignees"}},
		"priority":    {map[domain.Field]string{domain.FieldPriority: "P0"}, []string{"POST issues/1/labels", "DELETE issues/1/labels/priority:%20P1"}, nil},
		"in progress": {map[domain.Field]string{domain.FieldStatus: "in_progress"}, []string{"POST issues/1/labels"}, nil},
		"everything in one": {map[domain.Field]string{domain.FieldTitle: "New", domain.FieldDescription: "New", domain.FieldDueOn: "2026-04-01",
			domain.FieldMetric: "pages per day", domain.FieldStatus: "cancelled"}, []string{"PATCH issues/1"}, []string{"body", "state", "state_reason", "title"}},
		"what it says already": {map[domain.Field]string{domain.FieldTitle: "Alert on replica lag", domain.FieldPriority: "P1", domain.FieldOwner: "p_ana",
			domain.FieldDueOn: "2026-03-31", domain.FieldStatus: "open", domain.FieldDescription: "Page the owner.\n\n- both regions"}, []string{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			tracker := s.adapter(t)
			on := create(t, s, tracker)
			s.sent.take()
			pushed := push(t, tracker, on, test.values)
			all := s.sent.take()
			got := methods(all)
			for n := range got {
				got[n] = strings.ReplaceAll(got[n], "/user/"+s.ids["ben"], "user/BEN")
			}
			if diff := cmp.Diff(test.requests, got); diff != "" {
				t.Errorf("requests:\n%s", diff)
			}
			if bodies := patched(t, all); len(bodies) > 0 {
				if diff := cmp.Diff(test.members, keys(bodies[0])); diff != "" {
					t.Errorf("members of the PATCH:\n%s", diff)
				}
			}
			if len(pushed.Refused) > 0 {
				t.Errorf("refused: %v", pushed.Refused)
			}
		})
	}
}

// T53: labels and assignees that are not ours stay, byte for byte and in place.
func TestT53ForeignLabelsAndAssigneesStay(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	must(t, s.As("cleo").SetLabels(repo, 1, "Area: Storage", "priority: P1", "prio", "followthrough"))
	must(t, s.As("cleo").SetAssignees(repo, 1, "cleo", "ana", "sync-user"))
	s.Wait(t)
	on = fetch(t, tracker, on.Ref)
	// A label added between our read and our write survives as well.
	must(t, s.As("cleo").SetLabels(repo, 1, "Area: Storage", "priority: P1", "prio", "followthrough", "late"))
	pushed := push(t, tracker, on, map[domain.Field]string{domain.FieldPriority: "P0", domain.FieldStatus: "in_progress", domain.FieldOwner: "p_ben", domain.FieldTitle: "x"})
	if len(pushed.Refused) > 0 {
		t.Fatalf("refused: %v", pushed.Refused)
	}
	i := s.state(t, on.Ref)
	if diff := cmp.Diff([]string{"Area: Storage", "prio", "followthrough", "late", "priority: P0", "status: in progress"}, i.Labels); diff != "" {
		t.Errorf("labels:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"cleo", "sync-user", "ben"}, i.Assignees); diff != "" {
		t.Errorf("assignees:\n%s", diff)
	}
}

// T50, T70: what GitHub drops without a word is named per field; the rest is written.
func TestT50SilentDropsAreFieldErrors(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	s.once("PATCH", githubsim.SilentDrop())
	pushed := push(t, tracker, on, map[domain.Field]string{domain.FieldOwner: "p_ben", domain.FieldTitle: "New"})
	if pushed.Refused[domain.FieldOwner] == "" || pushed.Refused[domain.FieldTitle] != "" {
		t.Errorf("refused %v, want the owner only", pushed.Refused)
	}
	if s.state(t, on.Ref).Title != "New" {
		t.Error("the title was not written")
	}
	s.once("POST", githubsim.SilentDrop())
	made, err := tracker.Create(t.Context(), draft())
	must(t, err)
	if made.Fields[domain.FieldPriority].Value != "" || made.Fields[domain.FieldOwner].Value != "" || made.Fields[domain.FieldDueOn].Value != "2026-03-31" {
		t.Errorf("the created issue is not told as it is: %+v", made.Fields)
	}
}

// T70: an account that cannot be assigned refuses the owner, not the issue.
func TestT70UnassignableOwner(t *testing.T) {
	for name, rejects := range map[string]bool{"dropped": false, "answered with 422": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(o *githubsim.Options) { o.RejectUnassignable = rejects })
			s.Grant(repo, "ana", githubsim.RoleNone)
			tracker := s.adapter(t)
			on := create(t, s, tracker)
			if on.Fields[domain.FieldOwner].Value != "" || on.Fields[domain.FieldTitle].Value == "" {
				t.Errorf("created %+v", on.Fields)
			}
			pushed := push(t, tracker, on, map[domain.Field]string{domain.FieldOwner: "p_ana", domain.FieldTitle: "New"})
			if pushed.Refused[domain.FieldOwner] == "" || s.state(t, on.Ref).Title != "New" {
				t.Errorf("refused %v, title %q", pushed.Refused, s.state(t, on.Ref).Title)
			}
		})
	}
}

// T51: a reason alone cannot be written; nothing is sent and the loss is said.
func TestT51ReasonOnlyIsNotWritten(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	must(t, s.As("cleo").Close(repo, 1, "completed"))
	s.Wait(t)
	on = fetch(t, tracker, on.Ref)
	put := tracker.Put(domain.FieldStatus, "cancelled", on)
	if put.State != domain.FieldDegraded || put.Raw != on.Fields[domain.FieldStatus].Raw || put.Problem == "" {
		t.Errorf("Put promises %+v", put)
	}
	s.sent.take()
	push(t, tracker, on, map[domain.Field]string{domain.FieldStatus: "cancelled"})
	if all := methods(s.sent.take()); len(all) > 0 {
		t.Errorf("sent %v", all)
	}
}

// Every way an issue can be closed reads as done or cancelled, and writing that
// back changes nothing (sticky).
func TestClosedReasons(t *testing.T) {
	for reason, want := range map[string]string{"completed": "done", "not_planned": "cancelled", "duplicate": "cancelled"} {
		s := newSite(t)
		tracker := s.adapter(t)
		on := create(t, s, tracker)
		must(t, s.As("cleo").Close(repo, 1, reason))
		s.Wait(t)
		on = fetch(t, tracker, on.Ref)
		if got := on.Fields[domain.FieldStatus].Value; got != want {
			t.Errorf("closed as %s reads as %q, want %q", reason, got, want)
		}
		if why := on.Fields[domain.FieldStatus].Closure; (why == domain.Duplicate) != (reason == "duplicate") {
			t.Errorf("closed as %s: closure %q", reason, why)
		}
		s.sent.take()
		push(t, tracker, on, map[domain.Field]string{domain.FieldStatus: want})
		if all := methods(s.sent.take()); len(all) > 0 {
			t.Errorf("closed as %s: writing %s sent %v", reason, want, all)
		}
		must(t, s.As("cleo").Reopen(repo, 1))
		s.Wait(t)
		if got := fetch(t, tracker, on.Ref).Fields[domain.FieldStatus].Value; got != "open" {
			t.Errorf("reopened reads as %q", got)
		}
	}
}

// T52, T55: labels are matched whatever their case, and their names survive
// in an address.
func TestT55LabelNamesInAddresses(t *testing.T) {
	for _, name := range []string{"priority/high", "what?", "100%", "p #1", "a+b", "ü & ö"} {
		s := newSite(t)
		s.config = func(c *github.Config) { c.Tracker.Mapping.PriorityLabels = map[domain.Priority]string{domain.P1: name} }
		tracker := s.adapter(t)
		on := create(t, s, tracker)
		if diff := cmp.Diff([]string{"followthrough", name}, s.state(t, on.Ref).Labels); diff != "" {
			t.Fatalf("created with:\n%s", diff)
		}
		must(t, s.As("cleo").SetLabels(repo, 1, strings.ToUpper(name)))
		s.Wait(t)
		on = fetch(t, tracker, on.Ref)
		if on.Fields[domain.FieldPriority].Value != "P1" {
			t.Errorf("label %q in capitals reads as %+v", name, on.Fields[domain.FieldPriority])
		}
		push(t, tracker, on, map[domain.Field]string{domain.FieldPriority: "P0"})
		if diff := cmp.Diff([]string{"priority: P0"}, s.state(t, on.Ref).Labels); diff != "" {
			t.Errorf("%q was not removed:\n%s", name, diff)
		}
	}
}

// A label that somebody removed meanwhile is gone, which is what we wanted.
func TestRemovingAGoneLabel(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	must(t, s.As("cleo").SetLabels(repo, 1, "other"))
	pushed := push(t, tracker, on, map[domain.Field]string{domain.FieldPriority: "P3"})
	if len(pushed.Refused) > 0 || pushed.Snapshot.Fields[domain.FieldPriority].Value != "P3" {
		t.Errorf("refused %v, priority %+v", pushed.Refused, pushed.Snapshot.Fields[domain.FieldPriority])
	}
}

// Two labels of the set: the higher counts, and the next write leaves one.
func TestTwoPriorityLabels(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	must(t, s.As("cleo").SetLabels(repo, 1, "priority: P3", "priority: P0"))
	s.Wait(t)
	on = fetch(t, tracker, on.Ref)
	if v := on.Fields[domain.FieldPriority]; v.Value != "P0" || v.Raw != "P0+P3" {
		t.Errorf("two labels read as %+v", v)
	}
	push(t, tracker, on, map[domain.Field]string{domain.FieldPriority: "P2"})
	if diff := cmp.Diff([]string{"priority: P2"}, s.state(t, on.Ref).Labels); diff != "" {
		t.Errorf("labels:\n%s", diff)
	}
}

// T71: an archived repository parks the write and says why; reading goes on.
// A locked issue takes our fields, because comments are never needed.
func TestT71ArchivedAndLocked(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	must(t, s.As("cleo").Lock(repo, 1, "resolved"))
	s.Wait(t)
	on = fetch(t, tracker, on.Ref)
	if pushed := push(t, tracker, on, map[domain.Field]string{domain.FieldTitle: "locked"}); len(pushed.Refused) > 0 {
		t.Errorf("locked: %v", pushed.Refused)
	}
	must(t, s.As("admin").Archive(repo, true))
	_, err := tracker.Push(t.Context(), pushOf(on, map[domain.Field]string{domain.FieldTitle: "archived"}))
	wantKind(t, err, domain.ErrForbidden)
	if codeOf(err) != "archived" {
		t.Errorf("code %q: %v", codeOf(err), err)
	}
	if fetch(t, tracker, on.Ref).Fields[domain.FieldTitle].Value != "locked" {
		t.Error("the archived issue cannot be read")
	}
}

// T86: an issue with CRLF keeps it, down to the byte; ours are not mixed in.
func TestT86LineEndsStay(t *testing.T) {
	for name, lf := range map[string]bool{"CRLF": false, "LF": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(o *githubsim.Options) { o.LFInBrowser = lf })
			tracker := s.adapter(t)
			on := create(t, s, tracker)
			s.Append(t, on.Ref, "typed  ")
			s.Wait(t)
			on = fetch(t, tracker, on.Ref)
			before := s.state(t, on.Ref).Body
			push(t, tracker, on, map[domain.Field]string{domain.FieldDueOn: "2026-07-01"})
			after := s.state(t, on.Ref).Body
			if want := strings.Replace(before, "2026-03-31", "2026-07-01", 1); after != want {
				t.Errorf("more than the date changed:\n%s", cmp.Diff(want, after))
			}
			on = fetch(t, tracker, on.Ref)
			push(t, tracker, on, map[domain.Field]string{domain.FieldDescription: "one\ntwo"})
			body := s.state(t, on.Ref).Body
			if bare := strings.Count(body, "\n") - strings.Count(body, "\r\n"); lf && strings.Contains(body, "\r") || !lf && bare > 0 {
				t.Errorf("mixed line ends: %q", body)
			}
		})
	}
}

// T87: a title goes out as it is.
func TestT87TitlesAreNotDecorated(t *testing.T) {
	s := newSite(t)
	on := create(t, s, s.adapter(t))
	if got := s.state(t, on.Ref).Title; got != "Alert on replica lag" {
		t.Errorf("title %q", got)
	}
}

// T95: what the description says does not notify, link or close anything there,
// and comes back as it was.
func TestT95NothingIsCalledOnGitHub(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	text := "Ask @ana, see acme/other#5.\n\nFixes #12"
	push(t, tracker, on, map[domain.Field]string{domain.FieldDescription: text})
	body := s.state(t, on.Ref).Body
	for _, live := range []string{"@ana", "#5", "#12"} {
		if strings.Contains(body, live) {
			t.Errorf("the issue says %q: %q", live, body)
		}
	}
	if got := fetch(t, tracker, on.Ref).Fields[domain.FieldDescription].Value; got != text {
		t.Errorf("came back as %q", got)
	}
}

// A text too long for GitHub is a shortened projection there, the block is kept,
// and reading it back does not shorten ours (A5, A7).
func TestLongDescriptions(t *testing.T) {
	for name, crlf := range map[string]bool{"LF": false, "CRLF": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			tracker := s.adapter(t)
			on := create(t, s, tracker)
			line := "word @ana #1\n"
			if crlf {
				s.Append(t, on.Ref, "typed in a browser")
				s.Wait(t)
				on, line = fetch(t, tracker, on.Ref), "ab\n"
			}
			text := strings.TrimSpace(strings.Repeat(line, domain.MaxDescription/len(line)))
			put := tracker.Put(domain.FieldDescription, text, on)
			if put.State != domain.FieldDegraded {
				t.Fatalf("Put promises state %q for %d characters", put.State, len(text))
			}
			pushed := push(t, tracker, on, map[domain.Field]string{domain.FieldDescription: text})
			if len(pushed.Refused) > 0 {
				t.Fatalf("refused: %v", pushed.Refused)
			}
			if got := pushed.Snapshot.Fields[domain.FieldDescription]; got.Raw != put.Raw || got.State != domain.FieldDegraded {
				t.Errorf("the issue has %d characters in state %q, promised were %d", len(got.Raw), got.State, len(put.Raw))
			}
			if pushed.Snapshot.MeasureID != measure || pushed.Snapshot.Fields[domain.FieldDueOn].Value != "2026-03-31" {
				t.Error("the block is damaged")
			}
			if n := len([]rune(s.state(t, on.Ref).Body)); n > 65_536 {
				t.Errorf("the body has %d characters", n)
			}
		})
	}
}

// A4: a missing or damaged block is restored by the next write that happens
// anyway, and by no other.
func TestA4BlockIsRestoredOnOccasion(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	must(t, s.As("cleo").Rewrite(repo, 1, "Only text now."))
	s.Wait(t)
	on = fetch(t, tracker, on.Ref)
	for _, f := range []domain.Field{domain.FieldDueOn, domain.FieldMetric, domain.FieldIncident} {
		if _, known := on.Fields[f]; known {
			t.Errorf("%s is known without a block", f)
		}
	}
	s.sent.take()
	push(t, tracker, on, map[domain.Field]string{domain.FieldPriority: "P0"})
	if got := s.state(t, on.Ref).Body; got != "Only text now." {
		t.Errorf("a label's change restored the block: %q", got)
	}
	p := pushOf(fetch(t, tracker, on.Ref), map[domain.Field]string{domain.FieldTitle: "New"})
	p.Values[domain.FieldDueOn], p.Values[domain.FieldMetric] = "2026-03-31", "pages"
	pushed, err := tracker.Push(t.Context(), p)
	must(t, err)
	if pushed.Snapshot.MeasureID != measure || pushed.Snapshot.Fields[domain.FieldDueOn].Value != "2026-03-31" {
		t.Errorf("not restored: %q", s.state(t, on.Ref).Body)
	}
	if text := s.Text(t, on.Ref); strings.TrimSpace(text) != "Only text now." {
		t.Errorf("the text became %q", text)
	}
}

// A5, T62: of several blocks in a text the measure's own counts, wherever the
// others stand, and only it is written.
func TestA5OwnBlockAmongOthers(t *testing.T) {
	foreign := "<!-- m:begin v1 id=FOREIGN n=x -->\n---\n- **Due:** 1999-01-01\n<!-- m:end -->"
	for name, build := range map[string]func(own string) string{
		"foreign below":       func(own string) string { return "text\n\n" + own + "\n\n" + foreign },
		"foreign above":       func(own string) string { return foreign + "\n\n" + own },
		"twice, once changed": func(own string) string { return own + "\n\n" + strings.Replace(own, "2026-03-31", "1999-01-01", 1) },
		"quoted in a fence": func(own string) string {
			return "```\n" + strings.Replace(own, "2026-03-31", "1999-01-01", 1) + "\n```\n\n" + own
		},
		"behind an open fence": func(own string) string { return "```\nunclosed\n\n" + own },
		"text moved below":     func(own string) string { return own + "\n\ntext" },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			tracker := s.adapter(t)
			on := create(t, s, tracker)
			_, own := cut(s.state(t, on.Ref).Body)
			must(t, s.As("cleo").Rewrite(repo, 1, build(own)))
			s.Wait(t)
			on = tracker.For(fetch(t, tracker, on.Ref), measure)
			if got := on.Fields[domain.FieldDueOn].Value; got != "2026-03-31" || on.MeasureID != measure {
				t.Fatalf("due %q of measure %q", got, on.MeasureID)
			}
			before := s.state(t, on.Ref).Body
			pushed := push(t, tracker, on, map[domain.Field]string{domain.FieldDueOn: "2026-08-08"})
			if len(pushed.Refused) > 0 || pushed.Snapshot.Fields[domain.FieldDueOn].Value != "2026-08-08" {
				t.Errorf("refused %v, due %+v", pushed.Refused, pushed.Snapshot.Fields[domain.FieldDueOn])
			}
			// Everything but the one date is as it was.
			if after := s.state(t, on.Ref).Body; strings.Replace(after, "2026-08-08", "2026-03-31", 1) != before {
				t.Errorf("more than the date changed:\n%s", cmp.Diff(before, after))
			}
		})
	}
}

// Unlink takes our block away and nothing else, also in a repository that
// became public.
func TestUnlink(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	must(t, s.As("admin").SetVisibility(repo, false))
	s.Wait(t)
	_, err := tracker.Check(t.Context())
	must(t, err)
	s.sent.take()
	p := pushOf(fetch(t, tracker, on.Ref), nil)
	p.Unlink = true
	_, err = tracker.Push(t.Context(), p)
	must(t, err)
	all := s.sent.take()
	if diff := cmp.Diff([]string{"body"}, keys(patched(t, all)[0])); diff != "" {
		t.Errorf("members:\n%s", diff)
	}
	if body := s.state(t, on.Ref).Body; strings.Contains(body, "m:begin") || !strings.HasPrefix(body, "Page the owner.") {
		t.Errorf("body %q", body)
	}
}

// T34, T54, T56: milestones and issue fields are not ours: a write leaves them,
// although a PATCH that named fields would replace them all.
func TestT54FieldsAndMilestonesStay(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	due := s.AddField("acme", "Target date", "date")
	must(t, s.As("cleo").SetField(repo, 1, due, "2027-01-01"))
	number := s.As("admin").AddMilestone(repo, "spring", nil)
	must(t, s.As("cleo").Edit(repo, 1, githubsim.Edit{Milestone: &number}))
	s.Wait(t)
	push(t, tracker, fetch(t, tracker, on.Ref), map[domain.Field]string{domain.FieldTitle: "New", domain.FieldDueOn: "2026-06-06", domain.FieldOwner: "p_ben",
		domain.FieldPriority: "P0", domain.FieldStatus: "done", domain.FieldDescription: "New"})
	i := s.state(t, on.Ref)
	if i.Milestone != number || len(i.Fields) != 1 {
		t.Errorf("milestone %d, fields %v", i.Milestone, i.Fields)
	}
}

// T33: a due date is a day, in no zone: it goes out and comes back as text.
func TestT33DueDatesAreDays(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	for _, day := range []string{"2026-03-29", "2026-10-25", "2026-01-01", "2025-12-31", "2028-02-29"} {
		on = push(t, tracker, on, map[domain.Field]string{domain.FieldDueOn: day}).Snapshot
		if got := fetch(t, tracker, on.Ref).Fields[domain.FieldDueOn]; got.Value != day || got.Raw != day {
			t.Errorf("%s came back as %+v", day, got)
		}
		if !strings.Contains(s.state(t, on.Ref).Body, "- **Due:** "+day) {
			t.Errorf("the issue says %q", s.state(t, on.Ref).Body)
		}
	}
	for _, typed := range []string{"2026-03-29T23:00:00Z", "29.03.2026", "2026-02-30", "next week"} {
		s.typeLine(t, on.Ref, "Due", typed)
		s.Wait(t)
		if got := fetch(t, tracker, on.Ref).Fields[domain.FieldDueOn]; got.State != domain.FieldFailed || got.Raw != typed || got.Problem == "" {
			t.Errorf("typed %q reads as %+v", typed, got)
		}
	}
}

// T68: a name that only another tracker knows assigns nobody here, though an
// account may have it; somebody who is assigned already stays.
func TestT68ForeignNamesAssignNobody(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	d := draft()
	d.Values[domain.FieldOwner] = domain.ExternalPrefix + "cleo"
	made, err := tracker.Create(t.Context(), d)
	must(t, err)
	if got := s.state(t, made.Ref).Assignees; len(got) > 0 {
		t.Errorf("created with %q", got)
	}
	on := fetch(t, tracker, made.Ref)
	pushed := push(t, tracker, on, map[domain.Field]string{domain.FieldOwner: domain.ExternalPrefix + "cleo", domain.FieldTitle: "New"})
	if pushed.Refused[domain.FieldOwner] == "" || len(s.state(t, made.Ref).Assignees) > 0 || s.state(t, made.Ref).Title != "New" {
		t.Errorf("refused %v", pushed.Refused)
	}
	must(t, s.As("cleo").SetAssignees(repo, 1, "cleo", "ana"))
	s.Wait(t)
	on = fetch(t, tracker, made.Ref)
	push(t, tracker, on, map[domain.Field]string{domain.FieldOwner: domain.ExternalPrefix + "cleo"})
	if diff := cmp.Diff([]string{"cleo"}, s.state(t, made.Ref).Assignees); diff != "" {
		t.Errorf("assignees:\n%s", diff)
	}
}
