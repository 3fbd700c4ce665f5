package main

import (
	"context"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/store"
	tracksync "github.com/followthrough/followthrough/sync"
)

// remote is the sync engine as the operations see it.
type remote struct {
	engine *tracksync.Engine
	db     *store.DB
}

// Resolve implements app.Remote.
func (r remote) Resolve(ctx context.Context, tracker domain.TrackerID, address string) (domain.Snapshot, error) {
	return r.engine.Resolve(tracksync.ForPerson(ctx), tracker, address)
}

// Check implements app.Remote.
func (r remote) Check(ctx context.Context, tracker domain.TrackerID) (domain.MappingReport, error) {
	return r.engine.Check(tracksync.ForPerson(ctx), tracker)
}

// Plan implements app.Remote.
func (r remote) Plan(ctx context.Context, tracker domain.TrackerID) (app.Plan, error) {
	at := r.engine.Now()
	report, err := r.engine.Plan(tracksync.ForPerson(ctx), tracker)
	if err != nil {
		return app.Plan{}, err
	}
	return app.Plan{Tracker: tracker, At: at, Steps: steps(report)}, nil
}

// SyncNow implements app.Remote.
func (r remote) SyncNow(ctx context.Context, tracker domain.TrackerID) (app.Pass, error) {
	return r.pass(tracker, func() (*tracksync.Report, error) { return r.engine.Pass(tracksync.ForPerson(ctx), tracker) })
}

// Repair implements app.Remote.
func (r remote) Repair(ctx context.Context, tracker domain.TrackerID, differences []app.Difference) (app.Pass, error) {
	found := make([]tracksync.Difference, len(differences))
	for i, d := range differences {
		found[i] = tracksync.Difference{Measure: d.Measure, Link: d.Link, Field: d.Field}
	}
	return r.pass(tracker, func() (*tracksync.Report, error) { return r.engine.Repair(tracksync.ForPerson(ctx), tracker, found) })
}

// Try implements app.Remote.
func (r remote) Try(ctx context.Context, tracker domain.Tracker, secrets domain.Secrets) (domain.MappingReport, error) {
	return r.engine.Try(tracksync.ForPerson(ctx), tracker, secrets)
}

// Limits implements app.Remote.
func (r remote) Limits(ctx context.Context, tracker domain.TrackerID) (domain.Limits, error) {
	view, err := r.db.Tracker(ctx, tracker)
	if err != nil {
		return domain.Limits{}, err
	}
	return r.db.Limits(ctx, budgetOf(view.Tracker, view.Secrets))
}

// pass reports a run of the engine.
func (r remote) pass(tracker domain.TrackerID, run func() (*tracksync.Report, error)) (app.Pass, error) {
	pass := app.Pass{Tracker: tracker, StartedAt: r.engine.Now()}
	report, err := run()
	pass.EndedAt = r.engine.Now()
	if report == nil {
		return pass, err
	}
	for _, s := range steps(report) {
		if s.Action == string(tracksync.ActionProblem) {
			pass.Failed++
			pass.Problems = append(pass.Problems, s.Remote+": "+s.Note)
			continue
		}
		pass.Steps = append(pass.Steps, s)
	}
	return pass, err
}

// Drift implements app.Remote.
func (r remote) Drift(ctx context.Context, tracker domain.TrackerID) (app.Drift, error) {
	at := r.engine.Now()
	report, err := r.engine.Drift(tracksync.ForPerson(ctx), tracker)
	out := app.Drift{Tracker: tracker, At: at, Compared: report.Compared}
	for _, d := range report.Differences {
		out.Differences = append(out.Differences, app.Difference{Measure: d.Measure, Link: d.Link, Remote: d.Remote, Field: d.Field, Ours: d.Ours, Theirs: d.Theirs,
			Reason: d.Reason, Repair: string(d.Repair)})
	}
	return out, err
}

func steps(report *tracksync.Report) []app.Step {
	var out []app.Step
	for _, e := range report.Entries() {
		out = append(out, app.Step{Action: string(e.Action), Measure: e.Measure, Remote: e.Remote, Field: e.Field, From: e.From, To: e.To, Note: e.Note})
	}
	return out
}
