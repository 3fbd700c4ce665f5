package github_test

import (
	"testing"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// TestConformance holds the adapter to what the engine relies on, on every
// flavour and with every habit GitHub has been seen to have.
func TestConformance(t *testing.T) {
	for name, change := range map[string]func(*githubsim.Options){
		"github.com":              func(*githubsim.Options) {},
		"browsers send LF":        func(o *githubsim.Options) { o.LFInBrowser = true },
		"cursors":                 func(o *githubsim.Options) { o.Paging = githubsim.CursorOnly },
		"pages and cursors":       func(o *githubsim.Options) { o.Paging = githubsim.PagesAndCursor },
		"since is exclusive":      func(o *githubsim.Options) { o.SinceExclusive = true },
		"no-ops are changes":      func(o *githubsim.Options) { o.NoopBumpsUpdated = true },
		"unassignable is refused": func(o *githubsim.Options) { o.RejectUnassignable = true },
		"transferred is hidden":   func(o *githubsim.Options) { o.TransferredWrites = 404 },
		"limits hold":             func(o *githubsim.Options) { o.Limits.Enforce = true },
		"ghes 3.17":               func(o *githubsim.Options) { o.Enterprise = "3.17.0" },
		"ghes 3.19":               func(o *githubsim.Options) { o.Enterprise, o.Paging = "3.19.0", githubsim.PagesAndCursor },
	} {
		t.Run(name, func(t *testing.T) {
			trackertest.Run(t, func(t testing.TB) trackertest.Site {
				s := newSite(t, change)
				o := githubsim.Options{}
				if change(&o); o.Enterprise != "" {
					s.config = func(c *github.Config) { c.Tracker.Flavor = domain.GHES }
				}
				return s
			})
		})
	}
}
