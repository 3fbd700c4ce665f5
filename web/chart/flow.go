package chart

import (
	"fmt"
	"strconv"

	"github.com/followthrough/followthrough/metrics"
)

// Flow is the burn-up with its forecast (A10, A11): created and closed so far,
// and when the backlog is clear with 50, 85 and 95 % probability. Never one date.
func Flow(r metrics.FlowReport, fc metrics.ForecastReport, o Options) Picture {
	t := o.Texts
	p := o.picture("flow", t.FlowTitle)
	p.Desc = t.FlowDesc
	p.Lead = t.forecastLead(&fc)
	if len(fc.Plain) > 0 && fc.Plain[0].Shown && fc.Backlog > 0 {
		p.Notes = append(p.Notes, t.ForecastNote)
	}
	p.Table = Table{Caption: t.FlowTitle, Head: append(words(t.Week), numbers(t.Arrivals, t.Departures, t.OpenAtEnd)...)}
	if len(r.Weeks) == 0 {
		return p
	}
	for _, w := range r.Weeks {
		name := fmt.Sprintf("%d-W%02d", w.Year, w.Week)
		if !w.Complete {
			name += " *"
		}
		p.Table.add("", name, strconv.Itoa(w.Arrivals), strconv.Itoa(w.Departures), strconv.Itoa(w.OpenAtEnd))
	}
	burnUp(&p, &r, &fc, &t)
	return p
}

func burnUp(p *Picture, r *metrics.FlowReport, fc *metrics.ForecastReport, t *Texts) {
	created, closed := []float64{float64(r.Little.OpenAtStart)}, []float64{0}
	for _, w := range r.Weeks {
		created = append(created, created[len(created)-1]+float64(w.Arrivals))
		closed = append(closed, closed[len(closed)-1]+float64(w.Departures))
	}
	past := len(r.Weeks)
	weeks := map[string]float64{}
	ahead := 0.0
	for _, g := range fc.Plain {
		if g.Shown && g.Value != nil && fc.Backlog > 0 {
			weeks[g.Group] = *g.Value
			ahead = max(ahead, *g.Value)
		}
	}
	top := max(1, created[past])
	f := frame{left: 56, right: defaultWidth - 128, top: 34, bottom: 264}
	f.x, f.y = linear(0, float64(past)+min(ahead, 104), f.left, f.right), linear(0, roof(top), f.bottom, f.top)
	c := newCanvas(defaultWidth, 320)
	f.yAxis(c, ticks(0, roof(top), min(4, int(top))), func(v float64) string { return t.number(v, 0) })
	now := point{f.x.place(float64(past)), f.y.place(closed[past])}
	goal := f.y.place(created[past])
	reach := func(weeks float64) point { return point{f.x.place(float64(past) + weeks), goal} }
	if low, ok := weeks["50"]; ok {
		if high, ok := weeks["95"]; ok {
			c.path("pic-fan", polyline([]point{now, reach(low), reach(high)})+"Z")
		}
		c.line("pic-limit", now.x, goal, f.right, goal)
		for _, g := range []string{"50", "85", "95"} {
			if w, ok := weeks[g]; ok {
				c.path("pic-limit", polyline([]point{now, reach(w)}))
			}
		}
	}
	line := func(values []float64) []point {
		points := make([]point, len(values))
		for i, v := range values {
			points[i] = point{f.x.place(float64(i)), f.y.place(v)}
		}
		return points
	}
	c.path("pic-curve-2", polyline(line(created)))
	c.path("pic-curve", polyline(line(closed)))
	c.line("pic-now", now.x, f.top, now.x, f.bottom)
	labels := []label{
		{"pic-muted", t.Created + " " + t.number(created[past], 0), f.right + 8, goal + 4},
		{"pic-main-text pic-bold", t.Closed + " " + t.number(closed[past], 0), f.right + 8, now.y + 4},
	}
	spread(labels, 16, f.top, f.bottom)
	for _, l := range labels {
		c.text(l.class, l.x, l.y, fit(l.text, defaultWidth-f.right-10, 12))
	}
	weekAxis(c, &f, r.Weeks, ahead, t)
	clearTicks(c, &f, weeks, float64(past))
	p.draw(c)
}

// weekAxis labels weeks by their Mondays.
func weekAxis(c *canvas, f *frame, weeks []metrics.FlowWeek, ahead float64, t *Texts) {
	total := len(weeks) + int(min(ahead, 104))
	every := max(1, (total+4)/5)
	for i := 0; i <= total; i += every {
		monday := weeks[0].Monday.AddDays(7 * i)
		c.line("pic-axis", f.x.place(float64(i)), f.bottom, f.x.place(float64(i)), f.bottom+4)
		c.text("pic-small pic-muted pic-middle", f.x.place(float64(i)), f.bottom+17, date(monday))
	}
	c.line("pic-axis", f.left, f.bottom, f.right, f.bottom)
	c.text("pic-small pic-muted pic-end", f.right, f.bottom+34, t.WeekBeginning)
}

// clearTicks name the weeks by which the backlog is clear, above the plot.
func clearTicks(c *canvas, f *frame, weeks map[string]float64, past float64) {
	before, high := 0.0, 0.0
	for _, g := range []string{"50", "85", "95"} {
		w, ok := weeks[g]
		if !ok || w > 104 {
			continue
		}
		x := f.x.place(past + w)
		text := g + " %"
		half := textWidth(text, 11)/2 + 3
		c.line("pic-axis", x, f.top, x, f.top+6)
		switch { // a second line where the first is taken
		case x-half > before:
			c.text("pic-small pic-middle", x, f.top-5, text)
			before = x + half
		case x-half > high:
			c.text("pic-small pic-middle", x, f.top-18, text)
			high = x + half
		}
	}
}
