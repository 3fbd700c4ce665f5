package domain_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
)

//go:fix inline
func num(v float64) *float64 { return new(v) }

// parts is a metric without its methods, so that it is compared part by part
// and not by its text.
type parts domain.Metric

func TestMetricText(t *testing.T) {
	full := domain.Metric{Name: "time to detect lag", Unit: "min", Baseline: num(42), Target: num(5), Direction: domain.AtMost, WindowDays: 30, VerifyOn: domain.MustDate("2027-01-07")}
	for text, want := range map[string]domain.Metric{
		"": {},
		"time to detect lag; target at_most 5 min; baseline 42; window 30 d; verify 2027-01-07": full,
		"lag":                       {Name: "lag"},
		"lag; target 5":             {Name: "lag", Target: num(5)},
		"lag; target at_least -0.5": {Name: "lag", Target: new(-0.5), Direction: domain.AtLeast},
		"lag; target % of orders":   {Name: "lag", Unit: "% of orders"},
		"lag; baseline 42":          {Name: "lag", Baseline: num(42)},
		"not measurable: a rule":    {NotMeasurable: "a rule"},
		// What people type is kept, recognised or not.
		"lag; verify soon":                     {Name: "lag; verify soon"},
		"lag; window 0 d":                      {Name: "lag; window 0 d"},
		"lag; window 9999 d":                   {Name: "lag; window 9999 d"},
		"lag; verify 2027-02-30":               {Name: "lag; verify 2027-02-30"},
		"lag; baseline 9999999999999":          {Name: "lag; baseline 9999999999999"},
		"lag; baseline 0.1234567":              {Name: "lag; baseline 0.1234567"},
		"lag; baseline 1; baseline 2":          {Name: "lag; baseline 1", Baseline: num(2)},
		"lag; baseline 1; target 5":            {Name: "lag; baseline 1", Target: num(5)}, // out of order: part of the name
		"verify 2027-01-07":                    {Name: "verify 2027-01-07"},
		"not measurable:":                      {Name: "not measurable:"},
		"lag; target at_most 5; and then some": {Name: "lag; target at_most 5; and then some"},
	} {
		got := domain.ParseMetric(text)
		if diff := cmp.Diff(parts(want), parts(got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if got.Text() != text {
			t.Errorf("%q is written back as %q", text, got.Text())
		}
	}
}

// TestMetricTextKept: no text that a person types is lost by reading it.
func TestMetricTextKept(t *testing.T) {
	part := rapid.OneOf(
		rapid.StringMatching(`[a-z =<;.%-]{0,12}`),
		rapid.SampledFrom([]string{"target at_most 5 min", "target", "target 5", "baseline 42", "baseline 0042", "baseline -0", "baseline 1.10", "window 30 d", "window 030 d", "verify 2027-01-07", "not measurable: x", "not measurable: "}),
		rapid.String(),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(part, 0, 5).Draw(t, "parts"), "; ")
		m := domain.ParseMetric(text)
		// Numbers are written in one form; everything else stays word for word.
		again := domain.ParseMetric(m.Text())
		if diff := cmp.Diff(parts(m), parts(again)); diff != "" {
			t.Fatalf("%q reads as %+v, but %q reads differently:\n%s", text, m, m.Text(), diff)
		}
		kept := m.Name + m.NotMeasurable + m.Unit
		for word := range strings.FieldsSeq(domain.NormalTitle(text)) {
			if strings.ContainsAny(word, "zq") && !strings.Contains(kept, strings.TrimSuffix(word, ";")) {
				t.Fatalf("%q lost %q in %+v", text, word, m)
			}
		}
	})
}

// TestMetricRoundTrip: every metric that the domain accepts survives its text.
func TestMetricRoundTrip(t *testing.T) {
	word := rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9 ;%äß._-]{0,20}`), rapid.SampledFrom([]string{"5", "5 min", "at_most 5", "x; baseline 3", "x; target 4", "not measurable: y"}))
	number := rapid.Ptr(rapid.OneOf(rapid.Float64Range(-1e6, 1e6), rapid.Map(rapid.IntRange(-1000, 1000), func(n int) float64 { return float64(n) / 100 })), true)
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		in := domain.Metric{
			Name: word.Draw(t, "name"), Unit: word.Draw(t, "unit"), Baseline: number.Draw(t, "baseline"), Target: number.Draw(t, "target"),
			Direction:  rapid.SampledFrom([]domain.Direction{"", domain.AtMost, domain.AtLeast}).Draw(t, "direction"),
			WindowDays: rapid.SampledFrom([]int{0, 1, 30, 3650}).Draw(t, "window"),
			VerifyOn:   rapid.SampledFrom([]domain.Date{{}, domain.MustDate("2027-01-07")}).Draw(t, "verify"),
		}
		m := domain.Measure{Title: "x", Status: domain.Proposed}
		if err := m.Edit(domain.MeasureEdit{Metric: domain.Some(in)}, person(ana), rules()); err != nil {
			return
		}
		accepted++
		if diff := cmp.Diff(parts(m.Metric), parts(domain.ParseMetric(m.Metric.Text()))); diff != "" {
			t.Fatalf("%q loses (-stored +read):\n%s", m.Metric.Text(), diff)
		}
	})
	if accepted < 5 {
		t.Errorf("only %d metrics were accepted; the property was hardly tried", accepted)
	}
}

func TestMetricRefusals(t *testing.T) {
	named := func(change func(*domain.Metric)) domain.Metric {
		m := domain.Metric{Name: "lag"}
		change(&m)
		return m
	}
	for name, c := range map[string]struct {
		metric domain.Metric
		want   []string
	}{
		"none":                 {domain.Metric{}, nil},
		"name":                 {domain.Metric{Name: "lag"}, nil},
		"spaces":               {domain.Metric{Name: "  time  to\ndetect "}, nil},
		"reason":               {domain.Metric{NotMeasurable: "a rule"}, nil},
		"no name":              {domain.Metric{Target: num(5)}, []string{"success_metric.name: is empty; say what is measured"}},
		"name and reason":      {domain.Metric{Name: "lag", NotMeasurable: "a rule"}, []string{"success_metric: has a name and a reason"}},
		"target and reason":    {domain.Metric{Target: num(5), NotMeasurable: "a rule"}, []string{"success_metric: has numbers or dates and a reason"}},
		"long name":            {domain.Metric{Name: strings.Repeat("x", 201)}, []string{"success_metric.name: has 201 characters; at most 200"}},
		"direction":            {named(func(m *domain.Metric) { m.Direction = "less" }), []string{`success_metric.direction: "less" is not accepted; use one of at_most, at_least`}},
		"window":               {named(func(m *domain.Metric) { m.WindowDays = 3651 }), []string{"success_metric.window_days: 3651 is not accepted; use 1 to 3650 days"}},
		"window back in time":  {named(func(m *domain.Metric) { m.WindowDays = -1 }), []string{"success_metric.window_days: -1 is not accepted"}},
		"not a number":         {named(func(m *domain.Metric) { m.Target = new(math.NaN()) }), []string{"success_metric.target: is out of range"}},
		"infinite":             {named(func(m *domain.Metric) { m.Baseline = new(math.Inf(1)) }), []string{"success_metric.baseline: is out of range"}},
		"seven decimals":       {named(func(m *domain.Metric) { m.Target = new(0.1234567) }), []string{"success_metric.target: has more than six decimals"}},
		"name like a baseline": {domain.Metric{Name: "lag; baseline 5"}, []string{"success_metric.name: reads like a target, baseline"}},
		"name like a reason":   {domain.Metric{Name: "not measurable: lag"}, []string{"success_metric.name: reads like"}},
		"unit like a number":   {named(func(m *domain.Metric) { m.Unit = "5 min" }), []string{"success_metric.name: or the unit like a number"}},
		"control character":    {domain.Metric{Name: "a\x00b"}, []string{"success_metric.name: control character U+0000"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := edit(t, measure(t, status(domain.Proposed)), domain.MeasureEdit{Metric: domain.Some(c.metric)}, person(ana))
			refused(t, err, c.want...)
		})
	}
}

func TestAttained(t *testing.T) {
	for name, c := range map[string]struct {
		m     domain.Metric
		value float64
		want  bool
	}{
		"at most, below":   {domain.Metric{Target: num(5), Direction: domain.AtMost}, 4.9, true},
		"at most, at":      {domain.Metric{Target: num(5), Direction: domain.AtMost}, 5, true},
		"at most, above":   {domain.Metric{Target: num(5), Direction: domain.AtMost}, 5.1, false},
		"at least, below":  {domain.Metric{Target: num(5), Direction: domain.AtLeast}, 4.9, false},
		"at least, at":     {domain.Metric{Target: num(5), Direction: domain.AtLeast}, 5, true},
		"without a target": {domain.Metric{Direction: domain.AtLeast}, 5, false},
	} {
		if got := c.m.Attained(c.value); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
