package api

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func statistics() []string {
	return []string{"completion", "overdue", "flow", "recurrence", "effectiveness", "quality", "compare"}
}

// TestStatistics: every statistic says what it is and its pins, as JSON and as
// a table, and figures that rest on too little show their counts instead.
func TestStatistics(t *testing.T) {
	w := newWorld(t)
	w.post("member", "/api/v1/incidents", object{"title": "=HYPERLINK(1)", "team": "t_a", "services": []string{"db"}, "started_at": "2026-11-20T10:00:00Z", "resolved_at": "2026-11-20T12:00:00Z"}).want(201)
	for n := range 6 {
		key, _ := w.measure(object{"incident": "INC-1", "owner": "p_member", "due_on": "2026-11-26", "success_metric": object{"name": "lag", "target": 5, "direction": "at_most"}})
		if n < 3 {
			w.patch("member", "/api/v1/measures/"+key, "*", object{"status": "accepted"}).want(200)
			w.post("member", "/api/v1/measures/"+key+"/evidence", object{"title": "x", "url": "https://example.org"}).want(201)
			w.patch("member", "/api/v1/measures/"+key, "*", object{"status": "done"}).want(200)
		}
	}
	w.advance(20 * 24 * time.Hour)
	for _, name := range statistics() {
		t.Run(name, func(t *testing.T) {
			a := w.get("viewer", "/api/v1/stats/"+name).want(200)
			body := a.json()
			pins := body["pins"].(object)
			if body["statistic"] != name || pins["as_of"] != "2026-12-15T09:00:00.000Z" || pins["known_at"] != pins["as_of"] || pins["zone"] != "UTC" || pins["policy"] != 1.0 {
				t.Errorf("pins = %v", pins)
			}
			figures := 0
			eachObject(body["report"], func(o object) {
				shown, ok := o["shown"].(bool)
				if _, figure := o["definition"]; !ok || !figure {
					return
				}
				figures++
				if !shown && (o["value"] != nil || o["lower"] != nil || o["why"] == "") {
					t.Errorf("below its minimum n and shown: %v", o)
				}
				if o["definition"] == "" || o["n"] == nil {
					t.Errorf("without definition or n: %v", o)
				}
			})
			if figures == 0 && name != "quality" {
				t.Errorf("no figures in %s", a.body)
			}
			for _, word := range []string{"p_member", "p_viewer", "owner\":"} {
				if strings.Contains(string(a.body), word) {
					t.Errorf("says something of a person: %s", word)
				}
			}
			table := w.get("viewer", "/api/v1/stats/"+name+"?format=csv").want(200)
			if table.header.Get("Content-Type") != "text/csv; charset=utf-8" {
				t.Errorf("headers %v", table.header)
			}
			rows, err := csv.NewReader(strings.NewReader(string(table.body))).ReadAll()
			if err != nil || len(rows) < 5 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			for _, row := range rows[1:] {
				if row[0] != name {
					t.Errorf("row %v", row)
				}
			}
			pinned := w.get("viewer", "/api/v1/stats/"+name+"?as_of=2026-12-14&known_at=2026-12-14").want(200)
			if got := pinned.json()["pins"].(object); got["as_of"] != "2026-12-14T23:59:59.999Z" || got["position"] != 0.0 {
				t.Errorf("pinned: %v", got)
			}
			w.measure(nil)
			if again := w.get("viewer", "/api/v1/stats/"+name+"?as_of=2026-12-14&known_at=2026-12-14").want(200); string(again.body) != string(pinned.body) {
				t.Errorf("a pinned report changed:\n%s", cmp.Diff(string(pinned.body), string(again.body)))
			}
			for query, says := range map[string]string{
				"owner=p_member":                "query.owner is not known; use one of as_of",
				"as_of=2027-01-01":              "query.as_of 2027-01-01T23:59:59Z lies in the future; name a time that has passed",
				"known_at=tomorrow":             `query.known_at "tomorrow" is not`,
				"priority=P9":                   `query.priority "P9" is not accepted`,
				"format=xml":                    `query.format "xml" is not accepted; use one of json, csv`,
				"policy=7":                      "query.policy version 7 is not known; the newest one is 1",
				"policy=x":                      `query.policy "x" is not a version`,
				"from=2026-12-01&to=2026-11-01": "",
			} {
				if a := w.get("viewer", "/api/v1/stats/"+name+"?"+query); a.status != 400 && a.status != 422 || !strings.HasPrefix(a.problem(), says) {
					t.Errorf("%s: %d %s", query, a.status, a.problem())
				}
			}
		})
	}
	overdue := w.get("viewer", "/api/v1/stats/overdue?as_of=2026-12-14").want(200).json()["report"].(object)
	if overdue["open"] != 3.0 || overdue["current"].(object)["count"] != 3.0 {
		t.Errorf("overdue = %v", overdue)
	}
	filtered := w.get("viewer", "/api/v1/stats/overdue?as_of=2026-12-14&priority=P0").want(200).json()
	if filtered["report"].(object)["open"] != 0.0 || filtered["pins"].(object)["filter"].(object)["priority"].([]any)[0] != "P0" {
		t.Errorf("filtered = %v", filtered)
	}
	if foreign := w.get("foreign", "/api/v1/stats/overdue").want(200).json()["report"].(object); foreign["open"] != 0.0 {
		t.Errorf("another team sees %v", foreign)
	}
	completion := w.get("viewer", "/api/v1/stats/completion?as_of=2026-12-14").want(200).json()["report"].(object)
	for name, origin := range map[string]string{"sla": "created", "sla_from_resolved": "incident resolved"} {
		if got, _ := completion[name].(object); got["origin"] != origin {
			t.Errorf("%s = %v, want the clock from %s", name, got, origin)
		}
	}
	if by := w.get("viewer", "/api/v1/stats/compare?by=priority&endpoint=done").want(200).json()["report"].(object); by["by"] != "priority" || by["endpoint"] != "done" {
		t.Errorf("compare = %v", by)
	}
	w.get("viewer", "/api/v1/stats/compare?by=owner").want(400)
}

// eachObject calls f for every object inside a JSON value.
func eachObject(v any, f func(object)) {
	switch x := v.(type) {
	case object:
		f(x)
		for _, inner := range x {
			eachObject(inner, f)
		}
	case []any:
		for _, inner := range x {
			eachObject(inner, f)
		}
	}
}

func TestSafeCell(t *testing.T) {
	for in, want := range map[string]string{"": "", "x": "x", "-0.5": "-0.5", "+1": "+1", "=1+1": "'=1+1", "@SUM": "'@SUM", "-x": "'-x", "\tx": "'\tx", "＝1": "'＝1"} {
		if got := safeCell(in); got != want {
			t.Errorf("%q is written %q, want %q", in, got, want)
		}
	}
}

// TestEffectOfMeasure: what one success metric shows, held against the document
// with everything filled in.
func TestEffectOfMeasure(t *testing.T) {
	w := newWorld(t)
	key, _ := w.measure(object{"owner": "p_member", "success_metric": object{"name": "lag", "target": 5, "direction": "at_most", "window_days": 30}})
	path := "/api/v1/measures/" + key
	observe := func(from time.Time, values ...float64) {
		var items []object
		for n, v := range values {
			items = append(items, object{"at": from.Add(time.Duration(n) * time.Hour).Format(time.RFC3339), "value": v})
		}
		w.post("member", path+"/observations", object{"items": items}).want(201)
	}
	observe(w.now().AddDate(0, 0, -2), 40, 41, 44, 39, 46, 42, 43, 44, 41, 40, 39, 42, 44)
	w.patch("member", path, "*", object{"status": "accepted"}).want(200)
	w.post("member", path+"/evidence", object{"title": "x", "url": "https://example.org"}).want(201)
	w.patch("member", path, "*", object{"status": "done"}).want(200)
	w.advance(45 * 24 * time.Hour)
	observe(w.now().AddDate(0, 0, -20), 4, 3, 5, 4, 4.5, 3, 4, 5, 3, 4, 4, 3, 5)
	a := w.get("viewer", path+"/effect").want(200)
	report := a.json()["report"].(object)
	if a.json()["verify_due"] != true || report["attained"] != true || report["proposed"] != true || report["median"] != 4.0 || report["chart"] == nil || report["series"] == nil {
		t.Errorf("effect = %s", a.body)
	}
	w.get("foreign", path+"/effect").want(404)
}
