package app_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/store"
)

// memoryDumps is a dump in memory.
type memoryDumps struct{ text []byte }

func (m *memoryDumps) Read() (io.ReadCloser, error) {
	if m.text == nil {
		return nil, domain.Errorf(domain.ErrNotFound, "no dump")
	}
	return io.NopCloser(bytes.NewReader(m.text)), nil
}

func (m *memoryDumps) Write(write func(io.Writer) error) error {
	var out bytes.Buffer
	if err := write(&out); err != nil {
		return err
	}
	m.text = out.Bytes()
	return nil
}

// countingStore counts how often the history of all measures is read, and the
// measures that are read one by one.
type countingStore struct {
	*store.DB
	whole, single int
}

func (s *countingStore) EachHistory(ctx context.Context, scope domain.Scope, subject domain.Subject, f func(string, []domain.Change) error) error {
	if subject == domain.SubjectMeasure {
		s.whole++
	}
	return s.DB.EachHistory(ctx, scope, subject, f)
}

func (s *countingStore) HistoriesOf(ctx context.Context, scope domain.Scope, subject domain.Subject, keys []string, f func(string, []domain.Change) error) error {
	if subject == domain.SubjectMeasure {
		s.single += len(keys)
	}
	return s.DB.HistoriesOf(ctx, scope, subject, keys, f)
}

// started is the program after a restart: a new app on the same database.
func (w *world) started(db *store.DB, dumps app.Dumps, version string, zone *time.Location) (*app.App, *countingStore) {
	counting := &countingStore{DB: db}
	return app.New(app.Options{Store: counting, Now: func() time.Time { return w.at }, Zone: zone, Dumps: dumps, Version: version}), counting
}

// agree compares every report of two apps. Rows may stand in another order, so
// sums may differ in their last bit.
func agree(t *testing.T, want, got *app.App) {
	t.Helper()
	a, b := allReports(t, want, auditor, app.ReportQuery{}), allReports(t, got, auditor, app.ReportQuery{})
	for name := range a {
		if diff := cmp.Diff(decoded(t, a[name]), decoded(t, b[name]), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
			t.Errorf("%s (-folded anew +from the dump):\n%s", name, diff)
		}
	}
}

// TestDumpedStatistics: a program that starts reads the dump, folds only what
// was written since, and says what one says that folds everything.
func TestDumpedStatistics(t *testing.T) {
	w := newWorld(t)
	random := rand.New(rand.NewPCG(5, 6))
	w.live(random, 200)
	w.bulk()
	dumps := &memoryDumps{}
	first, _ := w.started(w.db, dumps, "1", time.UTC)
	if err := first.Reports.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Reports.Save(t.Context()); err != nil || len(dumps.text) == 0 {
		t.Fatalf("no dump: %v", err)
	}
	w.at = w.at.Add(time.Minute)
	must(w.to(w.measure(nil).Key, ana, cancelled(domain.Superseded, "")))(t) // the sixth of the bulk
	w.live(random, 10)
	again, counted := w.started(w.db, dumps, "1", time.UTC)
	fresh, _ := w.started(w.db, nil, "1", time.UTC)
	agree(t, fresh, again)
	if counted.whole != 0 || counted.single == 0 || counted.single > 20 {
		t.Errorf("the history was read whole %d times and of %d single measures; want never and of a few", counted.whole, counted.single)
	}
	// It goes on from there.
	w.live(random, 40)
	must(w.People.Edit(t.Context(), admin, "p_ben", 0, "", func(p *domain.Person) { p.Teams = nil }))(t)
	fresh, _ = w.started(w.db, nil, "1", time.UTC)
	agree(t, fresh, again)
	if counted.whole != 0 {
		t.Error("a change of a person made the whole history be read")
	}
}

// TestDumpsThatAreDropped: whatever is not this program's own dump of this very
// database is folded anew.
func TestDumpsThatAreDropped(t *testing.T) {
	w := newWorld(t)
	w.live(rand.New(rand.NewPCG(7, 8)), 60)
	dumps := &memoryDumps{}
	first, _ := w.started(w.db, dumps, "1", time.UTC)
	if err := first.Reports.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Reports.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	good := bytes.Clone(dumps.text)
	fresh, _ := w.started(w.db, nil, "1", time.UTC)
	try := func(name, version string, zone *time.Location, text []byte, dropped bool) {
		t.Run(name, func(t *testing.T) {
			a, counted := w.started(w.db, &memoryDumps{text: text}, version, zone)
			if _, err := a.Reports.Quality(t.Context(), auditor, app.ReportQuery{}); err != nil {
				t.Fatal(err)
			}
			if (counted.whole > 0) != dropped {
				t.Errorf("folded anew %v, want %v", counted.whole > 0, dropped)
			}
			if zone == time.UTC {
				agree(t, fresh, a)
			}
		})
	}
	try("good", "1", time.UTC, good, false)
	try("another version", "2", time.UTC, good, true)
	try("another zone", "1", time.FixedZone("Elsewhere", 3600), good, true)
	try("empty", "1", time.UTC, []byte{}, true)
	try("other file", "1", time.UTC, []byte("PNG and so on, long enough to be read"), true)
	for _, at := range []int{3, 30, 60, len(good) / 3, len(good) / 2, len(good) - 40, len(good) - 2} {
		flipped := bytes.Clone(good)
		flipped[at] ^= 4
		try("one bit off", "1", time.UTC, flipped, true)
		try("torn", "1", time.UTC, good[:at], true)
	}
}

// TestDumpOfAnotherDatabase: a restored or replaced database has rows of the same
// numbers; its dump is told apart all the same.
func TestDumpOfAnotherDatabase(t *testing.T) {
	dumps := &memoryDumps{}
	for range 2 {
		w := newWorld(t)
		w.measure(nil)
		a, counted := w.started(w.db, dumps, "1", time.UTC)
		if err := a.Reports.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if counted.whole != 1 {
			t.Errorf("folded %d times, want once: the dump belongs to another database", counted.whole)
		}
		if err := a.Reports.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// tellingDumps says when a dump was written.
type tellingDumps struct {
	memoryDumps
	written chan int
}

func (d *tellingDumps) Write(write func(io.Writer) error) error {
	err := d.memoryDumps.Write(write)
	d.written <- len(d.text)
	return err
}

// TestKeep: the statistics are made ready and dumped at the start, and what was
// written since is in the dump at the end.
func TestKeep(t *testing.T) {
	w := newWorld(t)
	dumps := &tellingDumps{written: make(chan int, 2)}
	a, _ := w.started(w.db, dumps, "1", time.UTC)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Reports.Keep(ctx, func(err error) { t.Error(err) })
	}()
	<-dumps.written
	m := w.measure(nil)
	if err := a.Reports.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	<-ended
	if len(dumps.written) != 1 {
		t.Fatalf("%d dumps at the end, want 1", len(dumps.written))
	}
	again, counted := w.started(w.db, dumps, "1", time.UTC)
	if got := must(again.Reports.Overdue(t.Context(), auditor, app.ReportQuery{}))(t).Open; got != 1 || counted.single != 0 {
		t.Errorf("%s is not in the dump: %d open, %d histories read", m.Key, got, counted.single)
	}
}

// TestPagesKept: a page of statistics is given again while nothing changes and
// made anew after an edit, after five minutes and on another day.
func TestPagesKept(t *testing.T) {
	w := newWorld(t)
	w.measure(func(n *domain.NewMeasure) { n.DueOn = domain.MustDate("2026-11-25") })
	asOf := func() time.Time {
		return must(w.Reports.All(t.Context(), auditor, app.ReportQuery{}))(t).Overdue.Cohort.AsOf
	}
	w.at = time.Date(2026, 11, 25, 23, 57, 0, 0, time.UTC)
	made := asOf()
	w.at = w.at.Add(2 * time.Minute)
	if got := asOf(); !got.Equal(made) {
		t.Errorf("as of %v after two quiet minutes, want the page of %v", got, made)
	}
	w.at = w.at.Add(2 * time.Minute) // midnight has passed: the measure is overdue
	if all := must(w.Reports.All(t.Context(), auditor, app.ReportQuery{}))(t); all.Overdue.Current.Count != 1 {
		t.Errorf("%d overdue after midnight, want 1", all.Overdue.Current.Count)
	}
	made = asOf()
	w.at = w.at.Add(6 * time.Minute)
	if got := asOf(); got.Equal(made) {
		t.Error("a page of six minutes ago is given again")
	}
	w.at = w.at.Add(time.Second)
	w.measure(nil)
	if all := must(w.Reports.All(t.Context(), auditor, app.ReportQuery{}))(t); all.Overdue.Open != 2 {
		t.Errorf("%d open after a second measure", all.Overdue.Open)
	}
}
