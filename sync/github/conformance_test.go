package github_test

import (
	"testing"

	"github.com/followthrough/followthrough/sync/trackertest"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

func TestConformance(t *testing.T) {
	for name, change := range map[string]func(*githubsim.Options){
		"github.com": func(*githubsim.Options) {},
		"LF":         func(o *githubsim.Options) { o.LFInBrowser = true },
		"cursors":    func(o *githubsim.Options) { o.Paging = githubsim.CursorOnly },
	} {
		t.Run(name, func(t *testing.T) {
			trackertest.Run(t, func(t testing.TB) trackertest.Site { return newSite(t, change) })
		})
	}
}
