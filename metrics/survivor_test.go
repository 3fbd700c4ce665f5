package metrics_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// twin is a measure of a small log: created, promised, closed and of which it is
// a duplicate; times are days of March 2026.
type twin struct {
	created, due, done int
	of                 string // with a value it is closed as a duplicate, "?" of nobody knows which
	moved              int    // due date set again on the day after creation
}

// logOf writes the history of twins M-1, M-2, ...
func logOf(twins ...twin) []domain.Change {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC) }
	var rows []domain.Change
	for n, w := range twins {
		c := &chronicle{m: domain.Measure{Key: domain.MeasureKey(fmt.Sprintf("M-%d", n+1)), Status: domain.Accepted, CreatedAt: day(w.created), Priority: domain.P1, Incident: "INC-1"}}
		if w.due != 0 {
			c.m.DueOn = domain.DateOf(day(w.due))
		}
		c.write(day(w.created), domain.Attribution{}, domain.MeasureCreated(c.m))
		if w.moved != 0 {
			c.change(day(w.created+1), domain.Attribution{}, func(m *domain.Measure) { m.DueOn = domain.DateOf(day(w.moved)) })
		}
		if w.done != 0 {
			c.change(day(w.done), domain.Attribution{}, func(m *domain.Measure) { m.Status = domain.Done })
		}
		if w.of != "" {
			c.change(day(28), domain.Attribution{}, func(m *domain.Measure) {
				m.Status, m.ClosureReason = domain.Cancelled, domain.Duplicate
				if w.of != "?" {
					m.DuplicateOf = domain.MeasureKey(w.of)
				}
			})
		}
		rows = append(rows, c.rows...)
	}
	for n := range rows {
		rows[n].Seq = int64(n + 1)
	}
	return rows
}

// judged is what a report says about the only measures that count.
type judged struct {
	N, Original, Cohort, Current, CurrentOf, Moved int
	DoneBy30                                       int
}

func judge(t *testing.T, s *metrics.Snapshot, asOf time.Time) judged {
	t.Helper()
	c := metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}}
	on, err := metrics.OnTime(s, c, metrics.DueSpan{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := metrics.Completion(s, c)
	if err != nil {
		t.Fatal(err)
	}
	return judged{len(r.Items), on.Original.X, on.Original.N, on.Current.X, on.Current.N, on.Moved.X, figureOf(r.Figures, "done_by_matured", "30").X}
}

func folded(t *testing.T, rows []domain.Change, asOf time.Time) *metrics.Snapshot {
	t.Helper()
	s, err := metrics.Fold(metrics.Chronicle{Changes: rows}, metrics.Cut{AsOf: asOf})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSurvivorInherits: closing the older one as a duplicate neither makes the
// promise later nor the work quicker (R7); the survivor's own moves stay its own.
func TestSurvivorInherits(t *testing.T) {
	asOf := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		twins []twin
		want  judged
	}{
		"alone":                 {[]twin{{created: 10, due: 25, done: 20}}, judged{1, 1, 1, 1, 1, 0, 1}},
		"an older promise":      {[]twin{{created: 10, due: 25, done: 20}, {created: 1, due: 15, of: "M-1"}}, judged{1, 0, 1, 1, 1, 0, 1}},
		"a later promise":       {[]twin{{created: 10, due: 25, done: 20}, {created: 1, due: 28, of: "M-1"}}, judged{1, 1, 1, 1, 1, 0, 1}},
		"no promise of its own": {[]twin{{created: 10, done: 20}, {created: 1, due: 15, of: "M-1"}}, judged{1, 0, 1, 0, 1, 0, 1}},
		"over a chain":          {[]twin{{created: 10, due: 25, done: 20}, {created: 9, due: 24, of: "M-1"}, {created: 1, due: 15, of: "M-2"}}, judged{1, 0, 1, 1, 1, 0, 1}},
		"moved itself":          {[]twin{{created: 10, due: 12, moved: 25, done: 20}, {created: 1, due: 15, of: "M-1"}}, judged{1, 0, 1, 1, 1, 1, 1}},
		"of nobody knows which": {[]twin{{created: 10, due: 25, done: 20}, {created: 1, due: 15, of: "?"}}, judged{1, 1, 1, 1, 1, 0, 1}},
		"of one out of sight":   {[]twin{{created: 10, due: 25, done: 20}, {created: 1, due: 15, of: "M-77"}}, judged{1, 1, 1, 1, 1, 0, 1}},
		"in a circle":           {[]twin{{created: 10, due: 25, of: "M-2"}, {created: 1, due: 15, of: "M-1"}}, judged{}},
		"an impossible one":     {[]twin{{created: 10, due: 25, done: 20}, {created: 5, due: 15, done: 2, of: "M-1"}}, judged{1, 1, 1, 1, 1, 0, 1}},
	} {
		if d := cmp.Diff(c.want, judge(t, folded(t, logOf(c.twins...), asOf), asOf)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	// From the first creation to done it took 24 days, not 15.
	s := folded(t, logOf(twin{created: 10, due: 26, done: 25}, twin{created: 1, of: "M-1"}), asOf)
	r, err := metrics.Completion(s, metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}})
	if err != nil || len(r.Items) != 1 || r.Items[0].Days != 24 {
		t.Errorf("items %+v, %v", r.Items, err)
	}
}

// TestUnnamedDuplicatesAreCounted: data quality says of how many duplicates
// nobody named the measure that goes on.
func TestUnnamedDuplicatesAreCounted(t *testing.T) {
	asOf := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	s := folded(t, logOf(twin{created: 1}, twin{created: 1, of: "M-1"}, twin{created: 1, of: "?"}, twin{created: 1, of: "?"}), asOf)
	r, err := metrics.Quality(s, metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Checks {
		if c.Name == "duplicates" && (c.Count != 3 || c.Of != 4) || c.Name == "duplicates_unnamed" && (c.Count != 2 || c.Of != 3) {
			t.Errorf("%s: %d of %d", c.Name, c.Count, c.Of)
		}
	}
}

// TestSurvivorInheritsAnew: a snapshot that is brought up to date row by row says
// the same as one folded anew, however often duplicates come and go, and so
// does its dump.
func TestSurvivorInheritsAnew(t *testing.T) {
	asOf := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	states := [][]twin{
		{{created: 10, due: 25, done: 20}, {created: 1, due: 15}, {created: 3, due: 14}},
		{{created: 10, due: 25, done: 20}, {created: 1, due: 15, of: "M-1"}, {created: 3, due: 14, of: "M-1"}},
		{{created: 9, due: 12, moved: 30, done: 14}, {created: 1, due: 15, of: "M-1"}, {created: 3, due: 14}},
		{{created: 10, due: 25, done: 20}, {created: 1, due: 15}, {created: 3, due: 14, of: "M-2"}},
		{{created: 10, due: 25, done: 20}, {created: 1, due: 15, of: "M-3"}, {created: 3, due: 14}},
	}
	rowOf := func(number int) int { return number - 1 }
	live := folded(t, logOf(states[0]...), asOf)
	for n, twins := range states {
		rows := logOf(twins...)
		for row := range twins {
			m := domain.Measure{Key: domain.MeasureKey(fmt.Sprintf("M-%d", row+1))}
			r, err := metrics.RecordOf(m, rows, metrics.Cut{AsOf: asOf})
			if err != nil {
				t.Fatal(err)
			}
			if err := live.Replace(row, r); err != nil {
				t.Fatal(err)
			}
		}
		live.Inherit(rowOf)
		fresh := folded(t, rows, asOf)
		if d := cmp.Diff(judge(t, fresh, asOf), judge(t, live, asOf)); d != "" {
			t.Errorf("state %d (-fresh +live):\n%s", n, d)
		}
		back, err := metrics.ReadSnapshot(bytes.NewReader(dumped(t, live)))
		if err != nil {
			t.Fatal(err)
		}
		back.Inherit(rowOf)
		live.Inherit(rowOf) // twice is once
		if !bytes.Equal(dumped(t, back), dumped(t, live)) {
			t.Errorf("state %d: the dump says something else", n)
		}
	}
}

// TestPinnedBeforeTheDuplicate: a report known before somebody closed the
// duplicate does not change by it.
func TestPinnedBeforeTheDuplicate(t *testing.T) {
	known := time.Date(2026, 3, 27, 0, 0, 0, 0, time.UTC)
	text := func(twins ...twin) string {
		raw, err := json.Marshal(judge(t, folded(t, logOf(twins...), known), known))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	before := text(twin{created: 10, due: 25, done: 20}, twin{created: 1, due: 15})
	if after := text(twin{created: 10, due: 25, done: 20}, twin{created: 1, due: 15, of: "M-1"}); before != after {
		t.Errorf("the report was %s and is %s", before, after)
	}
}
