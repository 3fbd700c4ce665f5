package verify_test

import (
	"testing"

	"github.com/followthrough/followthrough/metrics/verify"
)

func TestBuiltinReferenceCases(t *testing.T) {
	passed, failed, err := verify.Run(verify.Builtin(), func(r verify.Result) {
		t.Run(r.ID, func(t *testing.T) {
			if !r.Passed {
				t.Errorf("%s (%s): %s", r.ID, r.Kind, r.Problem)
			}
			if r.Deviation > 1e-9 {
				t.Logf("largest deviation %.3g over %d numbers", r.Deviation, r.Numbers)
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if passed != 112 || failed != 0 {
		t.Errorf("%d passed, %d failed; want 112 and 0", passed, failed)
	}
}
