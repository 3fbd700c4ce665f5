package chart

import (
	"fmt"
	"strconv"

	"github.com/followthrough/followthrough/metrics"
)

// MeanCumulative is the mean number of incidents per service (B6), with its band.
func MeanCumulative(r metrics.RecurrenceReport, o Options) Picture {
	t := o.Texts
	p := o.picture("mean-cumulative", t.MeanTitle)
	p.Desc = t.MeanDesc
	p.Lead = t.trendLead(&r)
	if len(r.Mean) == 0 {
		return p
	}
	p.Table = Table{Caption: t.MeanTitle, Head: numbers(t.Day, t.ServicesAtRisk, t.MeanIncidents, t.Interval)}
	last, most := r.Mean[len(r.Mean)-1].Day, 0.0
	for _, q := range r.Mean {
		most = max(most, q.Mean)
		if q.Upper != nil {
			most = max(most, min(*q.Upper, 3*q.Mean))
		}
	}
	f := frame{left: 72, right: defaultWidth - 70, top: 16, bottom: 236}
	f.x, f.y = linear(0, last, f.left, f.right), linear(0, roof(most), f.bottom, f.top)
	c := newCanvas(defaultWidth, 302)
	f.yAxis(c, ticks(0, roof(most), 4), t.brief)
	curve := []point{{f.left, f.bottom}}
	var lower, upper []point
	for _, q := range r.Mean {
		x := f.x.place(q.Day)
		curve = append(curve, point{x, f.y.place(q.Mean)})
		if q.Lower != nil && q.Upper != nil {
			lower, upper = append(lower, point{x, f.y.place(*q.Lower)}), append(upper, point{x, f.y.place(*q.Upper)})
		}
	}
	if len(upper) > 1 {
		c.path("pic-band", area(steps(upper, f.right), steps(lower, f.right)))
	}
	c.path("pic-curve", polyline(steps(curve, f.right)))
	end := r.Mean[len(r.Mean)-1]
	c.text("pic-main-text pic-bold", f.right+8, f.y.place(end.Mean)+4, t.brief(end.Mean))
	days := ticks(0, last, 8)
	f.xAxis(c, days, func(v float64) string { return t.number(v, 0) }, t.DaysInWindow)
	f.atRisk(c, f.bottom+52, t.AtRisk, days, func(v float64) string {
		for _, q := range r.Mean {
			if q.Day >= v {
				return strconv.Itoa(q.AtRisk)
			}
		}
		return strconv.Itoa(end.AtRisk)
	})
	for _, i := range thin(len(r.Mean), 40) {
		q := r.Mean[i]
		p.Table.add("", t.number(q.Day, 1), strconv.Itoa(q.AtRisk), t.brief(q.Mean), t.interval("", q.Lower, q.Upper))
	}
	p.draw(c)
	return p
}

// The layout of small multiples: three in a row.
const (
	panelColumns = 3
	panelHeight  = 160
	panelPlot    = 74
)

// Services are small multiples on one scale, one per service (B6, B7): the
// incidents add up as steps, with their marks beneath and a flag where a
// preventive plan was completed.
func Services(r metrics.RecurrenceReport, o Options) Picture {
	t := o.Texts
	p := o.picture("services", t.ServicesTitle)
	p.Desc = t.ServicesDesc
	p.Table = Table{Caption: t.ServicesTitle, Head: append(words(t.Service, t.ServiceStart), numbers(t.Incidents, t.Beta, t.Interval, t.PlansCompleted)...)}
	most, total := 1, 0
	for _, s := range r.Services {
		most = max(most, len(s.Incidents))
		total += len(s.Incidents)
		start := t.StartAssumed
		if s.Start == metrics.StartCatalogued {
			start = t.StartCatalogued
		}
		p.Table.add(o.href(Mark{Kind: "services", Service: s.Service}), s.Service, start, strconv.Itoa(len(s.Incidents)), t.shown(s.Beta), t.shownInterval(s.Beta), strconv.Itoa(len(s.Completed)))
	}
	p.Lead = fmt.Sprintf(t.ServicesLead, total, len(r.Services))
	if len(r.Services) == 0 {
		return p
	}
	rows := (len(r.Services) + panelColumns - 1) / panelColumns
	c := newCanvas(defaultWidth, float64(rows*panelHeight)+22)
	width := float64(defaultWidth) / panelColumns
	for i := range r.Services {
		panel(c, &r.Services[i], float64(i%panelColumns)*width, float64(i/panelColumns)*panelHeight, width, most, &o)
	}
	y := float64(rows*panelHeight) + 12
	c.line("pic-tick", 16, y-8, 16, y)
	c.text("pic-small pic-muted", 24, y, t.IncidentMark)
	x := 24 + textWidth(t.IncidentMark, 11) + 24
	c.path("pic-sign-solid", flag(x, y))
	c.text("pic-small pic-muted", x+12, y, t.PlanCompleted)
	p.draw(c)
	return p
}

func panel(c *canvas, s *metrics.ServiceHistory, x0, y0, width float64, most int, o *Options) {
	t := &o.Texts
	f := frame{left: x0 + 34, right: x0 + width - 14, top: y0 + 42, bottom: y0 + 42 + panelPlot}
	f.x, f.y = linear(0, s.Days, f.left, f.right), linear(0, roof(float64(most)), f.bottom, f.top)
	note := fmt.Sprintf(t.IncidentsCount, len(s.Incidents))
	if s.Beta.Shown && s.Beta.Value != nil {
		note += ", β " + t.figureOrBlank(s.Beta)
	}
	end := c.mark(o.href(Mark{Kind: "services", Service: s.Service}), s.Service+": "+note)
	c.text("pic-bold", x0+8, y0+14, fit(s.Service, width-20, 12))
	c.text("pic-small pic-muted", x0+8, y0+28, fit(note, width-18, 11))
	f.yAxis(c, []float64{0, roof(float64(most))}, func(v float64) string { return t.number(v, 0) })
	points := []point{{f.x.place(s.FromDay), f.bottom}}
	for i, day := range s.Incidents {
		points = append(points, point{f.x.place(day), f.y.place(float64(i + 1))})
		c.line("pic-axis", f.x.place(day), f.bottom+3, f.x.place(day), f.bottom+9)
	}
	c.path("pic-curve", polyline(steps(points, f.right)))
	for _, day := range s.Completed {
		c.path("pic-sign-solid", flag(f.x.place(day), f.bottom+22))
	}
	c.text("pic-small pic-muted", f.left, f.bottom+36, "0")
	c.text("pic-small pic-muted pic-end", f.right, f.bottom+36, t.days(s.Days))
	end()
}

// flag is a pennant on its pole, standing at a place.
func flag(x, y float64) string {
	return "M" + coordinate(x) + " " + coordinate(y) + "V" + coordinate(y-11) + "L" + coordinate(x+7) + " " + coordinate(y-8) + "L" + coordinate(x+1.2) + " " + coordinate(y-5) + "V" + coordinate(y) + "Z"
}
