package chart

import (
	"fmt"
	"strconv"

	"github.com/followthrough/followthrough/metrics"
)

// Completion is the time to done (A5, A6): done from below, cancelled from
// above, the gap between is still open. Numbers at risk stand under the axis,
// targets (in days) are vertical lines. Below the minimum it is one dot per
// measure, open ones as arrows.
func Completion(r metrics.CompletionReport, targets []float64, o Options) Picture {
	t := o.Texts
	p := o.picture("completion", t.CompletionTitle)
	p.Lead = t.completionLead(&r)
	if r.Unknown > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf(t.UnknownNote, r.Unknown))
	}
	if len(r.Curve) == 0 {
		completionDots(&p, r.Items, &o)
		return p
	}
	p.Desc = t.CompletionDesc
	p.Table = Table{Caption: t.CompletionTitle, Head: numbers(t.Day, t.AtRisk, t.Done, t.Interval, t.Cancelled, t.StillOpen)}
	last := r.Curve[len(r.Curve)-1].Day
	f := frame{left: 72, right: defaultWidth - 134, top: 22, bottom: 262}
	f.x, f.y = linear(0, last, f.left, f.right), linear(0, 1, f.bottom, f.top)
	c := newCanvas(defaultWidth, 330)
	var done, open, lower, upper []point
	done, open = append(done, point{f.left, f.bottom}), append(open, point{f.left, f.top})
	for _, q := range r.Curve {
		x := f.x.place(q.Day)
		done = append(done, point{x, f.y.place(q.Done)})
		open = append(open, point{x, f.y.place(1 - q.Cancelled)})
		if q.DoneLower != nil && q.DoneUpper != nil {
			lower, upper = append(lower, point{x, f.y.place(*q.DoneLower)}), append(upper, point{x, f.y.place(*q.DoneUpper)})
		}
	}
	c.rect("pic-area-open", f.left, f.top, f.right-f.left, f.bottom-f.top)
	floor, roof := []point{{f.left, f.bottom}, {f.right, f.bottom}}, []point{{f.left, f.top}, {f.right, f.top}}
	c.path("pic-area-done", area(steps(done, f.right), floor))
	c.path("pic-area-gone", area(roof, steps(open, f.right)))
	if len(upper) > 1 {
		c.path("pic-band", area(steps(upper, f.right), steps(lower, f.right)))
	}
	f.yAxis(c, quarters(), t.percent)
	c.path("pic-curve", polyline(steps(done, f.right)))
	c.path("pic-curve-2", polyline(steps(open, f.right)))
	taken := 0.0
	for _, d := range targets {
		if d <= 0 || d > last {
			continue
		}
		x, text := f.x.place(d), t.plain(d, 1)+unitSpace+t.DayUnit
		c.line("pic-target", x, f.top-6, x, f.bottom)
		if half := textWidth(text, 11)/2 + 3; x-half >= taken { // two close targets share one label
			c.text("pic-small pic-middle", x, f.top-9, text)
			taken = x + half
		}
	}
	days := ticks(0, last, 8)
	f.xAxis(c, days, func(v float64) string { return t.number(v, 0) }, t.DaysSinceCreated)
	f.atRisk(c, f.bottom+52, t.AtRisk, days, func(v float64) string { return strconv.Itoa(atRiskAt(r.Curve, v)) })
	end := r.Curve[len(r.Curve)-1]
	labels := []label{
		{"pic-muted", t.Cancelled + " " + t.percent(end.Cancelled), f.right + 8, (f.top+f.y.place(1-end.Cancelled))/2 + 4},
		{"pic-muted", t.StillOpen + " " + t.percent(end.Open), f.right + 8, (f.y.place(end.Done)+f.y.place(1-end.Cancelled))/2 + 4},
		{"pic-main-text pic-bold", t.Done + " " + t.percent(end.Done), f.right + 8, (f.bottom+f.y.place(end.Done))/2 + 4},
	}
	spread(labels, 16, f.top+8, f.bottom)
	for _, l := range labels {
		c.text(l.class, l.x, l.y, fit(l.text, defaultWidth-f.right-10, 12))
	}
	for _, q := range thin(len(r.Curve), 40) {
		q := r.Curve[q]
		p.Table.add("", t.number(q.Day, 1), strconv.Itoa(q.AtRisk), t.percent(q.Done), t.interval("share", q.DoneLower, q.DoneUpper), t.percent(q.Cancelled), t.percent(q.Open))
	}
	p.draw(c)
	return p
}

// atRiskAt is the number at risk just before a day: of the first step at or after.
func atRiskAt(curve []metrics.CurvePoint, day float64) int {
	for _, q := range curve {
		if q.Day >= day {
			return q.AtRisk
		}
	}
	return 0
}

// thin picks at most n places of a list, evenly, the last one included.
func thin(length, n int) []int {
	var places []int
	every := max(1, (length+n-1)/n)
	for i := (length - 1) % every; i < length && length > 0; i += every {
		places = append(places, i)
	}
	return places
}

// completionDots is the dot plot of few measures.
func completionDots(p *Picture, items []metrics.CompletionItem, o *Options) {
	t := &o.Texts
	p.Desc = t.DotsDesc
	if len(items) == 0 {
		return
	}
	p.Table = Table{Caption: t.CompletionTitle, Head: append(numbers(t.Day), words(t.State)...)}
	last := items[len(items)-1].Days
	const row = 22
	names := []string{t.Done, t.Cancelled, t.StillOpen}
	f := frame{left: 110, right: defaultWidth - 40, top: 16, bottom: 16 + 3*row + 12}
	f.x = linear(0, max(last, 1), f.left, f.right)
	c := newCanvas(defaultWidth, f.bottom+40)
	for i, n := range names {
		c.text("pic-end", f.left-8, f.top+float64(i)*row+row/2+4, n)
		c.line("pic-grid", f.left, f.top+float64(i)*row+row/2, f.right, f.top+float64(i)*row+row/2)
	}
	for _, item := range items {
		x := f.x.place(item.Days)
		lane := map[uint8]int{metrics.CauseDone: 0, metrics.CauseCancelled: 1, metrics.CauseOpen: 2}[item.Cause]
		y := f.top + float64(lane)*row + row/2
		switch lane {
		case 0:
			c.circle("pic-dot", x, y, 4)
		case 1:
			c.path("pic-sign", polyline([]point{{x - 4, y - 4}, {x + 4, y + 4}})+polyline([]point{{x - 4, y + 4}, {x + 4, y - 4}}))
		default:
			c.path("pic-sign", polyline([]point{{x - 2, y - 5}, {x + 4, y}, {x - 2, y + 5}}))
		}
		p.Table.add("", t.number(item.Days, 1), names[lane])
	}
	f.xAxis(c, ticks(0, max(last, 1), 8), func(v float64) string { return t.brief(v) }, t.DaysSinceCreated)
	p.draw(c)
}
