package app

import (
	"cmp"
	"context"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

type letterStore interface {
	Person(ctx context.Context, id domain.PersonID) (domain.Person, error)
	People(ctx context.Context) ([]domain.Person, error)
	Teams(ctx context.Context) ([]domain.Team, error)
	Measures(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, page domain.Page) (domain.List[domain.Measure], error)
	MeasuresByKey(ctx context.Context, scope domain.Scope, keys []domain.MeasureKey) ([]domain.Measure, error)
	Conflicts(ctx context.Context, scope domain.Scope, filter domain.ConflictFilter, page domain.Page) (domain.List[domain.Conflict], error)
	checkReader
	assessmentReader
	LateCounts(ctx context.Context, scope domain.Scope, filter domain.MeasureFilter, soon int) ([]domain.LateCount, error)
}

// maxLines is how many measures a section of a reminder names.
const maxLines = 50

// Letter says what a letter that was written down has to say now: measures that
// were closed, moved, snoozed or moved out of the receiver's sight meanwhile are
// left out. An empty letter is not sent.
func (s *Reminders) Letter(ctx context.Context, n domain.Notice) (domain.Letter, error) {
	day, err := domain.ParseDate(n.Period)
	if err != nil {
		return domain.Letter{}, err
	}
	who, err := s.crowd(ctx, day)
	if err != nil {
		return domain.Letter{}, err
	}
	l, scope, ok, err := s.address(n, who, day)
	if err != nil || !ok {
		return l, err
	}
	if n.Kind == domain.NoticeDigest {
		return l, s.fillDigest(ctx, &l, scope, who)
	}
	return l, s.fillReminder(ctx, &l, scope, who)
}

// address finds who gets a letter and what they may see; false when they want none.
func (s *Reminders) address(n domain.Notice, who crowd, day domain.Date) (domain.Letter, domain.Scope, bool, error) {
	l := domain.Letter{Notice: n, Language: s.Language, Day: day}
	if n.Channel == domain.ByChat {
		for _, chat := range s.Ways.Chats {
			if chat.Name == n.Target {
				return l, chat.Scope, true, nil
			}
		}
		return l, domain.Scope{}, false, domain.Errorf(domain.ErrNotFound, "chat %s is not configured any more", n.Target)
	}
	p, settings := who.people[domain.PersonID(n.Target)], who.settingsOf(domain.PersonID(n.Target))
	l.Name, l.Email, l.Language = p.Name, p.Email, cmp.Or(p.Language, s.Language)
	wanted := n.Kind == domain.NoticeReminder && settings.Reminders || n.Kind == domain.NoticeDigest && settings.Digest
	return l, domain.ScopeOf(p.Role, p.Teams), wanted && p.Email != "" && !p.Disabled, nil
}

func (s *Reminders) fillReminder(ctx context.Context, l *domain.Letter, scope domain.Scope, who crowd) error {
	list, err := s.stillDue(ctx, l, scope)
	if err != nil {
		return err
	}
	waiting, err := s.stillUnanswered(ctx, l, scope)
	if err != nil {
		return err
	}
	list = append(list, waiting...)
	var keys []domain.MeasureKey
	for _, item := range l.Notice.Items {
		if item.Measure != "" {
			keys = append(keys, item.Measure)
		}
	}
	slices.Sort(keys)
	measures, err := s.Store.MeasuresByKey(ctx, scope, slices.Compact(keys))
	if err != nil {
		return err
	}
	byKey := map[domain.MeasureKey]domain.Measure{}
	for _, m := range measures {
		byKey[m.Key] = m
	}
	snoozes, err := s.Store.Snoozes(ctx, l.Day)
	if err != nil {
		return err
	}
	for _, item := range l.Notice.Items {
		m, ok := byKey[item.Measure]
		if !ok || !still(m, item, l.Day, snoozes[m.Key]) {
			continue
		}
		if item.Reason == domain.ReasonConflict {
			open := true
			waiting, err := s.Store.Conflicts(ctx, scope, domain.ConflictFilter{Measure: m.Key, Open: &open}, domain.Page{Limit: 1})
			if err != nil {
				return err
			}
			if len(waiting.Items) == 0 {
				continue
			}
		}
		list = append(list, found{measure: &m, item: item})
	}
	l.Sections = sections(list, who)
	return nil
}

// still reports whether what was found when the letter was written down holds.
func still(m domain.Measure, item domain.NoticeItem, day domain.Date, z domain.Snooze) bool {
	if item.Reason != domain.ReasonEscalated && z.Active(day) {
		return false
	}
	switch item.Reason {
	case domain.ReasonEscalated, domain.ReasonOverdue, domain.ReasonDueToday, domain.ReasonDueSoon:
		return m.Status.Open() && !m.DueOn.IsZero() && day.Sub(m.DueOn) == item.Days
	case domain.ReasonPastPromise:
		return m.Status.Open()
	case domain.ReasonVerification:
		return m.Status == domain.Done
	case domain.ReasonConflict:
		return true
	case domain.ReasonCheckDue, domain.ReasonAssessment, domain.ReasonNew, domain.ReasonIneffective:
	}
	return false
}

// sections groups what was found by reason, the latest first.
func sections(list []found, who crowd) []domain.LetterSection {
	of := map[domain.Reason][]*found{}
	for n := range list {
		of[list[n].item.Reason] = append(of[list[n].item.Reason], &list[n])
	}
	var out []domain.LetterSection
	for _, reason := range domain.Reasons() {
		all := of[reason]
		if len(all) == 0 {
			continue
		}
		slices.SortStableFunc(all, func(a, b *found) int {
			return cmp.Or(cmp.Compare(b.item.Days, a.item.Days), cmp.Compare(a.measure.Priority, b.measure.Priority))
		})
		section := domain.LetterSection{Reason: reason, Total: len(all)}
		for _, f := range all[:min(len(all), maxLines)] {
			switch {
			case f.item.Check != "":
				section.Lines = append(section.Lines, who.checkLine(f.check, f.item.Days))
			case f.item.Assessment != "":
				section.Lines = append(section.Lines, domain.LetterLine{Assessment: f.assessment, Days: f.item.Days})
			default:
				section.Lines = append(section.Lines, line(*f.measure, f.item.Days, f.item.For, who))
			}
		}
		out = append(out, section)
	}
	return out
}

func line(m domain.Measure, days int, instead domain.PersonID, who crowd) domain.LetterLine {
	return domain.LetterLine{Measure: m, Days: days, Owner: who.name(m.Owner, m.ExternalOwner), For: who.name(instead, "")}
}
