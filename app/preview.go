package app

import (
	"cmp"
	"context"

	"github.com/followthrough/followthrough/domain"
)

// previewed are the letters of a day as of a position of the history. Whatever
// changes them writes history, so they hold until it has grown.
type previewed struct {
	position int64
	day      domain.Date
	letters  []domain.Letter
}

// Preview says what would go out on a day, without writing anything down: to
// everybody for administrators, to themselves for everybody else. People whom
// no mail can reach are shown with an empty address.
func (s *Reminders) Preview(ctx context.Context, by domain.Actor, day domain.Date) ([]domain.Letter, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	if day.IsZero() {
		day = s.today()
	}
	letters, err := s.lettersOn(ctx, day)
	if err != nil || by.Role.May(domain.CanManage) {
		return letters, err
	}
	var own []domain.Letter
	for _, l := range letters {
		if l.Notice.Channel == domain.ByMail && l.Notice.Target == by.ID {
			own = append(own, l)
		}
	}
	return own, nil
}

// lettersOn are the letters to everybody on a day.
func (s *Reminders) lettersOn(ctx context.Context, day domain.Date) ([]domain.Letter, error) {
	position, err := s.Store.LastSeq(ctx) // before the rows: a change in between shows next time
	if err != nil {
		return nil, err
	}
	if last := s.last.Load(); last != nil && last.position == position && last.day == day {
		return last.letters, nil
	}
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, policy, domain.Span{Since: day.AddDays(-1), Today: day})
	if err != nil {
		return nil, err
	}
	var out []domain.Letter
	for _, id := range p.crowd.order {
		list := p.lists[id]
		if len(list) == 0 || !p.crowd.settingsOf(id).Reminders {
			continue
		}
		person := p.crowd.people[id]
		out = append(out, domain.Letter{Notice: domain.Notice{Kind: domain.NoticeReminder, Channel: domain.ByMail, Target: string(id), Period: day.String()},
			Name: person.Name, Email: person.Email, Language: cmp.Or(person.Language, s.Language), Day: day, Sections: sections(list, p.crowd)})
	}
	for _, chat := range s.Ways.Chats {
		if list := p.inScope(chat.Scope); len(list) > 0 {
			out = append(out, domain.Letter{Notice: domain.Notice{Kind: domain.NoticeReminder, Channel: domain.ByChat, Target: chat.Name, Period: day.String()},
				Language: s.Language, Day: day, Sections: sections(list, p.crowd)})
		}
	}
	s.last.Store(&previewed{position, day, out})
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
