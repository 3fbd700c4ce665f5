package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type assessmentStore interface {
	recurrenceStore
	assessmentReader
	CausesBetween(ctx context.Context, scope domain.Scope, from, to time.Time) (map[string][]domain.Incident, error)
}

// Assessments are the periodic looks at recurrence. They concern the whole
// organisation, so they are for those who see all of it.
type Assessments struct {
	Store     assessmentStore
	Policies  *Policies
	Incidents *Incidents
	Now       func() time.Time
	Zone      *time.Location
}

// sameCauseMonths is how far apart incidents of one apparent cause may lie to
// be looked at together.
const sameCauseMonths = 6

// Candidates are the groups of at least two incidents with the same apparent
// cause that a period asks to be judged: within six months up to its end, one
// of them in the period.
func (s *Assessments) Candidates(ctx context.Context, by domain.Actor, period string) ([]domain.RecurrenceGroup, error) {
	if err := by.Require(domain.CanAudit); err != nil {
		return nil, err
	}
	first, after, err := domain.PeriodOf(period)
	if err != nil {
		return nil, err
	}
	from, to := first.Start(s.Zone), after.Start(s.Zone)
	causes, err := s.Store.CausesBetween(ctx, domain.Everything(), to.AddDate(0, -sameCauseMonths, 0), to)
	if err != nil {
		return nil, err
	}
	out := []domain.RecurrenceGroup{}
	for cause, incidents := range causes {
		group := domain.RecurrenceGroup{Cause: cause}
		for _, i := range incidents {
			group.Incidents = append(group.Incidents, i.Key)
		}
		if latest := incidents[len(incidents)-1]; len(incidents) >= 2 && !latest.StartedAt.Before(from) {
			out = append(out, group)
		}
	}
	slices.SortFunc(out, func(a, b domain.RecurrenceGroup) int {
		if len(a.Incidents) != len(b.Incidents) {
			return len(b.Incidents) - len(a.Incidents)
		}
		return strings.Compare(a.Cause, b.Cause)
	})
	return out, nil
}

// Record stores the answer of a period with the candidates as they stand. A
// later answer of the same period stands beside the earlier one, not over it.
func (s *Assessments) Record(ctx context.Context, by domain.Actor, a domain.Assessment) (domain.Assessment, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return domain.Assessment{}, err
	}
	a.Note = domain.NormalText(a.Note)
	if err := a.Check(domain.DateOf(s.Now().In(s.Zone))); err != nil {
		return domain.Assessment{}, err
	}
	var err error
	if a.Candidates, err = s.Candidates(ctx, by, a.Period); err != nil {
		return domain.Assessment{}, err
	}
	err = s.Store.Note(ctx, domain.Everything(), creation(ctx, by, ""), domain.SubjectAssessment, a.Period, a.Record())
	if _, again := replayed(err); err != nil && !again {
		return domain.Assessment{}, err
	}
	all, err := s.of(ctx, a.Period)
	if err != nil || len(all) == 0 {
		return domain.Assessment{}, err
	}
	return all[len(all)-1], nil
}

func (s *Assessments) of(ctx context.Context, period string) ([]domain.Assessment, error) {
	list, err := s.Store.History(ctx, domain.Everything(), domain.SubjectAssessment, period, domain.Page{Limit: 200})
	if err != nil {
		return nil, err
	}
	return assessments(list.Items)
}

func assessments(rows []domain.Change) ([]domain.Assessment, error) {
	var out []domain.Assessment
	for _, row := range rows {
		a, err := domain.AssessmentOf(row)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// List returns every assessment, the latest first.
func (s *Assessments) List(ctx context.Context, by domain.Actor) ([]domain.Assessment, error) {
	if err := by.Require(domain.CanAudit); err != nil {
		return nil, err
	}
	return everyAssessment(ctx, s.Store)
}

// Due are the periods that are over, have not been assessed, and lie after the
// first incident: what an auditor would ask for, the oldest first.
func (s *Assessments) Due(ctx context.Context, by domain.Actor) ([]domain.DueAssessment, error) {
	if err := by.Require(domain.CanAudit); err != nil {
		return nil, err
	}
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return nil, err
	}
	return dueAssessments(ctx, s.Store, policy, domain.DateOf(s.Now().In(s.Zone)), s.Zone)
}
