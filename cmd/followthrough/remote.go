package main

import (
	"context"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
)

// remote is the sync engine as the operations see it.
type remote struct{ engine *tracksync.Engine }

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
	pass := app.Pass{Tracker: tracker, StartedAt: r.engine.Now()}
	report, err := r.engine.Pass(tracksync.ForPerson(ctx), tracker)
	pass.EndedAt = r.engine.Now()
	if report != nil {
		for _, s := range steps(report) {
			if s.Action == string(tracksync.ActionProblem) {
				pass.Failed++
				pass.Problems = append(pass.Problems, s.Remote+": "+s.Note)
				continue
			}
			pass.Steps = append(pass.Steps, s)
		}
	}
	return pass, err
}

// Drift implements app.Remote.
func (r remote) Drift(ctx context.Context, tracker domain.TrackerID) (app.Drift, error) {
	at := r.engine.Now()
	report, err := r.engine.Drift(tracksync.ForPerson(ctx), tracker)
	out := app.Drift{Tracker: tracker, At: at, Compared: report.Compared}
	for _, d := range report.Differences {
		out.Differences = append(out.Differences, app.Difference{Measure: d.Measure, Remote: d.Remote, Field: d.Field, Ours: d.Ours, Theirs: d.Theirs, Reason: d.Reason})
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
