package web

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// maxQueries is what a page may ask of the database.
const maxQueries = 8

// No page asks more than eight times, on the first look after a while too.
func TestQueriesPerPage(t *testing.T) {
	w := newWorld(t)
	w.demo()
	w.demoChecks()
	var mu sync.Mutex
	var asked []string
	if err := w.db.OnQuery(func(sql string) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, sql)
	}); err != nil {
		t.Fatal(err)
	}
	for role, b := range map[string]*browser{"admin": w.as("admin"), "member": w.as("member")} {
		for _, p := range everyPage() {
			if role == "member" && (p.name == "tokens" || strings.HasPrefix(p.name, "evidence") || p.name == "assessment" || p.name == "person-new" || p.name == "tracker-new" || p.name == "tracker-new-jira") {
				continue
			}
			// The names of teams and trackers are read again twice a minute, by
			// whichever page comes first; they are not held against it.
			w.advance(keepNames)
			for range 2 {
				b.get(p.path).want(200)
				w.advance(2 * time.Second) // the people are read again
			}
			mu.Lock()
			asked = nil
			mu.Unlock()
			b.get(p.path).want(200)
			mu.Lock()
			if len(asked) > maxQueries {
				t.Errorf("%s as %s: %d queries, at most %d", p.path, role, len(asked), maxQueries)
				for _, sql := range asked {
					t.Logf("   %s", sql)
				}
			}
			mu.Unlock()
		}
	}
}
