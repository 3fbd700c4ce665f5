package domain

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Direction says on which side of the target a success metric is attained.
type Direction string

// The directions.
const (
	AtMost  Direction = "at_most"
	AtLeast Direction = "at_least"
)

// Metric is a measure's success metric: how we will know that it worked.
type Metric struct {
	Name      string
	Unit      string
	Baseline  *float64
	Target    *float64
	Direction Direction
	// WindowDays is the length of the evaluation window; 0 means not given.
	WindowDays int
	VerifyOn   Date
	// NotMeasurable holds the reason why there is no metric; Name is then empty.
	NotMeasurable string
}

// IsZero reports whether nothing is said about success.
func (m Metric) IsZero() bool { return m == Metric{} }

// Given reports whether the metric, or the reason for having none, is stated.
func (m Metric) Given() bool { return m.Name != "" || m.NotMeasurable != "" }

// Equal compares by value, also through the optional numbers.
func (m Metric) Equal(o Metric) bool { return m.Text() == o.Text() }

const notMeasurablePrefix = "not measurable: "

// Text returns the metric in one line, the form trackers carry. ParseMetric
// reads it back without loss:
//
//	time to detect lag; target at_most 5 min; baseline 42; window 30 d; verify 2027-01-07
func (m Metric) Text() string {
	if m.NotMeasurable != "" {
		return notMeasurablePrefix + m.NotMeasurable
	}
	if m.IsZero() {
		return ""
	}
	parts := []string{m.Name}
	if m.Target != nil || m.Direction != "" || m.Unit != "" {
		target := "target"
		if m.Direction != "" {
			target += " " + string(m.Direction)
		}
		if m.Target != nil {
			target += " " + FormatNumber(*m.Target)
		}
		if m.Unit != "" {
			target += " " + m.Unit
		}
		parts = append(parts, target)
	}
	if m.Baseline != nil {
		parts = append(parts, "baseline "+FormatNumber(*m.Baseline))
	}
	if m.WindowDays != 0 {
		parts = append(parts, fmt.Sprintf("window %d d", m.WindowDays))
	}
	if !m.VerifyOn.IsZero() {
		parts = append(parts, "verify "+m.VerifyOn.String())
	}
	return strings.Join(parts, "; ")
}

var (
	metricTarget   = regexp.MustCompile(`^target(?: (at_most|at_least))?(?: (-?\d+(?:\.\d{1,6})?))?(?: (\S(?:.*\S)?))?$`)
	metricBaseline = regexp.MustCompile(`^baseline (-?\d+(?:\.\d{1,6})?)$`)
	metricWindow   = regexp.MustCompile(`^window (\d{1,4}) d$`)
	metricVerify   = regexp.MustCompile(`^verify (\d{4}-\d{2}-\d{2})$`)
)

// ParseMetric reads the one-line form. Whatever it does not recognise, from
// the end towards the front, belongs to the name: text typed by a person in a
// tracker is never refused and never lost.
func ParseMetric(text string) Metric {
	text = NormalTitle(text)
	if reason, ok := strings.CutPrefix(text, notMeasurablePrefix); ok && reason != "" {
		return Metric{NotMeasurable: reason}
	}
	var m Metric
	parts := strings.Split(text, "; ")
	for len(parts) > 1 && m.take(parts[len(parts)-1]) {
		parts = parts[:len(parts)-1]
	}
	m.Name = strings.Join(parts, "; ")
	return m
}

// take recognises one part of the text; a part that would overwrite an
// already recognised one belongs to the name.
func (m *Metric) take(part string) bool {
	if g := metricVerify.FindStringSubmatch(part); g != nil && m.VerifyOn.IsZero() && m.WindowDays == 0 && m.Baseline == nil && !m.hasTarget() {
		d, err := ParseDate(g[1])
		m.VerifyOn = d
		return err == nil
	}
	if g := metricWindow.FindStringSubmatch(part); g != nil && m.WindowDays == 0 && m.Baseline == nil && !m.hasTarget() {
		n, _ := strconv.Atoi(g[1]) // at most four digits
		if n < 1 || n > maxWindowDays {
			return false
		}
		m.WindowDays = n
		return true
	}
	if g := metricBaseline.FindStringSubmatch(part); g != nil && m.Baseline == nil && !m.hasTarget() {
		m.Baseline = parseNumber(g[1])
		return m.Baseline != nil
	}
	if g := metricTarget.FindStringSubmatch(part); g != nil && !m.hasTarget() && part != "target" {
		if g[2] != "" {
			if m.Target = parseNumber(g[2]); m.Target == nil {
				return false
			}
		}
		m.Direction, m.Unit = Direction(g[1]), g[3]
		return true
	}
	return false
}

func (m Metric) hasTarget() bool { return m.Target != nil || m.Direction != "" || m.Unit != "" }

func parseNumber(s string) *float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(v) > maxMetricNumber {
		return nil
	}
	return &v
}

// The bounds of a metric's numbers.
const (
	maxWindowDays   = 3650
	maxMetricNumber = 1e12
)

// normal brings the texts to the form that the one-line text has.
func (m Metric) normal() Metric {
	m.Name, m.Unit, m.NotMeasurable = NormalTitle(m.Name), NormalTitle(m.Unit), NormalTitle(m.NotMeasurable)
	return m
}

// check refuses what the one-line form could not carry.
func (m Metric) check(p *problems) {
	if m.IsZero() {
		return
	}
	checkText(p, "success_metric.name", m.Name, MaxName)
	checkText(p, "success_metric.not_measurable", m.NotMeasurable, MaxReason)
	checkText(p, "success_metric.unit", m.Unit, MaxName)
	if m.NotMeasurable != "" {
		switch {
		case m.Name != "":
			p.add("success_metric", "has a name and a reason for not being measurable; give one of them")
		case m != Metric{NotMeasurable: m.NotMeasurable}:
			p.add("success_metric", "has numbers or dates and a reason for not being measurable; give one of them")
		}
		return
	}
	if m.Name == "" {
		p.add("success_metric.name", "is empty; say what is measured")
		return
	}
	checkEnum(p, "success_metric.direction", m.Direction, []Direction{AtMost, AtLeast}, true)
	if m.WindowDays < 0 || m.WindowDays > maxWindowDays {
		p.add("success_metric.window_days", "%d is not accepted; use 1 to 3650 days", m.WindowDays)
	}
	for field, v := range map[string]*float64{"success_metric.baseline": m.Baseline, "success_metric.target": m.Target} {
		switch {
		case v == nil:
		case math.IsNaN(*v) || math.Abs(*v) > maxMetricNumber:
			p.add(field, "is out of range; use a number between -1e12 and 1e12")
		case *parseNumber(FormatNumber(*v)) != *v:
			p.add(field, "has more than six decimals; round it")
		}
	}
	if back := ParseMetric(m.Text()); len(*p) == 0 && !back.same(m) {
		p.add("success_metric.name", "reads like a target, baseline, window or date, or the unit like a number; word it differently")
	}
}

// same compares part by part; the one-line text could hide where one ends.
func (m Metric) same(o Metric) bool {
	number := func(a, b *float64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
	return m.Name == o.Name && m.Unit == o.Unit && m.Direction == o.Direction && m.WindowDays == o.WindowDays && m.VerifyOn == o.VerifyOn &&
		number(m.Baseline, o.Baseline) && number(m.Target, o.Target)
}

// Attained reports whether value is at or beyond the target; false without a target.
func (m Metric) Attained(value float64) bool {
	if m.Target == nil {
		return false
	}
	if m.Direction == AtLeast {
		return value >= *m.Target
	}
	return value <= *m.Target
}
