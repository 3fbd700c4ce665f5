package chart

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// The layout of the lanes, and how many there are at most.
const (
	laneLabel = 168
	laneRow   = 28
	laneTop   = 34
	maxLanes  = 14
)

// Lanes is who said what when (step 2 of a review): one lane per channel over
// the time of the incident, a dot per message, a ring around one that a person
// marked as diverging, and a band where nobody said anything for longer than the
// policy allows. The facts of the timeline are the first lane.
func Lanes(talk domain.Talk, messages []domain.Message, facts []domain.ReviewEntry, zone *time.Location, o Options) Picture {
	t := o.Texts
	p := o.picture("lanes", t.LanesTitle)
	p.Desc = t.LanesDesc
	p.Lead = fmt.Sprintf(t.LanesLead, talk.Dated, len(talk.Lanes), talk.Silences())
	p.Table = Table{Caption: t.LanesTitle, Head: append(words(t.LanesChannel, t.LanesFirst, t.LanesLast), numbers(t.LanesMessages)...)}
	clock := func(at time.Time) string {
		if at.IsZero() {
			return ""
		}
		return at.In(zone).Format("2006-01-02 15:04")
	}
	for _, l := range talk.Lanes {
		p.Table.add("", l.Channel, clock(l.First), clock(l.Last), strconv.Itoa(l.Messages))
	}
	if talk.Dated == 0 || !talk.To.After(talk.From) {
		return p
	}
	lanes := talk.Lanes[:min(len(talk.Lanes), maxLanes)]
	if hidden := len(talk.Lanes) - len(lanes); hidden > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf(t.LanesMore, hidden))
	}
	bottom := float64(laneTop + laneRow*(len(lanes)+1))
	c := newCanvas(defaultWidth, bottom+52)
	x := linear(float64(talk.From.Unix()), float64(talk.To.Unix()), laneLabel, defaultWidth-20)
	at := func(i time.Time) float64 { return x.place(float64(i.Unix())) }
	for _, g := range talk.Gaps {
		if g.Audience != "" {
			continue
		}
		end := c.mark("", fmt.Sprintf(t.LanesGap, clock(g.From), clock(g.To), domain.SpanText(g.To.Sub(g.From))))
		c.rect("pic-band-late", at(g.From), laneTop-4, at(g.To)-at(g.From), bottom-laneTop+4)
		end()
	}
	for _, tick := range clockTicks(talk.From.In(zone), talk.To.In(zone), 6) {
		c.line("pic-grid", at(tick.at), laneTop-4, at(tick.at), bottom)
		c.text("pic-small pic-muted pic-middle", at(tick.at), laneTop-12, tick.label)
	}
	middle := func(row int) float64 { return float64(laneTop + laneRow*row + laneRow/2) }
	c.text("pic-bold", 8, middle(0)+4, fit(t.LanesFacts, laneLabel-16, 12))
	for _, e := range facts {
		if e.At.Before(talk.From) || e.At.After(talk.To) {
			continue
		}
		end := c.mark("", clock(e.At)+": "+e.Text)
		c.line("pic-tick", at(e.At), middle(0)-9, at(e.At), middle(0)+9)
		end()
	}
	places := map[string]int{}
	for n, l := range lanes {
		places[l.Channel] = n + 1
		c.text("", 8, middle(n+1)+4, fit(l.Channel, laneLabel-16, 12))
		c.line("pic-grid", laneLabel, middle(n+1), defaultWidth-20, middle(n+1))
	}
	for _, m := range messages {
		row, ok := places[m.Channel]
		if !ok || m.At.IsZero() || m.At.Before(talk.From) || m.At.After(talk.To) {
			continue
		}
		end := c.mark("", clock(m.At)+" "+saidAs(m))
		c.circle("pic-dot", at(m.At), middle(row), 4)
		if m.Diverges != "" {
			c.circle("pic-ring-late", at(m.At), middle(row), 8)
		}
		end()
	}
	c.line("pic-axis", laneLabel, bottom, defaultWidth-20, bottom)
	laneLegend(c, bottom+26, &t)
	p.draw(c)
	return p
}

// saidAs is what stands behind a dot; without who and what it is the channel.
func saidAs(m domain.Message) string {
	if m.Statement == "" {
		return m.Channel
	}
	return strings.TrimSpace(m.Sender + ": " + fit(m.Statement, 400, 12))
}

func laneLegend(c *canvas, y float64, t *Texts) {
	place := 8.0
	sign := func(draw func(x float64), text string) {
		draw(place)
		c.text("pic-small pic-muted", place+20, y+4, text)
		place += 20 + textWidth(text, 11) + 14
	}
	sign(func(x float64) { c.circle("pic-dot", x+8, y, 4) }, t.LanesMessage)
	sign(func(x float64) { c.circle("pic-dot", x+8, y, 4); c.circle("pic-ring-late", x+8, y, 8) }, t.LanesDiverging)
	sign(func(x float64) { c.rect("pic-band-late", x, y-7, 16, 14) }, t.LanesSilence)
	sign(func(x float64) { c.line("pic-tick", x+8, y-8, x+8, y+8) }, t.LanesFact)
}

// clockTicks are round instants on an axis that may be minutes or weeks long.
func clockTicks(from, to time.Time, n int) []dateTick {
	if to.Sub(from) > 6*24*time.Hour {
		return dateTicks(from, to, n)
	}
	step := to.Sub(from) / time.Duration(n)
	for _, round := range []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour} {
		if step <= round {
			step = round
			break
		}
	}
	var out []dateTick
	for at := from.Truncate(step); !at.After(to) && len(out) < 60; at = at.Add(step) {
		if at.Before(from) {
			continue
		}
		label := at.Format("15:04")
		if len(out) == 0 || at.Format(time.DateOnly) != out[len(out)-1].at.Format(time.DateOnly) {
			label = at.Format("01-02 15:04")
		}
		out = append(out, dateTick{at, label})
	}
	return out
}
