package sync

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// Repair makes both sides of the given differences equal: what is pending is
// done, what the issue lost is written again, and where both sides hold
// different values that nothing explains, the conflict policy or a person decides.
func (e *Engine) Repair(ctx context.Context, id domain.TrackerID, differences []Difference) (*Report, error) {
	report := &Report{Tracker: id}
	done := map[domain.LinkID]bool{}
	for _, d := range differences {
		if done[d.Link] {
			continue
		}
		done[d.Link] = true
		if err := e.workOn(ctx, d.Link, report, repairing); stops(err) {
			return report, err
		}
		if ctx.Err() != nil {
			return report, ctx.Err()
		}
	}
	return report, nil
}

// doubted leaves out the base of every field whose sides differ although the
// base says that they agree.
func doubted(base map[domain.Field]domain.BaseValue, local map[domain.Field]string, remote domain.Snapshot) map[domain.Field]domain.BaseValue {
	out := map[domain.Field]domain.BaseValue{}
	for f, b := range base {
		r, known := remote.Fields[f]
		settled := local[f] == b.Value && (!known || r.Raw == b.Raw)
		if settled && (known && r.Value != local[f] || !known && local[f] != "") {
			continue
		}
		out[f] = b
	}
	return out
}
