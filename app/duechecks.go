package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// checkReader reads the finished checks that say when the next ones are due.
type checkReader interface {
	Checks(ctx context.Context, scope domain.Scope, filter domain.CheckFilter) ([]domain.Check, error)
}

// lastChecks are the newest finished checks, one of each team in sight.
func lastChecks(ctx context.Context, store checkReader, scope domain.Scope) ([]domain.Check, error) {
	finished, err := store.Checks(ctx, scope, domain.CheckFilter{Status: []domain.CheckStatus{domain.CheckFinished}, Bare: true})
	return domain.LatestChecks(finished), err
}

// Due are the finished checks in sight whose successor is due on a day.
func (s *Checks) Due(ctx context.Context, by domain.Actor, day domain.Date) ([]domain.Check, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	last, err := lastChecks(ctx, s.Store, by.Scope)
	var out []domain.Check
	for _, c := range last {
		if c.Due(day) {
			out = append(out, c)
		}
	}
	return out, err
}

// lookAtChecks finds the crisis checks whose day it is.
func (p *plan) lookAtChecks(ctx context.Context, store checkReader, policy domain.Policy) error {
	last, err := lastChecks(ctx, store, domain.Everything())
	for _, c := range last {
		days, due := policy.RemindsCheck(c, p.span)
		if !due {
			continue
		}
		for _, to := range p.crowd.checkers(c) {
			p.lists[to] = append(p.lists[to], found{measure: &domain.Measure{Team: c.Team}, check: c, item: domain.NoticeItem{Check: c.Key, Reason: domain.ReasonCheckDue, Days: days}})
		}
	}
	return err
}

// stillDue keeps the items about checks that nobody has repeated meanwhile.
func (s *Reminders) stillDue(ctx context.Context, l *domain.Letter, scope domain.Scope) ([]found, error) {
	var out []found
	var last []domain.Check
	for _, item := range l.Notice.Items {
		if item.Check == "" {
			continue
		}
		if last == nil {
			var err error
			if last, err = lastChecks(ctx, s.Store, scope); err != nil {
				return nil, err
			}
		}
		for _, c := range last {
			if c.Key == item.Check {
				out = append(out, found{measure: &domain.Measure{Team: c.Team}, check: c, item: item})
			}
		}
	}
	return out, nil
}

func (c crowd) checkLine(check domain.Check, days int) domain.LetterLine {
	return domain.LetterLine{Check: check, Team: c.teams[check.Team], Days: days}
}

// checks are the crisis checks that are due or will be soon.
func (d digest) checks(ctx context.Context) error {
	last, err := lastChecks(ctx, d.s.Store, d.scope)
	section := domain.LetterSection{Reason: domain.ReasonCheckDue}
	for _, c := range last {
		if days := d.l.Day.Sub(c.NextOn); !c.NextOn.IsZero() && days >= -digestSoon {
			section.Total++
			if len(section.Lines) < digestLines {
				section.Lines = append(section.Lines, d.who.checkLine(c, days))
			}
		}
	}
	if section.Total > 0 {
		d.l.Sections = append(d.l.Sections, section)
	}
	return err
}
