package app

import (
	"context"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// assessmentReader reads what says which periods wait for their assessment.
type assessmentReader interface {
	EachHistory(ctx context.Context, scope domain.Scope, subject domain.Subject, f func(key string, rows []domain.Change) error) error
	FirstIncident(ctx context.Context) (time.Time, error)
}

// everyAssessment returns every assessment, the latest first.
func everyAssessment(ctx context.Context, store assessmentReader) ([]domain.Assessment, error) {
	var out []domain.Assessment
	err := store.EachHistory(ctx, domain.Everything(), domain.SubjectAssessment, func(_ string, rows []domain.Change) error {
		some, err := assessments(rows)
		out = append(out, some...)
		return err
	})
	slices.SortFunc(out, func(a, b domain.Assessment) int { return int(b.Seq - a.Seq) })
	return out, err
}

// dueAssessments are the periods that are over on a day and have not been
// assessed, the oldest first.
func dueAssessments(ctx context.Context, store assessmentReader, policy domain.Policy, today domain.Date, zone *time.Location) ([]domain.DueAssessment, error) {
	done, err := everyAssessment(ctx, store)
	if err != nil {
		return nil, err
	}
	return unanswered(ctx, store, done, policy, today, zone)
}

// unanswered are the periods since the first incident that are over on a day and
// have none of the answers.
func unanswered(ctx context.Context, store assessmentReader, done []domain.Assessment, policy domain.Policy, today domain.Date, zone *time.Location) ([]domain.DueAssessment, error) {
	first, err := store.FirstIncident(ctx)
	if err != nil || first.IsZero() {
		return nil, err
	}
	months := 3
	if policy.AssessmentMonths == 1 {
		months = 1
	}
	var out []domain.DueAssessment
	for d := domain.DateOf(first.In(zone)); ; {
		period := domain.PeriodAt(d, months)
		_, after, err := domain.PeriodOf(period)
		if err != nil || today.Before(after) {
			return out, err
		}
		answers := func(a domain.Assessment) bool { // one given before the period was over is an interim one
			return covers(a.Period, period) && !domain.DateOf(a.At.In(zone)).Before(after)
		}
		if !slices.ContainsFunc(done, answers) {
			out = append(out, domain.DueAfter(period, after, today))
		}
		d = after
	}
}

// covers reports whether an assessed period answers for another: itself, or the
// quarter of a month.
func covers(assessed, asked string) bool {
	from, to, err := domain.PeriodOf(assessed)
	first, after, otherErr := domain.PeriodOf(asked)
	return err == nil && otherErr == nil && !first.Before(from) && !to.Before(after)
}

// lookAtAssessments finds the periods whose day it is. They concern the whole
// organisation: those are told who may answer.
func (p *plan) lookAtAssessments(ctx context.Context, store assessmentReader, policy domain.Policy, zone *time.Location) error {
	due, err := dueAssessments(ctx, store, policy, p.span.Today, zone)
	for _, a := range due {
		days, told := policy.RemindsAssessment(a, p.span)
		if !told {
			continue
		}
		for _, to := range p.crowd.managers() {
			p.lists[to] = append(p.lists[to], found{measure: &domain.Measure{}, assessment: a, item: domain.NoticeItem{Assessment: a.Period, Reason: domain.ReasonAssessment, Days: days}})
		}
	}
	return err
}

// stillUnanswered keeps the items about periods that nobody has answered meanwhile.
func (s *Reminders) stillUnanswered(ctx context.Context, l *domain.Letter, scope domain.Scope) ([]found, error) {
	asked := func(item domain.NoticeItem) bool { return item.Assessment != "" }
	if !scope.All || !slices.ContainsFunc(l.Notice.Items, asked) {
		return nil, nil
	}
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return nil, err
	}
	due, err := dueAssessments(ctx, s.Store, policy, l.Day, s.Zone)
	var out []found
	for _, item := range l.Notice.Items {
		for _, a := range due {
			if item.Assessment == a.Period {
				out = append(out, found{measure: &domain.Measure{}, assessment: a, item: item})
			}
		}
	}
	return out, err
}

// assessments are the periods without an answer, for those who see the whole
// organisation.
func (d digest) assessments(ctx context.Context) error {
	if !d.scope.All {
		return nil
	}
	policy, err := d.s.Policies.Store.Policy(ctx)
	if err != nil {
		return err
	}
	due, err := dueAssessments(ctx, d.s.Store, policy, d.l.Day, d.s.Zone)
	section := domain.LetterSection{Reason: domain.ReasonAssessment}
	for _, a := range due {
		if days := d.l.Day.Sub(a.DueOn); days >= -digestSoon && days <= domain.VerifyFor {
			section.Total++
			if len(section.Lines) < digestLines {
				section.Lines = append(section.Lines, domain.LetterLine{Assessment: a, Days: days})
			}
		}
	}
	if section.Total > 0 {
		d.l.Sections = append(d.l.Sections, section)
	}
	return err
}
