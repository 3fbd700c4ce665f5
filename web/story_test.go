package web

import (
	"bytes"
	"testing"
)

// The history of an incident tells its times as people write them.
func TestStoryOfTimes(t *testing.T) {
	w := newWorld(t)
	w.demo()
	page := w.as("admin").get("/incidents/INC-1").want(200)
	page.says("set “Resolved” to 25 Nov 2026, 08:00", "changed “Started” from")
	if bytes.Contains(page.body, []byte("T08:00:00Z.")) {
		t.Error("the page shows a time as the database writes it")
	}
	if bytes.Contains(page.body, []byte(`data-label="Incident"`)) {
		t.Error("the plan of an incident names the incident in every row")
	}
}
