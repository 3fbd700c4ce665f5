package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/followthrough/followthrough/metrics"
)

// buckets are the names of the age classes, as metrics counts them.
func buckets() []string { return []string{"1-7", "8-30", "31-90", "over 90"} }

// Overdue is the census of late measures (A7): sorted bars of age by priority,
// grey to accent, and the count past the promise over the last 26 weeks.
func Overdue(r metrics.OverdueReport, o Options) Picture {
	t := o.Texts
	p := o.picture("overdue", t.OverdueTitle)
	p.Lead = t.overdueLead(&r)
	p.Desc = t.OverdueDesc
	p.Table = Table{Caption: t.OverdueTitle, Head: append(words(t.Priority), numbers(t.Open, t.Overdue, t.bucket(0), t.bucket(1), t.bucket(2), t.bucket(3), t.PastPromise, t.Burden)...)}
	groups := slices.Clone(r.ByPriority)
	slices.SortStableFunc(groups, func(a, b metrics.OverdueGroup) int { return cmp.Compare(b.Overdue, a.Overdue) })
	most := 0
	for _, g := range groups {
		most = max(most, g.Overdue)
		cells := []string{t.none(g.Group), strconv.Itoa(g.Open), strconv.Itoa(g.Overdue)}
		for _, n := range g.Buckets {
			cells = append(cells, strconv.Itoa(n))
		}
		p.Table.add(o.href(Mark{Kind: "overdue", Priority: g.Group}), append(cells, strconv.Itoa(g.PastPromise), strconv.Itoa(g.Burden))...)
	}
	if r.Open == 0 {
		return p
	}
	const label, right, row, top = 110, 96, 30, 38
	bottom := float64(top + row*len(groups))
	c := newCanvas(defaultWidth, bottom+24+76)
	legendX := 8.0
	for i := range buckets() {
		c.rect(fmt.Sprintf("pic-age-%d", i+1), legendX, 8, 12, 12)
		c.text("pic-small", legendX+18, 18, t.bucket(i))
		legendX += 18 + textWidth(t.bucket(i), 11) + 16
	}
	x := linear(0, roof(float64(max(1, most))), label, defaultWidth-right)
	for i, g := range groups {
		overdueBar(c, g, float64(top+row*i), x, &o)
	}
	c.line("pic-axis", label, top-4, label, bottom)
	overdueWeeks(c, r.Weeks, bottom+24, &t)
	p.draw(c)
	return p
}

func overdueBar(c *canvas, g metrics.OverdueGroup, y float64, x scale, o *Options) {
	t := &o.Texts
	c.text("pic-end", x.at-8, y+17, fit(t.none(g.Group), x.at-16, 12))
	sum := 0
	for i, n := range g.Buckets {
		if n == 0 {
			continue
		}
		from, to := x.place(float64(sum)), x.place(float64(sum+n))
		sum += n
		end := c.mark(o.href(Mark{Kind: "overdue", Priority: g.Group, Bucket: buckets()[i]}), t.none(g.Group)+", "+t.bucket(i)+": "+strconv.Itoa(n))
		c.rect(fmt.Sprintf("pic-age-%d", i+1), from, y+3, max(1, to-from-1), 20)
		if s := strconv.Itoa(n); to-from > textWidth(s, 11)+8 {
			c.text(fmt.Sprintf("pic-small pic-middle pic-on-%d", i+1), (from+to)/2, y+17, s)
		}
		end()
	}
	c.text("", x.place(float64(sum))+8, y+17, fmt.Sprintf(t.OfOpen, g.Overdue, g.Open))
}

// overdueWeeks is the line of the last 26 weeks, first and last value in text.
func overdueWeeks(c *canvas, weeks []metrics.OverdueWeek, y float64, t *Texts) {
	if len(weeks) < 2 {
		return
	}
	const label, right, height = 230, 96, 40
	most := 1
	for _, w := range weeks {
		most = max(most, w.PastPromise)
	}
	x, v := linear(0, float64(len(weeks)-1), label, defaultWidth-right), linear(0, float64(most), y+height, y)
	points := make([]point, len(weeks))
	for i, w := range weeks {
		points[i] = point{x.place(float64(i)), v.place(float64(w.PastPromise))}
	}
	last := len(weeks) - 1
	c.text("", 8, y+16, t.PastPromise)
	c.text("pic-small pic-muted", 8, y+32, fmt.Sprintf(t.LastWeeks, last))
	c.line("pic-grid", label, y+height, defaultWidth-right, y+height)
	c.path("pic-curve-late", polyline(points))
	c.circle("pic-dot-late", points[last].x, points[last].y, 3)
	c.text("pic-small pic-end", label-8, points[0].y+4, strconv.Itoa(weeks[0].PastPromise))
	c.text("pic-bold", points[last].x+8, points[last].y+4, strconv.Itoa(weeks[last].PastPromise))
	c.text("pic-small pic-muted", label, y+height+14, weeks[0].Until.Format("2006-01-02"))
	c.text("pic-small pic-muted pic-end", points[last].x, y+height+14, weeks[last].Until.Format("2006-01-02"))
}
