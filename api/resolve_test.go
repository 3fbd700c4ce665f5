package api

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// TestResolve: both sides change a field, a person decides, both sides become
// equal, and the losing value is in the history and can be put back.
func TestResolve(t *testing.T) {
	const ours, theirs, third = "Alert on lag, ours", "Alert on lag, theirs", "Alert on lag, agreed"
	tests := map[string]struct {
		decide object
		winner string
		loser  string
	}{
		"ours":   {object{"choice": "ours"}, ours, theirs},
		"theirs": {object{"choice": "theirs", "reason": "they know"}, theirs, ours},
		"value":  {object{"choice": "value", "value": third}, third, theirs},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.platform(object{"conflict_policy": object{"title": "ask"}}).want(201)
			key, _ := w.measure(nil)
			at := prefix + "/measures/" + key
			w.post("member", at+"/links", object{"tracker": "platform"}).want(201)
			w.sync("platform")
			issue := w.issue("Alert on replication lag")
			w.patch("member", at, "*", object{"title": ours}).want(200)
			edited := theirs
			w.trackers.github.As("robot").Edit("acme/platform", issue.Number, githubsim.Edit{Title: &edited})
			w.sync("platform")

			open := w.get("viewer", prefix+"/conflicts?open=true&measure="+key).want(200).json()["items"].([]any)
			if len(open) != 1 {
				t.Fatalf("conflicts: %v", open)
			}
			conflict := open[0].(object)
			if conflict["ours"] != ours || conflict["theirs"] != theirs || conflict["base"] != "Alert on replication lag" || conflict["winner"] != nil {
				t.Errorf("conflict = %v", conflict)
			}
			if got := w.get("viewer", at).json()["links"].([]any)[0].(object)["state"]; got != "conflict" {
				t.Errorf("the link says %v", got)
			}
			if drift := w.get("viewer", prefix+"/trackers/platform/drift").want(200).json(); drift["equal"] != false {
				t.Errorf("drift says equal: %v", drift)
			}
			decide := prefix + "/conflicts/" + strconv.Itoa(int(conflict["id"].(float64))) + "/resolve"
			w.post("viewer", decide, tt.decide).want(http.StatusForbidden)
			done := w.post("member", decide, tt.decide).want(200)
			if done.text("winner") != tt.winner || done.text("resolved_by") != "p_member" || done.json()["open"] != false {
				t.Errorf("decided: %s", done.body)
			}
			w.post("member", decide, tt.decide).want(http.StatusConflict)
			w.sync("platform")
			if m := w.get("viewer", at); m.text("title") != tt.winner || w.issue(tt.winner).Number != issue.Number {
				t.Errorf("after deciding: %s", m.body)
			}
			if drift := w.get("viewer", prefix+"/trackers/platform/drift").want(200).json(); drift["equal"] != true {
				t.Errorf("drift: %v", drift)
			}

			var seq any
			side := ""
			for _, row := range w.get("viewer", at+"/history?limit=200").json()["items"].([]any) {
				row := row.(object)
				if row["overwritten"] != true {
					continue
				}
				for _, s := range []string{"from", "to"} {
					if row[s] == tt.loser {
						seq, side = row["seq"], s
					}
				}
			}
			if side == "" {
				t.Fatalf("the losing value %q is not in the history as overwritten", tt.loser)
			}
			w.post("member", at+"/put-back", object{"seq": seq, "side": side}).want(200)
			w.sync("platform")
			if w.issue(tt.loser).Number != issue.Number {
				t.Error("the value that was put back did not reach the issue")
			}
		})
	}
}
