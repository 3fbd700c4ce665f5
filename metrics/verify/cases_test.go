package verify_test

import (
	"strings"
	"testing"

	"github.com/followthrough/followthrough/metrics/verify"
)

// one wraps a single case into a reference file.
func one(body string) string {
	return `{"schema":"statistics-reference/1","tolerance":{"relative":1e-6,"absolute":1e-9},"cases":[` + body + `]}`
}

func TestRunRefusesWhatIsNoReferenceFile(t *testing.T) {
	for name, text := range map[string]string{
		"empty":           "",
		"not JSON":        "hello",
		"other schema":    `{"schema":"other/1","tolerance":{},"cases":[]}`,
		"no tolerance":    `{"schema":"statistics-reference/1","cases":[]}`,
		"negative":        `{"schema":"statistics-reference/1","tolerance":{"relative":-1},"cases":[]}`,
		"an array":        `[]`,
		"no cases":        one(""),
		"cut in the half": one(`{"id":"a"`)[:60],
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := verify.Run(strings.NewReader(text), func(r verify.Result) { t.Errorf("reported %v", r) })
			if err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestRunCountsAsFailed(t *testing.T) {
	for name, c := range map[string]struct{ body, problem string }{
		"unknown kind":      {`{"id":"a","kind":"astrology","input":{},"expected":{"x":1}}`, "unknown kind"},
		"nothing expected":  {`{"id":"a","kind":"proportion","input":{"x":1,"n":2,"conf":0.95},"expected":{}}`, "no expected values"},
		"wrong value":       {`{"id":"a","kind":"proportion","input":{"x":1,"n":2,"conf":0.95},"expected":{"p":0.6}}`, ".p: want 0.6, got 0.5"},
		"value for null":    {`{"id":"a","kind":"proportion","input":{"x":0,"n":0,"conf":0.95},"expected":{"p":0}}`, "want 0, got null"},
		"null for value":    {`{"id":"a","kind":"proportion","input":{"x":1,"n":2,"conf":0.95},"expected":{"p":null}}`, "got 0.5"},
		"unknown part":      {`{"id":"a","kind":"proportion","input":{"x":1,"n":2,"conf":0.95},"expected":{"q":1}}`, ".q: is not computed"},
		"unknown input":     {`{"id":"a","kind":"proportion","input":{"x":1,"n":2,"conf":0.95,"y":1},"expected":{"p":0.5}}`, "unknown field"},
		"refused input":     {`{"id":"a","kind":"proportion","input":{"x":3,"n":2,"conf":0.95},"expected":{"p":1.5}}`, "3 of 2"},
		"short column":      {`{"id":"a","kind":"kaplan_meier","input":{"time":[1,2],"status":[1],"conf":0.95},"expected":{"n":2}}`, "one value per row"},
		"length":            {`{"id":"a","kind":"kaplan_meier","input":{"time":[1,2],"status":[1,0],"conf":0.95},"expected":{"time":[1]}}`, "want 1 values, got 2 values"},
		"unlisted exposure": {`{"id":"a","kind":"recurrence_states","input":{"as_of":"2026-02-01T00:00:00Z","zone":"UTC","retired":null,"incidents":[{"id":"A","start":"2026-01-01T00:00:00Z","resolved":"2026-01-02T00:00:00Z"}],"measures":[]},"expected":{"exposure_days":{}}}`, "exposure_days.none: is not expected"},
		"unknown zone":      {`{"id":"a","kind":"measure_facts","input":{"as_of":"2026-02-01T00:00:00Z","zone":"Mars/Olympus","events":[]},"expected":{"state":"open"}}`, "Mars/Olympus"},
		"done before birth": {`{"id":"a","kind":"measure_facts","input":{"as_of":"2026-01-01T00:00:00Z","zone":"UTC","events":[{"at":"2026-02-01T00:00:00Z","type":"created"}]},"expected":{"state":"open"}}`, "was not created by"},
	} {
		t.Run(name, func(t *testing.T) {
			var got verify.Result
			passed, failed, err := verify.Run(strings.NewReader(one(c.body)), func(r verify.Result) { got = r })
			if err != nil || passed != 0 || failed != 1 {
				t.Fatalf("passed %d, failed %d, err %v; want one failure", passed, failed, err)
			}
			if !strings.Contains(got.Problem, c.problem) {
				t.Errorf("problem %q, want it to say %q", got.Problem, c.problem)
			}
			if !strings.Contains(got.String(), "FAILED") {
				t.Errorf("line %q does not say FAILED", got)
			}
		})
	}
}

func TestToleranceIsOfTheFile(t *testing.T) {
	body := `{"id":"a","kind":"proportion","input":{"x":1,"n":2,"conf":0.95},"expected":{"p":0.501}}`
	loose := strings.Replace(one(body), `"relative":1e-6`, `"relative":0.01`, 1)
	for name, c := range map[string]struct {
		text string
		want int
	}{"tight": {one(body), 0}, "loose": {loose, 1}} {
		t.Run(name, func(t *testing.T) {
			passed, _, err := verify.Run(strings.NewReader(c.text), func(verify.Result) {})
			if err != nil || passed != c.want {
				t.Errorf("passed %d, err %v; want %d", passed, err, c.want)
			}
		})
	}
}

// FuzzRun feeds arbitrary files: whatever they hold, Run neither panics nor
// miscounts.
func FuzzRun(f *testing.F) {
	f.Add(one(`{"id":"a","kind":"kaplan_meier","input":{"time":[1,1e308,0],"status":[1,0,2],"conf":0.95,"entry":[0,5,0]},"expected":{"n":3,"quantiles":{"p":[0.5,7]},"at":{"t":[-1,2]},"rmst":{"tau":1e300}}}`))
	f.Add(one(`{"id":"a","kind":"logrank","input":{"time":[1,2,2],"status":[1,0,1],"group":[1,3,1]},"expected":{"df":1}}`))
	f.Add(one(`{"id":"a","kind":"aalen_johansen","input":{"time":[1,2,2],"status":[1,0,2],"conf":0.95},"expected":{"causes":[{"at":{"t":[1]}}]}}`))
	f.Add(one(`{"id":"a","kind":"mcf","input":{"conf":0.95,"subjects":[{"start":0,"end":3,"events":[1,1]},{"start":2,"end":3,"events":[]}]},"expected":{"at":{"t":[0,2,9]}}}`))
	f.Add(one(`{"id":"a","kind":"rate_ratio","input":{"events_after":3,"exposure_after":1,"events_before":0,"exposure_before":2,"conf":0.9},"expected":{"ratio":null}}`))
	f.Add(one(`{"id":"a","kind":"trend","input":{"conf":0.95,"systems":[{"times":[1,2],"end":2,"failure_truncated":true}]},"expected":{"n_used":1}}`))
	f.Add(one(`{"id":"a","kind":"shift","input":{"before":[1,2],"after":[2,2],"conf":0.95},"expected":{"u":3}}`))
	f.Add(one(`{"id":"a","kind":"its","input":{"y":[1,2,1,3,2,4],"change_index":3},"expected":{"lag":2}}`))
	f.Add(one(`{"id":"a","kind":"forecast","input":{"backlog":3,"weekly_done":[1,0],"weekly_arrivals":[0,2],"max_weeks":9},"expected":{"percentiles":[0.5],"cdf_weeks":[-1,3,99]}}`))
	f.Add(one(`{"id":"a","kind":"measure_facts","input":{"as_of":"2026-02-01T00:00:00Z","zone":"UTC","events":[{"at":"2026-01-02T00:00:00Z","type":"created"},{"at":"2026-01-01T00:00:00Z","type":"done"},{"at":"2026-01-03T00:00:00Z","type":"due_set","due":"2026-01-09"}]},"expected":{"state":"done"}}`))
	f.Add(one(`{"id":"a","kind":"andersen_gill","input":{"id":[1,2],"start":[0,0],"stop":[1,2],"event":[1,0],"x":[[1,0]]},"expected":{"coef":[1]}}`))
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			t.Skip("long inputs only make the estimators slow")
		}
		reported := 0
		passed, failed, err := verify.Run(strings.NewReader(text), func(verify.Result) { reported++ })
		if passed+failed != reported || (err != nil && reported > 0) {
			t.Errorf("passed %d, failed %d, reported %d, err %v", passed, failed, reported, err)
		}
	})
}
