package verify_test

import (
	"strings"
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

func TestPrint(t *testing.T) {
	var out strings.Builder
	failed, err := verify.Print(&out, verify.Builtin())
	if err != nil || failed != 0 {
		t.Fatalf("%d failed, err %v", failed, err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 114 || lines[len(lines)-1] != "112 passed, 0 failed" {
		t.Errorf("%d lines, the last %q; want a heading, 112 cases and the sum", len(lines), lines[len(lines)-1])
	}
	out.Reset()
	failed, err = verify.Print(&out, strings.NewReader(one(`{"id":"a","kind":"astrology","input":{},"expected":{"x":1}}`)))
	if err != nil || failed != 1 || !strings.HasSuffix(out.String(), "0 passed, 1 failed\n") || !strings.Contains(out.String(), "unknown kind") {
		t.Errorf("%d failed, err %v, output %q", failed, err, out.String())
	}
}
