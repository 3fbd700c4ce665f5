package jirasim_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

type tokenPage struct {
	Issues        []map[string]any
	NextPageToken string
	IsLast        *bool
}

func TestTokenPaging(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	var want []string
	for i := range 7 {
		want = append(want, s.create(fmt.Sprint("Issue ", i), nil))
	}
	var got []string
	token, first := "", ""
	for pages := 0; ; pages++ {
		body := m{"jql": "project = OPS ORDER BY updated ASC, id ASC", "maxResults": 3}
		if token != "" {
			body["nextPageToken"] = token
		}
		var p tokenPage
		s.do("POST", "/search/jql", body, 200).decode(t, &p)
		for _, i := range p.Issues {
			got = append(got, i["id"].(string))
			if len(i) != 1 {
				t.Errorf("without fields a row is %v, want the id alone", i)
			}
		}
		if last := p.NextPageToken == ""; p.IsLast == nil || *p.IsLast != last {
			t.Errorf("page %d: isLast %v with token %q", pages, p.IsLast, p.NextPageToken)
		}
		if p.NextPageToken == "" {
			break
		}
		if token = p.NextPageToken; first == "" {
			first = token
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	s.do("POST", "/search/jql", m{"jql": "project = OPS", "nextPageToken": first}, 400) // another query
	s.do("POST", "/search/jql", m{"jql": "project = OPS", "nextPageToken": "bm9uc2Vuc2U="}, 400)
}

func TestPageTokensExpire(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	s := newSite(t, jirasim.Options{Now: func() time.Time { return now }, PageTokenLife: time.Minute})
	s.create("a", nil)
	s.create("b", nil)
	var p tokenPage
	body := m{"jql": "project = OPS", "maxResults": 1}
	s.do("POST", "/search/jql", body, 200).decode(t, &p)
	body["nextPageToken"] = p.NextPageToken
	s.do("POST", "/search/jql", body, 200)
	now = now.Add(time.Minute)
	s.do("POST", "/search/jql", body, 400)
}

func TestOffsetPaging(t *testing.T) {
	s := newSite(t, jirasim.Options{Flavor: jirasim.DataCenter, MaxPage: 2})
	for i := range 5 {
		s.create(fmt.Sprint("Issue ", i), nil)
	}
	for name, tc := range map[string]struct {
		body m
		want [4]int // startAt, maxResults, total, rows
	}{
		"first":      {m{"jql": "project = OPS"}, [4]int{0, 2, 5, 2}},
		"last":       {m{"jql": "project = OPS", "startAt": 4}, [4]int{4, 2, 5, 1}},
		"past":       {m{"jql": "project = OPS", "startAt": 9}, [4]int{9, 2, 5, 0}},
		"count":      {m{"jql": "project = OPS", "maxResults": 0}, [4]int{0, 0, 5, 0}},
		"everything": {m{"jql": ""}, [4]int{0, 2, 5, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			var p struct {
				StartAt, MaxResults, Total int
				Issues                     []any
			}
			s.do("POST", "/search", tc.body, 200).decode(t, &p)
			if got := [4]int{p.StartAt, p.MaxResults, p.Total, len(p.Issues)}; got != tc.want {
				t.Errorf("startAt, maxResults, total, rows = %v, want %v", got, tc.want)
			}
		})
	}
}

func TestQueries(t *testing.T) {
	s := newSite(t, jirasim.Options{}) // the clock starts at 09:00 UTC, one second per change
	s.sim.AddProject("WEB", "Web site")
	a := s.create("a", m{"labels": []string{"red"}})                              // 09:00:01
	b := s.create("b", m{"labels": []string{"blue"}, "assignee": s.who(s.bob)})   // 09:00:02
	c := s.create("c", m{"project": m{"key": "WEB"}})                             // 09:00:03
	s.do("POST", "/issue/"+a+"/transitions", m{"transition": m{"id": "31"}}, 204) // 09:00:04
	ms := func(sec int) string {
		return strconv.FormatInt(time.Date(2026, 1, 5, 9, 0, sec, 0, time.UTC).UnixMilli(), 10)
	}
	for jql, want := range map[string][]string{
		"project = OPS ORDER BY id ASC":                                              {a, b},
		"project in (OPS, web) order by updated asc, id asc":                         {b, c, a},
		"project = OPS AND updated >= " + ms(3):                                      {a},
		"project = OPS AND created >= " + ms(2) + " ORDER BY key":                    {b},
		"updated >= " + ms(2) + " AND updated < " + ms(4) + " order by updated desc": {c, b},
		"id in (" + c + "," + a + ") ORDER BY id":                                    {a, c},
		"key in (OPS-1, WEB-1) ORDER BY key ASC":                                     {a, c},
		"issuekey = ops-2":                                                           {b},
		"labels = red":                                                               {a},
		"labels in (red, blue) AND labels != red":                                    {b},
		"labels is EMPTY":                                                            {c},
		"statusCategory = Done":                                                      {a},
		`statusCategory != "Done" AND project = OPS`:                                 {b},
		"assignee = " + `"` + s.bob.AccountID + `"`:                                  {b},
		"assignee = currentUser()":                                                   {},
		"(labels = red OR labels = blue) AND project = OPS ORDER BY id":              {a, b},
		"(updated >= " + ms(4) + " OR project = WEB) ORDER BY id":                    {a, c},
		`updated >= "2026-01-05 10:00" ORDER BY id`:                                  {a, b, c}, // Ada is in Berlin
		`updated >= "2026-01-05 10:01"`:                                              {},
		`updated >= "2026-01-05 09:59" AND project = WEB`:                            {c},
		"updated >= -5m AND project = WEB":                                           {c},
	} {
		t.Run(jql, func(t *testing.T) {
			if diff := cmp.Diff(want, s.searched(jql, nil)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for jql, want := range map[string]string{
		"":                           "Unbounded",
		"ORDER BY updated":           "Unbounded",
		"project = NONE":             "does not exist for the field 'project'",
		"key = OPS-99":               "does not exist",
		"colour = red":               "Field 'colour' does not exist",
		"project OPS":                "Expecting operator",
		"project =":                  "ended unexpectedly",
		"project = OPS AND":          "ended unexpectedly",
		"project = OPS project = X":  "Expecting operator",
		`summary ~ "x`:               "has not been completed",
		"updated >= yesterday":       "is invalid. Valid formats",
		"updated = " + ms(1):         "",
		"project = OPS ORDER BY hue": "Not able to sort",
		"project > OPS":              "is not supported by the 'project' field",
	} {
		t.Run("refused "+jql, func(t *testing.T) {
			if want == "" {
				s.searched(jql, nil)
				return
			}
			got := s.do("POST", "/search/jql", m{"jql": jql}, 400).errs(t)[""]
			if !strings.Contains(got, want) {
				t.Errorf("message %q, want one with %q", got, want)
			}
		})
	}
}

func TestIndexLag(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	s := newSite(t, jirasim.Options{Now: func() time.Time { return now }, IndexLag: time.Minute})
	id := s.create("old", nil)
	if got := s.searched("project = OPS", nil); len(got) != 0 {
		t.Errorf("found %v before it was indexed", got)
	}
	n, _ := strconv.ParseInt(id, 10, 64)
	if got := s.searched("project = OPS", m{"reconcileIssues": []int64{n}}); !slices.Equal(got, []string{id}) {
		t.Errorf("reconciled search found %v, want %s", got, id)
	}
	now = now.Add(time.Minute)
	s.do("PUT", "/issue/"+id, m{"fields": m{"summary": "new"}}, 204)
	summary := func(more m) string {
		body := m{"jql": "project = OPS", "fields": []string{"summary"}}
		maps.Copy(body, more)
		var p struct {
			Issues []struct{ Fields struct{ Summary string } }
		}
		s.do("POST", "/search/jql", body, 200).decode(t, &p)
		return p.Issues[0].Fields.Summary
	}
	if got := summary(nil); got != "old" {
		t.Errorf("search shows %q, want the old summary", got)
	}
	if got := summary(m{"reconcileIssues": []int64{n}}); got != "new" {
		t.Errorf("reconciled search shows %q, want the new summary", got)
	}
	now = now.Add(time.Minute)
	if got := summary(nil); got != "new" {
		t.Errorf("search shows %q a minute later", got)
	}
	s.do("POST", "/search/jql", m{"jql": "project = OPS", "reconcileIssues": make([]int, 51)}, 400)
}

// The log of changes must find the same rows as looking at every issue.
func TestUpdatedIndexIsNoFilter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
		s := newSite(t, jirasim.Options{
			Seed: rapid.Uint64().Draw(rt, "seed"), Now: func() time.Time { return now },
			IndexLag: time.Duration(rapid.IntRange(0, 3).Draw(rt, "lag")) * time.Second, IndexJitter: 3 * time.Second,
		})
		var ids []string
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 1500).Draw(rt, "pause")) * time.Millisecond)
			switch k := rapid.IntRange(0, 9).Draw(rt, "what"); {
			case k < 4 || len(ids) == 0:
				ids = append(ids, s.create("x", nil))
			case k == 9:
				s.sim.SetClockOffset(time.Duration(rapid.IntRange(-5, 5).Draw(rt, "offset")) * time.Second)
			default:
				id := rapid.SampledFrom(ids).Draw(rt, "issue")
				s.do("PUT", "/issue/"+id, m{"update": m{"labels": []m{{"add": fmt.Sprint("l", k)}}}}, 204)
			}
		}
		since := now.Add(-time.Duration(rapid.IntRange(-3, 20).Draw(rt, "since")) * time.Second).UnixMilli()
		fast := s.searched(fmt.Sprintf("updated >= %d ORDER BY id", since), nil)
		slow := s.searched(fmt.Sprintf("(updated >= %d OR updated >= %d) ORDER BY id", since, since), nil)
		if diff := cmp.Diff(slow, fast); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestDataCenterWarnsInsteadOfRefusing(t *testing.T) {
	s := newSite(t, jirasim.Options{Flavor: jirasim.DataCenter, WarnOnUnknown: true})
	var p struct {
		Total           int
		WarningMessages []string
	}
	s.do("POST", "/search", m{"jql": "project = NONE"}, 200).decode(t, &p)
	if p.Total != 0 || len(p.WarningMessages) != 1 {
		t.Errorf("answer %+v, want no rows and a warning", p)
	}
	strict := newSite(t, jirasim.Options{Flavor: jirasim.DataCenter})
	strict.do("POST", "/search", m{"jql": "project = NONE"}, 400)
}

func TestBulkFetch(t *testing.T) {
	s := newSite(t, jirasim.Options{})
	a, b := s.create("a", nil), s.create("b", nil)
	s.do("PUT", "/issue/"+b+"/properties/app.sync", m{"nonce": "n1"}, 201)
	var p struct {
		Issues []struct {
			ID         string
			Properties map[string]struct{ Nonce string }
		}
	}
	s.do("POST", "/issue/bulkfetch", m{"issueIdsOrKeys": []string{"OPS-2", a, "OPS-9", b}, "properties": []string{"app.sync"}, "fields": []string{"summary"}}, 200).decode(t, &p)
	if len(p.Issues) != 2 || p.Issues[0].ID != a || p.Issues[1].ID != b || p.Issues[1].Properties["app.sync"].Nonce != "n1" {
		t.Errorf("fetched %+v, want %s and %s with its property", p, a, b)
	}
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint("OPS-", i+1)
	}
	s.do("POST", "/issue/bulkfetch", m{"issueIdsOrKeys": many, "fields": []string{"summary"}}, 200)
	s.do("POST", "/issue/bulkfetch", m{"issueIdsOrKeys": many}, 400)
}
