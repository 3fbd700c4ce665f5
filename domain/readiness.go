package domain

import (
	"slices"
	"time"
)

// Readiness is what a finished check says, as it counts today.
//
// What people claim and what counts are two things. The first answer to a
// question counts as it is given: it is where one starts. A later, lower answer
// counts at once. A later, higher answer counts only when a measure of that
// question was verified as effective after the level it rises from was set, and
// no measure that existed when the answer was given is still unfinished.
// Until then the answer is held: it counts as before, and rises by itself the
// moment the verification arrives. One verification carries one rise. A measure
// that is reopened takes its rise with it.
type Readiness struct {
	Check     Check
	Catalogue Catalogue
	Areas     []AreaScore
	// Score is over all questions; its Area is empty.
	Score AreaScore
	// Earlier is the finished check before this one; its key is empty for the first.
	Earlier Check
}

// AreaScore is the score of an area in percent of the highest step.
type AreaScore struct {
	Area Area
	// Counted is what counts, Claimed what the answers alone would say.
	Counted, Claimed int
	// Last is what counted in the check before; nil for the first one.
	Last *int
	// Held counts the answers that wait for a verification, Gaps those below the target.
	Held, Gaps int
	Standings  []Standing
}

// Standing is one question of a check.
type Standing struct {
	Question Question
	Answer   CheckAnswer
	// Counted is the step that counts; below Answer.Step when the answer is held.
	Counted Step
	// Last is the step that counted in the check before; nil when it was not asked.
	Last *Step
	// Gap says that the step that counts is worth less than the target.
	Gap bool
	// Measures are those made for this question, oldest first.
	Measures []Measure
}

// Held reports whether the answer waits for a verification.
func (s Standing) Held() bool { return s.Counted < s.Answer.Step }

// Unfinished finds a measure of the question that is still on its way: open,
// or done and not verified.
func (s Standing) Unfinished() (Measure, bool) {
	for _, m := range s.Measures {
		if unfinished(m) {
			return m, true
		}
	}
	return Measure{}, false
}

func unfinished(m Measure) bool { return m.Status.Open() || m.Status == Done }

// Proposes reports whether a measure should be made: there is a gap, or an
// answer is held, and nothing is on its way.
func (s Standing) Proposes() bool {
	_, busy := s.Unfinished()
	return (s.Gap || s.Held()) && !busy
}

// Judge works out the last of several finished checks of one team, oldest
// first, with the measures made for their questions as they are now.
func Judge(checks []Check, measures []Measure) (Readiness, error) {
	if len(checks) == 0 {
		return Readiness{}, Errorf(ErrNotFound, "there is no finished check to judge")
	}
	last := len(checks) - 1
	r := Readiness{Check: checks[last]}
	if last > 0 {
		r.Earlier = checks[last-1]
	}
	var err error
	if r.Catalogue, err = CatalogueVersion(r.Check.Catalogue); err != nil {
		return Readiness{}, err
	}
	byQuestion := map[QuestionID][]Measure{}
	for _, m := range measures {
		byQuestion[m.Question] = append(byQuestion[m.Question], m)
	}
	for _, area := range r.Catalogue.Areas {
		score := AreaScore{Area: area}
		for _, q := range area.Questions {
			made := byQuestion[q.ID]
			slices.SortStableFunc(made, func(a, b Measure) int { return a.CreatedAt.Compare(b.CreatedAt) })
			s := standing(q, checks, made)
			s.Gap = s.Counted.Percent() < r.Check.Target
			score.Standings = append(score.Standings, s)
		}
		score.add()
		r.Areas = append(r.Areas, score)
		r.Score.Standings = append(r.Score.Standings, score.Standings...)
	}
	r.Score.add()
	return r, nil
}

// standing follows one question through the checks.
func standing(q Question, checks []Check, made []Measure) Standing {
	s := Standing{Question: q, Measures: made}
	var l level
	for n, c := range checks {
		a, ok := c.Answered(q.ID)
		if !ok {
			continue
		}
		if n == len(checks)-1 {
			s.Answer = a
			if n > 0 && l.set {
				step := l.step
				s.Last = &step
			}
		}
		l = l.after(a.Step, c.FinishedAt, made)
	}
	s.Counted = l.step
	return s
}

// level is the step that counts for a question, and since when.
type level struct {
	step  Step
	since time.Time
	set   bool
}

// after takes one more answer into account.
func (l level) after(claim Step, at time.Time, made []Measure) level {
	if !l.set || claim <= l.step {
		return level{claim, at, true}
	}
	proof := verification(made, l.since, at)
	if proof.IsZero() {
		return l
	}
	if proof.Before(at) {
		proof = at
	}
	return level{claim, proof, true}
}

// verification is when the verification arrived that carries a rise from a
// level set at since to an answer given at answered; zero when nothing does. The
// measures there were at the answer must all be through, so the newest of them
// counts; of those made afterwards the first one lifts.
func verification(made []Measure, since, answered time.Time) time.Time {
	var newest, first time.Time
	for _, m := range made {
		later := m.CreatedAt.After(answered)
		if unfinished(m) && !later {
			return time.Time{}
		}
		if m.Status != Verified || m.Verdict != Effective || !m.VerifiedAt.After(since) {
			continue
		}
		if !later && m.VerifiedAt.After(newest) {
			newest = m.VerifiedAt
		}
		if later && (first.IsZero() || m.VerifiedAt.Before(first)) {
			first = m.VerifiedAt
		}
	}
	if newest.IsZero() {
		return first
	}
	return newest
}

// add sums the standings up.
func (a *AreaScore) add() {
	counted, claimed, last, known := 0, 0, 0, 0
	for _, s := range a.Standings {
		counted += int(s.Counted)
		claimed += int(s.Answer.Step)
		if s.Last != nil {
			last += int(*s.Last)
			known++
		}
		if s.Held() {
			a.Held++
		}
		if s.Gap {
			a.Gaps++
		}
	}
	full := len(a.Standings) * int(StepProven)
	a.Counted, a.Claimed = percent(counted, full), percent(claimed, full)
	if known > 0 {
		before := percent(last, known*int(StepProven))
		a.Last = &before
	}
}

// percent rounds to whole percent, halves upwards.
func percent(n, of int) int {
	if of == 0 {
		return 0
	}
	return (200*n + of) / (2 * of)
}
