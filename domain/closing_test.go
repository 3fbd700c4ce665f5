package domain_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// TestCloseGate: an incident stays open while a P0 or P1 measure is neither
// verified nor risk-accepted; below, what is unfinished only warns.
func TestCloseGate(t *testing.T) {
	today := domain.DateOf(now())
	risk := func(until string) func(*domain.Measure) {
		return func(m *domain.Measure) {
			m.Status, m.ClosureReason, m.RiskAcceptedUntil = domain.Cancelled, domain.RiskAccepted, domain.MustDate(until)
		}
	}
	wont := func(m *domain.Measure) { m.Status, m.ClosureReason = domain.Cancelled, domain.WontDo }
	for name, c := range map[string]struct {
		change  func(*domain.Measure)
		missing string // "" lets the incident close
	}{
		"proposed":          {status(domain.Proposed), "still proposed"},
		"accepted":          {status(domain.Accepted), "still accepted"},
		"in progress":       {status(domain.InProgress), "still in_progress"},
		"blocked":           {status(domain.Blocked), "still blocked"},
		"done":              {status(domain.Done), "done, but not verified"},
		"verified":          {status(domain.Verified), ""},
		"risk accepted":     {risk("2026-06-15"), ""},
		"risk has run out":  {risk("2026-06-14"), "its accepted risk ended on 2026-06-14"},
		"won't do":          {wont, "cancelled as wont_do: neither verified nor risk-accepted"},
		"duplicate":         {status(domain.Cancelled), ""},
		"ineffective, seen": {func(m *domain.Measure) { status(domain.Verified)(m); m.Verdict = domain.Ineffective }, ""},
	} {
		for _, p := range append(domain.Priorities(), "") {
			m := measure(t, c.change, priority(p))
			blocking, warning := domain.CloseGate([]domain.Measure{m}, domain.DefaultPolicy(), today)
			var want []domain.Blocker
			if c.missing != "" {
				want = []domain.Blocker{{Measure: "M-1", Title: m.Title, Missing: c.missing}}
			}
			urgent := p == domain.P0 || p == domain.P1
			if urgent {
				blocking, warning = warning, blocking // want names what blocks below
			}
			if diff := cmp.Diff(want, warning); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, p, diff)
			}
			if len(blocking) > 0 {
				t.Errorf("%s, %s: %v on the wrong side", name, p, blocking)
			}
		}
	}
	err := domain.GateError("INC-1", []domain.Blocker{{Measure: "M-1", Missing: "still blocked"}, {Measure: "M-2", Missing: "done, but not verified"}})
	if want := "status: INC-1 cannot be closed: M-1 is still blocked; M-2 is done, but not verified"; !errors.Is(err, domain.ErrConflict) || err.Error() != want {
		t.Errorf("err = %v", err)
	}
	if err := domain.GateError("INC-1", nil); err != nil {
		t.Errorf("nothing blocks, but %v", err)
	}
}
