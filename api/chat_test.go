package api

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestChatUpload reads a file into the messages of a review, once, and refuses
// what the page refuses too, writing nothing then.
func TestChatUpload(t *testing.T) {
	w := newWorld(t)
	w.post("member", prefix+"/incidents", object{"title": "Database down", "severity": "SEV2", "team": "t_a", "started_at": "2026-11-20T10:00:00Z"}).want(201)
	at := prefix + "/incidents/INC-1/review"
	w.post("member", at+"/times", nil).want(200)
	upload := func(as, query, body string) answer {
		return w.do(request{as: as, method: http.MethodPost, path: at + "/chat" + query, body: body, header: map[string]string{"Content-Type": "application/octet-stream"}})
	}
	const log = "[10:20] Ana Roth: The database is down.\n[10:25] Bo Lind: We fail over now.\n"
	said := func() int { return len(w.get("viewer", at+"/messages").want(200).json()["items"].([]any)) }

	for name, test := range map[string]struct {
		a      answer
		status int
		says   string
	}{
		"viewer":        {upload("viewer", "", log), 403, "may not edit here"},
		"stranger":      {upload("foreign", "", log), 404, "INC-1"},
		"empty":         {upload("member", "", ""), 422, "is empty; send the export as the body"},
		"no chat":       {upload("member", "", "\x00\x01\x02 nothing"), 422, ""},
		"bad day":       {upload("member", "?day=friday", log), 400, "friday"},
		"broken zip":    {upload("member", "?name=export.zip", "PK\x03\x04 and then nothing"), 422, ""},
		"too large":     {upload("member", "", strings.Repeat("x", maxChat+1)), 413, "the file is larger than 8 MiB"},
		"another media": {w.do(request{as: "member", method: http.MethodPost, path: at + "/chat", body: log}), 415, "send the file as Content-Type: application/octet-stream"},
	} {
		if test.a.status != test.status || !strings.Contains(string(test.a.body), test.says) {
			t.Errorf("%s: %d %s", name, test.a.status, test.a.body)
		}
	}
	if n := said(); n != 0 {
		t.Fatalf("%d messages were stored by refused uploads", n)
	}

	first := upload("member", "?name=bridge.txt&channel=bridge&audience=team", log).want(201).json()
	again := upload("member", "?name=bridge.txt&channel=bridge&audience=team", log).want(201).json()
	if first["added"] != 2.0 || again["added"] != 0.0 || again["skipped"] != 2.0 || said() != 2 {
		t.Errorf("first = %v, again = %v", first, again)
	}
	m := w.get("viewer", at+"/messages").want(200).json()["items"].([]any)[0].(object)
	if want := time.Date(2026, 11, 20, 10, 20, 0, 0, time.UTC); m["source"] != "bridge.txt" || m["channel"] != "bridge" || m["audience"] != "team" || m["at"] != *moment(want) {
		t.Errorf("the first message = %v", m)
	}
}
