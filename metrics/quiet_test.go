package metrics_test

import (
	"math"
	"testing"

	"github.com/followthrough/followthrough/metrics"
)

// TestQuietWindow: at 4 a year, 9 months without any claim a reduction and 18 a
// halving; a report of before and after says so in days at its own rate.
func TestQuietWindow(t *testing.T) {
	anyReduction, halving := metrics.QuietWindow(4)
	if math.Abs(anyReduction/365.25*12-9) > 1e-9 || math.Abs(halving/365.25*12-18) > 1e-9 {
		t.Errorf("%.1f and %.1f days, want 9 and 18 months", anyReduction, halving)
	}
	r, err := metrics.Recurrence(portfolio(t, 20_000), benchCohort(), metrics.RecurrenceInput{})
	if err != nil {
		t.Fatal(err)
	}
	b := r.BeforeAfter
	if b.EventsBefore == 0 || b.QuietDays == nil || b.QuietDaysHalving == nil {
		t.Fatalf("nothing to say about %+v", b)
	}
	if want := 3 * b.DaysBefore / float64(b.EventsBefore); math.Abs(*b.QuietDays/want-1) > 1e-12 || math.Abs(*b.QuietDaysHalving/want-2) > 1e-12 {
		t.Errorf("%d events in %.0f days: %.1f and %.1f days, want %.1f and twice that", b.EventsBefore, b.DaysBefore, *b.QuietDays, *b.QuietDaysHalving, want)
	}
}
