package githubsim_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// TestListsAgreeWithTheOracle makes random changes and compares the lists,
// which are kept by index, with the oracle, sorted and filtered anew.
func TestListsAgreeWithTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
		s, bot, _ := world(githubsim.Options{Now: func() time.Time { return at }})
		s.AddRepo("acme/attic", githubsim.RepoOptions{})
		s.Grant("acme/attic", "ann", githubsim.RoleWrite)
		ann := s.As("ann")
		number := rapid.IntRange(1, 12)
		t.Repeat(map[string]func(*rapid.T){
			"wait": func(t *rapid.T) {
				at = at.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "ms")) * 400 * time.Millisecond)
			},
			"create": func(t *rapid.T) { must(t)(ann.Create("acme/shop", "x", "")) },
			"edit": func(t *rapid.T) {
				_ = ann.Retitle("acme/shop", number.Draw(t, "n"), rapid.StringMatching(`[a-c]`).Draw(t, "title"))
			},
			"close":  func(t *rapid.T) { _ = ann.Close("acme/shop", number.Draw(t, "n"), "completed") },
			"reopen": func(t *rapid.T) { _ = ann.Reopen("acme/shop", number.Draw(t, "n")) },
			"delete": func(t *rapid.T) { _ = ann.Delete("acme/shop", number.Draw(t, "n")) },
			"move":   func(t *rapid.T) { _, _ = ann.Transfer("acme/shop", number.Draw(t, "n"), "acme/attic") },
			"": func(t *rapid.T) {
				for _, state := range []string{"open", "closed", "all"} {
					for _, repo := range []string{"acme/shop", "acme/attic"} {
						since := at.Add(-time.Second)
						want := expected(s, repo, state, since.Truncate(time.Second))
						path := fmt.Sprintf("/repos/%s/issues?state=%s&sort=updated&direction=asc&per_page=100&since=%s", repo, state, since.Format(time.RFC3339))
						if diff := cmp.Diff(want, listed(t, s, bot, path)); diff != "" {
							t.Fatalf("%s: %s", path, diff)
						}
						got := listed(t, s, bot, strings.Replace(path, "sort=updated", "sort=created", 1))
						slices.Sort(got)
						slices.Sort(want)
						if diff := cmp.Diff(want, got); diff != "" {
							t.Fatalf("%s by creation: %s", path, diff)
						}
					}
				}
			},
		})
	})
}

func must(t *rapid.T) func(int, error) {
	return func(_ int, err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func expected(s *githubsim.Server, repo, state string, since time.Time) []string {
	rows := slices.DeleteFunc(s.Oracle(), func(i githubsim.Issue) bool {
		return i.Repo != repo || i.Deleted || i.MovedTo != 0 || state != "all" && i.State != state || i.UpdatedAt.Before(since)
	})
	slices.SortFunc(rows, func(a, b githubsim.Issue) int {
		if d := a.UpdatedAt.Unix() - b.UpdatedAt.Unix(); d != 0 {
			return int(d)
		}
		return int(a.ID - b.ID)
	})
	out := []string{}
	for _, i := range rows {
		out = append(out, fmt.Sprintf("%d %s %s", i.Number, i.State, i.Title))
	}
	return out
}

func listed(t *rapid.T, s *githubsim.Server, token, path string) []string {
	r, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(s.BaseURL(), "/")+path, nil) //nolint:noctx // rapid.T has no context
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var rows []issue
	decode(t, resp, &rows)
	out := []string{}
	for _, i := range rows {
		out = append(out, fmt.Sprintf("%d %s %s", i.Number, i.State, i.Title))
	}
	return out
}

func BenchmarkListOfTenThousand(b *testing.B) {
	s, bot, _ := world(githubsim.Options{})
	for range 10_000 {
		if _, err := s.As("ann").Create("acme/shop", "x", strings.Repeat("body ", 40)); err != nil {
			b.Fatal(err)
		}
	}
	for name, path := range map[string]string{
		"list": "repos/acme/shop/issues?state=all&sort=updated&per_page=100&page=50", "one": "repos/acme/shop/issues/77",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.BaseURL()+path, nil)
				if err != nil {
					b.Fatal(err)
				}
				r.Header.Set("Authorization", "Bearer "+bot)
				resp, err := s.Transport().RoundTrip(r)
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal(resp, err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}
