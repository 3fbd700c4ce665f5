package app

import (
	"context"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Undecided is an incident with suggestions that nobody has decided.
type Undecided struct {
	Incident domain.Incident
	// Best is the strongest suggestion; Others counts the rest.
	Best   Suggestion
	Others int
}

// So many of the latest incidents are looked at together, and so many that may
// be related to any of them.
const (
	maxUndecided = 100
	maxKin       = 400
)

// undecidedDays is how far back incidents are asked about.
const undecidedDays = 365

// Undecided lists the latest incidents with undecided suggestions, the latest
// first, with three queries in all. Words are compared among the incidents that
// were read; the full-text search is asked for one incident at a time only.
func (s *Incidents) Undecided(ctx context.Context, by domain.Actor) ([]Undecided, error) {
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return nil, err
	}
	return s.undecided(ctx, by, policy)
}

func (s *Incidents) undecided(ctx context.Context, by domain.Actor, policy domain.Policy) ([]Undecided, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	now := s.Now()
	later, err := s.Store.Unlinked(ctx, by.Scope, domain.Kinship{From: now.AddDate(0, 0, -undecidedDays), To: now}, maxUndecided)
	if err != nil || len(later) == 0 {
		return nil, err
	}
	window := sameCauseWindow(policy)
	related, err := s.Store.KinOf(ctx, by.Scope, kinshipOfAll(later, window), maxKin)
	if err != nil {
		return nil, err
	}
	keys := make([]domain.IncidentKey, len(later))
	for n, i := range later {
		keys[n] = i.Key
	}
	rows, err := s.Store.NotesOf(ctx, by.Scope, keys, rejectedField)
	if err != nil {
		return nil, err
	}
	rowsOf := map[string][]domain.Change{}
	for _, row := range rows {
		rowsOf[row.Key] = append(rowsOf[row.Key], row)
	}
	candidates := candidatesOf(slices.Concat(later, related))
	var out []Undecided
	for _, i := range later {
		found := suggest(i, candidates, window, ruledOut(rejections(rowsOf[string(i.Key)], "")))
		if len(found) > 0 {
			out = append(out, Undecided{Incident: i, Best: found[0], Others: len(found) - 1})
		}
	}
	return out, nil
}

// kinshipOfAll is what any of the incidents could have in common with an earlier one.
func kinshipOfAll(later []domain.Incident, window time.Duration) domain.Kinship {
	all := kinshipOf(later[0], window)
	all.Services, all.Causes = nil, nil
	for _, i := range later {
		kin := kinshipOf(i, window)
		if kin.From.Before(all.From) {
			all.From = kin.From
		}
		all.Services, all.Causes, all.Fingerprints = append(all.Services, kin.Services...), append(all.Causes, kin.Causes...), append(all.Fingerprints, kin.Fingerprints...)
	}
	for _, list := range []*[]string{&all.Services, &all.Causes, &all.Fingerprints} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return all
}

// RecurrenceBoard is what a lead has to decide: suggestions that nobody has
// decided, and, for whoever may see the whole organisation, its assessments.
type RecurrenceBoard struct {
	Undecided []Undecided
	// Due are the periods without an answer, Done the answers, the latest first.
	Due  []domain.DueAssessment
	Done []domain.Assessment
	// Months is the rhythm the policy asks for: 1 or 3.
	Months int
}

// Board reads both with as few queries as can be.
func (s *Assessments) Board(ctx context.Context, by domain.Actor) (RecurrenceBoard, error) {
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return RecurrenceBoard{}, err
	}
	v := RecurrenceBoard{Months: policy.AssessmentMonths}
	if v.Undecided, err = s.Incidents.undecided(ctx, by, policy); err != nil || !by.Role.May(domain.CanAudit) {
		return v, err
	}
	if v.Done, err = s.List(ctx, by); err != nil {
		return RecurrenceBoard{}, err
	}
	v.Due, err = unanswered(ctx, s.Store, v.Done, policy, domain.DateOf(s.Now().In(s.Zone)), s.Zone)
	return v, err
}
