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
	keys := make([]domain.MeasureKey, len(l.Notice.Items))
	for n, item := range l.Notice.Items {
		keys[n] = item.Measure
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
	var list []found
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
		list = append(list, found{m, item})
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
	case domain.ReasonNew, domain.ReasonIneffective:
	}
	return false
}

// sections groups what was found by reason, the latest first.
func sections(list []found, who crowd) []domain.LetterSection {
	var out []domain.LetterSection
	for _, reason := range domain.Reasons() {
		var lines []domain.LetterLine
		for _, f := range list {
			if f.item.Reason == reason {
				lines = append(lines, line(f.measure, f.item.Days, f.item.For, who))
			}
		}
		if len(lines) == 0 {
			continue
		}
		slices.SortStableFunc(lines, func(a, b domain.LetterLine) int {
			return cmp.Or(cmp.Compare(b.Days, a.Days), cmp.Compare(a.Measure.Priority, b.Measure.Priority))
		})
		out = append(out, domain.LetterSection{Reason: reason, Total: len(lines), Lines: lines[:min(len(lines), maxLines)]})
	}
	return out
}

func line(m domain.Measure, days int, instead domain.PersonID, who crowd) domain.LetterLine {
	return domain.LetterLine{Measure: m, Days: days, Owner: who.name(m.Owner, m.ExternalOwner), For: who.name(instead, "")}
}

// Preview says what would go out on a day, without writing anything down: to
// everybody for administrators, to themselves for everybody else. People whom
// no mail can reach are shown with an empty address.
func (s *Reminders) Preview(ctx context.Context, by domain.Actor, day domain.Date) ([]domain.Letter, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return nil, err
	}
	if day.IsZero() {
		day = s.today()
	}
	p, err := s.plan(ctx, policy, domain.Span{Since: day.AddDays(-1), Today: day})
	if err != nil {
		return nil, err
	}
	all := by.Role.May(domain.CanManage)
	var out []domain.Letter
	for _, id := range p.crowd.order {
		list := p.lists[id]
		if len(list) == 0 || !all && by.ID != string(id) || !p.crowd.settingsOf(id).Reminders {
			continue
		}
		person := p.crowd.people[id]
		out = append(out, domain.Letter{Notice: domain.Notice{Kind: domain.NoticeReminder, Channel: domain.ByMail, Target: string(id), Period: day.String()},
			Name: person.Name, Email: person.Email, Language: cmp.Or(person.Language, s.Language), Day: day, Sections: sections(list, p.crowd)})
	}
	for _, chat := range s.Ways.Chats {
		if list := p.inScope(chat.Scope); all && len(list) > 0 {
			out = append(out, domain.Letter{Notice: domain.Notice{Kind: domain.NoticeReminder, Channel: domain.ByChat, Target: chat.Name, Period: day.String()},
				Language: s.Language, Day: day, Sections: sections(list, p.crowd)})
		}
	}
	return out, nil
}

// PreviewDigest is the digest of a day as a person would get it.
func (s *Reminders) PreviewDigest(ctx context.Context, by domain.Actor, person domain.PersonID, day domain.Date) (domain.Letter, error) {
	if err := own(by, person); err != nil {
		return domain.Letter{}, err
	}
	if day.IsZero() {
		day = s.today()
	}
	if _, err := s.Store.Person(ctx, person); err != nil {
		return domain.Letter{}, err
	}
	return s.Letter(ctx, domain.Notice{Kind: domain.NoticeDigest, Channel: domain.ByMail, Target: string(person), Period: day.String()})
}
