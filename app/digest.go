package app

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// digestLines is how many measures a section of the digest names, digestSoon
// how many days ahead it looks and digestBack how many days it looks back.
const (
	digestLines = 10
	digestSoon  = 14
	digestBack  = 7
)

// fillDigest writes the weekly digest of what the receiver may see: overdue by
// age, due soon, conflicts, crisis checks, periods to assess, new, and what
// turned out not to work.
func (s *Reminders) fillDigest(ctx context.Context, l *domain.Letter, scope domain.Scope, who crowd) error {
	d := digest{s: s, l: l, scope: scope, who: who}
	for _, fill := range []func(context.Context) error{d.late, d.soon, d.conflicts, d.checks, d.assessments, d.fresh, d.ineffective} {
		if err := fill(ctx); err != nil {
			return err
		}
	}
	return nil
}

type digest struct {
	s     *Reminders
	l     *domain.Letter
	scope domain.Scope
	who   crowd
}

func (d digest) add(reason domain.Reason, total int, measures []domain.Measure, days func(domain.Measure) int) {
	if len(measures) == 0 {
		return
	}
	section := domain.LetterSection{Reason: reason, Total: total}
	for _, m := range measures[:min(len(measures), digestLines)] {
		section.Lines = append(section.Lines, line(m, days(m), "", d.who))
	}
	d.l.Sections = append(d.l.Sections, section)
}

func (d digest) sinceDue(m domain.Measure) int { return d.l.Day.Sub(m.DueOn) }

func (d digest) late(ctx context.Context) error {
	yes := true
	overdue, err := d.s.Store.Measures(ctx, d.scope, domain.MeasureFilter{Overdue: &yes, Today: d.l.Day}, domain.Page{Limit: digestLines, Sort: []string{"due_on"}, WithTotal: true})
	if err != nil {
		return err
	}
	d.add(domain.ReasonOverdue, overdue.Total, overdue.Items, d.sinceDue)
	counts, err := d.s.Store.LateCounts(ctx, d.scope, domain.MeasureFilter{Today: d.l.Day}, 0)
	if err != nil {
		return err
	}
	d.l.Late = map[domain.LateAge]int{}
	for _, c := range counts {
		for age, n := range c.ByAge {
			d.l.Late[age] += n
		}
	}
	return nil
}

func (d digest) soon(ctx context.Context) error {
	yes := true
	list, err := d.s.Store.Measures(ctx, d.scope, domain.MeasureFilter{Open: &yes, DueAfter: d.l.Day.AddDays(-1), DueBefore: d.l.Day.AddDays(digestSoon + 1), Today: d.l.Day},
		domain.Page{Limit: digestLines, Sort: []string{"due_on"}, WithTotal: true})
	if err != nil {
		return err
	}
	d.add(domain.ReasonDueSoon, list.Total, list.Items, d.sinceDue)
	return nil
}

func (d digest) conflicts(ctx context.Context) error {
	open := true
	list, err := d.s.Store.Conflicts(ctx, d.scope, domain.ConflictFilter{Open: &open}, domain.Page{Limit: digestLines, WithTotal: true})
	if err != nil {
		return err
	}
	opened := map[domain.MeasureKey]domain.Date{}
	var keys []domain.MeasureKey
	for _, c := range list.Items {
		if _, known := opened[c.Measure]; !known {
			keys = append(keys, c.Measure)
		}
		opened[c.Measure] = domain.DateOf(c.OpenedAt.In(d.s.Zone))
	}
	measures, err := d.s.Store.MeasuresByKey(ctx, d.scope, keys)
	if err != nil {
		return err
	}
	d.add(domain.ReasonConflict, list.Total, measures, func(m domain.Measure) int { return d.l.Day.Sub(opened[m.Key]) })
	return nil
}

// recent keeps what happened within the week before the digest.
func (d digest) recent(ctx context.Context, filter domain.MeasureFilter, sort string, when func(domain.Measure) time.Time) ([]domain.Measure, error) {
	filter.Today = d.l.Day
	list, err := d.s.Store.Measures(ctx, d.scope, filter, domain.Page{Limit: 200, Sort: []string{sort}})
	if err != nil {
		return nil, err
	}
	since := d.l.Day.AddDays(-digestBack).Start(d.s.Zone)
	var out []domain.Measure
	for _, m := range list.Items {
		if !when(m).Before(since) {
			out = append(out, m)
		}
	}
	return out, nil
}

func (d digest) fresh(ctx context.Context) error {
	list, err := d.recent(ctx, domain.MeasureFilter{}, "-created_at", func(m domain.Measure) time.Time { return m.CreatedAt })
	d.add(domain.ReasonNew, len(list), list, func(domain.Measure) int { return 0 })
	return err
}

func (d digest) ineffective(ctx context.Context) error {
	list, err := d.recent(ctx, domain.MeasureFilter{Status: []domain.Status{domain.Verified}}, "-updated_at", func(m domain.Measure) time.Time {
		if m.Verdict != domain.Ineffective {
			return time.Time{}
		}
		return m.VerifiedAt
	})
	d.add(domain.ReasonIneffective, len(list), list, func(domain.Measure) int { return 0 })
	return err
}
