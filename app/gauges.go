package app

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

type gaugeStore interface {
	TrackersInScope(ctx context.Context, scope domain.Scope) ([]domain.Tracker, error)
	TrackerStatus(ctx context.Context, id domain.TrackerID) (domain.TrackerStatus, error)
	Conflicts(ctx context.Context, scope domain.Scope, filter domain.ConflictFilter, page domain.Page) (domain.List[domain.Conflict], error)
}

// Gauges are the numbers a monitoring system reads every few seconds. None is
// about a person; teams of fewer than five stand together as "small teams".
type Gauges struct {
	ByPriority []LateGauge
	ByTeam     []LateGauge
	// Conflicts counts fields that wait for a person.
	Conflicts int
	Trackers  []TrackerGauge
}

// LateGauge counts the open measures of one priority or team.
type LateGauge struct {
	Group       string // empty for those without one
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
	// QuotaLimit and QuotaLeft are what the tracker says; 0 when it says nothing.
	QuotaLimit int
	QuotaLeft  int
}

// Gauges reads the numbers of the whole installation.
func (s *Reports) Gauges(ctx context.Context) (Gauges, error) {
	overdue, err := s.Overdue(ctx, domain.System(), ReportQuery{})
	if err != nil {
		return Gauges{}, err
	}
	out := Gauges{ByPriority: lateGauges(overdue.ByPriority), ByTeam: lateGauges(overdue.ByTeam)}
	waiting := true
	conflicts, err := s.Store.Conflicts(ctx, domain.Everything(), domain.ConflictFilter{Open: &waiting}, domain.Page{Limit: 1, WithTotal: true})
	if err != nil {
		return Gauges{}, err
	}
	out.Conflicts = max(0, conflicts.Total)
	trackers, err := s.Store.TrackersInScope(ctx, domain.Everything())
	if err != nil {
		return Gauges{}, err
	}
	now := s.Now()
	for _, t := range trackers {
		status, err := s.Store.TrackerStatus(ctx, t.ID)
		if err != nil {
			return Gauges{}, err
		}
		g := TrackerGauge{Tracker: t.ID, Kind: t.Kind, Paused: t.Paused, Synced: !status.PolledAt.IsZero(), Failures: status.Failures,
			QuotaLimit: status.Quota.Limit, QuotaLeft: status.Quota.Remaining}
		if g.Synced {
			g.Lag = max(0, now.Sub(status.PolledAt))
		}
		out.Trackers = append(out.Trackers, g)
	}
	return out, nil
}

func lateGauges(groups []metrics.OverdueGroup) []LateGauge {
	out := make([]LateGauge, len(groups))
	for n, g := range groups {
		out[n] = LateGauge{g.Group, g.Open, g.Overdue, g.PastPromise}
	}
	return out
}
