package domain

// MeasureFor proposes the measure of one question. It refuses a question that
// leaves nothing to do, or whose measure is on its way already.
func (r Readiness) MeasureFor(id QuestionID, language string) (NewMeasure, error) {
	for _, s := range r.Score.Standings {
		if s.Question.ID != id {
			continue
		}
		if m, busy := s.Unfinished(); busy {
			return NewMeasure{}, Errorf(ErrConflict, "%s is on its way for %s already; follow it through first", m.Key, id)
		}
		if s.Counted == StepProven {
			return NewMeasure{}, Errorf(ErrConflict, "%s is proven already; there is nothing left to do", id)
		}
		return r.Propose(s, language), nil
	}
	return NewMeasure{}, Invalid("question", "the catalogue has no question %q", id)
}

// aim is the lowest step that reaches a target in percent.
func aim(target int) Step {
	for s := range StepProven {
		if s.Percent() >= target {
			return s
		}
	}
	return StepProven
}

// Propose is the measure that closes a gap. Its success metric is the question
// itself: the step that counts, asked again.
func (r Readiness) Propose(s Standing, language string) NewMeasure {
	from, to := float64(s.Counted), float64(max(aim(r.Check.Target), s.Counted+1))
	to = min(to, float64(StepProven))
	metric := Bilingual{EN: "step of the crisis check", DE: "Stufe der Krisencheck-Frage"}
	return NewMeasure{
		Check: r.Check.Key, Question: s.Question.ID, Team: r.Check.Team,
		Title: s.Question.Measure.In(language), Description: s.Question.Text.In(language) + "\n\n" + s.Question.Help.In(language),
		Kind: s.Question.Kind, Priority: proposedPriority(s.Question.Urgent, s.Counted),
		Metric: Metric{Name: metric.In(language) + " " + string(s.Question.ID), Baseline: &from, Target: &to, Direction: AtLeast},
	}
}

// proposedPriority: what is missing and urgent comes first, what is in place
// and only unproven last.
func proposedPriority(urgent bool, counted Step) Priority {
	order := []Priority{P1, P2, P3, P3, P3}
	n := min(int(counted), 2)
	if !urgent {
		n++
	}
	return order[n]
}
