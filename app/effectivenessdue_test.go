package app_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// The list of what waits for a verdict says what the page of each measure says:
// done, nobody has judged it, and its day has come; under the policy that the
// measure was created under, day by day.
func TestEffectivenessDue(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	policy := must(w.Policies.Current(ctx, admin))(t)
	var keys []domain.MeasureKey
	for version, days := range []int{30, 3, 30} {
		policy.VerifyDays = map[domain.Priority]int{domain.P0: days, domain.P1: days, domain.P2: 60}
		must(w.Policies.Save(ctx, admin, policy, fmt.Sprint(version)))(t)
		for n, priority := range []domain.Priority{domain.P0, domain.P1, domain.P2, domain.P4} {
			m := w.measure(func(m *domain.NewMeasure) {
				m.Priority = priority
				if n == 1 { // names its own day
					m.Metric = domain.ParseMetric("lag; target at_most 5 min; verify " + domain.DateOf(w.at).AddDays(5+version).String())
				}
			})
			keys = append(keys, m.Key)
			if n < 3 || version == 0 {
				w.done(m.Key)
			}
		}
	}
	must(w.to(keys[0], ben, verdict(domain.Effective)))(t)
	list := func(due bool) (out []domain.MeasureKey) {
		for _, m := range must(w.Measures.List(ctx, ana, domain.MeasureFilter{EffectivenessDue: &due}, domain.Page{Limit: 200, Sort: []string{"key"}, WithTotal: true}))(t).Items {
			out = append(out, m.Key)
		}
		return out
	}
	ever := map[domain.MeasureKey]bool{}
	for range 65 {
		var want, others []domain.MeasureKey
		for _, key := range keys {
			if must(w.Measures.Effect(ctx, ana, key))(t).VerifyDue {
				want, ever[key] = append(want, key), true
			} else {
				others = append(others, key)
			}
		}
		if diff := cmp.Diff(want, list(true)); diff != "" {
			t.Fatalf("on %s (-want +got):\n%s", domain.DateOf(w.at), diff)
		}
		if diff := cmp.Diff(others, list(false)); diff != "" {
			t.Fatalf("not due on %s (-want +got):\n%s", domain.DateOf(w.at), diff)
		}
		if n := must(w.Measures.EffectivenessDue(ctx, ana, domain.MeasureFilter{}))(t); n != len(want) {
			t.Fatalf("on %s %d are counted, want %d", domain.DateOf(w.at), n, len(want))
		}
		w.at = w.at.AddDate(0, 0, 1)
	}
	if len(ever) != 9 || slices.Contains(list(true), keys[0]) {
		t.Errorf("%d measures were due at some time, want 9", len(ever))
	}
	if n := must(w.Measures.EffectivenessDue(ctx, bea, domain.MeasureFilter{}))(t); n != 0 {
		t.Errorf("another team counts %d", n)
	}
}
