package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
)

// portfolio stores measures that differ in everything a list can ask for, and
// returns them as stored.
func portfolio(t testing.TB, db *DB) []domain.Measure {
	t.Helper()
	addTeam(t, db, "t_a", "p_ana")
	addTeam(t, db, "t_b", "p_bob")
	addTracker(t, db, "a", nil)
	i := addIncident(t, db, nil)
	today := domain.MustDate("2026-12-01")
	var all []domain.Measure
	for n := range 60 {
		m := addMeasure(t, db, func(m *domain.Measure) {
			m.Title = []string{"Zebra 100%", "zebra", "Äpfel_und_Birnen", "A title"}[n%4]
			m.Description = []string{"", "some words", "ÄRGER"}[n%3]
			m.Priority = append([]domain.Priority{""}, domain.Priorities()...)[n%6]
			m.Kind = append([]domain.MeasureKind{""}, domain.MeasureKinds()...)[n%9]
			m.Status = domain.Statuses()[n%7]
			m.StatusUnknown = n%11 == 0
			m.Team = []domain.TeamID{"", "t_a", "t_b"}[n%3]
			m.Owner = []domain.PersonID{"", "p_ana"}[n%2]
			if n%5 > 0 {
				m.OriginalDueOn = today.AddDays(n%7 - 3)
				m.DueOn = today.AddDays(n%7 - 2)
			}
			if n%4 == 0 {
				m.Incident = i.Key
			}
			m.CreatedAt = testNow.Add(time.Duration(n%10) * time.Hour)
			m.UpdatedAt = testNow.Add(time.Duration(n%6) * time.Hour)
		})
		if n%9 == 0 {
			addLink(t, db, m.Key, "a", fmt.Sprint("R", n))
		}
		all = append(all, m)
	}
	return all
}

// foundBy says in Go what a free-text query finds: each part, split at blanks,
// names the key or begins words that stand in a row in one of the texts.
func foundBy(query, key string, texts ...string) bool {
	split := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	}
	any := query == ""
	for part := range strings.FieldsSeq(query) {
		want := split(part)
		if len(want) == 0 {
			continue
		}
		any = true
		ok := strings.EqualFold(part, key)
		for _, text := range texts {
			words := split(text)
			for at := 0; at+len(want) <= len(words); at++ {
				last := at + len(want) - 1
				ok = ok || slices.Equal(words[at:last], want[:len(want)-1]) && strings.HasPrefix(words[last], want[len(want)-1])
			}
		}
		if !ok {
			return false
		}
	}
	return any
}

// matches says in Go what the list's SQL is meant to select.
func matches(m domain.Measure, linked bool, s domain.Scope, f domain.MeasureFilter) bool {
	in := func(ok bool, n int) bool { return n == 0 || ok }
	open := m.Status.Open() && !m.StatusUnknown
	late := func(want *bool, due domain.Date) bool {
		return want == nil || *want == (open && !due.IsZero() && due.Before(f.Today))
	}
	words := func() bool { return foundBy(f.Query, string(m.Key), m.Title, m.Description) }
	return s.Allows(m.Team) &&
		in(slices.Contains(f.Status, m.Status), len(f.Status)) && in(slices.Contains(f.Priority, m.Priority), len(f.Priority)) &&
		in(slices.Contains(f.Kind, m.Kind), len(f.Kind)) && in(slices.Contains(f.Team, m.Team), len(f.Team)) &&
		(f.Open == nil || *f.Open && open || !*f.Open && !m.Status.Open() && !m.StatusUnknown) &&
		late(f.Overdue, m.DueOn) && late(f.PastPromise, m.OriginalDueOn) &&
		(f.DueBefore.IsZero() || !m.DueOn.IsZero() && m.DueOn.Before(f.DueBefore)) &&
		(f.DueAfter.IsZero() || !m.DueOn.IsZero() && f.DueAfter.Before(m.DueOn)) &&
		(f.Owner == "" || m.Owner == f.Owner) && (f.Incident == "" || m.Incident == f.Incident) &&
		(f.NeedsIncident == nil || *f.NeedsIncident == m.NeedsIncident()) &&
		(f.Tracker == "" || linked && f.Tracker == "a") && in(linked && slices.Contains(f.LinkState, domain.LinkSynced), len(f.LinkState)) && words()
}

// compareBy says in Go what the list's sort fields mean: empty values last.
func compareBy(field string, a, b domain.Measure) int {
	day := func(d domain.Date) int {
		if d.IsZero() {
			return noDay
		}
		return d.Ordinal()
	}
	empty := func(p domain.Priority) string { return cmp.Or(string(p), "P9") }
	switch field {
	case "due_on":
		return cmp.Compare(day(a.DueOn), day(b.DueOn))
	case "original_due_on":
		return cmp.Compare(day(a.OriginalDueOn), day(b.OriginalDueOn))
	case "priority":
		return cmp.Compare(empty(a.Priority), empty(b.Priority))
	case "status":
		return cmp.Compare(slices.Index(domain.Statuses(), a.Status), slices.Index(domain.Statuses(), b.Status))
	case "title":
		return cmp.Compare(a.Title, b.Title)
	case "created_at":
		return a.CreatedAt.Compare(b.CreatedAt)
	case "updated_at":
		return a.UpdatedAt.Compare(b.UpdatedAt)
	}
	return cmp.Compare(measureNumber(a.Key), measureNumber(b.Key))
}

func sorted(measures []domain.Measure, fields []string) []domain.Measure {
	out := slices.Clone(measures)
	slices.SortStableFunc(out, func(a, b domain.Measure) int {
		last := 1
		for _, f := range fields {
			name, desc := strings.CutPrefix(f, "-")
			last = 1
			if desc {
				last = -1
			}
			if c := compareBy(name, a, b); c != 0 {
				return c * last
			}
		}
		return compareBy("key", a, b) * last
	})
	return out
}

func drawFilter(rt *rapid.T) domain.MeasureFilter {
	yesNo := rapid.SampledFrom([]*bool{nil, nil, new(bool), func() *bool { b := true; return &b }()})
	date := rapid.Custom(func(rt *rapid.T) domain.Date {
		return domain.MustDate("2026-12-01").AddDays(rapid.IntRange(-5, 5).Draw(rt, "days"))
	})
	f := domain.MeasureFilter{Today: date.Draw(rt, "today"), Open: yesNo.Draw(rt, "open"), Overdue: yesNo.Draw(rt, "overdue"),
		PastPromise: yesNo.Draw(rt, "past promise"), NeedsIncident: yesNo.Draw(rt, "needs incident")}
	some := func(what string) bool { return rapid.IntRange(0, 4).Draw(rt, what) == 0 }
	if some("status?") {
		f.Status = rapid.SliceOfN(rapid.SampledFrom(domain.Statuses()), 1, 3).Draw(rt, "status")
	}
	if some("priority?") {
		f.Priority = rapid.SliceOfN(rapid.SampledFrom(domain.Priorities()), 1, 3).Draw(rt, "priority")
	}
	if some("kind?") {
		f.Kind = rapid.SliceOfN(rapid.SampledFrom(domain.MeasureKinds()), 1, 4).Draw(rt, "kind")
	}
	if some("team?") {
		f.Team = rapid.SliceOfN(rapid.SampledFrom([]domain.TeamID{"t_a", "t_b", "t_none"}), 1, 2).Draw(rt, "team")
	}
	if some("before?") {
		f.DueBefore = date.Draw(rt, "before")
	}
	if some("after?") {
		f.DueAfter = date.Draw(rt, "after")
	}
	if some("owner?") {
		f.Owner = rapid.SampledFrom([]domain.PersonID{"p_ana", "p_none"}).Draw(rt, "owner")
	}
	if some("incident?") {
		f.Incident = rapid.SampledFrom([]domain.IncidentKey{"INC-1", "INC-2"}).Draw(rt, "incident")
	}
	if some("tracker?") {
		f.Tracker = rapid.SampledFrom([]domain.TrackerID{"a", "b"}).Draw(rt, "tracker")
	}
	if some("link?") {
		f.LinkState = rapid.SampledFrom([][]domain.LinkState{{domain.LinkSynced}, {domain.LinkBlocked}}).Draw(rt, "link")
	}
	if some("query?") {
		f.Query = rapid.SampledFrom([]string{"zebra", "100%", "apf_l", "M-1", "words z", `\`, "' OR 1=1 --", "title a", "äpfel", "ÄPFEL_U", "ärger zebra"}).Draw(rt, "query")
	}
	return f
}

// Whatever is asked for: turning the pages shows exactly the rows that match,
// each once, in order, and never one of another team.
func TestMeasureListsAgreeWithAModel(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		all := portfolio(t, db)
		linked := map[domain.MeasureKey]bool{}
		for key := range must[map[domain.MeasureKey][]domain.Link](t)(db.LinksOf(t.Context(), domain.Everything(), keysOf(all))) {
			linked[key] = true
		}
		rapid.Check(t, func(rt *rapid.T) {
			scope := rapid.SampledFrom([]domain.Scope{domain.Everything(), {}, {Teams: []domain.TeamID{"t_a"}}, {Teams: []domain.TeamID{"t_b", "t_none"}}}).Draw(rt, "scope")
			filter := drawFilter(rt)
			fields := rapid.SliceOfNDistinct(rapid.SampledFrom(domain.MeasureSorts()), 0, 3, rapid.ID).Draw(rt, "sort")
			for n := range fields {
				if rapid.Bool().Draw(rt, "descending") {
					fields[n] = "-" + fields[n]
				}
			}
			page := domain.Page{Sort: fields, Limit: rapid.IntRange(1, 40).Draw(rt, "limit"), WithTotal: true}
			var want []domain.Measure
			for _, m := range all {
				if matches(m, linked[m.Key], scope, filter) {
					want = append(want, m)
				}
			}
			want = sorted(want, fields)
			var got []domain.MeasureKey
			for {
				list, err := db.Measures(t.Context(), scope, filter, page)
				if err != nil {
					rt.Fatal(err)
				}
				if list.Total != len(want) || len(list.Items) > page.Limit {
					rt.Fatalf("a page of %d says that there are %d, want %d", len(list.Items), list.Total, len(want))
				}
				got = append(got, keysOf(list.Items)...)
				if list.NextCursor == "" {
					break
				}
				page.Cursor = list.NextCursor
			}
			if !slices.Equal(got, keysOf(want)) {
				rt.Fatalf("got  %v\nwant %v", got, keysOf(want))
			}
		})
	})
}

func keysOf(measures []domain.Measure) []domain.MeasureKey {
	keys := make([]domain.MeasureKey, len(measures))
	for n, m := range measures {
		keys[n] = m.Key
	}
	return keys
}

func TestPageLimits(t *testing.T) {
	for asked, want := range map[int]int{-1: 50, 0: 50, 1: 1, 200: 200, 201: 200} {
		if got := pageLimit(asked); got != want {
			t.Errorf("a page of %d has %d rows, want %d", asked, got, want)
		}
	}
}

// A cursor works for its own query alone, and cannot be made up.
func TestCursors(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		portfolio(t, db)
		list := func(f domain.MeasureFilter, p domain.Page) (domain.List[domain.Measure], error) {
			return db.Measures(t.Context(), domain.Everything(), f, p)
		}
		first := must[domain.List[domain.Measure]](t)(list(domain.MeasureFilter{}, domain.Page{Limit: 3}))
		for what, c := range map[string]struct {
			filter domain.MeasureFilter
			page   domain.Page
		}{
			"another filter": {domain.MeasureFilter{Owner: "p_ana"}, domain.Page{Cursor: first.NextCursor}},
			"another order":  {domain.MeasureFilter{}, domain.Page{Cursor: first.NextCursor, Sort: []string{"title"}}},
			"a made-up one":  {domain.MeasureFilter{}, domain.Page{Cursor: "AAAAAAAAAAAAAAAAWzFd"}},
			"no base64":      {domain.MeasureFilter{}, domain.Page{Cursor: "!"}},
			"a changed one":  {domain.MeasureFilter{}, domain.Page{Cursor: "A" + first.NextCursor[1:] + "A"}},
		} {
			_, err := list(c.filter, c.page)
			refused(t, what, err, domain.ErrInvalid)
		}
		_, err := db.Incidents(t.Context(), domain.Everything(), domain.IncidentFilter{}, domain.Page{Cursor: first.NextCursor})
		refused(t, "another list", err, domain.ErrInvalid)
		if _, err := list(domain.MeasureFilter{Today: domain.MustDate("2027-01-01")}, domain.Page{Cursor: first.NextCursor}); err != nil {
			t.Errorf("a page turned after midnight: %v", err)
		}
		for _, sort := range []string{"password", "num; DROP TABLE measures", "-", "-due_day"} {
			_, err := list(domain.MeasureFilter{}, domain.Page{Sort: []string{sort}})
			refused(t, "sort by "+sort, err, domain.ErrInvalid)
		}
	})
}

func TestIncidentLists(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		for n := range 30 {
			addIncident(t, db, func(i *domain.Incident) {
				i.Severity = append([]domain.Severity{""}, domain.Severities()...)[n%6]
				i.Status = domain.IncidentStatuses()[n%7]
				i.Team = []domain.TeamID{"", "t_a"}[n%2]
				if n%3 > 0 {
					i.StartedAt = testNow.Add(-time.Duration(n%8) * time.Hour)
				}
			})
		}
		for _, sort := range domain.IncidentSorts() {
			for _, sort := range []string{sort, "-" + sort} {
				seen := map[domain.IncidentKey]bool{}
				page := domain.Page{Sort: []string{sort}, Limit: 7, WithTotal: true}
				for {
					list := must[domain.List[domain.Incident]](t)(db.Incidents(t.Context(), domain.Everything(), domain.IncidentFilter{}, page))
					for _, i := range list.Items {
						seen[i.Key] = true
					}
					if list.Total != 30 {
						t.Fatalf("%s: %d in all", sort, list.Total)
					}
					if page.Cursor = list.NextCursor; page.Cursor == "" {
						break
					}
				}
				if len(seen) != 30 {
					t.Errorf("%s: the pages show %d of 30", sort, len(seen))
				}
			}
		}
		n := func(f domain.IncidentFilter) int {
			return len(must[domain.List[domain.Incident]](t)(db.Incidents(t.Context(), domain.Everything(), f, domain.Page{})).Items)
		}
		for what, c := range map[string]struct {
			filter domain.IncidentFilter
			want   int
		}{
			"status": {domain.IncidentFilter{Status: []domain.IncidentStatus{domain.IncidentNew}}, 5}, "severity": {domain.IncidentFilter{Severity: []domain.Severity{domain.SEV1}}, 5},
			"team": {domain.IncidentFilter{Team: []domain.TeamID{"t_a"}}, 15}, "words": {domain.IncidentFilter{Query: "incident INC-7"}, 1},
			"from": {domain.IncidentFilter{From: testNow}, 2}, "to": {domain.IncidentFilter{To: testNow}, 18},
		} {
			if got := n(c.filter); got != c.want {
				t.Errorf("%s: got %d, want %d", what, got, c.want)
			}
		}
	})
}

func TestHistoryPages(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m := addMeasure(t, db, nil)
		for n := range 9 {
			must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle(fmt.Sprint(n))))
		}
		for sort, want := range map[string][]int64{"": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "-seq": {10, 9, 8, 7, 6, 5, 4, 3, 2, 1}} {
			page := domain.Page{Limit: 3, WithTotal: true}
			if sort != "" {
				page.Sort = []string{sort}
			}
			var got []int64
			for {
				list := must[domain.List[domain.Change]](t)(db.History(t.Context(), domain.Everything(), domain.SubjectMeasure, string(m.Key), page))
				for _, c := range list.Items {
					got = append(got, c.SubjectSeq)
				}
				if list.Total != 10 {
					t.Errorf("%d in all", list.Total)
				}
				if page.Cursor = list.NextCursor; page.Cursor == "" {
					break
				}
			}
			same(t, "sort "+sort, want, got)
		}
	})
}
