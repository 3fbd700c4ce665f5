package metrics_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

var update = flag.Bool("update", false, "write the golden files anew")

// logged is a seeded organisation that writes its history as the store does.
type logged struct {
	r         *rand.Rand
	now       time.Time
	rows      []domain.Change
	measures  []domain.Measure
	incidents []domain.Incident
}

func newLog(seed uint64) *logged {
	return &logged{r: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2025, 1, 6, 8, 0, 0, 0, time.UTC)}
}

func (l *logged) write(subject domain.Subject, key string, by domain.Attribution, changes []domain.FieldChange) {
	for _, f := range changes {
		l.rows = append(l.rows, domain.Change{Seq: int64(len(l.rows) + 1), Subject: subject, Key: key, At: l.now, Kind: f.Kind, Field: f.Field, From: f.From, To: f.To, Attribution: by})
	}
}

func (l *logged) person() domain.Attribution {
	return domain.Attribution{Source: domain.FromUser, Actor: fmt.Sprintf("person-%d", l.r.IntN(6))}
}

// live does n things, each some hours after the one before.
func (l *logged) live(n int) *logged {
	for range n {
		l.now = l.now.Add(time.Duration(1+l.r.IntN(20)) * time.Hour)
		switch k := l.r.IntN(10); {
		case k == 0 || len(l.incidents) == 0:
			l.incident()
		case k < 4 || len(l.measures) == 0:
			l.create()
		case k == 4:
			l.editIncident()
		default:
			l.edit()
		}
	}
	return l
}

func (l *logged) incident() {
	i := domain.Incident{
		Key: domain.IncidentKey(fmt.Sprintf("INC-%d", len(l.incidents)+1)), Title: "incident", Status: domain.IncidentResolved, Severity: domain.Severities()[l.r.IntN(5)],
		StartedAt: l.now.Add(-3 * time.Hour), ResolvedAt: l.now.Add(-time.Hour), CreatedAt: l.now,
		Services: []string{fmt.Sprintf("service-%d", l.r.IntN(4))}, Causes: []string{fmt.Sprintf("cause-%d", l.r.IntN(3))},
	}
	if n := len(l.incidents); n > 2 && l.r.IntN(3) == 0 {
		i.RecurrenceOf = l.incidents[l.r.IntN(n)].Key
	}
	l.incidents = append(l.incidents, i)
	l.write(domain.SubjectIncident, string(i.Key), l.person(), []domain.FieldChange{domain.IncidentCreated(i)})
}

func (l *logged) create() {
	m := domain.Measure{
		Key: domain.MeasureKey(fmt.Sprintf("M-%d", len(l.measures)+1)), Title: "measure", Status: domain.Proposed, CreatedAt: l.now,
		Incident: l.incidents[l.r.IntN(len(l.incidents))].Key, Kind: domain.MeasureKinds()[l.r.IntN(8)], Priority: domain.Priorities()[l.r.IntN(5)],
		Team: domain.TeamID(fmt.Sprintf("team-%d", l.r.IntN(3))), Owner: "person-1",
	}
	if l.r.IntN(5) > 0 {
		m.DueOn = domain.DateOf(l.now).AddDays(7 + l.r.IntN(60))
	}
	by := l.person()
	if l.r.IntN(12) == 0 {
		by, m.StatusUnknown, m.Imported = domain.Attribution{Source: domain.FromImport}, true, true
	}
	l.measures = append(l.measures, m)
	l.write(domain.SubjectMeasure, string(m.Key), by, []domain.FieldChange{domain.MeasureCreated(m)})
}

func (l *logged) edit() {
	m := &l.measures[l.r.IntN(len(l.measures))]
	before, by := *m, l.person()
	switch l.r.IntN(8) {
	case 0:
		m.Priority = domain.Priorities()[l.r.IntN(5)]
	case 1:
		m.DueOn = domain.DateOf(l.now).AddDays(l.r.IntN(40))
	case 2:
		m.Owner, m.Team = domain.PersonID(fmt.Sprintf("person-%d", l.r.IntN(6))), domain.TeamID(fmt.Sprintf("team-%d", l.r.IntN(3)))
	case 3:
		m.Status, m.ClosureReason, m.StatusUnknown = domain.Cancelled, domain.ClosureReasons()[l.r.IntN(5)], false
	case 4:
		if m.Status == domain.Done {
			m.Status, m.Verdict, m.VerifiedBy = domain.Verified, domain.Verdicts()[l.r.IntN(5)], "person-2"
		}
	case 5:
		m.Status, m.Verdict, m.VerifiedBy, m.ClosureReason = domain.InProgress, "", "", ""
		m.StatusUnknown = false
	default:
		m.Status, m.StatusUnknown = domain.Done, false
		if l.r.IntN(2) == 0 {
			by.Source, by.ExternalTime = domain.FromGitHub, l.now.Add(-5*time.Hour)
		}
	}
	l.write(domain.SubjectMeasure, string(m.Key), by, domain.MeasureChanges(before, *m))
	if l.r.IntN(6) == 0 {
		l.write(domain.SubjectMeasure, string(m.Key), by, []domain.FieldChange{{Kind: domain.ChangeEvidence, Field: "evidence", To: "proof"}})
	}
}

func (l *logged) editIncident() {
	i := &l.incidents[l.r.IntN(len(l.incidents))]
	before := *i
	switch l.r.IntN(4) {
	case 0:
		i.ResolvedAt = i.ResolvedAt.Add(30 * time.Minute)
	case 1:
		i.Services = append(slices.Clone(i.Services), "service-9")
	case 2:
		i.RecurrenceOf = l.incidents[0].Key
	default:
		i.Severity = domain.SEV1
	}
	l.write(domain.SubjectIncident, string(i.Key), l.person(), domain.IncidentChanges(before, *i))
}

// reportsAt are all reports over a log pinned to an instant.
func reportsAt(tb testing.TB, rows []domain.Change, at time.Time) map[string]string {
	tb.Helper()
	s, err := metrics.Fold(metrics.Chronicle{Changes: rows}, metrics.Cut{AsOf: at})
	if err != nil {
		tb.Fatal(err)
	}
	return everyReport(tb, s, metrics.Cohort{Pins: metrics.Pins{AsOf: at, Policy: domain.DefaultPolicy()}})
}

// TestLaterEditsNeverChangeAPinnedReport: whatever is written after known_at, the
// bytes stay, and so they do when the rows arrive in another order.
func TestLaterEditsNeverChangeAPinnedReport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLog(rapid.Uint64().Draw(t, "seed")).live(rapid.IntRange(20, 150).Draw(t, "before"))
		pin := l.now.Add(time.Minute)
		then := reportsAt(fatal{t: t}, slices.Clone(l.rows), pin)
		l.live(rapid.IntRange(1, 80).Draw(t, "after"))
		if d := cmp.Diff(then, reportsAt(fatal{t: t}, l.rows, pin)); d != "" {
			t.Fatalf("later rows changed the report: %s", d)
		}
		if d := cmp.Diff(then, reportsAt(fatal{t: t}, shuffled(t, l.rows), pin)); d != "" {
			t.Fatalf("the order of rows changed the report: %s", d)
		}
	})
}

// TestReportsGolden holds all reports of one seeded log to the bytes of a file.
func TestReportsGolden(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("other processors fuse multiply and add, which changes last digits")
	}
	l := newLog(7).live(900)
	reports := reportsAt(t, l.rows, l.now.Add(24*time.Hour))
	var out bytes.Buffer
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range reports {
			if !yield(name) {
				return
			}
		}
	}) {
		fmt.Fprintf(&out, "%s\n", name)
		if err := json.Indent(&out, []byte(reports[name]), "", " "); err != nil {
			t.Fatal(err)
		}
		out.WriteString("\n")
	}
	path := filepath.Join("testdata", "reports.golden")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), out.String()); d != "" {
		t.Errorf("run with -update if this is meant: %s", d)
	}
}

func TestFoldLeavesOutWhatWasNotThere(t *testing.T) {
	l := newLog(3).live(100)
	s, err := metrics.Fold(metrics.Chronicle{Changes: l.rows}, metrics.Cut{AsOf: l.rows[0].At.Add(-time.Hour)})
	if err != nil || s.Len() != 0 || s.Position != 0 {
		t.Errorf("before the first row: %d measures at position %d, err %v", s.Len(), s.Position, err)
	}
	half := l.rows[len(l.rows)/2].At
	s, err = metrics.Fold(metrics.Chronicle{Changes: l.rows}, metrics.Cut{AsOf: l.now, KnownAt: half})
	if err != nil || s.Len() == 0 || s.Len() == len(l.measures) || s.Latest().After(half) {
		t.Errorf("known half: %d of %d measures, latest %v, err %v", s.Len(), len(l.measures), s.Latest(), err)
	}
}

// TestKnownLaterThanAsOf: with known_at after as_of, what happened by as_of counts
// although it was recorded later, and what was set later does not.
func TestKnownLaterThanAsOf(t *testing.T) {
	l := newLog(1)
	l.incident()
	l.now = l.now.Add(time.Hour)
	l.create()
	created := l.now
	l.now = created.AddDate(0, 0, 10)
	before := l.measures[0]
	l.measures[0].Status, l.measures[0].Team, l.measures[0].Owner = domain.Done, "elsewhere", ""
	by := domain.Attribution{Source: domain.FromGitHub, ExternalTime: created.AddDate(0, 0, 5)}
	l.write(domain.SubjectMeasure, "M-1", by, domain.MeasureChanges(before, l.measures[0]))
	type view struct {
		State metrics.State
		Team  domain.TeamID
		Owned bool
	}
	look := func(asOf, known int) view {
		r, err := metrics.RecordOf(domain.Measure{Key: "M-1"}, l.rows, metrics.Cut{AsOf: created.AddDate(0, 0, asOf), KnownAt: created.AddDate(0, 0, known)})
		if err != nil {
			t.Fatal(err)
		}
		return view{r.Facts.State, r.TeamNow, r.Flags&metrics.HasOwner != 0}
	}
	for name, c := range map[string]struct {
		asOf, known int
		want        view
	}{
		"before it was done":      {4, 20, view{metrics.StateOpen, before.Team, true}},
		"done but not yet known":  {6, 6, view{metrics.StateOpen, before.Team, true}},
		"done and known later":    {6, 20, view{metrics.StateDone, before.Team, true}},
		"all of it":               {20, 20, view{metrics.StateDone, "elsewhere", false}},
		"known by the day before": {20, 9, view{metrics.StateOpen, before.Team, true}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, look(c.asOf, c.known)); d != "" {
				t.Error(d)
			}
		})
	}
	s, err := metrics.Fold(metrics.Chronicle{Changes: l.rows}, metrics.Cut{AsOf: created.AddDate(0, 0, 6), KnownAt: l.now})
	if err != nil || s.Latest().After(created.AddDate(0, 0, 6)) {
		t.Errorf("latest %v, err %v; want nothing after as_of", s.Latest(), err)
	}
}

func TestBulkClosures(t *testing.T) {
	row := func(key, actor string, minute int, to string) domain.Change {
		return domain.Change{Subject: domain.SubjectMeasure, Key: key, Kind: domain.ChangeField, Field: "status", To: to, At: benchAsOf().Add(time.Duration(minute) * time.Minute), Attribution: domain.Attribution{Actor: actor}}
	}
	var rows []domain.Change
	for i := range 5 {
		rows = append(rows, row(fmt.Sprintf("M-%d", i), "ann", 2*i, "done"))             // five within eight minutes
		rows = append(rows, row(fmt.Sprintf("M-1%d", i), "ben", 3*i, "cancelled"))       // five within twelve
		rows = append(rows, row("M-20", "eve", i, []string{"done", "accepted"}[i%2]))    // one to and fro
		rows = append(rows, row(fmt.Sprintf("M-3%d", i), "kim", i, "in_progress"))       // not closed
		rows = append(rows, row(fmt.Sprintf("M-4%d", i), "zoe", 100+i, "done"))          // after the cut
		rows = append(rows, row(fmt.Sprintf("M-5%d", i), fmt.Sprint("p", i), i, "done")) // five actors
	}
	got := func() map[int]bool {
		return metrics.BulkClosures(metrics.ClosuresOf(rows), metrics.Cut{AsOf: benchAsOf().Add(time.Hour)})
	}
	for i := range 7 { // two fours, eleven minutes apart, share nobody
		rows = append(rows, row(fmt.Sprintf("M-6%d", i), "pat", 11*(i/4)+i%4, "done"))
	}
	want := map[int]bool{0: true, 1: true, 2: true, 3: true, 4: true}
	if d := cmp.Diff(want, got()); d != "" {
		t.Error(d)
	}
	six := rows[:0:0]
	for i := range 6 { // a window that slides: all six are marked
		six = append(six, row(fmt.Sprintf("M-7%d", i), "sam", 2*i, "done"))
	}
	if n := len(metrics.BulkClosures(metrics.ClosuresOf(six), metrics.Cut{AsOf: benchAsOf().Add(time.Hour)})); n != 6 {
		t.Errorf("%d of 6 marked", n)
	}
}
