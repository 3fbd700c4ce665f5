package app

import (
	"context"
	"sync"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

type reportStore interface {
	Incident(ctx context.Context, scope domain.Scope, key domain.IncidentKey) (domain.Incident, error)
	Measures(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, page domain.Page) (domain.List[domain.Measure], error)
	Rollups(ctx context.Context, scope domain.Scope, keys []domain.IncidentKey, today domain.Date) (map[domain.IncidentKey]domain.Rollup, error)
	historyStore
	gaugeStore
}

// Reports are the numbers people ask for.
type Reports struct {
	Store    reportStore
	Policies *Policies
	Now      func() time.Time
	Zone     *time.Location

	portfolios *portfolios
	late       *lateCounter
	pages      pageCache
	newest     newestPolicy
}

// newestPolicy remembers the newest version of the policy at a position of the
// log: saving a policy writes a row, so it cannot change while the log does not.
type newestPolicy struct {
	mu       sync.Mutex
	position int64
	version  int
}

func (n *newestPolicy) of(ctx context.Context, store policyStore, position int64) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if position != 0 && position == n.position {
		return n.version, nil
	}
	current, err := store.Policy(ctx)
	if err == nil {
		n.position, n.version = position, current.Version
	}
	return current.Version, err
}

// Rollup returns the counts of one incident as of today: what was promised,
// done, verified, late, and how often it came back.
func (s *Reports) Rollup(ctx context.Context, by domain.Actor, key domain.IncidentKey) (rollup domain.Rollup, asOf domain.Date, err error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Rollup{}, domain.Date{}, err
	}
	if _, err := s.Store.Incident(ctx, by.Scope, key); err != nil {
		return domain.Rollup{}, domain.Date{}, err
	}
	today := domain.DateOf(s.Now().In(s.Zone))
	all, err := s.Store.Rollups(ctx, by.Scope, []domain.IncidentKey{key}, today)
	return all[key], today, err
}

// RollupAt returns the counts of one incident as the query pins them.
func (s *Reports) RollupAt(ctx context.Context, by domain.Actor, key domain.IncidentKey, q ReportQuery) (rollup domain.Rollup, pins metrics.Pins, err error) {
	err = s.evaluate(ctx, by, q, func(p *portfolio, c metrics.Cohort) error {
		r, recurrences, ok := p.snapshot.RollUp(key, c.AsOf)
		if !ok {
			return domain.Errorf(domain.ErrNotFound, "incident %s was not known at %s", key, c.AsOf.UTC().Format(time.RFC3339))
		}
		rollup, pins = counted(r, recurrences), c.Pins
		return nil
	})
	return rollup, pins, err
}

func counted(r metrics.RollUp, recurrences int) domain.Rollup {
	out := domain.Rollup{Total: r.Total, Done: r.Done, Verified: r.Verified, Effective: r.Effective, Cancelled: r.Cancelled, Open: r.Open, Overdue: r.Overdue,
		PastPromise: r.PastPromise, WithoutDue: r.WithoutDue, Unknown: r.Unknown, Excluded: r.Excluded, Recurrences: recurrences}
	if share, ok := r.Completion(); ok {
		out.Completion = &share
	}
	decided := func(a metrics.Answer) *bool {
		yes := a == metrics.Yes
		if a == metrics.Undecided {
			return nil
		}
		return &yes
	}
	out.FollowedThrough, out.VerifiedThrough = decided(r.FollowedThrough), decided(r.VerifiedThrough)
	return out
}

// Rollups returns the counts of several incidents at once, for lists.
func (s *Reports) Rollups(ctx context.Context, by domain.Actor, keys []domain.IncidentKey) (map[domain.IncidentKey]domain.Rollup, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	return s.Store.Rollups(ctx, by.Scope, keys, domain.DateOf(s.Now().In(s.Zone)))
}

// ReportQuery chooses what a report is about and pins it.
type ReportQuery struct {
	// AsOf is up to when things count; zero means now, and then the report is live.
	AsOf time.Time
	// KnownAt is up to when they must have been written down; zero means AsOf.
	KnownAt time.Time
	// PolicyVersion is the policy whose targets and windows apply; 0 means the one
	// valid at AsOf.
	PolicyVersion int
	metrics.Filter
}

// EndOf is the instant at which a civil date is over, in the organisation's
// zone: what a report as of a date means. Today means now.
func (s *Reports) EndOf(d domain.Date) time.Time {
	if now := s.Now(); d == domain.DateOf(now.In(s.Zone)) {
		return now
	}
	return d.Deadline(s.Zone).Add(-time.Millisecond)
}

// CompletionStats answer how much gets done, how fast, and whether on time
// (A2 to A6, A8).
type CompletionStats struct {
	Completion metrics.CompletionReport
	OnTime     metrics.OnTimeReport
	SLA        metrics.SLAReport
	// SLAFromResolved has the clock start when the incident was resolved: another
	// statistic, never mixed with the first.
	SLAFromResolved metrics.SLAReport
}

// Completion evaluates completion. The on-time rate is that of every due date;
// OnTime has those of a span.
func (s *Reports) Completion(ctx context.Context, by domain.Actor, q ReportQuery) (out CompletionStats, err error) {
	err = s.evaluate(ctx, by, q, func(p *portfolio, c metrics.Cohort) (err error) {
		if out.Completion, err = metrics.Completion(p.snapshot, c); err != nil {
			return err
		}
		if out.OnTime, err = metrics.OnTime(p.snapshot, c, metrics.DueSpan{}); err != nil {
			return err
		}
		if out.SLA, err = metrics.SLA(p.snapshot, c, metrics.FromCreated); err != nil {
			return err
		}
		if out.SLAFromResolved, err = metrics.SLA(p.snapshot, c, metrics.FromResolved); err != nil {
			return err
		}
		return mark(p, c, &out)
	})
	return out, err
}

// OnTime is the on-time rate of what was promised for a span of days, and by
// calendar periods of so many months: 1, 3, 12, or 0 for none (A4).
func (s *Reports) OnTime(ctx context.Context, by domain.Actor, q ReportQuery, due metrics.DueSpan, months int) (out metrics.OnTimeSeries, err error) {
	err = s.evaluate(ctx, by, q, func(p *portfolio, c metrics.Cohort) (err error) {
		if out, err = metrics.OnTimeBy(p.snapshot, c, due, months); err != nil {
			return err
		}
		return mark(p, c, &out)
	})
	return out, err
}

// Overdue is the census of late open measures (A7).
func (s *Reports) Overdue(ctx context.Context, by domain.Actor, q ReportQuery) (out metrics.OverdueReport, err error) {
	err = s.evaluate(ctx, by, q, func(p *portfolio, c metrics.Cohort) (err error) {
		if out, err = metrics.Overdue(p.snapshot, c); err != nil {
			return err
		}
		return mark(p, c, &out)
	})
	return out, err
}

// FlowStats are arrivals, departures, ageing and the forecast of the backlog (A10, A11).
type FlowStats struct {
	Flow     metrics.FlowReport
	Forecast metrics.ForecastReport
}

// Flow evaluates what comes in and goes out.
func (s *Reports) Flow(ctx context.Context, by domain.Actor, q ReportQuery) (out FlowStats, err error) {
	err = s.evaluate(ctx, by, q, func(p *portfolio, c metrics.Cohort) (err error) {
		if out.Flow, err = metrics.Flow(p.snapshot, c); err != nil {
			return err
		}
		if out.Forecast, err = metrics.ForecastBacklog(p.snapshot, c); err != nil {
			return err
		}
		return mark(p, c, &out)
	})
	return out, err
}

// Recurrence answers whether it came back, and in which state the plan stood
// (B1 to B10).
func (s *Reports) Recurrence(ctx context.Context, by domain.Actor, q ReportQuery) (out metrics.RecurrenceReport, err error) {
	err = s.evaluate(ctx, by, q, func(p *portfolio, c metrics.Cohort) (err error) {
		if out, err = metrics.Recurrence(p.snapshot, c, p.recurrenceInput(c)); err != nil {
			return err
		}
		return mark(p, c, &out)
	})
	return out, err
}

// EffectivenessStats say how claims of done were looked at and what the
// success metrics show (A9, C1 to C3).
type EffectivenessStats struct {
	Verification metrics.VerificationReport
	Metrics      metrics.EffectivenessSummary
}

// Effectiveness evaluates verification and the success metrics.
func (s *Reports) Effectiveness(ctx context.Context, by domain.Actor, q ReportQuery) (out EffectivenessStats, err error) {
	err = s.evaluate(ctx, by, q, func(p *portfolio, c metrics.Cohort) (err error) {
		if out.Verification, err = metrics.Verification(p.snapshot, c); err != nil {
			return err
		}
		if out.Metrics, err = metrics.EffectivenessOf(p.snapshot, c, p.measured); err != nil {
			return err
		}
		return mark(p, c, &out)
	})
	return out, err
}

// Quality is the state of the data, shown before everything else (1.4).
func (s *Reports) Quality(ctx context.Context, by domain.Actor, q ReportQuery) (out metrics.QualityReport, err error) {
	err = s.evaluate(ctx, by, q, func(p *portfolio, c metrics.Cohort) (err error) {
		out, err = metrics.Quality(p.snapshot, c, p.lives(c))
		return err
	})
	return out, err
}

// Compare tests teams, priorities or kinds against each other (A12). There is
// no comparison of people.
func (s *Reports) Compare(ctx context.Context, by domain.Actor, q ReportQuery, group metrics.GroupBy, end metrics.Endpoint) (out metrics.ComparisonReport, err error) {
	err = s.evaluate(ctx, by, q, func(p *portfolio, c metrics.Cohort) (err error) {
		if out, err = metrics.Compare(p.snapshot, c, group, end); err != nil {
			return err
		}
		return mark(p, c, &out)
	})
	return out, err
}

// evaluate calls run with the portfolio and the cohort of a query.
func (s *Reports) evaluate(ctx context.Context, by domain.Actor, q ReportQuery, run func(*portfolio, metrics.Cohort) error) error {
	if err := by.Require(domain.CanRead); err != nil {
		return err
	}
	now := s.Now().UTC().Truncate(time.Millisecond)
	if err := checkPins(q, now); err != nil {
		return err
	}
	with := func(p *portfolio, cut metrics.Cut) error {
		policy, earlier, err := s.policyAt(ctx, q.PolicyVersion, cut, p.snapshot.Position)
		if err != nil {
			return err
		}
		pins := metrics.Pins{AsOf: cut.AsOf, KnownAt: cut.KnownAt, Zone: s.Zone, Policy: policy, Earlier: earlier, TeamSizes: p.sizes}
		return run(p, metrics.Cohort{Pins: pins, Filter: q.Filter})
	}
	if q.KnownAt.IsZero() && (q.AsOf.IsZero() || !q.AsOf.Before(now)) {
		return s.portfolios.current(ctx, by.Scope, with)
	}
	cut := metrics.Cut{AsOf: q.AsOf.UTC(), KnownAt: q.KnownAt.UTC(), Zone: s.Zone}
	if cut.AsOf.IsZero() {
		cut.AsOf = now
	}
	if cut.KnownAt.IsZero() {
		cut.KnownAt = cut.AsOf
	}
	p, err := s.portfolios.asOf(ctx, by.Scope, cut)
	if err != nil {
		return err
	}
	return with(p, cut)
}

func checkPins(q ReportQuery, now time.Time) error {
	for name, at := range map[string]time.Time{"as_of": q.AsOf, "known_at": q.KnownAt} {
		if at.After(now) {
			return domain.Invalid(name, "%s lies in the future; name a time that has passed", at.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// policyAt is the version of the policy that was valid, and known, at the cut,
// or the one that is asked for; earlier are the versions before it.
func (s *Reports) policyAt(ctx context.Context, version int, cut metrics.Cut, position int64) (policy domain.Policy, earlier []domain.Policy, err error) {
	newest, err := s.newest.of(ctx, s.Policies.Store, position)
	if err != nil {
		return domain.Policy{}, nil, err
	}
	if version > newest {
		return domain.Policy{}, nil, domain.Invalid("policy", "version %d is not known; the newest one is %d", version, newest)
	}
	for v := 1; v <= newest && (version == 0 || v <= version); v++ {
		next, err := s.Policies.version(ctx, v)
		if err != nil {
			return domain.Policy{}, nil, err
		}
		if v > 1 && version == 0 && (next.From.After(cut.AsOf) || next.From.After(cut.KnownAt)) {
			break
		}
		if v > 1 {
			earlier = append(earlier, policy)
		}
		policy = next
	}
	return policy, earlier, nil
}
