package chart

import (
	"slices"
	"strconv"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// OnTimePriority is the on-time report of one priority; Objective is the share
// aimed at, nil without one.
type OnTimePriority struct {
	Priority  domain.Priority
	Report    metrics.OnTimeReport
	Objective *float64
}

// OnTime is the on-time share by priority (A4): the bar is the share by the
// original date with its interval as whisker, the thin tick that by the current
// date; the gap between is masked lateness. all is the report over everything.
func OnTime(all metrics.OnTimeReport, rows []OnTimePriority, o Options) Picture {
	t := o.Texts
	p := o.picture("on-time", t.OnTimeTitle)
	p.Lead = t.onTimeLead(&all)
	p.Desc = t.OnTimeDesc
	p.Table = Table{Caption: t.OnTimeTitle, Head: append(words(t.Priority), numbers(t.ByOriginal, t.Interval, t.Cases, t.ByCurrent, t.Cases, t.Masked, t.Moved, t.WithoutDate)...)}
	var lines []bullet
	for _, r := range rows {
		lines = append(lines, bullet{string(r.Priority), Mark{Kind: "on-time", Priority: string(r.Priority)}, r.Report.Original, &r.Report.Current, r.Objective})
		p.Table.add(o.href(lines[len(lines)-1].mark), t.none(string(r.Priority)), t.shown(r.Report.Original), t.shownInterval(r.Report.Original), t.of(r.Report.Original.X, r.Report.Original.N),
			t.shown(r.Report.Current), t.of(r.Report.Current.X, r.Report.Current.N), strconv.Itoa(r.Report.Masked.X), strconv.Itoa(r.Report.Moved.X), strconv.Itoa(r.Report.WithoutDue))
	}
	bullets(&p, lines, []string{t.ByOriginal, t.ByCurrent, t.Objective}, &o)
	return p
}

// SLA is the attainment of completion targets by priority (A8): the bar is the
// share over the matured cohort, the thin tick the worst case that counts
// cancelled ones as missed.
func SLA(r metrics.SLAReport, objectives map[domain.Priority]float64, o Options) Picture {
	t := o.Texts
	p := o.picture("sla", t.SLATitle)
	p.Desc = t.SLADesc
	p.Table = Table{Caption: t.SLATitle, Head: append(words(t.Priority), numbers(t.Target, t.Attained, t.Interval, t.Cases, t.WorstCase, t.Cancelled, t.Trend, t.NotJudged)...)}
	x, n := 0, 0
	var lines []bullet
	for _, row := range r.Priorities {
		unit := t.DayUnit
		if row.WorkingDays {
			unit = t.WorkingDays
		}
		target := t.number(float64(row.TargetDays), 0) + " " + unit
		label := string(row.Priority) + " · " + target
		b := bullet{label, Mark{Kind: "sla", Priority: string(row.Priority)}, row.Attained, &row.WorstCase, nil}
		if v, ok := objectives[row.Priority]; ok {
			b.objective = &v
		}
		lines = append(lines, b)
		x, n = x+row.Attained.X, n+row.Attained.N
		p.Table.add(o.href(b.mark), string(row.Priority), target, t.shown(row.Attained), t.shownInterval(row.Attained), t.of(row.Attained.X, row.Attained.N),
			t.shown(row.WorstCase), strconv.Itoa(row.Cancelled), t.shown(row.Trend), strconv.Itoa(row.NotJudged))
	}
	p.Lead = t.of(x, n) + " " + t.withinTarget(r.Origin)
	bullets(&p, lines, []string{t.Attained, t.WorstCase, t.Objective}, &o)
	return p
}

// bullet is one line: a bar with its whisker, a tick beside it, an objective.
type bullet struct {
	label     string
	mark      Mark
	bar       metrics.Figure
	tick      *metrics.Figure
	objective *float64
}

func bullets(p *Picture, lines []bullet, legend []string, o *Options) {
	if !slices.ContainsFunc(lines, func(b bullet) bool { return b.bar.Shown && b.bar.Value != nil }) {
		return // counts only: the table says them
	}
	t := &o.Texts
	const label, right, row, top = 120, 170, 38, 30
	bottom := float64(top + row*len(lines))
	c := newCanvas(defaultWidth, bottom+56)
	x := linear(0, 1, label, defaultWidth-right)
	for _, v := range []float64{0, 0.25, 0.5, 0.75, 1} {
		c.line("pic-grid", x.place(v), top-8, x.place(v), bottom)
		c.text("pic-small pic-muted pic-middle", x.place(v), top-14, t.percent(v))
	}
	objectives := false
	for i, b := range lines {
		y := float64(top+row*i) + row/2
		end := c.mark(o.href(b.mark), b.label+": "+t.figure(b.bar))
		c.text("pic-end", label-8, y+4, fit(t.none(b.label), label-16, 12))
		text := t.counts(b.bar)
		if b.bar.Shown && b.bar.Value != nil {
			c.rect("pic-bar-kept", label, y-8, x.place(*b.bar.Value)-label, 16)
			whisker(c, x, y, b.bar.Lower, b.bar.Upper)
			text = t.percent(*b.bar.Value) + " · " + t.of(b.bar.X, b.bar.N)
		}
		if b.tick.Shown && b.tick.Value != nil {
			c.line("pic-tick", x.place(*b.tick.Value), y-12, x.place(*b.tick.Value), y+12)
		}
		if b.objective != nil {
			objectives = true
			c.line("pic-target", x.place(*b.objective), y-16, x.place(*b.objective), y+16)
		}
		c.text("", defaultWidth-right+12, y+4, fit(text, right-16, 12))
		end()
	}
	c.line("pic-axis", label, top-8, label, bottom)
	y, at := bottom+30, float64(label)
	sign := func(text string, draw func(x float64)) {
		draw(at)
		c.text("pic-small pic-muted", at+24, y+4, text)
		at += 24 + textWidth(text, 11) + 18
	}
	sign(legend[0], func(x float64) { c.rect("pic-bar-kept", x, y-6, 16, 12) })
	sign(legend[1], func(x float64) { c.line("pic-tick", x+8, y-8, x+8, y+8) })
	sign(t.Interval, func(x float64) { whiskerBetween(c, x, x+16, y) })
	if objectives {
		sign(legend[2], func(x float64) { c.line("pic-target", x+8, y-10, x+8, y+10) })
	}
	p.draw(c)
}

// whisker draws an interval; an open end runs to the edge of the scale as an
// arrow.
func whisker(c *canvas, x scale, y float64, lower, upper *float64) {
	if lower == nil && upper == nil {
		return
	}
	from, to := x.at, x.end
	if lower != nil {
		from = x.place(*lower)
	}
	if upper != nil {
		to = x.place(*upper)
	}
	c.line("pic-whisker", from, y, to, y)
	if lower != nil && !x.outside(*lower) {
		c.line("pic-whisker", from, y-4, from, y+4)
	} else {
		c.path("pic-whisker", polyline([]point{{from + 5, y - 4}, {from, y}, {from + 5, y + 4}}))
	}
	if upper != nil && !x.outside(*upper) {
		c.line("pic-whisker", to, y-4, to, y+4)
	} else {
		c.path("pic-whisker", polyline([]point{{to - 5, y - 4}, {to, y}, {to - 5, y + 4}}))
	}
}

func whiskerBetween(c *canvas, from, to, y float64) {
	c.line("pic-whisker", from, y, to, y)
	c.line("pic-whisker", from, y-4, from, y+4)
	c.line("pic-whisker", to, y-4, to, y+4)
}
