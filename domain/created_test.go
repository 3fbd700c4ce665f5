package domain

import (
	"encoding/json"
	"maps"
	"testing"
)

// The short way reads what the library reads, and nothing that it refuses.
func FuzzCreatedFields(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"title":"Alert"}`, `{"a":"x\ny","b":"\u003cé","c":""}`, `{"a":"1","a":"2"}`, `{ "a": "x" }`, `{"a":"x",}`, `{"a":1}`, `{"a":null}`,
		`{"a":"x"}}`, `{"a":"x"`, `{"a"}`, `{,}`, `{"a":"\q"}`, `{"a":"\"}`, "{\"a\":\"\x01\"}", "{\"a\":\"\xff\"}", `{"a":"x""b":"y"}`, `{"\ud800":"x"}`, ``, `[]`, `null`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := map[string]string{}
		refused := json.Unmarshal([]byte(text), &want)
		got, ok := plainFields(text)
		if ok && (refused != nil || !maps.Equal(got, want)) {
			t.Fatalf("%q: %v, the library says %v, %v", text, got, want, refused)
		}
		written, err := json.Marshal(want)
		if refused != nil || err != nil {
			return
		}
		if again, ok := plainFields(string(written)); want != nil && (!ok || !maps.Equal(again, want)) {
			t.Fatalf("%s is not read: %v", written, again)
		}
	})
}
