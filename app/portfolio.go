package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

type historyStore interface {
	LastSeq(ctx context.Context) (int64, error)
	LogMark(ctx context.Context, seq int64) ([]byte, error)
	EachHistory(ctx context.Context, scope domain.Scope, subject domain.Subject, f func(key string, rows []domain.Change) error) error
	HistoriesOf(ctx context.Context, scope domain.Scope, subject domain.Subject, keys []string, f func(key string, rows []domain.Change) error) error
	EachChange(ctx context.Context, scope domain.Scope, afterSeq int64, f func(domain.Change) error) error
}

// portfolio is everything that statistics know of at a cut: the folded facts,
// the readings of success metrics, and the sizes of teams. What it keeps beside
// the columns of the snapshot is small, whatever the number of measures.
type portfolio struct {
	snapshot *metrics.Snapshot
	// rows is one more than the row of the snapshot, by the number of the measure.
	rows []int32
	// measured holds the rows whose success metric was observed.
	measured map[int32]metrics.MeasuredRow
	sizes    map[domain.TeamID]int
	// services are the entries of the catalogue in sight.
	services []domain.Service
	// closings are the closures that a later one may still turn into a bulk.
	closings []metrics.Closure
}

func newPortfolio() *portfolio {
	return &portfolio{snapshot: metrics.NewSnapshot(0), measured: map[int32]metrics.MeasuredRow{}, sizes: map[domain.TeamID]int{}}
}

// row is the row of a measure, -1 without one.
func (p *portfolio) row(number int) int {
	if number < len(p.rows) {
		return int(p.rows[number]) - 1
	}
	return -1
}

func (p *portfolio) setRow(number, row int) {
	if number >= len(p.rows) {
		p.rows = append(p.rows, make([]int32, number+1-len(p.rows))...)
	}
	p.rows[number] = int32(row) + 1
}

// load folds the whole history in scope up to the cut. The position of a pinned
// portfolio is 0: it would move although the report stays the same.
func (p *portfolios) load(ctx context.Context, scope domain.Scope, cut metrics.Cut, position int64) (*portfolio, error) {
	out := newPortfolio()
	each := func(subject domain.Subject, use func(string, []domain.Change) error) error {
		return readAhead(func(f func(string, []domain.Change) error) error { return p.store.EachHistory(ctx, scope, subject, f) }, use)
	}
	err := each(domain.SubjectIncident, func(key string, rows []domain.Change) error { return out.putIncident(key, rows, cut) })
	if err != nil {
		return nil, err
	}
	err = each(domain.SubjectMeasure, func(key string, rows []domain.Change) error {
		out.noteClosings(rows)
		return out.putMeasure(key, rows, cut)
	})
	if err != nil {
		return nil, err
	}
	out.flagBulk(cut)
	out.snapshot.Inherit(out.row)
	out.snapshot.Position = position
	if err := p.readCatalogue(ctx, out, scope, cut); err != nil {
		return nil, err
	}
	return out, p.countTeams(ctx, out, cut)
}

// readCatalogue reads the service catalogue as it was known at the cut. An entry
// speaks about the past, so it is its writing down alone that the cut asks for.
// Of services of other teams those count that incidents in sight name.
func (p *portfolios) readCatalogue(ctx context.Context, of *portfolio, scope domain.Scope, cut metrics.Cut) error {
	var services []domain.Service
	err := p.store.EachHistory(ctx, domain.Everything(), domain.SubjectService, func(_ string, rows []domain.Change) error {
		fields, err := knownFields(rows, metrics.Cut{AsOf: cut.KnownAt, KnownAt: cut.KnownAt, Zone: cut.Zone})
		if err != nil || fields == nil {
			return err
		}
		entry, there, err := domain.ServiceOf(fields)
		if there && (scope.Allows(entry.Team) || of.snapshot.HasService(entry.Name)) {
			services = append(services, entry)
		}
		return err
	})
	if err == nil {
		of.services = services
	}
	return err
}

// lives is the catalogue as statistics take it.
func (p *portfolio) lives(c metrics.Cohort) []metrics.ServiceLife {
	zone := zoneOf(c)
	var lives []metrics.ServiceLife
	for _, entry := range p.services {
		from, to := entry.Life(zone)
		lives = append(lives, metrics.ServiceLife{Service: entry.Name, From: from, To: to})
	}
	return lives
}

// recurrenceInput is what a recurrence report needs besides the cohort.
func (p *portfolio) recurrenceInput(c metrics.Cohort) metrics.RecurrenceInput {
	in := metrics.RecurrenceInput{Window: c.Created, Services: p.lives(c)}
	if !c.Policy.LinksSince.IsZero() {
		in.LinksSince = c.Policy.LinksSince.Start(zoneOf(c))
	}
	return in
}

func zoneOf(c metrics.Cohort) *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// countTeams counts the people of every team.
func (p *portfolios) countTeams(ctx context.Context, of *portfolio, cut metrics.Cut) error {
	sizes := map[domain.TeamID]int{}
	err := p.store.EachHistory(ctx, domain.Everything(), domain.SubjectPerson, func(_ string, rows []domain.Change) error {
		return countPeople(sizes, rows, cut)
	})
	if err == nil {
		of.sizes = sizes
	}
	return err
}

func (p *portfolio) putIncident(key string, rows []domain.Change, cut metrics.Cut) error {
	fields, err := knownFields(rows, cut)
	if err != nil {
		return err
	}
	// A closed incident has been through its review.
	reviewed := domain.IncidentStatus(fields["status"]) == domain.IncidentClosed
	record, err := metrics.IncidentRecordOf(domain.IncidentKey(key), reviewed, rows, cut)
	if errors.Is(err, domain.ErrNotFound) {
		return nil // not yet
	}
	if err == nil {
		p.snapshot.PutIncident(record)
	}
	return err
}

func (p *portfolio) putMeasure(key string, rows []domain.Change, cut metrics.Cut) error {
	if !createdBy(rows, cut) {
		return nil
	}
	imported := rows[0].Kind == domain.ChangeCreate && rows[0].Source == domain.FromImport
	record, err := metrics.RecordOf(domain.Measure{Key: domain.MeasureKey(key), Imported: imported}, rows, cut)
	if errors.Is(err, domain.ErrNotFound) {
		return nil // not created by the cut
	}
	if err != nil {
		return err
	}
	row := p.row(record.Number)
	if p.snapshot.Has(row, metrics.BulkClosed) { // once in bulk, for ever
		record.Flags |= metrics.BulkClosed
	}
	if row >= 0 {
		err = p.snapshot.Replace(row, record)
	} else if row, err = p.snapshot.Append(record); err == nil {
		p.setRow(record.Number, row)
	}
	if err != nil {
		return err
	}
	delete(p.measured, int32(row))
	if readings := readingsOf(rows, cut); len(readings) > 0 {
		p.measured[int32(row)] = metrics.MeasuredRow{Metric: record.Metric, Readings: readings}
	}
	return nil
}

// createdBy says whether a creation was written down by the cut.
func createdBy(rows []domain.Change, cut metrics.Cut) bool {
	for n := range rows {
		if rows[n].Kind == domain.ChangeCreate && !rows[n].At.After(cut.KnownAt) {
			return true
		}
	}
	return false
}

// noteClosings remembers who closed a measure and when.
func (p *portfolio) noteClosings(rows []domain.Change) {
	p.closings = append(p.closings, metrics.ClosuresOf(rows)...)
}

// bulkMemory is how long a closure may wait for others to make it one of many:
// longer than the ten minutes of the rule, because two writers at once may commit
// in another order than their clocks say.
const bulkMemory = time.Hour

// flagBulk marks the measures that turn out to be closed in bulk, and forgets
// the closures that are too old to become part of one.
func (p *portfolio) flagBulk(cut metrics.Cut) {
	for number := range metrics.BulkClosures(p.closings, cut) {
		p.snapshot.Mark(p.row(number), metrics.BulkClosed)
	}
	p.closings = slices.DeleteFunc(p.closings, func(c metrics.Closure) bool { return c.At.Before(cut.KnownAt.Add(-bulkMemory)) })
	p.closings = slices.Clip(p.closings)
}
