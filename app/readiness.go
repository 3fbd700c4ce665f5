package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// CheckSeries are the crisis checks of one team, or of the whole organisation
// where Team is empty.
type CheckSeries struct {
	Team domain.TeamID
	// Finished are the finished checks as each counts now, oldest first.
	Finished []domain.Readiness
	// Draft is the check that is being answered; its key is empty without one.
	Draft domain.Check
}

// Latest is the newest finished check.
func (s CheckSeries) Latest() (domain.Readiness, bool) {
	if len(s.Finished) == 0 {
		return domain.Readiness{}, false
	}
	return s.Finished[len(s.Finished)-1], true
}

// Series returns the checks in sight, the organisation first and then the teams
// in the order in which they began.
func (s *Checks) Series(ctx context.Context, by domain.Actor) ([]CheckSeries, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	checks, err := s.Store.Checks(ctx, by.Scope, domain.CheckFilter{Status: []domain.CheckStatus{domain.CheckDraft, domain.CheckFinished}})
	if err != nil {
		return nil, err
	}
	out := []CheckSeries{{}}
	finished := map[domain.TeamID][]domain.Check{}
	place := map[domain.TeamID]int{"": 0}
	for _, c := range checks {
		if _, ok := place[c.Team]; !ok {
			place[c.Team] = len(out)
			out = append(out, CheckSeries{Team: c.Team})
		}
		if c.Status == domain.CheckDraft {
			out[place[c.Team]].Draft = c
		} else {
			finished[c.Team] = append(finished[c.Team], c)
		}
	}
	measures, err := s.measures(ctx, by, checks)
	if err != nil {
		return nil, err
	}
	for team, series := range finished {
		for n := range series {
			r, err := domain.Judge(series[:n+1], of(series, measures))
			if err != nil {
				return nil, err
			}
			out[place[team]].Finished = append(out[place[team]].Finished, r)
		}
	}
	return out, nil
}

// of keeps the measures that came from these checks.
func of(checks []domain.Check, measures []domain.Measure) []domain.Measure {
	keys := map[domain.CheckKey]bool{}
	for _, c := range checks {
		keys[c.Key] = true
	}
	var out []domain.Measure
	for _, m := range measures {
		if keys[m.Check] {
			out = append(out, m)
		}
	}
	return out
}

// Find returns a check that is finished or being answered, with those of its
// team, in as few reads as Series takes.
func (s *Checks) Find(ctx context.Context, by domain.Actor, key domain.CheckKey) (series CheckSeries, at int, err error) {
	all, err := s.Series(ctx, by)
	if err != nil {
		return CheckSeries{}, 0, err
	}
	for _, series := range all {
		for n, r := range series.Finished {
			if r.Check.Key == key {
				return series, n, nil
			}
		}
		if series.Draft.Key == key {
			return series, -1, nil
		}
	}
	return CheckSeries{}, 0, domain.Errorf(domain.ErrNotFound, "%s %q does not exist", "check", key)
}

// Readiness works out what a finished check says, as it counts now.
func (s *Checks) Readiness(ctx context.Context, by domain.Actor, key domain.CheckKey) (domain.Readiness, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Readiness{}, err
	}
	check, err := s.Store.Check(ctx, by.Scope, key)
	if err != nil {
		return domain.Readiness{}, err
	}
	if check.Status != domain.CheckFinished {
		return domain.Readiness{}, domain.Errorf(domain.ErrConflict, "%s is %s; a score needs a finished check", key, check.Status)
	}
	series, err := s.finished(ctx, by, check.Team)
	if err != nil {
		return domain.Readiness{}, err
	}
	measures, err := s.measures(ctx, by, series)
	if err != nil {
		return domain.Readiness{}, err
	}
	return domain.Judge(upTo(series, key), measures)
}

// upTo are the checks of a series up to one of them.
func upTo(series []domain.Check, key domain.CheckKey) []domain.Check {
	for n, c := range series {
		if c.Key == key {
			return series[:n+1]
		}
	}
	return nil
}

// finished are the finished checks of a team, oldest first.
func (s *Checks) finished(ctx context.Context, by domain.Actor, team domain.TeamID) ([]domain.Check, error) {
	return s.Store.Checks(ctx, by.Scope, domain.CheckFilter{Team: &team, Status: []domain.CheckStatus{domain.CheckFinished}})
}

// measures reads all measures that came from the checks.
func (s *Checks) measures(ctx context.Context, by domain.Actor, checks []domain.Check) ([]domain.Measure, error) {
	if len(checks) == 0 {
		return nil, nil
	}
	var filter domain.MeasureFilter
	for _, c := range checks {
		filter.Checks = append(filter.Checks, c.Key)
	}
	var out []domain.Measure
	for page := (domain.Page{Limit: 200, Sort: []string{"key"}}); ; {
		list, err := s.Store.Measures(ctx, by.Scope, filter, page)
		if err != nil {
			return nil, err
		}
		out = append(out, list.Items...)
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			return out, nil
		}
	}
}

// CheckMeasure is what may be chosen when a gap becomes a measure; the rest is
// proposed by the question and by policy.
type CheckMeasure struct {
	Question domain.QuestionID
	Owner    domain.PersonID
	// Language is the one the measure is written in, en or de.
	Language string
}

// AddMeasure makes the measure of a gap: title, kind, priority and success
// metric come from the question, the due date from the policy. A question has
// one measure on its way at a time.
func (s *Checks) AddMeasure(ctx context.Context, by domain.Actor, key domain.CheckKey, in CheckMeasure) (domain.Measure, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Measure{}, err
	}
	if in.Language != "" && in.Language != "en" && in.Language != "de" {
		return domain.Measure{}, domain.Invalid("language", "%q is not accepted; use one of en, de", in.Language)
	}
	if _, err := checkReferences(ctx, s.Store, by, domain.MeasureEdit{Owner: given(in.Owner)}); err != nil {
		return domain.Measure{}, err
	}
	check, err := s.Store.Check(ctx, by.Scope, key)
	if err != nil {
		return domain.Measure{}, err
	}
	series, err := s.finished(ctx, by, check.Team)
	if err != nil {
		return domain.Measure{}, err
	}
	if len(series) == 0 || series[len(series)-1].Key != key {
		return domain.Measure{}, domain.Errorf(domain.ErrConflict, "%s is not the newest finished check; measures follow from that one", key)
	}
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return domain.Measure{}, err
	}
	id := newID("")
	made, err := s.Store.CreateCheckMeasure(ctx, by.Scope, creation(ctx, by, ""), key, func(number domain.MeasureKey, existing []domain.Measure) (domain.Measure, error) {
		r, err := domain.Judge(series, existing)
		if err != nil {
			return domain.Measure{}, err
		}
		n, err := r.MeasureFor(in.Question, in.Language)
		if err != nil {
			return domain.Measure{}, err
		}
		n.Owner = in.Owner
		m, err := n.Create(id, by, policy, s.Now(), s.Zone)
		m.Key = number
		return m, err
	})
	if first, ok := replayed(err); ok {
		return s.Store.Measure(ctx, by.Scope, domain.MeasureKey(first))
	}
	return made, err
}
