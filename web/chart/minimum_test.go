package chart_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/web/chart"
)

// TestBelowTheSmallestNumbers: a figure that is not to be shown appears as counts
// only, in the line, in the picture and in the table.
func TestBelowTheSmallestNumbers(t *testing.T) {
	half, low, high := 0.5, 0.1, 0.9
	hidden := func(unit string) metrics.Figure {
		return metrics.Figure{Unit: unit, X: 2, N: 4, Value: &half, Lower: &low, Upper: &high, Why: "4 units, shown from 10"}
	}
	share := hidden("share")
	onTime := metrics.OnTimeReport{Original: share, Current: share}
	o := chart.Options{Texts: chart.English()}
	for name, p := range map[string]chart.Picture{
		"on time":      chart.OnTime(onTime, []chart.OnTimePriority{{Priority: domain.P1, Report: onTime}}, o),
		"targets":      chart.SLA(metrics.SLAReport{Priorities: []metrics.SLAPriority{{Priority: domain.P1, TargetDays: 30, Attained: share, WorstCase: share, Trend: share}}}, nil, o),
		"funnel":       chart.Funnel(metrics.ComparisonReport{OnTimeAll: nil, Groups: []metrics.ComparedGroup{{Group: "a", MeanOpen: hidden("days"), MeanOpenDifference: hidden("days"), Funnel: metrics.FunnelPoint{OnTime: share}}}}, o),
		"before after": chart.BeforeAfter(metrics.BeforeAfter{EventsBefore: 1, Ratio: hidden("ratio")}, o),
		"recurrence":   chart.Recurrence(metrics.RecurrenceReport{Figures: []metrics.Figure{share}, Curve: []metrics.RecurrencePoint{{Day: 3, AtRisk: 4, Recurred: 0.5}}}, o),
	} {
		t.Run(name, func(t *testing.T) {
			if p.Drawn() {
				t.Error("is drawn")
			}
			if strings.Contains(p.Lead, "0.5") || strings.Contains(p.Lead, "50") {
				t.Errorf("lead %q says the number", p.Lead)
			}
			for _, r := range p.Table.Rows {
				if all := strings.Join(r.Cells, "|"); strings.Contains(all, "50") || strings.Contains(all, "0.5") {
					t.Errorf("the table says the number: %s", all)
				}
			}
		})
	}
	common := 0.5
	if p := chart.Funnel(metrics.ComparisonReport{OnTimeAll: &common, Groups: []metrics.ComparedGroup{{Group: "a", Funnel: metrics.FunnelPoint{OnTime: share}}}}, o); p.Drawn() {
		t.Error("a funnel of groups too small is drawn")
	}
}

// TestNothingToCount: an axis of counts says every number once, with nothing or
// one thing on it too.
func TestNothingToCount(t *testing.T) {
	for arrivals := range 4 {
		r := metrics.FlowReport{Weeks: []metrics.FlowWeek{{Year: 2026, Week: 40, Arrivals: arrivals, Complete: true}, {Year: 2026, Week: 41, Complete: true}}}
		var svg strings.Builder
		if err := chart.Flow(r, metrics.ForecastReport{}, chart.Options{Texts: chart.English()}).WriteSVG(&svg); err != nil {
			t.Fatal(err)
		}
		for n := range 4 {
			if found := strings.Count(svg.String(), ">"+strconv.Itoa(n)+"</text>"); found > 1 {
				t.Errorf("%d arrivals: %d stands %d times at the axis", arrivals, n, found)
			}
		}
	}
}
