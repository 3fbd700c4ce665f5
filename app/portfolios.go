package app

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// portfolios keeps the portfolios that were asked for last: live ones, brought
// up to date by what has happened since, and the last pinned one.
type portfolios struct {
	store historyStore
	now   func() time.Time
	zone  *time.Location
	// dumps keeps the portfolio of everything over a restart; nil keeps nothing.
	dumps   Dumps
	version string

	mu   sync.Mutex // guards live and order, not what they hold
	live map[string]*livePortfolio
	// order is the use of live ones, the last one last.
	order []string

	pinnedMu  sync.Mutex
	pinned    *portfolio
	pinnedKey string
}

// livePortfolio is one scope's portfolio: read by many, brought up to date by one.
type livePortfolio struct {
	mu      sync.RWMutex
	current *portfolio
	// saved is the position of the newest dump.
	saved atomic.Int64
}

// maxLive is how many scopes have a live portfolio in memory.
const maxLive = 4

// current calls use with the portfolio as it is now and the cut it was folded
// with. It must not be kept: the next call brings it up to date.
func (p *portfolios) current(ctx context.Context, scope domain.Scope, use func(*portfolio, metrics.Cut) error) error {
	l := p.of(scope)
	// The clock is read after the position, so that no row before the position can
	// lie beyond the cut and be missed for good.
	position, err := p.store.LastSeq(ctx)
	if err != nil {
		return err
	}
	now := p.now().UTC().Truncate(time.Millisecond)
	cut := metrics.Cut{AsOf: now, KnownAt: now, Zone: p.zone}
	l.mu.RLock()
	if l.current != nil && l.current.snapshot.Position >= position {
		defer l.mu.RUnlock()
		return use(l.current, later(cut, l.current))
	}
	l.mu.RUnlock()
	if err := p.bring(ctx, l, scope, cut, position); err != nil {
		return err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return use(l.current, later(cut, l.current))
}

// atHand calls use with the portfolio of everything as it is now, if it is in
// memory: nobody waits here for a first fold.
func (p *portfolios) atHand(ctx context.Context, use func(*portfolio)) (used bool, err error) {
	l := p.of(domain.Everything())
	if !l.mu.TryRLock() {
		return false, nil
	}
	loaded := l.current != nil
	l.mu.RUnlock()
	if !loaded {
		return false, nil
	}
	return true, p.current(ctx, domain.Everything(), func(of *portfolio, _ metrics.Cut) error {
		use(of)
		return nil
	})
}

// later is the cut, or the instant of the last event where another caller has
// brought the portfolio further in the meantime.
func later(cut metrics.Cut, of *portfolio) metrics.Cut {
	if last := of.snapshot.Latest(); cut.AsOf.Before(last) {
		cut.AsOf, cut.KnownAt = last, last
	}
	return cut
}

// bring brings a live portfolio up to a position of the log.
func (p *portfolios) bring(ctx context.Context, l *livePortfolio, scope domain.Scope, cut metrics.Cut, position int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil && scope.All {
		l.current = p.restore(ctx)
		if l.current != nil {
			l.saved.Store(l.current.snapshot.Position)
		}
	}
	if l.current != nil && l.current.snapshot.Position >= position {
		return nil
	}
	current, err := p.refreshed(ctx, l.current, scope, cut, position)
	if err != nil {
		l.current = nil // half of the changes may be in it
		return err
	}
	l.current = current
	return nil
}

// of is the live portfolio of a scope; the ones used longest ago make room.
func (p *portfolios) of(scope domain.Scope) *livePortfolio {
	key := scopeKey(scope)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live == nil {
		p.live = map[string]*livePortfolio{}
	}
	l := p.live[key]
	if l == nil {
		l = &livePortfolio{}
		p.live[key] = l
	}
	p.order = append(slices.DeleteFunc(p.order, func(k string) bool { return k == key }), key)
	if len(p.order) > maxLive {
		delete(p.live, p.order[0])
		p.order = p.order[1:]
	}
	return l
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

// refreshed brings a live portfolio up to a position of the log. Measures and
// incidents that changed are folded anew; when a team's rows moved, everything
// of the ones who see some teams only is.
func (p *portfolios) refreshed(ctx context.Context, old *portfolio, scope domain.Scope, cut metrics.Cut, position int64) (*portfolio, error) {
	if old == nil {
		return p.load(ctx, scope, cut, position)
	}
	changed := map[domain.Subject]map[string]bool{domain.SubjectIncident: {}, domain.SubjectMeasure: {}}
	var closed []domain.Change
	people, whole, services := false, false, false
	err := p.store.EachChange(ctx, domain.Everything(), old.snapshot.Position, func(c domain.Change) error {
		if c.Seq > position {
			return nil
		}
		if c.At.After(cut.KnownAt) { // the clock of another process goes ahead of this one's
			cut.AsOf, cut.KnownAt = c.At, c.At
		}
		people = people || c.Subject == domain.SubjectPerson
		services = services || c.Subject == domain.SubjectService || c.Subject == domain.SubjectIncident && !scope.All
		whole = whole || c.Field == "team" && !scope.All
		if keys := changed[c.Subject]; keys != nil {
			keys[c.Key] = true
		}
		if c.Subject == domain.SubjectMeasure && c.Field == "status" {
			closed = append(closed, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if whole {
		return p.load(ctx, scope, cut, position)
	}
	for _, subject := range []domain.Subject{domain.SubjectIncident, domain.SubjectMeasure} {
		if err := p.refold(ctx, old, scope, subject, slices.Sorted(maps.Keys(changed[subject])), cut); err != nil {
			return nil, err
		}
	}
	old.noteClosings(slices.DeleteFunc(closed, func(c domain.Change) bool { return old.row(domain.MeasureKey(c.Key).Number()) < 0 }))
	old.flagBulk(cut)
	old.snapshot.Inherit(old.row)
	if services {
		if err := p.readCatalogue(ctx, old, scope, cut); err != nil {
			return nil, err
		}
	}
	if people {
		if err := p.countTeams(ctx, old, cut); err != nil {
			return nil, err
		}
	}
	old.snapshot.Position = position
	return old, nil
}

// refold folds some subjects anew; another team's are left out.
func (p *portfolios) refold(ctx context.Context, into *portfolio, scope domain.Scope, subject domain.Subject, keys []string, cut metrics.Cut) error {
	if len(keys) == 0 {
		return nil
	}
	return p.store.HistoriesOf(ctx, scope, subject, keys, func(key string, rows []domain.Change) error {
		if subject == domain.SubjectIncident {
			return into.putIncident(key, rows, cut)
		}
		return into.putMeasure(key, rows, cut)
	})
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
