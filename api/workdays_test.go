package api

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWorkingDays: the calendar is set as a part of the policy, what makes no
// sense is refused by field, new due dates follow it, and a report names the
// calendar of every version that had a say.
func TestWorkingDays(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/policies/current"
	change := object{"working_days": []any{"P1"}, "due_days": object{"P1": 3}, "sla_days": object{"P1": 3}, "due_grace_hours": 4,
		"calendar": object{"zone": "Europe/Berlin", "weekend": []any{0, 6}, "holidays": []any{"2026-11-27", "2026-11-26"}}}
	saved := w.patch("admin", path, "*", change).want(200)
	calendar := object{"zone": "Europe/Berlin", "weekend": []any{0.0, 6.0}, "holidays": []any{"2026-11-26", "2026-11-27"}}
	if d := cmp.Diff(calendar, saved.json()["calendar"]); d != "" || saved.json()["due_grace_hours"] != 4.0 {
		t.Errorf("saved %s\n%s", saved.body, d)
	}
	for field, body := range map[string]object{
		"working_days":      {"working_days": []any{"P9"}},
		"calendar.zone":     {"calendar": object{"zone": "Mars/Base"}},
		"calendar.weekend":  {"calendar": object{"weekend": []any{0, 1, 2, 3, 4, 5, 6}}},
		"due_grace_hours":   {"due_grace_hours": 1000},
		"calendar.holidays": {"calendar": object{"holidays": []any{""}}},
	} {
		if got := w.patch("admin", path, "*", body).want(422); !strings.Contains(string(got.body), field) {
			t.Errorf("%s: %s", field, got.body)
		}
	}
	// Wednesday 25 November; Thursday and Friday are holidays.
	key, _ := w.measure(object{"priority": "P1"})
	if m := w.get("viewer", "/api/v1/measures/"+key).want(200); m.text("due_on") != "2026-12-02" {
		t.Errorf("three working days end on %s", m.text("due_on"))
	}
	report := w.get("viewer", "/api/v1/stats/completion").want(200).json()
	policies := report["pins"].(object)["policies"].([]any)
	if last := policies[len(policies)-1].(object); cmp.Diff(calendar, last["calendar"]) != "" || cmp.Diff([]any{"P1"}, last["working_days"]) != "" {
		t.Errorf("the pins say %v", last)
	}
	w.patch("admin", path, "*", object{"calendar": nil}).want(200)
	if old := w.get("viewer", "/api/v1/policies/2").want(200).json()["calendar"]; cmp.Diff(calendar, old) != "" {
		t.Errorf("version 2 changed to %v", old)
	}
}
