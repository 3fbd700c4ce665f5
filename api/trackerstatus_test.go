package api

import (
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// milliseconds is the form of a time in the API.
const milliseconds = "2006-01-02T15:04:05.000Z07:00"

// TestTrackerStatus: the status tells what waits, until when, and when the
// credential ends.
func TestTrackerStatus(t *testing.T) {
	w := newWorld(t)
	ends := w.now().Add(7*24*time.Hour - time.Minute)
	w.trackers.githubUser = w.trackers.github.Token("robot", githubsim.TokenOptions{Repos: []string{"acme/platform"}, Expires: ends})
	w.platform(nil).want(201)
	at := prefix + "/trackers/platform/status"
	before := w.get("viewer", at).want(200).json()
	if q := before["queue"].(object); q["creates"] != 0.0 || before["eta"] != nil {
		t.Errorf("before: %v", before)
	}
	if before["credential_warning"] != "week" || before["credential_days_left"] != 6.0 || before["credential_expires"] != ends.Format(milliseconds) {
		t.Errorf("credential: %v, %v days, %v", before["credential_warning"], before["credential_days_left"], before["credential_expires"])
	}
	for range 3 {
		key, _ := w.measure(nil)
		w.post("member", prefix+"/measures/"+key+"/links", object{"tracker": "platform"}).want(201)
	}
	w.trackers.limits = domain.Limits{PauseUntil: w.now().Add(time.Hour)}
	after := w.get("viewer", at).want(200).json()
	if q := after["queue"].(object); q["creates"] != 3.0 || q["due"] != 3.0 || q["parked"] != 0.0 {
		t.Errorf("queue: %v", q)
	}
	if want := w.now().Add(time.Hour + 3*time.Second).Format(milliseconds); after["eta"] != want {
		t.Errorf("eta = %v, want %s", after["eta"], want)
	}
	w.trackers.limits = domain.Limits{}
	w.sync("platform")
	if q := w.get("viewer", at).want(200).json()["queue"].(object); q["creates"] != 0.0 || q["pushes"] != 0.0 {
		t.Errorf("after a pass: %v", q)
	}
	w.get("viewer", prefix+"/trackers/nowhere/status").want(404)

	// A new token brings its own end.
	token := w.trackers.github.Token("robot", githubsim.TokenOptions{Repos: []string{"acme/platform"}, Expires: w.now().Add(90 * 24 * time.Hour)})
	w.patch("admin", prefix+"/trackers/platform", "*", object{"credential": token}).want(200)
	if got := w.get("viewer", at).want(200).json(); got["credential_warning"] != nil || got["credential_days_left"] != 89.0 && got["credential_days_left"] != 90.0 {
		t.Errorf("after the new token: %v, %v days", got["credential_warning"], got["credential_days_left"])
	}
}

// stopLink marks a measure's link with tracker platform as stopped by the loop breaker.
func (w *world) stopLink(key string) {
	w.t.Helper()
	link, err := w.app.Links.Get(w.t.Context(), domain.System(), domain.MeasureKey(key), "platform")
	if err != nil {
		w.t.Fatal(err)
	}
	view, err := w.db.Link(w.t.Context(), link.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	view.Link.State, view.Link.Reason = domain.LinkOscillating, "the same two values in turn"
	if _, err := w.db.CommitLink(w.t.Context(), domain.LinkCommit{Link: view.Link, MeasureVersion: view.Measure.Version, By: domain.By(domain.System(), ""), Now: w.now()}); err != nil {
		w.t.Fatal(err)
	}
}

// TestResumeLink: a person sets a stopped link going again, once.
func TestResumeLink(t *testing.T) {
	w := newWorld(t)
	w.platform(nil).want(201)
	key, _ := w.measure(nil)
	at := prefix + "/measures/" + key + "/links/platform"
	w.post("member", prefix+"/measures/"+key+"/links", object{"tracker": "platform"}).want(201)
	w.sync("platform")
	w.post("member", at+"/resume", nil).want(409)
	w.stopLink(key)
	w.patch("member", prefix+"/measures/"+key, "*", object{"title": "Changed while it stood still"}).want(200)
	w.sync("platform")
	w.post("viewer", at+"/resume", nil).want(403)
	if got := w.post("member", at+"/resume", nil).want(200).json(); got["state"] != "pending" || got["reason"] != nil {
		t.Errorf("resumed: %v", got)
	}
	w.sync("platform")
	if got := w.get("viewer", at).want(200).json(); got["state"] != "synced" {
		t.Errorf("after a pass: %v", got)
	}
	w.issue("Changed while it stood still")
}
