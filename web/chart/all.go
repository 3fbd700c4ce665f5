package chart

import (
	"slices"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// Reports are the results that the pictures of a portfolio are drawn from.
type Reports struct {
	Quality    metrics.QualityReport
	Overdue    metrics.OverdueReport
	OnTime     metrics.OnTimeReport
	ByPriority []OnTimePriority
	SLA        metrics.SLAReport
	Completion metrics.CompletionReport
	Flow       metrics.FlowReport
	Forecast   metrics.ForecastReport
	Teams      metrics.ComparisonReport
	Recurrence metrics.RecurrenceReport
	// Objectives are the shares aimed at by priority; nil without any.
	Objectives map[domain.Priority]float64
}

// Run computes the reports of a cohort. Teams are compared only where the cohort
// knows their sizes. Errors as the reports of metrics.
func Run(s *metrics.Snapshot, c metrics.Cohort, in metrics.RecurrenceInput) (Reports, error) {
	var r Reports
	var err error
	keep := func(e error) {
		if err == nil {
			err = e
		}
	}
	var e error
	r.Quality, e = metrics.Quality(s, c, in.Services)
	keep(e)
	r.Overdue, e = metrics.Overdue(s, c)
	keep(e)
	r.OnTime, e = metrics.OnTime(s, c, metrics.DueSpan{})
	keep(e)
	for _, p := range domain.Priorities() {
		if len(c.Priorities) > 0 && !slices.Contains(c.Priorities, p) {
			continue
		}
		only := c
		only.Priorities = []domain.Priority{p}
		report, e := metrics.OnTime(s, only, metrics.DueSpan{})
		keep(e)
		r.ByPriority = append(r.ByPriority, OnTimePriority{Priority: p, Report: report})
	}
	r.SLA, e = metrics.SLA(s, c, metrics.FromCreated)
	keep(e)
	r.Completion, e = metrics.Completion(s, c)
	keep(e)
	r.Flow, e = metrics.Flow(s, c)
	keep(e)
	r.Forecast, e = metrics.ForecastBacklog(s, c)
	keep(e)
	if c.TeamSizes != nil {
		r.Teams, e = metrics.Compare(s, c, metrics.ByTeam, metrics.ToDone)
		keep(e)
	}
	r.Recurrence, e = metrics.Recurrence(s, c, in)
	keep(e)
	return r, err
}

// Targets are the days at which the completion curve is marked: those of the
// policy in elapsed days, each once, in order. A target of working days has no
// place on the curve's axis.
func Targets(p domain.Policy) []float64 {
	var days []float64
	for _, priority := range domain.Priorities() {
		if n, ok := p.SLADays[priority]; ok && !p.CountsWorkingDays(priority) && (len(days) == 0 || float64(n) > days[len(days)-1]) {
			days = append(days, float64(n))
		}
	}
	return days
}

// Portfolio draws every picture of a portfolio, the quality of the data first.
func Portfolio(r Reports, o Options) []Picture {
	for i := range r.ByPriority {
		if goal, ok := r.Objectives[r.ByPriority[i].Priority]; ok {
			r.ByPriority[i].Objective = &goal
		}
	}
	return []Picture{
		Quality(r.Quality, o),
		Overdue(r.Overdue, o),
		OnTime(r.OnTime, r.ByPriority, o),
		SLA(r.SLA, r.Objectives, o),
		Completion(r.Completion, Targets(r.Completion.Cohort.Policy), o),
		Ageing(r.Flow, o),
		Flow(r.Flow, r.Forecast, o),
		Funnel(r.Teams, o),
		Recurrence(r.Recurrence, o),
		States(r.Recurrence, o),
		BeforeAfter(r.Recurrence.BeforeAfter, o),
		MeanCumulative(r.Recurrence, o),
		Services(r.Recurrence, o),
	}
}
