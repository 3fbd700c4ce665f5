package github_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// drain reads pages until a cycle is complete; between is called after each
// page but the last.
func drain(t *testing.T, tracker *github.Tracker, c domain.Cursor, between func()) (map[int]domain.Snapshot, domain.Cursor) {
	t.Helper()
	rows := map[int]domain.Snapshot{}
	for range 300 {
		page, err := tracker.Changed(t.Context(), c, nil)
		must(t, err)
		if len(page.Broken) > 0 {
			t.Fatalf("broken rows: %+v", page.Broken)
		}
		for _, s := range page.Snapshots {
			if have, ok := rows[s.Ref.Number]; !ok || !s.Revision.Before(have.Revision) {
				rows[s.Ref.Number] = s
			}
		}
		c = page.Next
		if !page.More {
			return rows, c
		}
		if between != nil {
			between()
		}
	}
	t.Fatal("the cycle does not end")
	return nil, nil
}

// many opens issues, every one in a second of its own unless all are at once.
func (s *site) many(t *testing.T, n int, apart time.Duration) {
	t.Helper()
	for i := range n {
		if _, err := s.As("cleo").Create(repo, fmt.Sprintf("issue %d", i), ""); err != nil {
			t.Fatal(err)
		}
		s.clock.add(apart)
	}
}

// T28: an idle look is one conditional request at an address that stands still,
// newest first; a change moves neither, until the window is crowded.
func TestT28IdleLooksAreFree(t *testing.T) {
	s := newSite(t)
	s.many(t, 3, time.Minute)
	tracker := s.adapter(t)
	_, c := drain(t, tracker, nil, nil)
	_, c = drain(t, tracker, c, nil)
	s.sent.take()
	for range 3 {
		s.clock.add(10 * time.Minute)
		page, err := tracker.Changed(t.Context(), c, nil)
		must(t, err)
		if !page.NotModified || page.More {
			t.Errorf("an idle look: %+v", page)
		}
		c = page.Next
	}
	all := s.sent.take()
	if len(all) != 3 || all[0].Query.Encode() != all[2].Query.Encode() || all[0].Query.Get("direction") != "desc" || all[0].Header.Get("If-None-Match") == "" {
		t.Errorf("idle looks sent %+v", all)
	}
	must(t, s.As("cleo").Retitle(repo, 2, "changed"))
	rows, _ := drain(t, tracker, c, nil)
	if rows[2].Fields[domain.FieldTitle].Value != "changed" {
		t.Errorf("the change is not seen: %+v", rows)
	}
	if all := s.sent.take(); len(all) != 1 {
		t.Errorf("one change took %d requests", len(all))
	}
}

// T28: the frozen window moves on before it holds a page of its own.
func TestT28WindowMovesWhenCrowded(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	_, c := drain(t, tracker, nil, nil)
	for range 6 {
		s.many(t, 30, 5*time.Minute)
		_, c = drain(t, tracker, c, nil)
	}
	s.sent.take()
	s.many(t, 1, time.Minute)
	rows, _ := drain(t, tracker, c, nil)
	if all := s.sent.take(); len(all) != 1 || len(rows) > 60 {
		t.Errorf("one new issue took %d requests and %d rows", len(all), len(rows))
	}
}

// T27: a tag belongs to the token; a new token costs one full answer and no change is lost.
func TestT27TokenRotation(t *testing.T) {
	s := newSite(t)
	s.many(t, 3, time.Minute)
	_, c := drain(t, s.adapter(t), nil, nil)
	_, c = drain(t, s.adapter(t), c, nil)
	s.token = s.Token("sync-user", githubsim.TokenOptions{})
	tracker := s.adapter(t)
	for n, want := range []bool{false, true} {
		page, err := tracker.Changed(t.Context(), c, nil)
		must(t, err)
		if page.NotModified != want {
			t.Errorf("look %d after the rotation: not modified is %v", n, page.NotModified)
		}
		c = page.Next
	}
}

// T40, T43: a long list is read by key, so that neither refused page numbers
// nor rows that move while it is read lose anything.
func TestT43RowsThatMoveAreNotLost(t *testing.T) {
	for name, change := range map[string]func(*githubsim.Options){
		"page numbers":       func(o *githubsim.Options) { o.DeepPageLimit = 200 },
		"pages and cursors":  func(o *githubsim.Options) { o.Paging = githubsim.PagesAndCursor },
		"cursors":            func(o *githubsim.Options) { o.Paging = githubsim.CursorOnly },
		"since is exclusive": func(o *githubsim.Options) { o.SinceExclusive = true },
	} {
		for _, apart := range []time.Duration{time.Second, 290 * time.Millisecond} {
			t.Run(fmt.Sprint(name, " ", apart), func(t *testing.T) {
				s := newSite(t, change)
				s.many(t, 250, apart)
				s.clock.add(time.Hour) // what is lost before this is not read again by the overlap
				s.many(t, 170, apart)
				tracker := s.adapter(t)
				n := 0
				between := func() {
					n++
					for _, number := range []int{n, 100*n + 30, 410 - n} {
						if _, ok := s.Issue(repo, number); ok && number <= 420 {
							must(t, s.As("cleo").Retitle(repo, number, fmt.Sprintf("moved %d %d", number, n)))
						}
					}
					must(t, s.As("admin").Delete(repo, 150+n))
					s.clock.add(time.Second)
				}
				first, c := drain(t, tracker, nil, between)
				second, c := drain(t, tracker, c, between)
				third, _ := drain(t, tracker, c, nil)
				s.checkSeen(t, first, second, third)
			})
		}
	}
}

// checkSeen wants the last state of every live issue in one of the passes, the
// later one counting.
func (s *site) checkSeen(t *testing.T, passes ...map[int]domain.Snapshot) {
	t.Helper()
	for _, i := range s.Oracle() {
		if i.Deleted || i.Pull || i.Repo != repo {
			continue
		}
		seen := ""
		for _, rows := range passes {
			if row, ok := rows[i.Number]; ok {
				seen = row.Fields[domain.FieldTitle].Value
			}
		}
		if seen != i.Title {
			t.Errorf("issue %d is %q, seen was %q", i.Number, i.Title, seen)
		}
	}
}

// T40: a page that lies within one second can only be left by its link.
func TestT40OneSecondFillsPages(t *testing.T) {
	for name, paging := range map[string]githubsim.Paging{"page numbers": githubsim.PageNumbers, "cursors": githubsim.CursorOnly} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(o *githubsim.Options) { o.Paging = paging })
			s.many(t, 330, 0)
			rows, c := drain(t, s.adapter(t), nil, nil)
			s.checkSeen(t, rows)
			s.many(t, 330, 0)
			rows, _ = drain(t, s.adapter(t), c, nil)
			if len(rows) < 330 {
				t.Errorf("%d rows of a burst of 330", len(rows))
			}
		})
	}
}

// P11, T36: a cycle that fails midway goes on where it stopped, and times are
// GitHub's own, so that clocks do not matter (T49).
func TestT36FailuresKeepThePlace(t *testing.T) {
	s := newSite(t)
	s.SetClockOffset(-5 * time.Minute)
	tracker := s.adapter(t)
	_, c := drain(t, tracker, nil, nil)
	s.many(t, 320, time.Second)
	seen := map[int]bool{}
	for n := 0; ; n++ {
		if n > 60 {
			t.Fatal("the cycle does not end")
		}
		if n%2 == 0 {
			s.once("GET", []githubsim.Effect{githubsim.ServerError(502, false), githubsim.EmptyBody(), githubsim.HTML(), githubsim.Truncated(500), githubsim.Reset(false)}[n/2%5])
		}
		page, err := tracker.Changed(t.Context(), c, nil)
		if err != nil {
			if n%2 != 0 {
				t.Fatal(err)
			}
			continue
		}
		for _, row := range page.Snapshots {
			seen[row.Ref.Number] = true
		}
		if c = page.Next; !page.More {
			break
		}
	}
	if len(seen) != 320 {
		t.Errorf("%d of 320 issues were seen", len(seen))
	}
}

// T44: pull requests are in the lists and are not issues.
func TestT44PullRequestsAreDropped(t *testing.T) {
	s := newSite(t)
	for n := range 150 {
		_, err := s.As("cleo").CreatePull(repo, fmt.Sprint("pull ", n), "")
		must(t, err)
		s.clock.add(time.Second)
	}
	s.many(t, 2, time.Second)
	tracker := s.adapter(t)
	rows, _ := drain(t, tracker, nil, nil)
	if len(rows) != 2 || rows[151].Ref.ID == "" {
		t.Errorf("%d rows, want the two issues", len(rows))
	}
	_, err := tracker.Resolve(t.Context(), repo+"#1")
	wantKind(t, err, domain.ErrInvalid)
}

// T10, T14: one odd record is named and left out; the others are read.
func TestT10OneOddRecordStopsNothing(t *testing.T) {
	for name, odd := range map[string]string{
		"number is text": `"number":"2"`, "title is a number": `"title":7`, "no title": `"title":null`, "a state of the future": `"state":"limbo"`,
		"labels are texts": `"labels":["x"]`, "time without a zone": `"updated_at":"2026-01-05 09:00"`, "no id": `"node_id":""`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.many(t, 3, time.Second)
			s.spoil(func(r *http.Request, _ *http.Response, body []byte) []byte {
				if !strings.HasSuffix(r.URL.Path, "/issues") {
					return body
				}
				var rows []map[string]json.RawMessage
				must(t, json.Unmarshal(body, &rows))
				var member map[string]json.RawMessage
				must(t, json.Unmarshal([]byte("{"+odd+"}"), &member))
				for _, row := range rows {
					for k, v := range member {
						if string(row["number"]) == "2" {
							row[k] = v
						}
					}
				}
				out, err := json.Marshal(rows)
				must(t, err)
				return out
			})
			page, err := s.adapter(t).Changed(t.Context(), nil, nil)
			must(t, err)
			if len(page.Snapshots) != 2 || len(page.Broken) != 1 || page.Broken[0].Reason == "" {
				t.Errorf("%d rows, broken %+v", len(page.Snapshots), page.Broken)
			}
			// A probe does not conclude "not there" past a row it cannot read (T7).
			if found, err := s.adapter(t).Find(t.Context(), domain.Probe{Nonce: "n0nce", Since: s.clock.now().Add(-time.Hour)}); err == nil {
				t.Errorf("Find answered %d rows", len(found))
			}
		})
	}
}

// T5: only a decoded list is a list; everything else is a failure, never "no rows".
func TestT5NoListIsNotAnEmptyList(t *testing.T) {
	for name, answer := range map[string]string{"nothing": "", "blank": " \n", "null": "null", "an object": `{"message":"ok"}`, "a page": "<html>hello</html>", "half": `[{"number":1`} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.spoil(func(r *http.Request, _ *http.Response, body []byte) []byte {
				if strings.HasSuffix(r.URL.Path, "/issues") {
					return []byte(answer)
				}
				return body
			})
			tracker := s.adapter(t)
			_, err := tracker.Changed(t.Context(), nil, nil)
			wantKind(t, err, domain.ErrUnavailable)
			_, err = tracker.Find(t.Context(), domain.Probe{Nonce: "n0nce"})
			wantKind(t, err, domain.ErrUnavailable)
			refs := []domain.RemoteRef{}
			for n := range 20 {
				refs = append(refs, domain.RemoteRef{ID: fmt.Sprint("I", n), Number: n + 1})
			}
			_, err = tracker.Sweep(t.Context(), refs)
			wantKind(t, err, domain.ErrUnavailable)
		})
	}
}

// T45, T46: the list is not filtered, and a label that goes away is a label
// that goes away: it is no status.
func TestT45NoFilters(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	_, c := drain(t, tracker, nil, nil)
	must(t, s.As("cleo").SetLabels(repo, 1))
	s.Wait(t)
	rows, _ := drain(t, tracker, c, nil)
	if got := rows[1]; got.Fields[domain.FieldStatus] != on.Fields[domain.FieldStatus] || got.Ref.ID == "" {
		t.Errorf("without labels: %+v", got)
	}
	for _, r := range s.sent.take() {
		for k := range r.Query {
			if !slices.Contains([]string{"state", "sort", "direction", "per_page", "since", "page", "after"}, k) {
				t.Errorf("%s %s is filtered by %s", r.Method, r.Path, k)
			}
		}
	}
}

// T47: renaming a configured label takes nothing off any issue, also after a
// restart, because the cursor remembers what it meant.
func TestT47RenamedLabel(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	_, c := drain(t, tracker, nil, nil)
	must(t, s.As("admin").RenameLabel(repo, "priority: P1", "urgency: high"))
	s.config = func(cfg *github.Config) { cfg.Cursor = c }
	for name, tracker := range map[string]*github.Tracker{"same adapter": tracker, "after a restart": s.adapter(t)} {
		got := fetch(t, tracker, on.Ref)
		if got.Fields[domain.FieldPriority].Value != "P1" {
			t.Errorf("%s: priority %+v", name, got.Fields[domain.FieldPriority])
		}
	}
	push(t, s.adapter(t), fetch(t, s.adapter(t), on.Ref), map[domain.Field]string{domain.FieldPriority: "P0"})
	if labels := s.state(t, on.Ref).Labels; slices.Contains(labels, "urgency: high") {
		t.Errorf("the renamed label is still there: %q", labels)
	}
}

// A new mapping or a new identity reads everything again, because issues that
// did not change mean something else now.
func TestNewMappingReadsAgain(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*site, *github.Config)
		field  domain.Field
		want   string
	}{
		"priority label": {func(_ *site, c *github.Config) {
			c.Tracker.Mapping.PriorityLabels = map[domain.Priority]string{domain.P0: "urgent"}
		}, domain.FieldPriority, "P0"},
		"progress label": {func(_ *site, c *github.Config) { c.Tracker.Mapping.InProgressLabel = "urgent" }, domain.FieldStatus, "in_progress"},
		"identity": {func(s *site, c *github.Config) {
			c.Identities = append(c.Identities, domain.Identity{Person: "p_cleo", Account: s.ids["cleo"], Login: "cleo"})
		}, domain.FieldOwner, "p_cleo"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			_, err := s.As("cleo").Create(repo, "x", "", "urgent")
			must(t, err)
			must(t, s.As("cleo").SetAssignees(repo, 1, "cleo"))
			s.clock.add(time.Hour)
			old, c := drain(t, s.adapter(t), nil, nil)
			_, c = drain(t, s.adapter(t), c, nil)
			s.config = func(cfg *github.Config) { test.change(s, cfg) }
			rows, c := drain(t, s.adapter(t), c, nil)
			if got := rows[1].Fields[test.field]; got.Value != test.want || got.Raw == old[1].Fields[test.field].Raw || rows[1].Hash == old[1].Hash {
				t.Errorf("%s reads as %+v, before %+v; the engine must see a change", test.field, got, old[1].Fields[test.field])
			}
			_, c = drain(t, s.adapter(t), c, nil)
			if page, err := s.adapter(t).Changed(t.Context(), c, nil); err != nil || !page.NotModified {
				t.Errorf("it is not quiet afterwards: %+v, %v", page, err)
			}
		})
	}
}

// T4: a link to the next page on another host, or outside the API, is not followed.
func TestT4ForeignLinksAreNotFollowed(t *testing.T) {
	for _, link := range []string{"https://evil.example/repositories/1/issues?page=2", "http://api.github.com/x?page=2", "https://api.github.com:8443/x", "https://api.github.com@evil.example/x"} {
		s := newSite(t)
		s.many(t, 150, 0)
		s.spoil(func(_ *http.Request, resp *http.Response, body []byte) []byte {
			if resp.Header.Get("Link") != "" {
				resp.Header.Set("Link", "<"+link+`>; rel="next"`)
			}
			return body
		})
		page, err := s.adapter(t).Changed(t.Context(), nil, nil)
		if err == nil {
			t.Errorf("%s: answered %d rows, more is %v", link, len(page.Snapshots), page.More)
		}
		wantKind(t, err, domain.ErrUnavailable)
	}
}

// A link that leads in a circle ends with an error, not with an endless loop or
// a short list (T42's GitHub form).
func TestLinksInACircle(t *testing.T) {
	s := newSite(t, func(o *githubsim.Options) { o.Paging = githubsim.CursorOnly })
	s.many(t, 250, 0)
	first := ""
	s.spoil(func(_ *http.Request, resp *http.Response, body []byte) []byte {
		if link := resp.Header.Get("Link"); link != "" {
			if first == "" {
				first = link
			}
			resp.Header.Set("Link", first)
		}
		return body
	})
	tracker := s.adapter(t)
	var c domain.Cursor
	for range 10 {
		page, err := tracker.Changed(t.Context(), c, nil)
		if err != nil {
			wantKind(t, err, domain.ErrUnavailable)
			return
		}
		if !page.More {
			t.Fatal("the list ended")
		}
		c = page.Next
	}
	t.Fatal("the circle was walked for ever")
}

// T1, T2: after a rename everything goes on at the new place, found by id; the
// stranger who takes the old name is never written to.
func TestT1RenamedRepository(t *testing.T) {
	for name, restart := range map[string]bool{"same adapter": false, "after a restart": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			tracker := s.adapter(t)
			on := create(t, s, tracker)
			_, c := drain(t, tracker, nil, nil)
			must(t, s.As("admin").RenameRepo(repo, "core"))
			s.AddRepo(repo, githubsim.RepoOptions{Private: true})
			s.Grant(repo, "sync-user", githubsim.RoleWrite)
			s.token = s.Token("sync-user", githubsim.TokenOptions{})
			if restart {
				s.config = func(cfg *github.Config) { cfg.Cursor = c }
				tracker = s.adapter(t)
			}
			push(t, tracker, fetch(t, tracker, on.Ref), map[domain.Field]string{domain.FieldTitle: "after the rename"})
			_, err := tracker.Create(t.Context(), draft())
			must(t, err)
			s.Wait(t)
			rows, _ := drain(t, tracker, c, nil)
			if len(rows) != 2 || rows[1].Fields[domain.FieldTitle].Value != "after the rename" {
				t.Errorf("rows %v", rows)
			}
			if _, there := s.Issue(repo, 1); there {
				t.Error("the stranger's repository was written to")
			}
		})
	}
}

// T1, T2: without anything remembered, a renamed repository is found by a read
// and not by following a write.
func TestT2CreateInARenamedRepository(t *testing.T) {
	for _, status := range []int{301, 302, 307} {
		s := newSite(t, func(o *githubsim.Options) { o.RedirectWrites = status })
		must(t, s.As("admin").RenameRepo(repo, "core"))
		made, err := s.adapter(t).Create(t.Context(), draft())
		must(t, err)
		if made.Ref.Number != 1 || made.Ref.Place == "" {
			t.Errorf("%d: made %+v", status, made.Ref)
		}
		for _, r := range s.sent.take() {
			if r.Method == http.MethodPost && !strings.Contains(r.Path, "/repositories/") {
				t.Errorf("%d: a write went by name: %s", status, r.Path)
			}
		}
	}
}

// A repository whose name redirects to another host is not followed there.
func TestT4ForeignRedirectOfTheRepository(t *testing.T) {
	s := newSite(t)
	s.Inject(githubsim.Rule{Method: "GET", Path: "/repos/{owner}/{repo}", Effect: githubsim.Redirect(301, "https://evil.example/repositories/99")})
	_, err := s.adapter(t).Changed(t.Context(), nil, nil)
	wantKind(t, err, domain.ErrUnavailable)
	if all := s.sent.take(); len(all) != 1 {
		t.Errorf("sent %v", methods(all))
	}
}

// The cursor survives garbage, and belongs to its repository.
func TestCursorOfAnotherRepository(t *testing.T) {
	s := newSite(t)
	s.many(t, 2, time.Second)
	for _, c := range []string{"", "{", "null", "7", `{"repository":"acme/other","place":"99","since":"2030-01-01T00:00:00Z"}`, `{"place":"1 or 1"}`} {
		rows, next := drain(t, s.adapter(t), domain.Cursor(c), nil)
		if len(rows) != 2 {
			t.Errorf("from %q: %d rows", c, len(rows))
		}
		if !bytes.Contains(next, []byte(repo)) {
			t.Errorf("the next cursor is %s", next)
		}
	}
	_, a := drain(t, s.adapter(t), nil, nil)
	_, b := drain(t, s.adapter(t), nil, nil)
	if diff := cmp.Diff(string(a), string(b)); diff != "" {
		t.Errorf("cursors of equal reads differ:\n%s", diff)
	}
}

// T37: a change that becomes visible late, behind newer ones, is still seen: the
// window begins a while before the newest change.
func TestT37LateRows(t *testing.T) {
	s := newSite(t)
	s.many(t, 60, time.Second)
	tracker := s.adapter(t)
	_, c := drain(t, tracker, nil, nil)
	s.clock.add(time.Minute)
	must(t, s.As("cleo").Retitle(repo, 60, "the newest change"))
	s.many(t, 60, 0) // crowds the window, so that it moves on
	_, c = drain(t, tracker, c, nil)
	s.SetClockOffset(-90 * time.Second)
	must(t, s.As("cleo").Retitle(repo, 7, "visible late"))
	s.SetClockOffset(0)
	rows, _ := drain(t, tracker, c, nil)
	if row, ok := rows[7]; !ok || row.Fields[domain.FieldTitle].Value != "visible late" {
		t.Errorf("the late change was passed over; seen %d rows", len(rows))
	}
}
