package metrics_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
	"github.com/followthrough/followthrough/metrics"
)

// workedNow is when the worked example imports the published incidents.
func workedNow() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

// published reads the real incidents as the import does, with the history rows
// that storing them writes.
func published(t *testing.T) []domain.Change {
	t.Helper()
	var files []imports.File
	for _, name := range []string{"incidents.csv", "actions.csv", "recurrences.csv", "source_anomalies.csv"} {
		data, err := os.ReadFile(sharedData(t, filepath.Join("incidents", name)))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, imports.File{Name: name, Data: bytes.NewReader(data)})
	}
	got, err := imports.Read(files, imports.Options{Now: workedNow(), Zone: time.UTC, Zones: map[string]*time.Location{"moj-cloud-platform": zone(t, "Europe/London")}})
	if err != nil {
		t.Fatal(err)
	}
	l := &logged{now: workedNow()}
	by := domain.Attribution{Source: domain.FromImport}
	keys := map[string]domain.IncidentKey{"": ""}
	for n, row := range got.Batch.Incidents {
		keys[row.Incident.ExternalID] = domain.IncidentKey(fmt.Sprintf("INC-%d", n+1))
	}
	for _, row := range got.Batch.Incidents {
		i := row.Incident
		i.Key, i.RecurrenceOf = keys[i.ExternalID], keys[row.RecurrenceOfID]
		if i.Status == "" {
			i.Status = domain.IncidentResolved
		}
		l.write(domain.SubjectIncident, string(i.Key), by, []domain.FieldChange{domain.IncidentCreated(i)})
	}
	for n, row := range got.Batch.Measures {
		m := row.Measure
		m.Key, m.Incident, m.Imported = domain.MeasureKey(fmt.Sprintf("M-%d", n+1)), keys[row.IncidentID], true
		m.ExternalOwner = row.OwnerText
		if m.Status == "" {
			m.Status, m.StatusUnknown = domain.Proposed, true
		}
		if m.CreatedAt.IsZero() {
			m.CreatedAt = l.now
		}
		l.write(domain.SubjectMeasure, string(m.Key), by, []domain.FieldChange{domain.MeasureCreated(m)})
	}
	return l.rows
}

// kept is a seeded organisation that writes its history from the first day: n
// measures on n/3 incidents within two years.
func kept(n int) *logged {
	l := newLog(2026)
	from := l.now
	type happening struct {
		at time.Time
		do func()
	}
	var all []happening
	plan := func(at time.Time, do func()) { all = append(all, happening{at, do}) }
	by := domain.Attribution{Source: domain.FromUser, Actor: "person-1"}
	for k := range n / 3 {
		start := from.AddDate(0, 0, l.r.IntN(700))
		i := domain.Incident{
			Key: domain.IncidentKey(fmt.Sprintf("INC-%d", k+1)), Title: "incident", Status: domain.IncidentResolved, Severity: domain.Severities()[l.r.IntN(5)],
			StartedAt: start, ResolvedAt: start.Add(time.Duration(1+l.r.IntN(12)) * time.Hour), Services: []string{fmt.Sprintf("service-%d", l.r.IntN(15))}, Causes: []string{fmt.Sprintf("cause-%d", l.r.IntN(8))},
		}
		for _, earlier := range l.incidents {
			if earlier.StartedAt.AddDate(0, 0, 7).Before(start) && l.r.IntN(400) == 0 {
				i.RecurrenceOf = earlier.Key
				break
			}
		}
		l.incidents = append(l.incidents, i)
		plan(i.ResolvedAt.Add(time.Hour), func() {
			l.write(domain.SubjectIncident, string(i.Key), by, []domain.FieldChange{domain.IncidentCreated(i)})
		})
	}
	l.measures = make([]domain.Measure, n)
	for k := range l.measures {
		i := l.incidents[l.r.IntN(len(l.incidents)*9/10)] // some have none
		at := i.ResolvedAt.Add(time.Duration(2+l.r.IntN(200)) * time.Hour)
		prio := domain.Priorities()[l.r.IntN(5)]
		m := &l.measures[k]
		*m = domain.Measure{
			Key: domain.MeasureKey(fmt.Sprintf("M-%d", k+1)), Incident: i.Key, Title: "measure", Status: domain.Accepted, Kind: domain.MeasureKinds()[l.r.IntN(8)], Priority: prio,
			Team: domain.TeamID(fmt.Sprintf("team-%d", l.r.IntN(4))), Owner: "person-1", CreatedAt: at, DueOn: domain.DefaultPolicy().DueOn(prio, domain.DateOf(at)),
		}
		plan(at, func() {
			l.write(domain.SubjectMeasure, string(m.Key), by, []domain.FieldChange{domain.MeasureCreated(*m)})
		})
		change := func(at time.Time, edit func()) {
			plan(at, func() {
				before := *m
				edit()
				l.write(domain.SubjectMeasure, string(m.Key), by, domain.MeasureChanges(before, *m))
			})
		}
		if !m.DueOn.IsZero() && l.r.IntN(5) == 0 {
			change(at.AddDate(0, 0, 6), func() { m.DueOn = m.DueOn.AddDays(21) })
		}
		end := at.Add(time.Duration(28*24*math.Exp(l.r.NormFloat64())) * time.Hour)
		if l.r.IntN(8) == 0 {
			change(end, func() { m.Status, m.ClosureReason = domain.Cancelled, domain.WontDo })
			continue
		}
		change(end, func() { m.Status = domain.Done })
		if l.r.IntN(3) > 0 {
			change(end.AddDate(0, 0, 30), func() { m.Status, m.Verdict, m.VerifiedBy = domain.Verified, domain.Effective, "person-2" })
		}
	}
	slices.SortStableFunc(all, func(a, b happening) int { return a.at.Compare(b.at) })
	until := from.AddDate(2, 0, 0)
	for _, h := range all {
		if h.at.Before(until) {
			l.now = h.at
			h.do()
		}
	}
	l.now = until
	return l
}

// statement prints the figures of the worked example, one a line.
func statement(t *testing.T, rows []domain.Change, asOf time.Time, imported bool) string {
	t.Helper()
	s, err := metrics.Fold(metrics.Chronicle{Changes: rows}, metrics.Cut{AsOf: asOf})
	if err != nil {
		t.Fatal(err)
	}
	c := metrics.Cohort{Pins: metrics.Pins{AsOf: asOf, Policy: domain.DefaultPolicy()}}
	done, err := metrics.Completion(s, c)
	if err != nil {
		t.Fatal(err)
	}
	late, err := metrics.Overdue(s, c)
	if err != nil {
		t.Fatal(err)
	}
	onTime, err := metrics.OnTime(s, c, metrics.DueSpan{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := metrics.Recurrence(s, c, metrics.RecurrenceInput{})
	if err != nil {
		t.Fatal(err)
	}
	quality, err := metrics.Quality(s, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	line := func(id, format string, args ...any) {
		fmt.Fprintf(&b, "%-7s"+format+"\n", append([]any{id}, args...)...)
	}
	check := func(name string) {
		for _, q := range quality.Checks {
			if q.Name == name {
				mark := ""
				if q.Marked {
					mark = ", marks " + strings.Join(q.Marks, " ")
				}
				line("1.4", "%s: %d of %d%s", strings.ReplaceAll(name, "_", " "), q.Count, q.Of, mark)
			}
		}
	}
	check("incidents_without_measures")
	check("resolved_without_measures")
	check("status_unknown")
	check("measures_without_due_date")
	check("measures_without_owner")
	check("measures_without_kind")
	check("impossible_order")
	check("incidents_without_start")
	check("incidents_without_end")
	count := func(name, group string) int { return figure(t, done.Figures, name, group).X }
	line("A3", "measures of known status: %d; done %d, open %d, cancelled %d; unknown %d", done.Measures, count("done", ""), count("open", ""), count("cancelled", ""), done.Unknown)
	if imported {
		line("R10", "not observed, because complete records begin with the import: %d", done.BeforeLog)
	}
	through := figure(t, done.Figures, "followed_through", "90")
	line("A2", "followed through: %d of %d incidents%s; no plan %d, plan dropped %d, status unknown %d", through.X, through.N, share(through),
		count("incidents_without_plan", "90"), count("incidents_with_plan_dropped", "90"), count("incidents_with_unknown_status", "90"))
	line("A5", "half done: %s", inWords(figure(t, done.Figures, "time_to_done", "p50")))
	line("A3", "done by 90 days: %s", inWords(figure(t, done.Figures, "done_by", "90")))
	line("A7", "overdue: %d of %d open, past promise %d", late.Current.Count, late.Open, late.PastPromise.Count)
	line("A4", "on time by the original date: %s; without a date %d", inWords(onTime.Original), onTime.WithoutDue)
	line("B2", "families %d, recurrences at a known time %d, same episode %d", back.Families, back.Recurrences, back.Overlapping)
	if imported {
		line("B2", "links left out of times: %d without a known end of the first, %d without a known start", back.EndlessLinks, back.UndatedLinks)
	}
	for _, f := range back.Levels {
		line("B4", "repeat share %s: %s", f.Group, inWords(f))
	}
	line("B4", "came back within 365 days: %s", inWords(figure(t, back.Figures, "recurred_within", "365")))
	for _, r := range back.ByState {
		line("B10", "while %s: %d in %.0f days%s", r.State, r.Recurrences, r.ExposureDays, share(r.Rate))
	}
	return b.String()
}

// share is the value with its interval, when there is enough to show one.
func share(f metrics.Figure) string {
	if !f.Shown || f.Value == nil || f.Lower == nil || f.Upper == nil {
		return ""
	}
	if f.Unit == "share" {
		return fmt.Sprintf(" = %.0f %% (%.0f to %.0f)", 100**f.Value, 100**f.Lower, 100**f.Upper)
	}
	return fmt.Sprintf(" = %.2f (%.2f to %.2f)", *f.Value, *f.Lower, *f.Upper)
}

func inWords(f metrics.Figure) string {
	if !f.Shown {
		return "not shown, " + f.Why
	}
	if f.Unit == "share" && f.Events == 0 {
		return fmt.Sprintf("%d of %d%s", f.X, f.N, share(f))
	}
	if f.Value == nil {
		return fmt.Sprintf("not reached, n = %d", f.N)
	}
	text := strings.TrimPrefix(share(f), " = ")
	if text == "" {
		text = fmt.Sprintf("%.2f", *f.Value)
	}
	return fmt.Sprintf("%s, n = %d", text, f.N)
}

// TestWorkedExamples holds the two statements of docs/statistics.md to what the
// code says: of the published incidents, and of a seeded history.
func TestWorkedExamples(t *testing.T) {
	for name, statement := range map[string]func(t *testing.T) string{
		"published": func(t *testing.T) string { return statement(t, published(t), workedNow(), true) },
		"seeded": func(t *testing.T) string {
			l := kept(700)
			return statement(t, l.rows, l.now, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := statement(t)
			path := filepath.Join("..", "docs", "statistics.md")
			page, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			before, rest, ok := strings.Cut(string(page), "```text "+name+"\n")
			block, after, closed := strings.Cut(rest, "```")
			if !ok || !closed {
				t.Fatalf("docs/statistics.md has no block %q; it should hold\n%s", name, got)
			}
			if *update {
				if err := os.WriteFile(path, []byte(before+"```text "+name+"\n"+got+"```"+after), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(block, got); d != "" {
				t.Errorf("docs/statistics.md says otherwise (-page +code); run with -update if this is meant: %s", d)
			}
		})
	}
}
