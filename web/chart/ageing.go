package chart

import (
	"fmt"
	"strconv"

	"github.com/followthrough/followthrough/metrics"
)

// Ageing is a strip of open measures by age per priority, over the lines by which
// half and 85 % are usually closed (A10).
func Ageing(r metrics.FlowReport, o Options) Picture {
	t := o.Texts
	p := o.picture("ageing", t.AgeingTitle)
	p.Desc = t.AgeingDesc
	p.Table = Table{Caption: t.AgeingTitle, Head: append(words(t.Priority), numbers(t.Open, t.P50Closed, t.P85Closed, t.OlderThanP85, t.OldestOpen)...)}
	most, open, old := 1.0, 0, 0
	for _, g := range r.Ageing {
		open, old = open+g.Open, old+g.Old
		oldest := ""
		if n := len(g.AgesDays); n > 0 {
			most = max(most, g.AgesDays[n-1])
			oldest = t.days(g.AgesDays[n-1])
		}
		if g.P85.Shown && g.P85.Value != nil {
			most = max(most, *g.P85.Value)
		}
		p.Table.add(o.href(Mark{Kind: "ageing", Priority: string(g.Priority)}), t.none(string(g.Priority)), strconv.Itoa(g.Open), t.shown(g.P50), t.shown(g.P85), strconv.Itoa(g.Old), oldest)
	}
	p.Lead = fmt.Sprintf(t.AgeingLead, open, old)
	if open == 0 {
		return p
	}
	const row, top = 40, 14
	f := frame{left: 64, right: defaultWidth - 150, top: top, bottom: float64(top + row*len(r.Ageing))}
	f.x = linear(0, most*1.02, f.left, f.right)
	c := newCanvas(defaultWidth, f.bottom+62)
	for i, g := range r.Ageing {
		y := f.top + float64(row*i) + row/2
		end := c.mark(o.href(Mark{Kind: "ageing", Priority: string(g.Priority)}), t.none(string(g.Priority))+": "+fmt.Sprintf(t.AgeingLead, g.Open, g.Old))
		c.text("pic-end", f.left-8, y+4, fit(t.none(string(g.Priority)), f.left-10, 12))
		c.line("pic-grid", f.left, y, f.right, y)
		for k, age := range g.AgesDays {
			name := "pic-dot-hollow"
			if g.P85.Shown && g.P85.Value != nil && age > *g.P85.Value {
				name = "pic-dot-ink"
			}
			c.circle(name, f.x.place(age), y+float64(k%5-2)*3, 3)
		}
		percentileLine(c, f.x, y, g.P50, "pic-now")
		percentileLine(c, f.x, y, g.P85, "pic-target")
		c.text("", f.right+12, y+4, fit(fmt.Sprintf(t.AgeingRow, g.Open, g.Old), defaultWidth-f.right-14, 12))
		end()
	}
	f.xAxis(c, ticks(0, most*1.02, 8), func(v float64) string { return t.number(v, 0) }, t.AgeInDays)
	y, at := f.bottom+48, f.left
	for _, s := range []struct {
		text string
		draw func(x float64)
	}{
		{t.P50Closed, func(x float64) { c.line("pic-now", x+6, y-8, x+6, y+8) }},
		{t.P85Closed, func(x float64) { c.line("pic-target", x+6, y-8, x+6, y+8) }},
		{t.OlderThanP85, func(x float64) { c.circle("pic-dot-ink", x+6, y, 3) }},
	} {
		s.draw(at)
		c.text("pic-small pic-muted", at+16, y+4, s.text)
		at += 16 + textWidth(s.text, 11) + 16
	}
	p.draw(c)
	return p
}

func percentileLine(c *canvas, x scale, y float64, f metrics.Figure, name string) {
	if f.Shown && f.Value != nil {
		c.line(name, x.place(*f.Value), y-14, x.place(*f.Value), y+14)
	}
}
