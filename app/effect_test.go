package app_test

import (
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// TestEffect: the numbers propose, the policy says when to look, a person judges.
func TestEffect(t *testing.T) {
	w := newWorld(t)
	m := w.measure(func(n *domain.NewMeasure) {
		n.Metric = domain.ParseMetric("lag; target at_most 5 min; baseline 42; window 30 d")
	})
	observe := func(day int, values ...float64) {
		t.Helper()
		var all []domain.Observation
		for n, v := range values {
			all = append(all, domain.Observation{At: w.at.AddDate(0, 0, day).Add(time.Duration(n) * time.Minute), Value: v})
		}
		must(w.Measures.AddObservations(t.Context(), ana, m.Key, all))(t)
	}
	observe(-3, 40, 41, 44, 39, 46, 42)
	if e := must(w.Measures.Effect(t.Context(), viewer, m.Key))(t); e.Report.Measured || !e.VerifyOn.IsZero() || e.VerifyDue {
		t.Errorf("while open: %+v", e)
	}
	w.done(m.Key) // 2026-11-25
	if e := must(w.Measures.Effect(t.Context(), viewer, m.Key))(t); !e.Report.Measured || e.VerifyOn != domain.MustDate("2026-12-25") || e.VerifyDue {
		t.Errorf("just done: %+v", e)
	}
	w.at = w.at.AddDate(0, 0, 45)
	observe(-20, 4, 3, 5, 4, 4.5, 3)
	e := must(w.Measures.Effect(t.Context(), viewer, m.Key))(t)
	if !e.VerifyDue || !e.Report.WindowClosed || e.Report.Attained != metrics.Yes || e.Report.Sustained != metrics.Yes || e.Report.Proposed != metrics.Yes || *e.Report.Median != 4 {
		t.Errorf("after the window: %+v", e)
	}
	if _, err := w.Measures.Effect(t.Context(), bea, m.Key); domain.KindOf(err) != domain.ErrNotFound {
		t.Errorf("another team: %v", err)
	}
	must(w.to(m.Key, ben, verdict(domain.Effective)))(t)
	if e := must(w.Measures.Effect(t.Context(), viewer, m.Key))(t); e.VerifyDue || !e.VerifyOn.IsZero() {
		t.Errorf("after the verdict: %+v", e)
	}
}
