package github_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

func allowPublic(c *github.Config) { c.Tracker.AllowPublic = true }

// refs are the addresses of all live issues, by number.
func (s *site) refs(t *testing.T) []domain.RemoteRef {
	t.Helper()
	var out []domain.RemoteRef
	for _, i := range s.Oracle() {
		if i.Repo == repo && !i.Pull {
			out = append(out, domain.RemoteRef{ID: i.NodeID, Key: fmt.Sprint(repo, "#", i.Number), Number: i.Number, Place: fmt.Sprint(i.RepoID)})
		}
	}
	slices.SortFunc(out, func(a, b domain.RemoteRef) int { return a.Number - b.Number })
	return out
}

// T66, T63, T64: a sweep tells what was deleted, moved where one may look, moved
// out of sight, and what is simply there, by id, whatever else is in the list.
func TestT66SweepTellsDeletesAndMoves(t *testing.T) {
	for name, test := range map[string]struct {
		paging githubsim.Paging
		deep   int
		n      int
	}{
		"one by one":         {githubsim.PageNumbers, 0, 8},
		"by the list":        {githubsim.PageNumbers, 0, 350},
		"by cursors":         {githubsim.CursorOnly, 0, 350},
		"with refused pages": {githubsim.PageNumbers, 200, 350},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(o *githubsim.Options) { o.Paging, o.DeepPageLimit = test.paging, test.deep })
			s.many(t, test.n, time.Second)
			s.AddRepo("acme/attic", githubsim.RepoOptions{Private: true})
			s.Grant("acme/attic", "cleo", githubsim.RoleWrite)
			s.Grant("acme/attic", "sync-user", githubsim.RoleRead)
			s.token = s.Token("sync-user", githubsim.TokenOptions{})
			all := s.refs(t)
			must(t, s.As("admin").Delete(repo, 3))
			to, err := s.As("cleo").Transfer(repo, 4, "acme/attic")
			must(t, err)
			s.Grant("other/private", "sync-user", githubsim.RoleNone)
			_, err = s.As("cleo").Transfer(repo, 5, "other/private")
			must(t, err)
			seen, err := s.adapter(t).Sweep(t.Context(), all)
			must(t, err)
			if len(seen) != len(all) {
				t.Fatalf("%d sightings for %d issues", len(seen), len(all))
			}
			for n, sighting := range seen {
				if sighting.Ref.ID != all[n].ID {
					t.Fatalf("sighting %d is of %s", n, sighting.Ref.Key)
				}
				want := map[int]domain.Presence{3: domain.Deleted, 4: domain.MovedOut, 5: domain.Missing}[n+1]
				if want == "" {
					want = domain.Present
				}
				if sighting.Presence != want || (want == domain.Present) != (sighting.Snapshot != nil) {
					t.Errorf("issue %d is %q, want %q", n+1, sighting.Presence, want)
				}
			}
			if moved := seen[3].MovedTo; moved == nil || moved.Number != to || moved.Place == all[0].Place {
				t.Errorf("issue 4 moved to %+v, want number %d", moved, to)
			}
		})
	}
}

// T63, T1: a moved issue is not followed, neither by reads nor by writes.
func TestT63MovedIssuesAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 307, 404} {
		s := newSite(t, func(o *githubsim.Options) { o.TransferredWrites = status })
		s.AddRepo("acme/attic", githubsim.RepoOptions{Private: true})
		s.Grant("acme/attic", "cleo", githubsim.RoleWrite)
		s.Grant("acme/attic", "sync-user", githubsim.RoleWrite)
		s.token = s.Token("sync-user", githubsim.TokenOptions{})
		tracker := s.adapter(t)
		on := create(t, s, tracker)
		to, err := s.As("cleo").Transfer(repo, 1, "acme/attic")
		must(t, err)
		s.sent.take()
		_, err = tracker.Fetch(t.Context(), on.Ref)
		wantKind(t, err, domain.ErrGone)
		_, err = tracker.Push(t.Context(), pushOf(on, map[domain.Field]string{domain.FieldTitle: "x", domain.FieldPriority: "P0"}))
		if err == nil {
			t.Errorf("%d: the write is reported as done", status)
		}
		for _, r := range s.sent.take() {
			if r.Path != "/repositories/"+on.Ref.Place+"/issues/1" && r.Path != "/repositories/"+on.Ref.Place && r.Path != "/repositories/"+on.Ref.Place+"/issues/1/labels" {
				t.Errorf("%d: asked for %s", status, r.Path)
			}
		}
		if i, _ := s.Issue("acme/attic", to); i.Title != "Alert on replica lag" {
			t.Errorf("%d: the moved issue was written to: %q", status, i.Title)
		}
	}
}

// T7, T65: a storm of errors makes nothing missing.
func TestT65StormsMakeNothingMissing(t *testing.T) {
	for name, effect := range map[string]githubsim.Effect{"502": githubsim.ServerError(502, false), "401": githubsim.Unauthorized(), "reset": githubsim.Reset(false),
		"html": githubsim.HTML(), "limit": githubsim.SecondaryLimit(403, ""), "404 everywhere": githubsim.NotFound(), "SSO": githubsim.SSO(), "304": githubsim.NotModified()} {
		for _, n := range []int{5, 120} {
			t.Run(fmt.Sprint(name, " ", n), func(t *testing.T) {
				s := newSite(t)
				s.many(t, n, 0)
				tracker := s.adapter(t)
				must(t, func() error { _, err := tracker.Sweep(t.Context(), s.refs(t)[:1]); return err }())
				s.Inject(githubsim.Rule{Method: "GET", Effect: effect})
				if seen, err := tracker.Sweep(t.Context(), s.refs(t)); err == nil {
					t.Errorf("the sweep saw %d issues, the first is %q", len(seen), seen[0].Presence)
				}
			})
		}
	}
}

// A sweep comes in batches; together they read the list once, also when issues
// are deleted meanwhile, and a new sweep reads everything again.
func TestSweepGoesOn(t *testing.T) {
	s := newSite(t)
	s.many(t, 1000, time.Second)
	tracker := s.adapter(t)
	all := s.refs(t)
	for round := range 2 {
		must(t, s.As("admin").Retitle(repo, 950, fmt.Sprint("round ", round)))
		s.sent.take()
		for batch := range slices.Chunk(all, 150) {
			seen, err := tracker.Sweep(t.Context(), batch)
			must(t, err)
			for n, sighting := range seen {
				if sighting.Presence != domain.Present || sighting.Ref.ID != batch[n].ID {
					t.Fatalf("round %d: %s is %q", round, sighting.Ref.Key, sighting.Presence)
				}
				if sighting.Ref.Number == 950 && sighting.Snapshot.Fields[domain.FieldTitle].Value != fmt.Sprint("round ", round) {
					t.Errorf("round %d: an old state was shown", round)
				}
			}
			s.clock.add(time.Second)
		}
		lists, singles := 0, 0
		for _, m := range methods(s.sent.take()) {
			switch m {
			case "GET issues":
				lists++
			case "GET": // the repository
			default:
				singles++
			}
		}
		if lists != 10 || singles != 0 {
			t.Errorf("round %d: %d list pages, want 10, and %d single reads", round, lists, singles)
		}
	}
	// Issues that shift between batches are read one by one, not taken as absent.
	missing := 0
	for n, batch := 0, all; len(batch) > 0; n++ {
		size := min(150, len(batch))
		seen, err := tracker.Sweep(t.Context(), batch[:size])
		must(t, err)
		for _, sighting := range seen {
			if sighting.Presence != domain.Present {
				missing++
			}
		}
		must(t, s.As("admin").Delete(repo, all[n].Number))
		batch = batch[size:]
	}
	if missing > 0 {
		t.Errorf("%d issues are missing although each was there when it was read", missing)
	}
}
