package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

type gaugeStore interface {
	TrackersInScope(ctx context.Context, scope domain.Scope) ([]domain.Tracker, error)
	TrackerStatus(ctx context.Context, id domain.TrackerID) (domain.TrackerStatus, error)
	Conflicts(ctx context.Context, scope domain.Scope, filter domain.ConflictFilter, page domain.Page) (domain.List[domain.Conflict], error)
	Teams(ctx context.Context) ([]domain.Team, error)
	People(ctx context.Context) ([]domain.Person, error)
}

// Gauges are the numbers a monitoring system reads every few seconds. None is
// about a person; teams of fewer than five stand together as "small teams".
type Gauges struct {
	Late     []LateGauge
	Trackers []TrackerGauge
}

// LateGauge counts the open measures of one team and priority.
type LateGauge struct {
	Team        string // empty for measures without one
	Priority    domain.Priority
	Open        int
	Overdue     int
	PastPromise int
}

// TrackerGauge is how one tracker is doing.
type TrackerGauge struct {
	Tracker domain.TrackerID
	Kind    domain.TrackerKind
	Paused  bool
	// Lag is the time since everything older was known; Synced is false before the
	// first complete poll.
	Lag      time.Duration
	Synced   bool
	Failures int
	// Conflicts counts fields that wait for a person.
	Conflicts int
	// QuotaLimit and QuotaLeft are what the tracker says; 0 when it says nothing.
	QuotaLimit int
	QuotaLeft  int
}

// Gauges reads the numbers of the whole installation.
func (s *Reports) Gauges(ctx context.Context) (Gauges, error) {
	late, err := s.lateGauges(ctx)
	if err != nil {
		return Gauges{}, err
	}
	out := Gauges{Late: late}
	trackers, err := s.Store.TrackersInScope(ctx, domain.Everything())
	if err != nil {
		return Gauges{}, err
	}
	for _, t := range trackers {
		g, err := s.trackerGauge(ctx, t)
		if err != nil {
			return Gauges{}, err
		}
		out.Trackers = append(out.Trackers, g)
	}
	return out, nil
}

func (s *Reports) trackerGauge(ctx context.Context, t domain.Tracker) (TrackerGauge, error) {
	status, err := s.Store.TrackerStatus(ctx, t.ID)
	if err != nil {
		return TrackerGauge{}, err
	}
	waiting := true
	conflicts, err := s.Store.Conflicts(ctx, domain.Everything(), domain.ConflictFilter{Open: &waiting, Tracker: t.ID}, domain.Page{Limit: 1, WithTotal: true})
	if err != nil {
		return TrackerGauge{}, err
	}
	g := TrackerGauge{Tracker: t.ID, Kind: t.Kind, Paused: t.Paused, Synced: !status.PolledAt.IsZero(), Failures: status.Failures,
		Conflicts: max(0, conflicts.Total), QuotaLimit: status.Quota.Limit, QuotaLeft: status.Quota.Remaining}
	if g.Synced {
		g.Lag = max(0, s.Now().Sub(status.PolledAt))
	}
	return g, nil
}

// lateGauges counts per team. What no team has is the rest of the whole.
func (s *Reports) lateGauges(ctx context.Context) ([]LateGauge, error) {
	names, err := s.gaugeTeams(ctx)
	if err != nil {
		return nil, err
	}
	type group struct {
		team     string
		priority domain.Priority
	}
	sums := map[group]LateGauge{}
	add := func(team string, counts []domain.LateCount, sign int) {
		for _, c := range counts {
			key := group{team, c.Priority}
			sum := sums[key]
			sums[key] = LateGauge{team, c.Priority, sum.Open + sign*c.Open, sum.Overdue + sign*c.Overdue, sum.PastPromise + sign*c.PastPromise()}
		}
	}
	today := domain.DateOf(s.Now().In(s.Zone))
	whole, err := s.late.counts(ctx, domain.Everything(), domain.MeasureFilter{Today: today}, 0)
	if err != nil {
		return nil, err
	}
	add("", whole, 1)
	for id, name := range names {
		counts, err := s.late.counts(ctx, domain.Everything(), domain.MeasureFilter{Today: today, Team: []domain.TeamID{id}}, 0)
		if err != nil {
			return nil, err
		}
		add(name, counts, 1)
		add("", counts, -1)
	}
	var out []LateGauge
	for _, sum := range sums {
		if sum.Open > 0 {
			out = append(out, sum)
		}
	}
	slices.SortFunc(out, func(a, b LateGauge) int {
		return cmp.Or(strings.Compare(a.Team, b.Team), strings.Compare(string(a.Priority), string(b.Priority)))
	})
	return out, nil
}

// gaugeTeams names every team as it may be shown.
func (s *Reports) gaugeTeams(ctx context.Context) (map[domain.TeamID]string, error) {
	people, err := s.Store.People(ctx)
	if err != nil {
		return nil, err
	}
	pins := metrics.Pins{TeamSizes: map[domain.TeamID]int{}}
	for _, p := range people {
		for _, team := range p.Teams {
			pins.TeamSizes[team]++
		}
	}
	teams, err := s.Store.Teams(ctx)
	if err != nil {
		return nil, err
	}
	names := map[domain.TeamID]string{}
	for _, t := range teams {
		names[t.ID] = pins.TeamGroup(t.ID)
	}
	return names, nil
}
