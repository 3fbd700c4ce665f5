package app

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type roundStore interface {
	LastSeq(ctx context.Context) (int64, error)
	LastRound(ctx context.Context) (domain.Date, error)
	SaveRound(ctx context.Context, on domain.Date, notices []domain.Notice) (bool, error)
	RemindCandidates(ctx context.Context, q domain.RemindQuery, f func(domain.RemindCandidate) error) error
}

// catchUp is how many days an outage may last before the days in it count as told.
const catchUp = 7

// Round is what one look at the clock did.
type Round struct {
	Day     domain.Date
	Notices int
	// Next is when to look again.
	Next time.Time
}

// Round writes down the letters of today once their hour has come, unless some
// process has done so before, and says when to look again.
func (s *Reminders) Round(ctx context.Context) (Round, error) {
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return Round{}, err
	}
	rhythm, now, today := policy.Reminders.OrDefault(), s.Now(), s.today()
	if at := rhythm.At(today, s.Zone); now.Before(at) {
		return Round{Next: at}, nil
	}
	r := Round{Day: today, Next: rhythm.At(today.AddDays(1), s.Zone)}
	if !s.Ways.Mail && len(s.Ways.Chats) == 0 {
		return r, nil
	}
	last, err := s.Store.LastRound(ctx)
	if err != nil || !last.IsZero() && !last.Before(today) {
		return r, err
	}
	p, err := s.plan(ctx, policy, spanAfter(last, today))
	if err != nil {
		return r, err
	}
	notices := p.notices(s)
	saved, err := s.Store.SaveRound(ctx, today, notices)
	if saved {
		r.Notices = len(notices)
	}
	return r, err
}

func spanAfter(last, today domain.Date) domain.Span {
	since := today.AddDays(-1)
	if !last.IsZero() && last.Before(since) {
		since = last
		if oldest := today.AddDays(-catchUp); since.Before(oldest) {
			since = oldest
		}
	}
	return domain.Span{Since: since, Today: today}
}

// found is one measure somebody is to be told about, or a crisis check, whose
// measure has nothing but the team, or a period to assess, whose measure is empty.
type found struct {
	measure    *domain.Measure
	check      domain.Check
	assessment domain.DueAssessment
	item       domain.NoticeItem
}

// plan is what a day has to say, to whom.
type plan struct {
	span   domain.Span
	crowd  crowd
	lists  map[domain.PersonID][]found
	digest domain.Date // the day of the digest within the span; none when it does not fall into it
}

func (p *plan) add(to domain.PersonID, m *domain.Measure, reason domain.Reason, days int, instead domain.PersonID) {
	if to != "" {
		p.lists[to] = append(p.lists[to], found{measure: m, item: domain.NoticeItem{Measure: m.Key, Reason: reason, Days: days, For: instead}})
	}
}

func (s *Reminders) plan(ctx context.Context, policy domain.Policy, span domain.Span) (*plan, error) {
	who, err := s.crowd(ctx, span.Today)
	if err != nil {
		return nil, err
	}
	p := &plan{span: span, crowd: who, lists: map[domain.PersonID][]found{}}
	for day := span.Since.AddDays(1); !span.Today.Before(day); day = day.AddDays(1) {
		if weekday(day) == policy.Reminders.OrDefault().DigestDay {
			p.digest = day
		}
	}
	if err := p.lookAtChecks(ctx, s.Store, policy); err != nil {
		return nil, err
	}
	if err := p.lookAtAssessments(ctx, s.Store, policy, s.Zone); err != nil {
		return nil, err
	}
	rules, err := s.rules(ctx, policy)
	if err != nil {
		return nil, err
	}
	versions := map[int]domain.Policy{}
	for _, r := range rules {
		for _, v := range r.Versions {
			versions[v] = r.Policy
		}
	}
	return p, s.Store.RemindCandidates(ctx, domain.RemindQuery{Span: span, Zone: s.Zone, Rules: rules}, func(c domain.RemindCandidate) error {
		m, z := &c.Measure, domain.Snooze{Until: c.SnoozedUntil}
		rules, ok := versions[m.PolicyVersion]
		if !ok {
			return fmt.Errorf("version %d of the policy, under which %s was created, is missing", m.PolicyVersion, m.Key)
		}
		p.look(m, rules, z, s.Zone)
		if c.ConflictSince.IsZero() {
			return nil
		}
		if days, due := rules.RemindsConflict(domain.DateOf(c.ConflictSince.In(s.Zone)), z, span); due {
			to, instead := who.receiver(*m)
			p.add(to, m, domain.ReasonConflict, days, instead)
		}
		return nil
	})
}

// rules are what measures may be reminded by, each with the versions of the
// policy that say the same. A measure that names no version goes by the current one.
func (s *Reminders) rules(ctx context.Context, current domain.Policy) ([]domain.RemindRules, error) {
	all := []domain.RemindRules{{Policy: current, Versions: []int{0, current.Version}}}
	for version := 1; version < current.Version; version++ {
		policy, err := s.Policies.version(ctx, version)
		if err != nil {
			return nil, err
		}
		same := slices.IndexFunc(all, func(r domain.RemindRules) bool { return sameRhythm(r.Policy, policy) })
		if same < 0 {
			all = append(all, domain.RemindRules{Policy: policy})
			same = len(all) - 1
		}
		all[same].Versions = append(all[same].Versions, version)
	}
	return all, nil
}

// sameRhythm reports whether two policies agree in all that reminders go by.
func sameRhythm(a, b domain.Policy) bool {
	return slices.Equal(a.RemindDays, b.RemindDays) && reflect.DeepEqual(a.Reminders.OrDefault(), b.Reminders.OrDefault()) &&
		maps.Equal(a.VerifyDays, b.VerifyDays) && slices.Equal(a.SecondPerson, b.SecondPerson)
}

// look finds what a measure itself has to say.
func (p *plan) look(m *domain.Measure, rules domain.Policy, z domain.Snooze, zone *time.Location) {
	told, instead := p.crowd.receiver(*m)
	if reason, days := rules.Remind(*m, z, p.span); reason != "" {
		p.add(told, m, reason, days, instead)
	}
	if days, due := rules.Escalates(*m, p.span); due {
		for _, to := range p.crowd.escalation(*m, told) {
			p.add(to, m, domain.ReasonEscalated, days, "")
		}
	}
	if days, due := rules.RemindsVerification(*m, z, p.span, zone); due && days <= domain.VerifyFor {
		to, instead := p.crowd.verifier(*m, slices.Contains(rules.SecondPerson, m.Priority))
		p.add(to, m, domain.ReasonVerification, days, instead)
	}
}

func weekday(d domain.Date) time.Weekday { return d.Start(time.UTC).Weekday() }

// notices are the letters of the plan that can be sent.
func (p *plan) notices(s *Reminders) []domain.Notice {
	var out []domain.Notice
	day := p.span.Today.String()
	for _, id := range p.crowd.order {
		person, settings := p.crowd.people[id], p.crowd.settingsOf(id)
		if !s.Ways.Mail || person.Email == "" || person.Disabled {
			continue
		}
		if list := p.lists[id]; len(list) > 0 && settings.Reminders {
			out = append(out, s.newNotice(domain.NoticeReminder, domain.ByMail, string(id), day, itemsOf(list)))
		}
		if !p.digest.IsZero() && settings.Digest && !settings.Absent(p.span.Today) {
			out = append(out, s.newNotice(domain.NoticeDigest, domain.ByMail, string(id), p.digest.String(), nil))
		}
	}
	for _, chat := range s.Ways.Chats {
		if list := p.inScope(chat.Scope); len(list) > 0 {
			out = append(out, s.newNotice(domain.NoticeReminder, domain.ByChat, chat.Name, day, itemsOf(list)))
		}
		if !p.digest.IsZero() {
			out = append(out, s.newNotice(domain.NoticeDigest, domain.ByChat, chat.Name, p.digest.String(), nil))
		}
	}
	return out
}

// inScope is what a chat may hear: one line per measure, its owner's, one per
// check, and one per period where it is everybody's.
func (p *plan) inScope(scope domain.Scope) []found {
	var out []found
	seen := map[string]bool{}
	for _, id := range p.crowd.order {
		for _, f := range p.lists[id] {
			key := string(f.item.Measure) + string(f.item.Check) + f.item.Assessment
			if f.item.Assessment != "" && !scope.All {
				continue
			}
			if !seen[key] && f.item.Reason != domain.ReasonEscalated && scope.Allows(f.measure.Team) {
				seen[key] = true
				out = append(out, f)
			}
		}
	}
	return out
}

func itemsOf(list []found) []domain.NoticeItem {
	items := make([]domain.NoticeItem, len(list))
	for n, f := range list {
		items[n] = f.item
	}
	return items
}
