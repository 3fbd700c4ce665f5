package plainjson_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/followthrough/followthrough/plainjson"
)

// The order of members stays, names are quoted, and escaping is the encoder's.
func TestObject(t *testing.T) {
	o := plainjson.Object{}.With("b", 1).With("a", plainjson.Object{}.With(`q"<`, "x & <y>")).With("none", nil)
	const want = `{"b":1,"a":{"q\"\u003c":"x \u0026 \u003cy\u003e"},"none":null}`
	if got, err := json.Marshal(o); err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	text, err := o.MarshalJSON()
	var back map[string]any
	if err != nil || json.Unmarshal(text, &back) != nil || back["a"].(map[string]any)[`q"<`] != "x & <y>" {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := json.Marshal(plainjson.Object{}.With("v", math.NaN())); err == nil {
		t.Error("a value that JSON does not have is written")
	}
}

func TestSnake(t *testing.T) {
	for in, want := range map[string]string{"AsOf": "as_of", "DueOn": "due_on", "N": "n", "ByPriority": "by_priority", "SLA": "sla", "SLAPriority": "sla_priority", "ChiSq": "chi_sq",
		"P85": "p85", "OnTimeAll": "on_time_all", "DF": "df", "LaplaceU": "laplace_u", "MILP": "milp", "": ""} {
		if got := plainjson.Snake(in); got != want {
			t.Errorf("%s = %s, want %s", in, got, want)
		}
	}
}
