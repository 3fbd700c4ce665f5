package domain

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// CheckKey names a crisis check for people, for example CHK-2.
type CheckKey string

// CheckStatus is a crisis check's place in its life.
type CheckStatus string

// The statuses. A finished check is never changed: the next one replaces it.
const (
	CheckDraft     CheckStatus = "draft"
	CheckFinished  CheckStatus = "finished"
	CheckDiscarded CheckStatus = "discarded"
)

// CheckStatuses lists every status of a check.
func CheckStatuses() []CheckStatus { return []CheckStatus{CheckDraft, CheckFinished, CheckDiscarded} }

// Step is an answer: 0 not there, 1 in part, 2 in place, 3 proven.
type Step int

// The lowest and the highest step.
const (
	StepNone   Step = 0
	StepProven Step = 3
)

// Percent is what a step is worth, 0 to 100.
func (s Step) Percent() int { return percent(int(s), int(StepProven)) }

// CheckAnswer is what was said to one question, and what supports it.
type CheckAnswer struct {
	Question QuestionID
	Step     Step
	// Evidence says what supports the answer, URL leads there; the highest step needs one of them.
	Evidence string
	URL      string
	At       time.Time
	By       string
}

// Check is one self-assessment of readiness by a team, or by the whole
// organisation where Team is empty. It needs no incident.
type Check struct {
	Key  CheckKey
	Team TeamID
	// Catalogue is the version of the questions that the answers refer to.
	Catalogue int
	Status    CheckStatus
	// Target is the score aimed at, in percent, by the policy valid at the start.
	Target int
	// Answers stand in the order of the catalogue; a draft may lack some.
	Answers []CheckAnswer

	StartedAt  time.Time
	StartedBy  string
	FinishedAt time.Time
	FinishedBy string
	// NextOn is the day on which the next check is due.
	NextOn Date

	PolicyVersion int
	UpdatedAt     time.Time
	Version       int64
}

// NewCheck starts a check with the current catalogue.
func NewCheck(team TeamID, by Actor, policy Policy, now time.Time) (Check, error) {
	c := Check{Team: team, Catalogue: CurrentCatalogue, Status: CheckDraft, Target: policy.CheckOrDefault().Target, StartedAt: now, StartedBy: by.ID,
		PolicyVersion: policy.Version, UpdatedAt: now, Version: 1}
	return c, by.RequireTeam(team)
}

// Answered finds the answer to a question.
func (c Check) Answered(id QuestionID) (CheckAnswer, bool) {
	for _, a := range c.Answers {
		if a.Question == id {
			return a, true
		}
	}
	return CheckAnswer{}, false
}

// Open lists the questions that have no answer yet.
func (c Check) Open(catalogue Catalogue) []QuestionID {
	var out []QuestionID
	for _, q := range catalogue.Questions() {
		if _, ok := c.Answered(q.ID); !ok {
			out = append(out, q.ID)
		}
	}
	return out
}

// Answer takes answers, new or again: all or none.
func (c *Check) Answer(answers []CheckAnswer, by Actor, now time.Time) error {
	if err := c.requireDraft(); err != nil {
		return err
	}
	catalogue, err := CatalogueVersion(c.Catalogue)
	if err != nil {
		return err
	}
	given := map[QuestionID]CheckAnswer{}
	var bad problems
	for _, a := range answers {
		field := "answers." + string(a.Question)
		if _, ok := catalogue.Question(a.Question); !ok {
			bad.add("answers", "the catalogue has no question %q", a.Question)
			continue
		}
		a.Evidence, a.URL, a.At, a.By = NormalText(a.Evidence), strings.TrimSpace(a.URL), now, by.ID
		a.check(&bad, field)
		if before, ok := c.Answered(a.Question); ok && before.same(a) {
			a = before // said again: who said it first stays
		}
		given[a.Question] = a
	}
	if err := bad.err(); err != nil {
		return err
	}
	var next []CheckAnswer
	for _, q := range catalogue.Questions() {
		if a, ok := given[q.ID]; ok {
			next = append(next, a)
		} else if a, ok := c.Answered(q.ID); ok {
			next = append(next, a)
		}
	}
	c.Answers, c.UpdatedAt = next, now
	return nil
}

func (a CheckAnswer) same(b CheckAnswer) bool {
	return a.Step == b.Step && a.Evidence == b.Evidence && a.URL == b.URL
}

func (a CheckAnswer) check(bad *problems, field string) {
	if a.Step < StepNone || a.Step > StepProven {
		bad.add(field, "step %d is not accepted; use 0 to 3", a.Step)
	}
	if a.Step == StepProven && a.Evidence == "" && a.URL == "" {
		bad.add(field, "is called proven without evidence; say or link what shows it")
	}
	checkText(bad, field, a.Evidence, MaxReason)
	if a.URL != "" {
		checkURL(bad, field, a.URL)
	}
}

// Finish closes a check that is answered in full, and sets the day of the next.
func (c *Check) Finish(by Actor, policy Policy, now time.Time, zone *time.Location) error {
	if err := c.requireDraft(); err != nil {
		return err
	}
	catalogue, err := CatalogueVersion(c.Catalogue)
	if err != nil {
		return err
	}
	if open := c.Open(catalogue); len(open) > 0 {
		return Invalid("answers", "%d questions have no answer yet; the first one is %s", len(open), open[0])
	}
	c.Status, c.FinishedAt, c.FinishedBy, c.UpdatedAt = CheckFinished, now, by.ID, now
	c.NextOn = DateOf(now.In(zone)).AddMonths(policy.CheckOrDefault().Months)
	return nil
}

// Discard gives a draft up. It stays in the records and counts nowhere.
func (c *Check) Discard(now time.Time) error {
	if err := c.requireDraft(); err != nil {
		return err
	}
	c.Status, c.UpdatedAt = CheckDiscarded, now
	return nil
}

func (c *Check) requireDraft() error {
	if c.Status == CheckDraft {
		return nil
	}
	return Errorf(ErrConflict, "%s is %s and is not changed any more; start a new check", c.Key, c.Status)
}

// LatestChecks keeps the newest of each team's checks, which come oldest first.
func LatestChecks(checks []Check) []Check {
	var out []Check
	for _, c := range checks {
		if n := slices.IndexFunc(out, func(o Check) bool { return o.Team == c.Team }); n >= 0 {
			out[n] = c
		} else {
			out = append(out, c)
		}
	}
	return out
}

// Due reports whether the next check is due on a day.
func (c Check) Due(today Date) bool { return !c.NextOn.IsZero() && !today.Before(c.NextOn) }

func checkFields(c Check) []FieldChange {
	return []FieldChange{
		{Field: "team", To: string(c.Team)},
		{Field: "catalogue", To: strconv.Itoa(c.Catalogue)},
		{Field: "target", To: strconv.Itoa(c.Target)},
		{Field: "status", To: string(c.Status)},
		{Field: "next_on", To: c.NextOn.String()},
	}
}

// CheckCreated returns the history row of a new check.
func CheckCreated(c Check) FieldChange {
	return FieldChange{Kind: ChangeCreate, To: fieldsJSON(checkFields(c), nil)}
}

// CheckChanges returns the differences between two states of a check: its own
// fields, and one row per answer that is new or different.
func CheckChanges(before, after Check) []FieldChange {
	var changes []FieldChange
	for _, a := range after.Answers {
		b, ok := before.Answered(a.Question)
		if ok && b.same(a) {
			continue
		}
		change := FieldChange{Kind: ChangeField, Field: "answer." + string(a.Question), To: a.text()}
		if ok {
			change.From = b.text()
		}
		changes = append(changes, change)
	}
	own := diff(checkFields(before), checkFields(after))
	for n := range own {
		if own[n].Field == "status" {
			own[n].Kind = ChangeClose
		}
	}
	return append(changes, own...)
}

// text is an answer as the history holds it: the step, the evidence, the link.
func (a CheckAnswer) text() string {
	parts := []string{strconv.Itoa(int(a.Step))}
	for _, part := range []string{a.Evidence, a.URL} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " · ")
}
