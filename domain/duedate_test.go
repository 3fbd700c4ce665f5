package domain_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
)

func TestDueDate(t *testing.T) {
	day := domain.MustDate
	undated := func(m *domain.Measure) {
		m.DueOn, m.OriginalDueOn, m.Priority = domain.Date{}, domain.Date{}, domain.P4
	}
	moved := func(m *domain.Measure) { m.DueOn, m.LastDueOn, m.DueMoves = day("2026-07-08"), day("2026-07-08"), 1 }
	machine := person(ana)
	machine.Source = domain.FromSystem
	for name, c := range map[string]struct {
		m      domain.Measure
		to     domain.Date
		reason string
		by     domain.Actor
		want   []string
		moves  int
	}{
		"later":               {measure(t), day("2026-07-15"), "supplier is late", person(ana), nil, 1},
		"earlier":             {measure(t), day("2026-06-20"), "audit comes", person(ana), nil, 1},
		"silent":              {measure(t), day("2026-07-15"), "", person(ana), []string{"reason: moving the due date from 2026-07-01 needs a reason"}, 0},
		"the same":            {measure(t), day("2026-07-01"), "", person(ana), nil, 0},
		"again":               {measure(t, moved), day("2026-07-22"), "still late", person(ana), nil, 2},
		"back to the promise": {measure(t, moved), day("2026-07-01"), "made it", person(ana), nil, 2},
		"first":               {measure(t, undated), day("2026-07-15"), "", person(ana), nil, 0},
		"before creation":     {measure(t, undated), day("2026-06-04"), "", person(ana), []string{"due_on: 2026-06-04 lies before the day of creation, 2026-06-05"}, 0},
		"by a machine":        {measure(t), day("2026-07-15"), "", machine, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			promise := c.m.OriginalDueOn
			got, err := edit(t, c.m, domain.MeasureEdit{DueOn: domain.Some(c.to), Reason: c.reason}, c.by)
			refused(t, err, c.want...)
			if err != nil {
				return
			}
			if promise.IsZero() {
				promise = c.to
			}
			if got.DueOn != c.to || got.OriginalDueOn != promise || got.DueMoves != c.moves {
				t.Errorf("due %s, promised %s, %d moves; want %s, %s, %d", got.DueOn, got.OriginalDueOn, got.DueMoves, c.to, promise, c.moves)
			}
		})
	}
}

// TestDueMoves: a move is a change to a date that differs from the last one
// that was set; taking a date away is none, and neither is setting it again.
func TestDueMoves(t *testing.T) {
	for name, c := range map[string]struct {
		dates []string
		moves int
	}{
		"taken away":                    {[]string{"2026-07-01", ""}, 0},
		"taken away, set again":         {[]string{"2026-07-01", "", "2026-07-01"}, 0},
		"taken away, another":           {[]string{"2026-07-01", "", "2026-07-08"}, 1},
		"moved, taken away, set again":  {[]string{"2026-07-01", "2026-07-08", "", "2026-07-08"}, 1},
		"moved, taken away, as promise": {[]string{"2026-07-01", "2026-07-08", "", "2026-07-01"}, 2},
		"first date later":              {[]string{"", "2026-07-01", "2026-07-01"}, 0},
	} {
		m := domain.Measure{Title: "x", Status: domain.Proposed, CreatedAt: now().AddDate(-1, 0, 0)}
		for _, text := range c.dates {
			due := domain.MustDate(text)
			if err := m.Edit(domain.MeasureEdit{DueOn: domain.Some(due), Reason: "r"}, person(ana), rules()); err != nil {
				t.Fatal(err)
			}
		}
		if m.DueMoves != c.moves {
			t.Errorf("%s: %d moves, want %d", name, m.DueMoves, c.moves)
		}
	}
}

// TestDueGrace: within the policy's grace a first date is corrected, whoever
// does it: no reason, no move, and the history says so. Afterwards it is moved.
func TestDueGrace(t *testing.T) {
	graceful := rules()
	graceful.Policy.DueGraceHours = 2
	made := func() domain.Measure {
		m, err := domain.NewMeasure{Title: "x", DueOn: domain.MustDate("2026-07-10")}.Create("m1", person(ana), graceful.Policy, now(), time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for name, c := range map[string]struct {
		after    time.Duration
		tracker  bool
		promised string
		moves    int
	}{
		"at once":             {time.Minute, false, "2026-07-01", 0},
		"the last instant":    {2*time.Hour - 1, false, "2026-07-01", 0},
		"too late":            {2 * time.Hour, false, "2026-07-10", 1},
		"on the tracker":      {time.Minute, true, "2026-07-01", 0},
		"late on the tracker": {3 * time.Hour, true, "2026-07-10", 1},
	} {
		before := made()
		m, r := before, graceful
		r.Now = now().Add(c.after)
		err := m.Receive([]domain.FieldUpdate{{Field: domain.FieldDueOn, Value: "2026-07-01"}}, domain.Attribution{Source: domain.FromJira}, r.Now)
		if !c.tracker {
			m = before
			reason := ""
			if c.moves > 0 {
				reason = "typed wrong"
			}
			err = m.Edit(domain.MeasureEdit{DueOn: domain.Some(domain.MustDate("2026-07-01")), Reason: reason}, person(ana), r)
		}
		if err != nil || m.OriginalDueOn.String() != c.promised || m.DueMoves != c.moves || m.DueOn != domain.MustDate("2026-07-01") {
			t.Errorf("%s: due %s, promised %s, %d moves, %v", name, m.DueOn, m.OriginalDueOn, m.DueMoves, err)
		}
		rows := domain.MeasureChanges(before, m)
		if corrected := rows[0].Field == "original_due_on"; corrected != (c.moves == 0) || rows[len(rows)-1].Field != "due_on" {
			t.Errorf("%s: rows %+v", name, rows)
		}
	}
	m := made()
	if err := m.Edit(domain.MeasureEdit{DueOn: domain.Some(domain.MustDate("2026-07-01"))}, person(ana), rules()); err != nil {
		t.Errorf("the grace is that of the promise, not of the policy now: %v", err)
	}
}

// TestPromiseStays: whatever people and trackers do with the due date, the
// first one stays the promise, and moves only ever add up.
func TestPromiseStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := domain.Measure{Title: "x", Status: domain.Proposed, CreatedAt: now().AddDate(-1, 0, 0)}
		var promise domain.Date
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			var due domain.Date
			if n := rapid.IntRange(0, 5).Draw(t, "day"); n > 0 {
				due = domain.MustDate("2026-07-01").AddDays(n)
			}
			moves := m.DueMoves
			var err error
			if rapid.Bool().Draw(t, "tracker") {
				err = m.Receive([]domain.FieldUpdate{{Field: domain.FieldDueOn, Value: due.String()}}, domain.Attribution{Source: domain.FromJira}, now())
			} else {
				err = m.Edit(domain.MeasureEdit{DueOn: domain.Some(due), Reason: "r"}, person(ana), rules())
			}
			if err != nil {
				t.Fatal(err)
			}
			if promise.IsZero() {
				promise = due
			}
			if m.OriginalDueOn != promise || m.DueOn != due || m.DueMoves < moves {
				t.Fatalf("due %s, promised %s (want %s), moves %d after %d", m.DueOn, m.OriginalDueOn, promise, m.DueMoves, moves)
			}
		}
	})
}

// TestOverdue: late from 00:00 of the next civil day in the organisation's
// zone, by the current date and by the promise, and only while open.
func TestOverdue(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	last := time.Date(2026, 7, 1, 23, 59, 59, 0, berlin)
	m := measure(t)
	m.DueOn, m.DueMoves = domain.MustDate("2026-07-08"), 1
	for name, c := range map[string]struct {
		m             domain.Measure
		at            time.Time
		overdue, past bool
	}{
		"last second of the promise": {m, last, false, false},
		"past the promise":           {m, last.Add(time.Second), false, true},
		"last second":                {m, last.AddDate(0, 0, 7), false, true},
		"late":                       {m, last.AddDate(0, 0, 7).Add(time.Second), true, true},
		"done in time or not":        {measure(t, status(domain.Done)), last.AddDate(1, 0, 0), false, false},
		"cancelled":                  {measure(t, status(domain.Cancelled)), last.AddDate(1, 0, 0), false, false},
		"unknown is not open":        {measure(t, func(m *domain.Measure) { m.StatusUnknown = true }), last.AddDate(1, 0, 0), false, false},
		"no date":                    {measure(t, func(m *domain.Measure) { m.DueOn, m.OriginalDueOn = domain.Date{}, domain.Date{} }), last.AddDate(1, 0, 0), false, false},
	} {
		if got := c.m.Overdue(c.at, berlin); got != c.overdue {
			t.Errorf("%s: overdue = %v", name, got)
		}
		if got := c.m.PastPromise(c.at, berlin); got != c.past {
			t.Errorf("%s: past promise = %v", name, got)
		}
	}
}

// TestDeadline: days of 23, 24 and 25 hours, midnights that do not exist and
// days that a zone left out all end when the next one begins.
func TestDeadline(t *testing.T) {
	for _, c := range []struct{ zone, day, want string }{
		{"UTC", "2026-07-01", "2026-07-02T00:00:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-29T22:00:00Z"},     // 23 hours
		{"Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00Z"},     // 25 hours
		{"America/Sao_Paulo", "2018-11-03", "2018-11-04T03:00:00Z"}, // 00:00 of the 4th did not exist
		{"Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00Z"},      // the 30th did not exist
		{"Asia/Kathmandu", "2026-07-01", "2026-07-01T18:15:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := domain.MustDate(c.day).Deadline(zone).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%s in %s ends %s, want %s", c.day, c.zone, got, c.want)
		}
	}
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut", "America/Havana"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		day := domain.MustDate("1990-01-01").AddDays(rapid.IntRange(0, 20_000).Draw(t, "day"))
		end := day.Deadline(zone)
		if before, at := domain.DateOf(end.Add(-time.Nanosecond)), domain.DateOf(end); day.Before(before) || !day.Before(at) {
			t.Fatalf("%s in %s: deadline %s lies between %s and %s", day, zone, end, before, at)
		}
		if back, err := domain.ParseDate(day.String()); err != nil || back != day || day.AddDays(1).Sub(day) != 1 {
			t.Fatalf("%s does not survive its text: %s, %v", day, back, err)
		}
	})
}

func TestParseDate(t *testing.T) {
	for _, text := range []string{"2026-02-30", "2026-13-01", "2025-02-29", "26-02-03", "2026-2-3", "03.02.2026", "2026-02-03T00:00:00Z", " 2026-02-03", "1899-12-31", "today"} {
		if d, err := domain.ParseDate(text); err == nil {
			t.Errorf("%q is read as %s", text, d)
		}
	}
	if d, err := domain.ParseDate(""); err != nil || !d.IsZero() {
		t.Errorf("no date is %s, %v", d, err)
	}
}
