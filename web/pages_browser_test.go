package web

import (
	"fmt"
	"testing"

	"github.com/followthrough/followthrough/web/browsertest"
)

// Every page, in both languages, at three widths, light and dark: nothing is
// wider than its window, axe finds nothing, nothing comes from elsewhere.
func TestEveryPageInChromium(t *testing.T) {
	for _, language := range []string{"en", "de"} {
		t.Run(language, func(t *testing.T) {
			w := newWorld(t)
			w.demo()
			w.demoChecks()
			c := browsertest.New(t, w.http.URL, language)
			c.Open("/sign-in")
			c.Accessible("sign-in")
			c.Shot("sign-in-"+language, 1024, false)
			secret, err := w.app.Reviews.OpenFeedback(t.Context(), w.actor("admin"), "INC-1")
			if err != nil {
				t.Fatal(err)
			}
			c.Open("/feedback/" + secret)
			c.Shot("feedback-"+language, 390, false)
			c.NotWider("feedback")
			c.Accessible("feedback")
			signIn(c, "admin")
			for _, p := range everyPage() {
				c.Open(p.path)
				for _, width := range []int64{390, 1024, 1600} {
					c.Shot(fmt.Sprintf("%s-%s-%d", p.name, language, width), width, false)
					c.NotWider(fmt.Sprintf("%s at %d", p.path, width))
				}
				c.Accessible(p.path)
				c.Clean(p.path)
				if language == "en" { // the colours do not depend on the language
					c.Shot(p.name+"-dark", 1024, true)
					c.Accessible(p.path + " dark")
				}
			}
		})
	}
}

type namedPage struct{ name, path string }

func everyPage() []namedPage {
	return []namedPage{{"dashboard", "/"}, {"mine", "/mine"}, {"statistics", "/statistics"}, {"incidents", "/incidents"}, {"incident", "/incidents/INC-1"}, {"incident-new", "/incidents/new"},
		{"recurrences", "/recurrences"}, {"assessment", "/recurrences/2026-Q4"}, {"incident-edit", "/incidents/INC-1/edit"}, {"reviews", "/reviews"}, {"reviews-missing", "/reviews?missing=true&year=2026"}, {"review", "/incidents/INC-1/review"}, {"review-empty", "/incidents/INC-2/review"}, {"review-published", "/incidents/INC-1/review/published"}, {"conflicts", "/conflicts"}, {"trackers", "/trackers"}, {"tracker-new", "/trackers/new?kind=github"}, {"tracker-new-jira", "/trackers/new?kind=jira"},
		{"tracker", "/trackers/acme-platform"}, {"people", "/people"}, {"person", "/people/p_member"}, {"person-new", "/people/new"}, {"tokens", "/tokens"}, {"policy", "/policy"}, {"services", "/services"}, {"evidence", "/evidence"}, {"evidence-flags", "/evidence/flags"}, {"evidence-traces", "/evidence/traces?sample=4"}, {"evidence-register", "/evidence/register"}, {"checks", "/checks"}, {"check", "/checks/CHK-1"}, {"check-area", "/checks/CHK-2/areas/plans"}, {"check-management", "/checks/CHK-1/management"}, {"measures", "/measures"}, {"measure", "/measures/M-1"}, {"measure-verified", "/measures/M-3"}, {"measure-edit", "/measures/M-1/edit"},
		{"measure-new", "/measures/new"}, {"account", "/account"}, {"reminders", "/reminders?date=2026-12-01"}, {"letters", "/letters"}, {"views", "/views"}, {"import", "/import"}, {"measure-inline", "/measures/M-1/edit/due_on"}}
}

func signIn(c *browsertest.Browser, role string) {
	c.Open("/sign-in")
	c.Fill("#signin-email", role+"@example.org")
	c.Fill("#signin-password", password)
	c.Submit("main button")
}
