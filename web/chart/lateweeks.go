package chart

import (
	"fmt"
	"strconv"

	"github.com/followthrough/followthrough/metrics"
)

// LateWeeks is how many measures were open past their original date at the end
// of each of the last weeks (A7): one line from zero, first and last value in words.
func LateWeeks(r metrics.OverdueReport, o Options) Picture {
	t := o.Texts
	p := o.picture("late-weeks", t.LateWeeksTitle)
	p.Desc = t.LateWeeksDesc
	p.Table = Table{Caption: t.LateWeeksTitle, Head: append(words(t.Week), numbers(t.PastPromise)...)}
	if len(r.Weeks) < 2 || r.Open == 0 && r.Weeks[0].PastPromise == 0 {
		p.Lead = t.NothingOpen
		return p
	}
	last := len(r.Weeks) - 1
	p.Lead = fmt.Sprintf(t.LateWeeksLead, r.Weeks[last].PastPromise, r.Weeks[0].PastPromise, last)
	most := 1
	for _, w := range r.Weeks {
		most = max(most, w.PastPromise)
		p.Table.add("", w.Until.Format("2006-01-02"), strconv.Itoa(w.PastPromise))
	}
	f := frame{left: 48, right: defaultWidth - 64, top: 16, bottom: 156}
	f.x, f.y = linear(0, float64(last), f.left, f.right), linear(0, roof(float64(most)), f.bottom, f.top)
	c := newCanvas(defaultWidth, 186)
	points := make([]point, len(r.Weeks))
	for i, w := range r.Weeks {
		points[i] = point{f.x.place(float64(i)), f.y.place(float64(w.PastPromise))}
	}
	f.yAxis(c, ticks(0, roof(float64(most)), min(4, most)), func(v float64) string { return t.number(v, 0) })
	c.path("pic-area-late", area(points, []point{{f.left, f.bottom}, {f.right, f.bottom}}))
	c.path("pic-curve-late", polyline(points))
	c.circle("pic-dot-late", points[last].x, points[last].y, 4)
	c.text("pic-bold pic-late-text", points[last].x+10, points[last].y+4, strconv.Itoa(r.Weeks[last].PastPromise))
	c.line("pic-axis", f.left, f.bottom, f.right, f.bottom)
	c.text("pic-small pic-muted", f.left, f.bottom+18, r.Weeks[0].Until.Format("2006-01-02"))
	c.text("pic-small pic-muted pic-end", f.right, f.bottom+18, r.Weeks[last].Until.Format("2006-01-02"))
	p.draw(c)
	return p
}
