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
		m.WindowDays = n
		return n > 0
	}
	if g := metricBaseline.FindStringSubmatch(part); g != nil && m.Baseline == nil && !m.hasTarget() {
		m.Baseline = parseNumber(g[1])
		return true
	}
	if g := metricTarget.FindStringSubmatch(part); g != nil && !m.hasTarget() && part != "target" {
		m.Direction, m.Unit = Direction(g[1]), g[3]
		if g[2] != "" {
			m.Target = parseNumber(g[2])
		}
		return true
	}
	return false
}

func (m Metric) hasTarget() bool { return m.Target != nil || m.Direction != "" || m.Unit != "" }

func parseNumber(s string) *float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil
	}
	return &v
}

// check refuses what the one-line form could not carry.
func (m Metric) check(p *problems) {
	if m.IsZero() {
		return
	}
	checkText(p, "success_metric.name", m.Name, MaxName)
	checkText(p, "success_metric.not_measurable", m.NotMeasurable, MaxReason)
	if m.NotMeasurable != "" && m.Name != "" {
		p.add("success_metric", "has a name and a reason for not being measurable; give one of them")
		return
	}
	checkEnum(p, "success_metric.direction", m.Direction, []Direction{AtMost, AtLeast}, true)
	if m.WindowDays < 0 || m.WindowDays > 3650 {
		p.add("success_metric.window_days", "%d is not accepted; use 1 to 3650 days", m.WindowDays)
	}
	for field, v := range map[string]*float64{"success_metric.baseline": m.Baseline, "success_metric.target": m.Target} {
		if v != nil && (math.IsNaN(*v) || math.Abs(*v) > 1e12) {
			p.add(field, "is out of range; use a number between -1e12 and 1e12")
		}
	}
	if len(*p) == 0 && ParseMetric(m.Text()).Text() != m.Text() {
		p.add("success_metric.name", "reads like a target, baseline, window or date; word it differently")
	}
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
