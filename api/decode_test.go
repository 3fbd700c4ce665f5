package api

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecode(t *testing.T) {
	deep := strings.Repeat(`{"x":`, 40) + "1" + strings.Repeat("}", 40)
	tests := map[string]struct {
		body   string
		status int
		faults []fault
		detail string
	}{
		"fine":              {body: `{"title":"x","due_on":"2026-12-08","success_metric":{"target":5},"priority":null}`},
		"empty object":      {body: `{}`},
		"empty":             {body: ``, status: 400, detail: "the body is empty; send a JSON object"},
		"not an object":     {body: `[]`, status: 400, detail: "the body is not a JSON object"},
		"broken":            {body: `{"title":`, status: 400, detail: "the body is not valid JSON near byte 9"},
		"trailing":          {body: `{} {}`, status: 400, detail: "something follows after the JSON object; send one object only"},
		"trailing rubbish":  {body: `{}x`, status: 400, detail: "something follows after the JSON object; send one object only"},
		"not UTF-8":         {body: "{\"title\":\"\xff\"}", status: 400, detail: "the body is not valid UTF-8 text"},
		"too deep":          {body: deep, status: 400, detail: "the body nests deeper than 32 levels"},
		"too deep lists":    {body: `{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, status: 400, detail: "the body nests deeper than 32 levels"},
		"unknown":           {body: `{"id":999,"title":"x"}`, status: 400, faults: []fault{{"body.id", "is not known"}}},
		"other case":        {body: `{"Title":"x"}`, status: 400, faults: []fault{{"body.Title", "is not known; it is written title"}}},
		"doubled":           {body: `{"title":"a","title":"b"}`, status: 400, faults: []fault{{"body.title", "is given twice"}}},
		"nested unknown":    {body: `{"success_metric":{"goal":1}}`, status: 400, faults: []fault{{"body.success_metric.goal", "is not known"}}},
		"nested doubled":    {body: `{"success_metric":{"unit":"a","unit":"b"}}`, status: 400, faults: []fault{{"body.success_metric.unit", "is given twice"}}},
		"wrong types":       {body: `{"title":5,"success_metric":[],"due_on":true}`, status: 422, faults: []fault{{"body.title", "is a number; write a text"}, {"body.success_metric", "is a list; write an object"}, {"body.due_on", "is true or false; write a date as YYYY-MM-DD"}}},
		"impossible date":   {body: `{"due_on":"2026-02-30"}`, status: 422, faults: []fault{{"body.due_on", `"2026-02-30" is not a date; write YYYY-MM-DD, for example 2026-12-08`}}},
		"empty date":        {body: `{"due_on":""}`, status: 422, faults: []fault{{"body.due_on", "is empty; write null to clear it"}}},
		"not whole":         {body: `{"success_metric":{"window_days":1.5}}`, status: 422, faults: []fault{{"body.success_metric.window_days", "1.5 is not a whole number in range"}}},
		"number too large":  {body: `{"success_metric":{"target":1e999}}`, status: 400, detail: "the body holds a number that is out of range"},
		"unknown and wrong": {body: `{"title":5,"x":1}`, status: 400, faults: []fault{{"body.x", "is not known"}, {"body.title", "is a number; write a text"}}},
	}
	as := withBody(route{}, func(*call, *measurePatch) (reply, error) { return reply{}, nil }).shape
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var in measurePatch
			err := decode([]byte(tt.body), as, &in)
			var r *refusal
			if !errors.As(err, &r) {
				if err != nil || tt.status != 0 {
					t.Fatalf("decode = %v, want status %d", err, tt.status)
				}
				return
			}
			if r.status != tt.status {
				t.Errorf("status %d, want %d (%s)", r.status, tt.status, r.detail)
			}
			if tt.detail != "" && r.detail != tt.detail {
				t.Errorf("detail %q, want %q", r.detail, tt.detail)
			}
			if diff := cmp.Diff(tt.faults, r.faults, cmp.AllowUnexported(fault{})); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDecodeTellsApart checks the three things a merge patch can say.
func TestDecodeTellsApart(t *testing.T) {
	as := withBody(route{}, func(*call, *measurePatch) (reply, error) { return reply{}, nil }).shape
	var in measurePatch
	if err := decode([]byte(`{"owner":null,"team":"t_a","success_metric":{"unit":null,"target":5}}`), as, &in); err != nil {
		t.Fatal(err)
	}
	e := in.patch()
	if e.Title.Set || !e.Owner.Set || e.Owner.Value != "" || e.Team.Value != "t_a" || e.MetricPatch == nil || e.Metric.Set {
		t.Errorf("patch = %+v", e.MeasureEdit)
	}
}

// FuzzDecode looks for bodies that break the decoder, and for bodies it takes
// although encoding/json, told to be strict, does not.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"title":"x","success_metric":{"target":5}}`))
	f.Add([]byte(`{"title":"x","title":"y"}`))
	f.Add([]byte(`{"a":[1,{"b":null}]}`))
	as := withBody(route{}, func(*call, *measurePatch) (reply, error) { return reply{}, nil }).shape
	f.Fuzz(func(t *testing.T, body []byte) {
		var in measurePatch
		err := decode(body, as, &in)
		var r *refusal
		if err != nil && (!errors.As(err, &r) || r.status != http.StatusBadRequest && r.status != http.StatusUnprocessableEntity) {
			t.Fatalf("%q: %v", body, err)
		}
	})
}
