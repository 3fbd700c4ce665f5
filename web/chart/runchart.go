package chart

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// RunChart is the success metric of one measure over time (C1 to C4): readings
// with the limits of the baseline, the target, a flag where the measure was done,
// and signals marked.
func RunChart(in metrics.EffectivenessInput, r metrics.EffectivenessReport, zone *time.Location, o Options) Picture {
	t := o.Texts
	p := o.picture("run-chart", t.RunTitle)
	if in.Metric.Name != "" {
		p.Title = in.Metric.Name
	}
	p.Desc = t.RunDesc
	p.Lead = t.effectLead(&r, in.Metric)
	if r.Series != nil {
		p.Notes = append(p.Notes, t.SeriesNote)
	}
	readings := slices.Clone(in.Readings)
	slices.SortStableFunc(readings, func(a, b metrics.Reading) int { return a.At.Compare(b.At) })
	unit := in.Metric.Unit
	p.Table = Table{Caption: p.Title, Head: append(words(t.Time), append(numbers(t.withUnit(t.Reading, unit)), words(t.Phase, t.Signal)...)...)}
	if len(readings) == 0 {
		p.Lead = t.NoReadings
		return p
	}
	outside := signals(readings, &in, &r)
	for i, x := range readings {
		signal := ""
		if outside[i] {
			signal = t.OutsideLimits
		}
		p.Table.add("", x.At.In(zone).Format("2006-01-02 15:04"), t.brief(x.Value), t.phase(x.At, &in.Facts), signal)
	}
	c := newCanvas(defaultWidth, 300)
	drawRun(c, readings, outside, &in, &r, zone, &t)
	p.draw(c)
	return p
}

// signals finds the readings that the chart's signals speak of.
func signals(readings []metrics.Reading, in *metrics.EffectivenessInput, r *metrics.EffectivenessReport) []bool {
	out := make([]bool, len(readings))
	if r.Chart == nil {
		return out
	}
	for i, x := range readings {
		after := in.Facts.Completed() && !x.At.Before(r.WindowFrom)
		out[i] = after && (x.Value < r.Chart.Limits.Lower || x.Value > r.Chart.Limits.Upper)
	}
	return out
}

func drawRun(c *canvas, readings []metrics.Reading, outside []bool, in *metrics.EffectivenessInput, r *metrics.EffectivenessReport, zone *time.Location, t *Texts) {
	from, to := readings[0].At, readings[len(readings)-1].At
	if in.Facts.Completed() {
		from, to = earliest(from, in.Facts.Done), latest(to, in.Facts.Done)
	}
	pad := to.Sub(from)/40 + time.Hour
	from, to = from.Add(-pad).In(zone), to.Add(pad).In(zone)
	low, high := readings[0].Value, readings[0].Value
	widen := func(v float64) { low, high = min(low, v), max(high, v) }
	for _, x := range readings {
		widen(x.Value)
	}
	if r.Chart != nil {
		widen(r.Chart.Limits.Lower)
		widen(r.Chart.Limits.Upper)
	}
	if in.Metric.Target != nil {
		widen(*in.Metric.Target)
	}
	step := nice((high - low) / 5)
	f := frame{left: 72, right: defaultWidth - 128, top: 30, bottom: 252}
	f.x = linear(float64(from.Unix()), float64(to.Unix()), f.left, f.right)
	f.y = linear(low-step/2, high+step/2, f.bottom, f.top)
	at := func(i time.Time) float64 { return f.x.place(float64(i.Unix())) }
	f.yAxis(c, ticks(low-step/2, high+step/2, 5), t.brief)
	for _, tick := range dateTicks(from, to, 6) {
		c.line("pic-axis", at(tick.at), f.bottom, at(tick.at), f.bottom+4)
		c.text("pic-small pic-muted pic-middle", at(tick.at), f.bottom+17, tick.label)
	}
	c.line("pic-axis", f.left, f.bottom, f.right, f.bottom)
	var labels []label
	if r.Chart != nil {
		for _, v := range []float64{r.Chart.Limits.Lower, r.Chart.Limits.Upper} {
			c.line("pic-limit", f.left, f.y.place(v), f.right, f.y.place(v))
			labels = append(labels, label{"pic-small pic-muted", t.Limit + " " + t.brief(v), f.right + 8, f.y.place(v) + 4})
		}
		c.line("pic-limit-2", f.left, f.y.place(r.Chart.Center), f.right, f.y.place(r.Chart.Center))
		labels = append(labels, label{"pic-small pic-muted", t.BaselineMean + " " + t.brief(r.Chart.Center), f.right + 8, f.y.place(r.Chart.Center) + 4})
	}
	if v := in.Metric.Target; v != nil {
		c.line("pic-target", f.left, f.y.place(*v), f.right, f.y.place(*v))
		labels = append(labels, label{"pic-small pic-bold", t.Target + " " + t.brief(*v), f.right + 8, f.y.place(*v) + 4})
	}
	points := make([]point, len(readings))
	for i, x := range readings {
		points[i] = point{at(x.At), f.y.place(x.Value)}
	}
	c.path("pic-curve", polyline(points))
	for i, q := range points {
		end := c.mark("", readings[i].At.In(zone).Format("2006-01-02 15:04")+": "+t.brief(readings[i].Value))
		if outside[i] {
			c.circle("pic-dot", q.x, q.y, 3)
			c.circle("pic-whisker", q.x, q.y, 7)
		} else {
			c.circle("pic-dot", q.x, q.y, 3)
		}
		end()
	}
	if in.Facts.Completed() {
		x := at(in.Facts.Done)
		c.line("pic-now", x, f.top, x, f.bottom)
		c.path("pic-sign-solid", flag(x, f.top))
		text := t.Done + " " + date(domain.DateOf(in.Facts.Done.In(zone)))
		if x+12+textWidth(text, 11) > defaultWidth-4 {
			c.text("pic-small pic-end", x-4, f.top-4, text)
		} else {
			c.text("pic-small", x+12, f.top-4, text)
		}
	}
	spread(labels, 14, f.top+4, f.bottom)
	for _, l := range labels {
		c.text(l.class, l.x, l.y, fit(l.text, defaultWidth-f.right-10, 11))
	}
}

// Quality is the state of the data (1.4), shown before everything else: a table,
// worst first, each row a link to its list.
func Quality(r metrics.QualityReport, o Options) Picture {
	t := o.Texts
	p := o.picture("quality", t.QualityTitle)
	p.Desc = t.QualityDesc
	p.Table = Table{Caption: t.QualityTitle, Head: append(words(t.Check), append(numbers(t.Cases, t.OfCases, t.Share), words(t.MarksFigures)...)...)}
	marked := 0
	for _, q := range r.Checks {
		marks := ""
		if q.Marked {
			marked++
			marks = strings.Join(q.Marks, ", ")
		}
		share := ""
		if q.Of > 0 {
			share = t.percent(q.Share())
		}
		p.Table.add(o.href(Mark{Kind: "quality", Check: q.Name}), t.check(q.Name), strconv.Itoa(q.Count), strconv.Itoa(q.Of), share, marks)
	}
	p.Lead = fmt.Sprintf(t.QualityLead, marked, len(r.Checks))
	return p
}
