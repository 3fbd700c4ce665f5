package jira_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/jira"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// drained reads pages until a cycle is complete.
func drained(t testing.TB, tracker *jira.Tracker, c domain.Cursor, known ...string) ([]domain.Snapshot, []domain.BrokenRow, domain.Cursor) {
	t.Helper()
	var rows []domain.Snapshot
	var broken []domain.BrokenRow
	for range 300 {
		page, err := tracker.Changed(t.Context(), c, known)
		must(t, err)
		rows, broken, c = append(rows, page.Snapshots...), append(broken, page.Broken...), page.Next
		if !page.More {
			return rows, broken, c
		}
	}
	t.Fatal("the cycle does not end")
	return nil, nil, nil
}

func keys(rows []domain.Snapshot) []string {
	out := []string{}
	for _, s := range rows {
		if !slices.Contains(out, s.Ref.Key) {
			out = append(out, s.Ref.Key)
		}
	}
	slices.Sort(out)
	return out
}

// searches are the JQL texts among the requests.
func searches(t testing.TB, xs []exchange) []string {
	t.Helper()
	var out []string
	for _, x := range xs {
		if strings.Contains(x.path, "/search") {
			out = append(out, x.json(t)["jql"].(string))
		}
	}
	return out
}

// TestT32JQLNamesNoZone: quoted times are read in the account's zone and to
// the minute. The account here lives in Kolkata, 5:30 from UTC, and an edit
// within the same minute must come by.
func TestT32JQLNamesNoZone(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		w := s.watch()
		tracker := s.adapter(t)
		ref := s.Open(t, "one", "")
		s.clock.add(time.Hour)
		_, _, c := drained(t, tracker, nil)
		s.clock.add(time.Hour)
		s.Edit(t, ref, map[domain.Field]string{domain.FieldTitle: "two"})
		s.clock.add(5 * time.Second)
		w.take()
		rows, _, _ := drained(t, tracker, c)
		if len(rows) != 1 || rows[0].Fields[domain.FieldTitle].Value != "two" {
			t.Errorf("the edit did not come by: %v", keys(rows))
		}
		for _, jql := range searches(t, w.take()) {
			if strings.ContainsAny(jql, `"'`) || strings.Contains(jql, ":") {
				t.Errorf("the search has a quoted time: %s", jql)
			}
			if strings.Contains(jql, "<") { // T35: an upper bound never sees what is touched all the time
				t.Errorf("the search has an upper bound: %s", jql)
			}
			if !strings.HasPrefix(jql, "project = "+s.place+" AND updated >= ") || !strings.HasSuffix(jql, "ORDER BY updated ASC, id ASC") {
				t.Errorf("the search is %q", jql)
			}
		}
	})
}

// TestT36CursorFollowsJirasTime: the position comes from the rows, never from
// our clock, and an edit made during the cycle comes by in the next one (T49:
// our clock is an hour ahead here).
func TestT36CursorFollowsJirasTime(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.SetClockOffset(-time.Hour)
		s.options.MaxPage = 1
		tracker := s.adapter(t)
		first := s.Open(t, "first", "")
		s.Wait(t)
		_, _, c := drained(t, tracker, nil)
		s.Edit(t, first, map[domain.Field]string{domain.FieldTitle: "edited during the cycle"})
		rows, _, _ := drained(t, tracker, c)
		if got := rows[len(rows)-1].Fields[domain.FieldTitle].Value; got != "edited during the cycle" {
			t.Errorf("the edit is lost; the newest row shows %q", got)
		}
		var cursor struct{ High int64 }
		must(t, json.Unmarshal(c, &cursor))
		if at := time.UnixMilli(cursor.High); at.After(s.clock.now().Add(-59 * time.Minute)) {
			t.Errorf("the position %v is on our clock", at.UTC())
		}
	})
}

// TestT36FailedCycleKeepsItsPlace: only pages answered whole move the position (P11).
func TestT36FailedCycleKeepsItsPlace(t *testing.T) {
	f := cloud()
	f.options = func(o *jirasim.Options) { o.MaxPage = 2 }
	s := newSite(t, f)
	tracker := s.adapter(t)
	for n := range 5 {
		s.Open(t, fmt.Sprint(n), "")
		s.Wait(t)
	}
	page, err := tracker.Changed(t.Context(), nil, nil)
	must(t, err)
	s.Fault(ruleFor("POST", "/rest/api/2/search/jql", jirasim.ServerError(503, false)))
	if _, err = tracker.Changed(t.Context(), page.Next, nil); err == nil {
		t.Fatal("an error was read as an answer")
	}
	rows, _, _ := drained(t, tracker, page.Next)
	if got := keys(append(rows, page.Snapshots...)); len(got) != 5 {
		t.Errorf("seen %v, want all five", got)
	}
}

// TestT38LateIndex: Cloud's search lags behind. Ids written a moment ago are
// read freshly, the same list goes with every page, and what enters the index
// minutes late is caught by the wider window of every tenth cycle.
func TestT38LateIndex(t *testing.T) {
	s := newSite(t, fixture{options: func(o *jirasim.Options) { o.MaxPage = 2 }})
	w := s.watch()
	tracker := s.adapter(t)
	ref := s.Open(t, "old", "")
	for n := range 4 {
		s.Open(t, fmt.Sprint(n), "")
	}
	s.Wait(t)
	_, _, c := drained(t, tracker, nil)
	s.SetIndexLag(10*time.Minute, 0)
	s.Edit(t, ref, map[domain.Field]string{domain.FieldTitle: "fresh"})
	s.clock.add(time.Second)
	w.take()
	rows, _, _ := drained(t, tracker, c, ref.ID, "not an id", ref.ID)
	found := slices.IndexFunc(rows, func(r domain.Snapshot) bool { return r.Fields[domain.FieldTitle].Value == "fresh" })
	if found < 0 {
		t.Error("an issue written a moment ago was shown as the index had it")
	}
	pages := w.take()
	if len(pages) < 2 {
		t.Fatalf("only %d pages", len(pages))
	}
	for _, x := range pages {
		if diff := cmp.Diff([]any{json.Number(ref.ID).String()}, ids(x.json(t)["reconcileIssues"])); diff != "" {
			t.Errorf("known ids: %s", diff)
		}
	}
	// A late entry: edited now, in the index only in ten minutes, while others move on.
	late := s.Open(t, "late", "")
	s.SetIndexLag(0, 0)
	seen := false
	for n := range 25 {
		s.clock.add(time.Minute)
		s.Edit(t, ref, map[domain.Field]string{domain.FieldTitle: fmt.Sprint("busy ", n)})
		s.clock.add(time.Second)
		rows, _, c = drained(t, tracker, c)
		seen = seen || slices.ContainsFunc(rows, func(r domain.Snapshot) bool { return r.Ref.ID == late.ID })
	}
	if !seen {
		t.Error("an issue that entered the index ten minutes late was never seen")
	}
}

func ids(v any) []any {
	list, _ := v.([]any)
	out := []any{}
	for _, x := range list {
		out = append(out, fmt.Sprintf("%.0f", x))
	}
	return out
}

// TestT37Overlap: each cycle starts a little before the newest change known:
// what has the same time, or entered the index a minute late, is seen in the
// very next one.
func TestT37Overlap(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		s.SetIndexLag(90*time.Second, 0)
		late := s.Open(t, "late", "")
		s.clock.add(time.Second)
		s.SetIndexLag(0, 0)
		s.Open(t, "on time", "")
		rows, _, c := drained(t, tracker, nil)
		if len(rows) != 1 {
			t.Fatalf("the first cycle shows %v", keys(rows))
		}
		s.Open(t, "in the same millisecond", "")
		s.clock.add(100 * time.Second)
		rows, _, _ = drained(t, tracker, c)
		if got := keys(rows); len(got) != 3 || !slices.Contains(got, late.Key) {
			t.Errorf("the next cycle shows %v, want all three", got)
		}
	})
}

// TestT39RebuiltIndex: a search during a re-index finds nothing, or half; the
// position does not move and nothing is called missing.
func TestT39RebuiltIndex(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		var refs []domain.RemoteRef
		for n := range 6 {
			refs = append(refs, s.Open(t, fmt.Sprint(n), ""))
			s.Wait(t)
		}
		_, _, c := drained(t, tracker, nil)
		s.Fault(jirasim.Rule{Method: "POST", Path: "/rest/api/2/search/**", Times: 1, Do: jirasim.EmptyIndex()})
		s.Fault(jirasim.Rule{Method: "POST", Path: "/rest/api/2/search", Times: 1, Do: jirasim.EmptyIndex()})
		_, err := tracker.Changed(t.Context(), c, nil)
		wantCode(t, err, domain.ErrUnavailable, "index_incomplete")
		s.ClearFaults()
		if s.cloud() {
			return // sweeps of a Cloud do not search
		}
		s.Fault(jirasim.Rule{Method: "POST", Path: "/rest/api/2/search", Times: 1, Do: jirasim.HalfIndex()})
		_, err = tracker.Sweep(t.Context(), refs)
		wantCode(t, err, domain.ErrUnavailable, "index_incomplete")
	})
}

// TestT39NewestIssueGone: the newest issue of the last cycle may be deleted or
// moved; that is no broken index.
func TestT39NewestIssueGone(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		s.Open(t, "one", "")
		s.Wait(t)
		for _, gone := range []func(testing.TB, domain.RemoteRef){s.Delete, s.Move} {
			ref := s.Open(t, "two", "")
			s.Wait(t)
			_, _, c := drained(t, tracker, nil)
			gone(t, ref)
			s.Wait(t)
			rows, _, c := drained(t, tracker, c)
			if slices.Contains(keys(rows), ref.Key) {
				t.Error("the issue is still there")
			}
			_, _, _ = drained(t, tracker, c)
		}
	})
}

// TestT41CloudSearch: the old address is gone on Cloud; the new one wants the
// fields named and a bounded query, and Data Center knows only the old one.
func TestT41CloudSearch(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		w := s.watch()
		tracker := s.adapter(t)
		s.made(t, tracker)
		w.take()
		drained(t, tracker, nil)
		for _, x := range w.take() {
			if !strings.Contains(x.path, "/search") {
				continue
			}
			body := x.json(t)
			if s.cloud() != strings.HasSuffix(x.path, "/search/jql") {
				t.Errorf("searched at %s", x.path)
			}
			fields, _ := body["fields"].([]any)
			if len(fields) == 0 || slices.Contains(fields, any("*all")) || slices.Contains(fields, any("comment")) { // T29: each issue costs
				t.Errorf("asked for the fields %v", fields)
			}
			if !strings.HasPrefix(body["jql"].(string), "project = ") {
				t.Errorf("the query is not bounded: %v", body["jql"])
			}
		}
	})
}

// TestT42PageTokens: what was seen in the wild of page tokens.
func TestT42PageTokens(t *testing.T) {
	for name, tc := range map[string]struct {
		do    jirasim.Effect
		from  int
		times int
	}{
		"no isLast":           {jirasim.NoIsLast(), 1, -1},
		"an empty page":       {jirasim.EmptyPage(), 2, 1},
		"a repeated token":    {jirasim.RepeatToken(), 2, 1}, // the cycle goes on from the last row
		"repeated for ever":   {jirasim.RepeatToken(), 2, -1},
		"a token that is old": {jirasim.Fail(400, "The provided nextPageToken is not valid."), 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, fixture{options: func(o *jirasim.Options) { o.MaxPage = 2 }})
			tracker := s.adapter(t)
			for n := range 7 {
				s.Open(t, fmt.Sprint(n), "")
				s.Wait(t)
			}
			s.Fault(jirasim.Rule{Method: "POST", Path: "/rest/api/2/search/jql", From: tc.from, Times: tc.times, Do: tc.do})
			var rows []domain.Snapshot
			var c domain.Cursor
			for range 20 {
				page, err := tracker.Changed(t.Context(), c, nil)
				must(t, err)
				rows, c = append(rows, page.Snapshots...), page.Next
				if !page.More && len(keys(rows)) == 7 {
					break
				}
			}
			if got := keys(rows); len(got) != 7 {
				t.Errorf("seen %v, want all seven", got)
			}
		})
	}
}

// TestT43RowsThatMove: offsets skip rows when rows move. Every edit during the
// cycle moves a row to the end of the list.
func TestT43RowsThatMove(t *testing.T) {
	f := dataCenter()
	f.options = func(o *jirasim.Options) { o.Flavor, o.MaxPage = jirasim.DataCenter, 2 }
	s := newSite(t, f)
	tracker := s.adapter(t)
	var refs []domain.RemoteRef
	for n := range 8 {
		refs = append(refs, s.Open(t, fmt.Sprint(n), ""))
		s.Wait(t)
	}
	var rows []domain.Snapshot
	var c domain.Cursor
	for n := range 40 {
		page, err := tracker.Changed(t.Context(), c, nil)
		must(t, err)
		rows, c = append(rows, page.Snapshots...), page.Next
		if n < 3 {
			s.Edit(t, refs[n], map[domain.Field]string{domain.FieldTitle: fmt.Sprint("moved ", n)})
			s.Wait(t)
		}
		if !page.More {
			break
		}
	}
	if got := keys(rows); len(got) != 8 {
		t.Errorf("seen %v, want all eight", got)
	}
	// Several rows of one time fill more than a page.
	for n := range 5 {
		s.Edit(t, refs[n], map[domain.Field]string{domain.FieldTitle: "at once"})
	}
	s.Wait(t)
	rows, _, _ = drained(t, tracker, c)
	at := 0
	for _, r := range rows {
		if r.Fields[domain.FieldTitle].Value == "at once" {
			at++
		}
	}
	if at < 5 {
		t.Errorf("%d of 5 rows with one time were seen", at)
	}
}

// TestT43ZeroMaxResults: a server that echoes 0 must not make us loop, and a
// page without the rows it counts is no end.
func TestT43ZeroMaxResults(t *testing.T) {
	s := newSite(t, dataCenter())
	tracker := s.adapter(t)
	for n := range 3 {
		s.Open(t, fmt.Sprint(n), "")
		s.Wait(t)
	}
	s.Fault(jirasim.Rule{Method: "POST", Path: "/rest/api/2/search", Times: -1, Do: jirasim.Effect{ZeroMaxResults: true}})
	rows, _, _ := drained(t, tracker, nil)
	if len(keys(rows)) != 3 {
		t.Errorf("seen %v", keys(rows))
	}
	row := `{"id":"10001","key":"OPS-1","fields":{"project":{"id":"10000"},"updated":"2026-01-05T09:00:00.000+0000"}}`
	page, err := canned(t, dataCenter(), 200, nil, `{"startAt":0,"maxResults":0,"issues":[`+row+`]}`).Changed(t.Context(), domain.Cursor(`{"v":1,"project":"10000"}`), nil)
	must(t, err)
	if page.More {
		t.Error("an unfilled page without a total is no end")
	}
	_, err = canned(t, dataCenter(), 200, nil, `{"startAt":0,"maxResults":0,"total":40,"issues":[]}`).Changed(t.Context(), domain.Cursor(`{"v":1,"project":"10000"}`), nil)
	wantCode(t, err, domain.ErrUnavailable, "index_incomplete")
}

// TestT45FilterIsNoPoll: an import rule selects among the rows; what it does
// not take is still polled, and losing the match is no change of status (T46).
func TestT45FilterIsNoPoll(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.options.MaxPage = 2
		s.config = func(c *jira.Config) { c.Tracker.ImportRule.JQL = "labels = followup OR labels = lesson" }
		tracker := s.adapter(t)
		in, out := s.Open(t, "in", ""), s.Open(t, "out", "")
		s.Label(t, in, "followup")
		other, err := s.CreateIssue(s.cleo.Email, "OTHER", "Task", jirasim.Values{"summary": "foreign", "labels": []string{"lesson"}})
		must(t, err)
		s.Wait(t)
		rows, _, _ := drained(t, tracker, nil)
		picked := map[string]bool{}
		for _, r := range rows {
			picked[r.Ref.Key] = r.Selected
		}
		if !picked[in.Key] || picked[out.Key] || len(picked) != 2 {
			t.Errorf("selected %v", picked)
		}
		if _, ok := picked[other.Key]; ok {
			t.Error("the rule's OR widened the search to another project")
		}
		must(t, s.EditIssue(s.cleo.Email, in.ID, jirasim.Values{"labels": []string{}})) // T46
		s.Wait(t)
		rows, _, _ = drained(t, tracker, nil)
		for _, r := range rows {
			if r.Selected || r.Fields[domain.FieldStatus].Value != "open" {
				t.Errorf("after the label went: %+v", r)
			}
		}
	})
}

// TestImportRuleCannotWiden: a rule is joined in brackets and refused when its
// own would open them.
func TestImportRuleCannotWiden(t *testing.T) {
	for _, rule := range []string{"a = b) OR (project = SECRET", "a = \"b", "(a = b", "a = b ORDER BY created", `a = "\"`, "a = 'b\" OR project = X"} {
		s := newSite(t, cloud())
		w := s.watch()
		s.config = func(c *jira.Config) { c.Tracker.ImportRule.JQL = rule }
		tracker := s.adapter(t)
		s.Open(t, "x", "")
		s.Wait(t)
		page, err := tracker.Changed(t.Context(), nil, nil)
		must(t, err)
		if len(page.Snapshots) != 1 || page.Snapshots[0].Selected || len(page.Broken) == 0 { // the poll goes on, the rule is reported
			t.Errorf("%q: %d rows, broken %v", rule, len(page.Snapshots), page.Broken)
		}
		for _, jql := range searches(t, w.take()) {
			if strings.Contains(jql, "SECRET") || strings.Contains(jql, "= X") {
				t.Errorf("%q reached Jira as %s", rule, jql)
			}
		}
	}
}

// TestT14OddValuesSpoilThemselves: an odd value of one field fails that field;
// a row without identity is set aside; the page goes on (T10, P12).
func TestT14OddValuesSpoilThemselves(t *testing.T) {
	row := func(fields string) string {
		return `{"id":"10001","key":"OPS-1","fields":{"summary":"s","description":"d","project":{"id":"10000","key":"OPS"},"status":{"id":"3","statusCategory":{"key":"indeterminate"}},"updated":"2026-01-05T09:00:00.000+0000","created":"2026-01-05T09:00:00.000+0000"` + fields + `}}`
	}
	good := `{"id":10002,"key":"OPS-2","fields":{"summary":"good","project":{"id":10000},"updated":"2026-01-05T09:00:00Z","duedate":null}}`
	for name, tc := range map[string]struct {
		row    string
		failed domain.Field
		broken bool
	}{
		"empty due date":          {row(`,"duedate":""`), "", false},
		"due date with time":      {row(`,"duedate":"2026-03-31T00:00:00"`), domain.FieldDueOn, false},
		"due date as number":      {row(`,"duedate":20260331`), domain.FieldDueOn, false},
		"document as description": {strings.Replace(row(``), `"description":"d"`, `"description":{"type":"doc"}`, 1), domain.FieldDescription, false},
		"updated with Z":          {strings.Replace(row(``), "000+0000", "000Z", 2), "", false},
		"updated with colon":      {strings.Replace(row(``), "000+0000", "000+00:00", 2), "", false},
		"fractional time spent":   {row(`,"timespent":1.5`), "", false},
		"sprint as text":          {row(`,"customfield_1":"com.atlassian.Sprint@1[id=1]"`), "", false},
		"labels as text":          {row(`,"labels":"a,b"`), "", false},
		"priority as text":        {row(`,"priority":"High"`), domain.FieldPriority, false},
		"unknown priority":        {row(`,"priority":{"id":"77","name":"Odd"}`), domain.FieldPriority, false},
		"assignee without id":     {row(`,"assignee":{"displayName":"x"}`), domain.FieldOwner, false},
		"assignee as text":        {row(`,"assignee":"ana"`), domain.FieldOwner, false},
		"status without id":       {strings.Replace(row(``), `"id":"3",`, ``, 1), domain.FieldStatus, false},
		"numeric ids":             {strings.Replace(row(``), `"id":"10001"`, `"id":10001`, 1), "", false},
		"no time":                 {strings.Replace(row(``), `"updated"`, `"was"`, 1), "", true},
		"no key":                  {strings.Replace(row(``), `"OPS-1"`, `""`, 1), "", true},
		"hostile key":             {strings.Replace(row(``), `"OPS-1"`, `"../OPS-1"`, 1), "", true},
		"no project":              {strings.Replace(row(``), `"project"`, `"was"`, 1), "", true},
		"no fields":               {`{"id":"10001","key":"OPS-1"}`, "", true},
		"a string":                {`"x"`, "", true},
		"null":                    {`null`, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			tracker := canned(t, cloud(), 200, nil, `{"issues":[`+tc.row+`,`+good+`],"isLast":true}`)
			page, err := tracker.Changed(t.Context(), domain.Cursor(`{"v":1,"project":"10000"}`), nil)
			must(t, err)
			if tc.broken {
				if len(page.Broken) != 1 || len(page.Snapshots) != 1 || page.Broken[0].Reason == "" {
					t.Fatalf("%d rows, broken %v", len(page.Snapshots), page.Broken)
				}
				return
			}
			if len(page.Snapshots) != 2 || len(page.Broken) != 0 {
				t.Fatalf("%d rows, broken %v", len(page.Snapshots), page.Broken)
			}
			for f, v := range page.Snapshots[0].Fields {
				if (v.State == domain.FieldFailed) != (f == tc.failed) || v.State == domain.FieldFailed && v.Problem == "" {
					t.Errorf("%s is %+v", f, v)
				}
			}
			if due, ok := page.Snapshots[1].Fields[domain.FieldDueOn]; !ok || due.Value != "" {
				t.Errorf("an unset due date is %+v, want known and empty", due)
			}
			if _, ok := page.Snapshots[1].Fields[domain.FieldStatus]; ok {
				t.Error("a status that the answer does not have is known")
			}
		})
	}
}

// TestT18WarningsAreRefusals: a search over a hidden project answers 200 with
// no rows and a friendly warning; a strict one says 400.
func TestT18WarningsAreRefusals(t *testing.T) {
	for name, warn := range map[string]bool{"warning": true, "refusal": false} {
		t.Run(name, func(t *testing.T) {
			f := dataCenter()
			f.options = func(o *jirasim.Options) { o.Flavor, o.WarnOnUnknown = jirasim.DataCenter, warn }
			s := newSite(t, f)
			tracker := s.adapter(t)
			s.Open(t, "x", "")
			s.Wait(t)
			_, _, c := drained(t, tracker, nil)
			s.Deny(s.sync.Email, "OPS", jirasim.Browse)
			_, err := tracker.Changed(t.Context(), c, nil)
			wantCode(t, err, domain.ErrForbidden, "access_lost")
			_, err = tracker.Check(t.Context())
			wantCode(t, err, domain.ErrForbidden, "access_lost")
		})
	}
	s := newSite(t, cloud())
	tracker := s.adapter(t)
	s.Open(t, "x", "")
	s.Wait(t)
	_, _, c := drained(t, tracker, nil)
	s.Deny(s.sync.Email, "OPS", jirasim.Browse)
	_, err := tracker.Changed(t.Context(), c, nil)
	wantCode(t, err, domain.ErrForbidden, "access_lost")
}

// TestT33DueDatesHaveNoZone: a civil date crosses unchanged, whatever zone the
// account lives in and whatever the time is.
func TestT33DueDatesHaveNoZone(t *testing.T) {
	for _, zone := range []string{"Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"} {
		each(t, func(t *testing.T, s *site) {
			s.UpdateUser(s.sync.Email, func(u *jirasim.User) { u.TimeZone = zone })
			for _, hour := range []time.Duration{0, 11, 23} {
				s.clock.add(hour * time.Hour)
				tracker := s.adapter(t)
				on := s.made(t, tracker)
				for _, day := range []string{"2026-03-29", "2026-12-31", "2028-02-29"} {
					pushed(t, tracker, on, map[domain.Field]string{domain.FieldDueOn: day})
					s.Wait(t)
					on = s.read(t, tracker, on.Ref)
					if x := s.state(t, on.Ref); x.DueDate != day || on.Fields[domain.FieldDueOn].Value != day {
						t.Errorf("%s in %s: Jira has %q, we read %q", day, zone, x.DueDate, on.Fields[domain.FieldDueOn].Value)
					}
				}
			}
		})
	}
}

// TestQuota: what the headers say about the requests that are left.
func TestQuota(t *testing.T) {
	h := http.Header{"Content-Type": {"application/json"}, "X-Ratelimit-Limit": {"350"}, "X-Ratelimit-Remaining": {"17"}, "X-Ratelimit-Reset": {"2026-01-05T10:00:00Z"}}
	page, err := canned(t, cloud(), 200, h, `{"issues":[],"isLast":true}`).Changed(t.Context(), domain.Cursor(`{"v":1,"project":"10000"}`), nil)
	must(t, err)
	want := domain.Quota{Limit: 350, Remaining: 17, ResetAt: time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, page.Quota); diff != "" {
		t.Error(diff)
	}
}

// TestT37EqualTimesDifferentContent: the hash tells what the time does not.
func TestT37EqualTimesDifferentContent(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		seen := map[string]bool{on.Hash: true}
		for f, v := range map[domain.Field]string{domain.FieldTitle: "x", domain.FieldDescription: "y", domain.FieldStatus: "done", domain.FieldPriority: "P4",
			domain.FieldOwner: "p_ben", domain.FieldDueOn: "2026-12-01", domain.FieldMetric: "z"} {
			s.Edit(t, on.Ref, map[domain.Field]string{f: v})
			got := s.read(t, tracker, on.Ref)
			if seen[got.Hash] {
				t.Errorf("%s changed and the hash did not", f)
			}
			seen[got.Hash] = true
		}
		s.Label(t, on.Ref, "mine")
		if got := s.read(t, tracker, on.Ref); seen[got.Hash] {
			t.Error("a label was added and the hash did not change")
		}
	})
}

// TestT47NamesMayChange: renaming a status, a priority, a field's value or a
// project touches no issue and must mean nothing.
func TestT47NamesMayChange(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		s.RenameStatus("10000", "Backlog")
		s.RenamePriority("2", "Urgent")
		s.UpdateUser(s.ana.Email, func(u *jirasim.User) { u.DisplayName = "Ana Okri-Diaz" })
		got := s.read(t, tracker, on.Ref)
		if got.Hash != on.Hash {
			t.Errorf("renaming changed the content:\n%s", cmp.Diff(on.Fields, got.Fields))
		}
		s.RenameProject("OPS", "PLATFORM")
		s.Wait(t)
		got = s.read(t, tracker, on.Ref) // T67: the id is what counts
		if got.Ref.ID != on.Ref.ID || got.Ref.Key != "PLATFORM-1" {
			t.Errorf("after the rename: %+v", got.Ref)
		}
		pushed(t, tracker, got, map[domain.Field]string{domain.FieldTitle: "still ours"})
		rows, _, _ := drained(t, tracker, nil)
		if len(rows) != 1 {
			t.Errorf("%d rows after the rename", len(rows))
		}
		report, err := tracker.Check(t.Context())
		must(t, err)
		if !slices.ContainsFunc(report.Notes, func(n string) bool { return strings.Contains(n, "PLATFORM") }) {
			t.Errorf("the check does not mention the new key: %v", report.Notes)
		}
	})
}

// TestT7ErrorsAreNoAbsence: a probe that failed half way found nothing out.
func TestT7ErrorsAreNoAbsence(t *testing.T) {
	f := cloud()
	f.options = func(o *jirasim.Options) { o.MaxPage = 1 }
	s := newSite(t, f)
	tracker := s.adapter(t)
	on := s.made(t, tracker)
	s.Open(t, "later", "")
	s.Wait(t)
	probe := domain.Probe{Nonce: "nonce1", Since: on.CreatedAt.Add(-time.Minute)}
	for at, path := range []string{"", "/rest/api/2/search/jql", "/rest/api/2/issue/bulkfetch"} {
		s.Fault(jirasim.Rule{Path: path, From: at%2 + 1, Do: jirasim.ServerError(500, false)})
		if path == "/rest/api/2/issue/bulkfetch" {
			s.ClearFaults()
			s.Fault(jirasim.Rule{Path: path, Do: jirasim.ServerError(500, false)})
		}
		found, err := tracker.Find(t.Context(), probe)
		if err == nil {
			t.Errorf("fault at %q: found %d and no error", path, len(found))
		}
	}
	s.ClearFaults()
	found, err := tracker.Find(t.Context(), probe)
	must(t, err)
	if len(found) != 1 { // T9: the issue is behind the first page
		t.Errorf("found %d, want 1", len(found))
	}
	_, err = tracker.Find(t.Context(), domain.Probe{Since: on.CreatedAt})
	if err == nil {
		t.Error("a probe without a nonce was answered")
	}
}

// TestT16ProbesAreUnfiltered: whoever Jira says created the issue, and
// whatever people did to its labels, the nonce finds it.
func TestT16ProbesAreUnfiltered(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		w := s.watch()
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		must(t, s.EditIssue(s.cleo.Email, on.Ref.ID, jirasim.Values{"labels": []string{}, "reporter": s.cleo.Email, "summary": "renamed"}))
		s.Wait(t)
		w.take()
		found, err := tracker.Find(t.Context(), domain.Probe{Nonce: "nonce1", Since: on.CreatedAt.Add(-time.Minute)})
		must(t, err)
		if len(found) != 1 || found[0].Ref.ID != on.Ref.ID {
			t.Errorf("found %v", keys(found))
		}
		for _, jql := range searches(t, w.take()) {
			for _, word := range []string{"creator", "reporter", "labels", "text", "summary"} {
				if strings.Contains(jql, word) {
					t.Errorf("the probe filters by %s: %s", word, jql)
				}
			}
		}
	})
}

// TestT19LateCommit: the server finishes the create after our timeout. Search
// does not show it yet; the keys behind the last known number do.
func TestT19LateCommit(t *testing.T) {
	s := newSite(t, cloud())
	tracker := s.adapter(t)
	first := s.made(t, tracker)
	s.SetIndexLag(time.Hour, 0)
	s.Fault(ruleFor("POST", "/rest/api/2/issue", jirasim.Reset(true)))
	_, err := tracker.Create(t.Context(), draft("lost"))
	wantKind(t, err, domain.ErrUncertain)
	for name, after := range map[string]int{"the number is known": 1, "the number is not known": 0} {
		found, err := s.adapter(t).Find(t.Context(), domain.Probe{Nonce: "lost", Since: first.CreatedAt, AfterNumber: after})
		must(t, err)
		if len(found) != 1 || found[0].Ref.ID == first.Ref.ID {
			t.Errorf("%s: found %v", name, keys(found))
		}
	}
}

// TestT62CopiesAreSeen: a clone carries the marker of the original and has an
// id of its own; of twins the oldest comes first.
func TestT62CopiesAreSeen(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.copyProperties = true
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		clone := s.Copy(t, on.Ref)
		s.Wait(t)
		found, err := tracker.Find(t.Context(), domain.Probe{Nonce: "nonce1", Since: on.CreatedAt.Add(-time.Minute)})
		must(t, err)
		if len(found) != 2 || found[0].Ref.ID != on.Ref.ID || found[1].Ref.ID != clone.ID {
			t.Errorf("found %v", keys(found))
		}
	})
}

// TestT65HiddenIsMissing: deleted and hidden look alike; both are suspicions,
// and an unreadable answer is neither.
func TestT65HiddenIsMissing(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		a, b, c := s.Open(t, "a", ""), s.Open(t, "b", ""), s.Open(t, "c", "")
		s.HideIssue(b.ID, s.sync.Email, true)
		s.Wait(t)
		seen, err := tracker.Sweep(t.Context(), []domain.RemoteRef{a, b, c, {ID: "424242"}})
		must(t, err)
		got := map[string]domain.Presence{}
		for _, x := range seen {
			got[x.Ref.ID] = x.Presence
		}
		want := map[string]domain.Presence{a.ID: domain.Present, b.ID: domain.Missing, c.ID: domain.Present, "424242": domain.Missing}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		_, err = tracker.Fetch(t.Context(), b)
		wantKind(t, err, domain.ErrNotFound)
	})
	body := `{"issues":[],"issueErrors":[{"id":"10001","errorMessage":"try again"}]}`
	seen, err := sweepOne(t, body)
	must(t, err)
	if len(seen) != 0 {
		t.Errorf("an issue that could not be read just now is %q", seen[0].Presence)
	}
	if _, err = sweepOne(t, `{}`); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("an answer without a list: %v", err)
	}
}

func sweepOne(t *testing.T, body string) ([]domain.Sighting, error) {
	s := newSite(t, cloud())
	next := s.transport
	s.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/bulkfetch") {
			return answer(r, 200, nil, body), nil
		}
		return next.RoundTrip(r)
	})
	return s.adapter(t).Sweep(t.Context(), []domain.RemoteRef{{ID: "10001"}})
}
