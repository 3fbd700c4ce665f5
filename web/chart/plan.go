package chart

import (
	"fmt"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// PlanRow is one measure of an incident.
type PlanRow struct {
	Key   string
	Title string
	Facts metrics.Facts
}

// The layout of the plan: label, axis, status.
const (
	planKey    = 52
	planLabel  = 262
	planStatus = 142
	planRow    = 30
	planTop    = 30
)

// Plan is the plan of one incident (A1, A2): one row per measure on an axis of
// time, a bar from created to done or now, a heavy tick at the original date and
// a light one at the current date; an arrow is open, a cross cancelled, a check
// verified. Due dates are drawn at their end in zone.
func Plan(rows []PlanRow, asOf time.Time, zone *time.Location, o Options) Picture {
	t := o.Texts
	p := o.picture("plan", t.PlanTitle)
	p.Table = Table{Caption: t.PlanTitle, Head: append(words(t.Measure, t.Title, t.State, t.Created, t.Ended, t.OriginalDate, t.CurrentDate), numbers(t.DaysPastOriginal)...)}
	all := make([]metrics.Facts, len(rows))
	for i := range rows {
		all[i] = rows[i].Facts
	}
	p.Lead = t.rollUp(metrics.RollUpIncident(all, asOf))
	p.Desc = t.PlanDesc
	if len(rows) == 0 {
		p.Lead = t.NoPlan
		return p
	}
	from, to := asOf, asOf
	for i := range rows {
		f := &rows[i].Facts
		from = earliest(from, f.Created)
		to = latest(to, f.Original.Deadline, f.Current.Deadline)
	}
	pad := to.Sub(from)/50 + time.Hour
	from, to = from.Add(-pad).In(zone), to.Add(pad).In(zone)
	height := float64(planTop + planRow*len(rows) + 54)
	c := newCanvas(defaultWidth, height)
	x := linear(float64(from.Unix()), float64(to.Unix()), planLabel, defaultWidth-planStatus)
	at := func(i time.Time) float64 { return x.place(float64(i.Unix())) }
	bottom := float64(planTop + planRow*len(rows))
	for _, tick := range dateTicks(from, to, 5) {
		c.line("pic-grid", at(tick.at), planTop-6, at(tick.at), bottom)
		c.text("pic-small pic-muted pic-middle", at(tick.at), planTop-12, tick.label)
	}
	c.line("pic-now", at(asOf), planTop-6, at(asOf), bottom+6)
	c.text("pic-small pic-middle", min(at(asOf), defaultWidth-60), bottom+18, t.Now+" "+date(domain.DateOf(asOf.In(zone))))
	for i := range rows {
		planLine(c, &rows[i], float64(planTop+planRow*i)+planRow/2, at, asOf, &o)
		planCells(&p.Table, &rows[i], asOf, zone, &o)
	}
	planLegend(c, bottom+40, &t)
	p.draw(c)
	return p
}

func planLine(c *canvas, r *PlanRow, y float64, at func(time.Time) float64, asOf time.Time, o *Options) {
	t, f := &o.Texts, &r.Facts
	status := t.planState(f, asOf)
	defer c.mark(o.href(Mark{Kind: "plan", Measure: r.Key}), r.Key+" "+r.Title+": "+status)()
	c.text("pic-bold", 8, y+4, fit(r.Key, planKey-6, 12))
	c.text("", 8+planKey, y+4, fit(r.Title, planLabel-8-planKey-8, 12))
	from, to := at(f.Created), at(f.Ended(asOf))
	const half = 6
	c.rect(planClass(f), from, y-half, max(2, to-from), 2*half)
	switch {
	case f.Unknown:
		c.text("pic-middle pic-bold", to+8, y+4, "?")
	case f.State == metrics.StateOpen: // an arrow: it goes on
		c.path("pic-sign", polyline([]point{{to + 2, y - 5}, {to + 8, y}, {to + 2, y + 5}}))
	case f.State == metrics.StateCancelled: // a cross
		c.path("pic-sign", polyline([]point{{to + 4, y - 4}, {to + 12, y + 4}})+polyline([]point{{to + 4, y + 4}, {to + 12, y - 4}}))
	case f.State == metrics.StateVerified: // a check
		c.path("pic-sign", polyline([]point{{to + 4, y}, {to + 7, y + 4}, {to + 13, y - 5}}))
	default: // done, a claim: a dot
		c.circle("pic-sign", to+8, y, 3)
	}
	if !f.Current.Date.IsZero() && f.Current.Date != f.Original.Date {
		c.line("pic-tick", at(f.Current.Deadline), y-10, at(f.Current.Deadline), y+10)
	}
	if !f.Original.Date.IsZero() {
		c.line("pic-tick-late", at(f.Original.Deadline), y-10, at(f.Original.Deadline), y+10)
	}
	name := ""
	if f.Overdue(f.Original, asOf) {
		name = "pic-late-text"
	}
	c.text(name, defaultWidth-planStatus+12, y+4, fit(status, planStatus-14, 12))
}

func planClass(f *metrics.Facts) string {
	switch {
	case f.Unknown:
		return "pic-bar-unknown"
	case f.State == metrics.StateVerified:
		return "pic-bar-verified"
	case f.State == metrics.StateDone:
		return "pic-bar-done"
	case f.State == metrics.StateCancelled:
		return "pic-bar-cancelled"
	}
	return "pic-bar-open"
}

func planCells(table *Table, r *PlanRow, asOf time.Time, zone *time.Location, o *Options) {
	t, f := &o.Texts, &r.Facts
	day := func(at time.Time) string {
		if at.IsZero() {
			return ""
		}
		return date(domain.DateOf(at.In(zone)))
	}
	ended, late := "", ""
	if f.Cause() != metrics.CauseOpen {
		ended = day(f.Ended(asOf))
	}
	if n := f.DaysOverdue(f.Original, asOf); n > 0 {
		late = fmt.Sprint(n)
	}
	table.add(o.href(Mark{Kind: "plan", Measure: r.Key}), r.Key, r.Title, t.state(f), day(f.Created), ended, date(f.Original.Date), date(f.Current.Date), late)
}

func planLegend(c *canvas, y float64, t *Texts) {
	x := 8.0
	sign := func(draw func(x float64), text string) {
		draw(x)
		c.text("pic-small pic-muted", x+16, y+4, text)
		x += 16 + textWidth(text, 11) + 14
	}
	sign(func(x float64) { c.line("pic-tick-late", x+6, y-7, x+6, y+7) }, t.OriginalDate)
	sign(func(x float64) { c.line("pic-tick", x+6, y-7, x+6, y+7) }, t.CurrentDate)
	sign(func(x float64) { c.path("pic-sign", polyline([]point{{x + 3, y - 5}, {x + 9, y}, {x + 3, y + 5}})) }, t.StateOpen)
	sign(func(x float64) { c.circle("pic-sign", x+6, y, 3) }, t.StateDone)
	sign(func(x float64) { c.path("pic-sign", polyline([]point{{x + 2, y}, {x + 5, y + 4}, {x + 11, y - 5}})) }, t.StateVerified)
	sign(func(x float64) {
		c.path("pic-sign", polyline([]point{{x + 2, y - 4}, {x + 10, y + 4}})+polyline([]point{{x + 2, y + 4}, {x + 10, y - 4}}))
	}, t.StateCancelled)
}

func earliest(a time.Time, others ...time.Time) time.Time {
	for _, b := range others {
		if !b.IsZero() && b.Before(a) {
			a = b
		}
	}
	return a
}

func latest(a time.Time, others ...time.Time) time.Time {
	for _, b := range others {
		if b.After(a) {
			a = b
		}
	}
	return a
}
