package api

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMeasureLife(t *testing.T) {
	w := newWorld(t)
	inc := w.post("member", "/api/v1/incidents", object{"title": "Database down", "severity": "SEV1", "team": "t_a", "started_at": "2026-11-20T10:00:00Z"}).want(201)
	if inc.text("key") != "INC-1" || inc.text("started_at") != "2026-11-20T10:00:00.000Z" {
		t.Fatalf("incident = %s", inc.body)
	}
	key, tag := w.measure(object{"incident": "INC-1", "owner": "p_member", "due_on": "2026-12-08",
		"success_metric": object{"name": "time to detect replication lag", "unit": "min", "baseline": 42, "target": 5, "direction": "at_most", "window_days": 30, "verify_on": "2027-01-07"}})
	got := w.get("viewer", "/api/v1/measures/"+key).want(200).json()
	want := object{"key": "M-1", "incident": "INC-1", "title": "Alert on replication lag", "description": "", "kind": "detect", "priority": "P1",
		"status": "proposed", "closure_reason": nil, "closure_note": nil, "risk_accepted_until": nil, "duplicate_of": nil, "owner": "p_member", "external_owner": nil,
		"deputy": nil, "succeeds": nil, "crisis_check": nil, "question": nil, "team": "t_a", "due_on": "2026-12-08", "original_due_on": "2026-12-08", "due_moves": 0.0,
		"success_metric": object{"name": "time to detect replication lag", "unit": "min", "baseline": 42.0, "target": 5.0, "direction": "at_most",
			"window_days": 30.0, "verify_on": "2027-01-07", "not_measurable": nil},
		"verdict": nil, "verified_by": nil, "evidence_count": 0.0, "status_unknown": false, "overdue": false, "past_promise": false, "links": []any{},
		"created_at": "2026-11-25T09:00:00.000Z", "accepted_at": nil, "done_at": nil, "verified_at": nil, "cancelled_at": nil,
		"updated_at": "2026-11-25T09:00:00.000Z", "version": 1.0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("measure (-want +got):\n%s", diff)
	}

	accepted := w.patch("member", "/api/v1/measures/"+key, tag, object{"status": "accepted"}).want(200)
	w.patch("member", "/api/v1/measures/"+key, tag, object{"title": "late"}).want(http.StatusPreconditionFailed)
	// Merge patch: one part of the metric changes, the others stay, null clears.
	changed := w.patch("member", "/api/v1/measures/"+key, accepted.etag(), object{"success_metric": object{"target": 3, "window_days": nil}}).want(200)
	metric := changed.json()["success_metric"].(object)
	if metric["target"] != 3.0 || metric["window_days"] != nil || metric["unit"] != "min" || metric["verify_on"] != "2027-01-07" {
		t.Errorf("metric after patch = %v", metric)
	}
	moved := w.patch("member", "/api/v1/measures/"+key, changed.etag(), object{"due_on": "2026-12-20", "reason": "vendor is late"}).want(200)
	if moved.text("original_due_on") != "2026-12-08" || moved.json()["due_moves"] != 1.0 {
		t.Errorf("after moving the date: %s", moved.body)
	}
	twin, twinTag := w.measure(object{"incident": "INC-1", "owner": "p_member"})
	if closed := w.patch("member", "/api/v1/measures/"+twin, twinTag, object{"status": "cancelled", "closure_reason": "duplicate", "duplicate_of": key}).want(200); closed.text("duplicate_of") != key {
		t.Errorf("closed as a duplicate: %s", closed.body)
	}
	if list := w.get("viewer", "/api/v1/measures?duplicate_of="+key).want(200).json()["items"].([]any); len(list) != 1 || list[0].(object)["key"] != twin {
		t.Errorf("duplicates of %s: %v", key, list)
	}
	history := w.get("viewer", "/api/v1/measures/"+key+"/history").want(200).json()["items"].([]any)
	last := history[len(history)-1].(object)
	if last["field"] != "due_on" || last["from"] != "2026-12-08" || last["to"] != "2026-12-20" || last["reason"] != "vendor is late" || last["actor"] != "p_member" || last["source"] != "user" {
		t.Errorf("last history row = %v", last)
	}
	back := w.post("member", "/api/v1/measures/"+key+"/put-back", object{"seq": last["seq"], "reason": "vendor is on time"}).want(200)
	if back.text("due_on") != "2026-12-08" {
		t.Errorf("after putting back: %s", back.body)
	}
	w.post("member", "/api/v1/measures/"+key+"/evidence", object{"title": "Runbook", "url": "https://example.org/runbook"}).want(201)
	done := w.patch("member", "/api/v1/measures/"+key, "*", object{"status": "done"}).want(200)
	w.patch("member", "/api/v1/measures/"+key, done.etag(), object{"status": "verified", "verdict": "effective"}).want(422)
	verified := w.patch("admin", "/api/v1/measures/"+key, done.etag(), object{"status": "verified", "verdict": "effective"}).want(200)
	if verified.text("verified_by") != "p_admin" || verified.text("verdict") != "effective" {
		t.Errorf("verified = %s", verified.body)
	}
}
