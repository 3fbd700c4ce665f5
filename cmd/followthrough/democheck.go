package main

import (
	"context"
	"strings"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// planChecks notes two crisis checks of the fictional organisation: an older one
// whose gaps became measures, and a later one in which one rise counts because
// its measure was verified, and another one is held because it was not.
func (s *demoSeed) planChecks() {
	older := map[domain.QuestionID]domain.Step{"backups.restore": 0, "roles.deputies": 1, "exercises.real": 0, "suppliers.exit": 0, "communication.customers": 1, "alerting.reach": 2}
	later := map[domain.QuestionID]domain.Step{"backups.restore": 3, "roles.deputies": 2, "exercises.real": 0, "suppliers.exit": 1, "communication.customers": 1, "alerting.reach": 1}
	var first domain.CheckKey
	var restore, deputies domain.MeasureKey
	s.at(s.daysAgo(210), func(ctx context.Context) (err error) {
		first, err = s.answerCheck(ctx, older)
		return named(err, "crisis check")
	})
	s.at(s.daysAgo(209), func(ctx context.Context) error {
		for question, key := range map[domain.QuestionID]*domain.MeasureKey{"backups.restore": &restore, "roles.deputies": &deputies} {
			m, err := s.p.app.Checks.AddMeasure(ctx, s.people["ana"], first, app.CheckMeasure{Question: question, Owner: "p_ben", Language: "en"})
			if err != nil {
				return named(err, string(question))
			}
			*key = m.Key
		}
		return nil
	})
	step := func(days int, key *domain.MeasureKey, by string, edit domain.MeasureEdit) {
		s.at(s.daysAgo(days), func(ctx context.Context) error {
			_, err := s.p.app.Measures.Edit(ctx, s.people[by], *key, 0, app.MeasurePatch{MeasureEdit: edit})
			return named(err, string(*key))
		})
	}
	status := func(to domain.Status) domain.MeasureEdit { return domain.MeasureEdit{Status: domain.Some(to)} }
	step(208, &restore, "ben", status(domain.Accepted))
	step(208, &deputies, "ben", status(domain.Accepted))
	s.at(s.daysAgo(199), func(ctx context.Context) error {
		_, err := s.p.app.Measures.AddEvidence(ctx, s.people["ben"], domain.Evidence{Measure: restore, Title: "Orders database restored in 41 minutes", URL: "https://wiki.nordwind.example/restore"})
		return named(err, "evidence of the restore")
	})
	step(198, &restore, "ben", status(domain.Done))
	step(168, &restore, "ana", domain.MeasureEdit{Status: domain.Some(domain.Verified), Verdict: domain.Some(domain.Effective)})
	step(160, &deputies, "ben", status(domain.InProgress))
	s.at(s.daysAgo(24), func(ctx context.Context) error {
		_, err := s.answerCheck(ctx, later)
		return named(err, "crisis check")
	})
}

// answerCheck answers a whole check; what is not given is in place.
func (s *demoSeed) answerCheck(ctx context.Context, steps map[domain.QuestionID]domain.Step) (domain.CheckKey, error) {
	by := s.people["ana"]
	check, err := s.p.app.Checks.Start(ctx, by, "")
	if err != nil {
		return "", err
	}
	catalogue, err := domain.CatalogueVersion(check.Catalogue)
	if err != nil {
		return "", err
	}
	var answers []domain.CheckAnswer
	for _, q := range catalogue.Questions() {
		a := domain.CheckAnswer{Question: q.ID, Step: 2}
		if step, ok := steps[q.ID]; ok {
			a.Step = step
		}
		if a.Step == domain.StepProven {
			a.Evidence, a.URL = "restored, and timed", "https://wiki.nordwind.example/"+strings.ReplaceAll(string(q.ID), ".", "/")
		}
		answers = append(answers, a)
	}
	if _, err := s.p.app.Checks.Answer(ctx, by, check.Key, 0, answers); err != nil {
		return "", err
	}
	_, err = s.p.app.Checks.Finish(ctx, by, check.Key, 0)
	return check.Key, err
}
