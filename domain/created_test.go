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
		if ok && (refused != nil || !maps.Equal(got.asMap(), want)) {
			t.Fatalf("%q: %v, the library says %v, %v", text, got, want, refused)
		}
		for name, value := range want {
			if ok && got.Get(name) != value {
				t.Fatalf("%q: %q is %q, the library says %q", text, name, got.Get(name), value)
			}
		}
		written, err := json.Marshal(want)
		if refused != nil || err != nil {
			return
		}
		if again, ok := plainFields(string(written)); want != nil && (!ok || !maps.Equal(again.asMap(), want)) {
			t.Fatalf("%s is not read: %v", written, again)
		}
	})
}

func TestFields(t *testing.T) {
	for _, text := range []string{`{"status":"done","title":"a\nb"}`, `{ "title": "a\nb", "status": "done" }`} {
		row := Change{Kind: ChangeCreate, To: text}
		fields, err := row.CreatedFields()
		if err != nil {
			t.Fatal(err)
		}
		if fields.Get("title") != "a\nb" || fields.Get("status") != "done" || fields.Get("team") != "" {
			t.Errorf("%s: %v", text, fields)
		}
		fields.Set("title", "c")
		fields.Set("team", "t")
		if want := (map[string]string{"title": "c", "status": "done", "team": "t"}); !maps.Equal(fields.asMap(), want) {
			t.Errorf("%s: changed to %v", text, fields)
		}
	}
}
