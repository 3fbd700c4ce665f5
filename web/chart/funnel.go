package chart

import (
	"fmt"

	"github.com/followthrough/followthrough/metrics"
)

// Funnel is the on-time share of groups beside what chance alone gives at their
// size (A12): limits of 95 and 99.8 %, only flagged groups named.
func Funnel(r metrics.ComparisonReport, o Options) Picture {
	t := o.Texts
	p := o.picture("funnel", t.FunnelTitle)
	p.Desc = t.FunnelDesc
	p.Notes = append(p.Notes, t.FunnelNote)
	p.Table = Table{Caption: t.FunnelTitle, Head: append(words(t.Group), numbers(t.Cases, t.OnTimeShare, t.Interval, t.Limits95, t.Limits998, t.MeanOpen, t.Difference)...)}
	largest, flagged, shown := 0, 0, false
	for _, g := range r.Groups {
		f := &g.Funnel
		largest, shown = max(largest, f.OnTime.N), shown || f.OnTime.Shown
		if f.Flagged {
			flagged++
		}
		p.Table.add(o.href(Mark{Kind: "funnel", Team: g.Group}), t.none(g.Group), t.of(f.OnTime.X, f.OnTime.N), t.shown(f.OnTime), t.shownInterval(f.OnTime),
			t.limits(f.Inner), t.limits(f.Outer), t.shown(g.MeanOpen), t.figureOrBlank(g.MeanOpenDifference))
	}
	if r.OnTimeAll == nil {
		p.Lead = t.NoCases
		return p
	}
	p.Lead = fmt.Sprintf(t.FunnelLead, t.percent(*r.OnTimeAll), len(r.Groups), flagged)
	if !shown {
		return p
	}
	f := frame{left: 56, right: defaultWidth - 96, top: 14, bottom: 264}
	f.x, f.y = linear(0, float64(largest)*1.08, f.left, f.right), linear(0, 1, f.bottom, f.top)
	c := newCanvas(defaultWidth, 312)
	f.yAxis(c, quarters(), t.percent)
	funnelLimits(c, &f, *r.OnTimeAll, largest)
	c.line("pic-curve-2", f.left, f.y.place(*r.OnTimeAll), f.right, f.y.place(*r.OnTimeAll))
	c.text("pic-small pic-muted", f.right+6, f.y.place(*r.OnTimeAll)+4, t.All+" "+t.percent(*r.OnTimeAll))
	var named []label
	for _, g := range r.Groups {
		if g.Funnel.OnTime.N == 0 {
			continue
		}
		share := float64(g.Funnel.OnTime.X) / float64(g.Funnel.OnTime.N)
		x, y := f.x.place(float64(g.Funnel.OnTime.N)), f.y.place(share)
		end := c.mark(o.href(Mark{Kind: "funnel", Team: g.Group}), t.none(g.Group)+": "+t.of(g.Funnel.OnTime.X, g.Funnel.OnTime.N))
		if g.Funnel.Flagged {
			c.circle("pic-dot-ink", x, y, 5)
			name := fit(t.none(g.Group), 120, 11)
			at := x + 9
			if at+textWidth(name, 11) > defaultWidth-4 {
				at = x - 9 - textWidth(name, 11)
			}
			named = append(named, label{"pic-small pic-bold", name, at, y + 4})
		} else {
			c.circle("pic-dot-hollow", x, y, 4)
		}
		end()
	}
	spread(named, 13, f.top+4, f.bottom-2)
	for _, l := range named {
		c.text(l.class, l.x, l.y, l.text)
	}
	f.xAxis(c, ticks(0, float64(largest)*1.08, 8), func(v float64) string { return t.number(v, 0) }, t.MeasuresWithDeadline)
	c.text("pic-small pic-muted", f.left, f.bottom+33, t.FunnelLines)
	p.draw(c)
	return p
}

// funnelLimits draws the limits for sizes up to the largest group.
func funnelLimits(c *canvas, f *frame, common float64, largest int) {
	for _, l := range []struct {
		level float64
		class string
	}{{0.95, "pic-limit"}, {0.998, "pic-limit-2"}} {
		var low, high []point
		for i := 0; i <= 60; i++ {
			n := max(1, 1+largest*i/60)
			iv := metrics.FunnelLimits(n, common, l.level)
			low, high = append(low, point{f.x.place(float64(n)), f.y.place(iv.Lower)}), append(high, point{f.x.place(float64(n)), f.y.place(iv.Upper)})
		}
		c.path(l.class, polyline(low))
		c.path(l.class, polyline(high))
	}
}

func (t *Texts) limits(iv metrics.Interval) string {
	return t.interval("share", &iv.Lower, &iv.Upper)
}

func (t *Texts) figureOrBlank(f metrics.Figure) string {
	if !f.Shown || f.Value == nil {
		return ""
	}
	return t.value(f.Unit, *f.Value) + " (" + t.interval(f.Unit, f.Lower, f.Upper) + ")"
}
