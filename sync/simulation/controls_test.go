package simulation

import (
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestNegativeControls: each safeguard, switched off, makes worlds fail. A
// simulation that does not notice would not notice a mistake in it either.
func TestNegativeControls(t *testing.T) {
	if testing.Short() {
		t.Skip("the safeguards are switched off in the long run only")
	}
	tests := map[string]struct {
		off   func(*settings)
		shape func(*plan)
		want  string // the invariant that breaks
	}{
		"the look for the nonce": {func(s *settings) { s.noProbe = true }, func(p *plan) { p.fault, p.steps, p.measures, p.deletes = 0.25, 30, 3, false }, "P5"},
		"the base":               {func(s *settings) { s.noBase = true }, func(p *plan) { p.fault, p.crash, p.steps, p.deletes = 0, 0, 12, false }, "P3"},
		"the overlap of polls": {func(s *settings) { s.noOverlap = true }, func(p *plan) {
			p.loss, p.fault, p.deletes, p.steps, p.lag = 1, 0, false, 40, map[domain.TrackerID]time.Duration{jc: time.Minute, jd: time.Minute}
		}, "P3"},
		"the lease": {func(s *settings) { s.noLease = true }, func(p *plan) { p.between, p.steps, p.deletes = 0.3, 30, false }, "lease"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed <= 60; seed++ {
				s := settings{seed: seed, shape: tt.shape}
				tt.off(&s)
				problem := broken(outcomeOf(t, s, "control"), tt.want)
				if problem == "" || broken(outcomeOf(t, settings{seed: seed, shape: tt.shape}, "control"), tt.want) != "" {
					continue // nothing to see, or not because of the safeguard
				}
				t.Logf("seed %d notices: %.150s", seed, problem)
				return
			}
			t.Errorf("no world notices that %s is missing", name)
		})
	}
}

// broken is the first problem with an invariant.
func broken(w *world, invariant string) string {
	for _, p := range w.problems {
		if strings.HasPrefix(p, invariant) {
			return p
		}
	}
	return ""
}
