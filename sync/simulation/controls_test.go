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
	tests := map[string]struct {
		off   func(*settings)
		shape func(*plan)
		want  string // the invariant that breaks
	}{
		"the look for the nonce": {func(s *settings) { s.noProbe = true }, func(p *plan) { p.fault, p.steps, p.measures = 0.25, 30, 3 }, "P5"},
		"the base":               {func(s *settings) { s.noBase = true }, func(p *plan) { p.fault, p.crash = 0, 0 }, "P3"},
		"the overlap of polls": {func(s *settings) { s.noOverlap = true }, func(p *plan) {
			p.loss, p.fault, p.lag = 1, 0, map[domain.TrackerID]time.Duration{gh: 90 * time.Second}
		}, ""},
		"the lease": {func(s *settings) { s.noLease = true }, func(p *plan) { p.between = 0.3 }, "lease"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed <= 30; seed++ {
				s := settings{seed: seed, shape: tt.shape}
				tt.off(&s)
				w := outcomeOf(t, s, "control")
				for _, p := range w.problems {
					if strings.HasPrefix(p, tt.want) {
						t.Logf("seed %d notices: %.150s", seed, p)
						return
					}
				}
			}
			t.Errorf("no world notices that %s is missing", name)
		})
	}
}
