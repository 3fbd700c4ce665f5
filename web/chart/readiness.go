package chart

import (
	"strconv"
)

// ReadinessRow is one area of a crisis check, in percent. Claimed is what the
// answers alone would say; Last is nil without an earlier check.
type ReadinessRow struct {
	Area             string
	Counted, Claimed int
	Last             *int
	Held, Gaps       int
}

// Readiness draws the areas of a crisis check: the bar is what counts, the
// outline behind it what is claimed, the thin bar below the last check, the
// dashed line the target. all is the row over every question.
func Readiness(all ReadinessRow, rows []ReadinessRow, target int, o Options) Picture {
	t := &o.Texts
	p := o.picture("readiness", t.ReadinessTitle)
	p.Desc = t.ReadinessDesc
	p.Lead = strconv.Itoa(all.Counted) + unitSpace + "%"
	if all.Last != nil {
		p.Lead += " · " + t.LastCheck + " " + strconv.Itoa(*all.Last) + unitSpace + "%"
	}
	p.Lead += " · " + t.Target + " " + strconv.Itoa(target) + unitSpace + "%"
	p.Table = Table{Caption: t.ReadinessTitle, Head: append(words(t.Area), numbers(t.Counted, t.Claimed, t.LastCheck, t.Target, t.Held, t.Gaps)...)}
	for _, r := range append(rows, ReadinessRow{Area: t.All, Counted: all.Counted, Claimed: all.Claimed, Last: all.Last, Held: all.Held, Gaps: all.Gaps}) {
		last := ""
		if r.Last != nil {
			last = wholePercent(*r.Last)
		}
		p.Table.add("", r.Area, wholePercent(r.Counted), wholePercent(r.Claimed), last, wholePercent(target), strconv.Itoa(r.Held), strconv.Itoa(r.Gaps))
	}
	if len(rows) == 0 {
		return p
	}
	const right, row, top = 66, 34, 30
	label := 232.0
	for _, r := range rows { // a long name pushes the bars aside, and is cut in the end
		label = min(max(label, textWidth(r.Area, 12)+24), 300)
	}
	bottom := float64(top + row*len(rows))
	c := newCanvas(defaultWidth, bottom+50)
	x := linear(0, 100, label, defaultWidth-right)
	for _, v := range []float64{0, 25, 50, 75, 100} {
		c.line("pic-grid", x.place(v), top-8, x.place(v), bottom)
		c.text("pic-small pic-muted pic-middle", x.place(v), top-14, t.percent(v/100))
	}
	for n, r := range rows {
		y := float64(top + row*n)
		end := c.mark("", r.Area+": "+wholePercent(r.Counted))
		c.text("pic-end", label-8, y+17, fit(r.Area, label-16, 12))
		if r.Claimed > r.Counted {
			c.rect("pic-bar-unknown", label, y+4, x.place(float64(r.Claimed))-label, 14)
		}
		c.rect("pic-bar-done", label, y+4, x.place(float64(r.Counted))-label, 14)
		if r.Last != nil {
			c.rect("pic-bar", label, y+20, x.place(float64(*r.Last))-label, 5)
		}
		c.text("", defaultWidth-right+10, y+16, wholePercent(r.Counted))
		end()
	}
	c.line("pic-axis", label, top-8, label, bottom)
	c.line("pic-target", x.place(float64(target)), top-8, x.place(float64(target)), bottom)
	y, at := bottom+26, 24.0
	sign := func(text string, draw func(x float64)) {
		draw(at)
		c.text("pic-small pic-muted", at+24, y+4, text)
		at += 24 + textWidth(text, 11) + 18
	}
	sign(t.Counted, func(x float64) { c.rect("pic-bar-done", x, y-6, 16, 12) })
	sign(t.ClaimedOnly, func(x float64) { c.rect("pic-bar-unknown", x, y-6, 16, 12) })
	sign(t.LastCheck, func(x float64) { c.rect("pic-bar", x, y-2, 16, 5) })
	sign(t.Target, func(x float64) { c.line("pic-target", x+8, y-8, x+8, y+8) })
	p.draw(c)
	return p
}

func wholePercent(n int) string { return strconv.Itoa(n) + unitSpace + "%" }
