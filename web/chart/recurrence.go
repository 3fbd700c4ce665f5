package chart

import (
	"fmt"
	"strconv"

	"github.com/followthrough/followthrough/metrics"
)

// Recurrence is the share of incident families that came back, by days since the
// first incident was resolved (B3), with its band and the numbers at risk.
func Recurrence(r metrics.RecurrenceReport, o Options) Picture {
	t := o.Texts
	p := o.picture("recurrence", t.RecurrenceTitle)
	p.Desc = t.RecurrenceDesc
	p.Lead = t.recurrenceLead(&r)
	if r.EndlessLinks > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf(t.EndlessNote, r.EndlessLinks))
	}
	if r.UndatedLinks > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf(t.UndatedNote, r.UndatedLinks))
	}
	shown := false
	for _, f := range r.Figures {
		shown = shown || f.Shown
	}
	if !shown || len(r.Curve) == 0 {
		return p
	}
	p.Table = Table{Caption: t.RecurrenceTitle, Head: numbers(t.Day, t.AtRisk, t.Recurred, t.Interval)}
	last, most := r.Curve[len(r.Curve)-1].Day, 0.02
	for _, q := range r.Curve {
		most = max(most, q.Recurred)
		if q.Upper != nil {
			most = max(most, *q.Upper)
		}
	}
	most = min(1, roof(most))
	f := frame{left: 72, right: defaultWidth - 134, top: 16, bottom: 236}
	f.x, f.y = linear(0, last, f.left, f.right), linear(0, most, f.bottom, f.top)
	c := newCanvas(defaultWidth, 302)
	f.yAxis(c, ticks(0, most, 4), t.percent)
	curve := []point{{f.left, f.bottom}}
	var lower, upper []point
	for _, q := range r.Curve {
		curve = append(curve, point{f.x.place(q.Day), f.y.place(q.Recurred)})
		if q.Lower != nil && q.Upper != nil {
			lower, upper = append(lower, point{f.x.place(q.Day), f.y.place(*q.Lower)}), append(upper, point{f.x.place(q.Day), f.y.place(*q.Upper)})
		}
	}
	if len(upper) > 1 {
		c.path("pic-band", area(steps(upper, f.right), steps(lower, f.right)))
	}
	c.path("pic-curve", polyline(steps(curve, f.right)))
	end := r.Curve[len(r.Curve)-1]
	c.text("pic-main-text pic-bold", f.right+8, min(f.y.place(end.Recurred)+4, f.bottom-2), fit(t.Recurred+" "+t.percent(end.Recurred), defaultWidth-f.right-10, 12))
	days := ticks(0, last, 8)
	f.xAxis(c, days, func(v float64) string { return t.number(v, 0) }, t.DaysSinceResolved)
	f.atRisk(c, f.bottom+52, t.AtRisk, days, func(v float64) string {
		for _, q := range r.Curve {
			if q.Day >= v {
				return strconv.Itoa(q.AtRisk)
			}
		}
		return "0"
	})
	for _, i := range thin(len(r.Curve), 40) {
		q := r.Curve[i]
		p.Table.add("", t.number(q.Day, 1), strconv.Itoa(q.AtRisk), t.percent(q.Recurred), t.interval("share", q.Lower, q.Upper))
	}
	p.draw(c)
	return p
}

// States is the recurrence rate by the state of the plan (B9, B10): a dot with
// its exact interval per state on a logarithmic axis, exposure in words.
func States(r metrics.RecurrenceReport, o Options) Picture {
	t := o.Texts
	p := o.picture("states", t.StatesTitle)
	p.Desc = t.StatesDesc
	p.Notes = append(p.Notes, t.StatesNote)
	p.Lead = t.statesLead(&r)
	p.Table = Table{Caption: t.StatesTitle, Head: append(words(t.PlanState), numbers(t.Recurrences, t.ExposureDays, t.Rate, t.Interval)...)}
	low, high := 0.1, 10.0
	for _, s := range r.ByState {
		if s.Rate.Shown {
			for _, v := range []*float64{s.Rate.Value, s.Rate.Lower, s.Rate.Upper} {
				if v != nil && *v > 0 {
					low, high = min(low, max(*v, 1e-3)), max(high, min(*v, 1e4))
				}
			}
		}
		p.Table.add(o.href(Mark{Kind: "states", State: s.State.String()}), t.planStateName(s.State), strconv.Itoa(s.Recurrences), t.number(s.ExposureDays, 0), t.shown(s.Rate), t.shownInterval(s.Rate))
	}
	if len(r.ByState) == 0 {
		return p
	}
	const row, top, left, right = 36, 14, 176, 178
	f := frame{left: left, right: defaultWidth - right, top: top, bottom: float64(top + row*len(r.ByState))}
	f.x = logarithmic(low, high, f.left, f.right)
	c := newCanvas(defaultWidth, f.bottom+40)
	for _, v := range logTicks(low, high) {
		c.line("pic-grid", f.x.place(v), f.top, f.x.place(v), f.bottom)
	}
	for i, s := range r.ByState {
		y := f.top + float64(row*i) + row/2
		words := fmt.Sprintf(t.SomeInDays, s.Recurrences, whole(s.ExposureDays))
		if s.Recurrences == 0 {
			words = fmt.Sprintf(t.NoneInDays, whole(s.ExposureDays))
		}
		end := c.mark(o.href(Mark{Kind: "states", State: s.State.String()}), t.planStateName(s.State)+": "+words)
		c.text("pic-end", f.left-10, y+4, fit(t.planStateName(s.State), f.left-14, 12))
		if s.Rate.Shown && s.Rate.Value != nil {
			whisker(c, f.x, y, s.Rate.Lower, s.Rate.Upper)
			if *s.Rate.Value > 0 {
				name := "pic-dot"
				if s.State == metrics.PlanOverdue {
					name = "pic-dot-late"
				}
				c.circle(name, f.x.place(*s.Rate.Value), y, 4.5)
			}
		}
		c.text("", f.right+14, y+4, fit(words, right-18, 12))
		end()
	}
	f.xAxis(c, logTicks(low, high), t.brief, t.RecurrencesPerYear)
	p.draw(c)
	return p
}

// BeforeAfter is the incidents before and after preventive plans were completed
// (B8): two counts with their exposures and one ratio with its whisker, never two
// bars alone.
func BeforeAfter(b metrics.BeforeAfter, o Options) Picture {
	t := o.Texts
	p := o.picture("before-after", t.BeforeAfterTitle)
	p.Desc = t.BeforeAfterDesc
	p.Notes = append(p.Notes, t.AssociationNote)
	p.Lead = fmt.Sprintf(t.BeforeAfterLead, b.EventsBefore, t.number(b.DaysBefore, 0), b.EventsAfter, t.number(b.DaysAfter, 0), b.Families)
	if b.Ratio.Shown && b.Ratio.Value != nil {
		p.Lead += " " + fmt.Sprintf(t.RatioLead, t.figureOrBlank(b.Ratio))
	}
	p.Table = Table{Caption: t.BeforeAfterTitle, Head: append(words(t.Phase), numbers(t.Incidents, t.ExposureDays)...)}
	p.Table.add("", t.Before, strconv.Itoa(b.EventsBefore), t.number(b.DaysBefore, 0))
	p.Table.add("", t.After, strconv.Itoa(b.EventsAfter), t.number(b.DaysAfter, 0))
	p.Table.add("", t.RatioWord, t.figureOrBlank(b.Ratio), "")
	if !b.Ratio.Shown || b.Ratio.Value == nil {
		return p
	}
	low, high := 0.1, 10.0
	for _, v := range []*float64{b.Ratio.Value, b.Ratio.Lower, b.Ratio.Upper} {
		if v != nil && *v > 0 {
			low, high = min(low, max(*v, 1e-3)), max(high, min(*v, 1e3))
		}
	}
	f := frame{left: 300, right: defaultWidth - 40, top: 24, bottom: 86}
	f.x = logarithmic(low, high, f.left, f.right)
	c := newCanvas(defaultWidth, 130)
	c.text("", 12, 42, fit(t.Before+": "+fmt.Sprintf(t.SomeInDays, b.EventsBefore, whole(b.DaysBefore)), 270, 12))
	c.text("", 12, 66, fit(t.After+": "+fmt.Sprintf(t.SomeInDays, b.EventsAfter, whole(b.DaysAfter)), 270, 12))
	for _, v := range logTicks(low, high) {
		c.line("pic-grid", f.x.place(v), f.top, f.x.place(v), f.bottom)
	}
	c.line("pic-target", f.x.place(1), f.top-4, f.x.place(1), f.bottom)
	c.text("pic-small pic-muted pic-middle", f.x.place(1), f.top-9, t.NoChange)
	whisker(c, f.x, 55, b.Ratio.Lower, b.Ratio.Upper)
	c.circle("pic-dot", f.x.place(*b.Ratio.Value), 55, 5)
	f.xAxis(c, logTicks(low, high), t.brief, t.RatioAxis)
	p.draw(c)
	return p
}
