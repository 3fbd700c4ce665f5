package imports_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
)

func observations(text string) ([]domain.Observation, error) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return nil, err
	}
	return imports.Observations(imports.File{Name: "values.csv", Data: strings.NewReader(text)},
		imports.Options{Now: time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC), Zone: berlin})
}

func TestObservations(t *testing.T) {
	want := []domain.Observation{
		{Measure: "M-1", At: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Value: 4.5, Note: "after the rollout"},
		{Measure: "M-2", At: time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC), Value: -3},
	}
	for name, text := range map[string]string{
		"commas":     "measure,at,value,note\nM-1,2026-11-24T10:00:00Z,4.5,after the rollout\n\nM-2,2026-11-24,-3,\n",
		"semicolons": "Value;Measure;At;Note\n4,5;M-1;2026-11-24T11:00:00+01:00;after the rollout\n-3;M-2;24.11.2026;\n",
	} {
		got, err := observations(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestObservationsRefused(t *testing.T) {
	for name, tc := range map[string]struct{ text, says string }{
		"nothing":        {"measure,at,value\n", "has no observation"},
		"a column less":  {"measure,value\nM-1,2\n", "at: is missing"},
		"no number":      {"measure,at,value\nM-1,2026-11-24,high\n", `values.csv line 2, value: "high" is not a number`},
		"not finite":     {"measure,at,value\nM-1,2026-11-24,inf\n", "is not a number"},
		"no such day":    {"measure,at,value\nM-1,2026-02-30,1\n", "is not an instant"},
		"the future":     {"measure,at,value\nM-1,2027-01-01,1\n", "lies in the future"},
		"no measure":     {"measure,at,value\n,2026-11-24,1\n", "give the key of a measure"},
		"each bad row":   {"measure,at,value\nM-1,x,1\nM-1,2026-11-24,1\nM-1,2026-11-24,y\n", "line 4"},
		"too many rows":  {"measure,at,value\n" + strings.Repeat("M-1,2026-11-24,1\n", imports.MaxObservations+1), "split it"},
		"too many bytes": {"measure,at,value\n" + strings.Repeat("x", 5<<20), "larger than 4 MiB"},
	} {
		got, err := observations(tc.text)
		if err == nil || !strings.Contains(err.Error(), tc.says) || got != nil {
			t.Errorf("%s: %v, want %q", name, err, tc.says)
		}
	}
}
