package app

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

type historyStore interface {
	LastSeq(ctx context.Context) (int64, error)
	EachHistory(ctx context.Context, scope domain.Scope, subject domain.Subject, f func(key string, rows []domain.Change) error) error
	EachChange(ctx context.Context, scope domain.Scope, afterSeq int64, f func(domain.Change) error) error
	History(ctx context.Context, scope domain.Scope, subject domain.Subject, key string, page domain.Page) (domain.List[domain.Change], error)
}

// portfolio is everything that statistics know of at a cut: the folded facts,
// the measures with a success metric and its readings, and the sizes of teams.
type portfolio struct {
	snapshot *metrics.Snapshot
	rows     map[string]int // row of the snapshot by measure key
	measured map[string]measured
	sizes    map[domain.TeamID]int
	closings []closing
	bulk     map[domain.MeasureKey]bool
}

// measured is a measure whose success metric has a target.
type measured struct {
	incident domain.IncidentKey
	team     domain.TeamID
	input    metrics.EffectivenessInput
}

// load folds the whole history in scope up to the cut. The position of a pinned
// portfolio is 0: it would move although the report stays the same.
func (p *portfolios) load(ctx context.Context, scope domain.Scope, cut metrics.Cut, position int64) (*portfolio, error) {
	out := &portfolio{snapshot: metrics.NewSnapshot(0), rows: map[string]int{}, measured: map[string]measured{}, sizes: map[domain.TeamID]int{},
		bulk: map[domain.MeasureKey]bool{}}
	err := p.store.EachHistory(ctx, scope, domain.SubjectIncident, func(key string, rows []domain.Change) error {
		return out.putIncident(key, rows, cut)
	})
	if err != nil {
		return nil, err
	}
	err = p.store.EachHistory(ctx, scope, domain.SubjectMeasure, func(key string, rows []domain.Change) error {
		out.noteClosings(rows)
		return out.putMeasure(key, rows, cut)
	})
	if err != nil {
		return nil, err
	}
	if err := p.flagBulk(ctx, out, scope, cut); err != nil {
		return nil, err
	}
	err = p.store.EachHistory(ctx, domain.Everything(), domain.SubjectPerson, func(_ string, rows []domain.Change) error {
		return countPeople(out.sizes, rows, cut)
	})
	out.snapshot.Position = position
	return out, err
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
	fields, err := knownFields(rows, cut)
	if err != nil || fields == nil {
		return err
	}
	imported := rows[0].Kind == domain.ChangeCreate && rows[0].Source == domain.FromImport
	record, err := metrics.RecordOf(domain.Measure{Key: domain.MeasureKey(key), Imported: imported}, rows, cut)
	if errors.Is(err, domain.ErrNotFound) {
		return nil // not created by the cut
	}
	if err != nil {
		return err
	}
	if p.bulk[domain.MeasureKey(key)] {
		record.Flags |= metrics.BulkClosed
	}
	row, old := p.rows[key]
	if old {
		err = p.snapshot.Replace(row, record)
	} else {
		row, err = p.snapshot.Append(record)
	}
	if err != nil {
		return err
	}
	p.rows[key] = row
	delete(p.measured, key)
	if metric := domain.ParseMetric(fields["success_metric"]); metric.Target != nil {
		p.measured[key] = measured{record.Incident, record.Team, metrics.EffectivenessInput{Facts: record.Facts, Metric: metric, Readings: readingsOf(rows, cut)}}
	}
	return nil
}

// noteClosings remembers who closed a measure and when.
func (p *portfolio) noteClosings(rows []domain.Change) {
	for _, c := range rows {
		if to := domain.Status(c.To); c.Field == "status" && !c.Overwritten && (to == domain.Done || to == domain.Cancelled) {
			p.closings = append(p.closings, closing{c.Key, c.Actor, c.At})
		}
	}
}

// portfolios keeps the portfolios that were asked for last: live ones, brought
// up to date by what has happened since, and the last pinned one.
type portfolios struct {
	store historyStore
	now   func() time.Time
	zone  *time.Location

	mu   sync.Mutex
	live map[string]*portfolio
	// order is the use of live ones, the last one last.
	order []string

	pinnedMu  sync.Mutex
	pinned    *portfolio
	pinnedKey string
}

// maxLive is how many scopes have a live portfolio in memory.
const maxLive = 4

// current calls use with the portfolio as it is now and the cut it was folded
// with. It must not be kept: the next call brings it up to date.
func (p *portfolios) current(ctx context.Context, scope domain.Scope, use func(*portfolio, metrics.Cut) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	// The clock is read after the position, so that no row before the position can
	// lie beyond the cut and be missed for good.
	position, err := p.store.LastSeq(ctx)
	if err != nil {
		return err
	}
	now := p.now().UTC().Truncate(time.Millisecond)
	cut := metrics.Cut{AsOf: now, KnownAt: now, Zone: p.zone}
	key := scopeKey(scope)
	current, err := p.refreshed(ctx, p.live[key], scope, cut, position)
	if err != nil {
		return err
	}
	p.keep(key, current)
	return use(current, cut)
}

// asOf returns the portfolio of a cut that has passed. It never changes; for
// one who sees some teams only, what belongs to them may.
func (p *portfolios) asOf(ctx context.Context, scope domain.Scope, cut metrics.Cut) (*portfolio, error) {
	position, err := p.store.LastSeq(ctx)
	if err != nil {
		return nil, err
	}
	key := scopeKey(scope) + cut.AsOf.String() + cut.KnownAt.String()
	if !scope.All {
		key += strconv.FormatInt(position, 10)
	}
	p.pinnedMu.Lock()
	defer p.pinnedMu.Unlock()
	if p.pinnedKey == key {
		return p.pinned, nil
	}
	loaded, err := p.load(ctx, scope, cut, 0)
	if err == nil {
		p.pinned, p.pinnedKey = loaded, key
	}
	return loaded, err
}

// flagBulk folds the measures anew that turn out to be closed in bulk.
func (p *portfolios) flagBulk(ctx context.Context, of *portfolio, scope domain.Scope, cut metrics.Cut) error {
	bulk := bulkClosures(of.closings, cut)
	for key := range bulk {
		if of.bulk[key] {
			continue
		}
		of.bulk[key] = true
		if err := p.refold(ctx, of, scope, domain.SubjectMeasure, string(key), cut); err != nil {
			return err
		}
	}
	return nil
}

// refreshed brings a live portfolio up to a position of the log. Measures and
// incidents that changed are folded anew; when people or a team's rows moved,
// everything is.
func (p *portfolios) refreshed(ctx context.Context, old *portfolio, scope domain.Scope, cut metrics.Cut, position int64) (*portfolio, error) {
	if old == nil {
		return p.load(ctx, scope, cut, position)
	}
	if old.snapshot.Position == position {
		return old, nil
	}
	var fresh []domain.Change
	whole := false
	err := p.store.EachChange(ctx, domain.Everything(), old.snapshot.Position, func(c domain.Change) error {
		whole = whole || c.Subject == domain.SubjectPerson || c.Field == "team" && !scope.All
		if c.Seq <= position && (c.Subject == domain.SubjectMeasure || c.Subject == domain.SubjectIncident) {
			fresh = append(fresh, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if whole || len(fresh) > 10_000 {
		return p.load(ctx, scope, cut, position)
	}
	seen := map[string]bool{}
	for _, c := range fresh {
		if seen[string(c.Subject)+c.Key] {
			continue
		}
		seen[string(c.Subject)+c.Key] = true
		if err := p.refold(ctx, old, scope, c.Subject, c.Key, cut); err != nil {
			return nil, err
		}
	}
	old.noteClosings(slices.DeleteFunc(fresh, func(c domain.Change) bool { _, ours := old.rows[c.Key]; return !ours }))
	old.snapshot.Position = position
	return old, p.flagBulk(ctx, old, scope, cut)
}

// refold folds one subject anew; another team's is left out.
func (p *portfolios) refold(ctx context.Context, into *portfolio, scope domain.Scope, subject domain.Subject, key string, cut metrics.Cut) error {
	rows, err := wholeHistory(ctx, p.store, scope, subject, key)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if subject == domain.SubjectIncident {
		return into.putIncident(key, rows, cut)
	}
	return into.putMeasure(key, rows, cut)
}

func (p *portfolios) keep(key string, current *portfolio) {
	if p.live == nil {
		p.live = map[string]*portfolio{}
	}
	p.live[key] = current
	p.order = append(slices.DeleteFunc(p.order, func(k string) bool { return k == key }), key)
	if len(p.order) > maxLive {
		delete(p.live, p.order[0])
		p.order = p.order[1:]
	}
}

func scopeKey(scope domain.Scope) string {
	if scope.All {
		return "*"
	}
	teams := slices.Clone(scope.Teams)
	slices.Sort(teams)
	parts := make([]string, len(teams))
	for n, t := range teams {
		parts[n] = string(t)
	}
	return "teams " + strings.Join(parts, " ")
}
