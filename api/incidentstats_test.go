package api

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestIncidentStats: counts of one incident with their definitions, against both
// dates, as JSON and as a table; pinned ones keep their bytes after later edits.
func TestIncidentStats(t *testing.T) {
	w := newWorld(t)
	w.post("member", "/api/v1/incidents", object{"title": "Down", "team": "t_a", "started_at": "2026-11-20T10:00:00Z", "resolved_at": "2026-11-20T12:00:00Z"}).want(201)
	key, _ := w.measure(object{"incident": "INC-1", "due_on": "2026-11-26"})
	w.measure(object{"incident": "INC-1", "due_on": "2026-11-26"})
	w.patch("member", "/api/v1/measures/"+key, "*", object{"due_on": "2027-02-01", "reason": "holidays"}).want(200)
	w.advance(10 * 24 * time.Hour)
	at := "/api/v1/incidents/INC-1/stats"
	live := w.get("viewer", at).want(200).json()
	if live["open"] != 2.0 || live["overdue"] != 1.0 || live["past_promise"] != 2.0 || live["pinned_as_of"] != nil || len(live["definitions"].([]any)) != 3 {
		t.Errorf("live: %v", live)
	}
	table := string(w.get("viewer", at+"?format=csv").want(200).body)
	if head, row, _ := strings.Cut(table, "\n"); !strings.Contains(head, "overdue,past_promise") || !strings.HasPrefix(row, "INC-1,2026-12-0") || !strings.Contains(row, "A1 A2 A7,2,0") {
		t.Errorf("table:\n%s", table)
	}
	w.advance(time.Hour)
	pins := "?as_of=" + w.now().Add(-time.Minute).Format(time.RFC3339) + "&known_at=" + w.now().Add(-time.Minute).Format(time.RFC3339)
	pinned := w.get("viewer", at+pins).want(200)
	if got := pinned.json(); got["past_promise"] != 2.0 || got["known_at"] == nil || got["pinned_as_of"] == nil {
		t.Errorf("pinned: %v", got)
	}
	w.patch("member", "/api/v1/measures/"+key, "*", object{"status": "cancelled", "closure_reason": "wont_do", "reason": "no"}).want(200)
	w.measure(object{"incident": "INC-1"})
	if again := w.get("viewer", at+pins).want(200); string(again.body) != string(pinned.body) {
		t.Errorf("pinned counts changed:\n%s", cmp.Diff(string(pinned.body), string(again.body)))
	}
	if now := w.get("viewer", at).want(200).json(); now["cancelled"] != 1.0 || now["total"] != 3.0 {
		t.Errorf("the counts of now did not move: %v", now)
	}
	w.get("viewer", at+"?as_of=2020-01-01").want(404)
	w.get("viewer", at+"?as_of=2099-01-01").want(400)
	w.get("viewer", at+"?format=xml").want(400)
	w.get("foreign", at+pins).want(404)
	w.get("foreign", at).want(404)
}
