package web

import (
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// expiringTracker is a tracker whose credential ends at a time.
func (w *world) expiringTracker(id domain.TrackerID, ends time.Time) {
	w.t.Helper()
	_, err := w.app.Trackers.Create(w.t.Context(), w.actor("admin"), domain.Tracker{ID: id, Kind: domain.GitHub, Flavor: domain.DotCom,
		BaseURL: "https://api.github.com", Repository: "acme/" + string(id), Team: "t_a", CredentialExpires: ends}, domain.Secrets{Credential: "ghp_0123456789abcdefghij"})
	if err != nil {
		w.t.Fatal(err)
	}
}

// lacks checks that the page does not say the words.
func (a answer) lacks(words string) answer {
	a.t.Helper()
	if text := a.text(); strings.Contains(text, words) {
		a.t.Fatalf("the page says %q:\n%s", words, text)
	}
	return a
}

// TestTrackerHealth: the tracker's page and the list say what waits and warn
// before the credential ends, each day more clearly.
func TestTrackerHealth(t *testing.T) {
	w := newWorld(t)
	w.expiringTracker("later", w.now().Add(31*24*time.Hour))
	w.expiringTracker("soon", w.now().Add(25*24*time.Hour))
	w.expiringTracker("now", w.now().Add(25*time.Hour))
	w.expiringTracker("never", time.Time{})
	m := w.newMeasure(domain.NewMeasure{Title: "Alert on lag"})
	if _, err := w.app.Links.Add(t.Context(), w.actor("member"), m.Key, "soon", ""); err != nil {
		t.Fatal(err)
	}
	b := w.as("admin")
	b.get("/trackers").says("credential expires in 25 days", "credential expires in 1 day").lacks("credential expires in 31")
	b.get("/trackers/soon").says("1 to create", "credential expires in 25 days", "Make a new token at the tracker")
	b.get("/trackers/later").says("Waitingnothing").lacks("credential expires in")
	b.get("/trackers/never").lacks("Make a new token")
	w.advance(26 * time.Hour)
	w.as("viewer").get("/trackers/now").says("credential expired").lacks("Make a new token")
}

// TestResumeLink: a link that the loop breaker stopped has a button that sets
// it going again.
func TestResumeLink(t *testing.T) {
	w := newWorld(t)
	w.expiringTracker("acme", time.Time{})
	m := w.newMeasure(domain.NewMeasure{Title: "Alert on lag"})
	link, err := w.app.Links.Add(t.Context(), w.actor("member"), m.Key, "acme", "")
	if err != nil {
		t.Fatal(err)
	}
	path := "/measures/" + string(m.Key)
	b := w.as("member")
	b.get(path).lacks("Resume")
	link.State, link.Reason = domain.LinkOscillating, `title goes between "a" and "b"`
	if _, err := w.db.CommitLink(t.Context(), domain.LinkCommit{Link: link, MeasureVersion: m.Version, By: domain.By(domain.System(), ""), Now: w.now()}); err != nil {
		t.Fatal(err)
	}
	w.as("viewer").get(path).says(`title goes between "a" and "b"`).lacks("Resume")
	b.get(path).says("Resume")
	b.post(path+"/resume", "tracker", "acme").leads(path + "?done=resumed")
	b.get(path).says("set the link from acme: oscillating").lacks("Resume")
	b.post(path+"/resume", "tracker", "acme").says("only one that was stopped as oscillating can be resumed")
}
