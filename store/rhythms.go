package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// rhythms writes the days on which people are reminded as SQL: one branch for
// every reason to be told something, each of which an index answers. It selects
// what domain.Policy's Remind, Escalates, RemindsVerification and
// RemindsConflict say yes to, and few more; a test compares the two.
type rhythms struct {
	q             domain.RemindQuery
	today, length int64
	branches      []string
	args          []any
}

// remindHits selects the numbers of the measures whose day it is.
func remindHits(q domain.RemindQuery) (sql string, args []any) {
	r := rhythms{q: q, today: int64(newDay(q.Span.Today)), length: int64(q.Span.Today.Sub(q.Span.Since))}
	for _, rules := range q.Rules {
		r.due(rules)
		r.promised(rules)
		r.verification(rules)
		r.conflict(rules)
	}
	r.woken()
	return strings.Join(r.branches, " UNION "), r.args
}

func (r *rhythms) branch(from string, c conditions) {
	r.branches = append(r.branches, "SELECT measures.num FROM "+from+c.where())
	r.args = append(r.args, c.args...)
}

// by limits to the measures that go by some rules. Usually all do, and the
// index need not know the version.
func (r *rhythms) by(rules domain.RemindRules) (c conditions) {
	if len(r.q.Rules) > 1 {
		c.add("policy_version IN ?", rules.Versions)
	}
	return c
}

// hits is domain.Span's: whether the rhythm falls into the span, on one of the
// days from the anchor or after the last of them every so many days. The rhythm
// begins so many days after the anchor's day.
func (r *rhythms) hits(anchor string, after int, days []int, every int) (sql string, args []any) {
	today, last, on := r.today-int64(after), int64(0), []int64{}
	for _, d := range days {
		last = max(last, int64(d))
		for back := range r.length {
			on = append(on, today-back-int64(d))
		}
	}
	slices.Sort(on)
	sql, args = anchor+" <= ? AND (? - "+anchor+") % ? < ?", []any{today - last - int64(every), today - last, int64(every), r.length}
	if len(on) > 0 {
		sql, args = anchor+" IN ? OR "+sql, append([]any{slices.Compact(on)}, args...)
	}
	return sql, args
}

// due is what is due or overdue, and what is escalated.
func (r *rhythms) due(rules domain.RemindRules) {
	days, reminders := rules.Policy.RemindDays, rules.Policy.Reminders.OrDefault()
	ahead := int64(-slices.Min(append([]int{0}, days...)))
	sql, args := r.hits("due_day", 0, days, reminders.Every)
	for _, priority := range domain.Priorities() {
		if after, ok := reminders.Escalate[priority]; ok {
			escalated, more := r.hits("due_day", 0, []int{after}, reminders.Every)
			sql, args = sql+" OR priority = ? AND ("+escalated+")", append(append(args, string(priority)), more...)
		}
	}
	c := r.by(rules)
	c.add("open")
	c.add("due_day <= ?", r.today+ahead)
	c.add(sql, args...)
	r.branch("measures", c)
}

// promised is what is past the date first promised and not yet overdue.
func (r *rhythms) promised(rules domain.RemindRules) {
	c := r.by(rules)
	c.add("open")
	c.add("due_day >= ? AND due_day < ?", r.today, int64(noDay))
	sql, args := r.hits("original_due_day", 0, []int{1}, rules.Policy.Reminders.OrDefault().Every)
	c.add(sql, args...)
	r.branch("measures", c)
}

const microsOfDay = int64(24 * time.Hour / time.Microsecond)

// verification is what is done and waits for a verdict: from the day that its
// metric names, or so many days after it was done.
func (r *rhythms) verification(rules domain.RemindRules) {
	every, oldest := rules.Policy.Reminders.OrDefault().Every, r.today-domain.VerifyFor
	named := r.by(rules)
	named.add("status = 'done'")
	named.add("metric_verify_day >= ? AND metric_verify_day <= ?", oldest, r.today)
	sql, args := r.hits("metric_verify_day", 0, []int{0}, every)
	named.add(sql, args...)
	r.branch("measures", named)

	for _, priority := range append(domain.Priorities(), "") {
		days, args := r.daysDone(rules.Policy.VerifyDays[priority], every)
		c := r.by(rules)
		c.add("status = 'done'")
		c.add("metric_verify_day IS NULL")
		c.add("priority = ?", string(priority))
		c.add("done_at >= column1 AND done_at < column2")
		c.args = append(args, c.args...)
		r.branch(days+" AS days CROSS JOIN measures", c)
	}
}

// daysDone are the days on which something was done that a verdict is asked for
// now, each as its first instant and that of the next day: few places of an
// index, where a calculation would have to look at a year.
func (r *rhythms) daysDone(after, every int) (table string, args []any) {
	var days []int // back from today
	for back := range domain.VerifyFor + 1 {
		if late := back % every; late < int(r.length) && (back >= every || late == back) {
			days = append(days, back)
		}
	}
	for first := 0; first < len(days); {
		next := first + 1
		for next < len(days) && days[next] == days[next-1]+1 {
			next++
		}
		from, to := r.q.Span.Today.AddDays(-days[next-1]-after), r.q.Span.Today.AddDays(-days[first]-after+1)
		args = append(args, int64(newInstant(from.Start(r.q.Zone))), int64(newInstant(to.Start(r.q.Zone))))
		first = next
	}
	return "(VALUES " + strings.TrimSuffix(strings.Repeat("(CAST(? AS BIGINT), CAST(? AS BIGINT)), ", len(args)/2), ", ") + ")", args
}

// conflict is what has a conflict that waits.
func (r *rhythms) conflict(rules domain.RemindRules) {
	reminders := rules.Policy.Reminders.OrDefault()
	c := r.by(rules)
	r.local(&c, "waiting.since", 0, []int{reminders.ConflictDays}, reminders.Every)
	r.branch(waitingConflicts+" AS waiting JOIN measures ON measures.key = waiting.measure", c)
}

// woken is what was put aside until now.
func (r *rhythms) woken() {
	var c conditions
	c.add("measures.key = snoozes.measure")
	c.add("until_day > ? AND until_day <= ?", r.today-r.length, r.today)
	r.branch("snoozes CROSS JOIN measures", c)
}

// local is hits for an instant. Its day depends on the clock of its time; SQL
// knows the least and the greatest distance from UTC, and one of the two gives
// the day.
func (r *rhythms) local(c *conditions, instant string, after int, days []int, every int) {
	low, high := offsets(r.q.Zone, r.q.Span.Today.AddDays(1).Start(r.q.Zone))
	var sql []string
	var args []any
	for _, offset := range slices.Compact([]time.Duration{low, high}) {
		one, oneArgs := r.hits(fmt.Sprintf("((%s + %d) / %d)", instant, offset.Microseconds(), microsOfDay), after, days, every)
		sql, args = append(sql, one), append(args, oneArgs...)
	}
	c.add(strings.Join(sql, " OR "), args...)
}

// offsets are the least and the greatest distance from UTC that a zone has had
// within forty years.
func offsets(zone *time.Location, until time.Time) (low, high time.Duration) {
	offset := func(at time.Time) time.Duration {
		_, seconds := at.Zone()
		return time.Duration(seconds) * time.Second
	}
	at := until.In(zone)
	low, high = offset(at), offset(at)
	for start, _ := at.ZoneBounds(); !start.IsZero() && until.Sub(start) < 40*365*24*time.Hour; start, _ = at.ZoneBounds() {
		at = start.Add(-time.Second).In(zone)
		low, high = min(low, offset(at)), max(high, offset(at))
	}
	return low, high
}
