package app_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// TestClosingGate: an incident stays open while an urgent measure is neither
// verified nor risk-accepted; less urgent ones warn.
func TestClosingGate(t *testing.T) {
	risk := cancelled(domain.RiskAccepted, "too dear")
	risk.RiskAcceptedUntil = domain.Some(domain.MustDate("2027-01-01"))
	tests := map[string]struct {
		priority domain.Priority
		end      func(*world, domain.MeasureKey)
		blocks   string
		warns    string
	}{
		"open P0":          {domain.P0, nil, "M-1 is still proposed", ""},
		"open P1":          {domain.P1, nil, "M-1 is still proposed", ""},
		"open P2":          {domain.P2, nil, "", "still proposed"},
		"done P1":          {domain.P1, func(w *world, k domain.MeasureKey) { w.done(k) }, "M-1 is done, but not verified", ""},
		"done P3":          {domain.P3, func(w *world, k domain.MeasureKey) { w.done(k) }, "", "done, but not verified"},
		"verified P0":      {domain.P0, func(w *world, k domain.MeasureKey) { w.done(k); must(w.to(k, ben, verdict(domain.Effective)))(w.t) }, "", ""},
		"ineffective P0":   {domain.P0, func(w *world, k domain.MeasureKey) { w.done(k); must(w.to(k, ben, verdict(domain.Ineffective)))(w.t) }, "", ""},
		"risk accepted P0": {domain.P0, func(w *world, k domain.MeasureKey) { must(w.to(k, ana, risk))(w.t) }, "", ""},
		"risk expired P0":  {domain.P0, func(w *world, k domain.MeasureKey) { must(w.to(k, ana, risk))(w.t); w.at = w.at.AddDate(0, 2, 0) }, "M-1 is its accepted risk ended on 2027-01-01", ""},
		"won't do P1":      {domain.P1, func(w *world, k domain.MeasureKey) { must(w.to(k, ana, cancelled(domain.WontDo, "no")))(w.t) }, "M-1 is cancelled as wont_do: neither verified nor risk-accepted", ""},
		"superseded P1":    {domain.P1, func(w *world, k domain.MeasureKey) { must(w.to(k, ana, cancelled(domain.Superseded, "")))(w.t) }, "", ""},
		"duplicate P0":     {domain.P0, func(w *world, k domain.MeasureKey) { must(w.to(k, ana, w.duplicate()))(w.t) }, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			inc := w.incident(domain.IncidentEdit{})
			m := w.measure(func(n *domain.NewMeasure) { n.Incident, n.Priority = inc.Key, tt.priority })
			if tt.end != nil {
				tt.end(w, m.Key)
			}
			before := w.seq()
			closed, warnings, err := w.Incidents.Edit(t.Context(), ana, inc.Key, 0, domain.IncidentEdit{Status: domain.Some(domain.IncidentClosed)})
			if tt.blocks != "" {
				if want := "status: INC-1 cannot be closed: " + tt.blocks; domain.KindOf(err) != domain.ErrConflict || err.Error() != want || w.seq() != before {
					t.Errorf("got %v, want %q", err, want)
				}
				return
			}
			if err != nil || closed.Status != domain.IncidentClosed || !closed.ClosedAt.Equal(w.at) {
				t.Fatalf("closed: %+v, %v", closed, err)
			}
			var got string
			for _, b := range warnings {
				got = b.Missing
			}
			if got != tt.warns {
				t.Errorf("warns %q, want %q", got, tt.warns)
			}
			if _, _, err := w.Incidents.Edit(t.Context(), ana, inc.Key, 0, domain.IncidentEdit{Status: domain.Some(domain.IncidentInReview)}); domain.KindOf(err) != domain.ErrInvalid {
				t.Errorf("reopened without a reason: %v", err)
			}
		})
	}
}

// TestCounts are the numbers of an incident: A1 and A2 of the statistics. What
// is left over decides; nothing left is no answer, never 100 %.
func TestCounts(t *testing.T) {
	yes, no := true, false
	share := func(v float64) *float64 { return &v }
	type step func(*world, domain.IncidentKey)
	add := func(change func(*domain.NewMeasure), end func(*world, domain.MeasureKey)) step {
		return func(w *world, key domain.IncidentKey) {
			m := w.measure(func(n *domain.NewMeasure) {
				n.Incident = key
				if change != nil {
					change(n)
				}
			})
			if end != nil {
				end(w, m.Key)
			}
		}
	}
	done := func(w *world, k domain.MeasureKey) { w.done(k) }
	verified := func(v domain.Verdict) func(*world, domain.MeasureKey) {
		return func(w *world, k domain.MeasureKey) { w.done(k); must(w.to(k, ben, verdict(v)))(w.t) }
	}
	cancel := func(r domain.ClosureReason) func(*world, domain.MeasureKey) {
		return func(w *world, k domain.MeasureKey) { must(w.to(k, ana, cancelled(r, "because")))(w.t) }
	}
	soon := func(n *domain.NewMeasure) { n.DueOn = domain.MustDate("2026-11-25") }
	undated := func(n *domain.NewMeasure) { n.Priority = domain.P4 }
	tests := map[string]struct {
		steps []step
		want  domain.Rollup
	}{
		"no plan":  {nil, domain.Rollup{}},
		"one open": {[]step{add(nil, nil)}, domain.Rollup{Total: 1, Open: 1, Completion: share(0), FollowedThrough: &no, VerifiedThrough: &no}},
		"one late": {[]step{add(soon, nil)}, domain.Rollup{Total: 1, Open: 1, Overdue: 1, PastPromise: 1, Completion: share(0), FollowedThrough: &no, VerifiedThrough: &no}},
		"one put off": {[]step{add(soon, func(w *world, k domain.MeasureKey) {
			must(w.to(k, ana, domain.MeasureEdit{DueOn: domain.Some(domain.MustDate("2026-12-24")), Reason: "holidays"}))(w.t)
		})}, domain.Rollup{Total: 1, Open: 1, PastPromise: 1, Completion: share(0), FollowedThrough: &no, VerifiedThrough: &no}},
		"undated":      {[]step{add(undated, nil)}, domain.Rollup{Total: 1, Open: 1, WithoutDue: 1, Completion: share(0), FollowedThrough: &no, VerifiedThrough: &no}},
		"late is done": {[]step{add(soon, done)}, domain.Rollup{Total: 1, Done: 1, Completion: share(1), FollowedThrough: &yes, VerifiedThrough: &no}},
		"all verified": {[]step{add(nil, verified(domain.Effective)), add(nil, verified(domain.Partly))},
			domain.Rollup{Total: 2, Done: 2, Verified: 2, Effective: 1, Completion: share(1), FollowedThrough: &yes, VerifiedThrough: &yes}},
		"plan dropped":  {[]step{add(nil, cancel(domain.WontDo))}, domain.Rollup{Total: 1, Cancelled: 1}},
		"only mistakes": {[]step{add(nil, func(w *world, k domain.MeasureKey) { must(w.to(k, ana, w.duplicate()))(w.t) }), add(nil, cancel(domain.CreatedInError))}, domain.Rollup{Excluded: 2}},
		"2 of 4 done": {[]step{add(nil, done), add(nil, verified(domain.Effective)), add(soon, nil), add(undated, nil), add(nil, cancel(domain.Superseded))},
			domain.Rollup{Total: 5, Done: 2, Verified: 1, Effective: 1, Open: 2, Overdue: 1, PastPromise: 1, WithoutDue: 1, Cancelled: 1, Completion: share(0.5), FollowedThrough: &no, VerifiedThrough: &no}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			inc := w.incident(domain.IncidentEdit{})
			for _, s := range tt.steps {
				s(w, inc.Key)
			}
			w.at = w.at.AddDate(0, 0, 2) // past "soon", before everything else
			got, asOf, err := w.Reports.Rollup(t.Context(), viewer, inc.Key)
			if err != nil || asOf != domain.MustDate("2026-11-27") {
				t.Fatalf("as of %s: %v", asOf, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			pinned, _, err := w.Reports.RollupAt(t.Context(), viewer, inc.Key, app.ReportQuery{AsOf: w.at, KnownAt: w.at})
			if diff := cmp.Diff(tt.want, pinned); diff != "" || err != nil {
				t.Errorf("pinned: %v (-want +got):\n%s", err, diff)
			}
			if _, _, err := w.Reports.RollupAt(t.Context(), bea, inc.Key, app.ReportQuery{}); domain.KindOf(err) != domain.ErrNotFound {
				t.Errorf("a foreigner sees the pinned numbers: %v", err)
			}
			if _, _, err := w.Reports.Rollup(t.Context(), bea, inc.Key); domain.KindOf(err) != domain.ErrNotFound {
				t.Errorf("a foreigner sees the numbers: %v", err)
			}
			if several := must(w.Reports.Rollups(t.Context(), bea, []domain.IncidentKey{inc.Key}))(t); len(several) != 0 {
				t.Errorf("a foreigner sees %v", several)
			}
		})
	}
}

// TestUnknownIsNotOpen: an imported measure without a status counts in the
// total and in nothing else.
func TestUnknownIsNotOpen(t *testing.T) {
	w := newWorld(t)
	batch := domain.ImportBatch{File: "x.csv", Incidents: []domain.ImportIncident{{Incident: domain.Incident{Title: "Old", ExternalID: "o1", Team: "t_a"}, Line: 2}},
		Measures: []domain.ImportMeasure{{Measure: domain.Measure{Title: "Something", Team: "t_a"}, Line: 3, IncidentID: "o1"}}}
	must(w.Imports.Run(t.Context(), ana, batch, false))(t)
	got, _, err := w.Reports.Rollup(t.Context(), viewer, "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(domain.Rollup{Total: 1, Unknown: 1, Completion: new(float64)}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRecurrence: later incidents that name an earlier one are counted; what
// cannot be true is refused.
func TestRecurrence(t *testing.T) {
	w := newWorld(t)
	at := func(day int) domain.IncidentEdit {
		return domain.IncidentEdit{StartedAt: domain.Some(time.Date(2026, 11, day, 10, 0, 0, 0, time.UTC))}
	}
	first, second, third := w.incident(at(1)), w.incident(at(5)), w.incident(at(9))
	name := func(later, earlier domain.IncidentKey) error {
		_, _, err := w.Incidents.Edit(t.Context(), ana, later, 0, domain.IncidentEdit{RecurrenceOf: domain.Some(earlier)})
		return err
	}
	for _, wrong := range [][2]domain.IncidentKey{{first.Key, second.Key}, {first.Key, first.Key}, {second.Key, "INC-99"}} {
		if err := name(wrong[0], wrong[1]); domain.KindOf(err) != domain.ErrInvalid {
			t.Errorf("%s recurs from %s: %v", wrong[0], wrong[1], err)
		}
	}
	for _, later := range []domain.IncidentKey{second.Key, third.Key} {
		if err := name(later, first.Key); err != nil {
			t.Fatal(err)
		}
	}
	r, _, err := w.Reports.Rollup(t.Context(), viewer, first.Key)
	if err != nil || r.Recurrences != 2 {
		t.Errorf("recurrences %d, %v", r.Recurrences, err)
	}
	undated := w.incident(domain.IncidentEdit{RecurrenceOf: domain.Some(third.Key)})
	if err := name(third.Key, undated.Key); domain.KindOf(err) != domain.ErrInvalid {
		t.Errorf("two recur from each other: %v", err)
	}
	foreign := must(w.Incidents.Create(t.Context(), bea, domain.IncidentEdit{Title: domain.Some("Theirs"), Team: domain.Some(domain.TeamID("t_b"))}))(t)
	if err := name(third.Key, foreign.Key); domain.KindOf(err) != domain.ErrInvalid {
		t.Errorf("recurs from another team's: %v", err)
	}
}
