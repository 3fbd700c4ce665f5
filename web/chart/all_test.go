package chart_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/web/chart"
)

func TestRunKeepsToTheFilter(t *testing.T) {
	c := metrics.Cohort{Pins: metrics.Pins{AsOf: asOf(), Policy: domain.DefaultPolicy()}, Filter: metrics.Filter{Priorities: []domain.Priority{domain.P1, domain.P3}}}
	r, err := chart.Run(metrics.NewSnapshot(0), c, metrics.RecurrenceInput{})
	if err != nil {
		t.Fatal(err)
	}
	var got []domain.Priority
	for _, p := range r.ByPriority {
		got = append(got, p.Priority)
	}
	if d := cmp.Diff([]domain.Priority{domain.P1, domain.P3}, got); d != "" {
		t.Error(d)
	}
	if len(r.Teams.Groups) != 0 {
		t.Error("teams are compared without their sizes")
	}
	c.AsOf = time.Time{}
	if _, err := chart.Run(metrics.NewSnapshot(0), c, metrics.RecurrenceInput{}); !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("no as_of: error %v, want invalid", err)
	}
}

func TestTargetsRise(t *testing.T) {
	p := domain.DefaultPolicy()
	p.SLADays = map[domain.Priority]int{domain.P0: 7, domain.P1: 7, domain.P2: 60, domain.P3: 30}
	if d := cmp.Diff([]float64{7, 60}, chart.Targets(p)); d != "" {
		t.Error(d)
	}
	p.WorkingDays = []domain.Priority{domain.P2} // no place on an axis of elapsed days
	if d := cmp.Diff([]float64{7, 30}, chart.Targets(p)); d != "" {
		t.Error(d)
	}
}

func TestTargetsOfWorkingDaysSayIt(t *testing.T) {
	r := metrics.SLAReport{Priorities: []metrics.SLAPriority{{Priority: domain.P1, TargetDays: 5, WorkingDays: true}, {Priority: domain.P2, TargetDays: 5}}}
	rows := chart.SLA(r, nil, chart.Options{Texts: chart.English()}).Table.Rows
	if rows[0].Cells[1] != "5 working days" || rows[1].Cells[1] != "5 d" {
		t.Errorf("targets %q and %q", rows[0].Cells[1], rows[1].Cells[1])
	}
}

// TestPortfolioHasNoPicturePerPerson: whatever is drawn, nobody is named.
func TestPortfolioHasNoPicturePerPerson(t *testing.T) {
	r := sample(t, 60, same)
	var ids []string
	for _, p := range chart.Portfolio(r.Reports, chart.Options{Texts: chart.English()}) {
		ids = append(ids, p.ID)
		for _, h := range p.Table.Head {
			if slices.Contains([]string{"owner", "person", "assignee"}, h.Name) {
				t.Errorf("%s has a column %q", p.ID, h.Name)
			}
		}
	}
	if len(ids) != 13 || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 13 {
		t.Errorf("pictures %q; want 13 different ones", ids)
	}
}
