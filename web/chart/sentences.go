package chart

import (
	"fmt"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// rollUp is the plan of an incident in counts; never a percentage (A1).
func (t *Texts) rollUp(r metrics.RollUp) string {
	if r.Total == 0 {
		return t.NoPlan
	}
	if r.Total == r.Cancelled {
		return t.PlanDropped
	}
	parts := []string{fmt.Sprintf(t.RollDone, r.Done, r.Total)}
	for _, p := range []struct {
		text string
		n    int
	}{
		{t.RollVerified, r.Verified}, {t.RollOverdue, r.Overdue}, {t.RollPastPromise, r.PastPromise},
		{t.RollCancelled, r.Cancelled}, {t.RollWithoutDate, r.WithoutDue}, {t.RollUnknown, r.Unknown},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf(p.text, p.n))
		}
	}
	return strings.Join(parts, ", ")
}

func (t *Texts) state(f *metrics.Facts) string {
	switch {
	case f.Unknown:
		return t.StateUnknown
	case f.State == metrics.StateVerified:
		return t.StateVerified
	case f.State == metrics.StateDone:
		return t.StateDone
	case f.State == metrics.StateCancelled:
		return t.StateCancelled
	}
	return t.StateOpen
}

// planState is the state with the days past the promise.
func (t *Texts) planState(f *metrics.Facts, asOf time.Time) string {
	if n := f.DaysOverdue(f.Original, asOf); n > 0 {
		return fmt.Sprintf(t.OverdueDays, n)
	}
	return t.state(f)
}

// bucket is the name of an age class.
func (t *Texts) bucket(i int) string {
	if i == len(buckets())-1 {
		return t.BucketOver
	}
	return fmt.Sprintf(t.BucketDays, strings.Replace(buckets()[i], "-", "–", 1))
}

func (t *Texts) overdueLead(r *metrics.OverdueReport) string {
	lead := t.NothingOpen
	if r.Open > 0 {
		lead = fmt.Sprintf(t.OverdueLead, r.Current.Count, r.Open, r.PastPromise.Count, r.Current.Burden)
	}
	if r.Unknown > 0 {
		lead += " " + fmt.Sprintf(t.OverdueUnknown, r.Unknown)
	}
	return lead
}

func (t *Texts) onTimeLead(r *metrics.OnTimeReport) string {
	lead := t.NoCases
	if r.Original.N > 0 {
		lead = fmt.Sprintf(t.OnTimeLead, t.figure(r.Original), t.figure(r.Current))
	}
	if r.Pending > 0 {
		lead += " " + fmt.Sprintf(t.OnTimePending, r.Pending)
	}
	if r.WithoutDue > 0 {
		lead += " " + fmt.Sprintf(t.OnTimeWithout, r.WithoutDue)
	}
	return lead
}

func (t *Texts) withinTarget(o metrics.Origin) string {
	if o == metrics.FromResolved {
		return t.WithinTargetResolved
	}
	return t.WithinTargetCreated
}

func find(figures []metrics.Figure, name, group string) metrics.Figure {
	for _, f := range figures {
		if f.Name == name && f.Group == group {
			return f
		}
	}
	return metrics.Figure{}
}

func (t *Texts) completionLead(r *metrics.CompletionReport) string {
	if len(r.Curve) == 0 {
		open, done, cancelled := find(r.Figures, "open", ""), find(r.Figures, "done", ""), find(r.Figures, "cancelled", "")
		return fmt.Sprintf(t.CompletionFew, r.Measures, done.X, cancelled.X, open.X)
	}
	return fmt.Sprintf(t.CompletionLead, t.figure(find(r.Figures, "time_to_done", "p50")), t.figure(find(r.Figures, "done_by", "90")))
}

func (t *Texts) forecastLead(r *metrics.ForecastReport) string {
	week := func(f metrics.Figure) any {
		if f.Value == nil {
			return t.NeverClears
		}
		return t.value("weeks", *f.Value)
	}
	if len(r.Plain) < 3 || len(r.WithArrivals) < 3 || !r.Plain[0].Shown {
		total := 0
		for _, n := range r.Departures {
			total += n
		}
		if r.HistoryWeeks >= 8 && total >= 20 {
			return fmt.Sprintf(t.ForecastTooLarge, r.Backlog)
		}
		return fmt.Sprintf(t.ForecastFew, r.Backlog, r.HistoryWeeks, total)
	}
	args := []any{r.Backlog}
	for _, f := range r.Plain[:3] {
		args = append(args, week(f))
	}
	if r.WithArrivals[0].Value == nil { // the others are later still
		return fmt.Sprintf(t.ForecastNever, args...)
	}
	for _, f := range r.WithArrivals[:3] {
		args = append(args, week(f))
	}
	return fmt.Sprintf(t.ForecastLead, args...)
}

func (t *Texts) recurrenceLead(r *metrics.RecurrenceReport) string {
	return fmt.Sprintf(t.RecurrenceLead, r.Families, r.Recurrences, t.figure(find(r.Figures, "recurred_within", "365")))
}

func (t *Texts) statesLead(r *metrics.RecurrenceReport) string {
	overdue, done := 0, 0
	for _, s := range r.ByState {
		switch s.State {
		case metrics.PlanOverdue:
			overdue = s.Recurrences
		case metrics.PlanDone:
			done = s.Recurrences
		case metrics.PlanNone, metrics.PlanDropped, metrics.PlanOpen:
		}
	}
	lead := fmt.Sprintf(t.StatesLead, overdue, done)
	if f := find(r.Ratios, "recurrence_rate_ratio", "overdue:done"); f.Shown && f.Value != nil {
		lead += " " + fmt.Sprintf(t.RatioOverdueDone, t.figureOrBlank(f))
	}
	return lead
}

func (t *Texts) planStateName(s metrics.PlanState) string {
	switch s {
	case metrics.PlanDropped:
		return t.PlanAllDropped
	case metrics.PlanDone:
		return t.PlanAllDone
	case metrics.PlanOpen:
		return t.PlanSomeOpen
	case metrics.PlanOverdue:
		return t.PlanSomeOverdue
	case metrics.PlanNone:
	}
	return t.PlanNone
}

func (t *Texts) trendLead(r *metrics.RecurrenceReport) string {
	if !r.Trend.Shown || r.Trend.LaplaceU == nil || r.Trend.LaplaceP == nil {
		return fmt.Sprintf(t.TrendFew, r.Trend.Events)
	}
	return fmt.Sprintf(t.TrendLead, r.Trend.Events, t.number(*r.Trend.LaplaceU, 2), t.probability(*r.Trend.LaplaceP))
}

// probability prints a p value with no more digits than it deserves.
func (t *Texts) probability(p float64) string {
	if p < 0.001 {
		return "< " + t.number(0.001, 3)
	}
	return t.number(p, 3)
}

func (t *Texts) effectLead(r *metrics.EffectivenessReport, m domain.Metric) string {
	var lead string
	switch {
	case r.WindowFrom.IsZero():
		lead = t.EffectNotDone
	case r.Attained == metrics.Undecided || r.Median == nil:
		lead = fmt.Sprintf(t.EffectOpen, r.InWindow)
	case r.Attained == metrics.Yes:
		lead = fmt.Sprintf(t.EffectAttained, t.brief(*r.Median)+unitOf(m), r.InWindow)
	default:
		lead = fmt.Sprintf(t.EffectMissed, t.brief(*r.Median)+unitOf(m), r.InWindow)
	}
	if r.Attained == metrics.Yes {
		switch r.Sustained {
		case metrics.Yes:
			lead += " " + t.EffectSustained
		case metrics.No:
			lead += " " + t.EffectPassing
		case metrics.Undecided:
		}
	}
	if r.Shift.Shown && r.Shift.Value != nil {
		lead += " " + fmt.Sprintf(t.EffectShift, t.brief(*r.Shift.Value)+" ("+t.interval("", r.Shift.Lower, r.Shift.Upper)+")"+unitOf(m))
	}
	return lead
}

func unitOf(m domain.Metric) string {
	if m.Unit == "" {
		return ""
	}
	return " " + m.Unit
}

func (t *Texts) withUnit(name, unit string) string {
	if unit == "" {
		return name
	}
	return name + " (" + unit + ")"
}

func (t *Texts) phase(at time.Time, f *metrics.Facts) string {
	switch {
	case at.Before(f.Created):
		return t.PhaseBefore
	case f.Completed() && !at.Before(f.Done):
		return t.PhaseAfter
	}
	return t.PhaseBetween
}

func (t *Texts) check(name string) string {
	if s, ok := t.Checks[name]; ok {
		return s
	}
	return name
}
